#include "manager/store/sqlite_store.hpp"

namespace countersign::manager::store {
namespace {

std::string key_context(SystemId id) { return "system " + std::to_string(id) + " pending key"; }

void insert_issued(Database& database, IssuedCertificate const& issued) {
    database.execute(
        "INSERT INTO issued (serial, subject, fingerprint, purpose, system, not_before, not_after, revoked) "
        "VALUES (:serial, :subject, :fingerprint, :purpose, :system, :not_before, :not_after, :revoked)",
        {value(issued.serial), value(issued.subject), value(issued.fingerprint), value(issued.purpose), value(issued.system),
         value(issued.not_before), value(issued.not_after), value(issued.revoked)});
}

}  // namespace

net::Task<Result<std::optional<PendingCertificate>>> SqliteStore::get_pending_certificate(SystemId id) {
    return read([this, id](Database& database) -> Result<std::optional<PendingCertificate>> {
        auto row = database.select_one({"certificate", "sealed_key"}, "FROM pending_certificates WHERE system = :system", {value(id)});
        if (!row) return std::nullopt;
        CS_TRY(auto certificate, pki::Certificate::parse_pem(row->text(0)));
        CS_TRY(auto pem, sealer_.open(row->text(1), key_context(id)));
        CS_TRY(auto key, pki::PrivateKey::parse_pem(pem.reveal()));
        return PendingCertificate{std::move(certificate), std::move(key)};
    });
}

net::Task<Result<void>> SqliteStore::set_pending_certificate(SystemId id, PendingCertificate pending) {
    // Reading a certificate and sealing a key take longer than storing them: not on the database's thread.
    auto sealed = sealer_.seal(pending.key.to_pem(), key_context(id));
    auto const& certificate = pending.certificate;
    IssuedCertificate issued{.serial = certificate.serial(),
                             .subject = certificate.subject(),
                             .fingerprint = certificate.fingerprint(),
                             .purpose = "system",
                             .system = id,
                             .not_before = certificate.not_before(),
                             .not_after = certificate.not_after(),
                             .certificate = certificate,
                             .renew_at = pending.renew_at};
    return write([this, id, issued = std::move(issued), sealed = std::move(sealed)](Database& database) -> Result<void> {
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(id)})) return no_such_system(id);
        insert_issued(database, issued);
        database.execute(
            "INSERT INTO pending_certificates (system, certificate, sealed_key) VALUES (:system, :certificate, :key) "
            "ON CONFLICT (system) DO UPDATE SET certificate = excluded.certificate, sealed_key = excluded.sealed_key",
            {value(id), value(issued.certificate->to_pem()), value(sealed)});
        take_in_pending(database, now(), id, *issued.certificate, issued.renew_at);
        record(database, "manager", "certificate.issue", subject_of(id), issued.subject + " serial " + issued.serial);
        return {};
    });
}

net::Task<Result<void>> SqliteStore::clear_pending_certificate(SystemId id) {
    return write([this, id](Database& database) -> Result<void> {
        settle_pending(database, now(), id);
        auto cleared = database.execute("DELETE FROM pending_certificates WHERE system = :system", {value(id)});
        if (cleared > 0) record(database, "manager", "certificate.settled", subject_of(id), "the issued certificate is no longer pending");
        return {};
    });
}

net::Task<Result<void>> SqliteStore::record_issued(IssuedCertificate certificate) {
    return write([this, certificate = std::move(certificate)](Database& database) -> Result<void> {
        insert_issued(database, certificate);
        if (certificate.certificate)
            (void)take_in(database, now(),
                          {.certificate = *certificate.certificate,
                           .purpose = certificate.purpose,
                           .system = certificate.system,
                           .renew_at = certificate.renew_at});
        record(database, "manager", "certificate.issue", certificate.system == 0 ? certificate.purpose : subject_of(certificate.system),
               certificate.subject + " serial " + certificate.serial);
        return {};
    });
}

net::Task<Result<std::vector<IssuedCertificate>>> SqliteStore::list_issued(SystemId id) {
    return read([id](Database& database) -> Result<std::vector<IssuedCertificate>> {
        std::vector<IssuedCertificate> out;
        for (auto const& row : database.select(
                 {"serial", "subject", "fingerprint", "purpose", "system", "not_before", "not_after", "revoked"},
                 "FROM issued WHERE :all = 0 OR system = :system ORDER BY not_before DESC, rowid DESC", {value(id), value(id)})) {
            out.push_back(
                {row.text(0), row.text(1), row.text(2), row.text(3), row.number(4), row.time(5), row.time(6), row.optional_time(7)});
        }
        return out;
    });
}

net::Task<Result<void>> SqliteStore::add_factory_anchor(std::string vendor, pki::Certificate certificate, std::string actor) {
    return write([this, vendor = std::move(vendor), certificate = std::move(certificate),
                  actor = std::move(actor)](Database& database) -> Result<void> {
        auto added = database.execute(
            "INSERT INTO factory_anchors (fingerprint, vendor, certificate) VALUES (:fingerprint, :vendor, :certificate) "
            "ON CONFLICT (fingerprint) DO NOTHING",
            {value(certificate.fingerprint()), value(vendor), value(certificate.to_pem())});
        if (added > 0) record(database, actor, "anchor.add", vendor, certificate.subject() + " SHA-256 " + certificate.fingerprint());
        return {};
    });
}

net::Task<Result<std::vector<pki::Certificate>>> SqliteStore::factory_anchors() {
    return read([this](Database& database) -> Result<std::vector<pki::Certificate>> {
        std::vector<pki::Certificate> out;
        for (auto const& row : database.select({"certificate"}, "FROM factory_anchors ORDER BY vendor, fingerprint")) {
            auto const text = row.text(0);
            auto known = decoded_anchors_.find(text);
            if (known == decoded_anchors_.end()) {
                CS_TRY(auto certificate, pki::Certificate::parse_pem(text));
                known = decoded_anchors_.emplace(text, std::move(certificate)).first;
            }
            out.push_back(known->second);
        }
        return out;
    });
}

}  // namespace countersign::manager::store
