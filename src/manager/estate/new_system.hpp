#pragma once

/// Checks of what a person says when adding a system or changing the policy. Pure; all problems at once.

#include "family/family.hpp"
#include "manager/manager.hpp"

namespace countersign::manager {

/// GEN-001, GEN-002, FAM-002; several: GEN-006. Texts come back trimmed, names in lower case. What is asked of a system's connection
/// settings is asked here, whether it is added, listed or changed (estate/system_change.hpp).
Result<NewSystem> check_new_system(NewSystem system, family::Families const& families);

/// GEN-001, CRT-018; several: GEN-006.
Result<Policy> check_policy(Policy policy);

/// The system has what it would be found by.
bool can_track(System const& system, TrackBy how);

/// A pin as it is kept: the SHA-256 fingerprint of a certificate or of its key as 64 small hexadecimal digits, or that of an SSH host key
/// as ssh-keygen shows it ("SHA256:..."). Nothing when it is neither.
std::optional<std::string> normal_pin(std::string_view text);
inline constexpr std::string_view k_ways_to_track = "address, host_name or mac is expected";
inline constexpr std::string_view k_what_pins_are =
    "each is the SHA-256 fingerprint of a certificate, 64 hexadecimal digits, or of an SSH host key, SHA256:...";

}  // namespace countersign::manager
