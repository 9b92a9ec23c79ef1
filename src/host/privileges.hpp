#pragma once

/// A program that was started as root and goes on as somebody else.

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace countersign::host {

/// From now on this process is `user`, in that user's groups, and can never get another privilege (no_new_privs). Of root's
/// powers only one is kept: to open ports below 1024, since services are switched off and on again later. Call it before
/// threads start. DEV-059 when not started as root, when there is no such user, or when the kernel refuses; then nothing that
/// follows may run.
Result<void> become_user(std::string const& user);

/// Gives a folder to `user` and the user's group. DEV-059, FIL-002.
Result<void> give_folder(std::filesystem::path const& folder, std::string const& user);

/// Number of a user or group, by name or as decimal digits. GEN-003.
Result<uid_t> find_user(std::string const& name);
Result<gid_t> find_group(std::string const& name);

}  // namespace countersign::host
