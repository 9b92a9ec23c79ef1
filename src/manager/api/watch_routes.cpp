#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/certificates/certification.hpp"
#include "manager/certificates/own_certificate.hpp"
#include "manager/metrics/metrics.hpp"
#include "manager/store/statistics_store.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// What stands in the way of serving the estate, by name alone: anybody may ask, so nothing else is said.
net::Task<http::Response> ready(Doors doors) {
    json::array checks;
    std::vector<std::string> failed;
    auto const add = [&checks, &failed](std::string_view name, bool passed) {
        checks.push_back(json::object{{"name", name}, {"passed", passed}});
        if (!passed) failed.emplace_back(name);
    };
    auto const counted = co_await doors.manager->store().count_jobs();
    add("database", counted.has_value());
    auto const own = co_await doors.manager->own_certificate().show();
    auto const now = doors.manager->certification().now();
    add("https_certificate", own && own->active.not_before() <= now && now < own->active.not_after());
    if (!failed.empty()) co_return http::problem(Error(errors::mgr::not_ready, {{"failed", join(failed, ", ")}}));
    co_return answer(json::object{{"status", "ready"}, {"checks", std::move(checks)}});
}

net::Task<http::Response> metrics(Doors doors) {
    auto estate = co_await doors.manager->store().statistics().count_all();
    if (!estate) co_return http::problem(estate.error());
    auto own = co_await doors.manager->own_certificate().show();
    if (!own) co_return http::problem(own.error());
    auto response = http::Response::text(
        200,
        write_metrics({.estate = *std::move(estate), .process = host::process_figures(), .own_certificate_ends = own->active.not_after()}));
    response.fields.set("Content-Type", std::string(k_metrics_type));
    co_return response;
}

}  // namespace

void add_watch_routes(http::Router& router, Doors const& doors) {
    router.add({"GET", "/api/v1/health/live", 4096,
                [](http::Request const&) -> net::Task<http::Response> { co_return answer(json::object{{"status", "alive"}}); }});
    router.add({"GET", "/api/v1/health/ready", 4096, [doors](http::Request const&) { return ready(doors); }});
    router.add({"GET", "/api/v1/metrics", 4096, [doors](http::Request const&) { return metrics(doors); }});
}

}  // namespace countersign::manager::api
