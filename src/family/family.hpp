#pragma once

/// A family is one product line, described by one file families/<id>.toml: what it offers, what its settings are called,
/// how its pages look, what it does at a restart. The agent reads it to *be* such a system, the manager to *talk* to
/// one, the documentation to list it (docs/families.md describes the file format).
///
/// All values here are immutable after loading and are shared as `FamilyPtr`. Two spellings of a setting exist: its
/// *path* in the family's own words ("NetworkServices HTTPS Mode") and its *canonical* name, the same for all families
/// ("service.https.mode"). Two spellings of a value exist likewise ("On" and "on"). Plans speak canonical, doors speak the
/// family's words, and `Setting` translates.

#include "base/result.hpp"
#include "family/value_format.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::family {

/// REQ LVL-1. The numbers are the levels of the guides.
enum class Level : std::uint8_t { password_only = 1, protected_password = 2, encrypted = 3, verified = 4 };
constexpr int to_int(Level level) { return static_cast<int>(level); }

/// When a change works (REQ SVC-3).
enum class Effect { now, restart };

enum class ValueKind { literal, string, integer, password };

/// One value of a literal: in the family's words and in canonical words ("On", "on").
struct Choice {
    std::string text;
    std::string canonical;
    std::vector<std::string> aliases = {};  ///< further canonical spellings that are taken, never given
    std::string note = {};                  ///< how an old word is understood today (REQ RMX-6)
    bool operator==(Choice const&) const = default;
};

/// What a setting or a parameter may hold.
struct ValueSpace {
    ValueKind kind = ValueKind::string;
    std::vector<Choice> choices;     ///< literal: the values, in the order that the family shows them
    std::int64_t minimum = 0;        ///< integer
    std::int64_t maximum = 0;        ///< integer
    std::size_t minimum_length = 0;  ///< string and password, in bytes of UTF-8
    std::size_t maximum_length = 0;
    ValueFormat format = ValueFormat::text;  ///< string: what a text that is not empty must be; blanks around it do not count then
    std::vector<std::string> or_else = {};   ///< string: texts that are taken whatever `format` says ("127.0.0.1" for: no server)

    /// The value in the family's spelling ("ON" gives "On"), or DEV-002 with `path` and what is allowed.
    [[nodiscard]] Result<std::string> check(std::string_view path, std::string_view value) const;
    /// "Off/On", "1..65535", "text of 0 to 50 bytes": for people.
    [[nodiscard]] std::string describe() const;
    /// "<Off/On>", "<1..65535>", "<S: 0, 50>": as dataports write it.
    [[nodiscard]] std::string notation() const;
};

/// One leaf of the configuration tree.
struct Setting {
    std::string path;                ///< "Network 1 DNS Server 1 Address": words parted by one blank, items as numbers
    std::vector<std::string> words;  ///< the same, split
    /// Further spellings that are taken and never given: what a guide writes and what other software calls it.
    std::vector<std::string> also;
    std::string canonical;  ///< "name.dns.server.1"; unique in a family; may be empty (family's own matter)
    ValueSpace space;
    std::string default_value;  ///< in the family's spelling; "{serial}", "{name}", "{address}", "{product_id}" stand for facts of the unit
    Effect effect = Effect::now;
    std::string check;                           ///< name of a registered check (known_checks), or empty
    std::vector<std::string> needs_feature_key;  ///< any one of them; empty: none
    std::string section;                         ///< of the configuration file that it is a flag of (REQ RMX-6); empty: no flag
    /// Another default under a condition: a feature key that is installed, or a canonical setting that has this canonical value.
    struct DefaultWhen {
        std::string feature_key;
        std::string setting;
        std::string equals;
        std::string value;
    };
    std::vector<DefaultWhen> default_when;  ///< the first that holds; none: `default_value`

    /// Family spelling to canonical. What is not a literal passes as it is.
    [[nodiscard]] std::string to_canonical(std::string_view value) const;
    /// Canonical to the family's spelling; DEV-002 when the family has no such value.
    [[nodiscard]] Result<std::string> from_canonical(std::string_view value) const;
};

/// A fact of a running unit that its status tree shows.
struct StatusItem {
    /// "{n}" and "{m}" stand for items: "HttpFeedback {n} Expression {m}".
    std::string path;  ///< "SystemUnit Software Version"; with XML-RPC: method, blank, member: "device.query softwareVersion"
    std::vector<std::string> words;
    /// One of known_facts: "system.software", "system.serial", "certificate.fingerprint", ...
    std::string fact;
};

struct Parameter {
    std::string name;
    bool required = false;
    int repeat = 1;  ///< how often it may stand, at most
    ValueSpace space;
    std::string default_value;
};

/// Which software of the product has something: from one version on, before another (compare_versions). Empty: no limit.
struct SoftwareRange {
    std::string from;
    std::string before;
    /// Software that is not known has everything.
    [[nodiscard]] bool holds(std::string_view software) const;
};

/// One name and value of a command call, in order; names may repeat.
struct Argument {
    std::string name;
    std::string value;
    bool operator==(Argument const&) const = default;
};

struct Command {
    std::string
        path;  ///< "SystemUnit AdminPassword Set"; with XML-RPC the method name "device.restart", with transactions "TRANS_MCU/RESET"
    std::vector<std::string> words;
    std::string dialect;     ///< "xapi", "xml_rpc" or "transactions"
    std::string behaviour;   ///< registered function (known_behaviours)
    std::string result;      ///< element name of the result: "AdminPasswordSetResult"
    bool multiline = false;  ///< takes a body after the line
    SoftwareRange software;  ///< of transactions: which software has it
    std::vector<Parameter> parameters;

    [[nodiscard]] Parameter const* find_parameter(std::string_view name) const;
    /// Names and values in the family's spelling, defaults filled in. DEV-004 for unknown, missing or repeated names,
    /// DEV-002 for values; several problems: GEN-006 with all of them.
    [[nodiscard]] Result<std::vector<Argument>> check(std::vector<Argument> arguments) const;
};

/// A protocol on which a system can be reached, or that it is listed with (REQ LVL-2, LVL-6).
struct Service {
    /// Whether this canonical value of its switch means that it is on.
    [[nodiscard]] bool is_on(std::string_view mode) const;

    std::string id;         ///< "https"
    std::string title;      ///< as in the level table: "HTTPS Server"
    std::string transport;  ///< "tcp", "udp", or "none" for a serial line
    std::uint16_t port = 0;
    std::string door;  ///< registered door of the agent: "http", "https", "telnet", "ftp", "snmp", "ssh", or "none": listed only
    std::vector<std::string> dialects;   ///< spoken behind the door: "xapi_xml", "xapi_text", "pages", "xml_rpc", "transactions"
    std::string mode_setting;            ///< canonical switch; empty: it has none
    std::vector<std::string> on_when;    ///< canonical values of the switch that mean on; empty: all but "off"
    std::string port_setting;            ///< canonical; empty: the port is fixed
    Level level = Level::password_only;  ///< of the table; for HTTPS the best that it can be
    /// When nobody checks the certificate, or the SSH host key is not pinned; equals `level` where that makes no difference.
    Level level_unverified = Level::password_only;
    std::string level_note;
    bool management = true;
    bool secure = false;
    bool counts_for_level = true;                ///< REQ LVL-6
    std::vector<std::string> needs_feature_key;  ///< any one of them
    bool needs_certificate = false;
    std::vector<std::string> redirect_paths;     ///< of HTTP: answered with a redirect to "/", before any log-in
    std::vector<std::string> transaction_paths;  ///< where XML transactions are posted
    std::string identity;                        ///< whose certificate it shows; empty: the first identity's
    std::string verify_clients;  ///< canonical switch: callers must show a certificate that is trusted (REQ TRU-5); empty: they need none
    std::string redirect_to;     ///< id of the service that every request is sent to instead (REQ SVC-4); empty: it answers itself
    /// Canonical setting that switches the redirection on and off; empty: it always happens.
    std::string redirect_setting;
    /// Canonical setting whose value names the TLS profile that is offered here; empty: the one of tls.profile.
    std::string tls_profile;
    std::vector<std::string> files;  ///< of SSH: how files are taken and given: "sftp", "scp" (the old protocol of that program)

    /// The canonical position of the switch that opens it, and one that closes it: one switch may open one service and close another.
    [[nodiscard]] std::string_view opened_by() const;
    [[nodiscard]] std::string_view closed_by() const;
};

/// When an uploaded certificate works (REQ CRT-5).
enum class CertificateEffect { now, restart, restart_banner };

/// A network service that has a certificate of its own (REQ RMX-1, CRT-8). A family whose file has none has one, "management".
struct Identity {
    std::string id;
    std::string title;                        ///< "Management Network"
    std::vector<std::string> purposes;        ///< what a stored pair can be activated for: "HTTPS", "SIP"
    std::string host_name;                    ///< canonical setting that holds its FQDN; empty: the unit's host name
    bool client_too = false;                  ///< its certificate must be good for clients too (seed 001)
    bool client_only = false;                 ///< it is shown in calls alone: good for clients, and it need not be good for servers
    std::string falls_back_to;                ///< whose pair is shown in its place while it has the factory's; empty: its own
    std::optional<CertificateEffect> effect;  ///< when an upload works; nothing: as the family's [certificate] says
    std::string effect_from;                  ///< the software from which `effect` holds; empty: any
    /// When an upload works with this software. `otherwise` is what [certificate] says.
    [[nodiscard]] CertificateEffect effect_in(std::string_view software, CertificateEffect otherwise) const;
};

/// How the dataport of a family talks (docs/dialects.md, "Dataport").
enum class DataportStyle { modern, classic };

/// A client inside the system that calls servers (REQ CLI-1, CLI-2). Settings are canonical names; empty: has none.
struct Client {
    std::string id;  ///< "external_manager", "feedback", "phonebook", "external_services"
    std::string title;
    std::string mode;
    std::string address;
    std::string alternate;  ///< a second address, tried when the first does not answer
    std::string path;
    std::string protocol;
    std::string url;
    std::string register_command;  ///< command path instead of a setting (feedback)
    std::string deregister_command;
    int slot = 0;                ///< which registration is the manager's; 0: no slots
    std::string disabled_value;  ///< for `address` or `url`: "127.0.0.1" (the guides), or empty
    std::string default_path;    ///< path at the manager
    std::string identity;        ///< whose certificate and revocation choice its connections use; empty: the first identity's
    std::string verify;          ///< canonical switch of its own for verifying servers; empty: client.verify
    int most_expressions = 0;    ///< of all its registrations together; 0: no limit
    Level level_http = Level::protected_password;
    Level level_https = Level::encrypted;
    Level level_verified = Level::verified;
};

enum class FieldKind { checkbox, text, file, select, password, textarea };

/// One field of a form. Either `setting` or `role` is set.
struct Field {
    std::string name;  ///< in the HTML form
    std::string label;
    FieldKind kind = FieldKind::text;
    std::string setting;               ///< canonical
    std::string role;                  ///< one of known_roles(): "certificate", "private_key", "passphrase" ...
    std::vector<std::string> options;  ///< of a select with a role whose choices are not known by themselves
    std::string row;                   ///< in forms with columns: the row's label; fields of one row follow each other
    int column = 0;                    ///< index into Form::columns, not counting the first
};

struct Form {
    std::string id;
    std::string title;
    std::string action;  ///< behaviour (known_form_actions)
    /// Path it is posted to, unique in a family. By default the page's own when it is the only form there, otherwise the
    /// page's path, a slash and the form's id.
    std::string target;
    bool multipart = false;
    std::string submit_name;
    std::string submit_label;
    std::string identity;              ///< whose certificate it is about, when it has no field with the role "identity"; empty: the first's
    std::vector<std::string> columns;  ///< not empty: drawn as a table; the first is the heading of the row labels
    std::vector<Field> fields;
    std::vector<std::string>
        needs_state;  ///< shown only in these lifecycle states ("running", "shutdown_asked", "shut_down"); empty: always
    SoftwareRange software;

    [[nodiscard]] Field const* find_field(std::string_view name) const;
    /// The field with that role or canonical setting.
    [[nodiscard]] Field const* find_role(std::string_view role) const;
    [[nodiscard]] Field const* find_setting(std::string_view canonical) const;
};

/// Data shown on a page, one row for each certificate or the like.
struct PageTable {
    std::string id;  ///< "local_certificate", "trust_store"
    std::string title;
    std::string identity;  ///< whose certificate it shows; empty: the first identity's
    struct Column {
        std::string title;  ///< "Subject"
        std::string fact;   ///< "subject", "issuer", "issued", "expires", "key_match", "fingerprint"
    };
    std::vector<Column> columns;
};

struct Page {
    std::string path;               ///< "/network/services"
    std::vector<std::string> menu;  ///< {"Network", "Services"}
    std::string title;
    std::vector<std::string> needs_feature_key;
    SoftwareRange software;
    std::vector<PageTable> tables;
    std::vector<Form> forms;

    [[nodiscard]] Form const* find_form(std::string_view id) const;
};

struct CertificateRules {
    std::string factory_subject;  ///< "/C=GB/L=Langley/O=Codian/CN={serial}": RFC 2253 in slashes, first to last
    std::string factory_issuer;   ///< of the vendor's factory authority, same form; "self": self-signed
    std::chrono::years factory_life{25};
    std::vector<std::string> formats;  ///< "pem"
    /// The software from which a form is taken ("der" -> "8.1"); the others are taken by any.
    std::map<std::string, std::string, std::less<>> formats_from;
    std::vector<std::string> key_types;  ///< "rsa", "ecdsa", "ed25519"
    bool passphrase_allowed = true;
    bool name_must_match = false;          ///< the leaf must be made for the identity's host name, when it has one (seed 001)
    std::vector<std::string> shared_keys;  ///< SHA-256 of public keys that all units of the vendor had from the factory (REQ CRT-1)
    bool append_roots = false;             ///< false: an upload replaces the list (REQ TRU-1)
    CertificateEffect effect = CertificateEffect::restart;
    std::string banner;                ///< shown in page headers until the restart
    std::string default_marker;        ///< appended to the subject while the factory pair serves: "(Using default certificate)"
    std::string nameless_issuer_from;  ///< the software that first took issuers without a common name (REQ RMX-10); empty: any
    bool nameless_issuers = true;      ///< of `for_software`: they are taken
    /// The identity that calls to the manager show, apart from the server's, and the software that first has it (empty: any). Empty: the
    /// system shows the server's, and `one_certificate_because` says why it cannot be otherwise, with the source.
    std::string client_identity;
    std::string client_identity_from;
    std::string one_certificate_because;
    /// Alarms beside those that every system has: "certificate.factory" (TLS is served with the factory's pair),
    /// "certificate.not_yet_valid".
    std::vector<std::string> alarms;

    /// The rules of one version: forms that it does not take yet are left out.
    [[nodiscard]] CertificateRules for_software(std::string_view software) const;
};

struct ExternalManager {
    std::string default_path;
    std::chrono::seconds heartbeat{0};  ///< between beats, unless the manager's answer says otherwise
    std::vector<std::string> events;    ///< "Register", "Boot", "Beat"
    std::string name_space;             ///< of the configuration document inside the answer
};

struct Login {
    std::string user;       ///< what the manager sends
    bool any_user = false;  ///< REQ DPT-3: only the password is looked at
    /// Where the text of the dataport is spoken, the user name is asked for and must be `user`, whatever any_user says of the rest.
    bool terminal_user = false;
    std::string factory_password;
    std::string realm;
    std::string scheme;         ///< "digest" or "basic"
    std::string recovery_user;  ///< needs no password at the serial console for a while after a power-up; empty: there is none
};

/// A document that the XML service has besides status.xml and its like.
struct Document {
    std::string path;      ///< "/alternatesconfiguration.xml"
    std::string location;  ///< "/Configuration/Alternates"; a root that is no tree of settings or status is an empty document
};

/// A further account than the one of `Login` (REQ DPT-3).
struct Account {
    std::string user;
    bool read_only = false;  ///< role "user": looks, changes nothing
    std::string factory_password;
};

/// The configuration file of flags (REQ RMX-6). Flags that are known are settings with a `section`.
struct FlagRules {
    std::vector<std::string> sections;  ///< empty: the family has no flags
    bool may_create = false;
};

/// What an unknown system shows must be equal to all of these.
struct Recognition {
    std::string fact;  ///< "realm", "product_type", "page_title"
    std::string equals;
};

struct SshScript;    // family/generic.hpp
struct HookProgram;  // family/generic.hpp
enum class Action;   // family/generic.hpp

struct Family {
    std::string id;
    std::string name;
    std::string vendor;
    std::string product_type;
    std::string product_id;
    std::string software;  ///< of the virtual units
    std::string api_version;
    std::string snmp_object_id;  ///< sysObjectID: below the vendor's enterprise number; empty: not known
    std::string driver;          ///< of the manager: "xapi", "pages", "transactions", "ssh" or "hook"
    std::string minimum_secure_only;
    std::vector<std::string> secure_only_feature_keys;  ///< any one of them; empty: none needed
    std::vector<std::string> factory_feature_keys;      ///< installed on virtual units
    std::vector<Recognition> recognition;
    Login login;
    std::vector<Account> accounts;
    FlagRules flags;
    CertificateRules certificate;
    ExternalManager external_manager;
    DataportStyle dataport = DataportStyle::modern;
    /// Words of the dataport beside those that each style has: "syslog", "certificate", "services", "ippassword".
    std::vector<std::string> dataport_words;
    std::vector<Identity> identities;  ///< never empty
    std::vector<Service> services;
    std::vector<Client> clients;
    std::vector<Setting> settings;
    std::vector<StatusItem> status;
    std::vector<Command> commands;
    std::vector<Document> documents;
    std::vector<Page> pages;
    std::map<std::string, std::string, std::less<>> messages;
    std::shared_ptr<SshScript const> ssh;     ///< of the driver "ssh", else null
    std::shared_ptr<HookProgram const> hook;  ///< of the driver "hook", else null

    /// Whether the file describes this. Drivers with a protocol of their own are asked by their commands and forms instead: true.
    [[nodiscard]] bool can(Action action) const;
    /// Whether the setting exists and can be written.
    [[nodiscard]] bool can_write(std::string_view canonical) const;
    /// The service over which the manager talks to the system and whose peer must be somebody; null when there is none.
    [[nodiscard]] Service const* management_service() const;
    /// All finders return null when there is none. Paths compare without case, ids and canonical names exactly.
    [[nodiscard]] Service const* find_service(std::string_view service_id) const;
    [[nodiscard]] Identity const* find_identity(std::string_view identity_id) const;  ///< "" is the first one
    /// The identity of calls to the manager that this software keeps apart from its server's (docs/identities.md); null: it cannot.
    /// Software that is not known can.
    [[nodiscard]] Identity const* client_identity(std::string_view software) const;
    /// Why `client_identity` is null, in one sentence without its end; empty when it is not.
    [[nodiscard]] std::string why_one_certificate(std::string_view software) const;
    [[nodiscard]] Account const* find_account(std::string_view user) const;
    [[nodiscard]] Client const* find_client(std::string_view client_id) const;
    [[nodiscard]] Setting const* find_setting(std::string_view path) const;  ///< one of its other spellings counts too
    [[nodiscard]] Setting const* find_canonical(std::string_view canonical) const;
    [[nodiscard]] StatusItem const* find_fact(std::string_view fact) const;
    [[nodiscard]] Command const* find_command(std::string_view path) const;
    /// The canonical value of `mode`, a switch of `service`, with which it is on, or off, and every other service with that switch stays
    /// as it is with `current` where the switch has such a position.
    [[nodiscard]] std::string switched(Service const& service, std::string_view mode, std::string_view current, bool on) const;
    /// The first command with that behaviour.
    [[nodiscard]] Command const* find_behaviour(std::string_view behaviour) const;
    [[nodiscard]] Page const* find_page(std::string_view path) const;
    /// The page and form with that action; for apply_settings also with that canonical setting, when one is given.
    struct FormPlace {
        Page const* page = nullptr;
        Form const* form = nullptr;
        explicit operator bool() const { return form != nullptr; }
    };
    [[nodiscard]] FormPlace find_form(std::string_view action, std::string_view canonical = {}) const;
    /// The form that is posted to this path.
    [[nodiscard]] FormPlace find_target(std::string_view target) const;
    /// The family's own words for an event ("certificate.installed"), or empty.
    [[nodiscard]] std::string_view message(std::string_view message_id) const;
    /// Version and feature keys are enough for Secure-Only (REQ MGR-2).
    [[nodiscard]] bool supports_secure_only(std::string_view version, std::span<std::string const> feature_keys) const;
};

using FamilyPtr = std::shared_ptr<Family const>;

/// True when `needs` is empty or one of them is in `keys`. Without case.
bool has_feature_key(std::span<std::string const> needs, std::span<std::string const> keys);

/// Compares the numbers in two version texts one after the other: "TC3.0.0" < "TC4.1.2.257695", "2.4" < "4.5(1.45)", "F7" = "F7.0".
/// Letters are ignored; missing numbers count as 0.
std::weak_ordering compare_versions(std::string_view a, std::string_view b);

/// What a family file may name; the agent has a function for each.
/// Behaviours of commands, actions of forms, roles of their fields: docs/families.md says what each does.
std::span<std::string_view const> known_behaviours();
std::span<std::string_view const> known_form_actions();
std::span<std::string_view const> known_roles();
/// Checks of settings: host_name_when_verifying (REQ TRU-4), verification_preconditions, way_in_left (REQ SVC-6), certificate_needed
/// (MCU-3).
std::span<std::string_view const> known_checks();
/// Facts of status items.
std::span<std::string_view const> known_facts();

/// All families that a program knows. Copying is cheap; the values are shared.
class Families {
public:
    /// From texts compiled into the program. FAM-001; several problems: GEN-006 whose causes are FAM-001, one each.
    static Result<Families> load_embedded();
    /// From every *.toml of a folder, at most 1 MiB each. FIL-001 when it cannot be read, FIL-003, FAM-001, GEN-006.
    static Result<Families> load_folder(std::filesystem::path const& folder);
    /// Those compiled into the program, and those of a folder as above. FAM-001 as well for an id that is there already.
    static Result<Families> load_with_folder(std::filesystem::path const& folder);

    /// FAM-002.
    [[nodiscard]] Result<FamilyPtr> get(std::string_view id) const;
    [[nodiscard]] std::vector<FamilyPtr> const& all() const { return families_; }
    /// The family whose recognition facts are all in `facts` (fact -> value). Null when none or several fit.
    [[nodiscard]] FamilyPtr recognise(std::map<std::string, std::string> const& facts) const;

private:
    std::vector<FamilyPtr> families_;
};

/// One file. `file` names it in errors. FAM-001 or GEN-006 with every problem found.
Result<FamilyPtr> parse_family(std::string_view text, std::string_view file);
/// The same from a file of at most 1 MiB. FIL-001, FIL-003.
Result<FamilyPtr> load_family(std::filesystem::path const& file);

}  // namespace countersign::family
