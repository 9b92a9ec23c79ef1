#pragma once

/// The memory of this process, for small machines.

#include <cstddef>

namespace countersign::host {

/// In KiB, from /proc/self/statm; 0 when it cannot be read.
std::size_t resident_kilobytes();

/// Gives back what only the start needed: free memory, and pages of program code. Code comes back from the file when it runs again, so
/// this is for a program that goes on to do little. Data is not touched.
void release_start_memory();

}  // namespace countersign::host
