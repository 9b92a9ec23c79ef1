#pragma once

/// Inside of the api folder: one function per group of routes, all added to one router.

#include "manager/api/api.hpp"
#include "manager/api/json.hpp"

namespace countersign::manager::api {

struct Doors {
    std::shared_ptr<Manager> manager;
    std::shared_ptr<Access> access;
};

/// 200 (or `status`) with the object as JSON.
net::http::Response answer(json::value const& value, int status = 200);
/// Revocation lists, the OCSP responder and authorities' certificates: what certificates name stands below it.
inline constexpr std::string_view k_revocation_paths = "/pki/";

/// The value's answer, or the problem document of the error.
template <class T, class Show>
net::http::Response answer_or_problem(Result<T> const& result, Show show, int status = 200) {
    return result ? answer(show(*result), status) : net::http::problem(result.error());
}

void add_access_routes(net::http::Router& router, Doors const& doors);
void add_system_routes(net::http::Router& router, Doors const& doors);
/// Folders, and the systems in them.
void add_folder_routes(net::http::Router& router, Doors const& doors);
/// Exceptions and connection settings of folders; units that came in the place of systems.
void add_folder_policy_routes(net::http::Router& router, Doors const& doors);
/// Lists, exports, saved views, adding by list.
void add_list_routes(net::http::Router& router, Doors const& doors);
void add_estate_routes(net::http::Router& router, Doors const& doors);
/// The audit trail with its chain, to verify it or to keep it elsewhere.
void add_audit_routes(net::http::Router& router, Doors const& doors);
/// Accounts of people, their roles, passwords and sessions.
void add_account_routes(net::http::Router& router, Doors const& doors);
/// What looks at a system found changed.
void add_history_routes(net::http::Router& router, Doors const& doors);
/// Is it alive, is it ready, and numbers for Prometheus.
void add_watch_routes(net::http::Router& router, Doors const& doors);
/// What the first page of the interface shows, and counts of a selection.
void add_overview_routes(net::http::Router& router, Doors const& doors);
void add_ticket_routes(net::http::Router& router, Doors const& doors);
void add_notification_routes(net::http::Router& router, Doors const& doors);
void add_campaign_routes(net::http::Router& router, Doors const& doors);
void add_event_routes(net::http::Router& router, Doors const& doors);
/// The files of the web interface, for every path that nothing else has.
void add_page_routes(net::http::Router& router);
/// The manager's own doors and names, its readiness, and how systems are reached.
void add_network_routes(net::http::Router& router, Doors const& doors);
/// The certificate of the manager's HTTPS port, and the roots that the estate trusts.
void add_own_certificate_routes(net::http::Router& router, Doors const& doors);
/// Every certificate that was issued or seen; revoking, renewing and replacing them.
void add_inventory_routes(net::http::Router& router, Doors const& doors);
/// Requests to authorities that are asked by hand, and their answers.
void add_request_routes(net::http::Router& router, Doors const& doors);
/// What certificates are issued for.
void add_profile_routes(net::http::Router& router, Doors const& doors);
/// The internal authority: its certificates, where their revocation is asked for, the replacement of its root.
void add_authority_routes(net::http::Router& router, Doors const& doors);
/// Revocation lists, the OCSP responder and the authorities' certificates: for anybody, over HTTP and HTTPS.
void add_revocation_routes(net::http::Router& router, std::shared_ptr<Manager> manager);
/// Scans, pre-registration, and systems that called and wait.
void add_arrival_routes(net::http::Router& router, Doors const& doors);
void add_phonebook_routes(net::http::Router& router, Doors const& doors);
/// The search of phone books by systems.
void add_phonebook_call_routes(net::http::Router& router, std::shared_ptr<Manager> manager);
/// What systems call, over HTTP and HTTPS alike.
void add_system_call_routes(net::http::Router& router, std::shared_ptr<Manager> manager);
/// /ca.pem
void add_public_routes(net::http::Router& router, std::shared_ptr<Manager> manager);

}  // namespace countersign::manager::api
