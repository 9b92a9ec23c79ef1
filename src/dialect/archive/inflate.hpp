#pragma once

/// Decompression of DEFLATE (RFC 1951), whole and in memory.

#include <optional>
#include <string>
#include <string_view>

namespace countersign::dialect::archive {

/// Nothing when it is broken, cut off, or longer than `most` bytes unpacked.
std::optional<std::string> inflate(std::string_view packed, std::size_t most);

}  // namespace countersign::dialect::archive
