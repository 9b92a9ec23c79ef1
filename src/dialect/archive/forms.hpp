#pragma once

/// What the two forms of archive share while they are read. Inside of this folder.

#include "dialect/archive/archive.hpp"

namespace countersign::dialect::archive {

struct Unpacked {
    Limits limits{};
    std::size_t bytes = 0;
    std::vector<File> files{};
    [[nodiscard]] std::size_t left() const { return limits.bytes - bytes; }
    Result<void> add(std::string_view name, std::string content);
};

Failure unreadable(std::string_view detail);

bool is_tar(std::string_view bytes);
bool is_zip(std::string_view bytes);
Result<void> read_tar(std::string_view bytes, Unpacked& out);
Result<void> read_zip(std::string_view bytes, Unpacked& out);

}  // namespace countersign::dialect::archive
