#pragma once

/// A reader of DER that refuses what X.690 section 10 forbids: lengths that are not minimal or indefinite, and tags above 30, which
/// no certificate has. OpenSSL is more patient. Internal to this room.

#include <cstdint>
#include <optional>
#include <span>

namespace countersign::pki::der {

using View = std::span<std::uint8_t const>;

inline constexpr std::uint8_t k_boolean = 0x01, k_integer = 0x02, k_bit_string = 0x03, k_octet_string = 0x04, k_null = 0x05, k_oid = 0x06,
                              k_utf8_string = 0x0c, k_printable_string = 0x13, k_teletex_string = 0x14, k_ia5_string = 0x16,
                              k_utc_time = 0x17, k_generalized_time = 0x18, k_universal_string = 0x1c, k_bmp_string = 0x1e,
                              k_sequence = 0x30, k_set = 0x31;
/// [n] of a primitive and of a constructed value.
constexpr std::uint8_t tagged(int n) { return static_cast<std::uint8_t>(0x80 | n); }
constexpr std::uint8_t wrapped(int n) { return static_cast<std::uint8_t>(0xa0 | n); }

struct Value {
    std::uint8_t tag = 0;
    View content;
    View whole;  ///< with tag and length
};

/// Reads values one after the other. After the first fault it stays empty and `ok()` is false.
class Reader {
public:
    explicit Reader(View bytes) : rest_(bytes) {}
    [[nodiscard]] bool ok() const { return ok_; }
    /// Nothing is left; false after a fault.
    [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
    [[nodiscard]] bool more() const { return ok_ && !rest_.empty(); }
    /// The tag of the next value; 0 when there is none.
    [[nodiscard]] std::uint8_t peek() const { return more() ? rest_.front() : 0; }
    /// Nothing at the end or after a fault.
    std::optional<Value> next();
    /// The next value if it has this tag. Otherwise nothing is read and there is no fault.
    std::optional<Value> take(std::uint8_t tag);
    /// The same, and anything else is a fault.
    std::optional<Value> expect(std::uint8_t tag);

private:
    std::optional<Value> refuse();
    View rest_;
    bool ok_ = true;
};

/// The content of a value that fills `bytes` wholly; nothing when it does not.
std::optional<View> only(View bytes, std::uint8_t tag);
/// An INTEGER's content is minimal.
bool is_integer(View content);
bool is_oid(View content);
bool is_boolean(View content);

}  // namespace countersign::pki::der
