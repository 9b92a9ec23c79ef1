#include "host/process_figures.hpp"

#include "host/memory.hpp"

#include <chrono>
#include <filesystem>
#include <sys/resource.h>
#include <system_error>

namespace countersign::host {
namespace {

/// Taken when the program is loaded.
auto const k_started = std::chrono::system_clock::now();

double seconds(timeval const& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

}  // namespace

ProcessFigures process_figures() {
    ProcessFigures out;
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0) out.processor_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    out.resident_bytes = static_cast<std::int64_t>(resident_kilobytes()) * 1024;
    std::error_code failed;
    for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end; at.increment(failed)) ++out.open_files;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) out.most_open_files = static_cast<std::int64_t>(limit.rlim_cur);
    out.started_seconds = std::chrono::duration_cast<std::chrono::seconds>(k_started.time_since_epoch()).count();
    return out;
}

}  // namespace countersign::host
