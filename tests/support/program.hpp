#pragma once

/// Runs other people's programs, for tests that compare with them.

#include "support/temporary_folder.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/wait.h>

namespace countersign::testing {

struct Ran {
    int exit_code = -1;
    std::string output;  ///< standard output and standard error as they came
};

/// Runs a shell command in `folder`; nothing is read from the terminal.
inline Ran run_in(TemporaryFolder const& folder, std::string const& command) {
    Ran ran;
    std::string const line = "cd '" + folder.path().string() + "' && { " + command + "; } 2>&1 </dev/null";
    FILE* const pipe = popen(line.c_str(), "r");
    if (pipe == nullptr) return ran;
    std::array<char, 4096> buffer{};
    for (std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe); got > 0; got = fread(buffer.data(), 1, buffer.size(), pipe)) {
        ran.output.append(buffer.data(), got);
    }
    int const status = pclose(pipe);
    ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
}

}  // namespace countersign::testing
