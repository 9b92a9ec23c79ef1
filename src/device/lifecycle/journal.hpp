#pragma once

/// Everything that happened to a unit, one line each, appended: `2026-11-21T21:18:51Z certificate.installed fingerprint="9f3c..."`. Tests
/// read it to prove that no step was done twice; people read it after the fact. Secrets never get here.

#include "base/utc_time.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::device {

class Journal {
public:
    /// Past this size the file is moved to <file>.1 and begun anew.
    static constexpr std::size_t k_limit = 1024 * 1024;

    explicit Journal(std::filesystem::path file) : file_(std::move(file)) {}
    /// One write call per line, so that lines of a killed process are whole. What cannot be written is logged once and then
    /// given up: a full disk must not stop a system.
    void append(UtcTime at, std::string_view id, std::vector<std::pair<std::string, std::string>> const& fields);
    [[nodiscard]] std::filesystem::path const& file() const { return file_; }

private:
    std::filesystem::path file_;
    bool complained_ = false;
};

/// One line, with its end.
std::string journal_line(UtcTime at, std::string_view id, std::vector<std::pair<std::string, std::string>> const& fields);

}  // namespace countersign::device
