#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// The step of the schema that makes the inventory of certificates.
Statements const& inventory_schema();

}  // namespace countersign::manager::store
