/// What changes campaigns: decisions, commands of people, and what enforcement tells.

#include "manager/store/sqlite_campaigns.hpp"
#include "manager/store/sqlite_store.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager::store {

namespace {

Value number(std::int64_t number) { return value(number); }

/// Members whose changes can be taken back.
constexpr std::string_view k_changed_members =
    "FROM campaign_systems AS m WHERE m.campaign = :id AND m.wave = :wave AND m.state IN ('proven', 'done', 'below_goal', 'failed', "
    "'undone', 'rollback_failed') AND EXISTS (SELECT 1 FROM campaign_changes AS c WHERE c.campaign = m.campaign AND c.system = m.system) "
    "ORDER BY m.system";

}  // namespace

JobId SqliteCampaigns::queue(Database& database, Campaign const& campaign, SystemId system, JobPurpose purpose) {
    auto const id = store_.queue_one(database, JobKind::enforce, system, "campaign " + std::to_string(campaign.id));
    // One that runs for somebody else goes on as it began, and tells how the system is.
    database.execute("UPDATE jobs SET purpose = :purpose, campaign = :campaign, most_attempts = :most WHERE id = :id",
                     {value(to_string(purpose)), number(campaign.id), number(campaign.settings.attempts), number(id)});
    return id;
}

void SqliteCampaigns::put_state(Database& database, CampaignId id, SystemId system, MemberState state) {
    database.execute("UPDATE campaign_systems SET state = :state WHERE campaign = :id AND system = :system",
                     {value(to_string(state)), number(id), number(system)});
}

void SqliteCampaigns::settle(Database& database, Campaign const& campaign, Decision::Settled const& settled, bool& changed) {
    bool const final = is_final(settled.to);
    bool const stays_open = !final || !has_ended(campaign.state);
    // A note that a job left ("what was not taken back") stays when the decision has none.
    auto const rows = database.execute(
        "UPDATE campaign_systems SET state = :state, level = :level, finished = :finished, confirm_by = :until, error_code = :code, "
        "error_text = :text, note = CASE WHEN :said = '' THEN note ELSE :note END, open = :open "
        "WHERE campaign = :id AND system = :system AND state = :from",
        {value(to_string(settled.to)), number(settled.level), final ? value(store_.now()) : Value(), value(settled.confirm_by),
         value(settled.error_code), value(settled.error_text), value(settled.note), value(settled.note), number(stays_open ? 1 : 0),
         number(campaign.id), number(settled.system), value(to_string(settled.from))});
    if (rows == 0) return;
    changed = true;
    if (campaign.state == CampaignState::cancelled && (is_failure(settled.to) || settled.to == MemberState::rolled_back))
        database.execute("DELETE FROM system_goals WHERE system = :system AND campaign = :id AND hold = 0",
                         {number(settled.system), number(campaign.id)});
    store_.record(database, "manager", "campaign.system", subject_of(settled.system),
                  "campaign " + std::to_string(campaign.id) + ": " + std::string(to_string(settled.to)) +
                      (settled.error_text.empty() ? "" : ": " + settled.error_text));
}

bool SqliteCampaigns::start(Database& database, Campaign const& campaign, SystemId system, MemberState from) {
    bool const begins = from == MemberState::pending;
    auto const known = database.select_one({"s.level"},
                                           "FROM campaign_systems AS m JOIN systems AS s ON s.id = m.system "
                                           "WHERE m.campaign = :id AND m.system = :system AND m.state = :state",
                                           {number(campaign.id), number(system), value(to_string(from))});
    if (!known) return false;
    auto const& settings = campaign.settings;
    if (begins) {
        bool const waits = settings.confirm != Confirm::each;
        database.execute(
            "INSERT INTO system_goals (system, mode, hold, trial_seconds, campaign) VALUES (:system, :mode, 0, :trial, :campaign) "
            "ON CONFLICT (system) DO UPDATE SET mode = excluded.mode, hold = 0, trial_seconds = excluded.trial_seconds, "
            "campaign = excluded.campaign",
            {number(system), value(to_string(settings.mode)), number(waits ? settings.trial_seconds : 0), number(campaign.id)});
        database.execute(
            "UPDATE campaign_systems SET from_level = CASE WHEN started IS NULL THEN :level ELSE from_level END, started = :now, "
            "finished = NULL, confirm_by = NULL, error_code = '', error_text = '', note = '' WHERE campaign = :id AND system = :system",
            {number(known->number(0)), value(store_.now()), number(campaign.id), number(system)});
    }
    auto purpose = JobPurpose::confirm;
    if (begins) purpose = settings.confirm == Confirm::each ? JobPurpose::enforce : JobPurpose::prove;
    auto const job = queue(database, campaign, system, purpose);
    database.execute(
        "UPDATE campaign_systems SET state = :state, job = :job WHERE campaign = :id AND system = :system",
        {value(to_string(begins ? MemberState::started : MemberState::confirming)), number(job), number(campaign.id), number(system)});
    return true;
}

net::Task<Result<bool>> SqliteCampaigns::apply(CampaignId id, Decision decision) {
    return store_.write([this, id, decision = std::move(decision)](Database& database) -> Result<bool> {
        CS_TRY(auto campaign, read_campaign(database, id));
        bool changed = false;
        for (auto const& settled : decision.settled) settle(database, campaign, settled, changed);
        if (campaign.state == CampaignState::cancelled) {
            for (auto system : decision.roll_back) {
                auto const job = queue(database, campaign, system, JobPurpose::roll_back);
                changed = database.execute(
                              "UPDATE campaign_systems SET state = 'rolling_back', job = :job WHERE campaign = :id AND system = :system "
                              "AND state = 'proven'",
                              {number(job), number(id), number(system)}) > 0 ||
                          changed;
            }
            return changed;
        }
        if (campaign.state != CampaignState::running) return changed;
        for (auto system : decision.start) changed = start(database, campaign, system, MemberState::pending) || changed;
        for (auto system : decision.confirm) changed = start(database, campaign, system, MemberState::proven) || changed;
        if (decision.pause != PauseReason::none) {
            campaign.state = CampaignState::paused;
            campaign.reason = decision.pause;
            record(database, "manager", "campaign.pause", id, to_string(decision.pause));
        } else if (decision.next_wave && *decision.next_wave > campaign.wave) {
            campaign.wave = *decision.next_wave;
            record(database, "manager", "campaign.wave", id, std::to_string(campaign.wave));
        } else if (decision.finish) {
            campaign.state = CampaignState::done;
            campaign.finished = store_.now();
            database.execute("UPDATE campaign_systems SET open = 0 WHERE campaign = :id", {number(id)});
            record(database, "manager", "campaign.done", id, "");
        } else {
            return changed;
        }
        write_state(database, campaign);
        return true;
    });
}

net::Task<Result<Campaign>> SqliteCampaigns::pause(CampaignId id, std::string actor) {
    return store_.write([this, id, actor = std::move(actor)](Database& database) -> Result<Campaign> {
        CS_TRY(auto campaign, read_open(database, id));
        if (campaign.state == CampaignState::paused) return campaign;
        campaign.state = CampaignState::paused;
        campaign.reason = PauseReason::by_hand;
        write_state(database, campaign);
        record(database, actor, "campaign.pause", id, to_string(campaign.reason));
        return campaign;
    });
}

net::Task<Result<Campaign>> SqliteCampaigns::resume(CampaignId id, bool retry, std::string actor) {
    return store_.write([this, id, retry, actor = std::move(actor)](Database& database) -> Result<Campaign> {
        CS_TRY(auto campaign, read_open(database, id));
        std::int64_t again = 0;
        if (retry)
            again = database.execute(
                "UPDATE campaign_systems SET state = 'pending', wave = :wave, finished = NULL, confirm_by = NULL WHERE campaign = :id AND "
                "state IN ('failed', 'undone')",
                {number(campaign.wave), number(id)});
        auto const failed = database.select_one(
            {"count(*)"}, "FROM campaign_systems WHERE campaign = :id AND state IN ('failed', 'undone', 'rollback_failed')", {number(id)});
        campaign.accepted_failures = failed ? failed->integer(0) : 0;
        campaign.state = CampaignState::running;
        campaign.reason = PauseReason::none;
        write_state(database, campaign);
        record(database, actor, "campaign.resume", id, retry ? std::to_string(again) + " systems again" : "");
        return campaign;
    });
}

net::Task<Result<Campaign>> SqliteCampaigns::cancel(CampaignId id, std::string actor) {
    return store_.write([this, id, actor = std::move(actor)](Database& database) -> Result<Campaign> {
        CS_TRY(auto campaign, read_open(database, id));
        campaign.state = CampaignState::cancelled;
        campaign.reason = PauseReason::none;
        campaign.finished = store_.now();
        write_state(database, campaign);
        database.execute("UPDATE campaign_systems SET state = 'skipped', finished = :now WHERE campaign = :id AND state = 'pending'",
                         {value(store_.now()), number(id)});
        database.execute(
            "DELETE FROM system_goals WHERE campaign = :id AND hold = 0 AND system IN (SELECT system FROM campaign_systems WHERE "
            "campaign = :same AND state IN ('failed', 'undone', 'skipped'))",
            {number(id), number(id)});
        database.execute(
            "UPDATE campaign_systems SET open = 0 WHERE campaign = :id AND state NOT IN ('started', 'proven', 'confirming', "
            "'rolling_back')",
            {number(id)});
        record(database, actor, "campaign.cancel", id, "");
        return campaign;
    });
}

net::Task<Result<int>> SqliteCampaigns::confirm(CampaignId id, std::optional<int> wave, std::string actor) {
    return store_.write([this, id, wave, actor = std::move(actor)](Database& database) -> Result<int> {
        CS_TRY(auto campaign, read_open(database, id));
        std::string rest = "FROM campaign_systems WHERE campaign = :id AND state = 'proven'";
        std::vector<Value> values{number(id)};
        if (wave) {
            rest += " AND wave = :wave";
            values.push_back(number(*wave));
        }
        int confirmed = 0;
        for (auto const& row : database.select({"system"}, rest, std::move(values)))
            confirmed += start(database, campaign, row.number(0), MemberState::proven) ? 1 : 0;
        if (confirmed == 0)
            return fail(errors::mgr::nothing_to_do, {{"campaign", std::to_string(id)}, {"detail", "no system waits for confirmation"}});
        record(database, actor, "campaign.confirm", id, std::to_string(confirmed) + " systems");
        return confirmed;
    });
}

net::Task<Result<int>> SqliteCampaigns::roll_back(CampaignId id, int wave, std::string actor) {
    return store_.write([this, id, wave, actor = std::move(actor)](Database& database) -> Result<int> {
        CS_TRY(auto campaign, read_campaign(database, id));
        auto const name = std::to_string(id);
        auto const busy = database.select_one({"count(*)"},
                                              "FROM campaign_systems WHERE campaign = :id AND wave = :wave AND state IN ('started', "
                                              "'confirming', 'rolling_back')",
                                              {number(id), number(wave)});
        if (busy && busy->number(0) > 0)
            return fail(errors::mgr::wave_busy, {{"campaign", name}, {"wave", std::to_string(wave)}, {"number", busy->text(0)}});
        std::vector<SystemId> systems;
        for (auto const& row : database.select({"m.system"}, k_changed_members, {number(id), number(wave)}))
            systems.push_back(row.number(0));
        if (systems.empty())
            return fail(errors::mgr::nothing_to_do,
                        {{"campaign", name}, {"detail", "nothing was changed in wave " + std::to_string(wave)}});
        CS_CHECK(check_free(database, id, systems));
        for (auto system : systems) {
            // The job goes back whatever the policy wants; afterwards nobody but a person takes the system to a goal.
            database.execute(
                "INSERT INTO system_goals (system, mode, hold, trial_seconds, campaign) SELECT :system, :mode, 1, 0, :campaign "
                "WHERE EXISTS (SELECT 1 FROM systems WHERE id = :same) ON CONFLICT (system) DO UPDATE SET hold = 1, campaign = "
                "excluded.campaign",
                {number(system), value(to_string(campaign.settings.mode)), number(id), number(system)});
            if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {number(system)})) continue;
            auto const job = queue(database, campaign, system, JobPurpose::roll_back);
            database.execute(
                "UPDATE campaign_systems SET state = 'rolling_back', open = 1, job = :job, error_code = '', error_text = '', note = '' "
                "WHERE campaign = :id AND system = :system",
                {number(job), number(id), number(system)});
        }
        if (campaign.state == CampaignState::running) {
            campaign.state = CampaignState::paused;
            campaign.reason = PauseReason::rolled_back;
            write_state(database, campaign);
        }
        record(database, actor, "campaign.roll_back", id,
               "wave " + std::to_string(wave) + ", " + std::to_string(systems.size()) + " systems");
        return static_cast<int>(systems.size());
    });
}

net::Task<Result<std::optional<SystemGoal>>> SqliteCampaigns::find_goal(SystemId system) {
    return store_.read([system](Database& database) -> Result<std::optional<SystemGoal>> {
        auto row =
            database.select_one({"mode", "hold", "trial_seconds", "campaign"}, "FROM system_goals WHERE system = :id", {number(system)});
        if (!row) return std::nullopt;
        return SystemGoal{.mode = parse_secure_only(row->text(0)).value_or(SecureOnly::off),
                          .hold = row->flag(1),
                          .trial_seconds = row->integer(2),
                          .campaign = row->number(3)};
    });
}

net::Task<Result<std::set<SystemId>>> SqliteCampaigns::held() {
    return store_.read([](Database& database) -> Result<std::set<SystemId>> {
        std::set<SystemId> out;
        for (auto const& row :
             database.select({"system"}, "FROM campaign_systems WHERE open = 1 UNION SELECT system FROM system_goals WHERE hold = 1"))
            out.insert(row.number(0));
        return out;
    });
}

net::Task<Result<std::map<SystemId, CampaignId>>> SqliteCampaigns::under_way() {
    return store_.read([](Database& database) -> Result<std::map<SystemId, CampaignId>> {
        std::map<SystemId, CampaignId> out;
        for (auto const& row : database.select({"system", "campaign"},
                                               "FROM campaign_systems WHERE open = 1 AND state IN ('started', 'proven', 'confirming', "
                                               "'rolling_back')"))
            out[row.number(0)] = row.number(1);
        return out;
    });
}

net::Task<Result<std::map<SystemId, CampaignId>>> SqliteCampaigns::campaigns_of(std::vector<SystemId> systems) {
    return store_.read([systems = std::move(systems)](Database& database) -> Result<std::map<SystemId, CampaignId>> {
        std::map<SystemId, CampaignId> out;
        for (auto system : systems)
            if (auto row = database.select_one({"campaign"}, "FROM campaign_systems WHERE system = :id AND open = 1", {number(system)}))
                out[system] = row->number(0);
        return out;
    });
}

net::Task<Result<void>> SqliteCampaigns::release(std::vector<SystemId> systems) {
    return store_.write([systems = std::move(systems)](Database& database) -> Result<void> {
        for (auto system : systems) database.execute("DELETE FROM system_goals WHERE system = :id AND hold = 1", {number(system)});
        return {};
    });
}

net::Task<Result<bool>> SqliteCampaigns::has_goals_beyond_off() {
    return store_.read([](Database& database) -> Result<bool> {
        return database.select_one({"system"}, "FROM system_goals WHERE mode <> 'off' LIMIT 1").has_value();
    });
}

net::Task<Result<void>> SqliteCampaigns::end_goals() {
    return store_.write([](Database& database) -> Result<void> {
        database.execute("DELETE FROM system_goals WHERE system NOT IN (SELECT system FROM campaign_systems WHERE open = 1)");
        return {};
    });
}

net::Task<Result<void>> SqliteCampaigns::note_changes(CampaignId id, SystemId system, std::vector<MemberChange> changes) {
    return store_.write([id, system, changes = std::move(changes)](Database& database) -> Result<void> {
        for (auto const& change : changes)
            database.execute(
                "INSERT INTO campaign_changes (campaign, system, canonical, old_value) SELECT :campaign, :system, :canonical, :old "
                "WHERE EXISTS (SELECT 1 FROM campaigns WHERE id = :same) ON CONFLICT DO NOTHING",
                {number(id), number(system), value(change.canonical), value(change.old_value), number(id)});
        return {};
    });
}

net::Task<Result<std::vector<MemberChange>>> SqliteCampaigns::changes(CampaignId id, SystemId system) {
    return store_.read([id, system](Database& database) -> Result<std::vector<MemberChange>> {
        std::vector<MemberChange> out;
        for (auto const& row : database.select({"canonical", "old_value"},
                                               "FROM campaign_changes WHERE campaign = :id AND system = :system ORDER BY canonical",
                                               {number(id), number(system)}))
            out.push_back({.canonical = row.text(0), .old_value = row.text(1)});
        return out;
    });
}

net::Task<Result<void>> SqliteCampaigns::forget_changes(CampaignId id, SystemId system) {
    return store_.write([id, system](Database& database) -> Result<void> {
        database.execute("DELETE FROM campaign_changes WHERE campaign = :id AND system = :system", {number(id), number(system)});
        return {};
    });
}

net::Task<Result<void>> SqliteCampaigns::note_trial(CampaignId id, SystemId system, UtcTime ends) {
    return store_.write([id, system, ends](Database& database) -> Result<void> {
        database.execute("UPDATE campaign_systems SET confirm_by = :ends WHERE campaign = :id AND system = :system",
                         {value(ends), number(id), number(system)});
        return {};
    });
}

net::Task<Result<void>> SqliteCampaigns::note_result(CampaignId id, SystemId system, std::string note) {
    return store_.write([id, system, note = std::move(note)](Database& database) -> Result<void> {
        database.execute("UPDATE campaign_systems SET note = :note WHERE campaign = :id AND system = :system",
                         {value(note), number(id), number(system)});
        return {};
    });
}

}  // namespace countersign::manager::store
