#pragma once

/// The certificate that the manager's HTTPS port serves: the internal authority's, or one that a person brought from an authority of the
/// company (REQ MGR-7, MGR-8; seed 004, Level 3 step 1, Level 4 steps 1 and 2).
///
/// Nobody is locked out: systems that verify check this certificate. One whose root some of them do not trust yet is *staged*: its root is
/// rolled out by enforcement, and it is taken into use by itself when none of them lacks it, or at once when a person accepts what was
/// listed. The certificate before stays for one step back. The root of the internal authority stays in systems' trust lists for good,
/// because systems' certificates come from it and it is the way back; a foreign root stays until a person removes it.

#include "manager/certificates/certificate_upload.hpp"
#include "manager/certificates/internal_ca.hpp"
#include "manager/store/certificate_store.hpp"
#include "manager/store/network_store.hpp"
#include "net/sync.hpp"

#include <functional>
#include <mutex>

namespace countersign::manager {

struct ManagerSettings;

/// Systems that are named in an answer, at most.
inline constexpr std::size_t k_most_named_systems = 1000;

/// What a request asks for beside its names. Empty fields are left out; an empty common name is the manager's host name.
struct RequestOptions {
    pki::SubjectFields subject;
    std::vector<std::string> more_names;  ///< beside those that systems call; host names or addresses
    std::string key_type = "ec:p256";
    bool replace = false;  ///< a request that waits for its answer is given up
};

/// Everything about it, for showing.
struct OwnCertificateState {
    pki::Certificate active;
    bool internal = true;
    std::vector<pki::Certificate> chain;  ///< of the active one as it is served
    std::string root;                     ///< SHA-256
    std::optional<UtcTime> since;
    std::vector<std::string> names;  ///< by which systems call
    struct Staged {
        KeptCertificate kept;
        NamedSystems waiting_for;  ///< systems that check the manager and do not trust its root yet
    };
    std::optional<Staged> staged;
    std::optional<KeptCertificate> previous;
    std::optional<KeptRequest> request;
};

class OwnCertificate {
public:
    struct Links {
        Store& store;
        InternalCa& authority;
        ManagerSettings const& settings;
        net::BlockingPool& pool;
        std::shared_ptr<Clock const> clock;
        std::function<NetworkSettings()> network;
        /// Systems that lack a root are to be given it; audited as `actor`.
        std::function<net::Task<Result<void>>(std::vector<SystemId>, std::string actor)> enforce;
        /// The list of roots changed in the store: everybody is to know it.
        std::function<net::Task<Result<void>>()> roots_changed;
    };
    explicit OwnCertificate(Links links) : links_(std::move(links)) {}

    net::Task<Result<void>> load();
    /// Another manager on the same database may have changed it: reads it again and serves it.
    net::Task<Result<void>> reload();
    /// Called when another certificate is to be served, and when callers are to be asked for another list of roots. Set once.
    void when_changed(std::function<net::Task<Result<void>>()> serve) {
        std::scoped_lock lock(mutex_);
        serve_ = std::move(serve);
    }
    net::Task<Result<void>> serve() { return serve_now(); }
    /// Systems are about to be told this name: the internal authority's certificate gets it, and is served with it. One that a person
    /// brought stays as it is. MGR-164, MGR-180 when the key that signs is not here.
    net::Task<Result<void>> stand_for(std::string name);

    struct Identity {
        std::vector<pki::Certificate> chain;  ///< leaf first, without the root
        pki::PrivateKey key;
    };
    /// What is to be served now. The internal authority's is made or renewed when it has to be.
    net::Task<Result<Identity>> identity();
    net::Task<Result<OwnCertificateState>> show();

    /// CRT-042 while one waits for its answer, CRT-018, CRT-019.
    net::Task<Result<KeptRequest>> make_request(RequestOptions options, std::string actor);
    net::Task<Result<void>> discard_request(std::string actor);  ///< CRT-041
    /// Checks everything first, see check_certificate. In use at once, or staged.
    net::Task<Result<OwnCertificateState>> install(CertificateUpload upload, bool trust_root, std::string actor);
    /// Takes the staged one into use. MGR-115 while systems lack its root, unless `accepted`; MGR-116.
    net::Task<Result<OwnCertificateState>> activate(bool accepted, std::string actor);
    net::Task<Result<void>> discard_staged(std::string actor);  ///< MGR-116
    /// One step back: what was in use before is in use again, or staged as any other. MGR-117; what the checks say.
    net::Task<Result<OwnCertificateState>> roll_back(std::string actor);
    /// Back to the internal authority's. MGR-121.
    net::Task<Result<OwnCertificateState>> use_internal(std::string actor);

    /// A certificate waits, so that what is learnt of systems matters.
    [[nodiscard]] bool is_staged() const;
    /// Takes the staged one into use when nobody lacks its root any more. True when it did.
    net::Task<Result<bool>> advance();
    /// Fingerprints of roots that the certificates here end at, with what they are.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> roots_in_use() const;
    /// As it is kept, without asking anybody.
    [[nodiscard]] KeptCertificates kept() const;
    /// Names by which systems call the manager.
    net::Task<Result<std::vector<std::string>>> names();
    /// The certificate before is given up, as when its root is removed.
    net::Task<Result<void>> forget_previous(std::string actor);

private:
    net::Task<Result<PendingCertificate>> internal_for(std::string more);
    net::Task<Result<void>> keep(KeptCertificates kept, std::string action, std::string detail, std::string actor);
    net::Task<Result<void>> serve_now();
    net::Task<Result<NamedSystems>> locked_out_by(std::string root, std::size_t most);
    net::Task<Result<CertificateNeeds>> needs();
    net::Task<Result<OwnCertificateState>> put_in_place(KeptCertificate wanted, std::string action, std::string actor);
    net::Task<Result<void>> take(KeptCertificate wanted, std::string action, std::string actor);

    Links links_;
    std::function<net::Task<Result<void>>()> serve_;
    net::KeyedLock changes_;  ///< one change at a time
    mutable std::mutex mutex_;
    KeptCertificates kept_;
};

}  // namespace countersign::manager
