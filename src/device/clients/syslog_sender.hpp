#pragma once

/// What happens to a system, told to a syslog server (REQ TRU-6): every event of the journal, one message each (dialect/syslog.hpp). A
/// refused server's certificate is the line of the guides.
///
/// Settings: `log.syslog.mode` (where there is one: off, on), `.address` (host name or address; empty: nobody), `.port` (0 or none: that
/// of the protocol), `.protocol`: `udp` (RFC 5426, port 514; Level 1: in clear) or `tls` (RFC 5425, port 6514). With `tls` the server is
/// always verified against the system's trust list, also while verification of other servers is off: a log that anybody can
/// take is none. There is no way back from `tls` to `udp`.
///
/// What cannot be sent waits, at most 1,000 messages; then the oldest go, and how many is told once the server is there again. Over UDP
/// nobody knows whether a message came.

#include "device/unit.hpp"

#include <memory>

namespace countersign::device {

inline constexpr std::size_t k_syslog_queue = 1000;

/// A CompanionMaker. Null for families without `log.syslog.address`.
std::unique_ptr<Companion> make_syslog_sender(std::shared_ptr<Unit> unit);

}  // namespace countersign::device
