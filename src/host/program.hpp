#pragma once

/// Other programs, run to their end.

#include "base/result.hpp"

#include <string>
#include <vector>

namespace countersign::host {

struct ProgramEnd {
    int code = 0;      ///< exit code; 128 and the signal's number when a signal ended it
    std::string text;  ///< standard output and error together, at most 64 KiB
};

/// Runs `arguments`, of which the first is looked for on the PATH, without a shell and with an empty standard input; blocks until
/// it ends. FIL-001 when it cannot be started.
Result<ProgramEnd> run_program(std::vector<std::string> const& arguments);

}  // namespace countersign::host
