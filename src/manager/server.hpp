#pragma once

/// A whole running manager: service, access and its two ports. What the program runs, and what tests run in their own process.

#include "base/secret.hpp"
#include "family/family.hpp"
#include "manager/access/access.hpp"
#include "manager/access/people_certificates.hpp"
#include "manager/manager.hpp"
#include "net/address.hpp"
#include "net/http/server.hpp"
#include "net/sync.hpp"

#include <filesystem>
#include <memory>

namespace countersign::manager {

struct ProgramSettings;  // settings/program_settings.hpp

enum class PlainHttp { open, closed };

class Server {
public:
    /// Opens everything; returns when both ports listen and the engine runs. Called from a thread that is no loop.
    static Result<std::unique_ptr<Server>> start(net::Runtime& runtime, ManagerSettings settings, family::Families families,
                                                 PlainHttp plain, std::shared_ptr<Clock const> clock = std::make_shared<SystemClock>());
    ~Server();
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    [[nodiscard]] Manager& manager() const { return *manager_; }
    [[nodiscard]] Access& access() const { return *access_; }
    [[nodiscard]] net::Endpoint https() const { return https_->local(); }
    /// The one-time set-up password, or empty when the administrator's password is set.
    [[nodiscard]] SecretText const& setup_password() const { return setup_password_; }
    /// Serves what is to be served by now: another certificate, or another list of roots for the certificates of callers. The internal
    /// authority's is made anew in the last third of its life. Open connections go on. Called every hour by itself, and after each
    /// change. True when something was replaced.
    net::Task<Result<bool>> renew_identity();
    /// Takes over what may change while it runs; all the rest of `settings` stays as it was. Called from a thread that is no loop.
    Result<void> reload(ProgramSettings const& settings);
    /// Makes an API token and writes it to `file` (mode 0600); the one that an earlier start wrote is taken back.
    Result<void> write_token(std::filesystem::path const& file) const;
    /// Closes the ports, lets requests and steps under way end, gives leases back.
    void stop();

private:
    Server(net::Runtime& runtime, std::shared_ptr<Manager> manager, std::shared_ptr<Access> access);
    Result<void> open_ports(PlainHttp plain);
    net::Task<Result<std::shared_ptr<net::tls::ServerContext const>>> make_identity();
    net::Task<Result<void>> serve_people();
    net::Task<> keep_identity_fresh();
    net::Task<> note_levels();
    net::Runtime& runtime_;
    std::shared_ptr<Manager> manager_;
    std::shared_ptr<Access> access_;
    std::unique_ptr<net::http::Server> https_;
    std::unique_ptr<net::http::Server> http_;
    std::unique_ptr<net::http::Server> people_port_;  ///< for log-in by certificate; null: there is none
    SecretText setup_password_;
    PeopleCertificates people_;
    std::vector<pki::Certificate> people_roots_;
    std::string fingerprint_;  ///< of the certificates that are served, and of the roots that callers are asked for
    net::KeyedLock renewals_;
    net::Signal stop_;       ///< ends keep_identity_fresh
    net::Signal ended_;      ///< it has ended
    bool watching_ = false;  ///< it was started
    bool stopped_ = false;
};

}  // namespace countersign::manager
