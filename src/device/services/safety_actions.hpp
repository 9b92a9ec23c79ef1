#pragma once

/// What doors offer of alarms, trials, flags, factory defaults and recovery: behaviours of commands and actions of forms
/// (docs/families.md, "Safety").

#include "device/unit.hpp"

#include <optional>
#include <string>

namespace countersign::device {

void register_safety_behaviours(Environment& environment);

/// Carries out the form actions trial_begin, trial_confirm, trial_cancel, restore_factory, set_flag, delete_flag; what to say then.
/// Nothing for another action.
std::optional<Result<std::string>> carry_out_safety(Unit& unit, family::Form const& form, dialect::web::Submission const& submission,
                                                    Actor const& actor);

/// Opens the web again and ends every lock-out: HTTP on at its own port. The unit restarts where that needs it (docs/recovery.md).
Result<Outcome> recover_access(Unit& unit, Actor actor);

}  // namespace countersign::device
