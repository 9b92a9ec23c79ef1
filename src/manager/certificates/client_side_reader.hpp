#pragma once

/// What the inventory knows of the certificate that a system has for its calls (assess/client_side.hpp).

#include "manager/assess/client_side.hpp"
#include "manager/certificates/internal_ca.hpp"

namespace countersign::manager {

/// Of a system whose family keeps it apart, and of whom an account was read; else empty but for `server_of_ours`. `observation` is what
/// was just seen.
net::Task<Result<ClientSide>> read_client_side(Store& store, InternalCa const& authority, family::FamilyPtr family, System system,
                                               Observation const& observation, Policy policy, UtcTime now);

}  // namespace countersign::manager
