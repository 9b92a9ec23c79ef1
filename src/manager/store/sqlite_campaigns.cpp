#include "manager/store/sqlite_campaigns.hpp"

#include "manager/campaign/settings.hpp"
#include "manager/plan/goal.hpp"
#include "manager/store/assessment_json.hpp"
#include "manager/store/sqlite_store.hpp"

#include "countersign/errors/mgr.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::manager::store {

namespace {

std::vector<std::string_view> const k_campaign_columns = {
    "id", "settings", "state", "reason", "wave", "waves", "accepted_failures", "digest", "created", "created_by", "finished"};
std::vector<std::string_view> const k_member_columns = {"m.system",     "m.name",       "m.family",     "m.wave",    "m.state",
                                                        "m.job",        "m.from_level", "m.level",      "m.started", "m.finished",
                                                        "m.confirm_by", "m.error_code", "m.error_text", "m.note"};
constexpr std::size_t k_most_rows = 1000;

Member member_of(Row const& row) {
    return {.system = row.number(0),
            .name = row.text(1),
            .family = row.text(2),
            .wave = row.integer(3),
            .state = parse_member_state(row.text(4)).value_or(MemberState::failed),
            .job = row.number(5),
            .from_level = row.integer(6),
            .level = row.integer(7),
            .started = row.optional_time(8),
            .finished = row.optional_time(9),
            .confirm_by = row.optional_time(10),
            .error_code = row.text(11),
            .error_text = row.text(12),
            .note = row.text(13)};
}

Failure no_such_campaign(CampaignId id) { return fail(errors::gen::not_found, {{"what", "campaign"}, {"name", std::to_string(id)}}); }

MemberCounts counts_in(std::vector<Row> const& rows) {
    MemberCounts out;
    for (auto const& row : rows)
        if (auto state = parse_member_state(row.text(0))) out[*state] += row.integer(1);
    return out;
}

Value number(std::int64_t number) { return value(number); }

}  // namespace

void SqliteCampaigns::record(Database& database, std::string_view actor, std::string_view action, CampaignId id, std::string_view detail) {
    store_.record(database, actor, action, "campaign " + std::to_string(id), detail);
}

Result<std::shared_ptr<TimeZone const>> SqliteCampaigns::zone(std::string_view name) {
    if (auto known = zones_.find(name); known != zones_.end()) return known->second;
    CS_TRY(auto loaded, load_time_zone(name));
    zones_.emplace(std::string(name), loaded);
    return loaded;
}

Result<Campaign> SqliteCampaigns::campaign_of(Row const& row) {
    CS_TRY(auto settings, parse_campaign_settings(row.text(1), [this](std::string_view name) { return zone(name); }));
    return Campaign{.id = row.number(0),
                    .settings = std::move(settings),
                    .state = parse_campaign_state(row.text(2)).value_or(CampaignState::paused),
                    .reason = parse_pause_reason(row.text(3)).value_or(PauseReason::none),
                    .wave = row.integer(4),
                    .waves = row.integer(5),
                    .accepted_failures = row.integer(6),
                    .digest = row.text(7),
                    .created = row.time(8),
                    .created_by = row.text(9),
                    .finished = row.optional_time(10)};
}

Result<Campaign> SqliteCampaigns::read_campaign(Database& database, CampaignId id) {
    auto row = database.select_one(k_campaign_columns, "FROM campaigns WHERE id = :id", {number(id)});
    if (!row) return no_such_campaign(id);
    return campaign_of(*row);
}

Result<Campaign> SqliteCampaigns::read_open(Database& database, CampaignId id) {
    CS_TRY(auto campaign, read_campaign(database, id));
    if (has_ended(campaign.state))
        return fail(errors::mgr::campaign_ended, {{"campaign", std::to_string(id)}, {"state", to_string(campaign.state)}});
    return campaign;
}

void SqliteCampaigns::write_state(Database& database, Campaign const& campaign) {
    database.execute(
        "UPDATE campaigns SET state = :state, reason = :reason, wave = :wave, accepted_failures = :accepted, finished = :finished "
        "WHERE id = :id",
        {value(to_string(campaign.state)), value(to_string(campaign.reason)), number(campaign.wave), number(campaign.accepted_failures),
         value(campaign.finished), number(campaign.id)});
}

Result<void> SqliteCampaigns::check_free(Database& database, CampaignId id, std::vector<SystemId> const& systems) {
    std::vector<Error> problems;
    for (auto system : systems) {
        auto other =
            database.select_one({"campaign", "name"}, "FROM campaign_systems WHERE system = :system AND open = 1 AND campaign <> :id",
                                {number(system), number(id)});
        if (other)
            problems.push_back(
                Error(errors::mgr::in_campaign, {{"system", other->text(1)}, {"campaign", std::to_string(other->number(0))}}));
    }
    if (problems.empty()) return {};
    if (problems.size() == 1) return fail(std::move(problems.front()));
    Error all(errors::gen::several_problems);
    for (auto& problem : problems) all.because(std::move(problem));
    return fail(std::move(all));
}

void SqliteCampaigns::withdraw_jobs(Database& database, CampaignId id, std::vector<Member> const& members) {
    Error const error(errors::mgr::left_to_campaign, {{"campaign", std::to_string(id)}});
    for (auto const& member : members)
        database.execute(
            "UPDATE jobs SET state = 'failed', finished = :now, error_code = :code, error_text = :text "
            "WHERE system = :system AND kind = 'enforce' AND state IN ('queued', 'waiting')",
            {value(store_.now()), value(error.entry().code), value(error.message()), number(member.system)});
}

net::Task<Result<CampaignId>> SqliteCampaigns::add(Campaign campaign, std::vector<Member> members, std::string actor) {
    return store_.write([this, campaign = std::move(campaign), members = std::move(members),
                         actor = std::move(actor)](Database& database) -> Result<CampaignId> {
        std::vector<SystemId> systems;
        int waves = 0;
        for (auto const& member : members) {
            systems.push_back(member.system);
            waves = std::max(waves, member.wave + 1);
            if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {number(member.system)})) return no_such_system(member.system);
        }
        CS_CHECK(check_free(database, 0, systems));
        int const first = std::ranges::any_of(members, [](Member const& member) { return member.wave == 0; }) ? 0 : 1;
        database.execute(
            "INSERT INTO campaigns (settings, state, wave, waves, digest, created, created_by) "
            "VALUES (:settings, 'running', :wave, :waves, :digest, :created, :by)",
            {value(boost::json::serialize(to_json(campaign.settings))), number(first), number(waves), value(campaign.digest),
             value(store_.now()), value(actor)});
        auto const id = database.last_id();
        for (auto const& member : members)
            database.execute(
                "INSERT INTO campaign_systems (campaign, system, name, family, wave, state) "
                "VALUES (:campaign, :system, :name, :family, :wave, 'pending')",
                {number(id), number(member.system), value(member.name), value(member.family), number(member.wave)});
        withdraw_jobs(database, id, members);
        record(database, actor, "campaign.start", id,
               campaign.settings.name + ": " + std::to_string(members.size()) + " systems, " + campaign.settings.selection);
        return id;
    });
}

net::Task<Result<Campaign>> SqliteCampaigns::get(CampaignId id) {
    return store_.read([this, id](Database& database) { return read_campaign(database, id); });
}

net::Task<Result<std::vector<Campaign>>> SqliteCampaigns::list(CampaignId before, std::size_t limit) {
    return store_.read([this, before, limit](Database& database) -> Result<std::vector<Campaign>> {
        std::vector<Campaign> out;
        auto const most = static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, k_most_rows));
        for (auto const& row :
             database.select(k_campaign_columns, "FROM campaigns WHERE :before = 0 OR id < :below ORDER BY id DESC LIMIT :limit",
                             {number(before), number(before), number(most)})) {
            CS_TRY(auto campaign, campaign_of(row));
            out.push_back(std::move(campaign));
        }
        return out;
    });
}

net::Task<Result<MemberCounts>> SqliteCampaigns::counts(CampaignId id) {
    return store_.read([id](Database& database) -> Result<MemberCounts> {
        return counts_in(database.select({"state", "count(*)"}, "FROM campaign_systems WHERE campaign = :id GROUP BY state", {number(id)}));
    });
}

net::Task<Result<std::vector<CampaignStore::WaveCounts>>> SqliteCampaigns::wave_counts(CampaignId id) {
    return store_.read([id](Database& database) -> Result<std::vector<WaveCounts>> {
        std::vector<WaveCounts> out;
        for (auto const& row :
             database.select({"wave", "state", "count(*)"}, "FROM campaign_systems WHERE campaign = :id GROUP BY wave, state ORDER BY wave",
                             {number(id)})) {
            if (out.empty() || out.back().wave != row.integer(0)) out.push_back({.wave = row.integer(0), .counts = {}});
            if (auto state = parse_member_state(row.text(1))) out.back().counts[*state] = row.integer(2);
        }
        return out;
    });
}

net::Task<Result<std::vector<Member>>> SqliteCampaigns::members(CampaignId id, MemberFilter filter) {
    return store_.read([id, filter](Database& database) -> Result<std::vector<Member>> {
        std::string rest = "FROM campaign_systems AS m WHERE m.campaign = :id AND m.system > :after";
        std::vector<Value> values{number(id), number(filter.after)};
        if (filter.state) {
            rest += " AND m.state = :state";
            values.push_back(value(to_string(*filter.state)));
        }
        if (filter.wave) {
            rest += " AND m.wave = :wave";
            values.push_back(number(*filter.wave));
        }
        rest += " ORDER BY m.system LIMIT :limit";
        values.push_back(number(static_cast<std::int64_t>(std::clamp<std::size_t>(filter.limit, 1, k_most_rows))));
        std::vector<Member> out;
        for (auto const& row : database.select(k_member_columns, rest, std::move(values))) out.push_back(member_of(row));
        return out;
    });
}

net::Task<Result<std::vector<CampaignId>>> SqliteCampaigns::moving() {
    return store_.read([](Database& database) -> Result<std::vector<CampaignId>> {
        std::vector<CampaignId> out;
        for (auto const& row :
             database.select({"id"},
                             "FROM campaigns AS c WHERE state = 'running' OR EXISTS (SELECT 1 FROM campaign_systems AS m "
                             "WHERE m.campaign = c.id AND m.state IN ('started', 'proven', 'confirming', 'rolling_back')) "
                             "ORDER BY id"))
            out.push_back(row.number(0));
        return out;
    });
}

net::Task<Result<Situation>> SqliteCampaigns::situation(CampaignId id) {
    return store_.read([this, id](Database& database) -> Result<Situation> {
        Situation out;
        CS_TRY(out.campaign, read_campaign(database, id));
        out.now = store_.now();
        out.counts =
            counts_in(database.select({"state", "count(*)"}, "FROM campaign_systems WHERE campaign = :id GROUP BY state", {number(id)}));
        auto const failed = database.select_one(
            {"count(*)"}, "FROM campaign_systems WHERE campaign = :id AND wave = 0 AND state IN ('failed', 'undone', 'rollback_failed')",
            {number(id)});
        out.canaries_failed = failed ? failed->integer(0) : 0;
        auto columns = k_member_columns;
        columns.insert(columns.end(),
                       {"j.state", "j.steps", "j.error_code", "j.error_text", "s.id", "s.secure_only_capable", "s.level", "s.trial"});
        for (auto const& row : database.select(
                 columns,
                 "FROM campaign_systems AS m LEFT JOIN jobs AS j ON j.id = m.job LEFT JOIN systems AS s ON s.id = m.system "
                 "WHERE m.campaign = :id AND (m.wave = :wave OR m.state IN ('started', 'proven', 'confirming', 'rolling_back')) "
                 "ORDER BY m.system",
                 {number(id), number(out.campaign.wave)})) {
            MemberView view{.member = member_of(row)};
            if (!row.is_null(14))
                view.job = MemberView::JobView{.state = parse_job_state(row.text(14)).value_or(JobState::failed),
                                               .steps = row.integer(15),
                                               .error_code = row.text(16),
                                               .error_text = row.text(17)};
            view.exists = !row.is_null(18);
            view.capable = row.flag(19);
            view.level = row.integer(20);
            view.on_trial = !row.text(21).empty() && view.member.confirm_by && *view.member.confirm_by > out.now;
            // Documents are read where they will be needed.
            bool const ended = view.job && view.job->state == JobState::succeeded && is_under_way(view.member.state);
            if (ended && (!view.capable || view.level < goal_level(out.campaign.settings.mode))) {
                auto const document =
                    database.select_one({"document"}, "FROM assessments WHERE system = :id", {number(view.member.system)});
                auto const assessment = document ? parse_assessment(document->text(0)) : Result<Assessment>(Assessment());
                if (assessment) view.why = assessment->why;
                if (auto const waits = why_waiting(database, view.member.system); !waits.empty())
                    view.why += (view.why.empty() ? "" : " ") + waits;
            }
            out.members.push_back(std::move(view));
        }
        return out;
    });
}

}  // namespace countersign::manager::store
