#include "manager/campaign/campaigns.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

constexpr std::size_t k_plans_at_once = 64;
constexpr std::size_t k_plans_remembered = 32;
constexpr std::size_t k_changed_named = 20;
constexpr std::size_t k_page = 1000;

}  // namespace

Campaigns::Campaigns(net::Runtime& runtime, Store& store, Surveyor& surveyor, Enforcer& enforcer, net::KeyedLock& locks,
                     std::shared_ptr<Clock const> clock, Hooks hooks)
    : runtime_(runtime),
      store_(store),
      surveyor_(surveyor),
      enforcer_(enforcer),
      locks_(locks),
      clock_(std::move(clock)),
      hooks_(std::move(hooks)) {}

void Campaigns::changed(CampaignId id) {
    moving_ = true;
    wake_.raise();
    hooks_.announce("campaign", id);
}

void Campaigns::wake() {
    if (moving_) wake_.raise();
}

void Campaigns::look_again() {
    moving_ = true;
    wake_.raise();
}

void Campaigns::stop() {
    stopping_ = true;
    stopped_.raise();
    wake_.raise();
}

// --- plans ------------------------------------------------------------------------------------------------------------

net::Task<Result<void>> Campaigns::plan_one(std::shared_ptr<SelectionPlan> plan, std::size_t index) {
    auto& one = plan->systems[index];
    auto guard = co_await locks_.acquire(one.system.id);
    CS_CO_TRY(auto survey, co_await surveyor_.survey(one.system.id));
    survey.policy.secure_only = plan->settings.mode;
    if (plan->settings.confirm != Confirm::each) survey.policy.trial_seconds = plan->settings.trial_seconds;
    one.plan = enforcer_.plan(survey);
    one.system = std::move(survey.system);
    co_return Result<void>();
}

net::Task<Result<std::shared_ptr<SelectionPlan const>>> Campaigns::plan(CampaignRequest request) {
    auto const self = shared_from_this();
    if (request.systems.empty()) co_return fail(errors::mgr::bad_selection, {{"detail", "it holds no system"}});
    if (request.systems.size() > k_largest_campaign)
        co_return fail(errors::mgr::bad_selection,
                       {{"detail", "it holds " + std::to_string(request.systems.size()) + " systems; one campaign takes " +
                                       std::to_string(k_largest_campaign) + " at most"}});
    CS_CO_TRY(auto const policy, co_await store_.get_policy());
    auto plan = std::make_shared<SelectionPlan>();
    plan->settings = std::move(request.settings);
    plan->settings.mode = request.mode.value_or(policy.secure_only);
    std::ranges::sort(request.systems);
    auto const doubled = std::ranges::unique(request.systems);
    request.systems.erase(doubled.begin(), doubled.end());
    plan->systems.resize(request.systems.size());
    for (std::size_t i = 0; i < request.systems.size(); ++i) plan->systems[i].system.id = request.systems[i];
    for (auto canary : plan->settings.canaries)
        if (!std::ranges::binary_search(request.systems, canary))
            co_return fail(errors::mgr::bad_selection, {{"detail", "the canary " + std::to_string(canary) + " is not in it"}});
    auto failures = std::make_shared<std::vector<Result<void>>>(request.systems.size());
    co_await net::for_each_bounded(
        request.systems.size(), k_plans_at_once,
        // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
        [this, plan, failures](std::size_t index) -> net::Task<> { (*failures)[index] = co_await plan_one(plan, index); });
    for (auto& failure : *failures)
        if (!failure) co_return fail(std::move(failure).error());
    complete(*plan);
    remember(*plan);
    co_return std::shared_ptr<SelectionPlan const>(plan);
}

void Campaigns::remember(SelectionPlan const& plan) {
    std::scoped_lock lock(mutex_);
    std::erase_if(shown_, [&plan](Shown const& shown) { return shown.digest == plan.digest; });
    shown_.push_back({plan.digest, digests_of(plan)});
    if (shown_.size() > k_plans_remembered) shown_.pop_front();
}

std::string Campaigns::what_changed(std::string const& digest, SelectionPlan const& now) {
    std::scoped_lock lock(mutex_);
    auto const known = std::ranges::find(shown_, digest, &Shown::digest);
    if (known == shown_.end()) return "its digest is " + now.digest + " now";
    auto const names = changed_systems(known->digests, now, k_changed_named);
    if (names.empty()) return "the settings of the campaign are others";
    return "other steps for " + join(names, ", ") + (names.size() == k_changed_named ? " and perhaps more" : "");
}

net::Task<Result<Campaign>> Campaigns::start(CampaignRequest request, std::string actor) {
    auto const self = shared_from_this();
    auto const digest = request.digest;
    // A selection in which systems belong to somebody else is refused before anything is looked at.
    CS_CO_TRY(auto const taken, co_await store().campaigns_of(request.systems));
    if (!taken.empty()) {
        std::vector<Error> problems;
        for (auto const& [system, campaign] : taken) {
            CS_CO_TRY(auto const known, co_await store_.get_system(system));
            problems.push_back(Error(errors::mgr::in_campaign, {{"system", known.name}, {"campaign", std::to_string(campaign)}}));
        }
        co_return fail(gather(std::move(problems)));
    }
    CS_CO_TRY(auto const plan, co_await this->plan(std::move(request)));
    if (!digest.empty() && digest != plan->digest) co_return fail(errors::mgr::plan_changed, {{"detail", what_changed(digest, *plan)}});
    CS_CO_TRY(auto policy, co_await store_.get_policy());
    policy.secure_only = plan->settings.mode;
    CS_CO_CHECK(co_await hooks_.check_readiness(std::move(policy)));
    Campaign campaign{.settings = plan->settings, .digest = plan->digest};
    std::vector<Member> members;
    members.reserve(plan->systems.size());
    for (auto const& one : plan->systems)
        members.push_back({.system = one.system.id, .name = one.system.name, .family = one.system.family, .wave = one.wave});
    CS_CO_TRY(auto const id, co_await store().add(std::move(campaign), std::move(members), std::move(actor)));
    changed(id);
    co_return co_await store().get(id);
}

// --- commands ---------------------------------------------------------------------------------------------------------

net::Task<Result<Campaign>> Campaigns::pause(CampaignId id, std::string actor) {
    auto const self = shared_from_this();
    auto done = co_await store().pause(id, std::move(actor));
    if (done) changed(id);
    co_return done;
}

net::Task<Result<Campaign>> Campaigns::resume(CampaignId id, bool retry, std::string actor) {
    auto const self = shared_from_this();
    auto done = co_await store().resume(id, retry, std::move(actor));
    if (done) changed(id);
    co_return done;
}

net::Task<Result<Campaign>> Campaigns::cancel(CampaignId id, std::string actor) {
    auto const self = shared_from_this();
    auto done = co_await store().cancel(id, std::move(actor));
    if (done) changed(id);
    co_return done;
}

net::Task<Result<int>> Campaigns::confirm(CampaignId id, std::optional<int> wave, std::string actor) {
    auto const self = shared_from_this();
    auto done = co_await store().confirm(id, wave, std::move(actor));
    if (done) changed(id);
    hooks_.wake_engine();
    co_return done;
}

net::Task<Result<int>> Campaigns::roll_back(CampaignId id, int wave, std::string actor) {
    auto const self = shared_from_this();
    auto done = co_await store().roll_back(id, wave, std::move(actor));
    if (done) changed(id);
    hooks_.wake_engine();
    co_return done;
}

net::Task<Result<std::vector<RollbackOutlook>>> Campaigns::plan_roll_back(CampaignId id, int wave) {
    auto const self = shared_from_this();
    CS_CO_CHECK(co_await store().get(id));
    std::vector<RollbackOutlook> out;
    CampaignStore::MemberFilter filter{.wave = wave, .limit = k_page};
    while (true) {
        CS_CO_TRY(auto const members, co_await store().members(id, filter));
        for (auto const& member : members) {
            CS_CO_TRY(auto const changes, co_await store().changes(id, member.system));
            if (changes.empty() || member.state == MemberState::removed) continue;
            bool const on_trial = member.state == MemberState::proven && member.confirm_by && clock_->now() < *member.confirm_by;
            out.push_back(rollback_outlook(member, changes, on_trial));
        }
        if (members.size() < k_page) co_return out;
        filter.after = members.back().system;
    }
}

namespace {

/// What the catalogue says to do about the member's error; without an error, nothing.
std::string remedy_of(Member const& member) {
    auto const* entry = find_error_entry(member.error_code);
    return entry ? std::string(entry->remedy) : std::string();
}

bool needs_attention(MemberState state) { return is_failure(state) || state == MemberState::below_goal || state == MemberState::proven; }

}  // namespace

net::Task<Result<CampaignReport>> Campaigns::report(CampaignId id) {
    auto const self = shared_from_this();
    CampaignReport out;
    CS_CO_TRY(out.campaign, co_await store().get(id));
    CS_CO_TRY(out.waves, co_await store().wave_counts(id));
    CampaignStore::MemberFilter filter{.limit = k_page};
    while (true) {
        CS_CO_TRY(auto const members, co_await store().members(id, filter));
        for (auto const& member : members) {
            ++out.counts[member.state];
            ++out.families[member.family][member.state];
            if (member.state == MemberState::left_alone && out.left_alone.size() < k_page) out.left_alone.push_back(member);
            if (!needs_attention(member.state) || out.attention.size() >= k_page) continue;
            CS_CO_TRY(auto tickets, co_await store_.list_tickets(TicketState::open, member.system, 10));
            out.attention.push_back({.member = member, .remedy = remedy_of(member), .tickets = std::move(tickets)});
        }
        if (members.size() < k_page) co_return out;
        filter.after = members.back().system;
    }
}

}  // namespace countersign::manager
