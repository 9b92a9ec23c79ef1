#pragma once

/// What several groups of routes read alike: which system a path names, and how a system is reached.

#include "manager/api/json.hpp"
#include "manager/store/network_store.hpp"
#include "net/http/message.hpp"

namespace countersign::manager::api {

/// By number, name, host name, address or serial number. GEN-003.
net::Task<Result<System>> find_system(std::shared_ptr<Manager> manager, std::string key);
/// The fields `connectivity` and `persistent` (a list of "setting=value"); what is not named stays.
void read_connection(Reader& reader, ConnectionSettings& settings);
/// The cursor of a list: 0 when there is none.
std::int64_t after_of(net::http::Request& request);
std::size_t limit_of(net::http::Request& request);

}  // namespace countersign::manager::api
