#include "manager/estate/model.hpp"

#include <array>
#include <utility>

namespace countersign::manager {
namespace {

/// Names of an enum's values. One table serves both directions; the API and the database use the same names.
template <class Enum, std::size_t N>
struct Names {
    std::array<std::pair<Enum, std::string_view>, N> entries;

    [[nodiscard]] constexpr std::string_view name(Enum value) const {
        for (auto const& [candidate, text] : entries)
            if (candidate == value) return text;
        return "";
    }
    [[nodiscard]] constexpr std::optional<Enum> find(std::string_view text) const {
        for (auto const& [candidate, known] : entries)
            if (known == text) return candidate;
        return std::nullopt;
    }
};

constexpr Names<TrackBy, 3> k_track_by{{{{TrackBy::address, "address"}, {TrackBy::host_name, "host_name"}, {TrackBy::mac, "mac"}}}};
constexpr Names<SecureOnly, 3> k_secure_only{{{{SecureOnly::off, "off"}, {SecureOnly::on, "on"}, {SecureOnly::verify, "verify"}}}};
constexpr Names<PasswordOrigin, 3> k_origins{
    {{{PasswordOrigin::factory, "factory"}, {PasswordOrigin::given, "given"}, {PasswordOrigin::managed, "managed"}}}};
constexpr Names<Reachability, 3> k_reachability{
    {{{Reachability::unknown, "unknown"}, {Reachability::reachable, "reachable"}, {Reachability::unreachable, "unreachable"}}}};
constexpr Names<Issuer, 2> k_issuers{{{{Issuer::internal, "internal"}, {Issuer::by_hand, "by_hand"}}}};
constexpr Names<Identities, 2> k_identities{{{{Identities::one, "one"}, {Identities::two, "two"}}}};
constexpr Names<ExceptionKind, 2> k_exceptions{{{{ExceptionKind::mode, "mode"}, {ExceptionKind::keep_service, "keep_service"}}}};
constexpr Names<TicketType, 11> k_ticket_types{{{{TicketType::no_https_response, "no_https_response"},
                                                 {TicketType::certificate_validation_error, "certificate_validation_error"},
                                                 {TicketType::connection_error, "connection_error"},
                                                 {TicketType::login_failed, "login_failed"},
                                                 {TicketType::enforcement_failed, "enforcement_failed"},
                                                 {TicketType::certificate_expiring, "certificate_expiring"},
                                                 {TicketType::notification_failed, "notification_failed"},
                                                 {TicketType::system_replaced, "system_replaced"},
                                                 {TicketType::root_replacement_waits, "root_replacement_waits"},
                                                 {TicketType::authority_key_away, "authority_key_away"},
                                                 {TicketType::answer_awaited, "answer_awaited"}}}};
constexpr Names<TicketState, 2> k_ticket_states{{{{TicketState::open, "open"}, {TicketState::closed, "closed"}}}};
constexpr Names<TicketSeverity, 3> k_severities{
    {{{TicketSeverity::notice, "notice"}, {TicketSeverity::warning, "warning"}, {TicketSeverity::critical, "critical"}}}};
constexpr Names<JobKind, 2> k_job_kinds{{{{JobKind::observe, "observe"}, {JobKind::enforce, "enforce"}}}};
constexpr Names<JobPurpose, 4> k_job_purposes{{{{JobPurpose::enforce, "enforce"},
                                                {JobPurpose::prove, "prove"},
                                                {JobPurpose::confirm, "confirm"},
                                                {JobPurpose::roll_back, "roll_back"}}}};
constexpr Names<JobState, 5> k_job_states{{{{JobState::queued, "queued"},
                                            {JobState::running, "running"},
                                            {JobState::succeeded, "succeeded"},
                                            {JobState::failed, "failed"},
                                            {JobState::waiting, "waiting"}}}};
constexpr Names<pki::RevocationPolicy, 3> k_revocation{
    {{{pki::RevocationPolicy::off, "off"}, {pki::RevocationPolicy::soft_fail, "soft"}, {pki::RevocationPolicy::hard_fail, "hard"}}}};

}  // namespace

std::string_view to_string(TrackBy value) { return k_track_by.name(value); }
std::string_view to_string(SecureOnly value) { return k_secure_only.name(value); }
std::string_view to_string(PasswordOrigin value) { return k_origins.name(value); }
std::string_view to_string(Reachability value) { return k_reachability.name(value); }
std::string_view to_string(Issuer value) { return k_issuers.name(value); }
std::string_view to_string(Identities value) { return k_identities.name(value); }
std::string_view to_string(ExceptionKind value) { return k_exceptions.name(value); }
std::string_view to_string(TicketType value) { return k_ticket_types.name(value); }
std::string_view to_string(TicketState value) { return k_ticket_states.name(value); }
std::string_view to_string(TicketSeverity value) { return k_severities.name(value); }
std::string_view to_string(JobKind value) { return k_job_kinds.name(value); }
std::string_view to_string(JobPurpose value) { return k_job_purposes.name(value); }
std::string_view to_string(JobState value) { return k_job_states.name(value); }
std::string_view to_string(pki::RevocationPolicy value) { return k_revocation.name(value); }

std::optional<TrackBy> parse_track_by(std::string_view text) { return k_track_by.find(text); }
std::optional<SecureOnly> parse_secure_only(std::string_view text) { return k_secure_only.find(text); }
std::optional<PasswordOrigin> parse_password_origin(std::string_view text) { return k_origins.find(text); }
std::optional<Reachability> parse_reachability(std::string_view text) { return k_reachability.find(text); }
std::optional<Issuer> parse_issuer(std::string_view text) { return k_issuers.find(text); }
std::optional<Identities> parse_identities(std::string_view text) { return k_identities.find(text); }
std::optional<ExceptionKind> parse_exception_kind(std::string_view text) { return k_exceptions.find(text); }
std::optional<TicketType> parse_ticket_type(std::string_view text) { return k_ticket_types.find(text); }
std::optional<TicketState> parse_ticket_state(std::string_view text) { return k_ticket_states.find(text); }
std::optional<TicketSeverity> parse_ticket_severity(std::string_view text) { return k_severities.find(text); }
std::optional<JobKind> parse_job_kind(std::string_view text) { return k_job_kinds.find(text); }
std::optional<JobPurpose> parse_job_purpose(std::string_view text) { return k_job_purposes.find(text); }
std::optional<JobState> parse_job_state(std::string_view text) { return k_job_states.find(text); }
std::optional<pki::RevocationPolicy> parse_revocation_policy(std::string_view text) { return k_revocation.find(text); }

std::string describe(PolicyException const& exception) {
    auto const what = exception.kind == ExceptionKind::mode ? "Secure-Only is " + exception.value + " here"
                                                            : "the service " + exception.value + " is left open";
    return "Exception for " + exception.folder_path + " until " + to_string(exception.ends) + ": " + what + " (owner: " + exception.owner +
           "; reason: " + exception.reason + ")";
}

}  // namespace countersign::manager
