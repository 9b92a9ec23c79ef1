#pragma once

/// What the manager does, as functions that the API calls: one object, no HTTP in it. All functions may be called from any loop.

#include "family/family.hpp"
#include "manager/certificates/internal_ca.hpp"
#include "manager/jobs/pace.hpp"
#include "manager/notify/delivery.hpp"
#include "manager/plan/reported_settings.hpp"
#include "manager/store/network_store.hpp"
#include "manager/store/store.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace countersign::manager {

class Campaigns;      // campaign/campaigns.hpp
struct Wire;          // observe/wire.hpp
class Certification;  // certificates/certification.hpp

struct ManagerSettings {
    std::filesystem::path data;         ///< database, sealing key, certificates
    std::string host_name;              ///< REQ MGR-7; also in its own certificate
    std::string address = "127.0.0.1";  ///< where its own ports listen, and the source of its connections
    std::uint16_t https_port = 443;
    std::uint16_t http_port = 80;
    std::uint16_t port_offset = 0;              ///< added to every port of the systems and of DNS and NTP (estates of ordinary users)
    std::vector<std::string> dns_servers;       ///< the manager's own; empty: the machine's
    std::string bind_address;                   ///< source address of connections to systems; empty: any
    std::size_t concurrency = 128;              ///< systems that are worked on at the same time; most of that time is waiting for them
    net::Milliseconds answer_timeout{20000};    ///< how long a system may take to answer one request
    net::Milliseconds contact_timeout{20000};   ///< how long a system may take to call us after a restart
    net::Milliseconds restart_timeout{120000};  ///< how long a system may take to come back
    std::chrono::seconds observe_interval{900};
    std::chrono::seconds enforce_interval{1800};  ///< the regular background enforcement
    int request_days = 60;                        ///< before the end of a certificate whose successor is asked for by hand
    std::filesystem::path hooks = {};             ///< programs of drivers are run from this folder only; empty: none
    std::string database = {};                    ///< empty: SQLite in the data folder; else postgresql://user@host:port/name (REQ MGR-13)
    std::filesystem::path database_password_file = {};  ///< one line; empty: none is sent
    std::filesystem::path database_ca_file = {};        ///< PEM; the roots that the database's certificate must end at
    std::filesystem::path pkcs11_module =
        {};  ///< the library of a token on which keys of the authority are; empty: the key's address names it
    std::filesystem::path pkcs11_pin_file = {};  ///< one line; empty: the token asks for none
};

/// In the data folder of a manager that shares its database: its name among the others.
inline constexpr std::string_view k_name_file = "manager.name";

struct StorePlace;  // store/place.hpp
StorePlace place_of(ManagerSettings const& settings);

/// What a person says when adding a system.
struct NewSystem {
    std::string name;
    std::string host_name;
    std::string address;
    std::string family;                  ///< empty: recognised by observation
    std::string user;                    ///< empty: the family's
    std::optional<SecretText> password;  ///< nothing: the factory password
    std::vector<std::string> pins;
    FolderId folder = k_root_folder;
    std::optional<TrackBy> track_by;  ///< nothing: as the folder says, else by address when there is one
    /// Known before it was asked, as from its announcement.
    std::string serial_number{};
    std::string mac_address{};
    std::uint16_t https_port = 0;  ///< 0: the family's
    ConnectionSettings connection{};
};

/// Raised for the live page: something about a system, job, ticket or the policy changed.
struct Event {
    std::string kind;  ///< "system", "job", "ticket", "policy", "channel", "campaign"
    std::int64_t id = 0;
};

class EstateRoots;      // certificates/estate_roots.hpp
class OwnCertificate;   // certificates/own_certificate.hpp
class RootReplacement;  // certificates/root_replacement.hpp
class RequestDesk;      // certificates/request_desk.hpp
class Network;          // estate/network.hpp
class Arrivals;         // estate/arrivals.hpp
class Scanner;          // estate/scanner.hpp

class Manager {
public:
    /// Opens the store, makes the internal authority and the manager's own certificate when they do not exist.
    static Result<std::shared_ptr<Manager>> create(net::Runtime& runtime, ManagerSettings settings, family::Families families,
                                                   std::shared_ptr<Clock const> clock);
    virtual ~Manager() = default;

    [[nodiscard]] virtual ManagerSettings const& settings() const = 0;
    [[nodiscard]] virtual Store& store() = 0;
    [[nodiscard]] virtual Campaigns& campaigns() = 0;
    [[nodiscard]] virtual InternalCa& authority() = 0;
    /// What the HTTPS port serves, and the roots that the estate trusts.
    [[nodiscard]] virtual OwnCertificate& own_certificate() = 0;
    [[nodiscard]] virtual EstateRoots& roots() = 0;
    [[nodiscard]] virtual RootReplacement& root_replacement() = 0;
    /// The inventory of certificates, and what is done with them.
    [[nodiscard]] virtual Certification& certification() = 0;
    /// Requests to authorities that are asked by hand, and their answers.
    [[nodiscard]] virtual RequestDesk& request_desk() = 0;
    [[nodiscard]] virtual family::Families const& families() const = 0;
    /// The manager's own SSH key, one line for authorized_keys.
    [[nodiscard]] virtual std::string ssh_public_key() const = 0;

    [[nodiscard]] virtual Network& network() = 0;
    [[nodiscard]] virtual Arrivals& arrivals() = 0;
    [[nodiscard]] virtual Scanner& scanner() = 0;

    /// By what it reaches systems and servers.
    [[nodiscard]] virtual Wire const& wire() const = 0;
    /// From now on; settings() goes on saying what it was started with.
    virtual void set_pace(Pace pace) = 0;

    /// Starts the engine: takes jobs until stop(). Jobs that an earlier life left are taken up again.
    virtual void start() = 0;
    virtual net::Task<> stop() = 0;

    /// All problems at once (GEN-006). The system is stored, then observed by a job.
    virtual net::Task<Result<System>> add_system(NewSystem system, std::string actor) = 0;
    /// Observes now and returns what was found.
    virtual net::Task<Result<Assessment>> observe_now(SystemId id) = 0;
    /// Observes and plans; changes nothing. `assumed` plans for another mode than the policy's, to show what it would change.
    virtual net::Task<Result<Plan>> plan_for(SystemId id, std::optional<SecureOnly> assumed) = 0;
    /// Observes and says which settings the system has, beside what the plan and the person want of them; changes nothing. NET-..., DEV-...
    /// and MGR-... as the look at it failed: there is nothing to say then.
    virtual net::Task<Result<ReportedSettings>> settings_of(SystemId id) = 0;
    /// Queues enforcement (REQ MGR-4); empty: the whole estate, without what campaigns have in hand or took back. MGR-042 for each of
    /// `systems` that is in a campaign.
    virtual net::Task<Result<std::vector<JobId>>> enforce(std::vector<SystemId> systems, std::string actor) = 0;
    /// Changes the policy; a change of mode queues enforcement of all capable systems at once (REQ MGR-3, MGR-4).
    /// MGR-007 when verify mode is asked for and the manager itself is not ready.
    virtual net::Task<Result<Policy>> set_policy(Policy policy, std::string actor) = 0;

    /// Whether the manager itself is ready for a policy that verifies (REQ MGR-7): MGR-007.
    virtual net::Task<Result<void>> check_ready(Policy policy) = 0;
    /// Systems that were stored otherwise than by add_system: calls from them are known, and their jobs begin.
    virtual void take_up(std::vector<System> const& systems) = 0;

    /// A boot, register or heartbeat call. Anonymous: it only makes the manager look again (REQ MGR-9).
    struct SystemCall {
        std::string event;  ///< "Boot", "Register", "Beat" or a feedback
        std::string serial_number;
        std::string mac_address;
        std::string source_address;
        bool https = false;
        /// The certificate that it showed in the handshake; its key is surely the caller's, and nothing else is said by that alone.
        std::optional<pki::Certificate> certificate{};
        bool certificate_verified = false;  ///< its chain ends at a root of the estate, for TLS clients, now
        // What it says of itself further; shown while nobody knows the system, and never believed:
        std::string system_name{};
        std::string product{};
        std::string software{};
        std::string reported_address{};
    };
    virtual net::Task<Result<void>> system_called(SystemCall call) = 0;
    /// What a system behind a firewall is given with the answer to its call, in its family's words; empty for all others. Nothing of it
    /// is secret: who asks is not known for sure.
    struct Given {
        std::vector<std::pair<std::string, std::string>> settings;  ///< path, value
        std::string name_space;
    };
    virtual net::Task<Result<Given>> settings_for(SystemCall call) = 0;
    /// The system that a caller says to be; 0: nobody knows it. A hint, never a proof.
    [[nodiscard]] virtual SystemId guess_caller(std::string_view mac_address, std::string_view source_address) const = 0;

    /// Sends a test message over a channel of notifications, now. GEN-003, and whatever failed.
    virtual net::Task<Result<Delivered>> test_channel(ChannelId id) = 0;
    /// Calls `listener` for each event until the returned handle is destroyed.
    virtual std::shared_ptr<void> subscribe(std::function<void(Event)> listener) = 0;
    virtual void publish(Event event) = 0;
};

}  // namespace countersign::manager
