#pragma once

/// The rules that OpenSSL does not have or forgives, one function for each part of a certificate. Written from RFC 5280, RFC 9525 and
/// the CA/Browser Forum's Baseline Requirements; what is a failure where stands in catalogue/findings.toml. Internal to this room.

#include "pki/verify/anatomy.hpp"
#include "pki/verify/collector.hpp"

#include <string_view>

namespace countersign::pki {

enum class Role { leaf, intermediate, anchor };

/// One certificate of a path, and everything the rules need to know about its place there.
struct Judged {
    Certificate const& certificate;
    Anatomy const& anatomy;
    Role role;
    int depth;
    Certificate const* issuer;  ///< the next one of the path; null for the last
    VerifyRequest const& request;
    StrictnessNumbers const& numbers;
    Collector& collector;

    /// What basicConstraints say; an authority by place is another matter.
    [[nodiscard]] bool claims_authority() const;
    [[nodiscard]] bool is_self_signed() const;
    void found(Rule rule, std::string detail = {}) const { collector.add(rule, depth, certificate.native(), std::move(detail)); }
};

// rules_certificate.cpp
void judge_basic_fields(Judged const& one);
void judge_names(Judged const& one);
// rules_authority.cpp: basic constraints, key usage, key identifiers
void judge_authority(Judged const& one);
void judge_key_usage(Judged const& one);
void judge_key_identifiers(Judged const& one);
// rules_extensions.cpp
void judge_extension_list(Judged const& one);
void judge_policies(Judged const& one);
void judge_access_and_points(Judged const& one);
void judge_purpose_form(Judged const& one);
// rules_san.cpp
void judge_alternative_names(Judged const& one);
void judge_common_name(Judged const& one);
// rules_constraints.cpp
void judge_constraints_form(Judged const& one);
/// Wildcards, URIs without a host name; the rest of RFC 5280 section 4.2.1.10 is OpenSSL's. `path`: leaf first.
void judge_constrained_names(std::span<Certificate const* const> path, StrictnessNumbers const& numbers, Collector& collector);
/// Names times constraints along the path: what OpenSSL would compare, at most.
std::size_t count_name_comparisons(std::span<Certificate const* const> path);

// rules_strength.cpp: for every profile
void judge_strength(Certificate const& certificate, Role role, int depth, Certificate const* issuer, StrictnessNumbers const& numbers,
                    Collector& collector);
void judge_key_form(Judged const& one);

// rules_purpose.cpp: for every profile
void judge_purpose(Certificate const& certificate, Role role, int depth, Purpose purpose, StrictnessNumbers const& numbers,
                   Collector& collector);

}  // namespace countersign::pki
