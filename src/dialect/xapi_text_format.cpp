/// Answers that go out over a dataport, and the reader of the other side.

#include "base/text.hpp"
#include "dialect/line_reader.hpp"
#include "dialect/xapi_parts.hpp"
#include "dialect/xapi_text.hpp"

#include "countersign/errors/dev.hpp"

#include <optional>
#include <utility>

namespace countersign::dialect::xapi {
namespace {

/// "** resultId: "7"" and "** end".
std::string closing(std::string_view result_id) {
    std::string out;
    if (!result_id.empty()) out += "** resultId: " + quote(result_id) + "\n";
    return out + "** end\n";
}

/// Numbers and single words stand plain, as in the samples; what has blanks or marks is quoted.
std::string status_value(std::string_view value) {
    bool const number = !value.empty() && parse_number<std::int64_t>(value).has_value();
    bool const truth = value == "True" || value == "False";
    return number || truth ? std::string(value) : quote(value);
}

/// PEM text stands in lines of its own, so that what is copied, or piped into OpenSSL's tools, can be read.
std::string result_value(std::string_view value) {
    bool const pem = value.starts_with("-----BEGIN ") && value.find_first_of("\"\\") == std::string_view::npos;
    return pem ? "\"\n" + std::string(trim(value)) + "\n\"" : status_value(value);
}

void append_values(std::string& out, std::string_view prefix, XmlElement const& element) {
    auto path = std::string(prefix) + " " + element.name;
    if (auto const item = element.attribute("item"); !item.empty()) path += " " + std::string(item);
    if (element.children.empty()) out += path + ": " + result_value(element.text) + "\n";
    for (auto const& child : element.children) append_values(out, path, child);
}

std::string setting_value(family::Family const& family, PathValue const& value) {
    auto const* setting = family.find_setting(value.path);
    if (setting == nullptr) return quote(value.value);
    switch (setting->space.kind) {
        case family::ValueKind::literal:
        case family::ValueKind::integer: return value.value;
        case family::ValueKind::password: return quote(value.value.empty() ? "" : "***");
        case family::ValueKind::string: break;
    }
    return quote(value.value);
}

/// "*c xConfiguration", "*s", "*r": what a line of an answer begins with.
std::string_view cut_prefix(std::string_view line) {
    for (std::string_view prefix : {"*c xConfiguration ", "*s ", "*r ", "*c ", "*e "})
        if (line.starts_with(prefix)) return line.substr(prefix.size());
    return {};
}

}  // namespace

std::string format_welcome(std::string_view system_name, family::Family const& family, std::string_view software) {
    std::string out = "Welcome to " + std::string(system_name) + "\n";
    out += family.product_type + " Release " + std::string(software) + "\n";
    out += "*r Login successful\n\nOK\n\n";
    return out;
}

std::string format_ok() { return "OK\n"; }

std::string format_set_done(std::string_view result_id) { return closing(result_id) + "\nOK\n"; }

std::string format_settings(family::Family const& family, std::vector<PathValue> const& values, std::string_view result_id) {
    std::string out;
    for (auto const& value : values) out += "*c xConfiguration " + value.path + ": " + setting_value(family, value) + "\n";
    return out + closing(result_id) + "\nOK\n";
}

std::string format_status(std::vector<PathValue> const& values, std::string_view result_id) {
    std::string out;
    for (auto const& value : values) out += "*s " + value.path + ": " + status_value(value.value) + "\n";
    return out + closing(result_id) + "\nOK\n";
}

std::string format_command_result(CommandResult const& result, std::string_view result_id) {
    constexpr std::string_view k_status[] = {"OK", "Error", "ParameterError"};
    auto const head = "*r " + result.name;
    std::string out = result.outcome == Outcome::ok ? "OK\n" : "";
    out += head + " (status=" + std::string(k_status[static_cast<int>(result.outcome)]) + "):\n";
    if (!result.reason.empty()) out += head + " Reason: " + quote(result.reason) + "\n";
    if (!result.xpath.empty()) out += head + " XPath: " + quote(result.xpath) + "\n";
    for (auto const& value : result.values) append_values(out, head, value);
    out += closing(result_id);
    if (result.outcome != Outcome::ok) out += "\nERROR\n";
    return out;
}

std::string format_help(Help const& help) {
    std::string out;
    for (auto const& line : help.lines) out += line + "\n";
    return out + "OK\n";
}

std::string format_feedback(char kind, std::vector<PathValue> const& values) {
    std::string out;
    auto const prefix = std::string("*") + kind + (kind == 'c' ? " xConfiguration " : " ");
    for (auto const& value : values) out += prefix + value.path + ": " + status_value(value.value) + "\n";
    return out + "** end\n";
}

std::string format_error(Error const& error, std::string_view verb, std::string_view result_id, std::string_view reason) {
    auto result = result_for(error, "Result");
    if (!reason.empty()) result.reason = reason;
    if (verb == "xCommand" || verb.empty()) return format_command_result(result, result_id);
    std::string const root = verb == "xConfiguration" ? "Configuration" : "Status";
    auto const head = "*" + std::string(verb == "xConfiguration" ? "c " : "s ") + root;
    if (result.xpath.starts_with('/')) result.xpath = root + result.xpath;
    std::string out = head + " (status=Error):\n" + head + " Reason: " + quote(result.reason) + "\n";
    if (!result.xpath.empty()) out += head + " XPath: " + quote(result.xpath) + "\n";
    return out + closing(result_id) + "\nERROR\n";
}

Result<TextAnswer> parse_answer(std::string_view text) {
    TextAnswer answer;
    bool ended = false;
    std::optional<PathValue> block;  // PEM text in lines of its own
    for (auto raw : split(text, '\n')) {
        auto const line = trim(raw);
        if (block && line != "\"") {
            block->value += std::string(line) + "\n";
            continue;
        }
        if (block) {
            answer.values.push_back(*std::exchange(block, std::nullopt));
            continue;
        }
        if (line == "OK" || line == "ERROR") {
            ended = true;
            if (line == "ERROR") answer.ok = false;
            continue;
        }
        auto const content = cut_prefix(line);
        if (content.empty()) continue;
        if (auto const status = content.find("(status="); status != std::string_view::npos && content.ends_with("):")) {
            answer.status = content.substr(status + 8, content.size() - status - 10);
            if (answer.status != "OK") answer.ok = false;
            continue;
        }
        auto const colon = find_colon(content);
        if (colon == std::string_view::npos) continue;
        std::string const path(trim(content.substr(0, colon)));
        if (trim(content.substr(colon + 1)) == "\"") {
            block = PathValue{path, {}};
            continue;
        }
        auto value = read_value(content.substr(colon + 1));
        if (!value) continue;
        if (path.ends_with(" Reason") && !answer.status.empty() && answer.status != "OK") answer.reason = *value;
        answer.values.push_back({path, *std::move(value)});
    }
    if (!ended) return fail(errors::dev::malformed_command, {{"detail", "the answer ends with neither OK nor ERROR"}});
    return answer;
}

std::string write_set(PathValue const& setting) { return "xConfiguration " + setting.path + ": " + quote(setting.value); }

std::string write_call(CommandCall const& call) {
    std::string line = "xCommand " + call.path;
    for (auto const& argument : call.arguments) line += " " + argument.name + ": " + quote(argument.value);
    return line;
}

}  // namespace countersign::dialect::xapi
