#pragma once

/// Systems by list (CSV, RFC 4180; dialect/csv.hpp says what else of real files is taken). The first line names the columns, in any
/// order: name, host_name, address, mac, serial, family, folder, track_by, user, password, pins (several with blanks between),
/// https_port, connectivity, persistent (setting=value, several with ; between). One of host_name and address is needed; behind a
/// firewall one of serial and mac, and the family. A family that is not named is recognised when the system is looked at first.

#include "family/family.hpp"
#include "manager/manager.hpp"
#include "manager/store/list_store.hpp"

namespace countersign::manager {

inline constexpr std::size_t k_most_listed = 100'000;              ///< systems of one list
inline constexpr std::size_t k_largest_list = 32UL * 1024 * 1024;  ///< bytes
inline constexpr std::size_t k_most_told = 1000;                   ///< problems of one list; further ones are counted

struct CheckedList {
    std::vector<AddedSystem> systems;  ///< those of lines without problems
    std::vector<Error> problems;       ///< MGR-024, by line
};

/// Looks at the list alone, for duplicates in it, too. MGR-080, GEN-006 when it is no table; GEN-001 for columns that do not exist.
Result<CheckedList> read_system_list(std::string_view text, family::Families const& families);

struct ImportOptions {
    bool dry_run = false;       ///< checks everything and adds nothing
    bool partial = false;       ///< adds the lines without problems
    bool make_folders = false;  ///< folders that do not exist are made
    std::string folder = "/";   ///< for lines without one: path
};

struct ImportResult {
    std::size_t lines = 0;        ///< with a system
    std::vector<SystemId> added;  ///< empty for a dry run
    std::size_t would_add = 0;    ///< of a dry run
    std::vector<Error> problems;  ///< k_most_told at most
    std::size_t more_problems = 0;
};

/// With problems and not `partial`, nothing is added, and that is no failure of the call.
net::Task<Result<ImportResult>> import_systems(std::shared_ptr<Manager> manager, std::string text, ImportOptions options,
                                               std::string actor);

}  // namespace countersign::manager
