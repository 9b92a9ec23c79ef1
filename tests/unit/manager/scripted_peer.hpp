#pragma once

/// Small systems for the manager's tests: they speak just enough of their family's protocol, and write down everything that
/// reaches them.

#include "dialect/xapi.hpp"
#include "family/family.hpp"
#include "manager/drivers/driver.hpp"
#include "net/http/server.hpp"
#include "support/identities.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace countersign::testing {

/// The shift of all ports: tests need not be root.
inline constexpr std::uint16_t k_offset = 27000;

/// Everything that was received behind a port, in the order of arrival: "POST /putxml <body>", with the Authorization header.
class Recorder {
public:
    void add(net::http::Request const& request);
    [[nodiscard]] std::vector<std::string> list() const;
    [[nodiscard]] bool empty() const { return list().empty(); }
    /// Some request holds this text.
    [[nodiscard]] bool contains(std::string_view text) const;
    [[nodiscard]] std::size_t count(std::string_view text) const;

private:
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
};

/// An HTTP or HTTPS port that records and answers with `handler` (404 without one).
std::unique_ptr<net::http::Server> open_port(net::Runtime& runtime, net::Endpoint where, std::shared_ptr<net::tls::ServerContext const> tls,
                                             std::shared_ptr<Recorder> recorder, net::http::Handler handler = nullptr);

/// A system of an xAPI family. Settings take effect at the restart where the family says so. All of it happens on one loop.
class ScriptedSystem : public std::enable_shared_from_this<ScriptedSystem> {
public:
    ScriptedSystem(net::Runtime& runtime, family::FamilyPtr family, std::string address, std::string serial, TestIdentity factory);

    /// Opens what its settings say. Called on a thread that is no loop; so are power_off() and all that follow.
    void boot();
    void power_off();
    /// The same unit with the same settings, at another address.
    void move_to(std::string address) {
        power_off();
        address_ = std::move(address);
        boot();
    }
    [[nodiscard]] std::string password() const;
    void set_password(std::string password);
    void set(std::string const& canonical, std::string const& value);
    [[nodiscard]] std::string setting(std::string const& canonical) const;
    [[nodiscard]] std::string served_fingerprint() const;
    [[nodiscard]] int restarts() const { return restarts_; }
    /// Somebody begins one at the system itself.
    void begin_trial(std::string id) {
        std::scoped_lock lock(mutex_);
        trial_ = std::move(id);
    }
    /// What was asked about trials: "trial_begin", "trial_confirm", "trial_cancel".
    [[nodiscard]] std::vector<std::string> trials() const {
        std::scoped_lock lock(mutex_);
        return trials_;
    }
    [[nodiscard]] int installed() const { return installed_; }
    [[nodiscard]] Recorder& recorder() { return *recorder_; }
    [[nodiscard]] std::string const& serial() const { return serial_; }
    [[nodiscard]] std::string const& address() const { return address_; }
    /// Called after each restart and each change of where its manager is, on the loop; over HTTPS as its settings say.
    std::function<void(bool https)> on_call;
    /// Refuses uploads with these words.
    std::string refuse_uploads;
    /// What it does when it is asked for a key of its own, where its family has the commands.
    std::string refuse_requests;                 ///< with these words
    std::string refuse_answers;                  ///< with these words
    std::string refuse_use;                      ///< of an answer that it took, with these words
    pki::KeyType makes = pki::KeyType::ec_p256;  ///< whatever it is asked for
    std::string further_name;                    ///< that it puts into its requests
    std::atomic<int> requests{0};                ///< that it made
    void lose_key() {
        std::scoped_lock lock(mutex_);
        pending_key_.reset();
    }
    [[nodiscard]] std::string pending_key() const {
        std::scoped_lock lock(mutex_);
        return pending_key_ ? pending_key_->public_key_sha256() : std::string();
    }
    [[nodiscard]] std::vector<TestIdentity> pairs() const {
        std::scoped_lock lock(mutex_);
        return pairs_;
    }
    /// Requests after which it breaks every connection and stays off, as a power cut does; 0: never.
    std::atomic<int> fails_after{0};

private:
    net::Task<net::http::Response> handle(net::http::Request request);
    net::Task<net::http::Response> put(std::string body);
    dialect::xapi::CommandResult make_request(family::Command const& command, dialect::xapi::CommandCall const& call);
    dialect::xapi::CommandResult link_answer(family::Command const& command, dialect::xapi::CommandCall const& call);
    dialect::xapi::CommandResult activate(family::Command const& command, dialect::xapi::CommandCall const& call);
    [[nodiscard]] dialect::xapi::CommandResult show(family::Command const& command) const;
    dialect::xapi::CommandResult forget(family::Command const& command, dialect::xapi::CommandCall const& call);
    net::http::Response upload(net::http::Request const& request);
    net::http::Response page(std::string problem);
    [[nodiscard]] std::string status() const;
    void open();
    void restart();
    void call_manager();
    void set_feedback(std::string url);
    void in_loop(std::function<void()> what);

    net::Runtime& runtime_;
    family::FamilyPtr family_;
    std::string address_;
    std::string serial_;
    std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
    mutable std::mutex mutex_;
    std::map<std::string, std::string> stored_;  ///< path -> value in the family's words
    std::map<std::string, std::string> effective_;
    std::string password_;
    TestIdentity installed_identity_;
    std::string served_;
    bool factory_ = true;
    std::vector<pki::Certificate> roots_;
    std::string feedback_;
    std::optional<pki::PrivateKey> pending_key_;
    std::vector<TestIdentity> pairs_;  ///< answers to its requests
    std::string trial_;
    std::vector<std::string> trials_;
    bool pending_ = false;
    std::atomic<int> restarts_ = 0;
    std::atomic<int> installed_ = 0;
    std::unique_ptr<net::http::Authenticator> authenticator_;
    std::unique_ptr<net::http::Server> http_;
    std::unique_ptr<net::http::Server> https_;
};

/// A vendor's authority and a factory identity with a serial number (IEEE 802.1AR).
TestIdentity factory_identity(pki::CertificateAuthority const& vendor, std::string const& serial);
pki::CertificateAuthority make_authority(std::string const& name);

}  // namespace countersign::testing
