#pragma once

/// One running system. `Unit` is the single surface that all doors (web, XML, Telnet, FTP, SNMP ...) use: a door turns bytes
/// into calls of this class and its answers into bytes, and knows no rule of its own. What differs between families comes
/// from the family file; where data cannot express a behaviour, it names a function that is registered in Environment.
///
/// Threads: everything of a unit happens on `executor()`. Call its functions there and nowhere else; there are no locks.
/// Lifetime: a door keeps a reference or weak_ptr, and a session takes shared_from_this() for as long as it runs.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/utc_time.hpp"
#include "dialect/web_form.hpp"
#include "dialect/xapi.hpp"
#include "family/family.hpp"
#include "host/crypto.hpp"
#include "host/files.hpp"
#include "net/http/client.hpp"
#include "net/task.hpp"
#include "net/tls/tls.hpp"
#include "pki/certificate.hpp"
#include "pki/verify.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

namespace fs = std::filesystem;
class Alarms;
class Certificates;
struct CertificatePair;
class Flags;
class Trial;
class Unit;
enum class Restore;
class FactoryAuthorities;
class TrustCache;

/// Who asked for something: goes into the journal and into events.
struct Actor {
    std::string door;  ///< service id ("https"), "external_manager", "boot"
    std::string user;
    std::string peer;  ///< address, without port
};

/// What a unit is, from the estate file. `name` is for people; the folder of its state is data/<serial>.
struct UnitSpec {
    std::string family;
    std::string name;
    std::string host_name;  ///< fully qualified; in the certificate that an estate asks for, and shown in lists
    std::string address = "127.0.0.1";
    std::string serial;
    std::string mac;
    std::string software;                                  ///< empty: the family's
    std::string product_id;                                ///< empty: the family's
    std::optional<std::vector<std::string>> feature_keys;  ///< nothing: the family's factory keys
    std::optional<std::string> password;                   ///< nothing: the family's factory password. Of virtual systems only
    std::map<std::string, std::string> settings;           ///< other factory values: path or canonical -> value
    std::chrono::seconds clock_offset{0};                  ///< the unit's clock before NTP sets it
};

/// One change that somebody asks for. `path` is the family's spelling or the canonical name; `value` likewise, either.
struct Change {
    std::string path;
    std::string value;
    bool operator==(Change const&) const = default;
};

/// What a change did.
struct Outcome {
    struct Changed {
        family::Setting const* setting;
        std::string from;
        std::string to;  ///< family spelling
    };
    std::vector<Changed> changed;           ///< only values that are different now
    std::vector<Error> warnings;            ///< taken all the same: DEV-007 with what verification still needs (REQ TRU-4)
    bool restart_needed = false;            ///< part of this change waits for a restart
    std::vector<std::string> certificates;  ///< fingerprints that were installed
};

/// One thing that happened. Ids: "setting.changed" (path, from, to, actor), "certificate.installed" (fingerprint), "certificate.deleted",
/// "trust.installed" (count, fingerprints), "trust.deleted", "password.changed", "service.opened", "service.closed", "boot" (count),
/// "boot.done" (all doors are open), "restart.requested", "shutdown", "login.failed", "login.locked", "feedback.registered" ... The journal
/// holds the same.
struct Event {
    UtcTime at;
    std::string id;
    std::vector<std::pair<std::string, std::string>> fields;
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// A tree of results, without the clothes of a dialect. xAPI makes elements of it, XML-RPC typed values.
struct Node {
    enum class Kind { text, number, boolean, time, record, list };
    std::string name;
    Kind kind = Kind::text;
    std::string value;           ///< "true"/"false" for boolean; decimal; RFC 3339 for time
    std::vector<Node> children;  ///< record: named members; list: items, all of one name
    static Node text(std::string_view name, std::string_view value);
    static Node number(std::string_view name, long long value);
    static Node boolean(std::string_view name, bool value);
    static Node time(std::string_view name, UtcTime value);
    static Node record(std::string_view name, std::vector<Node> members);
    static Node list(std::string_view name, std::vector<Node> items);
};

struct CommandAnswer {
    family::Command const* command = nullptr;
    std::vector<Node> values;
    std::optional<Error> warning;
};

/// The certificate that is installed (REQ CRT-4).
struct CertificateInfo {
    std::vector<pki::Certificate> chain;  ///< leaf first
    bool factory = true;                  ///< "using default certificate"
    bool key_matches = true;
    std::string served_fingerprint;  ///< SHA-256 of what HTTPS serves at this moment; empty when HTTPS is off
    bool restart_pending = false;    ///< installed but not served before the next restart
    bool can_roll_back = false;      ///< there is a pair before this one
    bool shared_key = false;         ///< its key is known to be in every system of the vendor (REQ CRT-1)
    [[nodiscard]] pki::Certificate const& leaf() const { return chain.front(); }
};

/// What an upload brings. All of it is checked before any of it is taken (REQ CRT-3). Files are known by their content.
struct Upload {
    /// PEM (the unit's own first, then the chain; may hold the key too), DER, PKCS#7, or a PFX package with everything.
    std::optional<std::string> certificate;
    std::optional<SecretText> private_key;   ///< PEM or DER; nothing: it stands in `certificate`, or is the pending request's
    std::optional<SecretText> passphrase;    ///< of the key or the package
    std::optional<std::string> trust_store;  ///< any number of roots
};

/// State of verify mode (REQ TRU-4; docs/decisions/0005).
struct VerifyState {
    bool asked = false;                ///< the setting is on (effective)
    std::vector<std::string> missing;  ///< "an active NTP source", "a DNS server", "trusted roots", "host name in <path>"
    [[nodiscard]] bool effective() const { return asked && missing.empty(); }
};

/// A registration of an outside server for events (REQ CLI-2). Kept over restarts.
struct FeedbackSlot {
    int slot = 1;
    std::string url;
    std::vector<std::string> expressions;
    std::string source;  ///< XML-RPC sourceIdentifier; empty elsewhere
    std::string format;  ///< of what is posted, as the command says: "XML", "JSON"; empty where there is no choice
    bool operator==(FeedbackSlot const&) const = default;
};

enum class Running { off, running, shutdown_asked, shut_down, restarting };
std::string_view to_string(Running state);

/// An open service of a unit.
class Door {
public:
    virtual ~Door() = default;
    [[nodiscard]] virtual net::Endpoint local() const = 0;
    /// Shuts the port at once; sessions may end within `grace`. The door is destroyed afterwards.
    virtual net::Task<> close(net::Milliseconds grace) = 0;
    /// New handshakes show this from now on. Only called on doors of services with needs_certificate.
    virtual void replace_identity(std::shared_ptr<net::tls::ServerContext const>) {}
    /// Connections that wait for a request end now, others with their answer: what their callers proved holds no more.
    virtual void end_connections() {}
};
/// Opens a door on `where` (the unit's address and the service's port with the offset added). NET-014.
using DoorOpener = std::function<Result<std::unique_ptr<Door>>(Unit& unit, family::Service const& service, net::Endpoint where)>;

/// What a registered behaviour gets. Arguments are checked and complete (family::Command::check).
struct CommandContext {
    std::shared_ptr<Unit> unit;
    family::Command const* command;
    std::vector<family::Argument> arguments;
    std::string body;
    Actor actor;
    /// Of the first argument with that name (without case), or empty.
    [[nodiscard]] std::string_view argument(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
};
using Behaviour = std::function<net::Task<Result<std::vector<Node>>>(CommandContext)>;

/// Something that lives beside a running unit: the client of the external manager, the feedback sender. Made at each
/// boot after the doors are open, destroyed when the unit stops; it must stop its tasks in its destructor.
class Companion {
public:
    virtual ~Companion() = default;
};
using CompanionMaker = std::function<std::unique_ptr<Companion>(std::shared_ptr<Unit>)>;

/// What all units of a program share. Filled before the first boot, constant afterwards.
struct Environment {
    net::Runtime* runtime = nullptr;
    fs::path data;                  ///< data/<serial>/ per unit, factory-ca/ for the vendors, sealing.key
    std::uint16_t port_offset = 0;  ///< added to every port of services, DNS and NTP
    host::Durability durability = host::Durability::fsync;
    net::Milliseconds downtime{300};            ///< how long a restart keeps all ports closed
    net::Milliseconds restart_delay{150};       ///< so that the answer to the request gets out
    net::Milliseconds boot_retry{1000};         ///< until doors that could not be opened are tried again
    std::chrono::seconds recovery_window{120};  ///< after a power-up, for who has lost the password (docs/recovery.md)
    net::Milliseconds console_pause{1000};      ///< of a console after a session or an error: guessing stays slow, a broken line is no loop
    net::Milliseconds door_grace{1000};
    std::chrono::seconds ntp_interval{64};
    net::Milliseconds alarm_check{3'600'000};  ///< how often certificates are looked at (REQ RMX-5 wants once a day)
    std::shared_ptr<Clock const> clock;        ///< the machine's time; units add their own offset
    std::string tls_profile = "intermediate";
    std::shared_ptr<FactoryAuthorities> factory;
    std::shared_ptr<TrustCache> trust;  ///< null: every unit keeps its roots for itself
    std::shared_ptr<host::Sealer const> sealer;
    std::map<std::string, DoorOpener, std::less<>> doors;      ///< by the names of family files: "http", "telnet", "ssh" ...
    std::map<std::string, Behaviour, std::less<>> behaviours;  ///< by family::Command::behaviour
    std::vector<CompanionMaker> companions;
    /// A unit whose state.toml and its copy cannot be read starts with the settings and the password of the factory. Otherwise it does
    /// not start (DEV-093): who can spoil a file must not be able to open a system with it.
    bool reset_broken_state = false;
    /// The clock of a unit before its own offset; nothing: `clock`.
    std::function<std::shared_ptr<Clock const>(UnitSpec const&)> clock_of;
    /// May refuse a change of settings before it is looked at.
    std::function<Result<void>(Unit const&)> before_change;
};

/// Registers what this room brings. Each part has its own function; program and tests call all of them through this one.
void register_everything(Environment& environment);

class Unit : public std::enable_shared_from_this<Unit> {
public:
    /// Reads the state of data/<serial>, or makes it (first boot: key and factory certificate, on the blocking pool). The unit
    /// is off. DEV-001, DEV-002 for overrides of the spec; FIL-*; DEV-093 when its state is broken: docs/recovery.md, "A broken file".
    static net::Task<Result<std::shared_ptr<Unit>>> create(std::shared_ptr<Environment const> environment, family::FamilyPtr family,
                                                           UnitSpec spec, net::Executor executor);
    ~Unit();
    Unit(Unit const&) = delete;
    Unit& operator=(Unit const&) = delete;

    // --- identity ---
    [[nodiscard]] family::Family const& family() const;
    [[nodiscard]] Environment const& environment() const;
    [[nodiscard]] net::Executor executor() const;
    [[nodiscard]] UnitSpec const& spec() const;  ///< with everything filled in: software, product id, MAC, feature keys
    [[nodiscard]] std::vector<std::string> const& feature_keys() const;
    /// By its activation code (device/tree/feature_codes.hpp). The feature's name; it works at once and is kept over factory defaults.
    /// DEV-111, DEV-112, ACC-008, FIL-002.
    Result<std::string> install_feature_key(std::string_view code, Actor actor);
    /// By its activation code or its name; services that need it close. GEN-003, DEV-005 when no way in would be left, ACC-008, FIL-002.
    Result<std::string> remove_feature_key(std::string_view code_or_name, Actor actor);
    [[nodiscard]] std::string name() const;  ///< effective system.name, or the spec's name
    [[nodiscard]] std::string const& address() const;
    [[nodiscard]] UtcTime now() const;  ///< the unit's own clock
    [[nodiscard]] std::shared_ptr<Clock const> clock() const;

    // --- log-in (REQ DPT-3) ---
    /// Checks user name and password as the family's rules say, counts failures of the peer and of the account (services/login_guard.hpp).
    /// DEV-010 wrong; ACC-003 with `seconds` while one of them has to wait; never at the serial console.
    Result<void> authenticate(std::string const& user, SecretText const& password, Actor const& actor);
    /// For challenge/response: the password this user would have to know; nothing for an unknown user.
    [[nodiscard]] std::optional<SecretText> password_for(std::string_view user) const;
    /// For doors that check by themselves (digest): ACC-003 while the peer is locked out; with a user also while the account waits: to
    /// be asked again when it is known whose password was right.
    Result<void> check_not_locked(std::string const& peer, std::optional<std::string_view> user = {});
    void note_login(Actor const& actor, bool success);
    /// Of `user`; without one the actor's own account when the family lists it, else the system's. DEV-002 over 255 bytes, with control
    /// characters or for a user that there is not; ACC-009 against the rules while login.strict_password is on; ACC-008.
    Result<void> set_password(SecretText password, Actor const& actor, std::string_view user = {});
    /// Back to the factory password, at the system itself (docs/recovery.md). FIL-002.
    Result<void> reset_password(Actor const& actor);
    /// Of any account; an empty password is no better, whoever set it.
    [[nodiscard]] bool has_factory_password() const;
    /// Of any account, where the factory's is not empty itself.
    [[nodiscard]] bool has_empty_password() const;
    /// Everybody may try to log in again.
    void end_lockouts();
    /// ACC-008 for an account whose role is to look only. Everything that changes something asks first.
    [[nodiscard]] Result<void> check_may_change(Actor const& actor) const;

    // --- settings ---
    /// By path (without case) or canonical name. DEV-001; DEV-009 when its feature key is missing.
    [[nodiscard]] Result<family::Setting const*> find_setting(std::string_view path_or_canonical) const;
    /// Family spelling. Stored: after the next restart. Effective: now.
    [[nodiscard]] std::string stored(family::Setting const& setting) const;
    [[nodiscard]] std::string effective(family::Setting const& setting) const;
    /// Canonical words, "" when the family has no such setting.
    [[nodiscard]] std::string stored_canonical(std::string_view canonical) const;
    [[nodiscard]] std::string effective_canonical(std::string_view canonical) const;
    /// All settings that exist for this unit, stored values, in the order of the family file. Passwords are not among them in clear:
    /// "***" or "".
    [[nodiscard]] std::vector<dialect::xapi::PathValue> configuration() const;
    /// All or nothing, judged on the resulting state, all problems at once (GEN-006 with causes; one problem stands alone): DEV-001,
    /// DEV-002, DEV-005, DEV-006, DEV-009, DEV-011, NET-014, FIL-002.
    Result<Outcome> apply(std::vector<Change> changes, Actor actor);
    /// Of this client's connections; without one: of all clients, when any of them verifies.
    [[nodiscard]] VerifyState verify_state(std::string_view client = {}) const;
    [[nodiscard]] bool restart_pending() const;

    // --- commands and status ---
    /// DEV-003, DEV-004, DEV-002, GEN-006, and what the behaviour says.
    net::Task<Result<CommandAnswer>> run_command(std::string path, std::vector<family::Argument> arguments, std::string body, Actor actor);
    /// The value of a fact (docs/dialects.md lists them); nothing when this unit has none of that name.
    [[nodiscard]] std::optional<std::string> fact(std::string_view name) const;
    /// A companion tells what it knows ("external_manager.status").
    void publish_fact(std::string name, std::string value);
    /// The family's status items and those that every system of ours shows.
    [[nodiscard]] std::vector<dialect::xapi::PathValue> status() const;
    /// The same with what is known of their types.
    [[nodiscard]] std::vector<dialect::xapi::TypedValue> typed_status() const;
    /// The items below one word (of XML-RPC families the method's name) as a tree of typed values.
    [[nodiscard]] std::vector<Node> status_nodes(std::string_view first_word) const;

    // --- parts with a header of their own ---
    [[nodiscard]] Certificates& certificates();  ///< device/certificates.hpp
    [[nodiscard]] Certificates const& certificates() const;
    [[nodiscard]] Alarms& alarms();  ///< device/safety.hpp
    [[nodiscard]] Alarms const& alarms() const;
    [[nodiscard]] Flags& flags();
    [[nodiscard]] Trial& trial();
    /// Accepts and restarts with factory values (REQ RMX-8). FIL-002.
    Result<void> restore_factory(Restore kind, Actor actor);

    // --- certificates and trust (REQ CRT, TRU-1): of the first identity; certificates() has the rest ---
    [[nodiscard]] CertificateInfo certificate() const;
    [[nodiscard]] std::vector<pki::Certificate> const& trust() const;
    /// As Certificates::install.
    Result<Outcome> install(Upload upload, Actor actor);
    /// Back to the factory pair (REQ CRT-6). GEN-003 when there is no custom one.
    Result<Outcome> delete_certificate(Actor actor);
    Result<Outcome> delete_trust_store(Actor actor);
    /// The family's banner while a restart is asked for, or empty.
    [[nodiscard]] std::string banner() const;

    // --- calls to servers (REQ CLI-1, CLI-4, TRU-3) ---
    /// How to call `url`: bound to the unit's address, name servers, clock, peer policy by verify mode. DEV-007 while verify mode is on and
    /// something it needs is missing, DEV-006 when the host is an IP address then.
    /// `client` is the id of the family::Client that calls: its identity's certificate is shown to servers that ask for one, and its
    /// revocation choice holds (REQ TRU-7). Without one: the first identity's.
    [[nodiscard]] Result<net::http::Client::Settings> client_settings(net::Url const& url, std::string_view client = {}) const;
    /// How TLS connections of this identity look whether the peer's certificates are revoked (REQ TRU-7, RMX-9). The first one's for an
    /// identity that there is not.
    [[nodiscard]] net::tls::RevocationCheck revocation_check(std::string_view identity) const;
    [[nodiscard]] std::shared_ptr<net::Resolver> resolver() const;  ///< null when no DNS server is configured

    // --- pages ---
    [[nodiscard]] dialect::web::PageValues page_values(family::Page const& page) const;
    [[nodiscard]] bool page_exists(family::Page const& page) const;  ///< its feature key is installed

    // --- feedback registrations ---
    [[nodiscard]] std::vector<FeedbackSlot> const& feedback() const;
    /// Sets (or with an empty url removes) a slot. FIL-002.
    Result<void> set_feedback(FeedbackSlot slot, Actor actor);

    // --- events ---
    using Listener = std::function<void(Event const&)>;
    class Subscription;
    /// `listener` is called on the executor until the Subscription is destroyed.
    [[nodiscard]] std::unique_ptr<Subscription> subscribe(Listener listener);
    /// To the journal and to all subscribers.
    void report(std::string id, std::vector<std::pair<std::string, std::string>> fields);

    // --- lifecycle ---
    [[nodiscard]] Running running() const;
    [[nodiscard]] std::uint64_t boots() const;
    [[nodiscard]] std::chrono::seconds uptime() const;
    /// Stored settings become effective, doors open. A door that cannot be opened keeps no other one closed: it is an alarm
    /// ("service.not_open", the service's title, why) and is tried again each Environment::boot_retry until it opens or is no more asked
    /// for. When none of them opens the unit is off again: the reason, NET-014 or another, or GEN-006 with all of them.
    net::Task<Result<void>> boot();
    /// The same, and after a failure again each Environment::boot_retry, until it is up or somebody turns it on or off.
    net::Task<> keep_booting();
    /// Services that are on and could not be opened: service id -> why.
    [[nodiscard]] std::map<std::string, std::string> unopened_services() const;
    /// A person has switched the system on a short while ago (Environment::recovery_window): the program was started, and since then
    /// there was no restart that could have been asked for from the network.
    [[nodiscard]] bool in_recovery_window() const;
    /// Closes everything. The state stays on disk.
    net::Task<> power_off();
    /// Accepts and returns at once; closes all doors after a moment, stays away for the downtime, boots.
    void request_restart(Actor actor);
    /// MCU: asked once, asked twice, then shut down: calls end, the web stays to be restarted (REQ DPT-4).
    void request_shutdown(Actor actor);
    /// Open doors: service id -> where it listens.
    [[nodiscard]] std::map<std::string, net::Endpoint> open_services() const;

    /// The pair that is in effect, for other programs of the same machine; null while the unit is off or has no such identity.
    [[nodiscard]] CertificatePair const* pair_in_effect(std::string_view identity = {}) const;
    /// What this service shows at this moment: the pair of its identity, and whom it lets in. For openers of doors. DEV-011.
    Result<std::shared_ptr<net::tls::ServerContext const>> server_context(family::Service const& service);

private:
    friend class UnitCertificates;
    friend class Foresight;
    struct State;
    friend class TrialKeeper;
    Unit(std::shared_ptr<Environment const> environment, family::FamilyPtr family, UnitSpec spec, net::Executor executor);
    Result<Outcome> apply_checked(std::vector<Change> changes, Actor const& actor);
    net::Task<> restart();
    net::Task<> close_everything(Running next, net::Milliseconds grace);
    std::unique_ptr<State> state_;
};

class Unit::Subscription {
public:
    virtual ~Subscription() = default;
};

}  // namespace countersign::device
