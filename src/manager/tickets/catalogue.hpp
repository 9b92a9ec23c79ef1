#pragma once

/// What catalogue/tickets.toml says about each type of ticket: its name as people know it, how bad it is, why it comes up and
/// what to do (REQ MGR-6). The file is compiled in; a type without an entry ends the program at its first use.

#include "manager/estate/model.hpp"

#include <string>

namespace countersign::manager {

/// A step of a type that becomes worse while nothing is done, with time (REQ MGR-16).
struct TicketRung {
    TicketSeverity severity = TicketSeverity::warning;
    std::optional<int> days;  ///< reached when fewer are left; nothing: when the policy says that it is due
    double fraction = 1;      ///< and when less than this part of the whole time is left
    std::string text;
};

struct TicketEntry {
    std::string title;                                   ///< "No HTTPS Response"
    TicketSeverity severity = TicketSeverity::critical;  ///< of a type with a ladder: the rung's
    std::string cause;
    std::string remedy;
    int reopen_hours = 0;  ///< a cause that comes back within this time opens the same ticket again
    std::vector<TicketRung> ladder;
};

/// Lives as long as the program.
TicketEntry const& ticket_entry(TicketType type);

/// The highest rung that is reached when of the time from `begin` to `end` it is `now`; the first has number 1. 0: none is.
int reached_rung(std::vector<TicketRung> const& ladder, UtcTime begin, UtcTime end, UtcTime now, int days_of_policy);

}  // namespace countersign::manager
