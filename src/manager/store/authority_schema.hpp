#pragma once

#include <string_view>
#include <vector>

namespace countersign::manager::store {

/// The step of the schema that makes the tables of the internal authority.
std::vector<std::string_view> const& authority_schema();

}  // namespace countersign::manager::store
