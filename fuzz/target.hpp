#pragma once

/// What fuzz targets share. A target takes any bytes, must come back within seconds, and calls must_hold() for what is promised of
/// the code under test; a promise that is broken ends the program, and libFuzzer keeps the input.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace countersign::fuzz {

inline std::string_view text_of(std::uint8_t const* data, std::size_t size) { return {reinterpret_cast<char const*>(data), size}; }

inline void must_hold(bool condition, char const* promise) {
    if (condition) return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

}  // namespace countersign::fuzz
