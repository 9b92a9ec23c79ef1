#pragma once

/// Which other programs of the machine get a system's certificate, and how: the file hooks.toml (docs/appliance.md).

#include "base/result.hpp"
#include "host/files.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// What a file of a hook holds, PEM each.
enum class HookPart {
    certificate,  ///< the identity's own certificate, then its chain
    leaf,         ///< its own certificate alone
    chain,        ///< what is between it and the root
    key,          ///< the private key, not encrypted
    combined,     ///< certificate, chain and key in one file, so that they can never be of two pairs
    trust,        ///< the trust list
};
std::string_view to_string(HookPart part);

struct Hook {
    std::string name;                                               ///< 1 to 32 letters, digits, '-', '_'
    std::string identity;                                           ///< id of a family::Identity; empty: the first
    std::vector<std::pair<HookPart, std::filesystem::path>> files;  ///< absolute paths
    host::FileAccess access;                                        ///< mode 0640 by default
    std::vector<std::string> check;                                 ///< program and arguments; empty: nothing is asked
    std::vector<std::string> reload;
    std::chrono::seconds timeout{30};      ///< of each command
    std::chrono::seconds first_retry{10};  ///< after a failure; then twice as long each time, up to 10 minutes
};

/// All problems at once: GEN-001, GEN-002, GEN-003 for an unknown user or group.
Result<std::vector<Hook>> parse_hooks(std::string_view text, std::string_view file);
/// FIL-001, FIL-003 (64 KiB), and those above. No file: no hooks.
Result<std::vector<Hook>> load_hooks(std::filesystem::path const& file);

}  // namespace countersign::device
