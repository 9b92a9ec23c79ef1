#include "dialect/xapi_xml.hpp"

#include "base/text.hpp"
#include "dialect/xapi_parts.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <cctype>

namespace countersign::dialect::xapi {
namespace {

constexpr std::size_t k_max_settings = 1000;
constexpr std::size_t k_max_calls = 100;
constexpr int k_max_command_words = 10;

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_xml, {{"detail", detail}}); }

/// The calls below a <Command>: each branch down to a command that the family knows, to command="True", or to the last
/// element that has only leaves below it.
class CallReader {
public:
    explicit CallReader(family::Family const& family) : family_(family) {}

    void walk(XmlElement const& element, std::string const& path, int depth) {
        for (auto const& child : element.children) {
            auto const name = std::string(child.local_name());
            auto const child_path = path.empty() ? name : path + " " + name;
            bool const marked = iequals(child.attribute("command"), "true");
            bool const leads_on =
                std::ranges::any_of(family_.commands, [&](auto const& c) { return istarts_with(c.path, child_path + " "); });
            bool const leaf_like = !leads_on && std::ranges::all_of(child.children, [](auto const& c) { return c.children.empty(); });
            if (marked || family_.find_command(child_path) != nullptr || leaf_like || depth >= k_max_command_words)
                calls_.push_back(read(child, child_path));
            else
                walk(child, child_path, depth + 1);
        }
    }

    std::vector<CommandCall> take() { return std::move(calls_); }

private:
    [[nodiscard]] CommandCall read(XmlElement const& element, std::string const& path) const {
        CommandCall call;
        auto const* command = family_.find_command(path);
        call.known = command != nullptr;
        call.path = command != nullptr ? command->path : path;
        for (auto const& child : element.children) {
            if (child.local_name() == "body")
                call.body = child.text;
            else
                call.arguments.push_back({std::string(child.local_name()), child.text});
        }
        return call;
    }

    family::Family const& family_;
    std::vector<CommandCall> calls_;
};

std::string outcome_text(Outcome outcome) {
    switch (outcome) {
        case Outcome::ok: return "OK";
        case Outcome::error: return "Error";
        case Outcome::parameter_error: return "ParameterError";
    }
    return "Error";
}

/// Names a value space by what it holds, so that equal spaces share one entry: TTPAR_OffOn, INT_0_100, STR_0_50.
std::string space_name(family::ValueSpace const& space) {
    switch (space.kind) {
        case family::ValueKind::literal: {
            std::string name = "TTPAR_";
            for (auto const& choice : space.choices)
                for (char const c : choice.text)
                    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
            return name;
        }
        case family::ValueKind::integer: {
            auto name = "INT_" + std::to_string(space.minimum) + "_" + std::to_string(space.maximum);
            return replace_all(name, "-", "m");
        }
        case family::ValueKind::string:
        case family::ValueKind::password: break;
    }
    return "STR_" + std::to_string(space.minimum_length) + "_" + std::to_string(space.maximum_length);
}

XmlElement space_element(family::ValueSpace const& space) {
    XmlElement element(space_name(space));
    switch (space.kind) {
        case family::ValueKind::literal: {
            element.set("type", "Literal");
            int item = 0;
            for (auto const& choice : space.choices) element.add("Value", choice.text).set("item", std::to_string(++item));
            break;
        }
        case family::ValueKind::integer:
            element.set("type", "Integer");
            element.add("Max", std::to_string(space.maximum));
            element.add("Min", std::to_string(space.minimum));
            element.add("Step", "1");
            break;
        case family::ValueKind::string:
        case family::ValueKind::password:
            element.set("type", "String");
            element.add("MaxLength", std::to_string(space.maximum_length));
            element.add("MinLength", std::to_string(space.minimum_length));
            break;
    }
    return element;
}

XmlElement* find_leaf(XmlElement& root, std::string_view path) {
    auto* place = &root;
    for (auto const& part : split_path(path)) {
        auto const found = std::ranges::find_if(
            place->children, [&](auto const& c) { return iequals(c.name, part.name) && c.attribute("item") == part.item; });
        if (found == place->children.end()) return nullptr;
        place = &*found;
    }
    return place;
}

Document read_document(XmlElement const& root, std::vector<std::string> const& known_paths) {
    Document document;
    document.root = root.local_name();
    document.header = {std::string(root.attribute("product")), std::string(root.attribute("version")),
                       std::string(root.attribute("apiVersion"))};
    document.leaves = flatten(root, known_paths);
    return document;
}

}  // namespace

DocumentHeader header_of(family::Family const& family) { return {family.product_type, family.software, family.api_version}; }

std::vector<PathValue> settings_of(XmlElement const& configuration, family::Family const& family) {
    return flatten(configuration, setting_paths(family));
}

std::vector<CommandCall> calls_of(XmlElement const& command, family::Family const& family) {
    CallReader reader(family);
    reader.walk(command, {}, 1);
    return reader.take();
}

Result<PutRequest> parse_put(std::string_view xml, family::Family const& family) {
    CS_TRY(auto const root, parse_xml(xml));
    if (root.local_name() == "Configuration") {
        ConfigurationRequest request{settings_of(root, family)};
        if (request.settings.size() > k_max_settings) return malformed("more than " + std::to_string(k_max_settings) + " settings");
        return PutRequest(std::move(request));
    }
    if (root.local_name() == "Command") {
        CommandRequest request{calls_of(root, family)};
        if (request.calls.size() > k_max_calls) return malformed("more than " + std::to_string(k_max_calls) + " commands");
        return PutRequest(std::move(request));
    }
    return malformed("the root element must be Configuration or Command");
}

XmlElement configuration_element(std::vector<PathValue> const& settings) { return build_tree("Configuration", settings); }

std::string write_configuration_request(std::vector<PathValue> const& settings) { return write_xml(configuration_element(settings)); }

XmlElement command_element(std::vector<CommandCall> const& calls) {
    XmlElement root("Command");
    for (auto const& call : calls) {
        auto* place = &root;
        for (auto word : words(call.path)) place = &place->add(word);
        place->set("command", "True");
        for (auto const& argument : call.arguments) {
            auto const same = std::ranges::count_if(call.arguments, [&](auto const& a) { return iequals(a.name, argument.name); });
            auto const before = std::ranges::count_if(place->children, [&](auto const& c) { return iequals(c.name, argument.name); });
            auto& element = place->add(argument.name, argument.value);
            if (same > 1) element.set("item", std::to_string(before + 1));
        }
        if (!call.body.empty()) place->add("body", call.body);
    }
    return root;
}

std::string write_command_request(std::vector<CommandCall> const& calls) { return write_xml(command_element(calls)); }

std::string write_configuration_answer(std::vector<SettingProblem> const& problems) {
    XmlElement root("Configuration");
    if (problems.empty()) root.add("Success");
    for (auto const& problem : problems) {
        auto& error = root.add("Error");
        error.add("Reason", problem.reason);
        error.add("XPath", "/Configuration/" + replace_all(problem.path, " ", "/"));
    }
    return write_xml(root);
}

Result<std::vector<SettingProblem>> parse_configuration_answer(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    if (root.local_name() != "Configuration") return malformed("the answer is no Configuration");
    std::vector<SettingProblem> problems;
    for (auto const& child : root.children) {
        if (child.local_name() != "Error") continue;
        SettingProblem problem;
        std::string_view path = child.child_text("XPath");
        constexpr std::string_view k_prefix = "/Configuration/";
        if (path.starts_with(k_prefix)) path.remove_prefix(k_prefix.size());
        problem.path = replace_all(std::string(path), "/", " ");
        problem.reason = child.child_text("Reason");
        if (problem.reason.empty()) problem.reason = trim(child.text);
        problems.push_back(std::move(problem));
    }
    return problems;
}

std::string write_command_answer(std::vector<CommandResult> const& results) {
    XmlElement root("Command");
    for (auto const& result : results) {
        auto& element = root.add(result.name);
        element.set("status", outcome_text(result.outcome));
        if (!result.reason.empty()) element.add("Reason", result.reason);
        if (!result.xpath.empty()) element.add("XPath", result.xpath);
        for (auto const& value : result.values) element.add(value);
    }
    return write_xml(root);
}

Result<std::vector<CommandResult>> parse_command_answer(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    if (root.local_name() != "Command") return malformed("the answer is no Command");
    std::vector<CommandResult> results;
    for (auto const& child : root.children) {
        CommandResult result;
        result.name = child.local_name();
        auto const status = child.attribute("status");
        if (iequals(status, "OK"))
            result.outcome = Outcome::ok;
        else if (iequals(status, "ParameterError"))
            result.outcome = Outcome::parameter_error;
        else
            result.outcome = Outcome::error;
        result.reason = child.child_text("Reason");
        result.xpath = child.child_text("XPath");
        for (auto const& value : child.children)
            if (value.local_name() != "Reason" && value.local_name() != "XPath") result.values.push_back(value);
        results.push_back(std::move(result));
    }
    return results;
}

std::string write_document(XmlElement root, DocumentHeader const& header) {
    root.set("product", header.product).set("version", header.version).set("apiVersion", header.api_version);
    return write_xml(root, XmlStyle::indented);
}

XmlElement configuration_document(family::Family const& family, std::vector<PathValue> const& values) {
    auto root = build_tree("Configuration", values);
    for (auto const& value : values) {
        auto const* setting = family.find_setting(value.path);
        auto* leaf = find_leaf(root, value.path);
        if (setting == nullptr || leaf == nullptr) continue;
        leaf->set("valueSpaceRef", "/Valuespace/" + space_name(setting->space));
        if (setting->space.kind == family::ValueKind::password && !leaf->text.empty()) leaf->text = "***";
    }
    return root;
}

XmlElement valuespace_document(family::Family const& family) {
    XmlElement root("Valuespace");
    for (auto const& setting : family.settings) {
        auto element = space_element(setting.space);
        bool const there = std::ranges::any_of(root.children, [&](auto const& c) { return c.name == element.name; });
        if (!there) root.add(std::move(element));
    }
    return root;
}

std::optional<std::string_view> Document::find(std::string_view path) const {
    auto const found = std::ranges::find_if(leaves, [&](auto const& leaf) { return iequals(leaf.path, path); });
    if (found == leaves.end()) return std::nullopt;
    return std::string_view(found->value);
}

Result<Document> parse_document(std::string_view xml, family::Family const& family) {
    CS_TRY(auto const root, parse_xml(xml));
    return read_document(root, root.local_name() == "Status" ? status_paths(family) : setting_paths(family));
}

Result<Document> parse_document(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    return read_document(root, {});
}

}  // namespace countersign::dialect::xapi
