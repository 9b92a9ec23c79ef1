#pragma once

/// The revocation choice of an identity on disk: `revocation`, one key and value a line.

#include "device/certificates.hpp"

#include <filesystem>

namespace countersign::device {

/// The default when there is none, or a damaged one.
[[nodiscard]] RevocationChoice load_revocation(std::filesystem::path const& folder);
/// FIL-002.
Result<void> store_revocation(std::filesystem::path const& folder, RevocationChoice const& choice, host::Durability durability);

}  // namespace countersign::device
