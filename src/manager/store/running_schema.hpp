#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// The step of the schema with what people log in by, and when renewals run.
Statements const& running_schema();

}  // namespace countersign::manager::store
