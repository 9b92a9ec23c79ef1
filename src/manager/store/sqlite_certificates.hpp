#pragma once

#include "manager/store/authority_rows.hpp"
#include "manager/store/backing.hpp"
#include "manager/store/certificate_store.hpp"

namespace countersign::manager::store {

class SqliteCertificates final : public CertificateStore {
public:
    explicit SqliteCertificates(Backing& backing) : backing_(backing), authorities_(backing) {}
    AuthorityStore& authorities() override { return authorities_; }
    net::Task<Result<std::optional<PendingCertificate>>> get_pending_client(SystemId id) override;
    net::Task<Result<void>> set_pending_client(SystemId id, PendingCertificate pending) override;
    net::Task<Result<void>> clear_pending_client(SystemId id) override;
    net::Task<Result<KeptCertificates>> get_kept() override;
    net::Task<Result<void>> set_kept(KeptCertificates kept, std::string action, std::string detail, std::string actor) override;
    net::Task<Result<std::vector<ForeignRoot>>> foreign_roots() override;
    net::Task<Result<void>> add_roots(std::vector<pki::Certificate> roots, std::string actor) override;
    net::Task<Result<void>> withdraw_root(std::string fingerprint, std::string actor) override;
    net::Task<Result<std::vector<std::string>>> withdrawn_roots() override;
    net::Task<Result<void>> note_trust(SystemTrust seen) override;
    net::Task<Result<NamedSystems>> lacking(std::string root, std::vector<std::string> now, std::size_t most) override;
    net::Task<Result<NamedSystems>> served_by(std::string root, std::size_t most) override;

private:
    Result<KeptCertificate> read_slot(Row const& row) const;
    void write_slot(Database& database, std::string_view slot, KeptCertificate const& kept) const;

    Backing& backing_;
    AuthorityRows authorities_;
};

}  // namespace countersign::manager::store
