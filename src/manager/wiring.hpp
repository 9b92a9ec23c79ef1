#pragma once

/// By what the manager reaches systems, name servers and the people it notifies: made once, from its settings.

#include "manager/manager.hpp"
#include "manager/notify/notifier.hpp"
#include "manager/observe/wire.hpp"

namespace countersign::manager {

/// By what other managers on the same database, and its own next lives, know this one at its leases.
net::Task<Result<std::string>> owner_name(Store& store, std::filesystem::path data);

/// SSH with the manager's own key, which is made at the first start, and the folder of hooks. STO-002 when the database fails.
Result<std::shared_ptr<DirectWays const>> make_direct_ways(net::Runtime& runtime, Store& store, ManagerSettings const& settings);
Wire make_wire(net::Runtime& runtime, ManagerSettings const& settings, std::shared_ptr<Clock const> clock,
               std::shared_ptr<DirectWays const> direct);
/// `authority` must outlive it.
std::shared_ptr<DeliveryWays const> make_ways(net::Runtime& runtime, Wire const& wire, ManagerSettings const& settings,
                                              InternalCa const& authority);

}  // namespace countersign::manager
