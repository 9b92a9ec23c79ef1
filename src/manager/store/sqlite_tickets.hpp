#pragma once

/// The TicketDesk in the database of the store.

#include "manager/store/backing.hpp"
#include "manager/store/ticket_desk.hpp"

namespace countersign::manager::store {

class SqliteTickets final : public TicketDesk {
public:
    explicit SqliteTickets(Backing& backing) : backing_(backing) {}

    net::Task<Result<void>> see(TicketSighting seen) override;
    net::Task<Result<void>> settle(SystemId system, TicketType type, std::string subject, std::string why) override;
    net::Task<Result<std::vector<ListedTicket>>> list(TicketFilter filter) override;
    net::Task<Result<TicketCounts>> count(TicketFilter filter) override;
    net::Task<Result<ListedTicket>> get(TicketId id) override;
    net::Task<Result<std::vector<TicketEvent>>> history(TicketId id, std::int64_t after, std::size_t limit) override;
    net::Task<Result<ListedTicket>> change(TicketId id, TicketChange change, std::string actor) override;
    net::Task<Result<std::vector<SystemId>>> wake_due() override;

private:
    Backing& backing_;
};

/// Columns of a SELECT on tickets, in the order that ticket_of() reads.
std::vector<std::string_view> const& ticket_columns();
/// Nothing when the type is one of a newer program.
std::optional<Ticket> ticket_of(Row const& row);

/// Closes what is open of a system that is about to be removed, so that whoever was told of it hears its end. In the caller's transaction.
void close_tickets_of(Database& database, SystemId system, UtcTime now);

}  // namespace countersign::manager::store
