#pragma once

#include "manager/api/json.hpp"
#include "manager/store/certificate_store.hpp"

namespace countersign::manager::api {

/// {"systems": [{"id", "name", "observed_at"}], "in_all"}
json::object systems_json(NamedSystems const& systems);

}  // namespace countersign::manager::api
