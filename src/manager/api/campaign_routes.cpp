#include "base/text.hpp"
#include "manager/api/campaign_json.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/system_selection.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

CampaignId id_of(http::Request const& request) {
    auto const found = request.parameters.find("id");
    return found == request.parameters.end() ? 0 : parse_number<CampaignId>(found->second).value_or(0);
}

std::size_t limit_of(http::Request& request) {
    return std::clamp<std::size_t>(parse_number<std::size_t>(request.query["limit"]).value_or(100), 1, 1000);
}

UtcTime now() { return SystemClock().now(); }

/// A body may be absent; then it is an empty object.
Result<json::object> body_of(http::Request const& request) {
    if (request.body.empty()) return json::object();
    return parse_object(request.body);
}

net::Task<http::Response> show(Doors doors, Result<Campaign> campaign, int status) {
    if (!campaign) co_return http::problem(campaign.error());
    auto counts = co_await doors.manager->campaigns().store().counts(campaign->id);
    co_return answer_or_problem(counts, [&campaign](MemberCounts const& value) { return to_json(*campaign, value, now()); }, status);
}

/// The request with its selection; what is wrong with either is said at once.
net::Task<Result<CampaignRequest>> read_request(Doors doors, std::string body, bool name_needed) {
    CS_CO_TRY(auto object, parse_object(body));
    Reader reader(std::move(object));
    if (name_needed) reader.required("name");
    auto request = read_campaign_request(reader);
    auto const selection = read_system_selection(reader);
    CS_CO_CHECK(reader.finish());
    CS_CO_TRY(request.systems, co_await select_systems(doors.manager, selection, k_largest_campaign));
    request.settings.selection = describe(selection);
    co_return request;
}

net::Task<http::Response> plan(Doors doors, http::Request request) {
    auto wanted = co_await read_request(doors, std::move(request.body), false);
    if (!wanted) co_return http::problem(wanted.error());
    auto made = co_await doors.manager->campaigns().plan(*std::move(wanted));
    co_return answer_or_problem(made, [](std::shared_ptr<SelectionPlan const> const& value) { return to_json(*value); });
}

net::Task<http::Response> start(Doors doors, http::Request request) {
    auto wanted = co_await read_request(doors, std::move(request.body), true);
    if (!wanted) co_return http::problem(wanted.error());
    co_return co_await show(doors, co_await doors.manager->campaigns().start(*std::move(wanted), request.user), 201);
}

net::Task<http::Response> list(Doors doors, http::Request request) {
    auto const limit = limit_of(request);
    auto const before = parse_number<CampaignId>(request.query["before"]).value_or(0);
    auto campaigns = co_await doors.manager->campaigns().store().list(before, limit);
    if (!campaigns) co_return http::problem(campaigns.error());
    json::array out;
    for (auto const& campaign : *campaigns) {
        auto counts = co_await doors.manager->campaigns().store().counts(campaign.id);
        if (!counts) co_return http::problem(counts.error());
        out.push_back(to_json(campaign, *counts, now()));
    }
    json::value next = campaigns->size() == limit ? json::value(campaigns->back().id) : json::value(nullptr);
    co_return answer(json::object{{"campaigns", std::move(out)}, {"next", next}});
}

net::Task<http::Response> show_one(Doors doors, http::Request request) {
    co_return co_await show(doors, co_await doors.manager->campaigns().store().get(id_of(request)), 200);
}

net::Task<http::Response> members(Doors doors, http::Request request) {
    CampaignStore::MemberFilter filter;
    if (auto text = request.query["state"]; !text.empty()) {
        filter.state = parse_member_state(text);
        if (!filter.state)
            co_return http::problem(
                Error(errors::gen::invalid_input, {{"field", "state"}, {"detail", "a state of a system in a campaign is expected"}}));
    }
    if (auto text = request.query["wave"]; !text.empty()) {
        filter.wave = parse_number<int>(text);
        if (!filter.wave)
            co_return http::problem(Error(errors::gen::invalid_input, {{"field", "wave"}, {"detail", "a number is expected"}}));
    }
    filter.after = parse_number<SystemId>(request.query["after"]).value_or(0);
    filter.limit = limit_of(request);
    auto campaign = co_await doors.manager->campaigns().store().get(id_of(request));
    if (!campaign) co_return http::problem(campaign.error());
    auto found = co_await doors.manager->campaigns().store().members(campaign->id, filter);
    co_return answer_or_problem(found, [&filter](std::vector<Member> const& values) {
        json::array out;
        for (auto const& member : values) out.push_back(to_json(member));
        json::value next = values.size() == filter.limit ? json::value(values.back().system) : json::value(nullptr);
        return json::object{{"systems", std::move(out)}, {"next", next}};
    });
}

net::Task<http::Response> report(Doors doors, http::Request request) {
    auto made = co_await doors.manager->campaigns().report(id_of(request));
    co_return answer_or_problem(made, [](CampaignReport const& value) { return to_json(value, now()); });
}

net::Task<http::Response> pause(Doors doors, http::Request request) {
    co_return co_await show(doors, co_await doors.manager->campaigns().pause(id_of(request), request.user), 200);
}

net::Task<http::Response> resume(Doors doors, http::Request request) {
    auto body = body_of(request);
    if (!body) co_return http::problem(body.error());
    Reader reader(*std::move(body));
    bool const retry = reader.boolean("retry").value_or(false);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    co_return co_await show(doors, co_await doors.manager->campaigns().resume(id_of(request), retry, request.user), 200);
}

net::Task<http::Response> cancel(Doors doors, http::Request request) {
    co_return co_await show(doors, co_await doors.manager->campaigns().cancel(id_of(request), request.user), 200);
}

net::Task<http::Response> confirm(Doors doors, http::Request request) {
    auto body = body_of(request);
    if (!body) co_return http::problem(body.error());
    Reader reader(*std::move(body));
    auto const wave = reader.number("wave", 0, 100000);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    std::optional<int> only;
    if (wave) only = static_cast<int>(*wave);
    auto done = co_await doors.manager->campaigns().confirm(id_of(request), only, request.user);
    co_return answer_or_problem(done, [](int systems) { return json::object{{"systems", systems}}; }, 202);
}

net::Task<http::Response> plan_roll_back(Doors doors, http::Request request) {
    auto campaign = co_await doors.manager->campaigns().store().get(id_of(request));
    if (!campaign) co_return http::problem(campaign.error());
    auto const wave = parse_number<int>(request.query["wave"]);
    if (!wave)
        co_return http::problem(Error(errors::gen::invalid_input, {{"field", "wave"}, {"detail", "the number of a wave is expected"}}));
    auto outlooks = co_await doors.manager->campaigns().plan_roll_back(id_of(request), *wave);
    co_return answer_or_problem(outlooks, [](std::vector<RollbackOutlook> const& values) {
        json::array out;
        for (auto const& value : values) out.push_back(to_json(value));
        return json::object{{"systems", std::move(out)}};
    });
}

net::Task<http::Response> roll_back(Doors doors, http::Request request) {
    auto body = body_of(request);
    if (!body) co_return http::problem(body.error());
    Reader reader(*std::move(body));
    reader.required("wave");
    auto const wave = reader.number("wave", 0, 100000).value_or(0);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto done = co_await doors.manager->campaigns().roll_back(id_of(request), static_cast<int>(wave), request.user);
    co_return answer_or_problem(done, [](int systems) { return json::object{{"systems", systems}}; }, 202);
}

}  // namespace

void add_campaign_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t limit = 16 * 1024) {
        router.add({std::move(method), std::move(pattern), limit,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/campaigns", list);
    route("POST", "/api/v1/campaigns", start, 1024 * 1024);
    route("POST", "/api/v1/campaigns/plan", plan, 1024 * 1024);
    route("GET", "/api/v1/campaigns/{id}", show_one);
    route("GET", "/api/v1/campaigns/{id}/systems", members);
    route("GET", "/api/v1/campaigns/{id}/report", report);
    route("POST", "/api/v1/campaigns/{id}/pause", pause);
    route("POST", "/api/v1/campaigns/{id}/resume", resume);
    route("POST", "/api/v1/campaigns/{id}/cancel", cancel);
    route("POST", "/api/v1/campaigns/{id}/confirm", confirm);
    route("GET", "/api/v1/campaigns/{id}/rollback", plan_roll_back);
    route("POST", "/api/v1/campaigns/{id}/rollback", roll_back);
}

}  // namespace countersign::manager::api
