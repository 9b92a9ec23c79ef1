#pragma once

/// The files that a system shows to those who transfer files, whichever protocol they speak. Nothing of it is a file of the disk: what is
/// read is made at that moment, and what is written is one document that is taken whole or refused whole. A path that
/// names none of them leads nowhere, so there is no way out.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/utc_time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

inline constexpr std::size_t k_path_limit = 1024;  ///< bytes
/// Of a file that is written, in bytes: what the readers of its contents take at most.
inline constexpr std::size_t k_file_limit = 1024 * 1024;

struct FileEntry {
    std::string path;  ///< "/certificates/management.pem"
    bool folder = false;
    bool writable = false;  ///< by the peer that asks
    std::size_t size = 0;   ///< bytes
    UtcTime changed{};
    /// "management.pem"; of the root "/".
    [[nodiscard]] std::string name() const;
};

class FileTree {
public:
    virtual ~FileTree() = default;
    /// `path` as absolute_path() gives it, here and below. GEN-003.
    [[nodiscard]] virtual Result<FileEntry> find(std::string_view path) const = 0;
    /// What is in a folder. GEN-003.
    [[nodiscard]] virtual Result<std::vector<FileEntry>> list(std::string_view folder) const = 0;
    /// GEN-003, also for a folder.
    [[nodiscard]] virtual Result<std::string> read(std::string_view path) const = 0;
    /// May it be written by this peer at all? GEN-003, DEV-100, ACC-008.
    [[nodiscard]] virtual Result<void> check_writable(std::string_view path) const = 0;
    /// Takes the whole document, or refuses it and changes nothing: as check_writable, FIL-003 over k_file_limit, and what its reader says.
    virtual Result<void> write(std::string_view path, SecretText contents) = 0;
};

/// "/a/b" for `path` as seen from the folder `from`: "b", "./b", "../a//b". Above the root is the root. Nothing for a path over
/// k_path_limit or with control characters.
std::optional<std::string> absolute_path(std::string_view from, std::string_view path);

/// One line in the form of `ls -l`, without its end, that every client reads: "-rw-r--r-- 1 system system 2744 Nov 22 08:16 trust.pem".
std::string listing_line(FileEntry const& entry);

}  // namespace countersign::device
