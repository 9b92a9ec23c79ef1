#pragma once

/// A conversation with one system in its own protocol. Drivers are registered by the name that the family file gives
/// (`driver = "xapi"`); everything that differs between families of one driver is data of the family file.
///
/// A driver never sends a password or a key over a channel that is neither verified nor pinned: `set_password` and
/// `install_certificate` refuse with MGR-005 below ChannelTrust::pinned. Log-in over plain HTTP is digest only. Over TLS whose peer is
/// nobody that we know, no credential is sent at all, whatever the peer asks for.

#include "family/family.hpp"
#include "manager/observe/observation.hpp"
#include "manager/plan/plan.hpp"
#include "net/http/client.hpp"

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

namespace countersign::manager {

struct DirectPeer;  // drivers/direct.hpp

/// An HTTP(S) client to the system together with what is known about the peer.
struct Channel {
    net::http::Client client;
    bool secure = false;                      ///< https
    ChannelTrust trust = ChannelTrust::none;  ///< decided when the channel was opened, by its peer policy
    std::string peer;                         ///< name or address, for errors
    std::shared_ptr<Clock const> clock;       ///< to compare the system's time with ours; null: the machine's
    /// Of drivers that do not speak HTTP: the peer that was judged. Those refuse a channel without it.
    std::shared_ptr<DirectPeer const> direct = nullptr;
};

/// What a system that makes its own keys is asked to put into a request. A wish: whoever signs decides.
struct RequestWish {
    std::vector<pki::AlternativeName> names;  ///< host names and addresses; the first is the common name
    pki::KeyType key_type = pki::KeyType::ec_p256;
};

class Driver {
public:
    virtual ~Driver() = default;
    /// Used for log-in from now on. What the channel is too open for is never sent, whatever is given here.
    virtual void use_credentials(net::http::Credentials credentials) = 0;
    [[nodiscard]] virtual ChannelTrust trust() const = 0;
    [[nodiscard]] virtual bool secure() const = 0;
    /// The manager's own key opened the system, and no password was tried.
    [[nodiscard]] virtual bool opened_by_key() const { return false; }
    /// Logs in and reads everything an Account holds. NET-010 when the password is wrong.
    virtual net::Task<Result<Account>> read_account() = 0;
    /// Writes canonical settings in as few requests as the protocol allows. DEV-002 and their like from the system's answer. The
    /// name client.feedback.url stands for the manager's registration at the system where that is a command and no setting.
    virtual net::Task<Result<void>> apply(std::vector<SettingChange> changes) = 0;
    virtual net::Task<Result<void>> set_password(SecretText password) = 0;
    /// Replaces the trust list, or adds to it (family::CertificateRules::append_roots).
    virtual net::Task<Result<void>> install_trust(std::vector<pki::Certificate> roots) = 0;
    /// Takes roots out of a list to which uploads are added, by SHA-256 in hex. DEV-003 when the family describes no such command.
    virtual net::Task<Result<void>> withdraw_trust(std::vector<std::string> fingerprints) = 0;
    virtual net::Task<Result<void>> install_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key) = 0;
    /// The family file describes how the system makes a key and a request for its server's pair, and the software of the newest account
    /// has that. Then the three below are there; DEV-003 elsewhere. All refuse below ChannelTrust::pinned: a request that somebody else
    /// slipped in would get the system's name.
    [[nodiscard]] virtual bool makes_keys() const { return false; }
    /// A new key, kept by the system, and the request for it; it takes the place of one that was pending there. DEV-002, DEV-004 when the
    /// family cannot be asked for this, MGR-009 with the system's words, CRT-001, CRT-010 for what is no request with a signature of its
    /// own key.
    virtual net::Task<Result<pki::CertificateRequest>> make_request(RequestWish wish);
    /// The public key (SHA-256) of the request that is pending there; empty: none is. DEV-003 also where nobody can ask.
    virtual net::Task<Result<std::string>> pending_key();
    /// The answer to the pending request, in use from now on or from the restart on, as install_certificate.
    virtual net::Task<Result<void>> install_answer(std::vector<pki::Certificate> chain);
    /// The system has this answer and its key already, and does not use it yet: a run ended between the two, or it was refused for use.
    virtual net::Task<Result<bool>> holds_answer(pki::Certificate leaf);
    /// A pair that was in use before, out of the list in which the system keeps answers; nothing to do where there is no such list.
    virtual net::Task<Result<void>> forget_certificate(pki::Certificate leaf);
    /// The pair that the system shows when it calls, where its family keeps one apart (family::CertificateRules::client_identity): stored
    /// and in use; back to the server's pair; and out of the list of those that are stored, by SHA-256 in hex. DEV-003 elsewhere.
    virtual net::Task<Result<void>> install_client_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key);
    virtual net::Task<Result<void>> remove_client_certificate(std::string fingerprint);
    virtual net::Task<Result<void>> forget_client_certificate(std::string fingerprint);
    /// Asks for a restart and returns when the system has accepted it.
    virtual net::Task<Result<void>> restart() = 0;
    /// What is changed from now on goes back by itself unless it is confirmed in time (10 s to one hour). The account says the
    /// trial's number afterwards. MGR-009 when one is under way.
    virtual net::Task<Result<void>> begin_trial(std::chrono::seconds within) = 0;
    virtual net::Task<Result<void>> confirm_trial(std::string id) = 0;
    /// Goes back at once.
    virtual net::Task<Result<void>> cancel_trial() = 0;
    /// The registered name of the feedback or event function: the system posts its events to this URL.
    virtual net::Task<Result<void>> register_feedback(std::string url) = 0;
};

/// All that there are, as family files name them.
std::vector<std::string_view> driver_names();
/// Those that need Channel::direct.
std::vector<std::string_view> direct_driver_names();
/// MGR-002 when the family names a driver that does not exist.
Result<std::unique_ptr<Driver>> make_driver(family::FamilyPtr family, Channel channel);

}  // namespace countersign::manager
