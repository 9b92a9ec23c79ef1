// Writing the inventory of certificates.

#include "base/text.hpp"
#include "manager/store/sqlite_inventory.hpp"
#include "manager/store/sqlite_requests.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager::store {
namespace {

/// The names by which a certificate is looked for, one a line.
std::string names_of(pki::Certificate const& certificate) {
    std::string out;
    for (auto const& name : certificate.alternative_names()) out += (out.empty() ? "" : "\n") + name.value;
    return out;
}

/// Its own fingerprint when it signed itself, else that of one of `candidates` that bears its issuer's name.
std::string issuer_of(Database& database, NewCertificate const& fresh, std::vector<pki::Certificate> const& candidates) {
    auto const& known = fresh.described;
    auto const& certificate = known.certificate;
    if (fresh.signed_here) {
        // No two authorities of this manager have one name.
        auto const own =
            database.select({"fingerprint"},
                            "FROM inventory WHERE purpose IN ('root', 'authority', 'seen authority') AND subject = :subject AND purpose <> "
                            "'seen authority' LIMIT 2",
                            {value(known.issuer_subject)});
        if (own.size() == 1) return own.front().text(0);
    }
    if (known.subject == known.issuer_subject && pki::check_order({certificate, certificate})) return known.fingerprint;
    for (auto const& one : candidates)
        if (one.subject() == known.issuer_subject && pki::check_order({certificate, one})) return one.fingerprint();
    // Authorities are few; those of systems' factories stand there, too, as soon as a chain with them was seen.
    for (auto const& row : database.select({"fingerprint", "pem"},
                                           "FROM inventory WHERE purpose IN ('root', 'authority', 'seen authority') AND subject = :subject "
                                           "AND pem <> '' LIMIT 20",
                                           {value(known.issuer_subject)})) {
        auto const one = pki::Certificate::parse_pem(row.text(1));
        if (one && pki::check_order({certificate, *one})) return row.text(0);
    }
    return {};
}

std::int64_t insert(Database& database, UtcTime now, NewCertificate const& fresh, std::vector<pki::Certificate> const& chain) {
    auto const& described = fresh.described;
    auto const known =
        database.select_one({"id", "pem", "issuer"}, "FROM inventory WHERE fingerprint = :fingerprint", {value(described.fingerprint)});
    if (known && !known->text(1).empty() && !known->text(2).empty()) return known->number(0);
    auto const issuer = issuer_of(database, fresh, chain);
    if (known) {
        database.execute(
            "UPDATE inventory SET names = :names, issuer_subject = :issuer_subject, key_kind = :key, pem = :pem, "
            "issuer = CASE WHEN :issuer = '' THEN issuer ELSE :same END WHERE id = :id",
            {value(described.names), value(described.issuer_subject), value(described.key_kind), value(described.pem), value(issuer),
             value(issuer), value(known->number(0))});
        return known->number(0);
    }
    auto const id = *database.insert(
        "INSERT INTO inventory (fingerprint, serial, subject, names, issuer_subject, issuer, purpose, system, key_kind, not_before, "
        "not_after, state, first_seen, last_seen, renew_at, pem) VALUES (:fingerprint, :serial, :subject, :names, :issuer_subject, "
        ":issuer, :purpose, :system, :key, :not_before, :not_after, :state, :first, :last, :renew, :pem)",
        {value(described.fingerprint), value(described.serial), value(described.subject), value(described.names),
         value(described.issuer_subject), value(issuer), value(fresh.purpose), value(fresh.system), value(described.key_kind),
         value(described.not_before), value(described.not_after), value(to_string(fresh.state)), value(now), value(now),
         value(fresh.renew_at), value(described.pem)});
    auto text = described.subject;
    text += "\n" + described.names + "\n" + described.serial + "\n" + described.fingerprint;
    database.execute("INSERT INTO inventory_text (rowid, words) VALUES (:id, :words)", {value(id), value(text)});
    return id;
}

/// As `insert`, of one that is described here.
std::int64_t insert_seen(Database& database, UtcTime now, pki::Certificate const& certificate, std::vector<pki::Certificate> const& chain,
                         std::string_view purpose, SystemId system, CertificateState state) {
    DescribedCertificate const described(certificate);
    return insert(database, now, {.described = described, .purpose = purpose, .system = system, .state = state}, chain);
}

bool is_used(Database& database, std::int64_t certificate) {
    return database.select_one({"1"}, "FROM inventory_uses WHERE certificate = :certificate AND until IS NULL", {value(certificate)})
        .has_value();
}

/// Nothing shows it any more: `by` took its place, or nothing did.
void leave(Database& database, UtcTime now, std::int64_t certificate, std::string_view by) {
    if (is_used(database, certificate)) {
        // Another service shows it still, or the system did when it called last.
        if (!by.empty()) database.execute("UPDATE inventory SET replaced_by = :by WHERE id = :id", {value(by), value(certificate)});
        return;
    }
    database.execute(
        "UPDATE inventory SET last_seen = :now, renew_at = NULL, replaced_by = :by, state = CASE WHEN state = 'revoked' THEN state "
        "WHEN :same = '' THEN 'unused' ELSE 'replaced' END WHERE id = :id",
        {value(now), value(by), value(by), value(certificate)});
}

/// A person wanted it revoked as soon as another one was proven in its place.
void revoke_when_asked(Database& database, UtcTime now, std::int64_t certificate) {
    auto const row =
        database.select_one({"fingerprint", "rekey", "subject"},
                            "FROM inventory WHERE id = :id AND rekey IS NOT NULL AND state <> 'revoked'", {value(certificate)});
    if (!row) return;
    auto const reason = row->number(1);
    if (reason < 0) {
        database.execute("UPDATE inventory SET rekey = NULL WHERE id = :id", {value(certificate)});
        return;
    }
    database.execute(
        "UPDATE inventory SET state = 'revoked', revoked = :now, reason = :reason, rekey = NULL, renew_at = NULL WHERE id = :id",
        {value(now), value(reason), value(certificate)});
    add_audit_record(database, now, "manager", "certificate.revoke", row->text(0), row->text(2) + ", replaced by a new key");
}

Failure none_of_ours(InventoryEntry const& entry) {
    return fail(errors::mgr::not_issued_here, {{"certificate", entry.subject}, {"issuer", entry.issuer_subject}});
}

/// Could be revoked by this manager: it signed it, or an authority of it did.
bool is_ours(InventoryEntry const& entry) {
    return entry.purpose != "seen" && entry.purpose != "seen authority" && entry.purpose != "root" && entry.purpose != "by_hand";
}

/// Those that the certificate stood in for, and that nothing shows any more: only now, with the proof.
void revoke_those_replaced(Database& database, UtcTime now, std::string const& fingerprint) {
    for (auto const& row : database.select(
             {"id"}, "FROM inventory INDEXED BY inventory_rekey WHERE replaced_by = :by AND rekey IS NOT NULL", {value(fingerprint)}))
        revoke_when_asked(database, now, row.number(0));
}

void set_aside(Database& database, UtcTime now, SystemId system, Row const& certificate, std::int64_t reason, std::string_view actor) {
    // What others issued can be replaced here, and be revoked by them only.
    bool const ours = certificate.text(2) == "system" || certificate.text(2) == k_client_purpose;
    database.execute("UPDATE inventory SET rekey = :reason WHERE id = :id",
                     {value(ours ? reason : std::int64_t{-1}), value(certificate.number(0))});
    add_audit_record(database, now, actor, "certificate.rekey", subject_of(system), "in place of SHA-256 " + certificate.text(1));
}

void give_up_pending(Database& database, SystemId system, Side side, std::string const& instead) {
    // Asked first, then changed one by one: a statement that may change several rows makes FTS5 write its index out, also when there is
    // none.
    for (auto const& row : database.select({"id"},
                                           "FROM inventory WHERE system = :system AND system <> 0 AND +state IN ('pending', 'issued') AND "
                                           "(state = 'pending' OR rekey IS NOT NULL) AND purpose " +
                                               std::string(side == Side::client ? "=" : "<>") + " 'system_client'",
                                           {value(system)}))
        database.execute("UPDATE inventory SET state = 'unused', renew_at = NULL, replaced_by = :by WHERE id = :id",
                         {value(instead), value(row.number(0))});
}

}  // namespace

DescribedCertificate::DescribedCertificate(pki::Certificate one)
    : certificate(std::move(one)),
      fingerprint(certificate.fingerprint()),
      serial(certificate.serial()),
      subject(certificate.subject()),
      names(names_of(certificate)),
      issuer_subject(certificate.issuer()),
      key_kind(certificate.key_algorithm() + " " + std::to_string(certificate.key_bits())),
      pem(certificate.to_pem()),
      not_before(certificate.not_before()),
      not_after(certificate.not_after()) {}

std::int64_t take_in(Database& database, UtcTime now, NewCertificate const& fresh) { return insert(database, now, fresh, {}); }

std::string_view pending_table(Side side) { return side == Side::client ? "pending_client_certificates" : "pending_certificates"; }
std::string_view purpose_of(Side side) { return side == Side::client ? k_client_purpose : std::string_view("system"); }

void take_in_pending(Database& database, UtcTime now, SystemId system, Side side, DescribedCertificate const& certificate,
                     std::optional<UtcTime> renew_at) {
    give_up_pending(database, system, side, certificate.fingerprint);
    (void)take_in(database, now,
                  {.described = certificate,
                   .purpose = purpose_of(side),
                   .system = system,
                   .state = CertificateState::pending,
                   .renew_at = renew_at,
                   .signed_here = true});
}

bool is_given_up(Database& database, std::string const& fingerprint) {
    return database
        .select_one({"id"}, "FROM inventory WHERE fingerprint = :fingerprint AND (state = 'revoked' OR rekey IS NOT NULL)",
                    {value(fingerprint)})
        .has_value();
}

void settle_pending(Database& database, UtcTime now, SystemId system, Side side) {
    auto const pending =
        database.select_one({"certificate"}, "FROM " + std::string(pending_table(side)) + " WHERE system = :system", {value(system)});
    if (!pending) return;
    auto const certificate = pki::Certificate::parse_pem(pending->text(0));
    if (!certificate) return;
    if (is_given_up(database, certificate->fingerprint())) {
        // Another one was proven, or none is wanted: nothing is to show this one any more.
        auto const known =
            database.select_one({"id"}, "FROM inventory WHERE fingerprint = :fingerprint", {value(certificate->fingerprint())});
        database.execute("UPDATE inventory SET state = 'unused', renew_at = NULL WHERE id = :id AND state = 'pending'",
                         {value(known->number(0))});
        if (!is_used(database, known->number(0))) revoke_when_asked(database, now, known->number(0));
        return;
    }
    auto const fresh = insert_seen(database, now, *certificate, {}, purpose_of(side), system, CertificateState::issued);
    // The look that follows the proof notes where it is served.
    database.execute("UPDATE inventory SET state = 'issued' WHERE id = :id AND state = 'pending'", {value(fresh)});
    revoke_those_replaced(database, now, certificate->fingerprint());
}

void take_in_answer(Database& database, UtcTime now, SystemId system, std::vector<pki::Certificate> const& chain, UtcTime renew_at) {
    give_up_pending(database, system, Side::server, chain.front().fingerprint());
    // Issuers first, so that the one below finds its own.
    for (std::size_t i = chain.size(); i-- > 1;)
        (void)insert_seen(database, now, chain[i], chain, "seen authority", 0, CertificateState::unused);
    auto const id = insert_seen(database, now, chain.front(), chain, "by_hand", system, CertificateState::pending);
    // It may have been seen before somebody uploaded it.
    database.execute(
        "UPDATE inventory SET purpose = 'by_hand', system = :system, renew_at = :renew, state = CASE WHEN state IN ('served', 'revoked') "
        "THEN state ELSE 'pending' END WHERE id = :id",
        {value(system), value(renew_at), value(id)});
}

void settle_answer(Database& database, UtcTime now, std::string const& fingerprint) {
    database.execute("UPDATE inventory SET state = 'issued' WHERE fingerprint = :fingerprint AND state = 'pending'", {value(fingerprint)});
    revoke_those_replaced(database, now, fingerprint);
}

net::Task<Result<void>> SqliteInventory::note_served(SystemId system, std::string service, std::vector<pki::Certificate> chain) {
    return backing_.write([this, system, service = std::move(service), chain = std::move(chain)](Database& database) -> Result<void> {
        auto const now = backing_.now();
        if (system != 0 && !database.select_one({"id"}, "FROM systems WHERE id = :id", {value(system)})) return no_such_system(system);
        auto const before = database.select_one(
            {"inventory.id", "fingerprint", "purpose"},
            "FROM inventory_uses JOIN inventory ON inventory.id = certificate WHERE inventory_uses.system = :system AND service = :service "
            "AND until IS NULL",
            {value(system), value(service)});
        auto const fingerprint = chain.empty() ? std::string() : chain.front().fingerprint();
        if ((before ? before->text(1) : std::string()) == fingerprint) return {};
        if (before)
            database.execute("UPDATE inventory_uses SET until = :now WHERE system = :system AND service = :service AND until IS NULL",
                             {value(now), value(system), value(service)});
        if (chain.empty()) {
            leave(database, now, before->number(0), {});
            return {};
        }
        // Issuers first, so that the one below finds its own.
        for (std::size_t i = chain.size(); i-- > 1;)
            if (chain[i].is_authority()) (void)insert_seen(database, now, chain[i], chain, "seen authority", 0, CertificateState::unused);
        auto const id = insert_seen(database, now, chain.front(), chain, "seen", system, CertificateState::served);
        database.execute(
            "UPDATE inventory SET last_seen = :now, replaced_by = '', state = CASE WHEN state IN ('revoked', 'trusted') THEN state ELSE "
            "'served' END WHERE id = :id",
            {value(now), value(id)});
        database.execute("INSERT INTO inventory_uses (certificate, system, service, since) VALUES (:id, :system, :service, :now)",
                         {value(id), value(system), value(service), value(now)});
        if (!before) return {};
        leave(database, now, before->number(0), fingerprint);
        // Nothing of ours waits for its proof any more: what is served now is what the system is to have.
        auto const side = before->text(2) == k_client_purpose ? Side::client : Side::server;
        bool const proven =
            !database.select_one({"system"}, "FROM " + std::string(pending_table(side)) + " WHERE system = :system", {value(system)}) &&
            (side == Side::client || !awaits_proof(database, system));
        if (proven) revoke_when_asked(database, now, before->number(0));
        return {};
    });
}

net::Task<Result<void>> SqliteInventory::note_authorities(std::vector<Authority> authorities) {
    return backing_.write([this, authorities = std::move(authorities)](Database& database) -> Result<void> {
        auto const now = backing_.now();
        std::vector<pki::Certificate> chain;
        for (auto const& one : authorities) chain.push_back(one.certificate);
        std::vector<std::string> trusted;
        for (auto const& one : authorities) {
            bool const root = one.purpose == "root" || one.purpose == "seen";
            auto const state = root ? CertificateState::trusted : CertificateState::issued;
            auto const purpose = one.purpose == "seen" ? std::string_view("seen authority") : std::string_view(one.purpose);
            auto const id = insert_seen(database, now, one.certificate, chain, purpose, 0, state);
            // It may have been seen in a chain before.
            database.execute(
                "UPDATE inventory SET purpose = :purpose, state = CASE WHEN state = 'revoked' THEN state ELSE :state END WHERE id = :id "
                "AND "
                "(purpose <> :same OR state <> :also)",
                {value(purpose), value(to_string(state)), value(id), value(purpose), value(to_string(state))});
            if (root) trusted.push_back(one.certificate.fingerprint());
        }
        for (auto const& row : database.select({"id", "fingerprint"}, "FROM inventory WHERE state = 'trusted'"))
            if (std::ranges::find(trusted, row.text(1)) == trusted.end())
                database.execute("UPDATE inventory SET state = 'unused', last_seen = :now WHERE id = :id",
                                 {value(now), value(row.number(0))});
        if (!authorities.empty())
            database.execute("UPDATE inventory SET issuer = :issuer, issuer_subject = :subject WHERE issuer = '' AND issuer_subject = ''",
                             {value(chain.front().fingerprint()), value(chain.front().subject())});
        return {};
    });
}

net::Task<Result<InventoryEntry>> SqliteInventory::revoke(std::string fingerprint, int reason, std::string actor) {
    return backing_.write(
        [this, fingerprint = std::move(fingerprint), reason, actor = std::move(actor)](Database& database) -> Result<InventoryEntry> {
            auto const now = backing_.now();
            auto const row = database.select_one(
                entry_columns(), std::string(k_from_inventory) + " WHERE inventory.fingerprint = :fingerprint", {value(fingerprint)});
            if (!row) return fail(errors::gen::not_found, {{"what", "certificate"}, {"name", fingerprint}});
            auto entry = entry_of(*row, now);
            if (!is_ours(entry)) return none_of_ours(entry);
            if (entry.revoked)
                return fail(errors::mgr::revoked_already, {{"certificate", entry.subject}, {"since", to_string(*entry.revoked)}});
            database.execute(
                "UPDATE inventory SET state = 'revoked', revoked = :now, reason = :reason, renew_at = NULL, rekey = NULL WHERE id = :id",
                {value(now), value(std::int64_t{reason}), value(entry.id)});
            database.execute("UPDATE issued SET revoked = :now WHERE serial = :serial", {value(now), value(entry.serial)});
            add_audit_record(database, now, actor, "certificate.revoke", entry.fingerprint, entry.subject + " serial " + entry.serial);
            entry.state = CertificateState::revoked;
            entry.revoked = now;
            entry.reason = reason;
            entry.renew_at.reset();
            return entry;
        });
}

net::Task<Result<void>> SqliteInventory::hold_renewal(std::string fingerprint, UtcTime until) {
    return backing_.write([fingerprint = std::move(fingerprint), until](Database& database) -> Result<void> {
        database.execute("UPDATE inventory SET held = :until WHERE fingerprint = :fingerprint", {value(until), value(fingerprint)});
        return {};
    });
}

net::Task<Result<void>> SqliteInventory::put_off_renewal(std::string fingerprint, UtcTime until) {
    return backing_.write([fingerprint = std::move(fingerprint), until](Database& database) -> Result<void> {
        database.execute("UPDATE inventory SET held = :until, attempts = attempts + 1 WHERE fingerprint = :fingerprint",
                         {value(until), value(fingerprint)});
        return {};
    });
}

namespace {

constexpr std::string_view k_new_key_wanted = "a new key was asked for";

/// The authority and all those below it, with marks for their values.
struct Below {
    std::string marks;
    std::vector<Value> values;
};
Below all_below(Database& database, std::string const& issuer) {
    Below out;
    for (auto const& row : database.select(
             {"fingerprint"},
             "FROM (WITH RECURSIVE below (fingerprint) AS (SELECT CAST(:issuer AS TEXT) UNION SELECT inventory.fingerprint FROM inventory "
             "JOIN below ON inventory.issuer = below.fingerprint WHERE purpose IN ('root', 'authority', 'seen authority')) "
             "SELECT fingerprint FROM below) AS found ORDER BY fingerprint LIMIT 100",
             {value(issuer)})) {
        out.marks += out.marks.empty() ? ":i0" : ", :i" + std::to_string(out.values.size());
        out.values.push_back(value(row.text(0)));
    }
    return out;
}

}  // namespace

net::Task<Result<std::vector<SystemId>>> SqliteInventory::rekey(Rekey wanted, std::string actor) {
    return backing_.write([this, wanted = std::move(wanted),
                           actor = std::move(actor)](Database& database) -> Result<std::vector<SystemId>> {
        auto const now = backing_.now();
        std::string const shown =
            "FROM inventory_uses JOIN inventory ON inventory.id = certificate WHERE until IS NULL AND (service <> 'client' OR purpose = "
            "'system_client') AND inventory_uses.system <> 0 AND ";
        // What is on its way was made for the same hands, or by them: it must not be what takes the old one's place.
        // It may also be proven, and not have been seen since.
        std::string const waiting =
            "FROM inventory WHERE state IN ('pending', 'issued') AND purpose IN ('system', 'system_client', 'by_hand') AND not_after > "
            ":now "
            "AND system <> 0 AND ";
        std::vector<SystemId> out;
        auto const take = [&](std::vector<Row> const& rows) {
            for (auto const& row : rows) {
                set_aside(database, now, row.number(3), row, wanted.then_revoke ? std::int64_t{*wanted.then_revoke} : -1, actor);
                if (row.text(4) != "issued") out.push_back(row.number(3));
            }
        };
        if (!wanted.issuer.empty()) {
            CS_TRY(auto const authority, fingerprint_of(database, wanted.issuer));
            auto const below = all_below(database, authority);
            auto values = below.values;
            take(database.select({"inventory.id", "fingerprint", "purpose", "inventory_uses.system", "state"},
                                 shown + "issuer IN (" + below.marks + ")", values));
            values.insert(values.begin(), value(now));
            auto const rows = database.select({"id", "fingerprint", "purpose", "system", "state"},
                                              waiting + "issuer IN (" + below.marks + ")", std::move(values));
            take(rows);
            for (auto const& row : rows)
                if (row.text(2) == "by_hand") (void)retire_request(database, now, row.number(3), k_new_key_wanted, actor);
        } else {
            for (auto system : wanted.systems) {
                take(database.select({"inventory.id", "fingerprint", "purpose", "inventory_uses.system", "state"},
                                     shown + "inventory_uses.system = :system", {value(system)}));
                take(database.select({"id", "fingerprint", "purpose", "system", "state"}, waiting + "system = :system",
                                     {value(now), value(system)}));
                if (retire_request(database, now, system, k_new_key_wanted, actor)) out.push_back(system);
            }
        }
        std::ranges::sort(out);
        auto const same = std::ranges::unique(out);
        out.erase(same.begin(), same.end());
        return out;
    });
}

}  // namespace countersign::manager::store
