#include "dialect/xml_rpc.hpp"

#include "dialect/xml.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace countersign::dialect::xml_rpc {
namespace {

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_xml, {{"detail", detail}}); }

/// "19980717T14:08:55"; a trailing zone ("Z", "+0100") is taken, other dates are not.
bool is_date_time(std::string_view text) {
    constexpr std::string_view k_form =
        "dddddddd"
        "Tdd:dd:dd";
    if (text.size() < k_form.size() || text.size() > k_form.size() + 6) return false;
    for (std::size_t i = 0; i < k_form.size(); ++i) {
        bool const digit = text[i] >= '0' && text[i] <= '9';
        if (k_form[i] == 'd' ? !digit : text[i] != k_form[i]) return false;
    }
    return true;
}

Result<double> read_double(std::string_view text) {
    double number = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return malformed("a double that is no number");
    return number;
}

Result<Value> read_value(XmlElement const& element);

Result<Value> read_struct(XmlElement const& element) {
    Struct members;
    for (auto const& child : element.children) {
        if (child.name != "member") return malformed("a struct holds only members");
        auto const* name = child.child("name");
        auto const* value = child.child("value");
        if (name == nullptr || value == nullptr) return malformed("a member needs a name and a value");
        CS_TRY(auto held, read_value(*value));
        if (!members.emplace(name->text, std::move(held)).second) return malformed("two members of one name");
    }
    return Value(std::move(members));
}

Result<Value> read_array(XmlElement const& element) {
    auto const* data = element.child("data");
    if (data == nullptr) return malformed("an array needs data");
    Array array;
    for (auto const& child : data->children) {
        if (child.name != "value") return malformed("an array holds only values");
        CS_TRY(auto held, read_value(child));
        array.push_back(std::move(held));
    }
    return Value(std::move(array));
}

/// Depth is limited by the XML reader: every level of values is at least one level of elements.
Result<Value> read_value(XmlElement const& element) {
    if (element.children.empty()) return Value(element.text);  // no type: a string
    if (element.children.size() != 1) return malformed("a value holds one thing");
    auto const& typed = element.children.front();
    std::string_view const type = typed.name;
    if (type == "string") return Value(typed.text);
    if (type == "int" || type == "i4") {
        auto const number = parse_number<int>(trim(typed.text));
        if (!number) return malformed("an int that is no number of 32 bits");
        return Value(*number);
    }
    if (type == "boolean") {
        auto const text = trim(typed.text);
        if (text != "0" && text != "1") return malformed("a boolean that is neither 0 nor 1");
        return Value(text == "1");
    }
    if (type == "double") {
        CS_TRY(auto const number, read_double(trim(typed.text)));
        return Value(number);
    }
    if (type == "dateTime.iso8601") {
        if (!is_date_time(trim(typed.text))) return malformed("a dateTime that is no date");
        return Value(DateTime{std::string(trim(typed.text))});
    }
    if (type == "base64") {
        std::string packed;
        for (char const c : typed.text)
            if (c != '\n' && c != '\r' && c != ' ' && c != '\t') packed += c;
        auto bytes = from_base64(packed);
        if (!bytes) return malformed("base64 that is none");
        return Value(*std::move(bytes));
    }
    if (type == "struct") return read_struct(typed);
    if (type == "array") return read_array(typed);
    return malformed("a value of the unknown type " + std::string(type.substr(0, 40)));
}

std::string write_double(double number) {
    if (!std::isfinite(number)) return "0";  // the format has no infinity
    std::array<char, 400> buffer{};
    auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed).ptr;
    return {buffer.data(), end};
}

XmlElement write_value(Value const& value);

struct Writer {
    XmlElement operator()(std::string const& text) const { return XmlElement("string", text); }
    XmlElement operator()(int number) const { return XmlElement("int", std::to_string(number)); }
    XmlElement operator()(bool flag) const { return XmlElement("boolean", flag ? "1" : "0"); }
    XmlElement operator()(double number) const { return XmlElement("double", write_double(number)); }
    XmlElement operator()(DateTime const& time) const { return XmlElement("dateTime.iso8601", time.text); }
    XmlElement operator()(Bytes const& bytes) const { return XmlElement("base64", to_base64(bytes)); }
    XmlElement operator()(Array const& array) const {
        XmlElement element("array");
        auto& data = element.add("data");
        for (auto const& item : array) data.add(write_value(item));
        return element;
    }
    XmlElement operator()(Struct const& members) const {
        XmlElement element("struct");
        for (auto const& [name, value] : members) {
            auto& member = element.add("member");
            member.add("name", name);
            member.add(write_value(value));
        }
        return element;
    }
};

XmlElement write_value(Value const& value) {
    XmlElement element("value");
    element.add(std::visit(Writer{}, value.held()));
    return element;
}

Result<std::vector<Value>> read_parameters(XmlElement const& message) {
    std::vector<Value> parameters;
    auto const* list = message.child("params");
    if (list == nullptr) return parameters;
    for (auto const& child : list->children) {
        auto const* value = child.child("value");
        if (child.name != "param" || value == nullptr) return malformed("params hold only param with a value");
        CS_TRY(auto held, read_value(*value));
        parameters.push_back(std::move(held));
    }
    return parameters;
}

}  // namespace

Value const* Value::member(std::string_view name) const {
    auto const* members = as<Struct>();
    if (members == nullptr) return nullptr;
    auto const found = members->find(name);
    return found == members->end() ? nullptr : &found->second;
}

std::string_view Value::text(std::string_view name) const {
    auto const* found = member(name);
    auto const* held = found == nullptr ? nullptr : found->as<std::string>();
    return held == nullptr ? std::string_view{} : std::string_view(*held);
}

std::string Value::to_text() const {
    if (auto const* text = as<std::string>()) return *text;
    if (auto const* number = as<int>()) return std::to_string(*number);
    if (auto const* flag = as<bool>()) return *flag ? "true" : "false";
    if (auto const* number = as<double>()) return write_double(*number);
    if (auto const* time = as<DateTime>()) return time->text;
    if (auto const* bytes = as<Bytes>()) return std::to_string(bytes->size()) + " bytes";
    if (auto const* array = as<Array>()) return "array of " + std::to_string(array->size());
    return "struct";
}

bool Value::operator==(Value const&) const = default;

Result<Call> parse_call(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    if (root.name != "methodCall") return malformed("the root element must be methodCall");
    Call call;
    call.method = root.child_text("methodName");
    constexpr std::size_t longest = 200;
    bool const good = std::ranges::all_of(call.method, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' || c == '/';
    });
    if (call.method.empty() || call.method.size() > longest || !good) return malformed("methodName is missing or no name");
    CS_TRY(call.parameters, read_parameters(root));
    return call;
}

Result<Response> parse_response(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    if (root.name != "methodResponse") return malformed("the root element must be methodResponse");
    if (auto const* fault = root.child("fault")) {
        auto const* element = fault->child("value");
        if (element == nullptr) return malformed("a fault needs a value");
        CS_TRY(auto const value, read_value(*element));
        auto const* code = value.member("faultCode");
        auto const* number = code == nullptr ? nullptr : code->as<int>();
        if (number == nullptr) return malformed("a fault needs a faultCode");
        return Response(Fault{*number, std::string(value.text("faultString"))});
    }
    CS_TRY(auto parameters, read_parameters(root));
    if (parameters.size() != 1) return malformed("a response holds one value");
    return Response(std::move(parameters.front()));
}

std::string write_call(Call const& call) {
    XmlElement root("methodCall");
    root.add("methodName", call.method);
    auto& list = root.add("params");
    for (auto const& parameter : call.parameters) list.add("param").add(write_value(parameter));
    return write_xml(root);
}

std::string write_response(Value const& value) {
    XmlElement root("methodResponse");
    root.add("params").add("param").add(write_value(value));
    return write_xml(root);
}

std::string write_fault(Fault const& fault) {
    XmlElement root("methodResponse");
    root.add("fault").add(write_value(Struct{{"faultCode", fault.code}, {"faultString", fault.text}}));
    return write_xml(root);
}

}  // namespace countersign::dialect::xml_rpc
