#pragma once

/// toml++ 3.3 (the version of Debian 12) does not survive two kinds of broken documents: it ends the program with an assertion
/// when a table header begins with a character that no key may begin with (`[!`, `[[{`), and reaches undefined behaviour at
/// some characters outside ASCII in a key. Ask here before giving it a file that people write.

#include <cstddef>
#include <optional>
#include <string_view>

namespace countersign {

/// The line (from 1) of the first table header that no key begins, or of the first character outside ASCII or control character
/// that stands neither in a text nor in a comment: TOML 1.0 allows none of them.
std::optional<std::size_t> find_fatal_toml(std::string_view text);

}  // namespace countersign
