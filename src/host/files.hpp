#pragma once

/// Files that survive: whatever instruction the process or machine dies at, either the old or the new content is
/// whole (design section 6). Every read has a limit.

#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::host {

namespace fs = std::filesystem;

inline constexpr std::size_t k_default_file_limit = 16 * 1024 * 1024;

enum class Privacy { shared, owner_only };  ///< 0644 or 0600

/// Reads the whole file. FIL-001 when it cannot be read, FIL-003 when it is larger than `limit` bytes.
Result<std::string> read_file(fs::path const& file, std::size_t limit = k_default_file_limit);
/// The same into a Secret.
Result<SecretText> read_secret_file(fs::path const& file, std::size_t limit = 64 * 1024);

enum class Durability { fsync, none };

/// Temporary file in the same folder, mode set before content, fsync, rename, fsync of the folder.
/// FIL-002 on failure; then the old file is unchanged and no temporary file stays.
/// `Durability::none` skips both fsyncs (still atomic against death of the process, not of the machine).
Result<void> write_file(fs::path const& file, std::string_view content, Privacy privacy, Durability durability = Durability::fsync);

/// For files that other programs read.
struct FileAccess {
    unsigned mode = 0640;
    std::optional<unsigned> owner;  ///< user number; nothing: ours
    std::optional<unsigned> group;
};
/// The same with an owner and a mode of its own; durable.
Result<void> write_file_for(fs::path const& file, std::string_view content, FileAccess const& access);

/// Asked before each file is written or removed, with its name: an errno value makes the write fail like that, k_swallow makes it
/// seem to succeed. For systems that are played with a full or forgetful disk. Any thread calls it; set before the first one.
inline constexpr int k_swallow = -1;
using WriteHook = std::function<int(fs::path const& file)>;
void set_write_hook(WriteHook hook);
[[nodiscard]] int ask_write_hook(fs::path const& file);

/// Like write_file, but FIL-004 when the file exists.
Result<void> create_file(fs::path const& file, std::string_view content, Privacy privacy);

/// Makes the folder and those above it, mode 0700 for those it makes.
Result<void> ensure_folder(fs::path const& folder);

/// Removes it when it exists, and makes the removal durable.
Result<void> remove_file(fs::path const& file);

}  // namespace countersign::host
