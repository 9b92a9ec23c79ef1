#include "manager/store/sqlite_store.hpp"
#include "manager/tickets/catalogue.hpp"

#include <algorithm>

namespace countersign::manager::store {

net::Task<Result<void>> SqliteStore::open_ticket(SystemId system, TicketType type, std::string text, std::string remedy) {
    return tickets_.see({.system = system,
                         .type = type,
                         .subject = {},
                         .severity = ticket_entry(type).severity,
                         .text = std::move(text),
                         .remedy = std::move(remedy)});
}

net::Task<Result<void>> SqliteStore::close_ticket(SystemId system, TicketType type) { return tickets_.settle(system, type, {}, {}); }

net::Task<Result<std::vector<Ticket>>> SqliteStore::list_tickets(std::optional<TicketState> state, SystemId system, std::size_t limit) {
    return read([state, system, limit](Database& database) -> Result<std::vector<Ticket>> {
        std::string rest = "FROM tickets WHERE 1 = 1";
        std::vector<Value> values;
        if (state) {
            // Written out, so that the index of open tickets is used without planning anew for each value.
            rest += " AND state = '" + std::string(to_string(*state)) + "'";
        }
        if (system != 0) {
            rest += " AND system = :system";
            values.push_back(value(system));
        }
        rest += " ORDER BY id DESC LIMIT :limit";
        values.push_back(value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 10000))));
        std::vector<Ticket> out;
        for (auto const& row : database.select(ticket_columns(), rest, std::move(values)))
            if (auto ticket = ticket_of(row)) out.push_back(std::move(*ticket));
        return out;
    });
}

}  // namespace countersign::manager::store
