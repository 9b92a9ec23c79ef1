#pragma once

/// Requests that somebody else made, before anybody signs them.

#include "pki/certificate.hpp"

namespace countersign::pki {

/// CRT-018 for a key that is none of KeyType: another curve or size, or an algorithm that is not known.
Result<KeyType> key_type_of(CertificateRequest const& request);

/// It asks for names, usages and a key identifier at most, and not to be an authority: whoever signs may copy all of it (openssl's
/// copy_extensions). CRT-010.
Result<void> check_is_no_authority(CertificateRequest const& request);

}  // namespace countersign::pki
