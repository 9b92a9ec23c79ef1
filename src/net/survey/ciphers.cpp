#include "net/survey/ciphers.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace countersign::net::survey {

namespace {

using Name = std::pair<std::uint16_t, std::string_view>;

// IANA, "TLS Supported Groups".
constexpr Name k_groups[] = {
    {1, "sect163k1"},
    {2, "sect163r1"},
    {3, "sect163r2"},
    {4, "sect193r1"},
    {5, "sect193r2"},
    {6, "sect233k1"},
    {7, "sect233r1"},
    {8, "sect239k1"},
    {9, "sect283k1"},
    {10, "sect283r1"},
    {11, "sect409k1"},
    {12, "sect409r1"},
    {13, "sect571k1"},
    {14, "sect571r1"},
    {15, "secp160k1"},
    {16, "secp160r1"},
    {17, "secp160r2"},
    {18, "secp192k1"},
    {19, "secp192r1"},
    {20, "secp224k1"},
    {21, "secp224r1"},
    {22, "secp256k1"},
    {23, "secp256r1"},
    {24, "secp384r1"},
    {25, "secp521r1"},
    {26, "brainpoolP256r1"},
    {27, "brainpoolP384r1"},
    {28, "brainpoolP512r1"},
    {29, "x25519"},
    {30, "x448"},
    {31, "brainpoolP256r1tls13"},
    {32, "brainpoolP384r1tls13"},
    {33, "brainpoolP512r1tls13"},
    {256, "ffdhe2048"},
    {257, "ffdhe3072"},
    {258, "ffdhe4096"},
    {259, "ffdhe6144"},
    {260, "ffdhe8192"},
    {0x11eb, "SecP256r1MLKEM768"},
    {0x11ec, "X25519MLKEM768"},
    {0x11ed, "SecP384r1MLKEM1024"},
};

constexpr std::uint16_t k_groups_tls12[] = {29, 23, 24, 25, 30, 26, 27, 28, 22, 21, 14, 13, 12, 11, 10,
                                            9,  8,  7,  6,  20, 19, 18, 5,  4,  17, 16, 15, 3,  2,  1};
constexpr std::uint16_t k_groups_tls13[] = {0x11ec, 29, 23, 24, 25, 30, 256, 257, 258, 259, 260, 0x11eb, 0x11ed, 31, 32, 33};

constexpr std::pair<int, std::string_view> k_alerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

std::string hexadecimal(std::uint16_t id) {
    std::array<std::uint8_t, 2> const bytes{static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    return "0x" + to_hex(bytes);
}

std::string_view name_of(std::uint16_t id) {
    auto const all = all_ciphers();
    auto const found = std::ranges::find(all, id, &CipherSuite::id);
    return found == all.end() ? std::string_view() : found->name;
}

bool is_tls13(std::uint16_t id) { return (id >> 8) == 0x13; }

/// Made before TLS 1.2: a MAC of SHA-1 or MD5 (RFC 5246 section 1.2).
bool is_old(std::string_view name) { return name.ends_with("_SHA") || name.ends_with("_MD5"); }

}  // namespace

std::string_view to_string(Version version) {
    switch (version) {
        case Version::ssl3: return "SSL 3";
        case Version::tls1_0: return "TLS 1.0";
        case Version::tls1_1: return "TLS 1.1";
        case Version::tls1_2: return "TLS 1.2";
        case Version::tls1_3: return "TLS 1.3";
    }
    return "unknown";
}

std::string cipher_name(std::uint16_t id) {
    auto const name = name_of(id);
    return name.empty() ? hexadecimal(id) : std::string(name);
}

std::vector<std::uint16_t> ciphers_of(Version version) {
    std::vector<std::uint16_t> out;
    for (auto const& suite : all_ciphers()) {
        if (is_tls13(suite.id) != (version == Version::tls1_3)) continue;
        if (version < Version::tls1_2 && !is_old(suite.name)) continue;
        // RFC 4492 section 4: elliptic curves need extensions, which SSL 3 has not.
        if (version == Version::ssl3 && suite.name.starts_with("TLS_ECDH")) continue;
        out.push_back(suite.id);
    }
    return out;
}

Weakness weakness_of(std::uint16_t cipher) {
    auto const name = name_of(cipher);
    auto const has = [name](std::string_view word) { return name.contains(word); };
    if (name.empty() || is_tls13(cipher)) return Weakness::none;
    if (has("_anon_")) return Weakness::anonymous;
    if (has("_WITH_NULL_")) return Weakness::no_encryption;
    if (has("_EXPORT")) return Weakness::exportable;
    if (has("_RC4_") || has("_DES_") || has("_3DES_") || has("_RC2_") || has("_IDEA_")) return Weakness::broken;
    if (!has("_DHE_") && !has("_ECDHE_")) return Weakness::no_forward_secrecy;
    return Weakness::none;
}

std::string_view to_string(Weakness weakness) {
    switch (weakness) {
        case Weakness::none: return "none";
        case Weakness::no_forward_secrecy: return "no-forward-secrecy";
        case Weakness::broken: return "broken";
        case Weakness::exportable: return "export";
        case Weakness::no_encryption: return "no-encryption";
        case Weakness::anonymous: return "anonymous";
    }
    return "none";
}

std::string_view signer_of(std::uint16_t cipher) {
    auto const name = name_of(cipher);
    auto const exchange = name.substr(0, name.find("_WITH_"));
    if (name.empty() || exchange.size() == name.size()) return "";
    if (exchange.contains("_anon")) return "anon";
    if (exchange.contains("ECDSA")) return "ECDSA";
    if (exchange.contains("DSS")) return "DSS";
    return "RSA";
}

std::string group_name(std::uint16_t id) {
    auto const* found = std::ranges::find(k_groups, id, &Name::first);
    return found == std::end(k_groups) ? hexadecimal(id) : std::string(found->second);
}

std::span<std::uint16_t const> groups_of_tls12() { return k_groups_tls12; }
std::span<std::uint16_t const> groups_of_tls13() { return k_groups_tls13; }

// sect163, sect193, secp160 and secp192 (the numbers 1 to 5 and 15 to 19 of the registry).
bool is_weak_group(std::uint16_t id) { return (id >= 1 && id <= 5) || (id >= 15 && id <= 19); }

std::string alert_name(int description) {
    auto const* found = std::ranges::find(k_alerts, description, &std::pair<int, std::string_view>::first);
    return found == std::end(k_alerts) ? "alert " + std::to_string(description) : std::string(found->second);
}

}  // namespace countersign::net::survey
