#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/certificates/certification.hpp"
#include "manager/certificates/own_certificate.hpp"
#include "manager/metrics/metrics.hpp"
#include "manager/store/statistics_store.hpp"

#include "countersign/errors/mgr.hpp"

#include <chrono>
#include <mutex>
#include <optional>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Anybody may ask, as often as he likes: the manager looks at most once in this time.
constexpr std::chrono::seconds k_ready_kept{2};

class LastAnswer {
public:
    std::optional<http::Response> get() {
        std::scoped_lock lock(mutex_);
        return std::chrono::steady_clock::now() < until_ ? answer_ : std::nullopt;
    }
    void keep(http::Response answer) {
        std::scoped_lock lock(mutex_);
        answer_ = std::move(answer);
        until_ = std::chrono::steady_clock::now() + k_ready_kept;
    }

private:
    std::mutex mutex_;
    std::optional<http::Response> answer_;
    std::chrono::steady_clock::time_point until_;
};

/// What stands in the way of serving the estate, by name alone: anybody may ask, so nothing else is said.
net::Task<http::Response> look_whether_ready(Doors doors) {
    json::array checks;
    std::vector<std::string> failed;
    auto const add = [&checks, &failed](std::string_view name, bool passed) {
        checks.push_back(json::object{{"name", name}, {"passed", passed}});
        if (!passed) failed.emplace_back(name);
    };
    auto const asked = co_await doors.manager->store().get_value("ready");
    add("database", asked.has_value());
    auto const own = co_await doors.manager->own_certificate().show();
    auto const now = doors.manager->certification().now();
    add("https_certificate", own && own->active.not_before() <= now && now < own->active.not_after());
    if (!failed.empty()) co_return http::problem(Error(errors::mgr::not_ready, {{"failed", join(failed, ", ")}}));
    co_return answer(json::object{{"status", "ready"}, {"checks", std::move(checks)}});
}

net::Task<http::Response> ready(Doors doors, std::shared_ptr<LastAnswer> last) {
    if (auto known = last->get()) co_return *std::move(known);
    auto fresh = co_await look_whether_ready(std::move(doors));
    last->keep(fresh);
    co_return fresh;
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
    router.add({"GET", "/api/v1/health/ready", 4096,
                [doors, last = std::make_shared<LastAnswer>()](http::Request const&) { return ready(doors, last); }});
    router.add({"GET", "/api/v1/metrics", 4096, [doors](http::Request const&) { return metrics(doors); }});
}

}  // namespace countersign::manager::api
