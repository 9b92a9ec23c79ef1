#include "host/memory.hpp"

#include "base/text.hpp"
#include "host/files.hpp"

#include <charconv>
#include <cstdint>
#include <malloc.h>
#include <optional>
#include <sys/mman.h>
#include <unistd.h>

namespace countersign::host {
namespace {

constexpr std::size_t k_longest_file = 1024 * 1024;

std::optional<std::uintptr_t> address_of(std::string_view hexadecimal) {
    std::uintptr_t value = 0;
    auto const* last = hexadecimal.data() + hexadecimal.size();
    auto const [end, code] = std::from_chars(hexadecimal.data(), last, value, 16);
    if (code != std::errc() || end != last) return std::nullopt;
    return value;
}

/// "7f00-7f80 r-xp 00001000 08:01 1234 /usr/lib/x.so": code that was mapped from a file. It was never written to, so nothing is lost with
/// its pages; what the loader wrote (relocations) is in mappings that cannot be executed.
void release_if_code(std::string_view line) {
    auto const fields = words(line);
    if (fields.size() < 6 || fields[1] != "r-xp" || !fields[5].starts_with('/')) return;
    auto const ends = split(fields[0], '-');
    if (ends.size() != 2) return;
    auto const begin = address_of(ends[0]);
    auto const end = address_of(ends[1]);
    if (!begin || !end || *begin >= *end) return;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast,performance-no-int-to-ptr): the kernel names addresses as numbers
    ::madvise(reinterpret_cast<void*>(*begin), *end - *begin, MADV_DONTNEED);
}

}  // namespace

std::size_t resident_kilobytes() {
    auto const text = read_file("/proc/self/statm", 4096).value_or("");
    auto const parts = words(text);
    if (parts.size() < 2) return 0;
    return parse_number<std::size_t>(parts[1]).value_or(0) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void release_start_memory() {
    ::malloc_trim(0);
    auto const maps = read_file("/proc/self/maps", k_longest_file).value_or("");
    for (auto line : split(maps, '\n')) release_if_code(line);
}

}  // namespace countersign::host
