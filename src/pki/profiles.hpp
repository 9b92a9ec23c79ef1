#pragma once

/// What certificates are issued for: one described table, catalogue/certificate-profiles.toml. Usages, limits and whose names stand in a
/// certificate are looked up here by everything that issues; no code has a list of its own.

#include "base/result.hpp"

#include "countersign/certificate_profiles.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace countersign::pki {

struct ProfileRow {
    Profile profile{};
    std::string_view name;       ///< "device"
    std::string_view title;      ///< "System"
    std::string_view meant_for;  ///< who gets one, a sentence without its end
    std::string_view why;
    std::span<std::string_view const> extended_key_usages;  ///< "serverAuth", "clientAuth", "OCSPSigning"; none: the extension is left out
    std::span<std::string_view const> key_usages;           ///< names of RFC 5280 section 4.2.1.3
    std::span<std::string_view const> key_usages_rsa;       ///< besides, with an RSA key
    std::span<std::string_view const> key_types;            ///< "ec:p256"; what a policy may ask for
    std::uint16_t usage_bits = 0;                           ///< bit n of KeyUsage is 1 << n
    std::uint16_t usage_bits_rsa = 0;                       ///< all of them, with an RSA key
    int days = 0;                                           ///< unless something else is asked for
    int longest_days = 0;
    bool host_names = false;    ///< names of hosts stand in it
    bool addresses = false;     ///< IP addresses may
    bool is_authority = false;  ///< basic constraints say so
    bool ocsp_no_check = false;

    [[nodiscard]] bool takes_key_type(std::string_view key_type) const;  ///< without case
    [[nodiscard]] std::chrono::days life() const { return std::chrono::days(days); }
    [[nodiscard]] std::chrono::days longest_life() const { return std::chrono::days(longest_days); }
};

/// In the order of the enum.
std::span<ProfileRow const> all_profiles();
ProfileRow const& profile_row(Profile profile);
/// By name, without case; "ca" is the authority. GEN-001.
Result<Profile> parse_profile(std::string_view text);

}  // namespace countersign::pki
