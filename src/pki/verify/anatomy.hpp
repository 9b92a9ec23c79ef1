#pragma once

/// A certificate taken apart by a strict reader: every field as the bytes it has, so that rules of form can be judged which OpenSSL
/// has already forgiven when it hands out its objects (RFC 5280 section 4.1). Internal to this room.

#include "pki/certificate.hpp"
#include "pki/verify/der.hpp"

#include <array>
#include <vector>

namespace countersign::pki {

struct ExtensionBytes {
    der::View oid;    ///< content of the OBJECT IDENTIFIER
    der::View value;  ///< content of the OCTET STRING
    bool critical = false;
};

struct Anatomy {
    Bytes bytes;            ///< what the views below are into
    bool readable = false;  ///< false: it is not DER, and nothing below is set
    int version = 1;
    bool writes_defaults = false;  ///< version 1 or critical FALSE spelled out, which DER leaves out
    der::View serial;
    der::View inner_algorithm, outer_algorithm;  ///< whole values
    der::View issuer, subject;                   ///< contents of the names
    der::Value not_before, not_after;
    der::View key_algorithm;   ///< content of its OBJECT IDENTIFIER
    der::View key_parameters;  ///< whole value; empty: none
    bool has_unique_identifiers = false;
    bool has_extensions = false;
    std::vector<ExtensionBytes> extensions;

    explicit Anatomy(Certificate const& certificate);
    Anatomy(Anatomy const&) = delete;
    Anatomy& operator=(Anatomy const&) = delete;
    Anatomy(Anatomy&&) = default;
    Anatomy& operator=(Anatomy&&) = default;
    ~Anatomy() = default;

    /// The first one of this identifier, or null.
    [[nodiscard]] ExtensionBytes const* find(der::View oid) const;
};

/// The identifiers of the extensions that have rules.
namespace oid {
using Ce = std::array<std::uint8_t, 3>;
using Pe = std::array<std::uint8_t, 8>;
inline constexpr Ce subject_directory_attributes{0x55, 0x1d, 9}, subject_key_identifier{0x55, 0x1d, 14}, key_usage{0x55, 0x1d, 15},
    subject_alternative_name{0x55, 0x1d, 17}, issuer_alternative_name{0x55, 0x1d, 18}, basic_constraints{0x55, 0x1d, 19},
    name_constraints{0x55, 0x1d, 30}, distribution_points{0x55, 0x1d, 31}, certificate_policies{0x55, 0x1d, 32},
    policy_mappings{0x55, 0x1d, 33}, authority_key_identifier{0x55, 0x1d, 35}, policy_constraints{0x55, 0x1d, 36},
    extended_key_usage{0x55, 0x1d, 37}, freshest_list{0x55, 0x1d, 46}, inhibit_any_policy{0x55, 0x1d, 54};
inline constexpr Pe authority_access{0x2b, 6, 1, 5, 5, 7, 1, 1}, subject_access{0x2b, 6, 1, 5, 5, 7, 1, 11};
inline constexpr std::array<std::uint8_t, 4> any_purpose{0x55, 0x1d, 37, 0}, any_policy{0x55, 0x1d, 32, 0};
inline constexpr std::array<std::uint8_t, 9> rsa_encryption{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1};
inline constexpr std::array<std::uint8_t, 7> ec_public_key{0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
}  // namespace oid

/// "2.5.29.17"
std::string oid_text(der::View oid);

/// keyUsage as the bits of RFC 5280: bit 0 digitalSignature ... bit 8 decipherOnly. Nothing when the value is broken.
std::optional<unsigned> parse_key_usage(der::View value);
inline constexpr unsigned k_key_cert_sign = 1U << 5, k_crl_sign = 1U << 6;

struct BasicConstraintsValue {
    bool authority = false;
    bool has_path_length = false;
    bool writes_default = false;
};
std::optional<BasicConstraintsValue> parse_basic_constraints(der::View value);

struct AuthorityKeyIdentifier {
    std::optional<der::View> key, serial, issuer;
};
std::optional<AuthorityKeyIdentifier> parse_authority_key_identifier(der::View value);

}  // namespace countersign::pki
