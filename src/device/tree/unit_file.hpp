#pragma once

/// What a unit remembers besides its certificates, in one file, state.toml. It is written whole at each change
/// (host::write_file), so a kill at any moment leaves the old or the new state (design section 6). Passwords stand in it sealed.

#include "base/result.hpp"
#include "device/unit.hpp"
#include "host/files.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace countersign::device {

struct UnitFile {
    std::uint64_t boots = 0;
    std::string sealed_password;                         ///< empty: the factory password
    std::map<std::string, std::string> sealed_accounts;  ///< user -> sealed password
    std::map<std::string, std::string> settings;         ///< path -> value; those that differ from the factory values
    std::vector<FeedbackSlot> feedback;
    std::optional<std::vector<std::string>> feature_keys;  ///< nothing: those of the spec

    /// FIL-001, FIL-003 (1 MiB); GEN-001 when it is not such a file. A file that does not exist gives an empty one.
    static Result<UnitFile> load(fs::path const& file);
    /// The error of a file that should be there. FIL-001.
    static Result<void> missing(fs::path const& file);
    [[nodiscard]] Result<void> save(fs::path const& file, host::Durability durability) const;
    [[nodiscard]] std::string to_text() const;
    static Result<UnitFile> parse(std::string_view text, std::string_view file);
};

}  // namespace countersign::device
