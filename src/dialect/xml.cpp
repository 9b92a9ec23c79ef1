#include "dialect/xml.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <pugixml.hpp>

#include <algorithm>

namespace countersign::dialect {
namespace {

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_xml, {{"detail", detail}}); }

std::size_t line_at(std::string_view text, std::ptrdiff_t offset) {
    auto const end = text.begin() + std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(text.size()));
    return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

/// Walks the tree without recursion: a document may be as deep as it is long until its depth has been looked at.
Result<void> check_limits(pugi::xml_node root) {
    std::size_t elements = 0;
    int depth = 1;
    auto node = root;
    while (true) {
        if (node.type() == pugi::node_element && ++elements > k_max_xml_elements)
            return malformed("more than " + std::to_string(k_max_xml_elements) + " elements");
        if (auto const child = node.first_child()) {
            if (++depth > k_max_xml_depth && child.type() == pugi::node_element)
                return malformed("more than " + std::to_string(k_max_xml_depth) + " levels");
            node = child;
            continue;
        }
        while (node != root && !node.next_sibling()) {
            node = node.parent();
            --depth;
        }
        if (node == root) return {};
        node = node.next_sibling();
    }
}

/// Recursion is safe here: check_limits came first.
XmlElement convert(pugi::xml_node node) {
    XmlElement element(node.name());
    for (auto attribute : node.attributes()) element.attributes.emplace_back(attribute.name(), attribute.value());
    for (auto child : node.children()) {
        if (child.type() == pugi::node_element)
            element.children.push_back(convert(child));
        else if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
            element.text += child.value();
    }
    if (!element.children.empty()) element.text = std::string(trim(element.text));
    return element;
}

/// XML 1.0 section 2.2: of the control characters only tab, line feed and carriage return may stand in a document. A carriage
/// return is written as a reference, because readers turn a plain one into a line feed (section 2.11).
void append_escaped(std::string& out, std::string_view text, bool in_attribute) {
    for (char const c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\r': out += "&#13;"; break;
            case '\n': out += in_attribute ? "&#10;" : "\n"; break;
            case '\t': out += in_attribute ? "&#9;" : "\t"; break;
            default: out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
        }
    }
}

void write(std::string& out, XmlElement const& element, XmlStyle style, std::size_t depth) {
    bool const indented = style == XmlStyle::indented;
    if (indented) out.append(depth * 2, ' ');
    out += '<';
    out += element.name;
    for (auto const& [name, value] : element.attributes) {
        out += ' ';
        out += name;
        out += "=\"";
        append_escaped(out, value, true);
        out += '"';
    }
    if (element.children.empty() && element.text.empty()) {
        out += "/>";
    } else {
        out += '>';
        append_escaped(out, element.text, false);
        if (indented && !element.children.empty()) out += '\n';
        for (auto const& child : element.children) write(out, child, style, depth + 1);
        if (indented && !element.children.empty()) out.append(depth * 2, ' ');
        out += "</";
        out += element.name;
        out += '>';
    }
    if (indented) out += '\n';
}

}  // namespace

std::string_view XmlElement::local_name() const {
    std::string_view const view = name;
    auto const colon = view.rfind(':');
    return colon == std::string_view::npos ? view : view.substr(colon + 1);
}

XmlElement const* XmlElement::child(std::string_view wanted) const {
    auto const found = std::ranges::find_if(children, [&](XmlElement const& c) { return iequals(c.local_name(), wanted); });
    return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::child_text(std::string_view wanted) const {
    auto const* found = child(wanted);
    return found == nullptr ? std::string_view{} : trim(found->text);
}

XmlElement const* XmlElement::descend(std::initializer_list<std::string_view> names) const {
    auto const* element = this;
    for (auto wanted : names) {
        element = element->child(wanted);
        if (element == nullptr) return nullptr;
    }
    return element;
}

std::string_view XmlElement::attribute(std::string_view wanted) const {
    auto const found = std::ranges::find_if(attributes, [&](auto const& a) { return a.first == wanted; });
    return found == attributes.end() ? std::string_view{} : std::string_view(found->second);
}

XmlElement& XmlElement::add(XmlElement element) {
    children.push_back(std::move(element));
    return children.back();
}

XmlElement& XmlElement::add(std::string_view child_name, std::string_view child_text) { return add(XmlElement(child_name, child_text)); }

XmlElement& XmlElement::set(std::string_view attribute_name, std::string_view value) {
    auto const found = std::ranges::find_if(attributes, [&](auto const& a) { return a.first == attribute_name; });
    if (found == attributes.end())
        attributes.emplace_back(attribute_name, value);
    else
        found->second = value;
    return *this;
}

Result<XmlElement> parse_xml(std::string_view text) {
    if (text.size() > k_max_xml_size) return malformed("longer than " + std::to_string(k_max_xml_size) + " bytes");
    if (!is_utf8(text)) return malformed("it is not UTF-8");
    pugi::xml_document document;
    constexpr auto options = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_wconv_attribute | pugi::parse_doctype |
                             pugi::parse_ws_pcdata_single;
    auto const parsed = document.load_buffer(text.data(), text.size(), options, pugi::encoding_utf8);
    if (!parsed) return malformed("line " + std::to_string(line_at(text, parsed.offset)) + ": " + to_lower(parsed.description()));
    auto const is_doctype = [](pugi::xml_node node) { return node.type() == pugi::node_doctype; };
    // A document type can define entities; nothing that we speak has one.
    if (document.find_child(is_doctype)) return malformed("a document type is not accepted");
    auto const root = document.document_element();
    auto const is_element = [](pugi::xml_node node) { return node.type() == pugi::node_element; };
    if (std::ranges::count_if(document.children(), is_element) != 1) return malformed("it must have one root element");
    CS_CHECK(check_limits(root));
    return convert(root);
}

std::string write_xml(XmlElement const& root, XmlStyle style) {
    std::string out = "<?xml version=\"1.0\"?>\n";
    write(out, root, style, 0);
    if (style == XmlStyle::compact) out += '\n';
    return out;
}

}  // namespace countersign::dialect
