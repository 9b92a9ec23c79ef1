#include "manager/store/sqlite_store.hpp"

#include <algorithm>

namespace countersign::manager::store {

net::Task<Result<void>> SqliteStore::open_ticket(SystemId system, TicketType type, std::string text, std::string remedy) {
    return write([this, system, type, text = std::move(text), remedy = std::move(remedy)](Database& database) -> Result<void> {
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(system)})) return no_such_system(system);
        auto seen = database.execute(
            "UPDATE tickets SET text = :text, remedy = :remedy, updated = :now, times_seen = times_seen + 1 "
            "WHERE system = :system AND type = :type AND state = 'open'",
            {value(text), value(remedy), value(now()), value(system), value(to_string(type))});
        if (seen > 0) return {};
        database.execute(
            "INSERT INTO tickets (system, type, state, text, remedy, opened, updated, times_seen) "
            "VALUES (:system, :type, 'open', :text, :remedy, :opened, :updated, 1)",
            {value(system), value(to_string(type)), value(text), value(remedy), value(now()), value(now())});
        record(database, "manager", "ticket.open", subject_of(system), std::string(title_of(type)) + ": " + text);
        return {};
    });
}

net::Task<Result<void>> SqliteStore::close_ticket(SystemId system, TicketType type) {
    return write([this, system, type](Database& database) -> Result<void> {
        auto closed = database.execute(
            "UPDATE tickets SET state = 'closed', closed = :now, updated = :same WHERE system = :system AND type = :type AND state = "
            "'open'",
            {value(now()), value(now()), value(system), value(to_string(type))});
        if (closed > 0) record(database, "manager", "ticket.close", subject_of(system), title_of(type));
        return {};
    });
}

net::Task<Result<std::vector<Ticket>>> SqliteStore::list_tickets(std::optional<TicketState> state, SystemId system, std::size_t limit) {
    return read([state, system, limit](Database& database) -> Result<std::vector<Ticket>> {
        std::string rest = "FROM tickets WHERE 1 = 1";
        std::vector<Value> values;
        if (state) {
            rest += " AND state = :state";
            values.push_back(value(to_string(*state)));
        }
        if (system != 0) {
            rest += " AND system = :system";
            values.push_back(value(system));
        }
        rest += " ORDER BY id DESC LIMIT :limit";
        values.push_back(value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 10000))));
        std::vector<Ticket> out;
        for (auto const& row :
             database.select({"id", "system", "type", "state", "text", "remedy", "opened", "updated", "closed", "times_seen"}, rest,
                             std::move(values))) {
            auto type = parse_ticket_type(row.text(2));
            if (!type) continue;  // of a newer program
            out.push_back({row.number(0), row.number(1), *type, parse_ticket_state(row.text(3)).value_or(TicketState::open), row.text(4),
                           row.text(5), row.time(6), row.time(7), row.optional_time(8), row.integer(9)});
        }
        return out;
    });
}

}  // namespace countersign::manager::store
