#pragma once

/// Files that survive: whatever instruction the process or machine dies at, either the old or the new content is
/// whole (design section 6). Every read has a limit.

#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <filesystem>
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

/// Like write_file, but FIL-004 when the file exists.
Result<void> create_file(fs::path const& file, std::string_view content, Privacy privacy);

/// Makes the folder and those above it, mode 0700 for those it makes.
Result<void> ensure_folder(fs::path const& folder);

/// Removes it when it exists, and makes the removal durable.
Result<void> remove_file(fs::path const& file);

}  // namespace countersign::host
