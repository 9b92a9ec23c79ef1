#pragma once

/// The way back in for whoever has the manager's machine, when nobody can log in any more. Needs the data folder; the manager may run.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "manager/store/place.hpp"

#include <filesystem>
#include <string>

namespace countersign::manager {

struct Restored {
    bool setup = false;  ///< there was no account: the password is a fresh set-up password
    SecretText password;
};

/// Without any account: a fresh set-up password. Else the account becomes an administrator who is not disabled, made when it does not
/// exist, with a one-time password; its sessions end. Stands in the audit trail as "console". FIL-001 (no manager's data there), GEN-001,
/// STO-*.
Result<Restored> restore_administrator(StorePlace const& place, std::string account);

}  // namespace countersign::manager
