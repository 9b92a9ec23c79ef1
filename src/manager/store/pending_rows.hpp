#pragma once

/// Certificates on their way to systems, one for each side that has one of its own; the keys are sealed, and a key that the system made is
/// not here. Store and CertificateStore say
/// what the functions promise.

#include "manager/store/backing.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager/store/store.hpp"

namespace countersign::manager::store {

net::Task<Result<std::optional<PendingCertificate>>> get_pending(Backing& backing, SystemId id, Side side);
net::Task<Result<void>> set_pending(Backing& backing, SystemId id, Side side, PendingCertificate pending);
net::Task<Result<void>> clear_pending(Backing& backing, SystemId id, Side side);
/// Inside of somebody's transaction: who made the key of a certificate that is in the inventory (k_made_by_system, k_made_by_manager).
void note_key_made(Database& database, std::string_view fingerprint, std::string_view made_by);
/// The row of `issued`.
void insert_issued(Database& database, IssuedCertificate const& issued);

}  // namespace countersign::manager::store
