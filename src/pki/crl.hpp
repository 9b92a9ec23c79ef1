#pragma once

/// Certificate revocation lists (RFC 5280 section 5): complete, delta and indirect ones.

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/utc_time.hpp"
#include "pki/certificate.hpp"
#include "pki/openssl_types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::pki {

/// Largest list that is read, in bytes: those of large public authorities are some megabytes.
inline constexpr std::size_t k_crl_limit = 32 * 1024 * 1024;

/// Copying shares the same immutable list.
class Crl {
public:
    /// PEM or DER, told apart by content. CRT-022 when it is broken, FIL-003 over k_crl_limit. The signature is checked when
    /// a certificate is verified against it, not here.
    static Result<Crl> parse(std::string_view bytes);
    static Result<Crl> parse_der(std::span<std::uint8_t const> der);
    /// Takes ownership of a reference of `crl`.
    explicit Crl(X509_crl_st* crl);

    [[nodiscard]] std::string issuer() const;
    [[nodiscard]] UtcTime this_update() const;
    [[nodiscard]] std::optional<UtcTime> next_update() const;
    [[nodiscard]] std::string number() const;                   ///< cRLNumber, lower-case hexadecimal; empty: none
    [[nodiscard]] std::optional<std::string> delta_of() const;  ///< deltaCRLIndicator: the number it is based on
    [[nodiscard]] std::string signature_algorithm() const;
    [[nodiscard]] std::size_t size() const;  ///< entries
    /// Has entries of other issuers than its own (issuingDistributionPoint; RFC 5280 section 5.2.5).
    [[nodiscard]] bool is_indirect() const;
    /// Bears this certificate's subject as issuer and is signed with its key. Dates and extensions are not looked at.
    [[nodiscard]] bool is_signed_by(Certificate const& authority) const;
    struct Entry {
        std::string serial;  ///< lower-case hexadecimal
        UtcTime at;
        int reason = 0;  ///< CRLReason (RFC 5280 section 5.3.1); 0: unspecified or not said
    };
    /// At most `limit` entries, in the order of the list.
    [[nodiscard]] std::vector<Entry> entries(std::size_t limit = SIZE_MAX) const;
    [[nodiscard]] std::string to_pem() const;
    [[nodiscard]] Bytes to_der() const;
    [[nodiscard]] X509_crl_st* native() const { return crl_.get(); }

private:
    std::shared_ptr<X509_crl_st> crl_;
};

/// "keyCompromise" and the like; "unspecified" for what has no name.
std::string_view reason_name(int reason);
/// The number of a reason's name; nothing when there is none of this name.
std::optional<int> parse_reason(std::string_view name);

}  // namespace countersign::pki
