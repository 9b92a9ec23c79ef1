#include "manager/notify/notification.hpp"

#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/sto.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::manager {

namespace json = boost::json;

namespace {

Failure damaged() { return fail(errors::sto::query_failed, {{"detail", "a stored notification is damaged"}}); }

std::string text(json::object const& object, std::string_view field) {
    auto const* value = object.if_contains(field);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number(json::object const& object, std::string_view field) {
    auto const* value = object.if_contains(field);
    return value && value->is_int64() ? value->get_int64() : 0;
}

/// A rest of one line: whatever came from a system cannot begin another.
std::string one_line(std::string_view text) {
    std::string out;
    for (char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out;
}

}  // namespace

bool is_told(TicketEventKind kind) {
    return kind == TicketEventKind::opened || kind == TicketEventKind::reopened || kind == TicketEventKind::escalated ||
           kind == TicketEventKind::closed;
}

bool wants(NotificationChannel const& channel, Notification const& notification) {
    auto const& ticket = notification.ticket;
    if (!channel.enabled || ticket.severity < channel.least) return false;
    if (!channel.types.empty() && std::ranges::find(channel.types, ticket.type) == channel.types.end()) return false;
    if (ticket.type == TicketType::notification_failed && ticket.subject == channel_subject(channel.id)) return false;
    return channel.folder == 0 || std::ranges::find(notification.folders, channel.folder) != notification.folders.end();
}

std::string to_document(Notification const& notification) {
    auto const& ticket = notification.ticket;
    bool const is_test = notification.event == 0;
    json::object system{{"id", ticket.system},
                        {"name", notification.system_name},
                        {"host_name", notification.host_name},
                        {"address", notification.address},
                        {"folder", notification.folder}};
    json::object shown{{"id", ticket.id},
                       {"type", to_string(ticket.type)},
                       {"title", title_of(ticket.type)},
                       {"severity", to_string(ticket.severity)},
                       {"state", to_string(ticket.state)},
                       {"subject", ticket.subject},
                       {"text", ticket.text},
                       {"remedy", ticket.remedy},
                       {"opened", to_string(ticket.opened)},
                       {"updated", to_string(ticket.updated)},
                       {"times_seen", ticket.times_seen},
                       {"assignee", ticket.assignee}};
    return json::serialize(json::object{{"event", notification.event},
                                        {"test", is_test},
                                        {"change", to_string(notification.change)},
                                        {"at", to_string(notification.at)},
                                        {"detail", notification.change_text},
                                        {"ticket", std::move(shown)},
                                        {"system", ticket.system == 0 ? json::value(nullptr) : json::value(std::move(system))}});
}

Result<Notification> parse_notification(std::string_view document) {
    boost::system::error_code code;
    auto value = json::parse(document, code);
    if (code || !value.is_object()) return damaged();
    auto const& object = value.get_object();
    auto const* shown = object.if_contains("ticket");
    auto const change = parse_ticket_event_kind(text(object, "change"));
    auto const at = parse_utc_time(text(object, "at"));
    if (!shown || !shown->is_object() || !change || !at) return damaged();
    auto const& fields = shown->get_object();
    auto const type = parse_ticket_type(text(fields, "type"));
    auto const severity = parse_ticket_severity(text(fields, "severity"));
    if (!type || !severity) return damaged();
    Notification out{.event = number(object, "event"), .change = *change, .at = *at, .change_text = text(object, "detail")};
    out.ticket = {.id = number(fields, "id"),
                  .type = *type,
                  .state = parse_ticket_state(text(fields, "state")).value_or(TicketState::open),
                  .text = text(fields, "text"),
                  .remedy = text(fields, "remedy"),
                  .opened = parse_utc_time(text(fields, "opened")).value_or(UtcTime{}),
                  .updated = parse_utc_time(text(fields, "updated")).value_or(UtcTime{}),
                  .times_seen = static_cast<int>(number(fields, "times_seen")),
                  .severity = *severity,
                  .subject = text(fields, "subject"),
                  .assignee = text(fields, "assignee")};
    if (auto const* system = object.if_contains("system"); system && system->is_object()) {
        auto const& about = system->get_object();
        out.ticket.system = number(about, "id");
        out.system_name = text(about, "name");
        out.host_name = text(about, "host_name");
        out.address = text(about, "address");
        out.folder = text(about, "folder");
    }
    return out;
}

std::string headline(Notification const& notification) {
    auto const& ticket = notification.ticket;
    if (notification.event == 0) return "[test] " + one_line(notification.change_text);
    auto const who = ticket.system == 0 ? std::string("the manager") : notification.system_name;
    auto out = "[" + std::string(to_string(ticket.severity)) + "] " + std::string(title_of(ticket.type)) + ": " + who;
    if (!ticket.subject.empty()) out += " (" + ticket.subject + ")";
    return one_line(out + " - " + std::string(to_string(notification.change)));
}

std::string body_text(Notification const& notification, std::string_view manager_host) {
    auto const& ticket = notification.ticket;
    std::string out = headline(notification) + "\n\n" + ticket.text + "\n";
    if (notification.event == 0) return out + "\nManager:  " + std::string(manager_host) + "\n";
    if (ticket.state == TicketState::open) out += "\nWhat to do: " + ticket.remedy + "\n";
    if (notification.change == TicketEventKind::closed && !notification.change_text.empty())
        out += "\nClosed: " + notification.change_text + "\n";
    out += "\n";
    if (ticket.system != 0) {
        out += "System:   " + one_line(notification.system_name) + "\n";
        if (!notification.host_name.empty()) out += "Name:     " + one_line(notification.host_name) + "\n";
        if (!notification.address.empty()) out += "Address:  " + one_line(notification.address) + "\n";
        if (!notification.folder.empty()) out += "Folder:   " + one_line(notification.folder) + "\n";
    }
    out += "Ticket:   " + std::to_string(ticket.id) + ", opened " + to_string(ticket.opened) + "\n";
    if (!ticket.assignee.empty()) out += "Assigned: " + one_line(ticket.assignee) + "\n";
    out += "Change:   " + std::to_string(notification.event) + ", " + to_string(notification.at) + "\n";
    out += "Manager:  " + std::string(manager_host) + "\n";
    return out;
}

std::string channel_subject(ChannelId id) { return "channel " + std::to_string(id); }

}  // namespace countersign::manager
