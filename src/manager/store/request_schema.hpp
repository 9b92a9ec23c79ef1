#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// 20: requests to authorities that are asked by hand, and folders' choice of who issues.
Statements const& request_schema();

}  // namespace countersign::manager::store
