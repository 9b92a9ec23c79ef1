#pragma once

/// What a plan knows of a system whose certificates come from an authority that people ask by hand (docs/by-hand.md): whether a request
/// waits, whether its answer is here, and how early the next one is asked for. Plain values.

#include "pki/certificate.hpp"

#include <cstdint>
#include <optional>

namespace countersign::manager {

using RequestId = std::int64_t;

/// Days before the end of a certificate at which its successor is asked for, unless the settings say otherwise.
inline constexpr int k_request_days = 60;

struct ByHand {
    RequestId request = 0;  ///< the one in hand that fits the system as it is now; 0: none
    UtcTime made{};
    /// The authority's answer to it, checked and kept, not yet proven in place; nothing: it is awaited.
    std::optional<pki::Certificate> answer{};
    int days_before = k_request_days;
};

}  // namespace countersign::manager
