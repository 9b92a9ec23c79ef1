#pragma once

/// Regular expressions for the answers of strangers: a small language, matched in time that is linear in the text whatever the
/// expression is, without recursion over the text and without memory that the text decides about.
///
/// It is matched against one line at a time. Known: bytes as they stand, `.`, `[a-z]`, `[^a-z]`, `\d \w \s \D \W \S`, `\t`, `(...)`,
/// `(?:...)`,
/// `|`, `*`, `+`, `?`, `{m}`, `{m,n}` (up to 50), `^`, `$`; a backslash before anything else that is no letter and no digit means
/// that character. Repetitions take as much as they can. At most one group captures. Letters are told apart by case unless the
/// expression begins with `(?i)`.

#include "base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign {

class Pattern {
public:
    static constexpr std::size_t k_longest = 400;        ///< bytes of an expression
    static constexpr std::size_t k_longest_line = 8192;  ///< bytes that are looked at

    /// GEN-001 that says what is wrong and where.
    static Result<Pattern> parse(std::string_view text);

    /// What the group captured at the first place that fits, or all that fits when there is no group. Nothing when no place fits.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view line) const;
    /// The same for each line of `text` (LF or CR LF), in order. At most `most` of them.
    [[nodiscard]] std::vector<std::string> find_all(std::string_view text, std::size_t most = 1000) const;
    [[nodiscard]] bool matches_a_line_of(std::string_view text) const { return !find_all(text, 1).empty(); }
    [[nodiscard]] std::string const& text() const { return text_; }

private:
    struct Program;
    Pattern(std::string text, std::shared_ptr<Program const> program) : text_(std::move(text)), program_(std::move(program)) {}

    std::string text_;
    std::shared_ptr<Program const> program_;
};

}  // namespace countersign
