#include "manager/store/sqlite_certificates.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::manager::store {
namespace {

constexpr std::string_view k_active = "active", k_staged = "staged", k_previous = "previous", k_request = "request";

std::string key_context(std::string_view slot) { return "own certificate " + std::string(slot); }

NamedSystems named(std::vector<Row> const& rows, std::size_t in_all) {
    NamedSystems out{.first = {}, .in_all = in_all};
    for (auto const& row : rows) out.first.push_back({row.number(0), row.text(1), row.optional_time(2)});
    return out;
}

}  // namespace

Result<KeptCertificate> SqliteCertificates::read_slot(Row const& row) const {
    KeptCertificate kept{.chain = {}, .key = {}, .root = row.text(3), .since = row.time(4), .by = row.text(5)};
    if (row.text(1).empty()) return kept;
    CS_TRY(kept.chain, pki::parse_bundle(row.text(1)));
    CS_TRY(auto const pem, backing_.sealer().open(row.text(2), key_context(row.text(0))));
    CS_TRY(kept.key, pki::PrivateKey::parse_pem(pem.reveal()));
    return kept;
}

net::Task<Result<KeptCertificates>> SqliteCertificates::get_kept() {
    return backing_.read([this](Database& database) -> Result<KeptCertificates> {
        KeptCertificates out;
        for (auto const& row : database.select({"slot", "document", "sealed_key", "root", "since", "actor"}, "FROM own_certificates")) {
            auto const slot = row.text(0);
            if (slot == k_request) {
                CS_TRY(auto request, pki::CertificateRequest::parse_pem(row.text(1)));
                CS_TRY(auto const pem, backing_.sealer().open(row.text(2), key_context(slot)));
                CS_TRY(auto key, pki::PrivateKey::parse_pem(pem.reveal()));
                out.request = KeptRequest{std::move(key), std::move(request), row.time(4), row.text(5)};
                continue;
            }
            CS_TRY(auto kept, read_slot(row));
            (slot == k_active ? out.active : slot == k_staged ? out.staged : out.previous) = std::move(kept);
        }
        return out;
    });
}

void SqliteCertificates::write_slot(Database& database, std::string_view slot, KeptCertificate const& kept) const {
    auto const sealed = kept.key ? value(backing_.sealer().seal(kept.key->to_pem(), key_context(slot))) : value(std::string_view());
    database.execute(
        "INSERT INTO own_certificates (slot, document, sealed_key, root, since, actor) "
        "VALUES (:slot, :document, :key, :root, :since, :actor)",
        {value(slot), value(kept.chain.empty() ? std::string() : pki::to_pem(kept.chain)), sealed, value(kept.root), value(kept.since),
         value(kept.by)});
}

net::Task<Result<void>> SqliteCertificates::set_kept(KeptCertificates kept, std::string action, std::string detail, std::string actor) {
    return backing_.write([this, kept = std::move(kept), action = std::move(action), detail = std::move(detail),
                           actor = std::move(actor)](Database& database) -> Result<void> {
        database.execute("DELETE FROM own_certificates");
        if (kept.active) write_slot(database, k_active, *kept.active);
        if (kept.staged) write_slot(database, k_staged, *kept.staged);
        if (kept.previous) write_slot(database, k_previous, *kept.previous);
        if (kept.request)
            database.execute(
                "INSERT INTO own_certificates (slot, document, sealed_key, root, since, actor) "
                "VALUES (:slot, :document, :key, '', :since, :actor)",
                {value(k_request), value(kept.request->request.to_pem()),
                 value(backing_.sealer().seal(kept.request->key.to_pem(), key_context(k_request))), value(kept.request->made),
                 value(kept.request->by)});
        backing_.record(database, actor, action, "manager", detail);
        return {};
    });
}

net::Task<Result<std::vector<ForeignRoot>>> SqliteCertificates::foreign_roots() {
    return backing_.read([](Database& database) -> Result<std::vector<ForeignRoot>> {
        std::vector<ForeignRoot> out;
        for (auto const& row :
             database.select({"certificate", "added", "added_by"}, "FROM foreign_roots WHERE withdrawn = 0 ORDER BY added, fingerprint")) {
            CS_TRY(auto certificate, pki::Certificate::parse_pem(row.text(0)));
            out.push_back({std::move(certificate), row.time(1), row.text(2)});
        }
        return out;
    });
}

net::Task<Result<void>> SqliteCertificates::add_roots(std::vector<pki::Certificate> roots, std::string actor) {
    return backing_.write([this, roots = std::move(roots), actor = std::move(actor)](Database& database) -> Result<void> {
        for (auto const& root : roots) {
            auto const added = database.execute(
                "INSERT INTO foreign_roots (fingerprint, certificate, added, added_by, withdrawn) "
                "VALUES (:fingerprint, :certificate, :added, :actor, 0) ON CONFLICT (fingerprint) DO UPDATE SET "
                "withdrawn = 0, added = excluded.added, added_by = excluded.added_by WHERE foreign_roots.withdrawn = 1",
                {value(root.fingerprint()), value(root.to_pem()), value(backing_.now()), value(actor)});
            if (added > 0) backing_.record(database, actor, "root.add", root.subject(), "SHA-256 " + root.fingerprint());
        }
        return {};
    });
}

net::Task<Result<void>> SqliteCertificates::withdraw_root(std::string fingerprint, std::string actor) {
    return backing_.write([this, fingerprint = std::move(fingerprint), actor = std::move(actor)](Database& database) -> Result<void> {
        auto const row = database.select_one({"certificate"}, "FROM foreign_roots WHERE fingerprint = :fingerprint AND withdrawn = 0",
                                             {value(fingerprint)});
        if (!row) return fail(errors::gen::not_found, {{"what", "root"}, {"name", fingerprint}});
        CS_TRY(auto const root, pki::Certificate::parse_pem(row->text(0)));
        database.execute("UPDATE foreign_roots SET withdrawn = 1 WHERE fingerprint = :fingerprint", {value(fingerprint)});
        backing_.record(database, actor, "root.remove", root.subject(), "SHA-256 " + fingerprint);
        return {};
    });
}

net::Task<Result<std::vector<std::string>>> SqliteCertificates::withdrawn_roots() {
    return backing_.read([](Database& database) -> Result<std::vector<std::string>> {
        std::vector<std::string> out;
        for (auto const& row : database.select({"fingerprint"}, "FROM foreign_roots WHERE withdrawn = 1 ORDER BY fingerprint"))
            out.push_back(row.text(0));
        return out;
    });
}

net::Task<Result<void>> SqliteCertificates::note_trust(SystemTrust seen) {
    return backing_.write([seen = std::move(seen)](Database& database) -> Result<void> {
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(seen.system)})) return no_such_system(seen.system);
        auto const served = seen.served_root ? value(*seen.served_root) : Value();
        auto const trusted = seen.trusted ? value(join(*seen.trusted, "\n")) : Value();
        auto const verifies = seen.verifies ? value(std::int64_t{*seen.verifies ? 1 : 0}) : Value();
        // NULL: not known. What was not seen this time stays.
        database.execute(
            "INSERT INTO system_trust (system, served_root, trusted, verifies) VALUES (:system, :served, :trusted, :verifies) "
            "ON CONFLICT (system) DO UPDATE SET served_root = coalesce(excluded.served_root, system_trust.served_root), "
            "trusted = coalesce(excluded.trusted, system_trust.trusted), verifies = coalesce(excluded.verifies, system_trust.verifies)",
            {value(seen.system), served, seen.on_trial ? Value() : trusted, seen.on_trial && seen.verifies == false ? Value() : verifies});
        // A list on trial may go back or stay: unless it is the one that was known, nobody knows which it will be.
        if (seen.on_trial && seen.trusted)
            database.execute("UPDATE system_trust SET trusted = NULL WHERE system = :system AND trusted <> :trusted",
                             {value(seen.system), trusted});
        return {};
    });
}

net::Task<Result<NamedSystems>> SqliteCertificates::lacking(std::string root, std::vector<std::string> now, std::size_t most) {
    return backing_.read([root = std::move(root), now = std::move(now), most](Database& database) -> Result<NamedSystems> {
        // A system that this program has not read yet checks us if it did so when it was last known.
        std::string which =
            "FROM systems LEFT JOIN system_trust ON system = id WHERE "
            "coalesce(verifies, CASE WHEN level = 4 OR last_call = 'https verified' THEN 1 ELSE 0 END) <> 0 "
            "AND (trusted IS NULL OR (instr(trusted, :root) = 0";
        std::vector<Value> values{value(root)};
        for (std::size_t i = 0; i < now.size(); ++i) {
            which += (i == 0 ? " AND (" : " OR ") + ("instr(trusted, :now" + std::to_string(i) + ") > 0");
            values.push_back(value(now[i]));
        }
        which += now.empty() ? "))" : ")))";
        auto const count = database.select_one({"count(*)"}, which, values);
        values.push_back(value(static_cast<std::int64_t>(most)));
        auto const rows = database.select({"id", "name", "observed_at"}, which + " ORDER BY id LIMIT :most", values);
        return named(rows, static_cast<std::size_t>(count ? count->number(0) : 0));
    });
}

net::Task<Result<NamedSystems>> SqliteCertificates::served_by(std::string root, std::size_t most) {
    return backing_.read([root = std::move(root), most](Database& database) -> Result<NamedSystems> {
        constexpr std::string_view which = "FROM system_trust JOIN systems ON system = id WHERE served_root = :root";
        auto const count = database.select_one({"count(*)"}, which, {value(root)});
        auto const rows = database.select({"id", "name", "observed_at"}, std::string(which) + " ORDER BY id LIMIT :most",
                                          {value(root), value(static_cast<std::int64_t>(most))});
        return named(rows, static_cast<std::size_t>(count ? count->number(0) : 0));
    });
}

}  // namespace countersign::manager::store
