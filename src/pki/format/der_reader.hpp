#pragma once

/// Walks over DER (ITU-T X.690) without decoding it: one element after the other, each with its content and as it stands. Strict:
/// definite lengths in their shortest form, tags below 31. For what is compared or hashed byte by byte, and for what OpenSSL decodes
/// only together with things that are not wanted. Borrows from the bytes that are read. Internal to src/pki.

#include "pki/format/der_tags.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace countersign::pki {

struct DerElement {
    std::uint8_t tag = 0;
    std::span<std::uint8_t const> content;
    std::span<std::uint8_t const> whole;  ///< with its header
};

class DerReader {
public:
    explicit DerReader(std::span<std::uint8_t const> bytes) : rest_(bytes) {}
    /// Takes the next element; nothing at the end, or when it is broken or does not have this tag, and then nothing is taken.
    std::optional<DerElement> next(std::uint8_t tag);
    std::optional<DerElement> next();
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
    std::span<std::uint8_t const> rest_;
};

}  // namespace countersign::pki
