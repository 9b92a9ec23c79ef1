#pragma once

/// Campaigns as functions that the API calls, and the loop that moves those under way. Decisions are pure (decide.hpp); each is
/// carried out by one transaction of the store, so that the program may end at any moment and goes on where it was.

#include "manager/campaign/selection_plan.hpp"
#include "manager/enforce/enforcer.hpp"
#include "manager/store/campaign_store.hpp"
#include "net/sync.hpp"

#include <deque>
#include <mutex>

namespace countersign::manager {

/// Largest selection of one campaign: each of its systems is looked at before the start.
inline constexpr std::size_t k_largest_campaign = 5000;

struct CampaignRequest {
    std::vector<SystemId> systems;   ///< the selection, in the order of the numbers
    std::optional<SecureOnly> mode;  ///< nothing: the policy's
    CampaignSettings settings;       ///< `mode` is filled in from the two
    std::string digest;              ///< of the plan that was seen; empty: none was
};

/// A member that needs a person, with what is known of why and what to do.
struct MemberReport {
    Member member;
    std::string remedy;
    std::vector<Ticket> tickets;  ///< open ones of the system
};

struct CampaignReport {
    Campaign campaign;
    MemberCounts counts;
    std::vector<CampaignStore::WaveCounts> waves;
    std::map<std::string, MemberCounts> families;
    std::vector<MemberReport> attention;  ///< failed, undone, below the goal, not rolled back; at most 1,000
    std::vector<Member> left_alone;       ///< at most 1,000
};

class Campaigns : public std::enable_shared_from_this<Campaigns> {
public:
    /// What is needed besides the insides of the manager.
    struct Hooks {
        Announce announce;
        std::function<void()> wake_engine;                                      ///< jobs were queued
        std::function<net::Task<Result<void>>(Policy policy)> check_readiness;  ///< of the manager itself, for the goal (REQ MGR-7)
    };
    Campaigns(net::Runtime& runtime, Store& store, Surveyor& surveyor, Enforcer& enforcer, net::KeyedLock& locks,
              std::shared_ptr<Clock const> clock, Hooks hooks);

    /// Looks at each system now and plans; changes nothing. MGR-044, GEN-003.
    net::Task<Result<std::shared_ptr<SelectionPlan const>>> plan(CampaignRequest request);
    /// Plans again, and starts when the digest is that of the request. MGR-043; MGR-007; MGR-042 for every system in another campaign.
    net::Task<Result<Campaign>> start(CampaignRequest request, std::string actor);
    net::Task<Result<Campaign>> pause(CampaignId id, std::string actor);
    net::Task<Result<Campaign>> resume(CampaignId id, bool retry, std::string actor);
    net::Task<Result<Campaign>> cancel(CampaignId id, std::string actor);
    net::Task<Result<int>> confirm(CampaignId id, std::optional<int> wave, std::string actor);
    /// What roll_back would do to each member of the wave that was changed.
    net::Task<Result<std::vector<RollbackOutlook>>> plan_roll_back(CampaignId id, int wave);
    net::Task<Result<int>> roll_back(CampaignId id, int wave, std::string actor);
    net::Task<Result<CampaignReport>> report(CampaignId id);
    [[nodiscard]] CampaignStore& store() { return store_.campaigns(); }

    /// Moves campaigns until stop(). `owner` keeps alive what this works with.
    void begin(std::shared_ptr<void const> owner);
    void stop();
    /// A job ended, or something else happened that a campaign may wait for.
    void wake();
    /// Another manager on the same database began or changed one.
    void look_again();

private:
    net::Task<Result<void>> plan_one(std::shared_ptr<SelectionPlan> plan, std::size_t index);
    net::Task<> move_all();
    /// Until nothing more can be decided; true when the campaign still moves by events or time.
    net::Task<Result<std::optional<UtcTime>>> move(CampaignId id);
    void remember(SelectionPlan const& plan);
    std::string what_changed(std::string const& digest, SelectionPlan const& now);
    void changed(CampaignId id);

    net::Runtime& runtime_;
    Store& store_;
    Surveyor& surveyor_;
    Enforcer& enforcer_;
    net::KeyedLock& locks_;
    std::shared_ptr<Clock const> clock_;
    Hooks hooks_;
    net::Signal wake_;
    net::Signal stopped_;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> moving_ = true;  ///< there are campaigns that jobs move
    std::mutex mutex_;
    struct Shown {
        std::string digest;
        std::map<std::string, std::string> digests;
    };
    std::deque<Shown> shown_;  ///< newest plans that were shown, to say what changed since
};

}  // namespace countersign::manager
