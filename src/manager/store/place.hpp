#pragma once

/// Where a manager keeps what it remembers: its data folder, with SQLite in it or a PostgreSQL database beside it.

#include "manager/store/database.hpp"
#include "manager/store/postgresql_address.hpp"
#include "manager/store/store.hpp"

namespace countersign::manager {

struct StorePlace {
    std::filesystem::path data;           ///< holds sealing.key, and manager.db when `database` has no URL
    store::PostgresqlAddress database{};  ///< no URL: SQLite

    [[nodiscard]] bool is_shared() const { return !database.url.empty(); }
    [[nodiscard]] std::filesystem::path file() const { return data / "manager.db"; }
    [[nodiscard]] std::filesystem::path key() const { return data / "sealing.key"; }
    /// For messages.
    [[nodiscard]] std::string name() const { return is_shared() ? database.name() : file().string(); }
};

/// FIL-001 when there is no manager's data: an empty database would look like a manager that knows nothing.
Result<void> check_present(StorePlace const& place);
/// Makes what is not there. See Store::open and Store::connect.
Result<std::unique_ptr<Store>> open_store(StorePlace const& place, std::shared_ptr<Clock const> clock);
/// Without bringing its schema forward. STO-001, STO-003 to STO-005.
Result<std::unique_ptr<store::Database>> open_database(StorePlace const& place);

}  // namespace countersign::manager
