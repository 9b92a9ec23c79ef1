#include "dialect/xapi_words.hpp"

#include "base/text.hpp"
#include "dialect/xapi_parts.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>

namespace countersign::dialect::xapi {
namespace {

bool is_placeholder(std::string_view word) { return word.starts_with('{'); }

/// "3" of "3" and of "@item='3'".
std::string item_of(std::string_view inside) {
    inside = trim(inside);
    if (!istarts_with(inside, "@item")) return std::string(inside);
    inside = trim(inside.substr(5));
    if (inside.starts_with('=')) inside = trim(inside.substr(1));
    if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"')) inside = inside.substr(1, inside.size() - 2);
    return std::string(inside);
}

enum class Items { named, optional };

/// The typed words stand in the path in this order, from its beginning except behind a "//".
bool fits(std::span<std::string const> typed, std::vector<std::string> const& path, Items items) {
    std::size_t place = 0;
    bool anywhere = false;
    for (auto const& word : typed) {
        if (word == "//") {
            anywhere = true;
            continue;
        }
        auto const matches = [&](std::string const& candidate) {
            return is_item(word) ? candidate == word || is_placeholder(candidate) : istarts_with(candidate, word);
        };
        auto const may_skip = [&](std::string const& candidate) {
            return anywhere || (items == Items::optional && (is_item(candidate) || is_placeholder(candidate)));
        };
        while (place < path.size() && !matches(path[place]) && may_skip(path[place])) ++place;
        if (place == path.size() || !matches(path[place])) return false;
        ++place;
        anywhere = false;
    }
    return true;
}

void add_once(std::vector<std::string>& words, std::string_view word) {
    if (std::ranges::none_of(words, [word](std::string const& held) { return iequals(held, word); })) words.emplace_back(word);
}

}  // namespace

std::vector<std::string> path_words(std::string_view text) {
    std::vector<std::string> result;
    while (!text.empty()) {
        if (text.starts_with("//")) {
            result.emplace_back("//");
            text.remove_prefix(2);
        } else if (text.front() == '/' || text.front() == ' ' || text.front() == '\t') {
            text.remove_prefix(1);
        } else if (text.front() == '[') {
            auto const end = text.find(']');
            result.push_back(item_of(text.substr(1, end == std::string_view::npos ? end : end - 1)));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        } else {
            auto const end = std::min(text.find_first_of(" \t/["), text.size());
            result.emplace_back(text.substr(0, end));
            text.remove_prefix(end);
        }
    }
    return result;
}

Completion::Matches Completion::complete(std::span<std::string const> typed) const {
    Matches matches;
    matches.found.resize(paths_.size());
    for (std::size_t i = 0; i < paths_.size(); ++i) matches.found[i] = i;
    for (std::size_t place = 0; place < typed.size() && matches.ambiguous.empty(); ++place) narrow(matches, typed[place], place);
    if (!matches.ambiguous.empty()) matches.found.clear();
    return matches;
}

Completion::Matches Completion::search(std::span<std::string const> typed) const {
    Matches matches;
    for (std::size_t i = 0; i < paths_.size(); ++i)
        if (fits(typed, *paths_[i], Items::optional)) matches.found.push_back(i);
    return matches;
}

Completion::Matches Completion::find(std::span<std::string const> typed) const {
    if (std::ranges::find(typed, "//") != typed.end()) return search(typed);
    auto matches = complete(typed);
    if (!matches.found.empty() || !matches.ambiguous.empty()) return matches;
    auto loose = search(typed);
    // The words as they were typed: with items left out there is no one spelling.
    if (!loose.found.empty()) loose.completed.assign(typed.begin(), typed.end());
    return loose;
}

std::vector<std::string> Completion::next(std::span<std::string const> typed, std::string_view begun) const {
    std::vector<std::string> out;
    if (std::ranges::find(typed, "//") != typed.end()) return out;
    for (auto i : complete(typed).found) {
        auto const& path = *paths_[i];
        if (typed.size() >= path.size() || is_placeholder(path[typed.size()])) continue;
        if (istarts_with(path[typed.size()], begun)) add_once(out, path[typed.size()]);
    }
    return out;
}

void Completion::narrow(Matches& matches, std::string const& typed, std::size_t place) const {
    auto const word = [&](std::size_t i) { return place < paths_[i]->size() ? std::string_view((*paths_[i])[place]) : std::string_view{}; };
    std::vector<std::size_t> exact;
    std::vector<std::size_t> begins;
    std::vector<std::string> candidates;
    for (auto i : matches.found) {
        bool const any_item = is_placeholder(word(i)) && is_item(typed);
        if (iequals(word(i), typed) || any_item) exact.push_back(i);
        if (word(i).empty() || !istarts_with(word(i), typed) || is_item(typed)) continue;
        begins.push_back(i);
        add_once(candidates, word(i));
    }
    matches.found = exact.empty() ? begins : exact;
    if (exact.empty() && candidates.size() > 1) {
        matches.ambiguous = typed;
        matches.candidates = std::move(candidates);
    }
    if (matches.found.empty() || !matches.ambiguous.empty())
        matches.completed.push_back(typed);
    else
        matches.completed.emplace_back(is_item(typed) ? std::string_view(typed) : word(matches.found.front()));
}

Result<void> refuse_ambiguous(Completion::Matches const& matches) {
    if (matches.ambiguous.empty()) return {};
    return fail(errors::dev::ambiguous_word, {{"word", matches.ambiguous}, {"candidates", join(matches.candidates, ", ")}});
}

Result<std::string_view> complete_word(std::string_view word, std::span<std::string_view const> choices) {
    std::vector<std::string> fitting;
    std::string_view match;
    for (auto const choice : choices) {
        if (iequals(choice, word)) return choice;
        if (word.empty() || !istarts_with(choice, word)) continue;
        match = choice;
        fitting.emplace_back(choice);
    }
    if (fitting.size() < 2) return match;
    return fail(errors::dev::ambiguous_word, {{"word", word}, {"candidates", join(fitting, ", ")}});
}

}  // namespace countersign::dialect::xapi
