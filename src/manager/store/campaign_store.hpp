#pragma once

/// What the store keeps of campaigns: each function is one transaction, with its audit records. Reached by Store::campaigns().
/// A system is in one open campaign at most, whatever comes together; a member's job is queued together with its change of state, so
/// that it is queued once.

#include "manager/campaign/decide.hpp"
#include "net/task.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace countersign::manager {

class CampaignStore {
public:
    virtual ~CampaignStore() = default;

    /// Members with their waves; `campaign.waves` counts from 0 to the highest wave. Enforcement of members that was queued ends as
    /// failed with MGR-045: the campaign does it. MGR-042 for each system that is in another open campaign; GEN-003.
    virtual net::Task<Result<CampaignId>> add(Campaign campaign, std::vector<Member> members, std::string actor) = 0;
    virtual net::Task<Result<Campaign>> get(CampaignId id) = 0;  ///< GEN-003
    /// Newest first; `before` 0: from the newest. At most 1,000.
    virtual net::Task<Result<std::vector<Campaign>>> list(CampaignId before, std::size_t limit) = 0;
    virtual net::Task<Result<MemberCounts>> counts(CampaignId id) = 0;
    struct MemberFilter {
        std::optional<MemberState> state;
        std::optional<int> wave;
        SystemId after = 0;  ///< cursor: ids above this
        std::size_t limit = 100;
    };
    virtual net::Task<Result<std::vector<Member>>> members(CampaignId id, MemberFilter filter) = 0;
    struct WaveCounts {
        int wave = 0;
        MemberCounts counts;
    };
    virtual net::Task<Result<std::vector<WaveCounts>>> wave_counts(CampaignId id) = 0;

    /// Running, or with members under way or on trial: those that time and jobs move.
    virtual net::Task<Result<std::vector<CampaignId>>> moving() = 0;
    virtual net::Task<Result<Situation>> situation(CampaignId id) = 0;
    /// Carries a decision out as far as nothing changed since: members are settled only from the state that was seen; nothing starts or
    /// ends in a campaign that is not running any more. True when something changed.
    virtual net::Task<Result<bool>> apply(CampaignId id, Decision decision) = 0;

    /// Nothing more starts; what is under way ends. MGR-048 when it ended already.
    virtual net::Task<Result<Campaign>> pause(CampaignId id, std::string actor) = 0;
    /// Goes on; the failures so far count no more. With `retry`, members that failed or went back by themselves get another turn in the
    /// wave under way. MGR-048.
    virtual net::Task<Result<Campaign>> resume(CampaignId id, bool retry, std::string actor) = 0;
    /// Ends it: members whose turn has not come are skipped, those that failed are under the policy again; what is on trial goes back.
    /// MGR-048.
    virtual net::Task<Result<Campaign>> cancel(CampaignId id, std::string actor) = 0;
    /// Proven members are confirmed by jobs; nothing: of all waves. How many. MGR-046 when there are none, MGR-048.
    virtual net::Task<Result<int>> confirm(CampaignId id, std::optional<int> wave, std::string actor) = 0;
    /// Members of the wave that were changed go back by jobs, and the campaign pauses. MGR-047 while some are under way, MGR-046 when
    /// there is nothing to take back, MGR-042 when systems are in another campaign by now.
    virtual net::Task<Result<int>> roll_back(CampaignId id, int wave, std::string actor) = 0;

    // What enforcement asks and tells
    virtual net::Task<Result<std::optional<SystemGoal>>> find_goal(SystemId system) = 0;
    /// Systems that regular enforcement leaves alone: members of open campaigns and those that were rolled back.
    virtual net::Task<Result<std::set<SystemId>>> held() = 0;
    /// Those that a campaign changes at this moment, or that wait for their confirmation or go back; the campaign of each. Others that
    /// are held get new certificates for old ones, and nothing else (Enforcer).
    virtual net::Task<Result<std::map<SystemId, CampaignId>>> under_way() = 0;
    /// Members of open campaigns among these; the campaign of each.
    virtual net::Task<Result<std::map<SystemId, CampaignId>>> campaigns_of(std::vector<SystemId> systems) = 0;
    /// A person takes these in hand: those that were rolled back are not held any more.
    virtual net::Task<Result<void>> release(std::vector<SystemId> systems) = 0;
    /// Some system was taken to Secure-Only by a campaign, whatever the estate's mode is.
    virtual net::Task<Result<bool>> has_goals_beyond_off() = 0;
    /// The mode of the whole estate was changed: goals of systems that are in no open campaign end.
    virtual net::Task<Result<void>> end_goals() = 0;
    /// Before it is done. The first value of each name is kept.
    virtual net::Task<Result<void>> note_changes(CampaignId id, SystemId system, std::vector<MemberChange> changes) = 0;
    virtual net::Task<Result<std::vector<MemberChange>>> changes(CampaignId id, SystemId system) = 0;
    virtual net::Task<Result<void>> forget_changes(CampaignId id, SystemId system) = 0;
    virtual net::Task<Result<void>> note_trial(CampaignId id, SystemId system, UtcTime ends) = 0;
    virtual net::Task<Result<void>> note_result(CampaignId id, SystemId system, std::string note) = 0;
};

}  // namespace countersign::manager
