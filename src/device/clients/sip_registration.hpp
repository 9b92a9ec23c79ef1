#pragma once

/// Keeps the system registered at the SIP registrar of its settings `sip.registrar.*`, over UDP, TCP or TLS as `sip.outgoing_transport`
/// says and over nothing else (RFC 3261 section 10; REQ RMX-9).
///
/// Over TLS both sides show a certificate: that of the identity of the service "sips", and the registrar's, which is verified with
/// client.verify as every server's is. When it fails, the alarm `sip.registration` and the facts `sip.registration.status` (Off,
/// Registering, Registered, Failed), `.refused_by` (system, registrar, or nothing) and `.diagnosis` say which of the two sides refused, and
/// why; `tls.failed` tells a refused certificate as for other servers. No payload is sent to a registrar that was refused.
///
/// Answers wait 8 s at most, over UDP three times 4 s; failures are tried again after 2 s to 5 min. A registration is renewed when four
/// fifths of its time are over, and given up when the setting is switched off. After each exchange the connection is closed.

#include "device/unit.hpp"

#include <memory>

namespace countersign::device {

/// Null when the family has no registrar.
std::unique_ptr<Companion> make_sip_registration(std::shared_ptr<Unit> unit);

}  // namespace countersign::device
