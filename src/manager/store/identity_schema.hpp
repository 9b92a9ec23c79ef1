#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// Systems with two certificates (docs/identities.md).
Statements const& identity_schema();

}  // namespace countersign::manager::store
