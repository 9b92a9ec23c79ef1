#pragma once

/// Other programs, run to their end.

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace countersign::host {

struct ProgramEnd {
    int code = 0;      ///< exit code; 128 and the signal's number when a signal ended it
    std::string text;  ///< standard output and error together, at most 64 KiB
    bool timed_out = false;
};

struct ProgramLimits {
    /// After this long the program and those it started are killed; 0: as long as it takes. With a limit the program leads a
    /// process group of its own, and what it left running with our pipe open is not waited for.
    std::chrono::milliseconds time{0};
    std::vector<std::string> environment;  ///< NAME=value; empty: ours
};

/// Runs `arguments`, of which the first is looked for on the PATH, without a shell and with an empty standard input; blocks until
/// it ends. FIL-001 when it cannot be started.
Result<ProgramEnd> run_program(std::vector<std::string> const& arguments, ProgramLimits const& limits = {});

}  // namespace countersign::host
