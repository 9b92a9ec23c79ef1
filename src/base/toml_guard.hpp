#pragma once

/// toml++ 3.3 (the version of Debian 12) does not survive some broken documents: it ends the program with an assertion
/// when a table header begins with a character that no key may begin with (`[!`, `[[{`), or a date without its
/// time, and reaches undefined behaviour at some characters outside ASCII where no text is. Ask here before giving it a file that people
/// write.

#include <cstddef>
#include <optional>
#include <string_view>

namespace countersign {

/// The line (from 1) of the first of these, none of which TOML 1.0 allows: a table header that no key begins, a character outside
/// ASCII or a control character that stands neither in a text nor in a comment, a quote where no text may begin, a date that ends
/// with its T, a bracket that closes another kind.
std::optional<std::size_t> find_fatal_toml(std::string_view text);

}  // namespace countersign
