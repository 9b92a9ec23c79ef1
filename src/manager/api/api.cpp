#include "manager/api/api.hpp"

#include "manager/api/credentials.hpp"
#include "manager/api/routes.hpp"
#include "manager/estate/network.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/mgr.hpp"

#include <boost/json.hpp>

namespace countersign::manager::api {
namespace http = net::http;

http::Response answer(json::value const& value, int status) { return http::Response::json(status, json::serialize(value)); }

namespace {

net::Task<http::Response> roots(std::shared_ptr<Manager> manager) {
    http::Response response = http::Response::text(200, pki::to_pem(manager->authority().roots()));
    response.fields.set("Content-Type", "application/x-pem-file");
    co_return response;
}

/// Where there is no credential to lose, browsers are shown the way; everything else is told to come over HTTPS.
net::Task<http::Response> not_here(std::shared_ptr<Manager> manager, http::Request request) {
    auto const& settings = manager->settings();
    if (request.path.starts_with("/api/") || (request.method != "GET" && request.method != "HEAD")) {
        co_return http::problem(Error(errors::acc::https_needed));
    }
    auto port = settings.https_port + settings.port_offset;
    auto origin = "https://" + settings.host_name + (port == 443 ? std::string() : ":" + std::to_string(port));
    co_return http::Response::redirect(308, origin + "/");
}

/// REQ MGR-8: the restriction to HTTPS. What a system posts is never redirected: it would be repeated somewhere else. What
/// certificates name for revocation stays: it is public and signed, and is asked for over HTTP (RFC 5280 section 8).
net::Task<std::optional<http::Response>> restrict_to_https(std::shared_ptr<Manager> manager, http::Request const& request) {
    auto const door = manager->network().now().plain_http;
    if (door == PlainDoor::open || request.path.starts_with(k_revocation_paths)) co_return std::nullopt;
    bool const from_browser = request.method == "GET" || request.method == "HEAD";
    if (door == PlainDoor::redirect && from_browser && !request.path.starts_with("/api/")) co_return co_await not_here(manager, request);
    co_return http::problem(Error(errors::mgr::plain_http_closed));
}

}  // namespace

void add_public_routes(http::Router& router, std::shared_ptr<Manager> manager) {
    router.add({"GET", "/ca.pem", 4096, [manager](http::Request const&) { return roots(manager); }});
}

std::shared_ptr<http::Service> secure_service(std::shared_ptr<Manager> manager, std::shared_ptr<Access> access) {
    auto router = std::make_shared<http::Router>();
    Doors doors{manager, std::move(access)};
    add_access_routes(*router, doors);
    add_system_routes(*router, doors);
    add_list_routes(*router, doors);
    add_folder_routes(*router, doors);
    add_folder_policy_routes(*router, doors);
    add_estate_routes(*router, doors);
    add_account_routes(*router, doors);
    add_audit_routes(*router, doors);
    add_history_routes(*router, doors);
    add_watch_routes(*router, doors);
    add_overview_routes(*router, doors);
    add_ticket_routes(*router, doors);
    add_notification_routes(*router, doors);
    add_campaign_routes(*router, doors);
    add_network_routes(*router, doors);
    add_own_certificate_routes(*router, doors);
    add_inventory_routes(*router, doors);
    add_request_routes(*router, doors);
    add_authority_routes(*router, doors);
    add_profile_routes(*router, doors);
    add_arrival_routes(*router, doors);
    add_phonebook_routes(*router, doors);
    add_event_routes(*router, doors);
    add_page_routes(*router);
    add_system_call_routes(*router, manager);
    add_phonebook_call_routes(*router, manager);
    add_public_routes(*router, manager);
    add_revocation_routes(*router, manager);
    return router;
}

std::shared_ptr<http::Service> people_service(std::shared_ptr<Manager> manager, std::shared_ptr<Access> access) {
    auto router = std::make_shared<http::Router>();
    Doors const doors{manager, std::move(access)};
    add_certificate_log_in(*router, doors);
    // A browser is let in by opening the port, and goes on where everything is.
    router->add({"GET", "/", 4096, [doors](http::Request request) -> net::Task<http::Response> {
                     auto done = co_await login_by_certificate(doors, request);
                     if (done.status != 204) co_return done;
                     auto response = co_await not_here(doors.manager, std::move(request));
                     response.status = 303;
                     for (auto const value : done.fields.all("Set-Cookie")) response.fields.add("Set-Cookie", value);
                     co_return response;
                 }});
    router->otherwise([manager](http::Request request) { return not_here(manager, std::move(request)); });
    return router;
}

std::shared_ptr<http::Service> plain_service(std::shared_ptr<Manager> manager) {
    auto router = std::make_shared<http::Router>();
    router->before([manager](http::Request& request) { return restrict_to_https(manager, request); });
    add_system_call_routes(*router, manager);
    add_phonebook_call_routes(*router, manager);
    add_public_routes(*router, manager);
    add_revocation_routes(*router, manager);
    router->otherwise([manager](http::Request request) { return not_here(manager, std::move(request)); });
    return router;
}

}  // namespace countersign::manager::api
