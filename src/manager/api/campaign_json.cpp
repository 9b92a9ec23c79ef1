#include "manager/api/campaign_json.hpp"

#include "manager/campaign/settings.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::manager::api {

namespace {

constexpr std::int64_t k_most_canaries = 1000;
constexpr std::size_t k_most_waves = 50;
constexpr std::size_t k_most_windows = 20;

json::value or_null(std::optional<UtcTime> const& time) { return time ? json::value(to_string(*time)) : json::value(nullptr); }

json::array to_array(std::vector<std::string> const& texts) { return json::array(texts.begin(), texts.end()); }

json::object to_json(MemberCounts const& counts) {
    json::object out;
    for (auto const& [state, number] : counts) out[to_string(state)] = number;
    return out;
}

int sum(MemberCounts const& counts) {
    int out = 0;
    for (auto const& [state, number] : counts) out += number;
    return out;
}

/// When more can start; null: now, or never again.
json::value waits_until(Campaign const& campaign, UtcTime now) {
    if (campaign.state != CampaignState::running) return nullptr;
    auto const& settings = campaign.settings;
    auto const from = settings.start_at ? std::max(now, *settings.start_at) : now;
    auto const opens = next_open(settings.windows, from);
    if (!opens || *opens <= now) return nullptr;
    return json::value(to_string(*opens));
}

json::object summary_of(SelectionPlan const& plan) {
    auto const summary = summarise(plan);
    json::object outlooks, steps, blocked;
    for (auto outlook : {Outlook::at_goal, Outlook::has_steps, Outlook::blocked, Outlook::below_goal, Outlook::left_alone}) {
        auto const found = summary.outlooks.find(outlook);
        outlooks[to_string(outlook)] = found == summary.outlooks.end() ? 0 : found->second;
    }
    for (auto const& [kind, number] : summary.steps) steps[kind] = number;
    json::array reasons;
    for (auto const& [code, names] : summary.blocked) {
        auto const* entry = find_error_entry(code);
        reasons.push_back(json::object{{"id", code},
                                       {"title", entry ? entry->title : std::string_view()},
                                       {"remedy", entry ? entry->remedy : std::string_view()},
                                       {"systems", to_array(names)}});
    }
    json::array waves;
    for (auto const& [wave, number] : summary.waves) waves.push_back(json::object{{"wave", wave}, {"systems", number}});
    return {{"total", plan.systems.size()},
            {"systems", std::move(outlooks)},
            {"steps", std::move(steps)},
            {"blocked", std::move(reasons)},
            {"left_alone", to_array(summary.left_alone)},
            {"waves", std::move(waves)},
            {"without_trial", summary.without_trial},
            {"new_passwords", summary.new_passwords}};
}

}  // namespace

json::object to_json(Campaign const& campaign, MemberCounts const& counts, UtcTime now) {
    auto const& settings = campaign.settings;
    return {{"id", campaign.id},
            {"name", settings.name},
            {"state", to_string(campaign.state)},
            {"reason", to_string(campaign.reason)},
            {"wave", campaign.wave},
            {"waves", campaign.waves},
            {"systems", sum(counts)},
            {"counts", to_json(counts)},
            {"accepted_failures", campaign.accepted_failures},
            {"waits_until", waits_until(campaign, now)},
            {"digest", campaign.digest},
            {"created", to_string(campaign.created)},
            {"created_by", campaign.created_by},
            {"finished", or_null(campaign.finished)},
            {"settings", manager::to_json(settings)}};
}

json::object to_json(Member const& member) {
    return {{"system", member.system},
            {"name", member.name},
            {"family", member.family},
            {"wave", member.wave},
            {"state", to_string(member.state)},
            {"job", member.job == 0 ? json::value(nullptr) : json::value(member.job)},
            {"from_level", member.from_level},
            {"level", member.level},
            {"started", or_null(member.started)},
            {"finished", or_null(member.finished)},
            {"confirm_by", or_null(member.confirm_by)},
            {"error_code", member.error_code},
            {"error_text", member.error_text},
            {"note", member.note}};
}

json::object to_json(SelectionPlan const& plan) {
    json::array systems;
    for (auto const& one : plan.systems)
        systems.push_back(json::object{{"system", one.system.id},
                                       {"name", one.system.name},
                                       {"family", one.system.family},
                                       {"host_name", one.system.host_name},
                                       {"address", one.system.address},
                                       {"wave", one.wave},
                                       {"outlook", to_string(one.outlook)},
                                       {"digest", one.digest},
                                       {"plan", to_json(one.plan)}});
    return {{"digest", plan.digest},
            {"settings", manager::to_json(plan.settings)},
            {"summary", summary_of(plan)},
            {"systems", std::move(systems)}};
}

json::object to_json(CampaignReport const& report, UtcTime now) {
    json::array waves, families, attention, left_alone;
    for (auto const& wave : report.waves) waves.push_back(json::object{{"wave", wave.wave}, {"counts", to_json(wave.counts)}});
    for (auto const& [family, counts] : report.families) families.push_back(json::object{{"family", family}, {"counts", to_json(counts)}});
    for (auto const& one : report.attention) {
        json::array tickets;
        for (auto const& ticket : one.tickets) tickets.push_back(to_json(ticket, one.member.name));
        auto member = to_json(one.member);
        member["remedy"] = one.remedy;
        member["tickets"] = std::move(tickets);
        attention.push_back(std::move(member));
    }
    for (auto const& member : report.left_alone) left_alone.push_back(to_json(member));
    return {{"campaign", to_json(report.campaign, report.counts, now)},
            {"waves", std::move(waves)},
            {"families", std::move(families)},
            {"attention", std::move(attention)},
            {"left_alone", std::move(left_alone)}};
}

json::object to_json(RollbackOutlook const& outlook) {
    return {{"system", outlook.system},
            {"name", outlook.name},
            {"state", to_string(outlook.state)},
            {"undone", to_array(outlook.undone)},
            {"stays", to_array(outlook.stays)}};
}

CampaignRequest read_campaign_request(Reader& reader) {
    CampaignRequest request;
    auto& settings = request.settings;
    settings.name = reader.text("name", 100).value_or("");
    if (auto mode = reader.text("mode")) {
        request.mode = parse_secure_only(*mode);
        if (!request.mode) reader.problem("mode", "off, on or verify is expected");
    }
    settings.canaries = reader.numbers("canaries", k_most_canaries).value_or(std::vector<SystemId>());
    settings.canary_count = static_cast<int>(reader.number("canary_count", 0, k_most_canaries).value_or(0));
    if (settings.canary_count > 0 && !settings.canaries.empty()) reader.problem("canary_count", "canaries are either named or counted");
    for (auto const& text : reader.texts("waves", k_most_waves).value_or(std::vector<std::string>{"5%", "25%", "100%"})) {
        auto const amount = parse_amount(text);
        if (amount)
            settings.waves.push_back(*amount);
        else
            reader.problem("waves", "each is a number of systems or a part of the selection: 20 or 25%");
    }
    if (auto text = reader.text("stop_on")) {
        auto const amount = parse_amount(*text);
        if (amount)
            settings.stop_on = *amount;
        else
            reader.problem("stop_on", "a number of systems or a part of the selection is expected: 3 or 5%");
    }
    settings.at_once = static_cast<int>(reader.number("at_once", 1, 1000).value_or(settings.at_once));
    settings.attempts = static_cast<int>(reader.number("attempts", 1, 20).value_or(settings.attempts));
    if (auto text = reader.text("confirm")) {
        auto const confirm = parse_confirm(*text);
        if (confirm)
            settings.confirm = *confirm;
        else
            reader.problem("confirm", "hand, wave or each is expected");
    }
    settings.trial_seconds = static_cast<int>(reader.number("trial_seconds", 60, 3600).value_or(settings.trial_seconds));
    for (auto const& text : reader.texts("windows", k_most_windows).value_or(std::vector<std::string>())) {
        auto window = parse_window(text, [](std::string_view zone) { return load_time_zone(zone); });
        if (window)
            settings.windows.push_back(*std::move(window));
        else
            reader.problem("windows", window.error().message() + ". " + std::string(window.error().entry().remedy));
    }
    if (auto text = reader.text("start_at")) {
        settings.start_at = parse_utc_time(*text);
        if (!settings.start_at) reader.problem("start_at", "a time is expected: 2026-12-01T22:00:00+01:00");
    }
    request.digest = reader.text("digest", 100).value_or("");
    return request;
}

}  // namespace countersign::manager::api
