#pragma once

/// Asking authorities whether a certificate was revoked: OCSP responders and revocation lists over HTTP, and a cache of what they
/// said (REQ TRU-7).
///
/// Who makes a certificate writes the addresses that are asked, so this is careful about them:
/// - Only http, no https (the answers carry their own signatures; RFC 5280 section 8 warns of asking in a circle) and no ldap.
/// - The cache asks only about chains that the caller has verified to a trusted root: no stranger chooses where we connect to. A
///   single query asks whatever address a person gave it.
/// - A request holds the target, a fixed head and, for OCSP, the serial number. No cookies, no credentials, no referrer.
/// - Names are resolved here and the connection goes to that very address; link-local, multicast and unspecified addresses (the
///   metadata services of clouds among them) are refused. Private addresses and loopback are where an estate's authority lives.
/// - At most three redirects, to http only; one deadline for all of it; size limits pki::k_crl_limit and pki::k_ocsp_limit.
/// - What came is shown to nobody before it was parsed and its signature checked.

#include "net/resolver.hpp"
#include "net/task.hpp"
#include "pki/crl.hpp"
#include "pki/ocsp.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace countersign::net {

/// How authorities are reached.
struct AuthorityReach {
    std::shared_ptr<Resolver> resolver;  ///< null: the machine's
    std::string bind_address;            ///< empty: any
    Milliseconds deadline{10'000};       ///< for connections, redirects and answer; names take as long as Resolver::Settings says
    BlockingPool* blocking = nullptr;    ///< where long lists are decoded (a tenth of a second per megabyte); null: on the event loop
};

/// Sends one request (POST, RFC 6960 appendix A.1) and parses the answer; check it with OcspResponse::check. A responder's
/// refusal ("tryLater") is a response too. NET-013 for anything but an http URL, NET-001..009, NET-011 for another status than
/// 200, CRT-023.
Task<Result<pki::OcspResponse>> query_ocsp(std::string url, pki::OcspRequest request, AuthorityReach reach = {});

/// Fetches one list. Nothing is checked but its form. NET-013, NET-001..009, NET-011, CRT-022, FIL-003.
Task<Result<pki::Crl>> fetch_crl(std::string url, AuthorityReach reach = {});

/// What is known about the certificates of a chain. Lists and responses were parsed; verify_chain judges them.
struct KnownRevocation {
    std::vector<pki::Crl> lists;
    std::vector<pki::OcspResponse> responses;
    /// For every certificate below the root that names somebody to ask there is an answer that holds now.
    bool complete = true;
};

/// Who is asked. `any`: a responder first, then lists.
enum class RevocationSources { any, responders, lists };

/// Lists and responses by certificate, kept in memory only: after a restart everything is asked anew. Shared by all loops.
///
/// What is stored was checked before: a response with OcspResponse::check, a list of the certificate's own issuer by its signature,
/// so that somebody in between cannot fill the cache with rubbish. A responder is asked before a list is fetched; when it gives a
/// definite answer no list is.
class RevocationCache {
public:
    struct Settings {
        AuthorityReach reach;
        std::shared_ptr<Clock const> clock;         ///< null: the machine's
        std::size_t list_bytes = 64 * 1024 * 1024;  ///< of encoded lists; the decoded ones take some times more
        std::size_t responses = 20'000;             ///< kept; the one that was not used for longest goes first
        std::size_t background = 16;                ///< certificates that are asked about at once without anybody waiting
        Milliseconds first_pause{10'000};           ///< after a failure of an address; doubles with each further one
        Milliseconds longest_pause{std::chrono::hours(1)};
        RevocationSources sources = RevocationSources::any;
        std::string responder;  ///< asked instead of those that certificates name; empty: those (RFC 6960 section 2.2: configured locally)
    };
    /// Work runs on `executor`, also after the cache is gone, for as long as a deadline at most.
    explicit RevocationCache(Executor executor);
    RevocationCache(Executor executor, Settings settings);
    ~RevocationCache();
    RevocationCache(RevocationCache const&) = delete;
    RevocationCache& operator=(RevocationCache const&) = delete;

    /// Never waits. What is missing, or close to its end, is asked for in the background: once for each certificate or list at a
    /// time, at an irregular moment of the last quarter of its life, and after a failure not before a growing pause is over.
    /// `chain` is verified to a trusted root, leaf first and with the root. May be called from any thread.
    KnownRevocation known(std::span<pki::Certificate const> chain);
    /// Waits until everything was asked for, or until the deadline. What failed a moment ago is not asked again.
    Task<KnownRevocation> fetch(std::vector<pki::Certificate> chain);

    struct Size {
        std::size_t lists = 0;
        std::size_t list_bytes = 0;
        std::size_t responses = 0;
        std::size_t pausing = 0;  ///< addresses that failed and wait
        std::size_t asking = 0;   ///< certificates that are being asked about now
    };
    [[nodiscard]] Size size() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// What a server staples for its own chain: the DER of the newest response, or null. Refreshed in the background whenever it is
/// asked for (tls::ServerContext::Settings::staple).
std::function<std::shared_ptr<Bytes const>()> staple_from(std::shared_ptr<RevocationCache> cache, std::vector<pki::Certificate> chain);

}  // namespace countersign::net
