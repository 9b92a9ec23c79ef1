#pragma once

/// Which permission an operation of the API needs: x-permission in catalogue/openapi.yaml, which is compiled in. There is no other
/// place that says it.

#include "manager/access/roles.hpp"

#include <string_view>

namespace countersign::manager::api {

/// `path` as requested, "/api/v1/systems/12". When several patterns fit ("/campaigns/plan", "/campaigns/{id}"), whichever needs more. An
/// operation that is not described needs `administer`, so that what was forgotten is closed.
Permission permission_for(std::string_view method, std::string_view path);

}  // namespace countersign::manager::api
