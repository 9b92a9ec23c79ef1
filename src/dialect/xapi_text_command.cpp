/// xCommand: `Dial Number: "1"` and, in the classic style, also values in the order of the parameters and items as `tag.2:value`
/// (protocols 2.2).

#include "base/text.hpp"
#include "dialect/line_reader.hpp"
#include "dialect/xapi_text_parts.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <utility>

namespace countersign::dialect::xapi {
namespace {

void append_help(std::vector<std::string>& lines, family::Command const& command, bool classic) {
    lines.push_back((classic ? "*h xCommand " : "*? xCommand ") + command.path);
    for (auto const& parameter : command.parameters) {
        auto name = parameter.name;
        if (classic && parameter.repeat > 1) name += ".1.." + std::to_string(parameter.repeat);
        lines.push_back((classic ? "    " : "     ") + name + (parameter.required ? "(r): " : ": ") + parameter.space.notation());
    }
}

/// "expression.2" is {"expression", 2}.
struct Tag {
    std::string_view name;
    int item = 0;
};
Tag split_tag(std::string_view text) {
    auto const dot = text.rfind('.');
    if (dot == std::string_view::npos) return {text, 0};
    auto const item = parse_number<int>(text.substr(dot + 1));
    if (!item || *item < 1) return {text, 0};
    return {text.substr(0, dot), *item};
}

Result<family::Parameter const*> find_parameter(family::Command const& command, std::string_view typed) {
    std::vector<std::string_view> names;
    for (auto const& parameter : command.parameters) names.emplace_back(parameter.name);
    CS_TRY(auto const name, complete_word(typed, names));
    if (name.empty()) return fail(errors::dev::missing_parameter, {{"parameter", typed}, {"path", command.path}});
    return command.find_parameter(name);
}

/// What stands behind the command's path.
class Arguments {
public:
    Arguments(family::Command const& command, bool classic) : command_(command), classic_(classic) {}

    Result<void> read(std::span<Token const> tokens) {
        std::size_t place = 0;
        while (place < tokens.size()) {
            if (!tokens[place].name) {
                if (!classic_) return malformed_line("a parameter is written `name: value`; a value with blanks needs quotation marks");
                CS_CHECK(take_positional(tokens[place++].text));
                continue;
            }
            auto const tag = split_tag(tokens[place].text);
            CS_TRY(auto const* parameter, find_parameter(command_, tag.name));
            ++place;
            std::string value;
            if (place < tokens.size() && !tokens[place].name) value = tokens[place++].text;
            given_.push_back({{parameter->name, std::move(value)}, tag.item});
        }
        return {};
    }

    /// Named ones are served first; what is left goes to parameters that have no value yet, in their order.
    Result<std::vector<family::Argument>> finish() {
        for (auto& value : positional_) {
            auto const* free = first_free();
            if (free == nullptr) return malformed_line("more values than " + command_.path + " has parameters");
            given_.push_back({{free->name, std::move(value)}, 0});
        }
        for (std::size_t i = 0; i < given_.size(); ++i) given_[i].place = i;
        std::ranges::sort(given_, {}, [](Given const& one) { return std::pair(one.item, one.place); });
        std::vector<family::Argument> out;
        for (auto& one : given_) out.push_back(std::move(one.argument));
        return out;
    }

private:
    struct Given {
        family::Argument argument;
        int item = 0;
        std::size_t place = 0;
    };
    Result<void> take_positional(std::string value) {
        if (positional_.size() + given_.size() >= k_most) return malformed_line("there are too many values");
        positional_.push_back(std::move(value));
        return {};
    }
    [[nodiscard]] family::Parameter const* first_free() const {
        for (auto const& parameter : command_.parameters) {
            auto const used = std::ranges::count_if(given_, [&](Given const& one) { return iequals(one.argument.name, parameter.name); });
            if (used < parameter.repeat) return &parameter;
        }
        return nullptr;
    }

    static constexpr std::size_t k_most = 200;
    family::Command const& command_;
    bool classic_;
    std::vector<Given> given_;
    std::vector<std::string> positional_;
};

struct Place {
    family::Command const* command = nullptr;
    std::size_t words = 0;  ///< how many of the typed words name it
};

/// The command that the words name. In the classic style what follows its path may be values.
Place locate(std::span<std::string const> typed, Completion const& completion, family::Family const& family) {
    auto const shortest = is_classic(family) ? std::size_t{1} : typed.size();
    for (auto count = typed.size(); count >= shortest && count > 0; --count) {
        auto const matches = completion.complete(typed.first(count));
        auto const whole = std::ranges::find_if(matches.found, [&](std::size_t i) { return family.commands[i].words.size() == count; });
        if (whole != matches.found.end() && family.commands[*whole].dialect == "xapi") return {&family.commands[*whole], count};
    }
    return {};
}

}  // namespace

Result<What> parse_command(std::string_view rest, family::Family const& family) {
    bool const wants_help = find_colon(rest) == std::string_view::npos && take_question(rest);
    CS_TRY(auto const tokens, tokenise(rest));
    std::vector<std::string> typed;
    std::vector<std::size_t> from;  ///< the token that each typed word stands in
    for (std::size_t i = 0; i < tokens.size() && !tokens[i].name && !tokens[i].quoted; ++i)
        for (auto& word : path_words(tokens[i].text)) {
            typed.push_back(std::move(word));
            from.push_back(i);
        }
    auto const completion = Completion::of(family.commands);
    auto const unknown = [&] { return fail(errors::dev::unknown_command, {{"path", join(typed, " ")}}); };
    if (wants_help || typed.empty()) {
        if (typed.empty() && !tokens.empty()) return unknown();
        auto const matches = completion.complete(typed);
        CS_CHECK(refuse_ambiguous(matches));
        Help help;
        for (auto i : matches.found)
            if (family.commands[i].dialect == "xapi") append_help(help.lines, family.commands[i], is_classic(family));
        if (help.lines.empty()) return unknown();
        return help;
    }
    auto const place = locate(typed, completion, family);
    if (place.command == nullptr) {
        CS_CHECK(refuse_ambiguous(completion.complete(typed)));
        return unknown();
    }
    auto const first = place.words < typed.size() ? from[place.words] : from.back() + 1;
    // A value that holds slashes stands in one token with its first word, never in that of the path's last.
    if (first <= from[place.words - 1]) return unknown();
    Arguments arguments(*place.command, is_classic(family));
    CS_CHECK(arguments.read(std::span(tokens).subspan(first)));
    CallCommand call{{place.command->path, true, {}, {}}, place.command->multiline};
    CS_TRY(call.call.arguments, arguments.finish());
    return call;
}

}  // namespace countersign::dialect::xapi
