#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// The step of the schema that makes the tables of the internal authority.
Statements const& authority_schema();

}  // namespace countersign::manager::store
