#include "manager/store/sqlite_store.hpp"

#include "countersign/errors/acc.hpp"

namespace countersign::manager::store {

net::Task<Result<std::optional<std::string>>> SqliteStore::get_password_hash(std::string user) {
    return read([user = std::move(user)](Database& database) -> Result<std::optional<std::string>> {
        auto row = database.select_one({"password_hash"}, "FROM accounts WHERE user_name = :name", {value(user)});
        if (!row) return std::nullopt;
        return row->text(0);
    });
}

net::Task<Result<void>> SqliteStore::add_account(std::string user, std::string hash, std::string actor) {
    return write([this, user = std::move(user), hash = std::move(hash), actor = std::move(actor)](Database& database) -> Result<void> {
        auto added = database.execute(
            "INSERT INTO accounts (user_name, password_hash, changed, created) VALUES (:name, :hash, :now, :created) "
            "ON CONFLICT (user_name) DO NOTHING",
            {value(user), value(hash), value(now()), value(now())});
        if (added == 0) return fail(errors::acc::setup_done, {{"user", user}});
        record(database, actor, "account.add", user, "");
        return {};
    });
}

net::Task<Result<void>> SqliteStore::set_password_hash(std::string user, std::string hash, std::string actor) {
    return write([this, user = std::move(user), hash = std::move(hash), actor = std::move(actor)](Database& database) -> Result<void> {
        database.execute(
            "INSERT INTO accounts (user_name, password_hash, changed) VALUES (:name, :hash, :now) "
            "ON CONFLICT (user_name) DO UPDATE SET password_hash = excluded.password_hash, changed = excluded.changed",
            {value(user), value(hash), value(now())});
        database.execute("DELETE FROM sessions WHERE user_name = :name", {value(user)});
        record(database, actor, "account.password", user, "");
        return {};
    });
}

net::Task<Result<std::int64_t>> SqliteStore::add_token(std::string name, std::string hash, std::optional<UtcTime> expires,
                                                       std::string actor) {
    return write([this, name = std::move(name), hash = std::move(hash), expires,
                  actor = std::move(actor)](Database& database) -> Result<std::int64_t> {
        database.execute("INSERT INTO tokens (name, hash, created, expires) VALUES (:name, :hash, :now, :expires)",
                         {value(name), value(hash), value(now()), value(expires)});
        auto id = database.last_id();
        record(database, actor, "token.add", "token " + std::to_string(id), name);
        return id;
    });
}

net::Task<Result<std::optional<Store::TokenInfo>>> SqliteStore::find_token(std::string hash) {
    return read([this, hash = std::move(hash)](Database& database) -> Result<std::optional<TokenInfo>> {
        auto row =
            database.select_one({"id", "name", "created", "expires"},
                                "FROM tokens WHERE hash = :hash AND (expires IS NULL OR expires > :now)", {value(hash), value(now())});
        if (!row) return std::nullopt;
        return TokenInfo{row->number(0), row->text(1), row->time(2), row->optional_time(3)};
    });
}

net::Task<Result<std::vector<Store::TokenInfo>>> SqliteStore::list_tokens() {
    return read([](Database& database) -> Result<std::vector<TokenInfo>> {
        std::vector<TokenInfo> out;
        for (auto const& row : database.select({"id", "name", "created", "expires"}, "FROM tokens ORDER BY id"))
            out.push_back({row.number(0), row.text(1), row.time(2), row.optional_time(3)});
        return out;
    });
}

net::Task<Result<void>> SqliteStore::remove_token(std::int64_t id, std::string actor) {
    return write([this, id, actor = std::move(actor)](Database& database) -> Result<void> {
        if (database.execute("DELETE FROM tokens WHERE id = :id", {value(id)}) == 0)
            return fail(errors::gen::not_found, {{"what", "token"}, {"name", std::to_string(id)}});
        record(database, actor, "token.remove", "token " + std::to_string(id), "");
        return {};
    });
}

net::Task<Result<void>> SqliteStore::add_session(std::string hash, std::string user, UtcTime expires) {
    return write([this, hash = std::move(hash), user = std::move(user), expires](Database& database) -> Result<void> {
        database.execute("DELETE FROM sessions WHERE expires <= :now", {value(now())});
        database.execute("INSERT INTO sessions (hash, user_name, expires) VALUES (:hash, :name, :expires)",
                         {value(hash), value(user), value(expires)});
        record(database, user, "session.open", user, "");
        return {};
    });
}

net::Task<Result<std::optional<std::string>>> SqliteStore::find_session(std::string hash) {
    return read([this, hash = std::move(hash)](Database& database) -> Result<std::optional<std::string>> {
        auto row = database.select_one({"user_name"}, "FROM sessions WHERE hash = :hash AND expires > :now", {value(hash), value(now())});
        if (!row) return std::nullopt;
        return row->text(0);
    });
}

net::Task<Result<void>> SqliteStore::remove_session(std::string hash) {
    return write([this, hash = std::move(hash)](Database& database) -> Result<void> {
        auto row = database.select_one({"user_name"}, "FROM sessions WHERE hash = :hash", {value(hash)});
        if (!row) return {};
        database.execute("DELETE FROM sessions WHERE hash = :hash", {value(hash)});
        record(database, row->text(0), "session.close", row->text(0), "");
        return {};
    });
}

}  // namespace countersign::manager::store
