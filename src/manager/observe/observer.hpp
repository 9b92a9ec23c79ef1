#pragma once

/// Looking at a system: every service port from outside, and the account over the best channel there is.
///
/// Whom we log in to (design section 7):
/// - HTTPS that is verified, pinned or the unit's factory identity: always. But while it is not known for sure which unit the
///   system is, a factory identity gets the factory password only: any other unit of the vendor has one, too.
/// - HTTPS that nobody can vouch for: never; and never HTTP instead, but in mode off with a system that was never proven.
/// - Credentials of the folder are secrets like any other: never over HTTP. No log-in tries more than k_most_tries passwords.
/// - HTTP: only while HTTPS does not answer, was never proven, and there is no secret to lose (factory password) or mode is off.
/// What is refused here has sent not one byte of payload.

#include "manager/drivers/driver.hpp"
#include "manager/observe/wire.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/network_store.hpp"
#include "manager/store/store.hpp"

namespace countersign::manager {

/// Systems lock out an address after five wrong passwords at the earliest: one log-in stays below that.
inline constexpr std::size_t k_most_tries = 4;

/// The password that opened the system.
enum class Opened { nothing, current, candidate, factory, folder };

/// An observation, and the logged-in channel that it leaves for further work.
struct Sighting {
    Observation observation;
    std::unique_ptr<Driver> driver;  ///< null when there is no account
    Opened opened = Opened::nothing;
    std::optional<FolderCredential> used;  ///< what opened it, when Opened::folder
    std::vector<std::int64_t> refused;     ///< credentials of folders that it refused
};

class Observer {
public:
    explicit Observer(Wire wire) : wire_(std::move(wire)) {}

    /// How an SNMP agent is looked for. Under Secure-Only no SNMP is spoken to capable systems (REQ MGR-5), nor to any where the network
    /// settings say so: then a datagram that is no message shows a closed port, and an open one is known from the system's settings.
    enum class Snmp { speak, knock };
    /// When a port is asked for broken versions of TLS.
    enum class OldVersions {
        seldom,  ///< once a day, and when its certificate or the system's software changed
        now
    };
    /// Everything that is needed to look at one system.
    struct Question {
        System system;
        family::FamilyPtr family;
        SystemPasswords passwords;
        Policy policy;
        TrustBase trust;
        ContactEvidence contact;
        /// Of its folder: tried last, and only with a peer that is verified or pinned.
        std::vector<FolderCredential> defaults;
        ConnectionSettings connection{};
        bool phonebook = false;         ///< a phone book of ours is assigned to the system
        bool may_speak_snmp = true;     ///< by the network settings
        std::vector<OldTls> old_tls{};  ///< as they were found before
        OldVersions old_versions = OldVersions::seldom;
        std::string elsewhere{};  ///< address that is looked at in place of its own (estate/moves.hpp)
        [[nodiscard]] Snmp snmp() const;
        [[nodiscard]] Question duplicate() const;
    };
    enum class Extent {
        everything,  ///< all ports and the account
        web_only     ///< HTTP, HTTPS and the account: after a restart, between steps
    };
    /// Never fails: what could not be seen is in the observation.
    net::Task<Sighting> observe(Question question, Extent extent = Extent::everything);

    /// One service from outside. `address` is where the system was found.
    net::Task<ServiceObservation> look_at(family::Service const& service, System system, std::string address, TrustBase trust,
                                          Snmp snmp = Snmp::speak);

    /// The service at another port that the system says it has, before it is shifted. Nothing when it cannot be looked at: the
    /// shift leads beyond the last port, or it is spoken over something that nobody can look at from outside.
    net::Task<std::optional<ServiceObservation>> look_at_port(family::Service const& service, std::uint16_t port, System system,
                                                              std::string address, TrustBase trust, Snmp snmp);

    struct Place {
        std::string address;   ///< empty: not found
        std::string called;    ///< what was asked for
        std::string resolved;  ///< what DNS said for the host name
        std::optional<Error> error;
    };
    net::Task<Place> locate(System system);

    [[nodiscard]] Wire const& wire() const { return wire_; }

private:
    /// The very connection over which HTTPS was judged, for the account: one handshake instead of two.
    using Kept = std::optional<net::KeptConnection>;
    /// An exchange of keys costs more than a look at the port.
    enum class HostKey { when_pinned, always };
    /// Nothing is kept when `kept` is null.
    net::Task<ServiceObservation> look_and_keep(family::Service const& service, System system, std::string address, TrustBase trust,
                                                Snmp snmp, Kept* kept, HostKey host_key);
    /// What the settings moved to other ports, once they are known.
    net::Task<> look_elsewhere(Question const& question, std::string address, Extent extent, Snmp snmp, Observation& observation);
    net::Task<> look_for_old_versions(Question const& question, std::string address, Observation& observation);
    net::Task<> look_at_host_key(System system, std::string address, ServiceObservation& seen);
    [[nodiscard]] std::shared_ptr<DirectPeer const> direct_peer(System const& system, std::string const& address,
                                                                ServiceObservation const& seen) const;
    net::Task<> log_in(Question const& question, std::string address, Sighting& sighting, Kept kept);

    Wire wire_;
};

/// What keeps us from logging in over HTTPS, or from using HTTP; nothing when `seen` may be used. Pure.
struct ChannelChoice {
    bool secure = false;
    ServiceObservation const* service = nullptr;
};
Result<ChannelChoice> choose_channel(family::Family const& family, System const& system, Policy const& policy,
                                     Observation const& observation);

}  // namespace countersign::manager
