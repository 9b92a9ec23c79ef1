#include "manager/store/sqlite_phonebooks.hpp"

#include <cstdint>

namespace countersign::manager::store {
namespace {

/// The lower-case form of a letter of two bytes in UTF-8 (U+0080 to U+07FF).
std::uint32_t lower(std::uint32_t c) {
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;                          // Latin-1
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177)) return c | 1;        // Latin Extended-A, pairs that begin even
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c + (c & 1);  // and those that begin odd
    if (c == 0x178) return 0xFF;
    if (c >= 0x391 && c <= 0x3AB && c != 0x3A2) return c + 0x20;  // Greek
    if (c >= 0x410 && c <= 0x42F) return c + 0x20;                // Cyrillic
    if (c >= 0x400 && c <= 0x40F) return c + 0x50;
    return c;
}

}  // namespace

std::string fold_case(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const byte = static_cast<unsigned char>(text[i]);
        bool const pair = byte >= 0xC2 && byte <= 0xDF && i + 1 < text.size();
        if (!pair) {
            out += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 0x20) : text[i];
            continue;
        }
        auto const c = lower((static_cast<std::uint32_t>(byte & 0x1F) << 6U) | (static_cast<unsigned char>(text[i + 1]) & 0x3FU));
        out += static_cast<char>(0xC0U | (c >> 6U));
        out += static_cast<char>(0x80U | (c & 0x3FU));
        ++i;
    }
    return out;
}

}  // namespace countersign::manager::store
