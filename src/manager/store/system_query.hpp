#pragma once

/// A SystemFilter as the condition of a query on the table systems.

#include "manager/store/database.hpp"
#include "manager/store/store.hpp"

#include <string>
#include <vector>

namespace countersign::manager::store {

struct Condition {
    std::string sql;            ///< "a = :f1 AND b IN (...)"; "1" when nothing restricts
    std::vector<Value> values;  ///< in the order of their names
};

/// Without `limit` and `after`.
Condition condition_of(SystemFilter const& filter);

/// The columns of a System, the id first.
std::vector<std::string_view> const& system_columns();
System system_of(Row const& row);

}  // namespace countersign::manager::store
