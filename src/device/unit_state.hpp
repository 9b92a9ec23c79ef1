#pragma once

/// The inside of Unit, shared by its source files and by nobody else.

#include "device/certificates/held_identity.hpp"
#include "device/fact_value.hpp"
#include "device/lifecycle/journal.hpp"
#include "device/lifecycle/time_sync.hpp"
#include "device/lifecycle/unit_clock.hpp"
#include "device/repository/pair_list.hpp"
#include "device/repository/trust_files.hpp"
#include "device/safety/alarm_board.hpp"
#include "device/safety/flag_file.hpp"
#include "device/safety/trial_keeper.hpp"
#include "device/services/login_guard.hpp"
#include "device/tree/rules.hpp"
#include "device/tree/setting_tree.hpp"
#include "device/tree/unit_file.hpp"
#include "device/unit.hpp"

#include <chrono>
#include <set>

namespace countersign::device {

class SubscriptionEntry;
class UnitCertificates;

struct Unit::State {
    State(Unit& self, std::shared_ptr<Environment const> shared, family::FamilyPtr which, UnitSpec full, net::Executor where);
    ~State();

    // unit.cpp, unit_state_file.cpp
    static void remove_leftovers(fs::path const& folder);
    [[nodiscard]] Result<void> load();
    /// state.toml, or its copy when it is broken, or (Environment::reset_broken_state) what the factory made. DEV-093.
    [[nodiscard]] Result<void> load_state();
    [[nodiscard]] Result<void> take_state(UnitFile file);
    /// The file, then its copy, state.copy.toml.
    [[nodiscard]] Result<void> save() const;
    [[nodiscard]] Result<void> save_copy() const;
    [[nodiscard]] UnitFile to_file() const;
    void report(std::string id, std::vector<std::pair<std::string, std::string>> fields);
    [[nodiscard]] fs::path folder() const { return environment->data / spec.serial; }

    // safety/restore.cpp
    [[nodiscard]] bool restore_pending() const;
    Result<void> finish_restore();
    bool take_restored_files(Unit& unit);

    // unit_login.cpp
    [[nodiscard]] std::string account_of(std::string_view user) const;
    [[nodiscard]] Result<void> check_password(std::string_view text, std::string_view user) const;

    // unit_settings.cpp
    /// DEV-005 when deleting or replacing the pair would leave no way in.
    [[nodiscard]] Result<void> check_pair_after(HeldIdentity const& identity, bool custom, bool usable) const;
    /// DEV-005 when callers must show a certificate, and an empty trust list would let nobody in.
    [[nodiscard]] Result<void> check_without_roots() const;
    /// DEV-110 outside of a trial while a service lets in only callers that `identity` (null: any) finds trusted: with fewer roots or a
    /// stricter look at revocation, its owner may be locked out.
    [[nodiscard]] Result<void> check_callers_kept(HeldIdentity const* identity, std::string_view what, Actor const& actor) const;
    /// Connections of callers end that were let in by other rules.
    void judge_callers_anew();
    [[nodiscard]] Prospect prospect(SettingTree::Values const& values) const;
    [[nodiscard]] bool exists(family::Setting const& setting) const;
    [[nodiscard]] VerifyFacts verify_facts() const;
    /// What changes would lead to. Nothing is changed by it.
    struct Proposed {
        SettingTree::Values stored;     ///< after the next restart
        SettingTree::Values effective;  ///< at once
        std::set<family::Setting const*> touched;
        std::vector<Outcome::Changed> changed;
        std::optional<SecretText> password;  ///< of the setting that stands for the system's password
        std::vector<Error> problems;         ///< why it is refused; empty: it is not
    };
    [[nodiscard]] Proposed propose(Unit const& unit, std::vector<Change> const& changes) const;
    [[nodiscard]] std::shared_ptr<net::Resolver> name_servers() const;
    /// After a change or at boot: name servers, clock and their like follow the effective settings.
    void settings_took_effect(Unit const& unit);

    // unit_feature_keys.cpp
    /// DEV-005 when no way in would be left; FIL-002.
    Result<void> take_feature_keys(Unit& unit, std::vector<std::string> keys);

    // certificates/held_identities.cpp
    struct OpenDoor;
    [[nodiscard]] Result<void> load_certificates();
    [[nodiscard]] Result<void> load_identity(HeldIdentity& identity);
    void tell_damage(std::string const& what, HeldIdentity const& identity, Error const& error);
    [[nodiscard]] HeldIdentity* find_identity(std::string_view id);
    [[nodiscard]] HeldIdentity const* find_identity(std::string_view id) const;
    /// The identity whose pair the service shows.
    [[nodiscard]] HeldIdentity const& identity_of(family::Service const& service) const;
    [[nodiscard]] HeldIdentity const& first_identity() const { return identities.front(); }
    Result<std::shared_ptr<net::tls::ServerContext const>> server_context(family::Service const& service);
    /// What a handshake of the service shows and offers: another one proves what an earlier one did not. Whether callers must show a
    /// certificate is no part of it: the door tells those who did not (DEV-081).
    [[nodiscard]] std::string offer_of(family::Service const& service) const;
    /// New handshakes of the door go by what holds now. While a trial is on, connections from before another offer end.
    void show_anew(OpenDoor& open);
    /// New handshakes of the identity's doors show what is installed.
    void serve_installed(HeldIdentity& identity);
    /// The same pairs, with what is trusted and revoked now: for doors that verify callers.
    void renew_contexts();
    /// The same for doors whose versions of TLS or whose callers depend on a setting.
    void renew_offers();
    /// Of the setting tls.profile where the family has one, else the program's.
    [[nodiscard]] std::string tls_profile() const;
    /// What the service offers: of its own setting, or as all do.
    [[nodiscard]] std::string tls_profile(family::Service const& service) const;
    void set_trust(std::vector<pki::Certificate> roots);
    [[nodiscard]] net::tls::RevocationCheck revocation_check(HeldIdentity& identity);
    /// The certificate that is served names somebody who says whether it was revoked.
    [[nodiscard]] static bool can_staple(HeldIdentity const& identity);
    /// What TLS staples for the pair that is served: never waits, and gives null while nothing is known. Empty when nobody can be asked.
    [[nodiscard]] std::function<std::shared_ptr<Bytes const>()> staple(HeldIdentity& identity);

    // unit_status.cpp
    [[nodiscard]] std::vector<FactValue> facts(std::string_view name, Unit const& unit) const;
    /// Those of alarms, trials, flags and log-in (unit_safety.cpp).
    [[nodiscard]] std::vector<FactValue> safety_facts(std::string_view name, Unit const& unit) const;
    /// Rows of the tables "alarms", "alarm_history", "flags" and "trial".
    [[nodiscard]] std::vector<std::map<std::string, std::string>> safety_rows(std::string_view table) const;

    // unit_doors.cpp
    struct Wanted {
        family::Service const* service;
        net::Endpoint where;
        bool operator==(Wanted const&) const = default;
    };
    struct OpenDoor {
        Wanted what;
        std::unique_ptr<Door> door;
        std::string offer = {};  ///< as offer_of() when it was opened or shown anew
    };
    [[nodiscard]] std::map<std::string, Wanted> wanted_doors(Prospect const& prospect) const;
    /// Opens what is wanted and not open yet, but for what could not be opened before. On failure nothing is open that was not.
    Result<std::map<std::string, OpenDoor>> open_missing(Unit& unit, std::map<std::string, Wanted> const& wanted);
    /// As open_missing, but each that can be opened, for a state that holds already. The others are in `failed`.
    struct Attempt {
        std::map<std::string, Wanted> wanted;
        std::map<std::string, OpenDoor> opened;
        std::map<std::string, Error> failed;
    };
    Attempt open_each(Unit& unit, std::map<std::string, Wanted> wanted);
    /// At boot: what is stored works, and its doors are opened.
    Attempt open_all(Unit& unit);
    /// A service that one manages the system by is among the failed, and was not when the system was up last.
    [[nodiscard]] bool fails_newly(Attempt const& attempt) const;
    /// Takes what is open; what is not is told and tried again.
    void adopt_each(Unit& unit, Attempt attempt);
    /// The alarms of `unopened`, and no others.
    void tell_unopened();
    static net::Task<> retry_doors(std::weak_ptr<Unit> unit, std::uint64_t generation, net::Milliseconds interval);
    void close_door(OpenDoor open);
    void adopt(std::map<std::string, OpenDoor> opened, std::map<std::string, Wanted> const& wanted);

    std::shared_ptr<Environment const> environment;
    family::FamilyPtr family;
    UnitSpec spec;
    net::Executor executor;
    std::vector<std::string> feature_keys;
    bool keys_installed = false;  ///< feature_keys are no longer those of the spec
    std::shared_ptr<UnitClock> clock;
    SettingTree tree;
    std::uint64_t boots = 0;
    std::optional<SecretText> password;                                ///< nothing: the factory password of the spec or family
    std::map<std::string, SecretText, std::less<>> account_passwords;  ///< of family::Account; nothing: the factory's
    std::map<std::string, UtcTime> visits;                             ///< log-ins of late, so that the journal names a visit once
    std::vector<FeedbackSlot> feedback;
    Journal journal;

    std::vector<HeldIdentity> identities;  ///< in the order of the family file; never empty
    TrustFiles trust_files;
    PairList pair_list;
    std::vector<CertificatePair> stored_pairs;  ///< what pair_list holds
    pki::Anchors trust;
    std::vector<pki::Crl> revocation_lists;
    std::unique_ptr<UnitCertificates> certificates;

    AlarmBoard alarms;
    FlagFile flags;
    TrialKeeper trial;

    LoginGuard guard;
    TimeSync time;
    mutable std::shared_ptr<net::Resolver> resolver;  ///< for the effective DNS settings; made when first needed
    std::map<std::string, std::string, std::less<>> published;
    std::vector<std::weak_ptr<SubscriptionEntry>> subscribers;

    Running running = Running::off;
    std::uint64_t generation = 0;  ///< counts boots and power-offs, so that a late task sees that it is late
    std::chrono::steady_clock::time_point booted_at{};
    std::map<std::string, OpenDoor> doors;
    struct Unopened {
        Wanted what;
        std::string why;
    };
    std::map<std::string, Unopened> unopened;                            ///< wanted, but for these reasons not in `doors`
    bool retrying = false;                                               ///< somebody tries to open them
    std::optional<std::chrono::steady_clock::time_point> switched_on{};  ///< by a person; nothing after any restart
    std::vector<std::unique_ptr<Companion>> companions;
};

}  // namespace countersign::device
