#pragma once

/// Who may talk to the manager: the one-time set-up password, the administrator's account, sessions, API tokens. Passwords are
/// Argon2id hashes made on the blocking pool; sessions and tokens are stored as hashes only. Guessing is slowed down per
/// user and per address (ACC-003).

#include "manager/store/store.hpp"
#include "net/task.hpp"

#include <memory>
#include <optional>
#include <string>

namespace countersign::manager {

class Access {
public:
    Access(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock);
    ~Access();

    /// True until the administrator's password was set.
    net::Task<Result<bool>> setup_pending();
    /// A fresh one-time password; the one before is void. For the program to print at its start while setup is pending.
    net::Task<Result<SecretText>> new_setup_password();
    /// Sets the password of `admin`. ACC-002 wrong set-up password, ACC-006 done before, ACC-007 shorter than 12 characters, ACC-003.
    net::Task<Result<void>> setup(SecretText setup_password, SecretText new_password, std::string address);
    /// A session token, valid for 12 hours. ACC-002, ACC-003.
    net::Task<Result<SecretText>> login(std::string user, SecretText password, std::string address);
    net::Task<Result<void>> logout(std::string session_token);
    /// The actor's name ("admin", "token:ci"), or ACC-001 when there is neither, ACC-002 when it is not valid.
    net::Task<Result<std::string>> authenticate(std::optional<std::string> session_token, std::optional<std::string> bearer_token);
    /// Shown once. `days` 0: no end.
    net::Task<Result<SecretText>> create_token(std::string name, int days, std::string actor);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace countersign::manager
