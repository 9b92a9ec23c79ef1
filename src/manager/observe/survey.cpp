#include "manager/observe/survey.hpp"

#include "manager/store/campaign_store.hpp"
#include "manager/tickets/ticket_rules.hpp"

#include <algorithm>

namespace countersign::manager {

Surveyor::Surveyor(Store& store, InternalCa& authority, Observer& observer, Directory& directory, family::Families families,
                   std::shared_ptr<Clock const> clock, Announce announce)
    : store_(store),
      authority_(authority),
      observer_(observer),
      directory_(directory),
      families_(std::move(families)),
      clock_(std::move(clock)),
      announce_(std::move(announce)) {}

net::Task<Result<TrustBase>> Surveyor::trust() {
    CS_CO_TRY(auto vendors, co_await store_.factory_anchors());
    std::scoped_lock lock(mutex_);
    if (!trust_cache_ || trust_cache_->first != vendors) {
        TrustBase fresh{.estate = pki::Anchors(authority_.roots()), .factory = pki::Anchors(vendors)};
        trust_cache_ = {std::move(vendors), std::move(fresh)};
    }
    co_return trust_cache_->second;
}

net::Task<Result<Observer::Question>> Surveyor::question(SystemId id) {
    Observer::Question question;
    // Passwords first: where a password comes from is then never older news than the password, and what a person gives at this
    // moment is not taken for the factory's.
    CS_CO_TRY(question.passwords, co_await store_.get_passwords(id));
    CS_CO_TRY(question.system, co_await store_.get_system(id));
    CS_CO_TRY(question.family, families_.get(question.system.family));
    CS_CO_TRY(question.policy, co_await store_.get_policy());
    // A campaign may have taken this one to another goal than the whole estate's.
    CS_CO_TRY(auto const goal, co_await store_.campaigns().find_goal(id));
    if (goal && !goal->hold) {
        question.policy.secure_only = goal->mode;
        if (goal->trial_seconds > 0) question.policy.trial_seconds = goal->trial_seconds;
    }
    CS_CO_TRY(question.contact, co_await store_.get_contact(id));
    CS_CO_TRY(question.trust, co_await trust());
    question.trust.revocation = question.policy.revocation;
    co_return question;
}

net::Task<Result<Survey>> Surveyor::survey(SystemId id) {
    CS_CO_TRY(auto asked, co_await question(id));
    Survey survey{.system = asked.system, .family = asked.family, .policy = asked.policy, .trust = asked.trust};
    survey.sighting = co_await observer_.observe(std::move(asked));
    CS_CO_CHECK(co_await record(survey));
    co_return survey;
}

namespace {

/// What the observation says about the system itself.
void take_results(System& system, Survey const& survey, UtcTime now) {
    auto const& observation = survey.sighting.observation;
    bool const reachable = std::ranges::any_of(observation.services, [](auto const& seen) { return seen.state == net::PortState::open; });
    system.reachability = reachable ? Reachability::reachable : Reachability::unreachable;
    system.observed_at = now;
    if (auto const* service = https_service(*survey.family)) {
        auto const* https = observation.find(service->id);
        if (https && !https->presented.empty()) {
            system.certificate_expires = https->presented.front().not_after();
            system.certificate_fingerprint = https->presented.front().fingerprint();
        } else if (reachable) {
            system.certificate_expires.reset();
            system.certificate_fingerprint.clear();
        }
    }
    if (!observation.account) return;
    auto const& account = *observation.account;
    bool const sure = observation.account_channel >= ChannelTrust::pinned;
    system.https_proven = system.https_proven || sure;
    // A serial number that was learnt is changed only by a system that we are sure of: factory identities depend on it.
    if (!account.serial_number.empty() && (system.serial_number.empty() || sure)) system.serial_number = account.serial_number;
    if (!account.mac_address.empty()) system.mac_address = account.mac_address;
    if (account.software.empty()) return;
    system.software = account.software;
    system.secure_only_capable = survey.family->supports_secure_only(account.software, account.feature_keys);
}

}  // namespace

net::Task<Result<void>> Surveyor::record(Survey& survey) {
    auto const now = clock_->now();
    auto& system = survey.system;
    if (survey.sighting.opened == Opened::candidate) {
        CS_CO_CHECK(co_await store_.promote_candidate_password(system.id));
        system.password_origin = PasswordOrigin::managed;
    }
    take_results(system, survey, now);
    auto const& seen = survey.sighting.observation;
    directory_.learn(system, seen.called == system.host_name ? seen.resolved_address : system.address);
    CS_CO_CHECK(co_await judge_contact(survey));
    AssessInput const input{.family = *survey.family,
                            .system = system,
                            .observation = survey.sighting.observation,
                            .policy = survey.policy,
                            .now = now,
                            .estate_roots = authority_.roots()};
    survey.assessment = assess(input);
    system.level = survey.assessment.level;
    CS_CO_CHECK(co_await store_.record_assessment(system, survey.assessment, describe_services(survey.sighting.observation)));
    CS_CO_TRY(bool tickets_changed, co_await settle_tickets(store_, system.id, judge_tickets(input)));
    announce_("system", system.id);
    if (tickets_changed) announce_("ticket", system.id);
    co_return Result<void>();
}

/// Whether the newest call proves that the system checks whom it calls is only as good as the account that says so.
net::Task<Result<void>> Surveyor::judge_contact(Survey& survey) {
    auto& observation = survey.sighting.observation;
    if (!observation.account) co_return Result<void>();
    bool const effective = observation.account->verification_effective;
    bool unjudged = false;
    {
        std::scoped_lock lock(mutex_);
        verification_[survey.system.id] = effective;
        unjudged = unjudged_calls_.erase(survey.system.id) > 0;
    }
    auto& contact = observation.contact;
    bool const now_proven = unjudged && effective && contact.https && !contact.verified_us;
    bool const disproven = !effective && contact.verified_us;
    if (!now_proven && !disproven) co_return Result<void>();
    contact.verified_us = now_proven;
    co_return co_await store_.record_contact(survey.system.id, contact, "Account");
}

std::optional<bool> Surveyor::verification_effective(SystemId id) const {
    std::scoped_lock lock(mutex_);
    auto place = verification_.find(id);
    return place == verification_.end() ? std::nullopt : std::optional(place->second);
}

void Surveyor::note_verification(SystemId id, bool effective) {
    std::scoped_lock lock(mutex_);
    verification_[id] = effective;
}

void Surveyor::note_unjudged_call(SystemId id) {
    std::scoped_lock lock(mutex_);
    unjudged_calls_.insert(id);
}

std::vector<std::string> describe_services(Observation const& observation) {
    std::vector<std::string> lines;
    for (auto const& seen : observation.services) {
        auto line = seen.service + " " + std::to_string(seen.port) + " " + std::string(net::to_string(seen.state));
        if (!seen.tls_version.empty()) line += " " + seen.tls_version + " " + std::string(to_string(seen.trust));
        if (!seen.tls_error.empty()) line += " " + seen.tls_error;
        for (auto const& finding : seen.findings) line += "; " + finding.text;
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace countersign::manager
