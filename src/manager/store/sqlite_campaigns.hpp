#pragma once

/// CampaignStore over the store's queue: campaigns, their members, what they changed, and the goals of systems.

#include "manager/store/campaign_store.hpp"
#include "manager/store/database.hpp"

namespace countersign::manager::store {

class SqliteStore;

class SqliteCampaigns final : public CampaignStore {
public:
    explicit SqliteCampaigns(SqliteStore& store) : store_(store) {}

    net::Task<Result<CampaignId>> add(Campaign campaign, std::vector<Member> members, std::string actor) override;
    net::Task<Result<Campaign>> get(CampaignId id) override;
    net::Task<Result<std::vector<Campaign>>> list(CampaignId before, std::size_t limit) override;
    net::Task<Result<MemberCounts>> counts(CampaignId id) override;
    net::Task<Result<std::vector<Member>>> members(CampaignId id, MemberFilter filter) override;
    net::Task<Result<std::vector<WaveCounts>>> wave_counts(CampaignId id) override;
    net::Task<Result<std::vector<CampaignId>>> moving() override;
    net::Task<Result<Situation>> situation(CampaignId id) override;
    net::Task<Result<bool>> apply(CampaignId id, Decision decision) override;
    net::Task<Result<Campaign>> pause(CampaignId id, std::string actor) override;
    net::Task<Result<Campaign>> resume(CampaignId id, bool retry, std::string actor) override;
    net::Task<Result<Campaign>> cancel(CampaignId id, std::string actor) override;
    net::Task<Result<int>> confirm(CampaignId id, std::optional<int> wave, std::string actor) override;
    net::Task<Result<int>> roll_back(CampaignId id, int wave, std::string actor) override;
    net::Task<Result<std::optional<SystemGoal>>> find_goal(SystemId system) override;
    net::Task<Result<std::set<SystemId>>> held() override;
    net::Task<Result<std::map<SystemId, CampaignId>>> under_way() override;
    net::Task<Result<std::map<SystemId, CampaignId>>> campaigns_of(std::vector<SystemId> systems) override;
    net::Task<Result<void>> release(std::vector<SystemId> systems) override;
    net::Task<Result<bool>> has_goals_beyond_off() override;
    net::Task<Result<void>> end_goals() override;
    net::Task<Result<void>> note_changes(CampaignId id, SystemId system, std::vector<MemberChange> changes) override;
    net::Task<Result<std::vector<MemberChange>>> changes(CampaignId id, SystemId system) override;
    net::Task<Result<void>> forget_changes(CampaignId id, SystemId system) override;
    net::Task<Result<void>> note_trial(CampaignId id, SystemId system, UtcTime ends) override;
    net::Task<Result<void>> note_result(CampaignId id, SystemId system, std::string note) override;

private:
    // All on the store's thread, within the transaction of the caller.
    Result<Campaign> read_campaign(Database& database, CampaignId id);
    Result<Campaign> campaign_of(Row const& row);
    /// MGR-048 when it has ended.
    Result<Campaign> read_open(Database& database, CampaignId id);
    Result<std::shared_ptr<TimeZone const>> zone(std::string_view name);
    void write_state(Database& database, Campaign const& campaign);
    void put_state(Database& database, CampaignId id, SystemId system, MemberState state);
    void settle(Database& database, Campaign const& campaign, Decision::Settled const& settled, bool& changed);
    bool start(Database& database, Campaign const& campaign, SystemId system, MemberState from);
    /// Queues the job of a member, or takes the one that is queued for the system already.
    JobId queue(Database& database, Campaign const& campaign, SystemId system, JobPurpose purpose);
    void withdraw_jobs(Database& database, CampaignId id, std::vector<Member> const& members);
    Result<void> check_free(Database& database, CampaignId id, std::vector<SystemId> const& systems);
    void record(Database& database, std::string_view actor, std::string_view action, CampaignId id, std::string_view detail);

    SqliteStore& store_;
    std::map<std::string, std::shared_ptr<TimeZone const>, std::less<>> zones_;  ///< the store's thread only
};

}  // namespace countersign::manager::store
