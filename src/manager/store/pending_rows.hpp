#pragma once

/// Certificates on their way to systems, one for each side that has one of its own; the keys are sealed. Store and CertificateStore say
/// what the functions promise.

#include "manager/store/backing.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager/store/store.hpp"

namespace countersign::manager::store {

net::Task<Result<std::optional<PendingCertificate>>> get_pending(Backing& backing, SystemId id, Side side);
net::Task<Result<void>> set_pending(Backing& backing, SystemId id, Side side, PendingCertificate pending);
net::Task<Result<void>> clear_pending(Backing& backing, SystemId id, Side side);
/// The row of `issued`.
void insert_issued(Database& database, IssuedCertificate const& issued);

}  // namespace countersign::manager::store
