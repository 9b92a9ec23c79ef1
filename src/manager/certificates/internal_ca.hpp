#pragma once

/// The manager's own authority: a root, and an issuing authority below it that signs the certificates of systems and of the manager (REQ
/// MGR-13). Keys are sealed in the store. A root that an older release made goes on signing by itself until it is replaced.

#include "manager/certificates/token_keys.hpp"
#include "manager/store/store.hpp"
#include "net/task.hpp"
#include "pki/issue.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace countersign::manager {

class InternalCa {
public:
    /// Loads it from the store, or makes it (ECDSA P-256; the root for ten years, the issuing authority for five) and stores it. A key on
    /// a token that is not there does not make this fail: what needs the key does.
    static net::Task<Result<std::unique_ptr<InternalCa>>> open(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock,
                                                               std::string organization, TokenSettings tokens = {});
    virtual ~InternalCa() = default;
    /// What systems and people must trust: its own roots first, the one below which is issued before others, then those of others. Any
    /// thread.
    [[nodiscard]] virtual std::vector<pki::Certificate> roots() const = 0;
    /// How many of `roots` are its own: two while one is replaced.
    [[nodiscard]] virtual std::size_t own_roots() const { return 1; }
    /// Its authorities below those roots, newest last.
    [[nodiscard]] virtual std::vector<pki::Certificate> issuing() const { return {}; }
    /// The root that the manager's own certificate of this authority ends at.
    [[nodiscard]] virtual pki::Certificate manager_root() const { return roots().front(); }
    /// What a server shows with this certificate: leaf first, without the root.
    [[nodiscard]] virtual std::vector<pki::Certificate> chain_of(pki::Certificate const& leaf) const { return {leaf}; }
    /// It is below the root below which is issued now.
    [[nodiscard]] virtual bool is_up_to_date(pki::Certificate const&) const { return true; }
    /// Roots of others that the estate trusts besides, from now on; and fingerprints of those that it trusted once and does not any
    /// more, so that systems forget them, too. They replace what was said before. Any thread.
    virtual void trust_also(std::vector<pki::Certificate> others, std::vector<std::string> withdrawn) = 0;
    [[nodiscard]] virtual std::vector<std::string> withdrawn() const = 0;
    /// A new key and certificate for a system, by the profile (device, server, client); its name is the host name, and its address only
    /// while it is tracked by address and the profile has addresses. Lives for the policy's days, at most the profile's longest. Made on
    /// the blocking pool; not stored: the caller stores it as pending. CRT-018, CRT-019; MGR-164 or MGR-180 when the key
    /// that signs is not here.
    virtual net::Task<Result<PendingCertificate>> issue_for_system(System system, Policy policy,
                                                                   pki::Profile profile = pki::Profile::device) = 0;
    /// The same for the key of a request that the system made: subject and names are those that the manager says, and nothing of the
    /// request but its key counts. The certificate comes without a key.
    virtual net::Task<Result<PendingCertificate>> sign_for_system(System system, Policy policy, pki::Profile profile,
                                                                  pki::CertificateRequest request) = 0;
    /// The manager's own, for host names (the first is its subject's) and addresses: made when there is none, or it ends within a third of
    /// its life, or lacks one of them. Host names that it had before stay until it is renewed, so that systems which were told such a name
    /// reach the manager until they are told another.
    virtual net::Task<Result<PendingCertificate>> manager_certificate(std::vector<std::string> host_names,
                                                                      std::vector<std::string> addresses) = 0;
};

/// Writes the authority's roots as PEM, for people and their browsers (`ca.pem` of the data folder). FIL-002.
Result<void> write_roots(InternalCa const& authority, std::filesystem::path const& file);

}  // namespace countersign::manager
