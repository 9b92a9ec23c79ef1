#pragma once

/// A reader of DER that refuses what X.690 section 10 forbids: lengths that are not minimal or indefinite, and tags above 30, which
/// no certificate has. OpenSSL is more patient. Internal to this room.

#include "pki/format/der_tags.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace countersign::pki::der {

using View = std::span<std::uint8_t const>;

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
