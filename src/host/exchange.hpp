#pragma once

/// One document to another program and one back: no shell, a clean environment, and an end to everything.

#include "base/result.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace countersign::host {

struct ExchangeLimits {
    std::chrono::milliseconds time{60'000};
    std::size_t output = 1024UL * 1024;         ///< bytes of standard output; more ends the program
    std::size_t complaint = 16UL * 1024;        ///< bytes of standard error that are kept; more is read and left out
    std::vector<std::string> environment = {};  ///< NAME=value; nothing else is in it
};

struct ExchangeEnd {
    enum class How { ended, timed_out, flooded };
    How how = How::ended;
    int code = 0;  ///< exit code; 128 and the signal's number when a signal ended it
    std::string output;
    std::string complaint;  ///< standard error
};

/// Runs `program` without arguments in the folder /, gives it `input` on standard input, and blocks until it has ended. It leads a process
/// group of its own, which is killed at the end, whatever end that is: nothing that it started outlives it there. FIL-001 when it cannot
/// be started.
Result<ExchangeEnd> exchange_with(std::filesystem::path const& program, SecretText const& input, ExchangeLimits const& limits);

/// What keeps a program from being trusted; empty: nothing. It is a regular file (no link) that can be executed; it, its folder and all
/// folders above belong to root or to us and can be written by nobody else (folders above: but for those where only owners remove, /tmp).
std::string why_not_trusted(std::filesystem::path const& program);

}  // namespace countersign::host
