#pragma once

/// One POST of a system to a server: its external manager, a feedback address, its directory. The same rules for all of them: bound to
/// the unit's address, names from its name servers, time from its clock, HTTPS never becomes HTTP, and with verification on no
/// byte of payload leaves before the server's certificate passed (REQ CLI-1, CLI-4, TRU-3).

#include "device/unit.hpp"
#include "dialect/soap_external_manager.hpp"
#include "net/address.hpp"
#include "net/http/message.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace countersign::device {

inline constexpr std::size_t k_answer_limit = 256 * 1024;

struct ServerCall {
    std::string client;  ///< id of the family file ("external_manager", "feedback", "phonebook"): for the journal
    net::Url url;
    net::http::Fields fields;
    std::string body;
    std::size_t answer_limit = k_answer_limit;  ///< bytes
};

/// Fails like Unit::client_settings and net::http::Client::send; NET-011 for an answer other than 2xx. When the server's certificate was
/// refused, the line of REQ TRU-6 is the error's parameter "syslog", and it is reported as below. Redirects are not followed.
net::Task<Result<net::http::Response>> call_server(std::shared_ptr<Unit> unit, ServerCall call);

/// "SSL: socklib_sslHandshake: VerifyResult=14=ERROR_IN_CERT_NOT_AFTER_FIELD, NameCheck: Match" (REQ TRU-6): OpenSSL's number and name of
/// the worst finding, and whether the name was right.
std::string handshake_line(pki::Verdict const& verdict);

/// One event "tls.failed" for a peer whose certificate was refused (REQ TRU-6): "client" (which of ours called, or "sip" ...), "server",
/// "verify_result" ("14=ERROR_IN_CERT_NOT_AFTER_FIELD"), "name_check" ("Match", "Mismatch"), "syslog" (the line above), "detail" (the
/// failures in plain words, with what to do). Sessions with `syslog on` print "syslog".
void report_tls_failure(Unit& unit, std::string_view client, std::string_view server, pki::Verdict const& verdict);

/// What a unit says of itself in calls.
dialect::external_manager::Identification identification_of(Unit const& unit);

}  // namespace countersign::device
