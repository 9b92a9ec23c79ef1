#pragma once

/// Tickets as people work with them: found by filters, a page at a time, counted, acknowledged, assigned, commented, snoozed, closed and
/// opened again, each with its history (REQ MGR-6). A change, its line of history, its record in the trail and what channels of
/// notifications have to tell of it are one transaction.
///
/// What is told: that a ticket opened, opened again, became worse, or closed; never that its cause was seen once more, and never what
/// people did with it.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// The cause of a ticket, as it was seen now.
struct TicketSighting {
    SystemId system = 0;  ///< 0: the manager itself
    TicketType type{};
    std::string subject;  ///< see Ticket
    TicketSeverity severity = TicketSeverity::warning;
    int rung = 0;
    std::string text;
    std::string remedy;
};

/// What happened to a ticket.
enum class TicketEventKind {
    opened,
    reopened,
    escalated,  ///< a higher severity, or a further rung
    eased,
    closed,
    acknowledged,
    acknowledgement_withdrawn,
    assigned,
    commented,
    snoozed,
    woken  ///< the snooze ended: by time, by a person, or because the ticket became worse
};

struct TicketEvent {
    std::int64_t id = 0;
    UtcTime at{};
    std::string actor;  ///< "admin", "token:ci", "manager"
    TicketEventKind kind{};
    TicketSeverity severity{};  ///< of the ticket, then
    std::string text;           ///< what was seen, the comment, the assignee, the end of the snooze
};

struct TicketFilter {
    enum class Show {
        open,     ///< and not snoozed
        snoozed,  ///< open, but out of sight
        active,   ///< open or snoozed
        closed,
        all
    };
    Show show = Show::open;
    std::optional<SystemId> system;  ///< 0: the manager itself
    std::optional<TicketType> type;
    std::optional<TicketSeverity> severity;
    std::optional<std::string> assignee;  ///< empty: nobody's
    std::optional<bool> acknowledged;
    std::optional<FolderId> folder;  ///< of systems in it and below
    TicketId before = 0;             ///< cursor: ids below this; 0: from the newest
    std::size_t limit = 100;         ///< at most 1,000
};

/// A ticket with the name of its system; empty for the manager's own.
struct ListedTicket {
    Ticket ticket;
    std::string system_name;
};

struct TicketCounts {
    struct Of {
        std::string name;
        std::int64_t count = 0;
    };
    std::int64_t open = 0, snoozed = 0, closed = 0;
    std::int64_t acknowledged = 0;  ///< of those that are open and not snoozed, as the lists below
    std::int64_t unassigned = 0;
    std::vector<Of> by_severity;  ///< all three, the worst first
    std::vector<Of> by_type;      ///< those that occur
};

/// What a person changes; what is not named stays.
struct TicketChange {
    std::optional<bool> acknowledged;
    std::optional<std::string> assignee;  ///< empty: nobody
    std::optional<std::string> comment;
    /// The end of a snooze; a time that has passed ends it.
    std::optional<UtcTime> snoozed_until;
    /// closed: until its cause is seen again. open: again, and held open until a person closes it.
    std::optional<TicketState> state;
};

class TicketDesk {
public:
    virtual ~TicketDesk() = default;

    /// Opens a ticket, opens the one that was closed a short while ago again, or updates the open one. GEN-003 when there is no such
    /// system.
    virtual net::Task<Result<void>> see(TicketSighting seen) = 0;
    /// The cause is gone. Does nothing when no such ticket is open, or a person holds it open.
    virtual net::Task<Result<void>> settle(SystemId system, TicketType type, std::string subject, std::string why) = 0;

    /// Newest first.
    virtual net::Task<Result<std::vector<ListedTicket>>> list(TicketFilter filter) = 0;
    virtual net::Task<Result<TicketCounts>> count(TicketFilter filter) = 0;
    virtual net::Task<Result<ListedTicket>> get(TicketId id) = 0;  ///< GEN-003
    /// Oldest first, ids above `after`.
    virtual net::Task<Result<std::vector<TicketEvent>>> history(TicketId id, std::int64_t after, std::size_t limit) = 0;
    /// GEN-003; MGR-060 when it is closed and is not opened again; MGR-061 when another ticket of its kind is open.
    virtual net::Task<Result<ListedTicket>> change(TicketId id, TicketChange change, std::string actor) = 0;
    /// Snoozes whose end has come: those tickets are back. Their systems.
    virtual net::Task<Result<std::vector<SystemId>>> wake_due() = 0;
};

std::string_view to_string(TicketEventKind value);
std::optional<TicketEventKind> parse_ticket_event_kind(std::string_view text);
std::string_view to_string(TicketFilter::Show value);
std::optional<TicketFilter::Show> parse_ticket_show(std::string_view text);

}  // namespace countersign::manager
