/// xDocument: the schema of a part of the xAPI, for programs on a dataport.

#include "base/text.hpp"
#include "dialect/line_reader.hpp"
#include "dialect/xapi_parts.hpp"
#include "dialect/xapi_rpc.hpp"

#include "countersign/errors/dev.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace countersign::dialect::xapi {
namespace {

constexpr std::string_view k_verb = "xDocument";
constexpr std::size_t k_max_words = 32;

/// The words of `Path:`; names other than Path, Format and Schema are refused.
Result<std::vector<std::string>> read_path(std::string_view text) {
    auto const refuse = [](std::string_view detail) { return fail(errors::dev::malformed_command, {{"detail", detail}}); };
    CS_TRY(auto const tokens, tokenise(text));
    std::vector<std::string> path;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (!tokens[i].name || i + 1 == tokens.size()) return refuse("it is xDocument Format: \"JSON\" Path: \"Command\" Schema: \"True\"");
        auto const& name = tokens[i].text;
        auto const& value = tokens[++i].text;
        if (iequals(name, "Path")) {
            for (auto const word : split(value, '/'))
                if (!word.empty()) path.emplace_back(word);
        } else if (iequals(name, "Format") ? !iequals(value, "JSON") : !iequals(name, "Schema") || !iequals(value, "True")) {
            return refuse("only Format: \"JSON\" and Schema: \"True\" are spoken");
        }
    }
    if (path.empty() || path.size() > k_max_words) return refuse("Path is missing or longer than 32 words");
    return path;
}

/// The schema with its ancestors, spelt as they were asked for: the clients dig with their own words.
Result<json::object> find_schema(family::Family const& family, std::vector<std::string> const& words) {
    json::object whole;
    std::string name;
    for (std::string_view root : {"Status", "Configuration", "Command"}) {
        if (!iequals(root, words.front())) continue;
        whole[root] = json_schema(family, root);
        name = root == "Status" ? "StatusSchema" : std::string(root);
    }
    auto const* found = dig(whole, words);
    if (found == nullptr) return fail(errors::dev::unknown_setting, {{"path", join(words, " ")}});
    auto place = *found;
    for (std::size_t i = words.size() - 1; i > 0; --i) {
        if (is_item(words[i]) && place.is_object()) {
            place.get_object()["id"] = words[i];
            place = json::array{std::move(place)};
        } else {
            place = json::object{{words[i], std::move(place)}};
        }
    }
    return json::object{{name, std::move(place)}};
}

}  // namespace

std::optional<std::string> answer_xdocument(std::string_view line, family::Family const& family) {
    line = trim(line);
    if (!istarts_with(line, k_verb) || (line.size() > k_verb.size() && line[k_verb.size()] != ' ')) return std::nullopt;
    if (line.size() > 8192 || !is_utf8(line))
        return format_json_error(Error(errors::dev::malformed_command, {{"detail", "it is too long or not UTF-8"}}), "", {});
    auto const result_id = take_result_id(line);
    auto const words = read_path(line.substr(k_verb.size()));
    if (!words) return format_json_error(words.error(), "", result_id);
    auto answer = find_schema(family, *words);
    if (!answer) return format_json_error(answer.error(), "", result_id);
    if (!result_id.empty()) (*answer)["ResultId"] = result_id;
    return json::serialize(*answer) + "\n";
}

}  // namespace countersign::dialect::xapi
