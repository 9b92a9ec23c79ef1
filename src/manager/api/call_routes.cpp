#include "dialect/soap_external_manager.hpp"
#include "dialect/xml_rpc.hpp"
#include "manager/api/routes.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Documents and events of systems are small; a status document of a busy codec has some hundred kilobytes.
constexpr std::size_t k_call_limit = 512 * 1024;
constexpr std::chrono::seconds k_heartbeat{420};

std::optional<pki::Certificate> shown_by(http::Request const& request) {
    if (request.shown_certificates.empty()) return std::nullopt;
    return request.shown_certificates.front();
}

Manager::SystemCall call_from(http::Request const& request, dialect::external_manager::Identification const& who, std::string event) {
    return {.event = std::move(event),
            .serial_number = who.serial_number,
            .mac_address = who.mac_address,
            .source_address = request.peer.address,
            .https = request.secure,
            .certificate = shown_by(request),
            .certificate_verified = !request.client_certificates.empty(),
            .system_name = who.system_name,
            .product = who.product_type.empty() ? who.product_id : who.product_type,
            .software = who.software,
            .reported_address = who.ip_address};
}

/// Boot, Register, Beat (REQ CLI-1, MGR-9). The caller is anonymous: what it needs it gets through a conversation that we open and that
/// is verified. Only to a system behind a firewall, where there is no other way, the answer carries settings, none of them secret.
net::Task<http::Response> external_manager(std::shared_ptr<Manager> manager, http::Request request) {
    auto event = dialect::external_manager::parse_post_event(request.body);
    if (!event) co_return http::problem(event.error());
    auto const call = call_from(request, event->identification, event->event);
    auto taken = co_await manager->system_called(call);
    if (!taken) co_return http::problem(taken.error());
    auto given = co_await manager->settings_for(call);
    if (!given) co_return http::problem(given.error());
    dialect::external_manager::Answer reply;
    reply.heartbeat = k_heartbeat;
    for (auto& [path, value] : given->settings) reply.settings.push_back({path, value});
    co_return http::Response::xml(200, dialect::external_manager::write_answer(reply, given->name_space));
}

/// Feedback of xAPI systems: the body says which system; what changed is asked from the system itself.
net::Task<http::Response> feedback(std::shared_ptr<Manager> manager, http::Request request) {
    auto post = dialect::external_manager::parse_feedback(request.body);
    if (!post) co_return http::problem(post.error());
    auto taken = co_await manager->system_called(call_from(request, post->identification, "Feedback"));
    if (!taken) co_return http::problem(taken.error());
    // Anything but this makes systems repeat the post without end.
    co_return http::Response::xml(200, "<OK />");
}

/// Event notifications of MCUs: sourceIdentifier is the MAC address of port A.
net::Task<http::Response> event_notification(std::shared_ptr<Manager> manager, http::Request request) {
    auto call = dialect::xml_rpc::parse_call(request.body);
    if (!call) co_return http::problem(call.error());
    if (call->method != "eventNotification" || call->parameters.empty()) {
        co_return http::Response::xml(200, dialect::xml_rpc::write_fault({1, "method not supported"}));
    }
    Manager::SystemCall taken{.event = "Feedback",
                              .serial_number = {},
                              .mac_address = std::string(call->parameters.front().text("sourceIdentifier")),
                              .source_address = request.peer.address,
                              .https = request.secure,
                              .certificate = shown_by(request),
                              .certificate_verified = !request.client_certificates.empty()};
    auto done = co_await manager->system_called(std::move(taken));
    if (!done) co_return http::problem(done.error());
    co_return http::Response::xml(200, dialect::xml_rpc::write_response(dialect::xml_rpc::Struct{}));
}

}  // namespace

void add_system_call_routes(http::Router& router, std::shared_ptr<Manager> manager) {
    router.add({"POST", "/" + std::string(k_external_manager_path), k_call_limit,
                [manager](http::Request request) { return external_manager(manager, std::move(request)); }});
    router.add({"POST", "/" + std::string(k_feedback_path), k_call_limit,
                [manager](http::Request request) { return feedback(manager, std::move(request)); }});
    router.add(
        {"POST", "/RPC2", k_call_limit, [manager](http::Request request) { return event_notification(manager, std::move(request)); }});
}

}  // namespace countersign::manager::api
