#pragma once

/// Accounts of people, their sessions and their tokens. Only hashes of passwords, sessions and tokens are kept. There is always one
/// administrator who is not disabled (ACC-012). Each change stands in the audit trail, in its transaction.

#include "base/utc_time.hpp"
#include "manager/access/roles.hpp"
#include "net/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

struct UserAccount {
    std::string name;  ///< lower case
    std::string full_name;
    Role role = Role::viewer;
    bool enabled = true;
    bool must_change_password = false;  ///< the password was made by somebody else
    UtcTime created{};
    std::optional<UtcTime> last_log_in;
    std::string last_address;
    int sessions = 0;  ///< open now
    int tokens = 0;
    bool directory = false;  ///< of the company's directory, which knows its password and says its role
};

/// What log-in looks at.
struct AccountSecret {
    UserAccount account;
    std::string password_hash;
};

struct AccountChange {
    std::optional<std::string> full_name;
    std::optional<Role> role;
    std::optional<bool> enabled;
};

struct SessionStart {
    std::string hash;
    std::string account;
    UtcTime expires{};
    std::string address;
    std::string method;  ///< "password", "certificate", "directory"
};

struct SessionInfo {
    std::int64_t id = 0;
    UtcTime created{};
    UtcTime expires{};
    std::string address;
    std::string method;
};

struct ApiToken {
    std::int64_t id = 0;
    std::string name;
    std::string owner;  ///< an account; empty: none
    Role role = Role::administrator;
    bool read_only = false;
    UtcTime created{};
    std::optional<UtcTime> expires;
    std::int64_t folder = 0;  ///< it reaches the systems in this folder and below, and nothing else; 0: no limit
    std::string folder_path;
};

/// Failed log-ins of a key (a user, an address, or both) that are not forgotten yet.
struct LogInFailures {
    std::string key;
    int tries = 0;
    UtcTime last{};
    UtcTime locked_until{};
};

/// Somebody whom the company's directory let in just now.
struct DirectoryPerson {
    std::string name;
    std::string full_name;
    Role role = Role::viewer;
};

class AccountStore {
public:
    virtual ~AccountStore() = default;

    virtual net::Task<Result<std::int64_t>> count() = 0;
    /// By name; those after `after`. At most `limit` (1 to 1,000).
    virtual net::Task<Result<std::vector<UserAccount>>> list(std::string after, std::size_t limit) = 0;
    virtual net::Task<Result<UserAccount>> get(std::string name) = 0;  ///< GEN-003
    virtual net::Task<Result<std::optional<AccountSecret>>> find_secret(std::string name) = 0;
    /// ACC-011 when there is one of that name. `account.created` is ignored.
    virtual net::Task<Result<UserAccount>> add(AccountSecret account, std::string actor) = 0;
    /// A disabled account's sessions end. GEN-003, ACC-012.
    virtual net::Task<Result<UserAccount>> change(std::string name, AccountChange change, std::string actor) = 0;
    /// Its sessions and tokens go with it. GEN-003, ACC-012.
    virtual net::Task<Result<void>> remove(std::string name, std::string actor) = 0;
    enum class Chosen { by_its_owner, by_somebody_else };
    /// Sessions of the old password end, but not the one whose hash is `kept`. GEN-003.
    virtual net::Task<Result<void>> set_password(std::string name, std::string hash, Chosen chosen, std::string kept,
                                                 std::string actor) = 0;
    /// The account as an administrator that is not disabled and must change this password; made when it does not exist.
    virtual net::Task<Result<void>> restore_administrator(std::string name, std::string hash, std::string actor) = 0;

    /// The account of a person of the directory, made at the first log-in; name and role follow the directory. ACC-023 when a local
    /// account has that name: it is never taken over. ACC-012 when the last administrator would get a smaller role.
    virtual net::Task<Result<UserAccount>> adopt(DirectoryPerson person) = 0;

    /// What was counted before the program's last end.
    virtual net::Task<Result<std::vector<LogInFailures>>> list_failures() = 0;
    /// Replaces what is known of the key. No record of the trail: that has the locks.
    virtual net::Task<Result<void>> keep_failures(std::vector<LogInFailures> failures) = 0;
    virtual net::Task<Result<void>> forget_failures(std::vector<std::string> keys) = 0;

    /// ACC-015 when the account was disabled or removed meanwhile.
    virtual net::Task<Result<void>> open_session(SessionStart session) = 0;
    /// Of a session that has not ended, of an account that is not disabled.
    virtual net::Task<Result<std::optional<Caller>>> find_session(std::string hash) = 0;
    virtual net::Task<Result<std::vector<SessionInfo>>> list_sessions(std::string name) = 0;  ///< GEN-003
    /// One, or all. GEN-003 when there is none.
    virtual net::Task<Result<void>> end_sessions(std::string name, std::optional<std::int64_t> id, std::string actor) = 0;

    /// GEN-003 when the owner does not exist.
    virtual net::Task<Result<std::int64_t>> add_token(ApiToken token, std::string hash, std::string actor) = 0;
    /// Of a token that has not ended, and whose owner is not disabled.
    virtual net::Task<Result<std::optional<Caller>>> find_token(std::string hash) = 0;
    /// All, or those of one account. Numbers above `after`.
    virtual net::Task<Result<std::vector<ApiToken>>> list_tokens(std::optional<std::string> owner, std::int64_t after,
                                                                 std::size_t limit) = 0;
    /// GEN-003 also when it belongs to somebody else than `owner`.
    virtual net::Task<Result<void>> remove_token(std::int64_t id, std::optional<std::string> owner, std::string actor) = 0;
};

}  // namespace countersign::manager
