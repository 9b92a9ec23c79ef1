#pragma once

/// Files packed into one, for people to carry: tar (POSIX ustar) and zip, without a disk. What is written is plain (zip: stored). What
/// is read may be compressed (zip: stored or deflated, as file managers make it). Names are only told: no file is made of them here, and
/// whoever makes one must not trust them.

#include "base/result.hpp"
#include "base/utc_time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::archive {

struct File {
    std::string name;
    std::string content;
    bool operator==(File const&) const = default;
};

struct Limits {
    std::size_t files = 10'000;
    std::size_t bytes = 32UL * 1024 * 1024;  ///< unpacked, of all together
};

enum class Form { none, tar, zip };
/// By its first bytes.
Form form_of(std::string_view bytes);
/// The files; folders, links and other entries are left out. MGR-175 for what is broken, encrypted, packed in another way, or over the
/// limits. The work grows with the size of what comes out, and ends at the limit.
Result<std::vector<File>> read(std::string_view bytes, Limits limits = {});

/// Names have at most 100 bytes (tar) and no leading "/".
std::string write_tar(std::vector<File> const& files, UtcTime at);
std::string write_zip(std::vector<File> const& files, UtcTime at);

}  // namespace countersign::dialect::archive
