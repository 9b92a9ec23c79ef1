#include "dialect/xapi_json.hpp"

#include "base/text.hpp"
#include "dialect/xapi_parts.hpp"

#include "countersign/errors/dev.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <map>

namespace countersign::dialect::xapi {
namespace {

/// JSON is UTF-8 (RFC 8259 section 8.1); what is not becomes '?', byte by byte.
json::string text_of(std::string_view text) {
    if (is_utf8(text)) return {text};
    std::string plain(text);
    std::ranges::replace_if(plain, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
    return json::string(plain);
}

json::value leaf_of(std::string_view value, bool number, JsonForm form) {
    if (form == JsonForm::terminal) return json::object{{"Value", text_of(value)}};
    if (number)
        if (auto const parsed = parse_number<std::int64_t>(value)) return *parsed;
    return text_of(value);
}

json::value id_of(std::string_view item, JsonForm form) {
    if (form == JsonForm::plain)
        if (auto const parsed = parse_number<std::int64_t>(item)) return *parsed;
    return text_of(item);
}

/// The object below `place` that the part names; made when it is not there. A leaf that stands in the way gives way.
json::object& step_into(json::object& place, Part const& part, JsonForm form) {
    auto& member = place[part.name];
    if (part.item.empty()) {
        if (!member.is_object()) member.emplace_object();
        return member.get_object();
    }
    if (!member.is_array()) member.emplace_array();
    auto& list = member.get_array();
    auto const wanted = id_of(part.item, form);
    for (auto& one : list)
        if (auto const* id = one.get_object().if_contains("id"); id != nullptr && *id == wanted) return one.get_object();
    return list.emplace_back(json::object{{"id", wanted}}).get_object();
}

void add_element(json::object& place, XmlElement const& element, bool in_list, int position, JsonForm form) {
    json::object inside;
    // As attributes stand beside the text in the XML form, they stand beside the value here.
    if (!element.children.empty()) inside = json_below(element, form);
    std::string name(element.local_name());
    if (!in_list) {
        if (element.children.empty())
            place[name] = leaf_of(element.text, false, form);
        else
            place[name] = std::move(inside);
        return;
    }
    auto& member = place[name];
    if (!member.is_array()) member.emplace_array();
    auto const item = element.attribute("item");
    inside["id"] = id_of(item.empty() ? std::to_string(position) : item, form);
    if (element.children.empty()) inside["Value"] = text_of(element.text);
    member.get_array().push_back(std::move(inside));
}

std::string finish(json::object answer, std::string_view result_id) {
    if (!result_id.empty()) answer["ResultId"] = text_of(result_id);
    return json::serialize(answer) + "\n";
}

json::object error_object(CommandResult const& result) {
    json::object inside{{"status", result.outcome == Outcome::parameter_error ? "ParameterError" : "Error"}};
    if (!result.reason.empty()) inside["Reason"] = leaf_of(result.reason, false, JsonForm::terminal);
    if (!result.xpath.empty()) inside["XPath"] = leaf_of(result.xpath, false, JsonForm::terminal);
    return inside;
}

/// The object of one leaf inside a tree that holds nothing else.
json::object& only_leaf(json::object& tree, std::string_view path) {
    auto* place = &tree;
    for (auto const& part : split_path(path)) place = &step_into(*place, part, JsonForm::terminal);
    return *place;
}

json::object space_of(family::ValueSpace const& space) {
    json::object out;
    switch (space.kind) {
        case family::ValueKind::literal: {
            out["type"] = "Literal";
            json::array values;
            for (auto const& choice : space.choices) values.push_back(text_of(choice.text));
            out["Value"] = std::move(values);
            break;
        }
        case family::ValueKind::integer:
            out["type"] = "Integer";
            out["Min"] = std::to_string(space.minimum);
            out["Max"] = std::to_string(space.maximum);
            out["Step"] = "1";
            break;
        case family::ValueKind::string:
        case family::ValueKind::password:
            out["type"] = "String";
            out["MinLength"] = std::to_string(space.minimum_length);
            out["MaxLength"] = std::to_string(space.maximum_length);
            break;
    }
    return out;
}

json::object schema_of(family::Parameter const& parameter) {
    json::object out{{"ValueSpace", space_of(parameter.space)}, {"required", parameter.required ? "True" : "False"}};
    if (!parameter.default_value.empty()) out["default"] = text_of(parameter.default_value);
    if (parameter.repeat > 1) out["maxOccurrence"] = std::to_string(parameter.repeat);
    return out;
}

}  // namespace

json::object json_tree(std::vector<TypedValue> const& leaves, JsonForm form) {
    json::object tree;
    for (auto const& leaf : leaves) {
        auto parts = split_path(leaf.path);
        if (parts.empty()) continue;
        auto last = std::move(parts.back());
        parts.pop_back();
        auto* place = &tree;
        for (auto const& part : parts) place = &step_into(*place, part, form);
        if (last.item.empty()) {
            // Of a list item that went: an attribute in XML, and here beside "id".
            bool const attribute = last.name == "ghost";
            (*place)[last.name] = attribute ? json::value(text_of(leaf.value)) : leaf_of(leaf.value, leaf.number, form);
        } else {
            // The item is itself the leaf: {"id": 1, "Value": "x"}.
            auto const value = leaf_of(leaf.value, leaf.number, form);
            auto const* wrapped = value.if_object();
            step_into(*place, last, form)["Value"] = wrapped != nullptr ? wrapped->at("Value") : value;
        }
    }
    return tree;
}

json::object json_below(XmlElement const& element, JsonForm form) {
    std::map<std::string, int, std::less<>> count;
    for (auto const& child : element.children) ++count[std::string(child.local_name())];
    json::object out;
    std::map<std::string, int, std::less<>> position;
    for (auto const& child : element.children) {
        std::string const name(child.local_name());
        bool const in_list = count[name] > 1 || !child.attribute("item").empty();
        add_element(out, child, in_list, ++position[name], form);
    }
    return out;
}

std::vector<TypedValue> typed_settings(family::Family const& family, std::vector<PathValue> const& values) {
    std::vector<TypedValue> out;
    out.reserve(values.size());
    for (auto const& value : values) {
        auto const* setting = family.find_setting(value.path);
        TypedValue typed{value.path, value.value, false};
        if (setting != nullptr && setting->space.kind == family::ValueKind::integer) typed.number = true;
        if (setting != nullptr && setting->space.kind == family::ValueKind::password && !typed.value.empty()) typed.value = "***";
        out.push_back(std::move(typed));
    }
    return out;
}

json::object json_schema(family::Family const& family, std::string_view root) {
    json::object tree;
    if (iequals(root, "Configuration")) {
        for (auto const& setting : family.settings) {
            auto& place = only_leaf(tree, setting.path);
            place["ValueSpace"] = space_of(setting.space);
            place["default"] = text_of(setting.default_value);
        }
    } else if (iequals(root, "Command")) {
        for (auto const& command : family.commands) {
            if (command.dialect != "xapi") continue;
            auto& place = only_leaf(tree, command.path);
            place["command"] = "True";
            if (command.multiline) place["multiline"] = "True";
            for (auto const& parameter : command.parameters) place[parameter.name] = schema_of(parameter);
        }
    } else if (iequals(root, "Status")) {
        for (auto const& item : family.status) only_leaf(tree, item.path)["ValueSpace"] = json::object{{"type", "String"}};
    }
    return tree;
}

std::string format_json_tree(std::string_view root, std::vector<TypedValue> const& leaves, std::string_view result_id) {
    json::object answer;
    answer[root] = json_tree(leaves, JsonForm::terminal);
    return finish(std::move(answer), result_id);
}

std::string format_json_done(std::string_view result_id, std::string_view path, std::string_view value,
                             std::vector<std::string> const& warnings) {
    json::object answer;
    if (!warnings.empty() && !path.empty()) {
        json::object tree;
        auto& leaf = only_leaf(tree, path);
        leaf["Value"] = text_of(value);
        leaf["warning"] = text_of(join(warnings, " "));
        answer["Configuration"] = std::move(tree);
    }
    return finish(std::move(answer), result_id);
}

std::string format_json_result(CommandResult const& result, std::string_view result_id) {
    json::object inside;
    if (result.outcome == Outcome::ok) {
        XmlElement values;
        values.children = result.values;
        inside = json_below(values, JsonForm::terminal);
        inside["status"] = "OK";
    } else {
        inside = error_object(result);
    }
    json::object answer;
    answer["CommandResponse"] = json::object{{result.name, std::move(inside)}};
    return finish(std::move(answer), result_id);
}

std::string format_json_refusal(std::string_view path, Error const& error, std::string_view result_id) {
    json::object tree;
    auto& leaf = only_leaf(tree, path);
    leaf["error"] = "True";
    leaf["Value"] = text_of(reason_for(error));
    json::object answer;
    answer["Configuration"] = std::move(tree);
    return finish(std::move(answer), result_id);
}

std::string format_json_error(Error const& error, std::string_view verb, std::string_view result_id) {
    auto result = result_for(error, "Result");
    std::string_view root;
    if (verb == "xConfiguration") root = "Configuration";
    if (verb == "xStatus") root = "Status";
    if (root.empty()) return format_json_result(result, result_id);
    if (result.xpath.starts_with('/')) result.xpath = std::string(root) + result.xpath;
    json::object answer;
    answer[root] = error_object(result);
    return finish(std::move(answer), result_id);
}

std::string format_json_lines(std::vector<std::string> const& lines, std::string_view result_id) {
    json::array list;
    for (auto const& line : lines) list.push_back(text_of(line));
    json::object answer;
    answer["Result"] = json::object{{"Line", std::move(list)}};
    return finish(std::move(answer), result_id);
}

std::string format_json_feedback(std::string_view root, std::vector<TypedValue> const& leaves) {
    return format_json_tree(root, leaves, {});
}

}  // namespace countersign::dialect::xapi
