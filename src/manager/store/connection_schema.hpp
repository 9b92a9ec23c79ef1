#pragma once

#include "manager/store/migrations.hpp"

namespace countersign::manager::store {

/// 25: systems have a port of their own for HTTPS, and can be tracked by their MAC address.
Statements const& connection_schema();

}  // namespace countersign::manager::store
