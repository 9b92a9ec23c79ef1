#pragma once

/// The pieces of one dataport line: words, quoted texts, `| resultId="7"`.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::xapi {

struct Token {
    std::string text;
    bool quoted = false;
    bool name = false;  ///< ended with ':'; the colon is cut off
};

/// Splits at blanks; "..." is one token, with \" \\ \n \r \t inside. DEV-012 for a quote that does not end.
/// A colon right after an unquoted word makes it a name, also when no blank follows: `Name:"x"`.
Result<std::vector<Token>> tokenise(std::string_view line);
/// One value to the end of the line: a quoted text, or everything as it stands, trimmed. DEV-012.
Result<std::string> read_value(std::string_view text);
/// Cuts `| resultId="..."` off the end of `line` and returns the id, or empty.
std::string take_result_id(std::string_view& line);
/// "x" with " and \ escaped, in quotes.
std::string quote(std::string_view text);
/// The position of the first ':' outside quotes that ends a word, or npos.
std::size_t find_colon(std::string_view line);

}  // namespace countersign::dialect::xapi
