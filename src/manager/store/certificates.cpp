#include "manager/store/pending_rows.hpp"
#include "manager/store/sqlite_store.hpp"

namespace countersign::manager::store {

net::Task<Result<std::optional<PendingCertificate>>> SqliteStore::get_pending_certificate(SystemId id) {
    return get_pending(backing_, id, Side::server);
}
net::Task<Result<void>> SqliteStore::set_pending_certificate(SystemId id, PendingCertificate pending) {
    return set_pending(backing_, id, Side::server, std::move(pending));
}
net::Task<Result<void>> SqliteStore::clear_pending_certificate(SystemId id) { return clear_pending(backing_, id, Side::server); }

net::Task<Result<void>> SqliteStore::record_issued(IssuedCertificate certificate) {
    std::optional<DescribedCertificate> described;
    if (certificate.certificate) described.emplace(*certificate.certificate);
    return write([this, certificate = std::move(certificate), described = std::move(described)](Database& database) -> Result<void> {
        insert_issued(database, certificate);
        if (described)
            (void)take_in(database, now(),
                          {.described = *described,
                           .purpose = certificate.purpose,
                           .system = certificate.system,
                           .renew_at = certificate.renew_at,
                           .signed_here = true});
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
