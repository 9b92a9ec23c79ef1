#include "manager/observe/survey.hpp"

#include "base/text.hpp"
#include "manager/certificates/by_hand.hpp"
#include "manager/certificates/client_side_reader.hpp"
#include "manager/observe/policy_of.hpp"
#include "manager/observe/recognise.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager/store/replacement_store.hpp"
#include "manager/tickets/ticket_rules.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

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

TrustBase Surveyor::trust(std::vector<pki::Certificate> vendors) {
    auto roots = authority_.roots();
    std::scoped_lock lock(mutex_);
    if (!trust_cache_ || trust_cache_->vendors != vendors || trust_cache_->roots != roots) {
        TrustBase fresh{.estate = pki::Anchors(roots), .factory = pki::Anchors(vendors)};
        trust_cache_ = {std::move(roots), std::move(vendors), std::move(fresh)};
    }
    return trust_cache_->base;
}

namespace {

/// What is asked of the store before a look. On the store's thread, and perhaps after the surveyor is gone: it keeps what it writes to.
struct Answers {
    Observer::Question question;
    std::vector<pki::Certificate> vendors;
    FolderDefaults defaults;
    bool knows_old_tls = false;  ///< it need not be read
};

net::Task<Result<void>> ask(Store& store, SystemId id, std::shared_ptr<Answers> answers) {
    auto& question = answers->question;
    CS_CO_TRY(question.passwords, co_await store.get_passwords(id));
    CS_CO_TRY(question.system, co_await store.get_system(id));
    CS_CO_TRY(question.policy, co_await policy_of(store, question.system));
    CS_CO_TRY(answers->defaults, co_await store.folder_policy().effective_defaults(question.system.folder));
    CS_CO_TRY(question.contact, co_await store.get_contact(id));
    CS_CO_TRY(answers->vendors, co_await store.factory_anchors());
    CS_CO_TRY(auto link, co_await store.network().get_link(id));
    question.connection = std::move(link.connection);
    question.phonebook = link.phonebook;
    if (answers->knows_old_tls) co_return Result<void>();
    CS_CO_TRY(auto newest, co_await store.get_assessment(id));
    if (newest) question.old_tls = std::move(newest->old_tls);
    co_return Result<void>();
}

}  // namespace

net::Task<Result<Observer::Question>> Surveyor::question(SystemId id) {
    auto const answers = std::make_shared<Answers>();
    bool knows_old_tls = false;
    {
        std::scoped_lock lock(mutex_);
        knows_old_tls = old_tls_.contains(id);
    }
    CS_CO_CHECK(co_await store_.read_together([store = &store_, id, answers, knows_old_tls] {
        *answers = {};
        answers->knows_old_tls = knows_old_tls;
        return ask(*store, id, answers);
    }));
    auto& question = answers->question;
    {
        std::scoped_lock lock(mutex_);
        auto const refused = refused_.find(id);
        for (auto& one : answers->defaults.credentials)
            if (refused == refused_.end() || !refused->second.contains(one.id)) question.defaults.push_back(std::move(one));
        if (auto const known = old_tls_.find(id); known != old_tls_.end()) question.old_tls = known->second;
    }
    question.may_speak_snmp = !may_speak_snmp_ || may_speak_snmp_();
    CS_CO_TRY(question.family, co_await family_of(question.system));
    question.trust = trust(std::move(answers->vendors));
    question.trust.revocation = question.policy.revocation;
    if (name_told_) question.policy.manager_host_name = name_told_(question.policy, question.connection.connectivity);
    co_return std::move(question);
}

/// Systems of a list may come without a family.
net::Task<Result<family::FamilyPtr>> Surveyor::family_of(System& system) {
    if (!system.family.empty()) co_return families_.get(system.family);
    auto const place = co_await observer_.locate(system);
    if (place.address.empty()) co_return fail(place.error.value_or(Error(errors::net::unknown_host, {{"name", system.host_name}})));
    CS_CO_TRY(auto family, co_await recognise_family(observer_.wire(), families_, system, place.address));
    auto const take = [family](System& stored) {
        if (!stored.family.empty()) return std::string();
        stored.family = family->id;
        if (stored.user.empty()) stored.user = family->login.user;
        return "recognised as " + family->id;
    };
    CS_CO_TRY(system, co_await store_.update_system(system.id, take, "manager"));
    co_return family;
}

namespace {

/// A port that did not answer this time was not asked: what is known of it stays.
void keep_old_tls(Observation& observation, std::vector<OldTls> const& known) {
    for (auto const& one : known) {
        auto const is_same = [&one](auto const& other) { return other.service == one.service && other.port == one.port; };
        bool const asked = std::ranges::any_of(observation.old_tls, is_same);
        auto const seen = std::ranges::find_if(observation.services, is_same);
        bool const gone = seen == observation.services.end() || seen->state == net::PortState::refused;
        if (!asked && !gone) observation.old_tls.push_back(one);
    }
}

}  // namespace

net::Task<Result<Survey>> Surveyor::survey(SystemId id, std::optional<JobId> ends, Observer::OldVersions old_versions) {
    CS_CO_TRY(auto asked, co_await question(id));
    asked.old_versions = old_versions;
    Survey survey{.system = asked.system,
                  .before = asked.system.reachability,
                  .family = asked.family,
                  .policy = asked.policy,
                  .trust = asked.trust,
                  .connection = asked.connection,
                  .phonebook = asked.phonebook,
                  .snmp = asked.snmp()};
    auto const known_before = asked.old_tls;
    if (asked.connection.connectivity == Connectivity::behind_firewall) {
        auto& observation = survey.sighting.observation;
        observation.at = clock_->now();
        observation.contact = asked.contact;
        observation.behind_firewall = true;
        observation.account_error = Error(errors::mgr::behind_firewall, {{"system", asked.system.name}});
    } else {
        survey.sighting = co_await observer_.observe(std::move(asked));
    }
    keep_old_tls(survey.sighting.observation, known_before);
    // Before the job may end: nothing can go wrong for it after that.
    if (survey.policy.issuer == Issuer::by_hand) {
        CS_CO_TRY(survey.by_hand, co_await read_by_hand(store_, survey.system, survey.policy, clock_->now()));
        survey.by_hand.days_before = request_days_;
    }
    CS_CO_CHECK(co_await record(survey, ends));
    co_return survey;
}

namespace {

/// What the observation says about the system itself.
void take_results(System& system, Survey const& survey, UtcTime now) {
    auto const& observation = survey.sighting.observation;
    bool const answers = std::ranges::any_of(observation.services, [](auto const& seen) { return seen.state == net::PortState::open; });
    bool const reachable = observation.behind_firewall ? calls_regularly(observation, now) : answers;
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
    // Another unit's are taken when somebody accepted it.
    bool const own = observation.other_unit.empty();
    if (own && !account.serial_number.empty() && (system.serial_number.empty() || sure)) system.serial_number = account.serial_number;
    if (own && !account.mac_address.empty()) system.mac_address = account.mac_address;
    if (account.software.empty()) return;
    system.software = account.software;
    system.secure_only_capable = survey.family->supports_secure_only(account.software, account.feature_keys);
}

}  // namespace

struct Surveyor::Findings {
    // Of the survey: what is stored is stored on another thread, perhaps after the caller is gone.
    System system{};
    Assessment assessment{};
    Opened opened{};
    std::optional<FolderCredential> used{};
    UtcTime now{};
    std::optional<Replacement> other{};        ///< another unit answers: this one
    bool forget_other = false;                 ///< the system's own unit answers, for the first time in this life
    std::optional<ContactEvidence> contact{};  ///< what is known of its calls changed
    bool was_unjudged = false;
    std::optional<SystemTrust> trust{};
    std::vector<Sighted::Shown> shown{};
    std::vector<TicketVerdict> verdicts{};
    std::vector<std::string> service_lines{};
    std::string former_user{};
    std::optional<JobId> ends{};
    bool tickets_changed = false;
};

net::Task<Result<void>> Surveyor::record(Survey& survey, std::optional<JobId> ends) {
    auto const now = clock_->now();
    auto& system = survey.system;
    auto const findings = std::make_shared<Findings>();
    findings->ends = ends;
    findings->former_user = system.user;
    if (survey.sighting.opened == Opened::candidate) system.password_origin = PasswordOrigin::managed;
    if (survey.sighting.opened == Opened::folder) {
        system.password_origin = PasswordOrigin::given;
        if (!survey.sighting.used->user.empty()) system.user = survey.sighting.used->user;
    }
    judge_unit(survey, *findings);
    take_results(system, survey, now);
    auto const& seen = survey.sighting.observation;
    judge_contact(survey, *findings);
    CS_CO_TRY(survey.client, co_await read_client_side(store_, authority_, survey.family, system, seen, survey.policy, now));
    AssessInput const input{.family = *survey.family,
                            .system = system,
                            .observation = survey.sighting.observation,
                            .policy = survey.policy,
                            .now = now,
                            .estate_roots = authority_.roots(),
                            .client = survey.client};
    survey.assessment = assess(input);
    system.level = survey.assessment.level;
    findings->verdicts = judge_tickets(input);
    if (seen.behind_firewall && seen.contact.https && !seen.contact.certificate.empty()) {
        auto const known = co_await store_.inventory().find(seen.contact.certificate);
        // What is not kept is not judged: it was shown before the inventory was.
        if (known && !known->entry.pem.empty()) {
            CS_CO_TRY(auto const shown, pki::Certificate::parse_pem(known->entry.pem));
            findings->verdicts.push_back(judge_end_of_caller(input, shown));
        }
    }
    findings->service_lines = describe_services(seen);
    findings->trust = news_of_trust(survey);
    findings->shown = sighted_.news(system.id, seen);
    findings->system = system;
    findings->assessment = survey.assessment;
    findings->opened = survey.sighting.opened;
    if (survey.sighting.used) findings->used = survey.sighting.used->duplicate();
    findings->now = now;
    auto const stored = co_await store_.write_together([store = &store_, findings] { return store_findings(*store, findings); });
    if (!stored) {
        if (findings->was_unjudged) note_unjudged_call(system.id);
        co_return fail(stored.error());
    }
    remember(survey, *findings);
    announce_("system", system.id);
    if (findings->tickets_changed) announce_("ticket", system.id);
    co_return Result<void>();
}

/// On the store's thread, in one transaction.
net::Task<Result<void>> Surveyor::store_findings(Store& store, std::shared_ptr<Findings> findings) {
    auto const id = findings->system.id;
    if (findings->opened == Opened::candidate) CS_CO_CHECK(co_await store.promote_candidate_password(id));
    if (findings->opened == Opened::folder) CS_CO_CHECK(co_await keep_password(store, findings));
    if (findings->other) CS_CO_CHECK(co_await store.replacements().note(*findings->other));
    if (findings->forget_other) CS_CO_CHECK(co_await store.replacements().forget(id));
    if (findings->contact) CS_CO_CHECK(co_await store.record_contact(id, *findings->contact, "Account"));
    CS_CO_CHECK(co_await store.record_assessment(findings->system, findings->assessment, findings->service_lines));
    if (findings->trust) CS_CO_CHECK(co_await store.certificates().note_trust(*findings->trust));
    for (auto const& one : findings->shown) CS_CO_CHECK(co_await store.inventory().note_served(id, one.service, one.chain));
    CS_CO_TRY(findings->tickets_changed, co_await settle_tickets(store, id, findings->verdicts));
    if (findings->ends) CS_CO_CHECK(co_await store.finish_job(*findings->ends, JobState::succeeded, std::nullopt, findings->now));
    co_return Result<void>();
}

/// What is stored need not be stored again.
void Surveyor::remember(Survey const& survey, Findings const& findings) {
    auto const& system = survey.system;
    auto const& seen = survey.sighting.observation;
    directory_.learn(system, seen.called == system.host_name ? seen.resolved_address : system.address);
    sighted_.remember(system.id, findings.shown);
    std::scoped_lock lock(mutex_);
    // Once it opened, what it refused before may be tried again: a factory reset changes what is right.
    if (seen.account) refused_.erase(system.id);
    old_tls_[system.id] = seen.old_tls;
    for (auto const one : survey.sighting.refused) refused_[system.id].insert(one);
    if (findings.trust) noted_trust_[system.id] = *findings.trust;
    if (findings.forget_other) known_units_.insert(system.id);
}

namespace {

/// It checks whom it calls, or will as soon as it has all that this needs.
bool checks_us(family::Family const& family, Account const& account) {
    if (account.verification_effective) return true;
    auto const is_on = [&account](std::string const& name) {
        auto const stored = account.settings.find(name);
        return stored != account.settings.end() && !stored->second.empty() && !iequals(stored->second, "off");
    };
    return is_on("client.verify") || std::ranges::any_of(family.clients, [&](family::Client const& client) {
               return !client.verify.empty() && is_on(client.verify);
           });
}

}  // namespace

/// Which roots the system trusts, and by which one it is trusted: what the manager's own certificate and the estate's list depend on.
std::optional<SystemTrust> Surveyor::news_of_trust(Survey const& survey) const {
    auto const& observation = survey.sighting.observation;
    SystemTrust seen{.system = survey.system.id, .served_root = {}, .trusted = {}, .verifies = {}};
    if (auto const* service = https_service(*survey.family))
        if (auto const* https = observation.find(service->id); https && !https->presented.empty()) seen.served_root = https->root_sha256;
    // What another unit trusts is not the system's.
    if (observation.account && observation.other_unit.empty()) {
        seen.on_trial = !observation.account->trial.empty();
        seen.trusted = observation.account->trust_fingerprints;
        seen.verifies = checks_us(*survey.family, *observation.account);
    }
    if (!seen.served_root && !seen.trusted) return std::nullopt;
    std::scoped_lock lock(mutex_);
    auto const known = noted_trust_.find(seen.system);
    if (known != noted_trust_.end() && known->second == seen) return std::nullopt;
    return seen;
}

/// Whether the newest call proves that the system checks whom it calls is only as good as the account that says so.
void Surveyor::judge_contact(Survey& survey, Findings& findings) {
    auto& observation = survey.sighting.observation;
    if (!observation.account) return;
    bool const effective = observation.account->verification_effective;
    {
        std::scoped_lock lock(mutex_);
        verification_[survey.system.id] = effective;
        findings.was_unjudged = unjudged_calls_.erase(survey.system.id) > 0;
    }
    auto& contact = observation.contact;
    bool const now_proven = findings.was_unjudged && effective && contact.https && !contact.verified_us;
    bool const disproven = !effective && contact.verified_us;
    if (!now_proven && !disproven) return;
    contact.verified_us = now_proven;
    findings.contact = contact;
}

/// A credential of the folder opened the system: it is the system's own from now on.
net::Task<Result<void>> Surveyor::keep_password(Store& store, std::shared_ptr<Findings> findings) {
    auto const id = findings->system.id;
    auto const used = findings->used->duplicate();
    CS_CO_CHECK(co_await store.set_password(id, used.password.duplicate(), PasswordOrigin::given, "manager"));
    if (used.user.empty() || used.user == findings->former_user) co_return Result<void>();
    auto const take = [user = used.user](System& stored) {
        stored.user = user;
        return std::string("the folder's user ") + user;
    };
    CS_CO_CHECK(co_await store.update_system(id, take, "manager"));
    co_return Result<void>();
}

namespace {

bool differ(std::string const& known, std::string const& seen) { return !known.empty() && !seen.empty() && !iequals(known, seen); }

/// Serial numbers decide; MAC addresses do where one side has no serial number.
bool is_other_unit(System const& known, std::string const& serial_number, std::string const& mac_address) {
    if (!known.serial_number.empty() && !serial_number.empty()) return differ(known.serial_number, serial_number);
    return differ(plain_mac(known.mac_address), plain_mac(mac_address));
}

std::string unit_of(std::string const& serial_number, std::string const& mac_address) {
    auto out = serial_number.empty() ? std::string() : "serial number " + serial_number;
    if (!mac_address.empty()) out += (out.empty() ? "" : ", ") + ("MAC address " + mac_address);
    return out;
}

}  // namespace

/// What answers is compared with what is known: by the account, by a factory certificate, or by what a call from there said.
void Surveyor::judge_unit(Survey& survey, Findings& findings) {
    auto& observation = survey.sighting.observation;
    auto const& system = survey.system;
    Replacement other{.system = system.id, .seen = clock_->now()};
    if (auto const* service = https_service(*survey.family))
        if (auto const* https = observation.find(service->id); https && !https->presented.empty())
            other.fingerprint = https->presented.front().fingerprint();
    std::string how;
    if (observation.account) {
        other.serial_number = observation.account->serial_number;
        other.mac_address = observation.account->mac_address;
        how = "answers";
    } else {
        if (auto const* service = https_service(*survey.family))
            if (auto const* https = observation.find(service->id))
                other.serial_number = factory_serial_number(https->presented, survey.trust.factory, clock_->now());
        how = "shows its factory certificate";
        std::scoped_lock lock(mutex_);
        if (auto claim = claims_.find(system.id); other.serial_number.empty() && claim != claims_.end()) {
            other.serial_number = claim->second.serial_number;
            other.mac_address = claim->second.mac_address;
            how = "calls the manager from its address";
        }
    }
    if (is_other_unit(system, other.serial_number, other.mac_address)) {
        other.evidence = "A unit with " + unit_of(other.serial_number, other.mac_address) + " " + how + "; the system that is known has " +
                         unit_of(system.serial_number, system.mac_address);
        observation.other_unit = other.evidence;
        {
            std::scoped_lock lock(mutex_);
            known_units_.erase(system.id);
        }
        findings.other = std::move(other);
        return;
    }
    if (!observation.account) return;
    std::scoped_lock lock(mutex_);
    claims_.erase(system.id);
    findings.forget_other = !known_units_.contains(system.id);
}

void Surveyor::note_claim(SystemId id, std::string serial_number, std::string mac_address) {
    constexpr std::size_t k_longest = 64;
    if (serial_number.size() > k_longest || mac_address.size() > k_longest) return;
    std::scoped_lock lock(mutex_);
    claims_[id] = {std::move(serial_number), std::move(mac_address)};
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

void Surveyor::forget_verification(SystemId id) {
    std::scoped_lock lock(mutex_);
    verification_.erase(id);
}

void Surveyor::note_unjudged_call(SystemId id) {
    std::scoped_lock lock(mutex_);
    unjudged_calls_.insert(id);
}

std::vector<std::string> describe_services(Observation const& observation) {
    std::vector<std::string> lines;
    auto all = observation.services;
    all.insert(all.end(), observation.elsewhere.begin(), observation.elsewhere.end());
    for (auto const& seen : all) {
        auto line = seen.service + " " + std::to_string(seen.port) + " " + std::string(net::to_string(seen.state));
        if (!seen.tls_version.empty()) line += " " + seen.tls_version + " " + std::string(to_string(seen.trust));
        if (!seen.old_versions.empty()) line += " takes " + join(seen.old_versions, " and ");
        if (!seen.host_key.empty()) line += " " + seen.host_key + " " + std::string(to_string(seen.trust));
        if (!seen.tls_error.empty()) line += " " + seen.tls_error;
        for (auto const& finding : seen.findings) line += "; " + finding.text;
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace countersign::manager
