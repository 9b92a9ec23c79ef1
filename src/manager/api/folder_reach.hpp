#pragma once

/// What a token that is limited to a folder may reach: the systems in that folder and below, and nothing else. What is not named here
/// is closed to it, so that an operation that somebody adds later is closed, too.

#include "manager/api/routes.hpp"

namespace countersign::manager::api {

/// Lists are narrowed by what is written into `request`. ACC-027 for everything out of reach; a system that does not exist is out of
/// reach as well.
net::Task<Result<void>> keep_to_folder(Doors doors, Caller caller, net::http::Request& request);

}  // namespace countersign::manager::api
