#include "base/text.hpp"
#include "manager/api/connection_fields.hpp"
#include "manager/api/routes.hpp"
#include "manager/estate/arrivals.hpp"
#include "manager/estate/scanner.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

json::value time_or_null(std::optional<UtcTime> const& time) { return time ? json::value(to_string(*time)) : json::value(nullptr); }

json::object connection_of(ConnectionSettings const& settings) {
    json::object persistent;
    for (auto const& [name, value] : settings.persistent) persistent[name] = value;
    return {{"connectivity", to_string(settings.connectivity)}, {"persistent", std::move(persistent)}};
}

json::object to_json(Preregistration const& one) {
    json::object out{{"id", one.id},
                     {"mac_address", one.mac_address},
                     {"serial_number", one.serial_number},
                     {"name", one.name},
                     {"host_name", one.host_name},
                     {"family", one.family},
                     {"folder", one.folder},
                     {"user", one.user},
                     {"has_password", one.has_password},
                     {"system", one.system == 0 ? json::value(nullptr) : json::value(one.system)},
                     {"state", one.system == 0 ? "announced"
                               : one.confirmed ? "confirmed"
                                               : "called"},
                     {"created", to_string(one.created)},
                     {"called", time_or_null(one.called)}};
    for (auto& [name, value] : connection_of(one.connection)) out[name] = value;
    return out;
}

json::object to_json(WaitingSystem const& one) {
    bool const translated = !one.said.reported_address.empty() && one.said.reported_address != one.said.source_address;
    return {{"id", one.id},
            {"serial_number", one.said.serial_number},
            {"mac_address", one.said.mac_address},
            {"name", one.said.system_name},
            {"product", one.said.product},
            {"software", one.said.software},
            {"address", one.said.source_address},
            {"reported_address", one.said.reported_address},
            {"perhaps_behind_firewall", translated},
            {"https", one.said.https},
            {"first_seen", to_string(one.first_seen)},
            {"last_seen", to_string(one.last_seen)},
            {"calls", one.calls},
            {"rejected", one.rejected}};
}

json::object to_json(ScanFinding const& one) {
    return {{"address", one.address},
            {"family", one.family},
            {"software", one.software},
            {"name", one.name},
            {"host_name", one.host_name},
            {"answers", json::array(one.answers.begin(), one.answers.end())},
            {"fingerprint", one.fingerprint},
            {"system", one.system == 0 ? json::value(nullptr) : json::value(one.system)},
            {"added", one.added},
            {"problem", one.problem}};
}

json::object to_json(Scan const& scan) {
    json::array findings;
    for (auto const& one : scan.findings) findings.push_back(to_json(one));
    return {{"id", scan.id},
            {"state", scan.id == 0 ? "not_started" : to_string(scan.state)},
            {"ranges", json::array(scan.order.ranges.begin(), scan.order.ranges.end())},
            {"rate", scan.order.rate},
            {"over_http", scan.with_http},
            {"over_snmp", scan.with_snmp},
            {"note", scan.note},
            {"add_recognised", scan.order.add_recognised},
            {"folder", scan.order.folder},
            {"addresses", scan.addresses},
            {"seconds_at_least", static_cast<std::int64_t>(scan.addresses / static_cast<std::uint64_t>(std::max(scan.order.rate, 1)))},
            {"looked_at", scan.looked_at},
            {"started", scan.id == 0 ? json::value(nullptr) : json::value(to_string(scan.started))},
            {"ended", time_or_null(scan.ended)},
            {"findings", std::move(findings)}};
}

/// A page by cursor: the id of its last line, when it is full.
template <class T>
json::object page_of(std::vector<T> const& list, std::string_view name, std::size_t limit) {
    json::array out;
    for (auto const& one : list) out.push_back(to_json(one));
    auto next = list.size() == limit ? json::value(list.back().id) : json::value(nullptr);
    return {{name, std::move(out)}, {"next", std::move(next)}};
}

ArrivalId id_of(http::Request& request) { return parse_number<ArrivalId>(request.parameters["id"]).value_or(0); }

/// --- pre-registration -------------------------------------------------------------------------------------------------------

net::Task<http::Response> list_announced(Doors doors, http::Request request) {
    auto const limit = limit_of(request);
    auto list = co_await doors.manager->arrivals().list(after_of(request), limit);
    co_return answer_or_problem(list, [limit](auto const& page) { return page_of(page, "preregistrations", limit); });
}

net::Task<http::Response> announce(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    Announcement wanted{.mac_address = reader.text("mac_address").value_or(""),
                        .serial_number = reader.text("serial_number").value_or(""),
                        .name = reader.text("name").value_or(""),
                        .host_name = reader.text("host_name").value_or(""),
                        .family = reader.text("family").value_or(""),
                        .folder = reader.text("folder", 4096).value_or(""),
                        .user = reader.text("user").value_or(""),
                        .password = std::nullopt,
                        .connection = {}};
    if (auto password = reader.text("password", 1024)) wanted.password = SecretText(*std::move(password));
    read_connection(reader, wanted.connection);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto made = co_await doors.manager->arrivals().announce(std::move(wanted), request.user);
    co_return answer_or_problem(made, [](Preregistration const& one) { return to_json(one); }, 201);
}

net::Task<http::Response> show_announced(Doors doors, http::Request request) {
    auto one = co_await doors.manager->arrivals().get(id_of(request));
    co_return answer_or_problem(one, [](Preregistration const& value) { return to_json(value); });
}

net::Task<http::Response> withdraw(Doors doors, http::Request request) {
    auto done = co_await doors.manager->arrivals().withdraw(id_of(request), request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

// --- systems that called and wait -------------------------------------------------------------------------------------------

net::Task<http::Response> list_waiting(Doors doors, http::Request request) {
    auto const limit = limit_of(request);
    auto const state = request.query["state"];
    if (!state.empty() && state != "waiting" && state != "rejected")
        co_return http::problem(Error(errors::gen::invalid_input, {{"field", "state"}, {"detail", "waiting or rejected is expected"}}));
    auto list = co_await doors.manager->store().arrivals().list_waiting(state == "rejected", after_of(request), limit);
    co_return answer_or_problem(list, [limit](auto const& page) { return page_of(page, "waiting", limit); });
}

net::Task<http::Response> accept(Doors doors, http::Request request) {
    Acceptance how;
    if (!request.body.empty()) {
        auto object = parse_object(request.body);
        if (!object) co_return http::problem(object.error());
        Reader reader(*std::move(object));
        how.name = reader.text("name").value_or("");
        how.host_name = reader.text("host_name").value_or("");
        how.family = reader.text("family").value_or("");
        how.folder = reader.text("folder", 4096).value_or("");
        how.user = reader.text("user").value_or("");
        if (auto password = reader.text("password", 1024)) how.password = SecretText(*std::move(password));
        read_connection(reader, how.connection);
        if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    }
    auto system = co_await doors.manager->arrivals().accept(id_of(request), std::move(how), request.user);
    co_return answer_or_problem(system, [](System const& value) { return api::to_json(value); }, 201);
}

net::Task<http::Response> reject(Doors doors, http::Request request) {
    auto done = co_await doors.manager->store().arrivals().reject_waiting(id_of(request), request.user);
    if (!done) co_return http::problem(done.error());
    doors.manager->publish({"arrival", id_of(request)});
    auto one = co_await doors.manager->store().arrivals().get_waiting(id_of(request));
    co_return answer_or_problem(one, [](WaitingSystem const& value) { return to_json(value); });
}

net::Task<http::Response> forget(Doors doors, http::Request request) {
    auto done = co_await doors.manager->store().arrivals().remove_waiting(id_of(request), request.user, "forgotten");
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

// --- scans ------------------------------------------------------------------------------------------------------------------

net::Task<http::Response> start_scan(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("ranges");
    ScanOrder order{.ranges = reader.texts("ranges").value_or(std::vector<std::string>()),
                    .rate = static_cast<int>(reader.number("rate", 1, 500).value_or(50)),
                    .over_snmp = reader.boolean("over_snmp").value_or(true),
                    .add_recognised = reader.boolean("add_recognised").value_or(false),
                    .folder = reader.text("folder", 4096).value_or("")};
    bool const dry = reader.boolean("dry_run").value_or(false);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto scan = dry ? co_await doors.manager->scanner().look_ahead(std::move(order))
                    : co_await doors.manager->scanner().start(std::move(order), request.user);
    co_return answer_or_problem(scan, [](Scan const& value) { return to_json(value); }, dry ? 200 : 201);
}

net::Task<http::Response> list_scans(Doors doors, http::Request request) {
    (void)request;
    json::array out;
    for (auto const& scan : doors.manager->scanner().list()) {
        auto one = to_json(scan);
        one.erase("findings");
        out.push_back(std::move(one));
    }
    co_return answer(json::object{{"scans", std::move(out)}});
}

net::Task<http::Response> show_scan(Doors doors, http::Request request) {
    co_return answer_or_problem(doors.manager->scanner().get(id_of(request)), [](Scan const& value) { return to_json(value); });
}

net::Task<http::Response> cancel_scan(Doors doors, http::Request request) {
    co_return answer_or_problem(doors.manager->scanner().cancel(id_of(request)), [](Scan const& value) { return to_json(value); });
}

net::Task<http::Response> add_found(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("addresses");
    auto addresses = reader.texts("addresses", 1000).value_or(std::vector<std::string>());
    auto folder = reader.text("folder", 4096).value_or("");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto scan = co_await doors.manager->scanner().add(id_of(request), std::move(addresses), std::move(folder), request.user);
    co_return answer_or_problem(scan, [](Scan const& value) { return to_json(value); });
}

}  // namespace

void add_arrival_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), 64 * 1024,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/preregistrations", list_announced);
    route("POST", "/api/v1/preregistrations", announce);
    route("GET", "/api/v1/preregistrations/{id}", show_announced);
    route("DELETE", "/api/v1/preregistrations/{id}", withdraw);
    route("GET", "/api/v1/waiting-systems", list_waiting);
    route("POST", "/api/v1/waiting-systems/{id}/accept", accept);
    route("POST", "/api/v1/waiting-systems/{id}/reject", reject);
    route("DELETE", "/api/v1/waiting-systems/{id}", forget);
    route("GET", "/api/v1/scans", list_scans);
    route("POST", "/api/v1/scans", start_scan);
    route("GET", "/api/v1/scans/{id}", show_scan);
    route("POST", "/api/v1/scans/{id}/cancel", cancel_scan);
    route("POST", "/api/v1/scans/{id}/add", add_found);
}

}  // namespace countersign::manager::api
