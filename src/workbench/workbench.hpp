#pragma once

/// The `countersign` program: one file per group of commands, one way to print, documented exit codes.

#include <string>
#include <vector>

namespace countersign::workbench {

/// Exit codes (docs/workbench.md).
inline constexpr int k_holds = 0;          ///< done, or it holds
inline constexpr int k_usage = 1;          ///< the command line or its input is wrong
inline constexpr int k_does_not_hold = 2;  ///< the answer is no; findings are printed
inline constexpr int k_failed = 3;         ///< it could not be done

/// Runs the program. Results go to standard output, messages to standard error.
int run(int argc, char const* const* argv);

}  // namespace countersign::workbench
