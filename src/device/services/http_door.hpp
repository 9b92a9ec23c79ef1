#pragma once

/// The doors "http" and "https": log-in, locks against guessing and against forged requests, and the way to what the family
/// speaks there: the xAPI as XML, XML-RPC, pages. The parts know no rule; they call Unit.

#include "device/services/page_frame.hpp"
#include "device/services/transaction_sessions.hpp"
#include "device/unit.hpp"
#include "net/http/server.hpp"

#include <memory>
#include <optional>

namespace countersign::device {

/// Registers "http" and "https".
void register_http_doors(Environment& environment);

/// What a part gets: who asks, and what.
struct WebRequest {
    std::shared_ptr<Unit> unit;
    net::http::Request request;
    Actor actor;
    PageView view = {};  ///< of pages
};

// Each part answers what is its own; nothing: not mine. Bodies are limited before they are read, see body limits below.

/// GET /status.xml /configuration.xml /command.xml /valuespace.xml, GET and POST /getxml, POST /putxml, GET and POST /formputxml.
net::Task<std::optional<net::http::Response>> handle_xapi(WebRequest web);
/// A path that handle_xapi answers: a place of programs.
bool is_xapi_place(family::Family const& family, std::string_view path);
/// POST /RPC2. Log-in stands in the body.
net::Task<net::http::Response> handle_xml_rpc(WebRequest web);
/// POST of XML transactions (dialect/transactions.hpp) on the service's transaction paths. LOGIN gives the token of a session; LOGOUT ends
/// it; everything else is a command of the family, "TRANS_MCU/RESET". Always status 200: clients read RETURN_STATUS.
net::Task<net::http::Response> handle_transaction(WebRequest web, std::shared_ptr<TransactionSessions> sessions);
/// The pages of the family and the forms on them.
net::Task<std::optional<net::http::Response>> handle_pages(WebRequest request);
/// A page in the family's look that tells an error to a person: the menu, and what went wrong. Its status is the error's.
net::http::Response page_of(Unit& unit, PageView const& view, Error const& error);

inline constexpr std::string_view k_xml_rpc_path = "/RPC2";
inline constexpr std::size_t k_xml_body_limit = 1024 * 1024;
/// Two files of at most 1 MiB and the form around them.
inline constexpr std::size_t k_form_body_limit = 2560 * 1024;

/// Why a request that changes something looks forged: another site's page sent it. Nothing: it does not. Browsers name the
/// sender in Sec-Fetch-Site and Origin (scheme, host and port, RFC 6454 section 6.2); programs send neither.
std::optional<std::string> forged_from(net::http::Request const& request);

}  // namespace countersign::device
