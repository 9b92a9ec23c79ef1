#pragma once

/// How much work one call of verify_chain may do, whatever it is given. Each limit that is reached is a finding.
///
/// Time: a signature check takes at most some milliseconds (RSA 16384), everything else is cheap, so that the worst input ends
/// within about a second and a half. Memory: a few dozen bytes for each certificate that was presented.

#include <cstddef>

namespace countersign::pki {

struct VerifyLimits {
    std::size_t certificates;       ///< of those presented; the others are left out
    std::size_t path_certificates;  ///< in one path, leaf and anchor counted
    std::size_t paths;              ///< candidates that are judged in full
    std::size_t steps;              ///< pairs of subject and issuer looked at by the search
    std::size_t signatures;         ///< signatures of certificates that are checked
    std::size_t name_comparisons;   ///< names times constraints along one path
    std::size_t names_shown;        ///< findings of one rule about one certificate
    int intermediates;              ///< in one path when the caller says nothing, self-issued ones not counted
};

inline constexpr VerifyLimits k_verify_limits{.certificates = 10'000,
                                              .path_certificates = 64,
                                              .paths = 32,
                                              .steps = 20'000,
                                              .signatures = 256,
                                              .name_comparisons = 250'000,
                                              .names_shown = 3,
                                              .intermediates = 16};

/// What a verification did; for tests of the limits.
struct VerifyWork {
    std::size_t paths = 0;
    std::size_t steps = 0;
    std::size_t signatures = 0;
    std::size_t name_comparisons = 0;
};

}  // namespace countersign::pki
