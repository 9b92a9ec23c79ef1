#pragma once

/// Who may talk to the manager: the one-time set-up password, accounts, sessions, API tokens. Passwords are Argon2id hashes made on the
/// blocking pool; sessions and tokens are stored as hashes only. Guessing is slowed down per user at an address, per user and per address
/// (ACC-003). What somebody may do is said by his role (access/roles.hpp).

#include "manager/store/account_store.hpp"
#include "manager/store/store.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

struct NewAccount {
    std::string name;  ///< 1 to 64 of a-z, 0-9, ".", "_", "-", "@"; capitals become small
    std::string full_name;
    Role role = Role::viewer;
    std::optional<SecretText> password;  ///< nothing: a one-time password is made
};

struct NewToken {
    std::string name;          ///< 1 to 64 bytes of UTF-8
    int days = 90;             ///< 0: no end
    std::optional<Role> role;  ///< nothing: its maker's
    bool read_only = false;
    FolderId folder = 0;  ///< it reaches the systems there and nothing else; 0: no limit
};

/// What people may be called: lower case. GEN-001 of the field "name".
Result<std::string> check_account_name(std::string_view name);

/// Failed log-ins of an account that are not forgotten yet.
struct LogInLock {
    int failures = 0;                    ///< from all addresses
    std::optional<UtcTime> until;        ///< for everybody
    std::vector<std::string> addresses;  ///< from which this account is locked
};

class CertificateLogIn;  // access/people_certificates.hpp
class PeopleDirectory;   // access/people_directory.hpp

class Access {
public:
    Access(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock);
    ~Access();

    /// Reads the failed log-ins that an earlier life of the program counted.
    net::Task<Result<void>> load();
    /// Who else may let people in, from now on; null: nobody. Any thread.
    void use(std::shared_ptr<PeopleDirectory> directory, std::shared_ptr<CertificateLogIn const> certificates);

    /// True until there is an account.
    net::Task<Result<bool>> setup_pending();
    /// A fresh one-time password; the one before is void. For the program to print at its start while setup is pending.
    net::Task<Result<SecretText>> new_setup_password();
    /// Makes the account `admin`. ACC-002 wrong set-up password, ACC-006 done before, ACC-007 shorter than 12 characters, ACC-003.
    net::Task<Result<void>> setup(SecretText setup_password, SecretText new_password, std::string address);
    /// A session token, valid for 12 hours. ACC-002, ACC-003, ACC-015; of people of the directory ACC-019, ACC-023.
    net::Task<Result<SecretText>> login(std::string user, SecretText password, std::string address);
    /// The same for whoever showed `chain` in the handshake. ACC-003, ACC-015, ACC-020, ACC-021, ACC-022.
    net::Task<Result<SecretText>> login_by_certificate(std::vector<pki::Certificate> chain, std::string address);
    net::Task<Result<void>> logout(std::string session_token);
    /// Who asks, or ACC-001 when there is neither, ACC-002 when it is not valid.
    net::Task<Result<Caller>> authenticate(std::optional<std::string> session_token, std::optional<std::string> bearer_token);
    /// Shown once. ACC-016 when it would have more than its maker, GEN-001.
    net::Task<Result<SecretText>> create_token(NewToken token, Caller maker);

    struct Created {
        UserAccount account;
        std::optional<SecretText> one_time_password;
    };
    /// The password, whoever chose it, must be changed at the first log-in. ACC-007, ACC-011, GEN-006.
    net::Task<Result<Created>> create_account(NewAccount account, std::string actor);
    /// The new password, which must be changed at the next log-in; sessions end. The one-time password when none was given. ACC-007,
    /// GEN-003.
    net::Task<Result<std::optional<SecretText>>> reset_password(std::string name, std::optional<SecretText> password, std::string actor);
    /// By the owner, who knows the old one; sessions other than this one end. ACC-002, ACC-003, ACC-007, ACC-018.
    net::Task<Result<void>> change_own_password(std::string session_token, SecretText old_password, SecretText new_password,
                                                std::string address);
    /// Whether log-in with a password is locked now.
    [[nodiscard]] LogInLock lock_of(std::string const& account) const;
    /// Forgets the failures of the account, and of the addresses from which they came. GEN-003.
    net::Task<Result<void>> unlock(std::string account, std::string actor);
    /// For the machine's administrator when nobody can log in any more: a one-time password of an account that is an administrator then.
    net::Task<Result<SecretText>> restore_administrator(std::string name);

private:
    struct State;
    /// The password of the account, slowed down when it is guessed. ACC-002, ACC-003.
    net::Task<Result<UserAccount>> check_password(std::string user, SecretText password, std::string address);
    /// Nothing: it does not let him in. ACC-019, ACC-023.
    net::Task<Result<std::optional<UserAccount>>> ask_directory(std::string user, SecretText password);
    net::Task<Result<SecretText>> open_session(std::string account, std::string address, std::string method);
    /// ACC-024 for people of the directory.
    net::Task<Result<void>> check_own_password(std::string account);
    /// In the database, as they are counted now.
    net::Task<Result<void>> keep_failures(std::vector<std::string> keys);
    /// His failures are forgotten.
    net::Task<Result<UserAccount>> let_in(UserAccount account, std::string key, std::string address);
    /// The trail has each lock that this failure began.
    net::Task<Result<void>> note_failure(std::string user, std::string address, bool known);
    net::Task<Result<std::string>> hash_of(SecretText password);
    std::unique_ptr<State> state_;
};

}  // namespace countersign::manager
