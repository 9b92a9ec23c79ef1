#pragma once

#include <string_view>
#include <vector>

namespace countersign::manager::store {

/// The step of the schema that makes the inventory of certificates.
std::vector<std::string_view> const& inventory_schema();

}  // namespace countersign::manager::store
