#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// 24: what looks at systems found changed.
Statements const& history_schema();

}  // namespace countersign::manager::store
