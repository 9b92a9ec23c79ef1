#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// 23: who made the keys of certificates and requests (docs/decisions/0062).
Statements const& key_schema();

}  // namespace countersign::manager::store
