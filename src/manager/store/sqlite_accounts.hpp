#pragma once

#include "manager/store/account_store.hpp"
#include "manager/store/backing.hpp"

namespace countersign::manager::store {

class SqliteAccounts final : public AccountStore {
public:
    explicit SqliteAccounts(Backing& backing) : backing_(backing) {}
    net::Task<Result<std::int64_t>> count() override;
    net::Task<Result<std::vector<UserAccount>>> list(std::string after, std::size_t limit) override;
    net::Task<Result<UserAccount>> get(std::string name) override;
    net::Task<Result<std::optional<AccountSecret>>> find_secret(std::string name) override;
    net::Task<Result<UserAccount>> add(AccountSecret account, std::string actor) override;
    net::Task<Result<UserAccount>> change(std::string name, AccountChange change, std::string actor) override;
    net::Task<Result<void>> remove(std::string name, std::string actor) override;
    net::Task<Result<void>> set_password(std::string name, std::string hash, Chosen chosen, std::string kept, std::string actor) override;
    net::Task<Result<void>> restore_administrator(std::string name, std::string hash, std::string actor) override;
    net::Task<Result<UserAccount>> adopt(DirectoryPerson person) override;
    net::Task<Result<std::vector<LogInFailures>>> list_failures() override;
    net::Task<Result<void>> keep_failures(std::vector<LogInFailures> failures) override;
    net::Task<Result<void>> forget_failures(std::vector<std::string> keys) override;
    net::Task<Result<void>> open_session(SessionStart session) override;
    net::Task<Result<std::optional<Caller>>> find_session(std::string hash) override;
    net::Task<Result<std::vector<SessionInfo>>> list_sessions(std::string name) override;
    net::Task<Result<void>> end_sessions(std::string name, std::optional<std::int64_t> id, std::string actor) override;
    net::Task<Result<std::int64_t>> add_token(ApiToken token, std::string hash, std::string actor) override;
    net::Task<Result<std::optional<Caller>>> find_token(std::string hash) override;
    net::Task<Result<std::vector<ApiToken>>> list_tokens(std::optional<std::string> owner, std::int64_t after, std::size_t limit) override;
    net::Task<Result<void>> remove_token(std::int64_t id, std::optional<std::string> owner, std::string actor) override;

private:
    Backing& backing_;
};

}  // namespace countersign::manager::store
