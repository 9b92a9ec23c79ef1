#include "dialect/xml.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

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

/// XML 1.0 section 2.2, production [2].
bool is_xml_character(std::uint32_t code) {
    return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code < 0xD800) || (code >= 0xE000 && code < 0xFFFE) ||
           (code >= 0x10000 && code <= 0x10FFFF);
}

/// The number of a reference that begins behind "&#", or nothing where none stands: "13;", "x1F4A9;". Saturates.
std::optional<std::uint32_t> character_number(std::string_view text) {
    bool const is_hexadecimal = text.starts_with('x');
    if (is_hexadecimal) text.remove_prefix(1);
    auto const digits = text.substr(0, text.find_first_not_of(is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789"));
    if (digits.empty() || !text.substr(digits.size()).starts_with(';')) return {};
    std::uint32_t number = 0;
    auto const read = std::from_chars(digits.data(), digits.data() + digits.size(), number, is_hexadecimal ? 16 : 10);
    return read.ec == std::errc{} ? number : std::numeric_limits<std::uint32_t>::max();
}

/// XML 1.0 section 4.1, "Legal Character". The parser below would write what is no character, and end a text at the number 0.
Result<void> check_references(std::string_view text) {
    for (std::size_t at = 0; (at = text.find_first_of("<&", at)) != std::string_view::npos; ++at) {
        auto const rest = text.substr(at);
        auto const skip_to = [&](std::string_view end) { at = std::min(text.size() - 1, text.find(end, at)); };
        if (rest.starts_with("<![CDATA["))
            skip_to("]]>");
        else if (rest.starts_with("<!--"))
            skip_to("-->");
        else if (auto const number = rest.starts_with("&#") ? character_number(rest.substr(2)) : std::nullopt;
                 number && !is_xml_character(*number))
            return malformed("line " + std::to_string(line_at(text, static_cast<std::ptrdiff_t>(at))) + ": " +
                             std::string(rest.substr(0, std::min<std::size_t>(rest.find(';') + 1, 16))) + " is no character of XML");
    }
    return {};
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

bool is_text(XmlElement const& element) {
    auto const is_text_of = [](auto const& attribute) { return is_utf8(attribute.second); };
    return is_utf8(element.text) && std::ranges::all_of(element.attributes, is_text_of) && std::ranges::all_of(element.children, is_text);
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
    CS_CHECK(check_references(text));
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
    auto element = convert(root);
    // What looks like a CDATA section inside an attribute hides a reference from check_references.
    if (!is_text(element)) return malformed("a reference stands for no character of XML");
    return element;
}

std::string write_xml(XmlElement const& root, XmlStyle style) {
    std::string out = "<?xml version=\"1.0\"?>\n";
    write(out, root, style, 0);
    if (style == XmlStyle::compact) out += '\n';
    return out;
}

}  // namespace countersign::dialect
