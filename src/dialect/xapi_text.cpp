/// Lines that come in. What goes out stands in xapi_text_format.cpp and behind xapi_writer.hpp.

#include "dialect/xapi_text.hpp"

#include "base/text.hpp"
#include "dialect/line_reader.hpp"
#include "dialect/xapi_text_parts.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>

namespace countersign::dialect::xapi {
namespace {

constexpr std::size_t k_max_completions = 200;

struct Verb {
    std::string_view name;
    std::string_view rest;
};

/// The verb that the first word stands for. One letter fits too much by chance to act on.
Result<Verb> split_verb(std::string_view line, family::Family const& family) {
    auto const end = std::min(line.find_first_of(" \t?"), line.size());
    auto const word = line.substr(0, end);
    if (word.size() < 2) return Verb{{}, {}};
    CS_TRY(auto name, complete_word(word, verbs_of(family)));
    return Verb{name, trim(line.substr(end))};
}

std::string help_line(family::Setting const& setting, bool classic) {
    return (classic ? "*h xConfiguration " : "*? xConfiguration ") + setting.path + ": " + setting.space.notation();
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

Result<What> parse_configuration(std::string_view rest, family::Family const& family) {
    bool const wants_help = find_colon(rest) == std::string_view::npos && take_question(rest);
    auto const colon = find_colon(rest);
    auto const typed = path_words(rest.substr(0, colon));
    auto const spellings = spellings_of(family);
    auto const matches = Completion::of(spellings).find(typed);
    CS_CHECK(refuse_ambiguous(matches));
    auto const unknown = [&] { return fail(errors::dev::unknown_setting, {{"path", join(typed, " ")}}); };
    auto const meant = settings_behind(matches.found, spellings);
    if (meant.empty()) return unknown();
    if (wants_help) {
        Help help;
        for (auto const* setting : meant) help.lines.push_back(help_line(*setting, is_classic(family)));
        return help;
    }
    if (colon == std::string_view::npos) {
        GetSettings get;
        for (auto const* setting : meant) get.paths.push_back(setting->path);
        return get;
    }
    auto const& path = spellings[matches.found.front()].words;
    bool const searched = std::ranges::find(typed, "//") != typed.end();
    bool const whole = path.size() == typed.size() || (!typed.empty() && istarts_with(path.back(), typed.back()));
    // A value belongs to one whole path, never to whatever happens to be below a part of it.
    if (meant.size() != 1 || typed.empty() || !whole) return unknown();
    CS_TRY(auto value, read_value(rest.substr(colon + 1)));
    return SetSetting{meant.front()->path, std::move(value), searched};
}

Result<What> parse_status(std::string_view rest, family::Family const& family) {
    bool const wants_help = take_question(rest);
    auto const typed = path_words(rest);
    auto const matches = Completion::of(family.status).find(typed);
    CS_CHECK(refuse_ambiguous(matches));
    if (matches.found.empty()) return fail(errors::dev::unknown_setting, {{"path", join(typed, " ")}});
    if (wants_help) {
        Help help;
        for (auto i : matches.found) help.lines.push_back((is_classic(family) ? "*h xStatus " : "*? xStatus ") + family.status[i].path);
        return help;
    }
    auto const exact = Completion::of(family.status).complete(typed);
    if (!exact.found.empty()) return GetStatus{join(exact.completed, " "), {}};
    GetStatus get;
    for (auto i : matches.found) get.items.push_back(family.status[i].path);
    return get;
}

Result<What> parse_help(std::string_view rest, family::Family const& family) {
    if (!rest.empty()) {
        CS_TRY(auto const verb, split_verb(rest, family));
        if (verb.name.empty() || verb.name == "help")
            return fail(errors::dev::unknown_command, {{"path", words(rest).front().substr(0, 80)}});
        CS_TRY(auto request, parse_line(std::string(verb.name) + " " + std::string(verb.rest) + " ?", family));
        return std::move(request.what);
    }
    Help help;
    for (auto const known : verbs_of(family)) help.lines.emplace_back(known);
    return help;
}

Result<What> parse_rest(std::string_view verb, std::string_view rest, family::Family const& family) {
    if (verb == "xConfiguration") return parse_configuration(rest, family);
    if (verb == "xCommand") return parse_command(rest, family);
    if (verb == "xStatus") return parse_status(rest, family);
    if (verb == "help") return parse_help(rest, family);
    return parse_special(verb, rest, family);
}

}  // namespace

Failure malformed_line(std::string_view detail) { return fail(errors::dev::malformed_command, {{"detail", detail}}); }

bool take_question(std::string_view& rest) {
    bool found = false;
    while (rest.ends_with('?')) {
        rest.remove_suffix(1);
        found = true;
    }
    rest = trim(rest);
    return found;
}

std::string verb_of(std::string_view line, family::Family const& family) {
    auto const verb = split_verb(trim(line), family);
    return verb ? std::string(verb->name) : std::string();
}

std::string result_id_of(std::string_view line) {
    if (line.size() > k_max_line || !is_utf8(line)) return {};
    line = trim(line);
    return take_result_id(line);
}

Result<TextRequest> parse_line(std::string_view line, family::Family const& family) {
    if (line.size() > k_max_line) return malformed_line("longer than " + std::to_string(k_max_line) + " bytes");
    if (!is_utf8(line)) return malformed_line("it is not UTF-8");
    line = trim(line);
    TextRequest request;
    request.result_id = take_result_id(line);
    if (line.empty()) return request;
    if (line == "?") line = "help";
    CS_TRY(auto const verb, split_verb(line, family));
    if (verb.name.empty()) return fail(errors::dev::unknown_command, {{"path", words(line).front().substr(0, 80)}});
    request.verb = verb.name;
    CS_TRY(request.what, parse_rest(verb.name, verb.rest, family));
    return request;
}

std::vector<std::string> complete_line(std::string_view line, family::Family const& family) {
    if (line.size() > k_max_line || !is_utf8(line)) return {};
    auto const last = line.find_last_of(" \t/");
    auto const begun = line.substr(last == std::string_view::npos ? 0 : last + 1);
    auto typed = path_words(line.substr(0, line.size() - begun.size()));
    std::vector<std::string> out;
    if (typed.empty()) {
        for (auto const verb : verbs_of(family))
            if (istarts_with(verb, begun)) out.emplace_back(verb);
        return out;
    }
    auto const verb = complete_word(typed.front(), verbs_of(family));
    if (!verb || find_colon(line) != std::string_view::npos) return out;
    typed.erase(typed.begin());
    if (*verb == "xConfiguration")
        out = Completion::of(family.settings).next(typed, begun);
    else if (*verb == "xCommand")
        out = Completion::of(family.commands).next(typed, begun);
    else if (*verb == "xStatus")
        out = Completion::of(family.status).next(typed, begun);
    else
        out = complete_special(*verb, typed, begun, family);
    if (out.size() > k_max_completions) out.resize(k_max_completions);
    return out;
}

}  // namespace countersign::dialect::xapi
