#pragma once

/// What a person changes of a system's connection settings (REQ MGR-1): checked as when it is added, kept in one transaction, and tried
/// at once.

#include "manager/manager.hpp"

namespace countersign::manager {

/// What is not named stays. An empty text, or list, takes away what there was.
struct ConnectionChange {
    std::optional<std::string> name{};  ///< empty: as when it was added without one
    std::optional<std::string> host_name{};
    std::optional<std::string> address{};
    std::optional<TrackBy> track_by{};          ///< not named, and nothing left to be tracked by: in the way that is left
    std::optional<std::uint16_t> https_port{};  ///< 0: the family's
    std::optional<std::string> user{};          ///< empty: the family's
    std::optional<SecretText> password{};       ///< a person's statement: given, whatever it is
    std::optional<std::vector<std::string>> pins{};
    std::optional<FolderId> folder{};
};

/// When the way to the system is another than before, it is looked at by a job, and calls from it are known. GEN-001, GEN-002, GEN-003,
/// MGR-001; several: GEN-006.
net::Task<Result<System>> change_system(std::shared_ptr<Manager> manager, SystemId id, ConnectionChange change, std::string actor);

}  // namespace countersign::manager
