#pragma once

/// The first thirteen steps of the schema.

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// In their order, from step 1 on.
std::vector<Statements const*> first_steps();

}  // namespace countersign::manager::store
