#pragma once

/// The manager's words: systems, their connection settings, policy, jobs, tickets. Plain values; the store keeps them, the
/// API shows them, nothing here does anything.

#include "base/error.hpp"
#include "base/utc_time.hpp"
#include "pki/verify.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager {

using SystemId = std::int64_t;
using JobId = std::int64_t;
using TicketId = std::int64_t;
using FolderId = std::int64_t;

/// The folder that all others are in. It always exists.
inline constexpr FolderId k_root_folder = 1;

/// How a system is found on the network (REQ MGR-1; MGR-7: verify mode wants host_name).
enum class TrackBy {
    address,
    host_name,
    mac  ///< at its address, until it calls from another one and proves there that it is the same unit (estate/moves.hpp)
};
/// REQ MGR-3.
enum class SecureOnly { off, on, verify };
/// Where the password we hold for a system comes from.
enum class PasswordOrigin {
    factory,  ///< the family's factory password: no secret, may answer a digest challenge over HTTP
    given,    ///< typed by a person
    managed   ///< made by us for this system alone
};
enum class Reachability { unknown, reachable, unreachable };
/// Who signs the certificates of systems.
enum class Issuer {
    internal,  ///< the manager's own authority
    by_hand    ///< a company's authority: people carry requests there, and answers back (docs/by-hand.md)
};

/// How many certificates a system has (REQ MGR-13).
enum class Identities {
    one,  ///< for its server side and its calls
    two   ///< one each, where its family can keep them apart
};

/// In place of a trial's number: one was asked for, and its number was not seen yet.
inline constexpr std::string_view k_trial_asked_for = "?";

struct System {
    SystemId id = 0;
    std::string name;       ///< for people; the host name's first label unless given
    std::string family;     ///< family id
    std::string host_name;  ///< fully qualified; may be empty
    std::string address;    ///< IP address; may be empty when there is a host name
    TrackBy track_by = TrackBy::address;
    std::uint16_t https_port = 0;   ///< TCP port of its web server's HTTPS; 0: the family's
    std::vector<std::string> pins;  ///< SHA-256 of certificates a person compared and pinned
    std::string user;
    PasswordOrigin password_origin = PasswordOrigin::factory;
    /// A verified or pinned HTTPS conversation succeeded once. From then on HTTP is never used towards the system.
    bool https_proven = false;
    std::string serial_number;
    std::string mac_address;
    std::string software;
    bool secure_only_capable = false;  ///< by software version and feature keys (REQ MGR-2)
    Reachability reachability = Reachability::unknown;
    int level = 0;  ///< 1..4; 0: not known
    std::optional<UtcTime> observed_at;
    std::optional<UtcTime> certificate_expires;
    std::string certificate_fingerprint;  ///< served now
    std::optional<UtcTime> last_call_at;  ///< newest call of the system to us
    std::string last_call;                ///< "https verified", "https", "http"
    /// Number of the change that the manager has on trial at the system (commit-confirm); empty: none.
    std::string trial;
    FolderId folder = k_root_folder;
    UtcTime created{};

    /// The change on trial with this number, as the system says, is the manager's.
    [[nodiscard]] bool is_our_trial(std::string_view number) const {
        return !number.empty() && (trial == number || trial == k_trial_asked_for);
    }
};

/// A folder's departure from the policy, for a time: somebody answers for it, says why, and it ends by itself.
enum class ExceptionKind {
    mode,         ///< another Secure-Only mode than the estate's
    keep_service  ///< a service is left open that the plan would close
};
struct PolicyException {
    std::int64_t id = 0;
    FolderId folder = k_root_folder;  ///< and all below it
    std::string folder_path;
    ExceptionKind kind{};
    std::string value;  ///< "off", "on", "verify"; or the door of the service: "ssh", "snmp", "ftp", "telnet", "http" ...
    std::string reason;
    std::string owner;
    UtcTime ends{};  ///< from then on it does not count
    UtcTime created{};
    std::string created_by;
    bool operator==(PolicyException const&) const = default;
};

/// What the whole estate should look like.
struct Policy {
    SecureOnly secure_only = SecureOnly::off;
    bool keep_ssh = false;                 ///< LVL-5
    std::vector<std::string> dns_servers;  ///< given to systems that have none
    std::string dns_domain;
    std::string ntp_server;
    std::string manager_host_name;         ///< REQ MGR-7: one name inside and outside
    bool change_factory_passwords = true;  ///< needed for Level 3 and 4 (REQ DPT-3)
    int renew_days_before = 30;            ///< certificates ending sooner are replaced
    int certificate_days = 365;
    /// Changes to a system go back by themselves unless the manager confirms them within this time, in seconds; 0: no trials.
    int trial_seconds = 900;
    std::string key_type = "ec:p256";
    /// Towards systems, whose certificates may be of any authority that we trust (REQ TRU-7). The connections of systems
    /// themselves follow the settings of their services.
    pki::RevocationPolicy revocation = pki::RevocationPolicy::soft_fail;
    /// When certificates may be renewed by themselves (campaign/windows.hpp); empty: at any time. A folder may say otherwise. A certificate
    /// that would end is renewed outside of them.
    std::vector<std::string> renewal_windows{};
    /// Of the system's folder (store/folder_policy_store.hpp); never stored with the estate's own policy.
    Issuer issuer = Issuer::internal;
    /// A folder may say otherwise.
    Identities identities = Identities::one;
    /// Those that count for one system now; never stored. In the estate's own policy there are none.
    std::vector<PolicyException> exceptions;

    [[nodiscard]] bool keeps(std::string_view door) const {
        for (auto const& one : exceptions)
            if (one.kind == ExceptionKind::keep_service && one.value == door) return true;
        return false;
    }
};

/// REQ MGR-6. Names as the seeds write them stand in catalogue/tickets.toml.
enum class TicketType {
    no_https_response,
    certificate_validation_error,
    connection_error,
    login_failed,
    enforcement_failed,
    certificate_expiring,
    notification_failed,
    system_replaced,
    root_replacement_waits,
    authority_key_away,
    answer_awaited
};
enum class TicketState { open, closed };
/// In order: a higher one is worse.
enum class TicketSeverity { notice, warning, critical };

struct Ticket {
    TicketId id = 0;
    SystemId system = 0;  ///< 0: the manager itself
    TicketType type{};
    TicketState state = TicketState::open;
    std::string text;  ///< what was seen, newest
    std::string remedy;
    UtcTime opened{};
    UtcTime updated{};
    std::optional<UtcTime> closed;
    int times_seen = 1;
    TicketSeverity severity = TicketSeverity::warning;
    int rung = 0;                          ///< of the type's ladder, from 1; 0: the type has none
    std::string subject;                   ///< tells tickets of one type and system apart (the channel that fails); mostly empty
    std::string assignee;                  ///< who takes care of it; empty: nobody
    std::string acknowledged_by;           ///< empty: nobody
    std::optional<UtcTime> acknowledged;   ///< when
    std::optional<UtcTime> snoozed_until;  ///< it is out of sight until then, and comes back by itself
    std::string snoozed_by;
    /// A person opened it again: only a person closes it.
    bool held = false;
};

enum class JobKind { observe, enforce };
/// What an enforcement is for.
enum class JobPurpose {
    enforce,   ///< to the goal, and confirmed
    prove,     ///< to the goal; what was changed stays on trial until somebody confirms it
    confirm,   ///< confirms what is on trial, and does nothing else
    roll_back  ///< takes back what a campaign changed
};
enum class JobState { queued, running, succeeded, failed, waiting };  ///< waiting: queued again after a failure, see not_before

struct Job {
    JobId id = 0;
    JobKind kind{};
    SystemId system = 0;
    JobState state = JobState::queued;
    int attempt = 0;
    std::string owner;  ///< process that holds the lease
    std::optional<UtcTime> leased_until;
    UtcTime not_before{};
    UtcTime created{};
    std::optional<UtcTime> started;
    std::optional<UtcTime> finished;
    int step = 0;            ///< steps done
    int steps = 0;           ///< steps of the plan that is carried out
    std::string progress;    ///< what is being done, in words
    std::string error_code;  ///< of the newest failure
    std::string error_text;
    JobPurpose purpose = JobPurpose::enforce;
    std::int64_t campaign = 0;  ///< that asked for it; 0: none
    int most_attempts = 0;      ///< before it fails; 0: a system that cannot be reached is waited for, anything else is tried 5 times
    int losses = 0;             ///< how often the program ended while it worked on this, since the newest attempt that came to an end
};

using countersign::to_string;  // of a UtcTime; else the overloads here would hide it
std::string_view to_string(TrackBy value);
std::string_view to_string(SecureOnly value);
std::string_view to_string(PasswordOrigin value);
std::string_view to_string(Reachability value);
std::string_view to_string(Issuer value);      ///< "internal", "by_hand"
std::string_view to_string(Identities value);  ///< "one", "two"
std::string_view to_string(ExceptionKind value);
/// "Exception for /Labs until 2027-01-31T00:00:00Z: Secure-Only is off here (owner: Ann; reason: no certificates yet)"
std::string describe(PolicyException const& exception);
std::string_view to_string(TicketType value);  ///< "no_https_response"
std::string_view title_of(TicketType value);   ///< "No HTTPS Response"
std::string_view to_string(TicketState value);
std::string_view to_string(TicketSeverity value);
std::string_view to_string(JobKind value);
std::string_view to_string(JobState value);
std::string_view to_string(JobPurpose value);
std::optional<TrackBy> parse_track_by(std::string_view text);
std::optional<SecureOnly> parse_secure_only(std::string_view text);
std::optional<PasswordOrigin> parse_password_origin(std::string_view text);
std::optional<Reachability> parse_reachability(std::string_view text);
std::optional<Issuer> parse_issuer(std::string_view text);
std::optional<Identities> parse_identities(std::string_view text);
std::optional<ExceptionKind> parse_exception_kind(std::string_view text);
std::optional<TicketType> parse_ticket_type(std::string_view text);
std::optional<TicketState> parse_ticket_state(std::string_view text);
std::optional<TicketSeverity> parse_ticket_severity(std::string_view text);
std::optional<JobKind> parse_job_kind(std::string_view text);
std::optional<JobState> parse_job_state(std::string_view text);
std::optional<JobPurpose> parse_job_purpose(std::string_view text);
std::string_view to_string(pki::RevocationPolicy value);  ///< "off", "soft", "hard"
std::optional<pki::RevocationPolicy> parse_revocation_policy(std::string_view text);

}  // namespace countersign::manager
