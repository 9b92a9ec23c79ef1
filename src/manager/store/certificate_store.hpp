#pragma once

/// The manager's own HTTPS certificate, the roots of others that the estate trusts, and what was seen of each system's part in both. A
/// part of Store.

#include "manager/estate/model.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// A certificate that a person installed for the manager; without chain and key it stands for the internal authority's.
struct KeptCertificate {
    std::vector<pki::Certificate> chain;  ///< leaf first, root last
    std::optional<pki::PrivateKey> key;
    std::string root;  ///< SHA-256 of the trusted root that the chain ends at
    UtcTime since{};
    std::string by;
    [[nodiscard]] bool is_internal() const { return chain.empty(); }
};

/// A request whose answer has not come. Its key never leaves the manager.
struct KeptRequest {
    pki::PrivateKey key;
    pki::CertificateRequest request;
    UtcTime made{};
    std::string by;
};

struct KeptCertificates {
    std::optional<KeptCertificate> active;    ///< nothing: the internal authority's
    std::optional<KeptCertificate> staged;    ///< waits until every system that checks it trusts its root
    std::optional<KeptCertificate> previous;  ///< one step back
    std::optional<KeptRequest> request;
};

struct ForeignRoot {
    pki::Certificate certificate;
    UtcTime added{};
    std::string added_by;
};

/// What the newest look at a system said. What it did not say is nothing, and stays as it was known.
struct SystemTrust {
    SystemId system = 0;
    std::optional<std::string> served_root;           ///< SHA-256 of the estate's root that its HTTPS chain ends at; empty: none
    std::optional<std::vector<std::string>> trusted;  ///< SHA-256 of its trusted roots
    std::optional<bool> verifies;                     ///< it checks whom it calls, or is set to
    /// What it said is on trial and may go back: another list than before leaves nothing known, and checking us counts at once.
    bool on_trial = false;
    bool operator==(SystemTrust const&) const = default;
};

/// A system in a list of those that something means.
struct NamedSystem {
    SystemId id = 0;
    std::string name;
    std::optional<UtcTime> observed_at;
};
struct NamedSystems {
    std::vector<NamedSystem> first;  ///< at most as many as were asked for, by number
    std::size_t in_all = 0;
};

class AuthorityStore;       // store/authority_store.hpp
struct PendingCertificate;  // store/store.hpp

class CertificateStore {
public:
    virtual ~CertificateStore() = default;

    /// The internal authority's own certificates and keys.
    virtual AuthorityStore& authorities() = 0;

    /// The certificate for the calls of a system that has two, on its way there; as Store::get_pending_certificate and its like do for
    /// the server side. Its purpose in the inventory is k_client_purpose.
    virtual net::Task<Result<std::optional<PendingCertificate>>> get_pending_client(SystemId id) = 0;
    virtual net::Task<Result<void>> set_pending_client(SystemId id, PendingCertificate pending) = 0;
    virtual net::Task<Result<void>> clear_pending_client(SystemId id) = 0;

    virtual net::Task<Result<KeptCertificates>> get_kept() = 0;
    /// All slots and the record of the change in one transaction; `action` as "own_certificate.install".
    virtual net::Task<Result<void>> set_kept(KeptCertificates kept, std::string action, std::string detail, std::string actor) = 0;

    virtual net::Task<Result<std::vector<ForeignRoot>>> foreign_roots() = 0;  ///< oldest first
    /// Those that are there already stay. One that was withdrawn is trusted again.
    virtual net::Task<Result<void>> add_roots(std::vector<pki::Certificate> roots, std::string actor) = 0;
    /// Not trusted any more; its fingerprint is remembered, so that it is taken out of systems' trust lists. GEN-003.
    virtual net::Task<Result<void>> withdraw_root(std::string fingerprint, std::string actor) = 0;
    virtual net::Task<Result<std::vector<std::string>>> withdrawn_roots() = 0;

    virtual net::Task<Result<void>> note_trust(SystemTrust seen) = 0;
    /// Systems that check the manager's certificate and, as far as is known, do not trust this root. `now`: SHA-256 of the certificates
    /// of the chain that is served; then only those that trust one of them, and would be locked out by another; empty: all.
    virtual net::Task<Result<NamedSystems>> lacking(std::string root, std::vector<std::string> now, std::size_t most) = 0;
    /// Systems whose served chain ended at this root when they were last seen.
    virtual net::Task<Result<NamedSystems>> served_by(std::string root, std::size_t most) = 0;
};

}  // namespace countersign::manager
