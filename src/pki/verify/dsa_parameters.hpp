#pragma once

/// DSA keys without parameters of their own, which have those of the authority above (RFC 5280 section 6.1.4 (d) to (f); RFC 3279
/// section 2.3.2). OpenSSL 3.0 cannot read such a key at all. Internal to this room.

#include "pki/certificate.hpp"

#include <span>
#include <vector>

namespace countersign::pki {

/// The path with such certificates replaced by copies whose keys are complete. The signatures of copies do not fit: they are for their
/// keys. Empty when there was nothing to complete, as almost always.
std::vector<Certificate> complete_dsa_keys(std::span<Certificate const* const> path);

}  // namespace countersign::pki
