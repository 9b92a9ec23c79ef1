#pragma once

/// How strictly certificates are judged: named profiles as data, catalogue/strictness/<name>.toml.
///
/// "device-legacy"  what equipment of the seeds can hold: common names count as host names, no rule of form is a failure
/// "rfc5280"        everything RFC 5280 says "MUST" about, and RFC 9525 for names
/// "webpki"         what clients of today ask of a public server (CA/Browser Forum Baseline Requirements)

#include "base/result.hpp"

#include "countersign/rules.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::pki {

enum class Severity { ignored, advice, failure };

/// The numbers and lists of a profile. An empty list allows anything.
struct StrictnessNumbers {
    int minimum_rsa_bits = 0;
    int minimum_dsa_bits = 0;
    int minimum_ec_bits = 0;
    std::span<std::string_view const> key_types;   ///< as Certificate::key_algorithm() names them
    std::span<std::string_view const> curves;      ///< OpenSSL's short names: "prime256v1"
    std::span<std::string_view const> signatures;  ///< OpenSSL's names: "ecdsa-with-SHA256"
    int minimum_digest_strength = 0;               ///< bits against collisions: MD5 39, SHA-1 63, SHA-224 112
    bool accepts_old_dsa = false;                  ///< 1024 bits with SHA-1, the only DSA that RFC 3279 has
    bool digest_of_curve = false;                  ///< P-256 signs with SHA-256, P-384 with SHA-384, P-521 with SHA-512 only
    bool common_name_counts = false;               ///< as the name of a host, when there is no subjectAltName
    bool any_purpose_counts = false;               ///< anyExtendedKeyUsage stands for server and client
    bool anchors_are_judged = false;               ///< by the rules of form too
    bool judges_form = false;                      ///< false: the rules of form are not even looked at
};

struct StrictnessRow;

/// Read once and kept for the life of the program.
class Strictness {
public:
    /// CRT-028 when there is none of this name; the error lists those there are.
    static Result<Strictness const*> find(std::string_view name);
    static Strictness const& device_legacy();
    static std::vector<std::string> names();

    [[nodiscard]] std::string const& name() const { return name_; }
    /// Of a rule of catalogue/findings.toml; "ignored" for what is no rule.
    [[nodiscard]] Severity severity(std::string_view rule) const;
    [[nodiscard]] Severity severity(Rule rule) const;
    [[nodiscard]] StrictnessNumbers const& numbers() const;

private:
    friend struct StrictnessReader;
    Strictness() = default;
    std::string name_;
    StrictnessRow const* row_ = nullptr;
};

/// A profile as the generated table holds it.
struct StrictnessRow {
    std::string_view name;
    StrictnessNumbers numbers;
    std::span<Severity const, k_rule_count> severities;
};
std::span<StrictnessRow const> strictness_rows();

}  // namespace countersign::pki
