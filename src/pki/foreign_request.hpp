#pragma once

/// Requests that somebody else made, before anybody signs them.

#include "pki/certificate.hpp"

namespace countersign::pki {

/// CRT-018 for a key that is none of KeyType: another curve or size, or an algorithm that is not known.
Result<KeyType> key_type_of(CertificateRequest const& request);

/// It asks for names, usages and a key identifier at most, each once and in one attribute, and not to be more than a server and a client of
/// TLS: whoever signs may copy all of it (openssl's copy_extensions), or read another part of it than we do. A challenge password (RFC 2985
/// section 5.4.1) is the only other attribute that may be there. CRT-010.
Result<void> check_is_no_authority(CertificateRequest const& request);

/// Its subject is one common name and nothing else, and its alternative names are host names and addresses, so that common_name() and
/// alternative_names() say all that a certificate for it would be good for. CRT-010.
Result<void> check_names_are_plain(CertificateRequest const& request);

}  // namespace countersign::pki
