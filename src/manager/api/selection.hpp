#pragma once

/// Which systems a request means: the same fields in the query of lists and wherever work on a selection is asked for.
///
/// text, family, level (0 to 4), folder (number or path, with all below it), reachability (reachable, unreachable, unknown), capable,
/// ticket (yes or no), track_by (address, host_name, mac), expires_before and expires_after (time, RFC 3339, or days from
/// now: "30"; the second: then or later).

#include "manager/manager.hpp"

#include <map>
#include <string>

namespace countersign::manager::api {

/// Empty values do not restrict; fields of other names are not looked at. GEN-001, several: GEN-006; GEN-003: the folder.
net::Task<Result<SystemFilter>> read_selection(std::shared_ptr<Manager> manager, std::map<std::string, std::string> fields);

/// The folder of this number or path. GEN-003, GEN-001.
net::Task<Result<FolderId>> read_folder(std::shared_ptr<Manager> manager, std::string text);

}  // namespace countersign::manager::api
