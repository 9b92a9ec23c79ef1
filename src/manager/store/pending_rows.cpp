#include "manager/store/pending_rows.hpp"

#include "manager/store/sqlite_certificates.hpp"
#include "manager/store/sqlite_inventory.hpp"

namespace countersign::manager::store {
namespace {

std::string key_context(SystemId id, Side side) {
    return "system " + std::to_string(id) + (side == Side::client ? " pending client key" : " pending key");
}

/// For the record: who made the key.
std::string words_of(PendingCertificate const& pending) {
    if (!pending.key) return ", for a key that the system made and keeps";
    return pending.key_note.empty() ? std::string() : ", with a key of the manager: " + pending.key_note;
}

std::string in_table(Side side) { return "FROM " + std::string(pending_table(side)) + " WHERE system = :system"; }

}  // namespace

void insert_issued(Database& database, IssuedCertificate const& issued) {
    database.execute(
        "INSERT INTO issued (serial, subject, fingerprint, purpose, system, not_before, not_after, revoked) "
        "VALUES (:serial, :subject, :fingerprint, :purpose, :system, :not_before, :not_after, :revoked)",
        {value(issued.serial), value(issued.subject), value(issued.fingerprint), value(issued.purpose), value(issued.system),
         value(issued.not_before), value(issued.not_after), value(issued.revoked)});
}

void note_key_made(Database& database, std::string_view fingerprint, std::string_view made_by) {
    // What is written nowhere was made by the manager: nothing to write for nearly all.
    if (made_by == k_made_by_system)
        database.execute("UPDATE inventory SET key_made = :made WHERE fingerprint = :fingerprint", {value(made_by), value(fingerprint)});
}

// Coroutines keep a pointer to what outlives them, never a reference.

net::Task<Result<std::optional<PendingCertificate>>> get_pending(Backing& backing, SystemId id, Side side) {
    auto* const kept = &backing;
    return kept->read([kept, id, side](Database& database) -> Result<std::optional<PendingCertificate>> {
        auto row = database.select_one({"certificate", "sealed_key"}, in_table(side), {value(id)});
        if (!row) return std::nullopt;
        CS_TRY(auto certificate, pki::Certificate::parse_pem(row->text(0)));
        if (is_given_up(database, certificate.fingerprint())) return std::nullopt;
        if (row->text(1).empty()) return PendingCertificate{.certificate = std::move(certificate), .key = std::nullopt};
        CS_TRY(auto pem, kept->sealer().open(row->text(1), key_context(id, side)));
        CS_TRY(auto key, pki::PrivateKey::parse_pem(pem.reveal()));
        return PendingCertificate{std::move(certificate), std::move(key)};
    });
}

net::Task<Result<void>> set_pending(Backing& backing, SystemId id, Side side, PendingCertificate pending) {
    auto* const kept = &backing;
    // Reading a certificate and sealing a key take longer than storing them: not on the database's thread.
    auto sealed = pending.key ? kept->sealer().seal(pending.key->to_pem(), key_context(id, side)) : std::string();
    DescribedCertificate certificate(std::move(pending.certificate));
    return kept->write([kept, id, side, certificate = std::move(certificate), renew_at = pending.renew_at,
                        key = std::string(pending.key ? k_made_by_manager : k_made_by_system), why = words_of(pending),
                        sealed = std::move(sealed)](Database& database) -> Result<void> {
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(id)})) return no_such_system(id);
        insert_issued(database, {.serial = certificate.serial,
                                 .subject = certificate.subject,
                                 .fingerprint = certificate.fingerprint,
                                 .purpose = std::string(purpose_of(side)),
                                 .system = id,
                                 .not_before = certificate.not_before,
                                 .not_after = certificate.not_after,
                                 .revoked = std::nullopt});
        database.execute("INSERT INTO " + std::string(pending_table(side)) +
                             " (system, certificate, sealed_key) VALUES (:system, :certificate, :key) "
                             "ON CONFLICT (system) DO UPDATE SET certificate = excluded.certificate, sealed_key = excluded.sealed_key",
                         {value(id), value(certificate.pem), value(sealed)});
        take_in_pending(database, kept->now(), id, side, certificate, renew_at);
        note_key_made(database, certificate.fingerprint, key);
        kept->record(database, "manager", "certificate.issue", subject_of(id),
                     certificate.subject + " serial " + certificate.serial + (side == Side::client ? ", for its calls" : "") + why);
        return {};
    });
}

net::Task<Result<void>> clear_pending(Backing& backing, SystemId id, Side side) {
    auto* const kept = &backing;
    return kept->write([kept, id, side](Database& database) -> Result<void> {
        settle_pending(database, kept->now(), id, side);
        auto const cleared = database.execute("DELETE " + in_table(side), {value(id)});
        if (cleared > 0)
            kept->record(database, "manager", "certificate.settled", subject_of(id),
                         side == Side::client ? "the certificate issued for its calls is no longer pending"
                                              : "the issued certificate is no longer pending");
        return {};
    });
}

net::Task<Result<std::optional<PendingCertificate>>> SqliteCertificates::get_pending_client(SystemId id) {
    return get_pending(backing_, id, Side::client);
}
net::Task<Result<void>> SqliteCertificates::set_pending_client(SystemId id, PendingCertificate pending) {
    return set_pending(backing_, id, Side::client, std::move(pending));
}
net::Task<Result<void>> SqliteCertificates::clear_pending_client(SystemId id) { return clear_pending(backing_, id, Side::client); }

}  // namespace countersign::manager::store
