#pragma once

#include <string_view>
#include <vector>

namespace countersign::manager::store {

/// The step of the schema with what people log in by, and when renewals run.
std::vector<std::string_view> const& running_schema();

}  // namespace countersign::manager::store
