#pragma once

/// The selection of systems in the body of a request that works on many: `systems` (numbers), or the fields of lists (folder, family,
/// text, level, reachability, capable, ticket, track_by, expires_before, expires_after), or `all`. Nothing at all selects nothing: an empty
/// field never means the whole estate.

#include "manager/api/json.hpp"
#include "manager/manager.hpp"

#include <map>

namespace countersign::manager::api {

struct SystemSelection {
    std::vector<SystemId> systems;
    std::map<std::string, std::string> fields;
    bool all = false;

    [[nodiscard]] bool empty() const { return systems.empty() && fields.empty() && !all; }
};

/// Takes the fields; a selection in two ways is a problem.
SystemSelection read_system_selection(Reader& reader);
/// The numbers, in their order; at most `most`. MGR-044, GEN-001, GEN-003.
net::Task<Result<std::vector<SystemId>>> select_systems(std::shared_ptr<Manager> manager, SystemSelection selection, std::size_t most);
/// "folder /Europe, family mcu", "12 systems", "the whole estate".
std::string describe(SystemSelection const& selection);

}  // namespace countersign::manager::api
