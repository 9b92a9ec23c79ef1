#pragma once

/// Writes DER (ITU-T X.690) from front to back. For what is written often and in one form only; OpenSSL's objects cost several times
/// as much. Internal to src/pki.

#include "base/text.hpp"
#include "base/utc_time.hpp"
#include "pki/format/der_tags.hpp"

#include <cstdint>
#include <span>

namespace countersign::pki {

class DerWriter {
public:
    using View = std::span<std::uint8_t const>;

    /// `expected`: octets to make room for; more may be written.
    explicit DerWriter(std::size_t expected) { out_.reserve(expected); }

    /// One or more elements that are encoded already.
    void raw(View encoded) { out_.insert(out_.end(), encoded.begin(), encoded.end()); }
    void element(std::uint8_t tag, View content);
    void integer(std::int64_t value);
    /// An INTEGER that is not negative, from its octets, the highest first. Zeros before them do not count.
    void positive_integer(View magnitude);
    void boolean(bool value);
    /// Whole octets.
    void bit_string(View bits);
    /// UTCTime up to 2049 and GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5); GeneralizedTime also before 1950. False, and
    /// nothing written, for years that four digits cannot say.
    [[nodiscard]] bool time(UtcTime time);
    /// An element with what `fill` writes as its content.
    template <class Fill>
    void wrap(std::uint8_t tag, Fill const& fill) {
        auto const content = open(tag);
        fill();
        close(content);
    }

    [[nodiscard]] Bytes take() && { return std::move(out_); }

private:
    void header(std::uint8_t tag, std::size_t length);
    std::size_t open(std::uint8_t tag);
    void close(std::size_t content);

    Bytes out_;
};

}  // namespace countersign::pki
