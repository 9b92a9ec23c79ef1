#include "manager/store/sqlite_store.hpp"

#include "base/log.hpp"
#include "manager/store/assessment_json.hpp"
#include "manager/store/migrations.hpp"
#include "manager/store/postgresql_address.hpp"

#include <soci/error.h>

#include <algorithm>

namespace countersign::manager {

namespace {

constexpr std::string_view k_check_name = "sealing check";
constexpr std::string_view k_check_text = "countersign";

/// A secret that says nothing, to know whether the others can be opened. SQLite lies beside its key; a shared database does not.
Result<void> check_sealing_key(store::Database& database, host::Sealer const& sealer, std::string const& name) {
    auto const sealed = database.select_one({"sealed"}, "FROM secrets WHERE name = :name", {store::value(k_check_name)});
    if (!sealed) {
        database.execute("INSERT INTO secrets (name, sealed) VALUES (:name, :sealed)",
                         {store::value(k_check_name), store::value(sealer.seal(SecretText(std::string(k_check_text)), k_check_name))});
        return {};
    }
    if (!sealer.open(sealed->text(0), k_check_name))
        return fail(errors::sto::other_sealing_key, {{"database", name}, {"file", "sealing.key of the data folder"}});
    return {};
}

Result<std::unique_ptr<Store>> finish_opening(std::unique_ptr<store::Database> database, host::Sealer sealer,
                                              std::shared_ptr<Clock const> clock, std::string const& name,
                                              std::unique_ptr<store::SharedPlace> place) {
    auto const seal = [&sealer](store::Database& fresh, int found) {
        if (found < store::k_version_with_audit_chain) store::seal_first_audit_head(fresh, sealer);
    };
    CS_CHECK(store::migrate(*database, clock->now(), store::newest_schema(), seal).map_error(at(name)));
    if (place) {
        try {
            database->begin(store::Access::write);
            auto const checked = check_sealing_key(*database, sealer, name);
            if (!checked) return fail(checked.error());
            database->commit();
        } catch (soci::soci_error const& error) {
            return fail(errors::sto::query_failed, {{"detail", error.what()}});
        }
    }
    log::info("store.open", {{"database", name}, {"schema", store::newest_schema()}});
    return std::make_unique<store::SqliteStore>(std::move(database), std::move(sealer), std::move(clock), std::move(place));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(std::filesystem::path const& file, host::Sealer sealer, std::shared_ptr<Clock const> clock) {
    CS_TRY(auto database, store::Database::open(file));
    return finish_opening(std::move(database), std::move(sealer), std::move(clock), file.string(), nullptr);
}

Result<std::unique_ptr<Store>> Store::connect(store::PostgresqlAddress const& address, host::Sealer sealer,
                                              std::shared_ptr<Clock const> clock) {
    CS_TRY(auto text, store::connection_text(address));
    CS_TRY(auto database, store::Database::connect(text, address.name()));
    try {
        // Until started(): two managers that begin together must not both find it empty.
        database->define("SELECT pg_advisory_lock(" + std::to_string(static_cast<std::int32_t>(store::LockClass::start)) +
                         ", hashtext(current_schema()))");
    } catch (soci::soci_error const& error) {
        return fail(errors::sto::query_failed, {{"detail", error.what()}});
    }
    auto place = std::make_unique<store::SharedPlace>(std::move(text), database->origin());
    return finish_opening(std::move(database), std::move(sealer), std::move(clock), address.name(), std::move(place));
}

namespace store {

net::Task<Result<Policy>> SqliteStore::get_policy() {
    return read([](Database& database) -> Result<Policy> {
        auto row = database.select_one({"document"}, "FROM policy WHERE id = 1");
        if (!row) return Policy();
        return parse_policy(row->text(0));
    });
}

net::Task<Result<void>> SqliteStore::set_policy(Policy policy, std::string actor) {
    return write([this, policy = std::move(policy), actor = std::move(actor)](Database& database) -> Result<void> {
        auto document = to_document(policy);
        database.execute(
            "INSERT INTO policy (id, document) VALUES (1, :document) ON CONFLICT (id) DO UPDATE SET document = excluded.document",
            {value(document)});
        record(database, actor, "policy.change", "policy", document);
        return {};
    });
}

net::Task<Result<std::optional<std::string>>> SqliteStore::get_value(std::string key) {
    return read([key = std::move(key)](Database& database) -> Result<std::optional<std::string>> {
        auto row = database.select_one({"value"}, "FROM program_values WHERE name = :name", {value(key)});
        if (!row) return std::nullopt;
        return row->text(0);
    });
}

net::Task<Result<void>> SqliteStore::set_value(std::string key, std::string text) {
    return write([key = std::move(key), text = std::move(text)](Database& database) -> Result<void> {
        database.execute(
            "INSERT INTO program_values (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            {value(key), value(text)});
        return {};
    });
}

net::Task<Result<std::optional<SecretText>>> SqliteStore::get_secret(std::string key) {
    return read([this, key = std::move(key)](Database& database) -> Result<std::optional<SecretText>> {
        auto row = database.select_one({"sealed"}, "FROM secrets WHERE name = :name", {value(key)});
        if (!row) return std::nullopt;
        CS_TRY(auto secret, sealer_.open(row->text(0), "secret " + key));
        return std::optional<SecretText>(std::move(secret));
    });
}

net::Task<Result<void>> SqliteStore::set_secret(std::string key, SecretText secret) {
    return write([this, key = std::move(key), secret = std::move(secret)](Database& database) -> Result<void> {
        database.execute(
            "INSERT INTO secrets (name, sealed) VALUES (:name, :sealed) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
            {value(key), value(sealer_.seal(secret, "secret " + key))});
        record(database, "manager", "secret.set", key, "");
        return {};
    });
}

net::Task<Result<void>> SqliteStore::audit(std::string actor, std::string action, std::string subject, std::string detail) {
    return write([this, actor = std::move(actor), action = std::move(action), subject = std::move(subject),
                  detail = std::move(detail)](Database& database) -> Result<void> {
        record(database, actor, action, subject, detail);
        return {};
    });
}

net::Task<Result<std::vector<AuditRecord>>> SqliteStore::list_audit(std::size_t limit, std::int64_t before) {
    return read([limit, before](Database& database) -> Result<std::vector<AuditRecord>> {
        std::vector<AuditRecord> out;
        // 0: from the newest.
        for (auto const& row :
             database.select({"id", "at", "actor", "action", "subject", "detail"},
                             "FROM audit WHERE :before = 0 OR id < :below ORDER BY id DESC LIMIT :limit",
                             {value(before), value(before), value(static_cast<std::int64_t>(std::min<std::size_t>(limit, 1000)))}))
            out.push_back({row.number(0), row.time(1), row.text(2), row.text(3), row.text(4), row.text(5)});
        return out;
    });
}

}  // namespace store
}  // namespace countersign::manager
