#include "manager/store/sqlite_accounts.hpp"

#include "manager/store/sqlite_folders.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>

namespace countersign::manager::store {
namespace {

constexpr std::string_view k_directory = "directory";

std::vector<std::string_view> const k_columns = {
    "user_name",
    "full_name",
    "role",
    "enabled",
    "must_change",
    "created",
    "last_login",
    "last_address",
    "(SELECT count(*) FROM sessions WHERE sessions.user_name = accounts.user_name AND expires > :now)",
    "(SELECT count(*) FROM tokens WHERE owner = accounts.user_name)",
    "password_hash",
    "origin"};

/// A word that a newer program wrote must not open anything.
Role role_of(std::string const& text) { return parse_role(text).value_or(Role::viewer); }

UserAccount account_of(Row const& row) {
    return {.name = row.text(0),
            .full_name = row.text(1),
            .role = role_of(row.text(2)),
            .enabled = row.flag(3),
            .must_change_password = row.flag(4),
            .created = row.time(5),
            .last_log_in = row.optional_time(6),
            .last_address = row.text(7),
            .sessions = row.integer(8),
            .tokens = row.integer(9),
            .directory = row.text(11) == k_directory};
}

Failure no_such_account(std::string_view name) { return fail(errors::gen::not_found, {{"what", "account"}, {"name", name}}); }

Result<UserAccount> load(Database& database, std::string const& name, UtcTime now) {
    auto row = database.select_one(k_columns, "FROM accounts WHERE user_name = :name", {value(now), value(name)});
    if (!row) return no_such_account(name);
    return account_of(*row);
}

/// After a change: the savepoint takes it back when nobody would be left who can let others in. People of the directory do not count: it
/// may be away.
Result<void> check_administrator_left(Database& database, std::string const& name) {
    auto const left = database.select_one({"count(*)"}, "FROM accounts WHERE role = 'administrator' AND enabled = 1 AND origin = 'local'");
    if (left->number(0) > 0) return {};
    return fail(errors::acc::last_administrator, {{"account", name}});
}

std::int64_t end_all_sessions(Database& database, std::string const& name, std::string const& kept) {
    return database.execute("DELETE FROM sessions WHERE user_name = :name AND hash <> :kept", {value(name), value(kept)});
}

std::string subject_of_account(std::string_view name) { return "account " + std::string(name); }

std::string describe(AccountChange const& change) {
    std::string out;
    auto const add = [&out](std::string const& text) { out += (out.empty() ? "" : ", ") + text; };
    if (change.role) add("role " + std::string(to_string(*change.role)));
    if (change.enabled) add(*change.enabled ? "enabled" : "disabled");
    if (change.full_name) add("full name \"" + *change.full_name + "\"");
    return out;
}

std::string describe(ApiToken const& token) {
    return token.name + ", " + std::string(to_string(token.role)) + (token.read_only ? ", read only" : "") +
           (token.folder_path.empty() ? "" : ", folder " + token.folder_path) +
           (token.expires ? ", ends " + to_string(*token.expires) : ", without end");
}

ApiToken token_of(Row const& row) {
    return {.id = row.number(0),
            .name = row.text(1),
            .owner = row.text(2),
            .role = role_of(row.text(3)),
            .read_only = row.flag(4),
            .created = row.time(5),
            .expires = row.optional_time(6),
            .folder = row.number(7),
            .folder_path = row.text(8)};
}

}  // namespace

net::Task<Result<std::int64_t>> SqliteAccounts::count() {
    return backing_.read(
        [](Database& database) -> Result<std::int64_t> { return database.select_one({"count(*)"}, "FROM accounts")->number(0); });
}

net::Task<Result<std::vector<UserAccount>>> SqliteAccounts::list(std::string after, std::size_t limit) {
    return backing_.read([this, after = std::move(after), limit](Database& database) -> Result<std::vector<UserAccount>> {
        std::vector<UserAccount> out;
        for (auto const& row : database.select(
                 k_columns, "FROM accounts WHERE user_name > :after ORDER BY user_name LIMIT :limit",
                 {value(backing_.now()), value(after), value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 1000)))}))
            out.push_back(account_of(row));
        return out;
    });
}

net::Task<Result<UserAccount>> SqliteAccounts::get(std::string name) {
    return backing_.read([this, name = std::move(name)](Database& database) { return load(database, name, backing_.now()); });
}

net::Task<Result<std::optional<AccountSecret>>> SqliteAccounts::find_secret(std::string name) {
    return backing_.read([this, name = std::move(name)](Database& database) -> Result<std::optional<AccountSecret>> {
        auto row = database.select_one(k_columns, "FROM accounts WHERE user_name = :name", {value(backing_.now()), value(name)});
        if (!row) return std::nullopt;
        return AccountSecret{account_of(*row), row->text(10)};
    });
}

net::Task<Result<UserAccount>> SqliteAccounts::add(AccountSecret account, std::string actor) {
    return backing_.write([this, secret = std::move(account), actor = std::move(actor)](Database& database) -> Result<UserAccount> {
        auto const& fresh = secret.account;
        auto const now = backing_.now();
        auto const added = database.execute(
            "INSERT INTO accounts (user_name, full_name, role, enabled, must_change, created, password_hash, changed) "
            "VALUES (:name, :full, :role, :enabled, :must, :created, :hash, :changed) ON CONFLICT (user_name) DO NOTHING",
            {value(fresh.name), value(fresh.full_name), value(to_string(fresh.role)), value(std::int64_t{fresh.enabled}),
             value(std::int64_t{fresh.must_change_password}), value(now), value(secret.password_hash), value(now)});
        if (added == 0) return fail(errors::acc::account_exists, {{"account", fresh.name}});
        backing_.record(database, actor, "account.add", subject_of_account(fresh.name), to_string(fresh.role));
        return load(database, fresh.name, now);
    });
}

net::Task<Result<UserAccount>> SqliteAccounts::change(std::string name, AccountChange change, std::string actor) {
    return backing_.write(
        [this, name = std::move(name), change = std::move(change), actor = std::move(actor)](Database& database) -> Result<UserAccount> {
            CS_TRY(auto const before, load(database, name, backing_.now()));
            database.execute("UPDATE accounts SET full_name = :full, role = :role, enabled = :enabled WHERE user_name = :name",
                             {value(change.full_name.value_or(before.full_name)), value(to_string(change.role.value_or(before.role))),
                              value(std::int64_t{change.enabled.value_or(before.enabled)}), value(name)});
            CS_CHECK(check_administrator_left(database, name));
            if (change.enabled == false) end_all_sessions(database, name, "");
            backing_.record(database, actor, "account.change", subject_of_account(name), describe(change));
            return load(database, name, backing_.now());
        });
}

net::Task<Result<UserAccount>> SqliteAccounts::adopt(DirectoryPerson person) {
    return backing_.write([this, person = std::move(person)](Database& database) -> Result<UserAccount> {
        auto const now = backing_.now();
        auto const known = load(database, person.name, now);
        if (known && !known->directory) return fail(errors::acc::local_account_of_that_name, {{"account", person.name}});
        if (!known) {
            database.execute(
                "INSERT INTO accounts (user_name, full_name, role, enabled, must_change, created, password_hash, changed, origin) "
                "VALUES (:name, :full, :role, 1, 0, :created, '', :changed, :origin)",
                {value(person.name), value(person.full_name), value(to_string(person.role)), value(now), value(now), value(k_directory)});
            backing_.record(database, "directory", "account.add", subject_of_account(person.name), to_string(person.role));
        } else if (known->role != person.role || known->full_name != person.full_name) {
            database.execute("UPDATE accounts SET full_name = :full, role = :role WHERE user_name = :name",
                             {value(person.full_name), value(to_string(person.role)), value(person.name)});
            CS_CHECK(check_administrator_left(database, person.name));
            backing_.record(database, "directory", "account.change", subject_of_account(person.name),
                            describe(AccountChange{.full_name = person.full_name, .role = person.role}));
        }
        return load(database, person.name, now);
    });
}

net::Task<Result<void>> SqliteAccounts::remove(std::string name, std::string actor) {
    return backing_.write([this, name = std::move(name), actor = std::move(actor)](Database& database) -> Result<void> {
        CS_TRY(auto const before, load(database, name, backing_.now()));
        database.execute("DELETE FROM tokens WHERE owner = :name", {value(name)});
        end_all_sessions(database, name, "");
        database.execute("DELETE FROM accounts WHERE user_name = :name", {value(name)});
        CS_CHECK(check_administrator_left(database, name));
        backing_.record(database, actor, "account.remove", subject_of_account(name),
                        std::string(to_string(before.role)) + ", with " + std::to_string(before.tokens) + " tokens");
        return {};
    });
}

net::Task<Result<void>> SqliteAccounts::set_password(std::string name, std::string hash, Chosen chosen, std::string kept,
                                                     std::string actor) {
    return backing_.write([this, name = std::move(name), hash = std::move(hash), chosen, kept = std::move(kept),
                           actor = std::move(actor)](Database& database) -> Result<void> {
        bool const foreign = chosen == Chosen::by_somebody_else;
        auto const changed =
            database.execute("UPDATE accounts SET password_hash = :hash, must_change = :must, changed = :now WHERE user_name = :name",
                             {value(hash), value(std::int64_t{foreign}), value(backing_.now()), value(name)});
        if (changed == 0) return no_such_account(name);
        end_all_sessions(database, name, kept);
        backing_.record(database, actor, "account.password", subject_of_account(name), foreign ? "reset" : "changed by its owner");
        return {};
    });
}

net::Task<Result<void>> SqliteAccounts::restore_administrator(std::string name, std::string hash, std::string actor) {
    return backing_.write(
        [this, name = std::move(name), hash = std::move(hash), actor = std::move(actor)](Database& database) -> Result<void> {
            auto const now = backing_.now();
            database.execute(
                "INSERT INTO accounts (user_name, role, enabled, must_change, created, password_hash, changed) "
                "VALUES (:name, 'administrator', 1, 1, :created, :hash, :changed) ON CONFLICT (user_name) DO UPDATE SET "
                "role = 'administrator', enabled = 1, must_change = 1, password_hash = excluded.password_hash, changed = excluded.changed",
                {value(name), value(now), value(hash), value(now)});
            end_all_sessions(database, name, "");
            backing_.record(database, actor, "account.restore", subject_of_account(name), "administrator with a one-time password");
            return {};
        });
}

net::Task<Result<void>> SqliteAccounts::open_session(SessionStart session) {
    return backing_.write([this, session = std::move(session)](Database& database) -> Result<void> {
        auto const now = backing_.now();
        database.execute("DELETE FROM sessions WHERE expires <= :now", {value(now)});
        auto const known =
            database.execute("UPDATE accounts SET last_login = :now, last_address = :address WHERE user_name = :name AND enabled = 1",
                             {value(now), value(session.address), value(session.account)});
        if (known == 0) return fail(errors::acc::account_disabled, {{"account", session.account}});
        database.execute(
            "INSERT INTO sessions (hash, user_name, expires, created, address, method) "
            "VALUES (:hash, :name, :expires, :created, :address, :method)",
            {value(session.hash), value(session.account), value(session.expires), value(now), value(session.address),
             value(session.method)});
        backing_.record(database, session.account, "session.open", subject_of_account(session.account),
                        session.method + " from " + session.address);
        return {};
    });
}

net::Task<Result<std::optional<Caller>>> SqliteAccounts::find_session(std::string hash) {
    return backing_.read([this, hash = std::move(hash)](Database& database) -> Result<std::optional<Caller>> {
        auto row = database.select_one({"accounts.user_name", "role", "must_change", "method"},
                                       "FROM sessions JOIN accounts ON accounts.user_name = sessions.user_name "
                                       "WHERE hash = :hash AND expires > :now AND enabled = 1",
                                       {value(hash), value(backing_.now())});
        if (!row) return std::nullopt;
        return Caller{.actor = row->text(0),
                      .account = row->text(0),
                      .role = role_of(row->text(1)),
                      .owner = std::nullopt,
                      // Who shows a certificate needs no password, whoever made it.
                      .must_change_password = row->flag(2) && row->text(3) == "password"};
    });
}

net::Task<Result<std::vector<SessionInfo>>> SqliteAccounts::list_sessions(std::string name) {
    return backing_.read([this, name = std::move(name)](Database& database) -> Result<std::vector<SessionInfo>> {
        CS_CHECK(load(database, name, backing_.now()));
        std::vector<SessionInfo> out;
        for (auto const& row : database.select({"rowid", "created", "expires", "address", "method"},
                                               "FROM sessions WHERE user_name = :name AND expires > :now ORDER BY rowid",
                                               {value(name), value(backing_.now())}))
            out.push_back({row.number(0), row.time(1), row.time(2), row.text(3), row.text(4)});
        return out;
    });
}

net::Task<Result<void>> SqliteAccounts::end_sessions(std::string name, std::optional<std::int64_t> id, std::string actor) {
    return backing_.write([this, name = std::move(name), id, actor = std::move(actor)](Database& database) -> Result<void> {
        CS_CHECK(load(database, name, backing_.now()));
        auto const ended = id ? database.execute("DELETE FROM sessions WHERE user_name = :name AND rowid = :id", {value(name), value(*id)})
                              : end_all_sessions(database, name, "");
        if (ended == 0 && id) return fail(errors::gen::not_found, {{"what", "session"}, {"name", std::to_string(*id)}});
        backing_.record(database, actor, "session.end", subject_of_account(name), std::to_string(ended) + " ended");
        return {};
    });
}

net::Task<Result<std::int64_t>> SqliteAccounts::add_token(ApiToken token, std::string hash, std::string actor) {
    return backing_.write(
        [this, token = std::move(token), hash = std::move(hash), actor = std::move(actor)](Database& database) -> Result<std::int64_t> {
            if (!token.owner.empty()) CS_CHECK(load(database, token.owner, backing_.now()));
            auto named = token;
            if (token.folder != 0) {
                CS_TRY(auto const folder, load_folder(database, token.folder));
                named.folder_path = folder.path;
            }
            database.execute(
                "INSERT INTO tokens (name, hash, created, expires, owner, role, read_only, folder) "
                "VALUES (:name, :hash, :now, :expires, :owner, :role, :read_only, :folder)",
                {value(token.name), value(hash), value(backing_.now()), value(token.expires),
                 token.owner.empty() ? Value() : value(token.owner), value(to_string(token.role)), value(std::int64_t{token.read_only}),
                 token.folder == 0 ? Value() : value(token.folder)});
            auto const id = database.last_id();
            backing_.record(database, actor, "token.add", "token " + std::to_string(id), describe(named));
            return id;
        });
}

net::Task<Result<std::optional<Caller>>> SqliteAccounts::find_token(std::string hash) {
    return backing_.read([this, hash = std::move(hash)](Database& database) -> Result<std::optional<Caller>> {
        auto row = database.select_one({"name", "coalesce(owner, '')", "tokens.role", "read_only", "accounts.role", "coalesce(folder, 0)"},
                                       "FROM tokens LEFT JOIN accounts ON accounts.user_name = owner "
                                       "WHERE hash = :hash AND (expires IS NULL OR expires > :now) AND (owner IS NULL OR enabled = 1)",
                                       {value(hash), value(backing_.now())});
        if (!row) return std::nullopt;
        auto const owner = row->text(1);
        return Caller{.actor = (owner.empty() ? "" : owner + "/") + "token:" + row->text(0),
                      .account = owner,
                      .role = role_of(row->text(2)),
                      .owner = owner.empty() ? std::nullopt : std::optional(role_of(row->text(4))),
                      .token = true,
                      .read_only = row->flag(3),
                      .folder = row->number(5)};
    });
}

net::Task<Result<std::vector<ApiToken>>> SqliteAccounts::list_tokens(std::optional<std::string> owner, std::int64_t after,
                                                                     std::size_t limit) {
    return backing_.read([owner = std::move(owner), after, limit](Database& database) -> Result<std::vector<ApiToken>> {
        std::vector<Value> values{value(after)};
        if (owner) values.push_back(value(*owner));
        values.push_back(value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 1000))));
        std::vector<ApiToken> out;
        for (auto const& row : database.select({"t.id", "t.name", "coalesce(t.owner, '')", "t.role", "t.read_only", "t.created",
                                                "t.expires", "coalesce(t.folder, 0)", "coalesce(f.path, '')"},
                                               "FROM tokens AS t LEFT JOIN folders AS f ON f.id = t.folder WHERE t.id > :after " +
                                                   std::string(owner ? "AND t.owner = :owner " : "") + "ORDER BY t.id LIMIT :limit",
                                               std::move(values)))
            out.push_back(token_of(row));
        return out;
    });
}

net::Task<Result<void>> SqliteAccounts::remove_token(std::int64_t id, std::optional<std::string> owner, std::string actor) {
    return backing_.write([this, id, owner = std::move(owner), actor = std::move(actor)](Database& database) -> Result<void> {
        auto const row = database.select_one({"ifnull(owner, '')"}, "FROM tokens WHERE id = :id", {value(id)});
        if (!row || (owner && row->text(0) != *owner))
            return fail(errors::gen::not_found, {{"what", "token"}, {"name", std::to_string(id)}});
        database.execute("DELETE FROM tokens WHERE id = :id", {value(id)});
        backing_.record(database, actor, "token.remove", "token " + std::to_string(id), row->text(0));
        return {};
    });
}

}  // namespace countersign::manager::store
