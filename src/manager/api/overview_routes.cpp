#include "base/text.hpp"
#include "host/files.hpp"
#include "manager/api/campaign_json.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/store/statistics_store.hpp"
#include "manager/store/ticket_desk.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// How many campaigns are looked at for one that is under way; older ones have ended or are seen in their list.
constexpr std::size_t k_newest_campaigns = 20;

json::array levels_json(LevelCounts const& levels) { return json::array(levels.begin(), levels.end()); }

std::int64_t total(LevelCounts const& levels) { return std::accumulate(levels.begin(), levels.end(), std::int64_t{0}); }

std::int64_t tickets_of(EstateOverview const& seen, std::string_view severity) {
    std::int64_t out = 0;
    for (auto const& one : seen.tickets) out += one.severity == severity ? one.count : 0;
    return out;
}

/// "1 system", "3 systems".
std::string several(std::int64_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

struct Next {
    std::string_view kind;
    std::string text;
    std::string_view button;
    std::string place;  ///< path of the page, below its root
};

std::string_view goal_below_4(Policy const& policy) {
    return policy.secure_only == SecureOnly::verify ? "See what holds them back" : "Plan the way to Level 4";
}

/// What a person should do first, the most pressing first. Nothing: all is well.
std::vector<Next> what_next(EstateOverview const& seen, std::optional<Campaign> const& campaign, Policy const& policy) {
    std::vector<Next> out;
    auto const systems = total(seen.levels);
    if (campaign && campaign->state == CampaignState::paused)
        out.push_back({"campaign", "The campaign \u201c" + campaign->settings.name + "\u201d is paused and waits for a decision.",
                       "Open the campaign", "campaigns/" + std::to_string(campaign->id)});
    if (auto const critical = tickets_of(seen, "critical"); critical > 0)
        out.push_back(
            {"tickets",
             several(critical, "critical ticket") + (critical == 1 ? " is" : " are") + " open: find the cause of each and what to do.",
             "Open the critical tickets", "tickets?severity=critical"});
    if (seen.certificates_ended > 0)
        out.push_back({"certificates",
                       several(seen.certificates_ended, "system") + (seen.certificates_ended == 1 ? " has" : " have") +
                           " a certificate that has ended.",
                       "Show them", "systems?expires_before=0&sort=certificate_expires"});
    if (seen.waiting_systems > 0)
        out.push_back({"arrivals", several(seen.waiting_systems, "system") + " called that nobody knows: accept or reject them.",
                       "Show who called", "arrivals"});
    if (policy.manager_host_name.empty() || policy.dns_servers.empty() || policy.ntp_server.empty())
        out.push_back({"settings",
                       "Systems are not told yet which name servers, which time server and which name of the manager they are to use.",
                       "Open the policy", "settings/policy"});
    if (systems == 0 && seen.waiting_systems == 0)
        out.push_back({"empty", "There are no systems yet. Add the first ones by name or address, by list, or by looking for them.",
                       "Add systems", "systems/add"});
    if (seen.capable_below_4 > 0 && !campaign)
        out.push_back(
            {"level",
             several(seen.capable_below_4, "system") + " could be at Level 4 and " + (seen.capable_below_4 == 1 ? "is" : "are") + " not.",
             goal_below_4(policy), policy.secure_only == SecureOnly::verify ? "systems?capable=yes&sort=level" : "secure-only"});
    return out;
}

net::Task<Result<std::optional<Campaign>>> under_way(Doors doors) {
    CS_CO_TRY(auto const newest, co_await doors.manager->campaigns().store().list(0, k_newest_campaigns));
    for (auto const& one : newest)
        if (one.state == CampaignState::running || one.state == CampaignState::paused) co_return std::optional<Campaign>(one);
    co_return std::optional<Campaign>();
}

json::object to_json(EstateOverview const& seen, Policy const& policy) {
    json::array history, certificates, tickets;
    for (auto const& one : seen.history) history.push_back(json::object{{"day", one.day}, {"levels", levels_json(one.levels)}});
    for (auto const& one : seen.certificates) certificates.push_back(json::object{{"day", one.day}, {"count", one.count}});
    for (auto const& one : seen.tickets)
        tickets.push_back(json::object{{"age", one.age}, {"severity", one.severity}, {"count", one.count}});
    return {{"systems", total(seen.levels)},
            {"levels", levels_json(seen.levels)},
            {"history", std::move(history)},
            {"certificates_ended", seen.certificates_ended},
            {"certificates", std::move(certificates)},
            {"tickets", std::move(tickets)},
            {"secure_only", to_string(policy.secure_only)}};
}

net::Task<http::Response> overview(Doors doors) {
    auto const seen = co_await doors.manager->store().statistics().overview();
    if (!seen) co_return http::problem(seen.error());
    auto const policy = co_await doors.manager->store().get_policy();
    if (!policy) co_return http::problem(policy.error());
    auto const jobs = co_await doors.manager->store().count_jobs();
    if (!jobs) co_return http::problem(jobs.error());
    auto const campaign = co_await under_way(doors);
    if (!campaign) co_return http::problem(campaign.error());
    auto out = to_json(*seen, *policy);
    out["jobs"] = api::to_json(*jobs);
    out["campaign"] = nullptr;
    if (*campaign) {
        auto const counts = co_await doors.manager->campaigns().store().counts((*campaign)->id);
        if (!counts) co_return http::problem(counts.error());
        out["campaign"] = api::to_json(**campaign, *counts, SystemClock().now());
    }
    json::array next;
    for (auto const& one : what_next(*seen, *campaign, *policy))
        next.push_back(json::object{{"kind", one.kind}, {"text", one.text}, {"button", one.button}, {"place", one.place}});
    out["next"] = std::move(next);
    co_return answer(out);
}

net::Task<http::Response> counts(Doors doors, http::Request request) {
    auto filter = co_await read_selection(doors.manager, request.query);
    if (!filter) co_return http::problem(filter.error());
    auto const counted = co_await doors.manager->store().statistics().count_systems(*std::move(filter));
    co_return answer_or_problem(counted, [](SystemCounts const& value) {
        json::array families;
        for (auto const& [family, count] : value.families) families.push_back(json::object{{"family", family}, {"count", count}});
        return json::object{{"systems", total(value.levels)}, {"levels", levels_json(value.levels)}, {"families", std::move(families)}};
    });
}

// --- the demonstration estate ---

constexpr std::size_t k_largest_demonstration = 1024UL * 1024;
constexpr std::size_t k_most_vendors = 20;

Error unfit(std::filesystem::path const& file, std::string_view why) {
    return Error(errors::gen::invalid_input, {{"field", file.string()}, {"detail", why}});
}

std::int64_t systems_of(std::string_view list) {
    auto const lines = std::ranges::count_if(split(list, '\n'), [](std::string_view line) { return !trim(line).empty(); });
    return std::max<std::int64_t>(0, lines - 1);  // the first has the names of the fields
}

/// What tools/demo.sh put beside the database: systems.csv, policy.json and vendors/NAME.pem. FIL-001, FIL-003, GEN-001.
Result<json::object> read_demonstration(std::filesystem::path const& folder) {
    std::error_code absent;
    if (!std::filesystem::is_directory(folder, absent))
        return json::object{{"systems", 0}, {"list", ""}, {"vendors", json::array()}, {"policy", json::object()}};
    CS_TRY(auto list, host::read_file(folder / "systems.csv", k_largest_demonstration));
    CS_TRY(auto const policy_text, host::read_file(folder / "policy.json", k_largest_demonstration));
    CS_TRY(auto policy, parse_object(policy_text));
    if (auto fit = read_policy_change(Policy{}, policy_text); !fit)
        return fail(std::move(fit).error().at((folder / "policy.json").string()));
    json::array vendors;
    std::filesystem::directory_iterator files(folder / "vendors", absent);
    for (; !absent && files != std::filesystem::directory_iterator(); files.increment(absent)) {
        auto const& file = files->path();
        if (file.extension() != ".pem") continue;
        if (vendors.size() == k_most_vendors) return fail(unfit(folder / "vendors", "there are too many files"));
        CS_TRY(auto pem, host::read_file(file, k_largest_demonstration));
        vendors.push_back(json::object{{"vendor", file.stem().string()}, {"pem", std::move(pem)}});
    }
    return json::object{
        {"systems", systems_of(list)}, {"list", std::move(list)}, {"vendors", std::move(vendors)}, {"policy", std::move(policy)}};
}

net::Task<http::Response> demonstration(Doors doors) {
    auto const read = read_demonstration(doors.manager->settings().data / "demonstration");
    co_return answer_or_problem(read, [](json::object const& value) { return value; });
}

}  // namespace

void add_overview_routes(http::Router& router, Doors const& doors) {
    router.add({"GET", "/api/v1/overview", 4096, [doors](http::Request const&) { return overview(doors); }});
    router.add({"GET", "/api/v1/demonstration", 4096, [doors](http::Request const&) { return demonstration(doors); }});
    router.add({"GET", "/api/v1/system-counts", 4096, [doors](http::Request request) { return counts(doors, std::move(request)); }});
}

}  // namespace countersign::manager::api
