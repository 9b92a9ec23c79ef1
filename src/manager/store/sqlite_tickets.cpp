#include "manager/store/sqlite_tickets.hpp"

#include "manager/store/sqlite_notifications.hpp"
#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager::store {

namespace {

constexpr std::string_view k_manager = "manager";

/// Columns of `tickets` for an id that may be none.
Value or_null(SystemId system) { return system == 0 ? Value() : value(system); }

std::optional<Ticket> load(Database& database, std::string_view rest, std::vector<Value> values) {
    auto row = database.select_one(ticket_columns(), rest, std::move(values));
    return row ? ticket_of(*row) : std::nullopt;
}

std::optional<Ticket> load(Database& database, TicketId id) { return load(database, "FROM tickets WHERE id = :id", {value(id)}); }

std::optional<Ticket> load_open(Database& database, SystemId system, TicketType type, std::string_view subject) {
    return load(database, "FROM tickets WHERE ifnull(system, 0) = :system AND type = :type AND subject = :subject AND state = 'open'",
                {value(system), value(to_string(type)), value(subject)});
}

std::string subject_of_ticket(Ticket const& ticket) { return "ticket " + std::to_string(ticket.id); }

/// The folder and all that it is in, the root last.
std::vector<FolderId> folders_above(Database& database, FolderId folder) {
    std::vector<FolderId> out;
    for (auto const& row : database.select(
             {"id"},
             "FROM (WITH RECURSIVE above (id, parent) AS (SELECT id, parent FROM folders WHERE id = :folder UNION ALL "
             "SELECT folders.id, folders.parent FROM folders JOIN above ON folders.id = above.parent) SELECT id FROM above) AS up",
             {value(folder)}))
        out.push_back(row.number(0));
    return out;
}

/// What happened to a ticket: its history, and the outbox of those who are told. `ticket` is as it is afterwards.
void add_event(Database& database, Ticket const& ticket, TicketEventKind kind, std::string_view actor, std::string_view text, UtcTime now) {
    database.execute(
        "INSERT INTO ticket_events (ticket, at, actor, kind, severity, text) VALUES (:ticket, :at, :actor, :kind, :severity, :text)",
        {value(ticket.id), value(now), value(actor), value(to_string(kind)), value(to_string(ticket.severity)), value(text)});
    if (!is_told(kind)) return;
    Notification notification{.event = database.last_id(), .change = kind, .at = now, .ticket = ticket, .change_text = std::string(text)};
    if (ticket.system != 0) {
        if (auto row = database.select_one({"systems.name", "host_name", "address", "path", "folder"},
                                           "FROM systems JOIN folders ON folders.id = systems.folder WHERE systems.id = :id",
                                           {value(ticket.system)})) {
            notification.system_name = row->text(0);
            notification.host_name = row->text(1);
            notification.address = row->text(2);
            notification.folder = row->text(3);
            notification.folders = folders_above(database, row->number(4));
        }
    }
    put_into_outbox(database, notification, now);
}

/// Writes what a change of a ticket may touch.
void save(Database& database, Ticket const& ticket) {
    database.execute(
        "UPDATE tickets SET state = :state, severity = :severity, rung = :rung, text = :text, remedy = :remedy, updated = :updated, "
        "closed = :closed, times_seen = :times_seen, assignee = :assignee, acknowledged_by = :acknowledged_by, "
        "acknowledged = :acknowledged, snoozed_until = :snoozed_until, snoozed_by = :snoozed_by, held = :held WHERE id = :id",
        {value(to_string(ticket.state)), value(to_string(ticket.severity)), value(std::int64_t{ticket.rung}), value(ticket.text),
         value(ticket.remedy), value(ticket.updated), value(ticket.closed), value(std::int64_t{ticket.times_seen}), value(ticket.assignee),
         value(ticket.acknowledged_by), value(ticket.acknowledged), value(ticket.snoozed_until), value(ticket.snoozed_by),
         value(std::int64_t{ticket.held}), value(ticket.id)});
}

void end_snooze(Ticket& ticket) {
    ticket.snoozed_until.reset();
    ticket.snoozed_by.clear();
}

void withdraw_acknowledgement(Ticket& ticket) {
    ticket.acknowledged_by.clear();
    ticket.acknowledged.reset();
}

void audit(Database& database, Ticket const& ticket, std::string_view actor, std::string_view action, std::string_view text, UtcTime now) {
    auto const subject = ticket.system == 0 ? subject_of_ticket(ticket) : subject_of(ticket.system);
    add_audit_record(database, now, actor, action, subject,
                     std::string(title_of(ticket.type)) + (text.empty() ? "" : ": " + std::string(text)));
}

void close(Database& database, Ticket ticket, std::string_view actor, std::string_view why, UtcTime now) {
    ticket.state = TicketState::closed;
    ticket.closed = ticket.updated = now;
    ticket.held = false;
    end_snooze(ticket);
    save(database, ticket);
    add_event(database, ticket, TicketEventKind::closed, actor, why, now);
    audit(database, ticket, actor, "ticket.close", why, now);
}

/// Opens it again. Who acknowledged it knew of the earlier time.
void reopen(Database& database, Ticket& ticket, std::string_view actor, std::string_view why, UtcTime now) {
    ticket.state = TicketState::open;
    ticket.closed.reset();
    ticket.updated = now;
    withdraw_acknowledgement(ticket);
    save(database, ticket);
    add_event(database, ticket, TicketEventKind::reopened, actor, why, now);
    audit(database, ticket, actor, "ticket.reopen", why, now);
}

void see_again(Database& database, Ticket ticket, TicketSighting const& seen, UtcTime now) {
    bool const worse = seen.severity > ticket.severity || (seen.severity == ticket.severity && seen.rung > ticket.rung);
    bool const better = !worse && (seen.severity != ticket.severity || seen.rung != ticket.rung);
    bool const was_snoozed = ticket.snoozed_until.has_value();
    ticket.text = seen.text;
    ticket.remedy = seen.remedy;
    ticket.severity = seen.severity;
    ticket.rung = seen.rung;
    ticket.updated = now;
    ++ticket.times_seen;
    if (worse) {
        // What was put off, or known, was less than this.
        end_snooze(ticket);
        withdraw_acknowledgement(ticket);
    }
    save(database, ticket);
    if (worse && was_snoozed) add_event(database, ticket, TicketEventKind::woken, k_manager, "it became worse", now);
    if (worse) add_event(database, ticket, TicketEventKind::escalated, k_manager, seen.text, now);
    if (better) add_event(database, ticket, TicketEventKind::eased, k_manager, seen.text, now);
    if (worse) audit(database, ticket, k_manager, "ticket.escalate", seen.text, now);
}

void take(Ticket& ticket, TicketSighting const& seen) {
    ticket.text = seen.text;
    ticket.remedy = seen.remedy;
    ticket.severity = seen.severity;
    ticket.rung = seen.rung;
}

void see_anew(Database& database, TicketSighting const& seen, UtcTime now) {
    auto const since = now - std::chrono::hours(ticket_entry(seen.type).reopen_hours);
    auto recent = load(database,
                       "FROM tickets WHERE ifnull(system, 0) = :system AND type = :type AND subject = :subject AND state = 'closed' AND "
                       "closed > :since ORDER BY id DESC LIMIT 1",
                       {value(seen.system), value(to_string(seen.type)), value(seen.subject), value(since)});
    if (recent) {
        take(*recent, seen);
        ++recent->times_seen;
        reopen(database, *recent, k_manager, seen.text, now);
        return;
    }
    Ticket ticket{.system = seen.system, .type = seen.type, .opened = now, .updated = now, .subject = seen.subject};
    take(ticket, seen);
    database.execute(
        "INSERT INTO tickets (system, type, subject, state, severity, rung, text, remedy, opened, updated, times_seen) "
        "VALUES (:system, :type, :subject, 'open', :severity, :rung, :text, :remedy, :opened, :updated, 1)",
        {or_null(seen.system), value(to_string(seen.type)), value(seen.subject), value(to_string(seen.severity)),
         value(std::int64_t{seen.rung}), value(seen.text), value(seen.remedy), value(now), value(now)});
    ticket.id = database.last_id();
    add_event(database, ticket, TicketEventKind::opened, k_manager, seen.text, now);
    audit(database, ticket, k_manager, "ticket.open", seen.text, now);
}

/// The part of a SELECT that a filter means, from WHERE on.
std::string where(TicketFilter const& filter, UtcTime now, std::vector<Value>& values) {
    std::string out = " WHERE 1 = 1";
    auto add = [&out, &values](std::string_view condition, std::optional<Value> bound) {
        out += " AND " + std::string(condition);
        if (bound) values.push_back(std::move(*bound));
    };
    switch (filter.show) {
        case TicketFilter::Show::open: add("state = 'open' AND (snoozed_until IS NULL OR snoozed_until <= :now)", value(now)); break;
        case TicketFilter::Show::snoozed: add("state = 'open' AND snoozed_until > :now", value(now)); break;
        case TicketFilter::Show::active: add("state = 'open'", std::nullopt); break;
        case TicketFilter::Show::closed: add("state = 'closed'", std::nullopt); break;
        case TicketFilter::Show::all: break;
    }
    if (filter.system && *filter.system == 0) add("system IS NULL", std::nullopt);
    if (filter.system && *filter.system != 0) add("system = :system", value(*filter.system));
    if (filter.type) add("type = :type", value(to_string(*filter.type)));
    if (filter.severity) add("severity = :severity", value(to_string(*filter.severity)));
    if (filter.assignee) add("assignee = :assignee", value(*filter.assignee));
    if (filter.folder && *filter.folder != k_root_folder)
        add("system IN (SELECT id FROM systems WHERE folder IN (WITH RECURSIVE below (id) AS (SELECT CAST(:folder AS INTEGER) UNION ALL "
            "SELECT folders.id "
            "FROM "
            "folders JOIN below ON folders.parent = below.id) SELECT id FROM below))",
            value(*filter.folder));
    if (filter.acknowledged) add(*filter.acknowledged ? "acknowledged IS NOT NULL" : "acknowledged IS NULL", std::nullopt);
    return out;
}

std::string name_of_system(Database& database, SystemId system) {
    if (system == 0) return {};
    auto row = database.select_one({"name"}, "FROM systems WHERE id = :id", {value(system)});
    return row ? row->text(0) : std::string();
}

Failure no_such_ticket(TicketId id) { return fail(errors::gen::not_found, {{"what", "ticket"}, {"name", std::to_string(id)}}); }

/// One change of a person, in the order: state, then what may be set of an open ticket. Each becomes a line of the history.
Result<void> carry_out(Database& database, Ticket& ticket, TicketChange const& change, std::string const& actor, UtcTime now) {
    using Kind = TicketEventKind;
    bool const opens = change.state == TicketState::open && ticket.state == TicketState::closed;
    bool const closes = change.state == TicketState::closed && ticket.state == TicketState::open;
    bool const needs_open = change.acknowledged || change.snoozed_until || change.assignee;
    if (needs_open && ticket.state == TicketState::closed && !opens)
        return fail(errors::mgr::ticket_closed, {{"ticket", std::to_string(ticket.id)}});
    if (opens) {
        if (auto other = load_open(database, ticket.system, ticket.type, ticket.subject))
            return fail(errors::mgr::ticket_open_already, {{"ticket", std::to_string(ticket.id)}, {"other", std::to_string(other->id)}});
        ticket.held = true;
        reopen(database, ticket, actor, change.comment.value_or(""), now);
    } else if (change.comment && !closes) {
        add_event(database, ticket, Kind::commented, actor, *change.comment, now);
    }
    if (change.assignee && *change.assignee != ticket.assignee) {
        ticket.assignee = *change.assignee;
        add_event(database, ticket, Kind::assigned, actor, ticket.assignee, now);
        audit(database, ticket, actor, "ticket.assign", ticket.assignee, now);
    }
    if (change.acknowledged && *change.acknowledged != ticket.acknowledged.has_value()) {
        withdraw_acknowledgement(ticket);
        if (*change.acknowledged) {
            ticket.acknowledged_by = actor;
            ticket.acknowledged = now;
        }
        add_event(database, ticket, *change.acknowledged ? Kind::acknowledged : Kind::acknowledgement_withdrawn, actor, "", now);
        audit(database, ticket, actor, "ticket.acknowledge", *change.acknowledged ? "" : "withdrawn", now);
    }
    if (change.snoozed_until) {
        bool const was = ticket.snoozed_until.has_value();
        bool const ends = *change.snoozed_until <= now;
        end_snooze(ticket);
        if (!ends) {
            ticket.snoozed_until = *change.snoozed_until;
            ticket.snoozed_by = actor;
        }
        if (was || !ends)
            add_event(database, ticket, ends ? Kind::woken : Kind::snoozed, actor, ends ? "" : to_string(*change.snoozed_until), now);
        if (!ends) audit(database, ticket, actor, "ticket.snooze", to_string(*change.snoozed_until), now);
    }
    ticket.updated = now;
    if (closes) {
        close(database, ticket, actor, change.comment.value_or(""), now);
        return {};
    }
    save(database, ticket);
    return {};
}

}  // namespace

std::vector<std::string_view> const& ticket_columns() {
    static std::vector<std::string_view> const columns{"id",           "system",        "type",       "state",    "text",
                                                       "remedy",       "opened",        "updated",    "closed",   "times_seen",
                                                       "severity",     "rung",          "subject",    "assignee", "acknowledged_by",
                                                       "acknowledged", "snoozed_until", "snoozed_by", "held"};
    return columns;
}

std::optional<Ticket> ticket_of(Row const& row) {
    auto type = parse_ticket_type(row.text(2));
    if (!type) return std::nullopt;
    return Ticket{.id = row.number(0),
                  .system = row.number(1),
                  .type = *type,
                  .state = parse_ticket_state(row.text(3)).value_or(TicketState::open),
                  .text = row.text(4),
                  .remedy = row.text(5),
                  .opened = row.time(6),
                  .updated = row.time(7),
                  .closed = row.optional_time(8),
                  .times_seen = row.integer(9),
                  .severity = parse_ticket_severity(row.text(10)).value_or(TicketSeverity::warning),
                  .rung = row.integer(11),
                  .subject = row.text(12),
                  .assignee = row.text(13),
                  .acknowledged_by = row.text(14),
                  .acknowledged = row.optional_time(15),
                  .snoozed_until = row.optional_time(16),
                  .snoozed_by = row.text(17),
                  .held = row.flag(18)};
}

void close_tickets_of(Database& database, SystemId system, UtcTime now) {
    for (auto const& row :
         database.select(ticket_columns(), "FROM tickets INDEXED BY tickets_open WHERE ifnull(system, 0) = :system AND state = 'open'",
                         {value(system)}))
        if (auto ticket = ticket_of(row)) close(database, std::move(*ticket), k_manager, "the system was removed", now);
}

net::Task<Result<void>> SqliteTickets::see(TicketSighting seen) {
    return backing_.write([this, seen = std::move(seen)](Database& database) -> Result<void> {
        if (seen.system != 0 && !database.select_one({"id"}, "FROM systems WHERE id = :id", {value(seen.system)}))
            return no_such_system(seen.system);
        if (auto ticket = load_open(database, seen.system, seen.type, seen.subject))
            see_again(database, std::move(*ticket), seen, backing_.now());
        else
            see_anew(database, seen, backing_.now());
        return {};
    });
}

net::Task<Result<void>> SqliteTickets::settle(SystemId system, TicketType type, std::string subject, std::string why) {
    return backing_.write([this, system, type, subject = std::move(subject), why = std::move(why)](Database& database) -> Result<void> {
        auto ticket = load_open(database, system, type, subject);
        if (ticket && !ticket->held) close(database, std::move(*ticket), k_manager, why, backing_.now());
        return {};
    });
}

net::Task<Result<std::vector<ListedTicket>>> SqliteTickets::list(TicketFilter filter) {
    return backing_.read([this, filter = std::move(filter)](Database& database) -> Result<std::vector<ListedTicket>> {
        std::vector<Value> values;
        std::string rest = "FROM tickets" + where(filter, backing_.now(), values);
        if (filter.before > 0) {
            rest += " AND id < :before";
            values.push_back(value(filter.before));
        }
        rest += " ORDER BY id DESC LIMIT :limit";
        values.push_back(value(static_cast<std::int64_t>(std::clamp<std::size_t>(filter.limit, 1, 1001))));
        std::vector<ListedTicket> out;
        for (auto const& row : database.select(ticket_columns(), rest, std::move(values)))
            if (auto ticket = ticket_of(row)) {
                auto name = name_of_system(database, ticket->system);
                out.push_back({std::move(*ticket), std::move(name)});
            }
        return out;
    });
}

net::Task<Result<TicketCounts>> SqliteTickets::count(TicketFilter filter) {
    return backing_.read([this, filter = std::move(filter)](Database& database) -> Result<TicketCounts> {
        auto const now = backing_.now();
        TicketCounts counts;
        auto number = [&](TicketFilter::Show show, std::string_view more) {
            auto asked = filter;
            asked.show = show;
            std::vector<Value> values;
            auto rest = "FROM tickets" + where(asked, now, values) + std::string(more);
            auto row = database.select_one({"count(*)"}, rest, std::move(values));
            return row ? row->number(0) : 0;
        };
        using Show = TicketFilter::Show;
        counts.open = number(Show::open, "");
        counts.snoozed = number(Show::snoozed, "");
        counts.closed = number(Show::closed, "");
        counts.acknowledged = number(Show::open, " AND acknowledged IS NOT NULL");
        counts.unassigned = number(Show::open, " AND assignee = ''");
        for (auto const severity : {TicketSeverity::critical, TicketSeverity::warning, TicketSeverity::notice})
            counts.by_severity.push_back(
                {std::string(to_string(severity)), number(Show::open, " AND severity = '" + std::string(to_string(severity)) + "'")});
        auto asked = filter;
        asked.show = Show::open;
        std::vector<Value> values;
        auto rest = "FROM tickets" + where(asked, now, values) + " GROUP BY type ORDER BY type";
        for (auto const& row : database.select({"type", "count(*)"}, rest, std::move(values)))
            counts.by_type.push_back({row.text(0), row.number(1)});
        return counts;
    });
}

net::Task<Result<ListedTicket>> SqliteTickets::get(TicketId id) {
    return backing_.read([id](Database& database) -> Result<ListedTicket> {
        auto ticket = load(database, id);
        if (!ticket) return no_such_ticket(id);
        auto name = name_of_system(database, ticket->system);
        return ListedTicket{std::move(*ticket), std::move(name)};
    });
}

net::Task<Result<std::vector<TicketEvent>>> SqliteTickets::history(TicketId id, std::int64_t after, std::size_t limit) {
    return backing_.read([id, after, limit](Database& database) -> Result<std::vector<TicketEvent>> {
        if (!load(database, id)) return no_such_ticket(id);
        std::vector<TicketEvent> out;
        for (auto const& row :
             database.select({"id", "at", "actor", "kind", "severity", "text"},
                             "FROM ticket_events WHERE ticket = :ticket AND id > :after ORDER BY id LIMIT :limit",
                             {value(id), value(after), value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 1001)))})) {
            auto kind = parse_ticket_event_kind(row.text(3));
            if (!kind) continue;  // of a newer program
            out.push_back({.id = row.number(0),
                           .at = row.time(1),
                           .actor = row.text(2),
                           .kind = *kind,
                           .severity = parse_ticket_severity(row.text(4)).value_or(TicketSeverity::warning),
                           .text = row.text(5)});
        }
        return out;
    });
}

net::Task<Result<ListedTicket>> SqliteTickets::change(TicketId id, TicketChange change, std::string actor) {
    return backing_.write([this, id, change = std::move(change), actor = std::move(actor)](Database& database) -> Result<ListedTicket> {
        auto ticket = load(database, id);
        if (!ticket) return no_such_ticket(id);
        CS_CHECK(carry_out(database, *ticket, change, actor, backing_.now()));
        return ListedTicket{load(database, id).value_or(*ticket), name_of_system(database, ticket->system)};
    });
}

net::Task<Result<std::vector<SystemId>>> SqliteTickets::wake_due() {
    return backing_.write([this](Database& database) -> Result<std::vector<SystemId>> {
        auto const now = backing_.now();
        std::vector<SystemId> systems;
        for (auto const& row :
             database.select(ticket_columns(), "FROM tickets WHERE state = 'open' AND snoozed_until <= :now", {value(now)})) {
            auto ticket = ticket_of(row);
            if (!ticket) continue;
            auto const who = ticket->snoozed_by;
            end_snooze(*ticket);
            ticket->updated = now;
            save(database, *ticket);
            add_event(database, *ticket, TicketEventKind::woken, k_manager, "the snooze of " + who + " has ended", now);
            systems.push_back(ticket->system);
        }
        return systems;
    });
}

}  // namespace countersign::manager::store

namespace countersign::manager {

namespace {

using Kind = TicketEventKind;
using Show = TicketFilter::Show;

constexpr std::array<std::pair<Kind, std::string_view>, 11> k_kinds{{{Kind::opened, "opened"},
                                                                     {Kind::reopened, "reopened"},
                                                                     {Kind::escalated, "escalated"},
                                                                     {Kind::eased, "eased"},
                                                                     {Kind::closed, "closed"},
                                                                     {Kind::acknowledged, "acknowledged"},
                                                                     {Kind::acknowledgement_withdrawn, "acknowledgement_withdrawn"},
                                                                     {Kind::assigned, "assigned"},
                                                                     {Kind::commented, "commented"},
                                                                     {Kind::snoozed, "snoozed"},
                                                                     {Kind::woken, "woken"}}};
constexpr std::array<std::pair<Show, std::string_view>, 5> k_shows{
    {{Show::open, "open"}, {Show::snoozed, "snoozed"}, {Show::active, "active"}, {Show::closed, "closed"}, {Show::all, "all"}}};

template <class Names, class Enum>
std::string_view name_in(Names const& names, Enum value) {
    auto const* place = std::ranges::find(names, value, &Names::value_type::first);
    return place == names.end() ? std::string_view() : place->second;
}

template <class Names>
auto find_in(Names const& names, std::string_view text) -> std::optional<typename Names::value_type::first_type> {
    auto const* place = std::ranges::find(names, text, &Names::value_type::second);
    if (place == names.end()) return std::nullopt;
    return place->first;
}

}  // namespace

std::string_view to_string(TicketEventKind value) { return name_in(k_kinds, value); }
std::optional<TicketEventKind> parse_ticket_event_kind(std::string_view text) { return find_in(k_kinds, text); }
std::string_view to_string(TicketFilter::Show value) { return name_in(k_shows, value); }
std::optional<TicketFilter::Show> parse_ticket_show(std::string_view text) { return find_in(k_shows, text); }

}  // namespace countersign::manager
