#pragma once

/// What happens to the manager's own certificate and to the estate's roots while nobody looks: a staged certificate is taken into use when
/// the last system has its root, and tickets say in time that a certificate or a root ends (REQ MGR-7).

#include "manager/certificates/own_certificate.hpp"
#include "net/task.hpp"

#include <atomic>
#include <functional>

namespace countersign::manager {

/// One certificate of the manager's own that ends at some time, as tickets and the readiness list tell of it.
struct OwnExpiry {
    std::string subject;  ///< of the ticket: "own certificate", "root 0123..."
    std::string title;    ///< "The manager's HTTPS certificate", "The root /CN=..."
    UtcTime begin{}, end{};
    std::string remedy;
    int rung = 0;  ///< of the ladder, from 1; 0: there is time
};

/// `renew_days` as in the policy; the first `internal` roots are the internal authority's. Pure.
std::vector<OwnExpiry> own_expiries(OwnCertificateState const& own, std::vector<pki::Certificate> const& roots, int renew_days, UtcTime now,
                                    std::size_t internal = 1);

class CertificateWatch {
public:
    struct Links {
        net::Runtime& runtime;
        Store& store;
        OwnCertificate& own;
        InternalCa& authority;
        std::shared_ptr<Clock const> clock;
        std::function<void(std::string kind, std::int64_t id)> announce;
    };
    explicit CertificateWatch(Links links) : links_(std::move(links)) {}

    void start(std::shared_ptr<void> keep);
    net::Task<> stop();
    /// Something of systems was learnt, or (`everything`) something of the manager changed. From any thread.
    void wake(bool everything);
    /// Opens, changes and closes the tickets of what ends. Called every hour by itself.
    net::Task<Result<void>> judge();

private:
    net::Task<> run();
    net::Task<Result<bool>> look_at_tokens();

    Links links_;
    net::Signal wake_;
    net::Signal ended_;
    std::atomic<bool> everything_ = true;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> running_ = false;
};

}  // namespace countersign::manager
