#pragma once

/// What the parse functions promise of a certificate, for certificates that were decoded as parts of something else.
/// Internal to src/pki.

#include "base/result.hpp"
#include "pki/certificate.hpp"
#include "pki/openssl.hpp"

namespace countersign::pki {

/// CRT-002 when a date is not one.
Result<Certificate> sound_certificate(X509Ptr certificate);

}  // namespace countersign::pki
