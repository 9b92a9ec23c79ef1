#pragma once

/// What the system says about this program. A figure that cannot be read is 0.

#include <cstdint>

namespace countersign::host {

struct ProcessFigures {
    double processor_seconds = 0;
    std::int64_t resident_bytes = 0;
    std::int64_t open_files = 0;  ///< with sockets
    std::int64_t most_open_files = 0;
    std::int64_t started_seconds = 0;  ///< since 1970
};

ProcessFigures process_figures();

}  // namespace countersign::host
