/// Lines that come in. What goes out stands in xapi_text_format.cpp.

#include "dialect/xapi_text.hpp"

#include "base/text.hpp"
#include "dialect/line_reader.hpp"
#include "dialect/xapi_parts.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <array>

namespace countersign::dialect::xapi {
namespace {

constexpr std::array<std::string_view, 10> k_verbs{"xConfiguration", "xCommand", "xStatus", "xFeedback", "xPreferences",
                                                   "xGetxml",        "help",     "echo",    "bye",       "exit"};

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_command, {{"detail", detail}}); }

/// The verb that begins so, when there is one only; an exact word wins.
std::string_view complete_verb(std::string_view word) {
    std::string_view match;
    for (auto verb : k_verbs) {
        if (iequals(verb, word)) return verb;
        if (!istarts_with(verb, word)) continue;
        if (!match.empty()) return {};
        match = verb;
    }
    // One letter fits too much by chance to act on.
    return word.size() < 2 ? std::string_view{} : match;
}

struct Verb {
    std::string_view name;
    std::string_view rest;
};
Verb split_verb(std::string_view line) {
    auto const end = std::min(line.find_first_of(" \t?"), line.size());
    return {complete_verb(line.substr(0, end)), trim(line.substr(end))};
}

/// Splits what follows the verb at blanks and slashes. `//` becomes the word "//": any words may stand there.
std::vector<std::string> path_words(std::string_view text) {
    std::vector<std::string> result;
    while (!text.empty()) {
        if (text.starts_with("//")) {
            result.emplace_back("//");
            text.remove_prefix(2);
        } else if (text.front() == '/' || text.front() == ' ' || text.front() == '\t') {
            text.remove_prefix(1);
        } else if (text.front() == '[') {
            // "Connector[3]" is the same as "Connector 3".
            auto const end = text.find(']');
            result.emplace_back(trim(text.substr(1, end == std::string_view::npos ? end : end - 1)));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        } else {
            auto const end = std::min(text.find_first_of(" \t/["), text.size());
            result.emplace_back(text.substr(0, end));
            text.remove_prefix(end);
        }
    }
    return result;
}

/// Paths of a family, and the abbreviations that lead to them.
class Completion {
public:
    explicit Completion(std::vector<std::vector<std::string> const*> paths) : paths_(std::move(paths)) {}

    /// Indices of the paths that begin with `typed`. Word by word: a word that stands there exactly wins over those that only
    /// begin so; of several that begin so none is meant (`ambiguous`).
    struct Matches {
        std::vector<std::size_t> found;
        std::vector<std::string> completed;
        bool ambiguous = false;
    };
    [[nodiscard]] Matches complete(std::vector<std::string> const& typed) const {
        Matches matches;
        matches.found.resize(paths_.size());
        for (std::size_t i = 0; i < paths_.size(); ++i) matches.found[i] = i;
        for (std::size_t place = 0; place < typed.size(); ++place) narrow(matches, typed[place], place);
        return matches;
    }

    /// With `//` in it: every path in which the typed words stand in this order, whole or shortened.
    [[nodiscard]] std::vector<std::size_t> search(std::vector<std::string> const& typed) const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < paths_.size(); ++i)
            if (fits(typed, *paths_[i])) found.push_back(i);
        return found;
    }

private:
    void narrow(Matches& matches, std::string const& typed, std::size_t place) const {
        auto const word = [&](std::size_t i) {
            return place < paths_[i]->size() ? std::string_view((*paths_[i])[place]) : std::string_view{};
        };
        std::vector<std::size_t> exact;
        std::vector<std::size_t> begins;
        std::string first;
        bool several = false;
        for (auto i : matches.found) {
            bool const any_item = word(i).starts_with('{') && is_item(typed);
            if (iequals(word(i), typed) || any_item) exact.push_back(i);
            if (word(i).empty() || !istarts_with(word(i), typed) || is_item(typed)) continue;
            begins.push_back(i);
            if (first.empty())
                first = word(i);
            else if (!iequals(first, word(i)))
                several = true;
        }
        if (exact.empty() && several) matches.ambiguous = true;
        matches.found = exact.empty() ? begins : exact;
        if (matches.found.empty() || matches.ambiguous)
            matches.completed.push_back(typed);
        else
            matches.completed.emplace_back(is_item(typed) ? std::string_view(typed) : word(matches.found.front()));
    }

    static bool fits(std::vector<std::string> const& typed, std::vector<std::string> const& path) {
        std::size_t place = 0;
        bool anywhere = false;
        for (auto const& word : typed) {
            if (word == "//") {
                anywhere = true;
                continue;
            }
            auto const matches = [&](std::string const& candidate) {
                return is_item(word) ? candidate == word || candidate.starts_with('{') : istarts_with(candidate, word);
            };
            while (place < path.size() && !matches(path[place]) && anywhere) ++place;
            if (place == path.size() || !matches(path[place])) return false;
            ++place;
            anywhere = false;
        }
        return true;
    }

    std::vector<std::vector<std::string> const*> paths_;
};

template <class Items>
Completion completion_of(Items const& items) {
    std::vector<std::vector<std::string> const*> paths;
    for (auto const& item : items) paths.push_back(&item.words);
    return Completion(std::move(paths));
}

/// A path of a setting, or one of the other spellings that a family takes for it.
struct Spelling {
    std::vector<std::string> words;
    family::Setting const* setting;
};

std::vector<Spelling> spellings_of(family::Family const& family) {
    std::vector<Spelling> all;
    for (auto const& setting : family.settings) {
        all.push_back({setting.words, &setting});
        for (auto const& other : setting.also) {
            auto const parts = words(other);
            all.push_back({{parts.begin(), parts.end()}, &setting});
        }
    }
    return all;
}

/// Each one once, in their order.
std::vector<family::Setting const*> settings_behind(std::vector<std::size_t> const& found, std::vector<Spelling> const& spellings) {
    std::vector<family::Setting const*> settings;
    for (auto i : found)
        if (std::ranges::find(settings, spellings[i].setting) == settings.end()) settings.push_back(spellings[i].setting);
    return settings;
}

using What = decltype(TextRequest::what);

std::string help_line(family::Setting const& setting) { return "*? xConfiguration " + setting.path + ": " + setting.space.notation(); }

std::string help_line(family::Command const& command) {
    std::string line = "*? xCommand " + command.path;
    for (auto const& parameter : command.parameters) {
        line += '\n';
        line += "     " + parameter.name + (parameter.required ? "(r): " : ": ") + parameter.space.notation();
    }
    return line;
}

Result<What> parse_configuration(std::string_view rest, family::Family const& family) {
    bool const wants_help = rest.ends_with('?') && find_colon(rest) == std::string_view::npos;
    if (wants_help) rest = trim(rest.substr(0, rest.size() - 1));
    auto const colon = find_colon(rest);
    auto const typed = path_words(rest.substr(0, colon));
    auto const spellings = spellings_of(family);
    auto const completion = completion_of(spellings);
    bool const searching = std::ranges::find(typed, "//") != typed.end();
    auto const matches = searching ? Completion::Matches{completion.search(typed), {}, false} : completion.complete(typed);
    auto const unknown = [&] { return fail(errors::dev::unknown_setting, {{"path", join(typed, " ")}}); };
    if (matches.found.empty() || matches.ambiguous) return unknown();
    if (wants_help) {
        Help help;
        for (auto const* setting : settings_behind(matches.found, spellings)) help.lines.push_back(help_line(*setting));
        return help;
    }
    if (colon == std::string_view::npos) {
        GetSettings get;
        for (auto const* setting : settings_behind(matches.found, spellings)) get.paths.push_back(setting->path);
        return get;
    }
    auto const meant = settings_behind(matches.found, spellings);
    // A value belongs to one whole path, never to whatever happens to be below a part of it.
    if (meant.size() != 1 || (!searching && spellings[matches.found.front()].words.size() != typed.size())) return unknown();
    CS_TRY(auto value, read_value(rest.substr(colon + 1)));
    return SetSetting{meant.front()->path, std::move(value)};
}

/// Words up to the first name or quoted text are the path; then names and values take turns.
Result<What> parse_command(std::string_view rest, family::Family const& family) {
    bool const wants_help = rest.ends_with('?') && find_colon(rest) == std::string_view::npos;
    if (wants_help) rest = trim(rest.substr(0, rest.size() - 1));
    CS_TRY(auto const tokens, tokenise(rest));
    std::vector<std::string> typed;
    std::size_t place = 0;
    for (; place < tokens.size() && !tokens[place].name && !tokens[place].quoted; ++place)
        for (auto& word : path_words(tokens[place].text)) typed.push_back(std::move(word));
    auto const matches = completion_of(family.commands).complete(typed);
    auto const unknown = [&] { return fail(errors::dev::unknown_command, {{"path", join(typed, " ")}}); };
    if (matches.found.empty() || matches.ambiguous) return unknown();
    if (wants_help || typed.empty()) {
        Help help;
        for (auto i : matches.found)
            if (family.commands[i].dialect == "xapi") help.lines.push_back(help_line(family.commands[i]));
        return help;
    }
    auto const& command = family.commands[matches.found.front()];
    if (command.words.size() != typed.size() || command.dialect != "xapi") return unknown();
    CallCommand call{{command.path, true, {}, {}}, command.multiline};
    while (place < tokens.size()) {
        if (!tokens[place].name) return malformed("a parameter is written `name: value`; a value with blanks needs quotation marks");
        auto const* parameter = command.find_parameter(tokens[place].text);
        if (parameter == nullptr) return fail(errors::dev::missing_parameter, {{"parameter", tokens[place].text}, {"path", command.path}});
        ++place;
        std::string value;
        if (place < tokens.size() && !tokens[place].name) value = tokens[place++].text;
        call.call.arguments.push_back({parameter->name, std::move(value)});
    }
    return call;
}

Result<What> parse_status(std::string_view rest, family::Family const& family) {
    bool const wants_help = rest.ends_with('?');
    if (wants_help) rest = trim(rest.substr(0, rest.size() - 1));
    auto const typed = path_words(rest);
    auto const matches = completion_of(family.status).complete(typed);
    if (matches.found.empty() || matches.ambiguous) return fail(errors::dev::unknown_setting, {{"path", join(typed, " ")}});
    if (!wants_help) return GetStatus{join(matches.completed, " ")};
    Help help;
    for (auto i : matches.found) help.lines.push_back("*? xStatus " + family.status[i].path);
    return help;
}

Result<What> parse_feedback(std::string_view rest) {
    auto const end = std::min(rest.find_first_of(" \t"), rest.size());
    auto const what = to_lower(rest.substr(0, end));
    auto const expression = std::string(trim(rest.substr(end)));
    if (what == "list" && expression.empty()) return Feedback{Feedback::Kind::list, {}};
    if (what == "deregisterall") return Feedback{Feedback::Kind::deregister_all, {}};
    if (what != "register" && what != "deregister") return malformed("xFeedback register, deregister, deregisterall or list");
    if (expression.empty()) return malformed("an expression is missing");
    return Feedback{what == "register" ? Feedback::Kind::register_expression : Feedback::Kind::deregister_expression, expression};
}

Result<What> parse_rest(std::string_view verb, std::string_view rest, family::Family const& family) {
    if (verb == "xConfiguration") return parse_configuration(rest, family);
    if (verb == "xCommand") return parse_command(rest, family);
    if (verb == "xStatus") return parse_status(rest, family);
    if (verb == "xFeedback") return parse_feedback(rest);
    if (verb == "xGetxml") return GetXml{std::string(rest)};
    if (verb == "xPreferences") {
        auto const parts = words(rest);
        if (parts.size() != 2) return Help{{"usage: xPreferences outputmode <terminal/xml>"}};
        return Preference{to_lower(parts[0]), to_lower(parts[1])};
    }
    if (verb == "echo") {
        if (!iequals(rest, "on") && !iequals(rest, "off")) return malformed("echo on or echo off");
        return Echo{iequals(rest, "on")};
    }
    if (verb == "help") {
        Help help;
        for (auto known : k_verbs) help.lines.emplace_back(known);
        return help;
    }
    return Bye{};
}

}  // namespace

std::string verb_of(std::string_view line) { return std::string(split_verb(trim(line)).name); }

std::string result_id_of(std::string_view line) {
    if (line.size() > k_max_line || !is_utf8(line)) return {};
    line = trim(line);
    return take_result_id(line);
}

Result<TextRequest> parse_line(std::string_view line, family::Family const& family) {
    if (line.size() > k_max_line) return malformed("longer than " + std::to_string(k_max_line) + " bytes");
    if (!is_utf8(line)) return malformed("it is not UTF-8");
    line = trim(line);
    TextRequest request;
    request.result_id = take_result_id(line);
    if (line.empty()) return request;
    if (line == "?") line = "help";
    auto const verb = split_verb(line);
    if (verb.name.empty()) {
        auto const word = words(line).front();
        return fail(errors::dev::unknown_command, {{"path", word.substr(0, 80)}});
    }
    request.verb = verb.name;
    CS_TRY(request.what, parse_rest(verb.name, verb.rest, family));
    return request;
}

}  // namespace countersign::dialect::xapi
