#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/store/ticket_desk.hpp"
#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::string_view k_types =
    "no_https_response, certificate_validation_error, connection_error, login_failed, enforcement_failed, certificate_expiring, "
    "notification_failed, system_replaced, root_replacement_waits, authority_key_away or answer_awaited";
constexpr std::size_t k_longest_comment = 4000;

json::object to_json(ListedTicket const& listed) { return api::to_json(listed.ticket, listed.system_name); }

json::object to_json(TicketEvent const& event) {
    return {{"id", event.id},
            {"at", to_string(event.at)},
            {"actor", event.actor},
            {"kind", to_string(event.kind)},
            {"severity", to_string(event.severity)},
            {"text", event.text}};
}

json::object to_json(TicketCounts const& counts) {
    json::array severities, types;
    for (auto const& one : counts.by_severity) severities.push_back(json::object{{"severity", one.name}, {"count", one.count}});
    for (auto const& one : counts.by_type) {
        auto const type = parse_ticket_type(one.name);
        types.push_back(json::object{{"type", one.name}, {"title", type ? title_of(*type) : one.name}, {"count", one.count}});
    }
    return {{"open", counts.open},
            {"snoozed", counts.snoozed},
            {"closed", counts.closed},
            {"acknowledged", counts.acknowledged},
            {"unassigned", counts.unassigned},
            {"by_severity", std::move(severities)},
            {"by_type", std::move(types)}};
}

/// The filters that lists and counts share.
TicketFilter filter_of(Query& query) {
    TicketFilter filter;
    filter.system = query.number("system", 0, INT64_MAX);
    filter.type = query.choice("type", parse_ticket_type, k_types);
    filter.severity = query.choice("severity", parse_ticket_severity, "critical, warning or notice");
    filter.assignee = query.text("assignee");
    filter.acknowledged = query.boolean("acknowledged");
    return filter;
}

/// The last filter, and what is wrong with all of them.
net::Task<Result<void>> take_folder(std::shared_ptr<Manager> manager, Query& query, TicketFilter& filter) {
    auto const folder = query.text("folder", 4000);
    CS_CO_CHECK(query.finish());
    if (!folder || folder->empty()) co_return Result<void>();
    CS_CO_TRY(filter.folder, co_await read_folder(std::move(manager), *folder));
    co_return Result<void>();
}

net::Task<http::Response> list_tickets(Doors doors, http::Request request) {
    Query query(request);
    auto filter = filter_of(query);
    filter.show = query.choice("state", parse_ticket_show, "open, snoozed, active, closed or all").value_or(TicketFilter::Show::open);
    filter.before = query.number("after", 0, INT64_MAX).value_or(0);
    auto const limit = query.limit();
    filter.limit = limit + 1;  // one more tells whether there is a next page
    if (auto good = co_await take_folder(doors.manager, query, filter); !good) co_return http::problem(good.error());
    auto tickets = co_await doors.manager->store().tickets().list(filter);
    co_return answer_or_problem(tickets, [limit](std::vector<ListedTicket> const& list) {
        json::array out;
        for (auto const& one : list)
            if (out.size() < limit) out.push_back(to_json(one));
        auto const next = list.size() > limit ? json::value(list[limit - 1].ticket.id) : json::value(nullptr);
        return json::object{{"tickets", std::move(out)}, {"next", next}};
    });
}

net::Task<http::Response> count_tickets(Doors doors, http::Request request) {
    Query query(request);
    auto filter = filter_of(query);
    if (auto good = co_await take_folder(doors.manager, query, filter); !good) co_return http::problem(good.error());
    auto counts = co_await doors.manager->store().tickets().count(filter);
    co_return answer_or_problem(counts, [](TicketCounts const& value) { return to_json(value); });
}

TicketId id_of(http::Request& request) { return parse_number<TicketId>(request.parameters["id"]).value_or(0); }

net::Task<http::Response> show_ticket(Doors doors, http::Request request) {
    auto ticket = co_await doors.manager->store().tickets().get(id_of(request));
    co_return answer_or_problem(ticket, [](ListedTicket const& value) { return to_json(value); });
}

net::Task<http::Response> list_events(Doors doors, http::Request request) {
    Query query(request);
    auto const after = query.number("after", 0, INT64_MAX).value_or(0);
    auto const limit = query.limit();
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto events = co_await doors.manager->store().tickets().history(id_of(request), after, limit + 1);
    co_return answer_or_problem(events, [limit](std::vector<TicketEvent> const& list) {
        json::array out;
        for (auto const& one : list)
            if (out.size() < limit) out.push_back(to_json(one));
        auto const next = list.size() > limit ? json::value(list[limit - 1].id) : json::value(nullptr);
        return json::object{{"events", std::move(out)}, {"next", next}};
    });
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<TicketChange> read_change(std::string_view body, UtcTime now) {
    CS_TRY(auto object, parse_object(body));
    // null is a value here: the end of a snooze.
    auto const* snooze = object.if_contains("snoozed_until");
    bool const wake = snooze != nullptr && snooze->is_null();
    Reader reader(std::move(object));
    TicketChange change;
    change.acknowledged = reader.boolean("acknowledged");
    change.assignee = reader.text("assignee");
    change.comment = reader.text("comment", k_longest_comment);
    if (change.assignee && has_control_characters(*change.assignee)) reader.problem("assignee", "a name has no control characters");
    if (change.comment && change.comment->empty()) reader.problem("comment", "it is empty");
    if (auto const until = reader.text("snoozed_until")) {
        change.snoozed_until = parse_utc_time(*until);
        if (!change.snoozed_until)
            reader.problem("snoozed_until", "a time as 2026-12-24T08:00:00Z is expected, or null to end the snooze");
        else if (*change.snoozed_until <= now)
            reader.problem("snoozed_until", "this time has passed");
    }
    if (wake) change.snoozed_until = now;
    if (auto const state = reader.text("state")) {
        change.state = parse_ticket_state(*state);
        if (!change.state) reader.problem("state", "open or closed is expected");
    }
    if (change.state == TicketState::closed && change.snoozed_until && !wake)
        reader.problem("snoozed_until", "a ticket that is closed is not snoozed");
    if (!change.acknowledged && !change.assignee && !change.comment && !change.snoozed_until && !change.state)
        reader.problem("the body", "acknowledged, assignee, comment, snoozed_until or state is expected");
    CS_CHECK(reader.finish());
    return change;
}

net::Task<http::Response> change_ticket(Doors doors, http::Request request) {
    if (auto there = co_await doors.manager->store().tickets().get(id_of(request)); !there) co_return http::problem(there.error());
    auto change = read_change(request.body, SystemClock().now());
    if (!change) co_return http::problem(change.error());
    auto changed = co_await doors.manager->store().tickets().change(id_of(request), *std::move(change), request.user);
    if (changed) doors.manager->publish({"ticket", changed->ticket.system});
    co_return answer_or_problem(changed, [](ListedTicket const& value) { return to_json(value); });
}

}  // namespace

void add_ticket_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), 16 * 1024,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/tickets", list_tickets);
    route("GET", "/api/v1/tickets/counts", count_tickets);
    route("GET", "/api/v1/tickets/{id}", show_ticket);
    route("PATCH", "/api/v1/tickets/{id}", change_ticket);
    route("GET", "/api/v1/tickets/{id}/events", list_events);
}

}  // namespace countersign::manager::api
