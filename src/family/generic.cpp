#include "family/generic.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::family {

std::vector<std::string_view> placeholders_of(Action action) {
    std::vector<std::string_view> names{"host_name", "address", "user"};
    auto const add = [&names](std::initializer_list<std::string_view> more) { names.insert(names.end(), more); };
    switch (action) {
        case Action::read: break;
        case Action::apply: add({"value"}); break;
        case Action::set_password: add({"password", "old_password"}); break;
        case Action::install_trust: add({"trust_list"}); break;
        case Action::install_certificate: add({"certificate", "key"}); break;
        case Action::restart: break;
        case Action::begin_trial: add({"seconds"}); break;
        case Action::confirm_trial:
        case Action::cancel_trial: add({"trial"}); break;
        case Action::register_feedback: add({"url"}); break;
    }
    return names;
}

bool is_secret_placeholder(std::string_view name) { return name == "password" || name == "old_password" || name == "key"; }

namespace {

/// Calls `plain` for each byte and `place` for each placeholder.
template <class Plain, class Place>
void walk(std::string_view text, Plain const& plain, Place const& place) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        char const c = text[at];
        bool const doubled = at + 1 < text.size() && text[at + 1] == c;
        if ((c == '{' || c == '}') && doubled) {
            plain(c);
            ++at;
            continue;
        }
        auto const end = c == '{' ? text.find('}', at) : std::string_view::npos;
        if (end == std::string_view::npos) {
            plain(c);
            continue;
        }
        place(text.substr(at + 1, end - at - 1));
        at = end;
    }
}

bool is_plain(char c) {
    bool const word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return word || std::string_view("._:/@+,=%-").contains(c);
}

/// What keeps the value off a command line; empty: nothing.
std::string_view why_not(std::string_view value, Quoting quoting) {
    if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return "it holds control characters";
    bool const number = value.size() > 1 && std::ranges::all_of(value.substr(1), [](char c) { return c >= '0' && c <= '9'; });
    if (value.starts_with('-') && !number) return "it begins with -, and programs take that for an option";
    if (quoting == Quoting::none && value.empty()) return "it is empty, and the family's command line has no quotes";
    if (quoting == Quoting::none && !std::ranges::all_of(value, is_plain))
        return "the family's command line has no quotes: only letters, digits and . _ : / @ + , = % - can stand on it";
    return {};
}

}  // namespace

std::string fill_template(std::string_view text, Values const& values) {
    std::string out;
    walk(
        text, [&out](char c) { out += c; },
        [&](std::string_view name) {
            if (auto const value = values.find(name); value != values.end()) out += value->second;
        });
    return out;
}

Result<std::string> fill_command(std::string_view text, Values const& values, Quoting quoting) {
    std::string out;
    std::string problem;
    walk(
        text, [&out](char c) { out += c; },
        [&](std::string_view name) {
            auto const place = values.find(name);
            auto const value = place == values.end() ? std::string() : place->second;
            if (auto const why = why_not(value, quoting); !why.empty()) problem = std::string(name) + ": " + std::string(why);
            out += quoting == Quoting::posix ? "'" + replace_all(value, "'", "'\\''") + "'" : value;
        });
    if (!problem.empty()) return fail(errors::gen::invalid_input, {{"field", "command"}, {"detail", problem}});
    return out;
}

}  // namespace countersign::family
