#pragma once

/// Systems by selection: lists that stay fast with 100,000 systems, saved views, and adding many at once.
///
/// A page is found by its cursor, never by counting rows: a system that is added, removed or changed meanwhile moves no other one
/// into or out of the pages that follow. Each order has its index. A narrow selection is looked up and then sorted; a wide
/// one is met while walking along the order.

#include "base/secret.hpp"
#include "manager/store/network_store.hpp"
#include "manager/store/store.hpp"

#include <map>

namespace countersign::manager {

enum class SortColumn {
    id,
    name,
    host_name,
    address,  ///< by value, 10.0.0.9 before 10.0.0.10
    family,
    software,
    level,
    reachability,
    capable,
    track_by,
    serial_number,
    mac_address,
    certificate_expires,  ///< none comes last
    observed_at,
    last_call_at,
    created,
    folder  ///< by path
};
std::string_view to_string(SortColumn value);
std::optional<SortColumn> parse_sort_column(std::string_view text);

struct ListOrder {
    SortColumn column = SortColumn::id;
    bool descending = false;
    bool operator==(ListOrder const&) const = default;
};

/// "name" or "-name" (descending).
std::optional<ListOrder> parse_list_order(std::string_view text);

/// A system as lists show it.
struct ListedSystem {
    System system;
    std::string folder_path;
    std::string why;  ///< what holds its level down; empty before the first observation
    std::int64_t open_tickets = 0;
};

struct ListPage {
    std::vector<ListedSystem> systems;
    std::string next;  ///< cursor of the page that follows; empty: this is the last
};

/// Named filter, order and columns of one account.
struct SavedView {
    std::string name;
    std::map<std::string, std::string> fields;  ///< as in a query: "folder", "level", "sort", "columns" ...
};
inline constexpr std::size_t k_most_views = 200;  ///< of one account

/// A system to be added, and its password.
struct AddedSystem {
    System system;
    std::optional<SecretText> password;
    std::size_t line = 0;        ///< of the list it comes from
    bool says_track_by = false;  ///< the list says how it is tracked
    ConnectionSettings connection{};
    std::string folder;  ///< path; when it is not empty, it counts instead of system.folder, and is made when it does not exist
};

class ListStore {
public:
    virtual ~ListStore() = default;

    /// Every system that the filter means, by number; `limit` and `after` do not count.
    virtual net::Task<Result<std::vector<SystemId>>> select(SystemFilter filter) = 0;
    /// At most `filter.limit` (1 to 1,000) systems behind the cursor; an empty cursor: the first page. GEN-001 for a cursor that is
    /// not one of this order.
    virtual net::Task<Result<ListPage>> page(SystemFilter filter, ListOrder order, std::string cursor) = 0;

    virtual net::Task<Result<std::vector<SavedView>>> list_views(std::string user) = 0;
    virtual net::Task<Result<std::optional<SavedView>>> find_view(std::string user, std::string name) = 0;
    /// Makes or replaces. GEN-001 beyond k_most_views.
    virtual net::Task<Result<void>> save_view(std::string user, SavedView view) = 0;
    virtual net::Task<Result<void>> remove_view(std::string user, std::string name) = 0;  ///< GEN-003

    /// Systems that are known already under the host name, address, serial number or MAC address of one of these, or that take
    /// folders which do not exist while `make_folders` is false: a problem (MGR-024 with line and column) for each.
    enum class Folders { must_exist, may_be_made };
    virtual net::Task<Result<std::vector<Error>>> find_conflicts(std::shared_ptr<std::vector<AddedSystem> const> systems,
                                                                 Folders folders) = 0;
    /// All of them in one transaction, each with its record, its folder and a job that observes it. MGR-001 and nothing is added
    /// when one became known meanwhile.
    virtual net::Task<Result<std::vector<SystemId>>> add_all(std::shared_ptr<std::vector<AddedSystem> const> systems,
                                                             std::string actor) = 0;
};

}  // namespace countersign::manager
