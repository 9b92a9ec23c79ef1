#pragma once

/// The certificate repository of a unit (device/certificates.hpp), over the unit's own state.

#include "device/certificates.hpp"
#include "device/repository/upload_check.hpp"
#include "device/unit_state.hpp"

namespace countersign::device {

class UnitCertificates final : public Certificates {
public:
    UnitCertificates(Unit::State& state, Unit const& unit)
        : state_(state), unit_(unit), rules_(state.family->certificate.for_software(state.spec.software)) {}

    [[nodiscard]] Result<CertificateInfo> info(std::string_view identity) const override;
    Result<Outcome> install(Upload upload, std::string_view identity, Actor actor) override;
    [[nodiscard]] Result<Checked> check(Upload const& upload, std::string_view identity) const override;
    [[nodiscard]] Result<Checked> check_answer(std::string_view text, std::string_view identity) const override;
    [[nodiscard]] Result<Checked> check_trust(std::string_view file) const override;
    [[nodiscard]] Result<std::string> host_name(std::string_view identity) const override;
    Result<Outcome> remove(std::string_view identity, Actor actor) override;
    Result<Outcome> roll_back(std::string_view identity, Actor actor) override;

    net::Task<Result<PendingRequest>> make_request(RequestFields fields, std::string identity, bool replace, Actor actor) override;
    [[nodiscard]] Result<std::optional<PendingRequest>> pending(std::string_view identity) const override;
    Result<void> discard_request(std::string_view identity, Actor actor) override;
    Result<Outcome> install_answer(std::string_view text, std::string_view identity, Actor actor) override;
    Result<StoredPair> keep_answer(std::string_view text, std::string_view identity, Actor actor) override;

    Result<StoredPair> add(Upload upload, Actor actor) override;
    [[nodiscard]] std::vector<StoredPair> list() const override;
    Result<Outcome> activate(std::string_view fingerprint, std::string_view purpose, Actor actor) override;
    Result<Outcome> deactivate(std::string_view fingerprint, std::string_view purpose, Actor actor) override;
    Result<void> forget(std::string_view fingerprint, Actor actor) override;

    [[nodiscard]] std::vector<pki::Certificate> const& trust() const override { return state_.trust.roots(); }
    Result<Outcome> add_trust(std::string_view file, Actor actor) override;
    Result<Outcome> remove_trust(std::string_view fingerprint, Actor actor) override;
    Result<Outcome> remove_all_trust(Actor actor) override;
    [[nodiscard]] std::vector<pki::Crl> const& revocation_lists() const override { return state_.revocation_lists; }
    Result<void> add_revocation_list(std::string_view file, Actor actor) override;
    Result<void> remove_revocation_list(std::string_view issuer, Actor actor) override;
    [[nodiscard]] RevocationChoice revocation(std::string_view identity) const override;
    Result<void> set_revocation(RevocationChoice choice, std::string_view identity, Actor actor) override;

private:
    [[nodiscard]] Result<HeldIdentity*> find(std::string_view identity) const;
    [[nodiscard]] UploadNeeds needs_of(HeldIdentity const& identity) const;
    [[nodiscard]] family::CertificateRules const& rules() const { return rules_; }
    [[nodiscard]] std::string host_name_of(family::Identity const& identity) const;
    /// A TLS server can really use it: a pair that it cannot would lock everybody out. CRT-044.
    [[nodiscard]] Result<void> try_out(CertificatePair const& pair) const;
    /// Stores and, where that works at once, serves. Everything was checked. FIL-002.
    Result<Outcome> take(HeldIdentity& identity, CertificatePair pair, Actor const& actor);
    /// After the identity's files changed: what is installed now, and what follows from it.
    Result<Outcome> installed_changed(HeldIdentity& identity);
    [[nodiscard]] Outcome outcome_of(HeldIdentity const& identity) const;
    void refused(Error const& error, Actor const& actor);
    Result<Outcome> store_trust(std::vector<pki::Certificate> roots, std::string_view event, Actor const& actor);
    [[nodiscard]] Result<CheckedUpload> checked_upload(HeldIdentity const& identity, Upload const& upload) const;
    [[nodiscard]] Result<CertificatePair> pair_of_answer(HeldIdentity const& identity, std::string_view text) const;
    Result<CertificatePair> checked_answer(HeldIdentity& identity, std::string_view text, Actor const& actor);
    Result<StoredPair> keep(CertificatePair pair, Actor const& actor);
    [[nodiscard]] Result<CertificatePair> find_pair(std::string_view fingerprint) const;
    [[nodiscard]] Result<HeldIdentity*> for_purpose(std::string_view purpose) const;
    [[nodiscard]] StoredPair stored(CertificatePair const& pair) const;
    [[nodiscard]] bool is_stored(pki::Certificate const& leaf) const;
    [[nodiscard]] Result<void> not_needed(HeldIdentity const& identity) const;
    [[nodiscard]] std::vector<pki::Certificate> known_authorities() const;

    Unit::State& state_;
    Unit const& unit_;                ///< who may change what
    family::CertificateRules rules_;  ///< of the unit's software
};

/// "AB:CD..." or "abcd...", SHA-1 or SHA-256, of this certificate?
[[nodiscard]] bool has_fingerprint(pki::Certificate const& certificate, std::string_view fingerprint);

}  // namespace countersign::device
