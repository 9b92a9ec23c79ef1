#pragma once

/// Tickets open, change and close by themselves (REQ MGR-6): each observation says of each type whether its cause is there,
/// is gone, or could not be seen this time.

#include "manager/assess/assess.hpp"
#include "manager/store/store.hpp"

#include <string>
#include <vector>

namespace countersign::manager {

struct TicketVerdict {
    enum class What {
        open,   ///< the cause is there
        close,  ///< the cause is gone
        leave   ///< this observation does not tell
    };
    TicketType type{};
    What what = What::leave;
    std::string text;    ///< what was seen
    std::string remedy;  ///< beyond what the catalogue says of the type; may be empty
    /// Of a type with a ladder: the rung that is reached, from 1. It says the severity.
    int rung = 0;
};

/// Every type that an observation decides; enforcement_failed is not among them. Pure. `system` is the system with the
/// observation's results in it.
/// A system behind a firewall is reachable while it calls.
bool calls_regularly(Observation const& observation, UtcTime now);

std::vector<TicketVerdict> judge_tickets(AssessInput const& input);
/// Of a system behind a firewall, whose ports nobody sees: by the certificate that its newest call showed.
TicketVerdict judge_end_of_caller(AssessInput const& input, pki::Certificate const& shown);

/// Opens, updates and closes accordingly. One read, and a write only for what changes. True when something changed.
net::Task<Result<bool>> settle_tickets(Store& store, SystemId system, std::vector<TicketVerdict> verdicts);

}  // namespace countersign::manager
