#pragma once

/// Commands for the machine's administrator: on the manager's own machine, with its data. The manager need not run, and may.

namespace countersign::manager {

/// `argv[1]` is the command: verify-audit, restore-administrator, backup, restore. The exit code of the program: 0; 1 to 3 of the error; 2
/// also where the audit trail does not hold.
int run_maintenance(int argc, char** argv);

/// Their names, for the help of the program.
inline constexpr char const* k_maintenance_commands = "verify-audit, restore-administrator, backup, restore";

}  // namespace countersign::manager
