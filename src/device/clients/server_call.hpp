#pragma once

/// One POST of a system to a server: to its external manager or to a feedback address. The same rules for all of them: bound to
/// the unit's address, names from its name servers, time from its clock, HTTPS never becomes HTTP, and with verification on no
/// byte of payload leaves before the server's certificate passed (REQ CLI-1, CLI-4, TRU-3).

#include "device/unit.hpp"
#include "dialect/soap_external_manager.hpp"
#include "net/address.hpp"
#include "net/http/message.hpp"

#include <memory>
#include <string>

namespace countersign::device {

struct ServerCall {
    std::string client;  ///< "external_manager", "feedback": for the journal
    net::Url url;
    net::http::Fields fields;
    std::string body;
};

/// Fails like Unit::client_settings and net::http::Client::send; NET-011 for an answer other than 2xx. When the server's certificate was
/// refused, the line of REQ TRU-6 is the error's parameter "syslog", and the field "syslog" of an event "client.refused". An answer
/// has at most 256 KiB.
net::Task<Result<net::http::Response>> call_server(std::shared_ptr<Unit> unit, ServerCall call);

/// "SSL: socklib_sslHandshake: VerifyResult=14=ERROR_IN_CERT_NOT_AFTER_FIELD, NameCheck: Match" (REQ TRU-6): OpenSSL's number and name of
/// the worst finding, and whether the name was right.
std::string handshake_line(pki::Verdict const& verdict);

/// Adds the estate's offset to a port that is the scheme's own: the servers of an estate whose ports are shifted are shifted too.
net::Url with_offset(net::Url url, std::uint16_t offset);

/// What a unit says of itself in calls.
dialect::external_manager::Identification identification_of(Unit const& unit);

}  // namespace countersign::device
