#pragma once

/// What the files of the dataport's reader share: each turns what follows a verb into what is asked for. Internal to this room.

#include "base/result.hpp"
#include "dialect/xapi_text.hpp"
#include "dialect/xapi_words.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace countersign::dialect::xapi {

using What = decltype(TextRequest::what);

inline bool is_classic(family::Family const& family) { return family.dataport == family::DataportStyle::classic; }
/// DEV-012
Failure malformed_line(std::string_view detail);
/// Cuts a '?' or '??' off the end; false when there is none.
bool take_question(std::string_view& rest);

Result<What> parse_command(std::string_view rest, family::Family const& family);
/// xFeedback, xPreferences, echo and the words that print lists or switch something of the session or unit.
Result<What> parse_special(std::string_view verb, std::string_view rest, family::Family const& family);
/// How `verb` is used, one form a line; empty for the verbs that have help of their own.
std::vector<std::string> usage_of(std::string_view verb, family::Family const& family);
/// Verbs in the order of `help`.
std::vector<std::string_view> verbs_of(family::Family const& family);
/// Words that may follow a verb and the words behind it.
std::vector<std::string> complete_special(std::string_view verb, std::span<std::string const> typed, std::string_view begun,
                                          family::Family const& family);

}  // namespace countersign::dialect::xapi
