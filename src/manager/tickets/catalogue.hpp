#pragma once

/// What catalogue/tickets.toml says about each type of ticket: its name as people know it, how bad it is, why it comes up and
/// what to do (REQ MGR-6). The file is compiled in; a type without an entry ends the program at its first use.

#include "manager/estate/model.hpp"

#include <string>

namespace countersign::manager {

struct TicketEntry {
    std::string title;     ///< "No HTTPS Response"
    std::string severity;  ///< "critical", "warning"
    std::string cause;
    std::string remedy;
};

/// Lives as long as the program.
TicketEntry const& ticket_entry(TicketType type);

}  // namespace countersign::manager
