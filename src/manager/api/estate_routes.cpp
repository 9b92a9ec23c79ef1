#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/system_selection.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Numbers in one request; the whole estate has no limit.
constexpr std::size_t k_most_enforced = 100000;

std::size_t limit_of(http::Request& request) {
    return std::clamp<std::size_t>(parse_number<std::size_t>(request.query["limit"]).value_or(100), 1, 1000);
}

template <class T>
net::Task<http::Response> list_of(net::Task<Result<std::vector<T>>> task, std::string_view name) {
    auto list = co_await std::move(task);
    co_return answer_or_problem(list, [name](std::vector<T> const& values) {
        json::array out;
        for (auto const& value : values) out.push_back(to_json(value));
        return json::object{{name, std::move(out)}};
    });
}

net::Task<http::Response> about(Doors doors, http::Request request) {
    (void)request;
    auto policy = co_await doors.manager->store().get_policy();
    if (!policy) co_return http::problem(policy.error());
    auto counts = co_await doors.manager->store().count_jobs();
    if (!counts) co_return http::problem(counts.error());
    json::array roots;
    for (auto const& root : doors.manager->authority().roots()) {
        roots.push_back(
            json::object{{"subject", root.subject()}, {"fingerprint", root.fingerprint()}, {"expires", to_string(root.not_after())}});
    }
    co_return answer(json::object{{"product", "Countersign"},
                                  {"host_name", doors.manager->settings().host_name},
                                  {"secure_only", to_string(policy->secure_only)},
                                  {"jobs", to_json(*counts)},
                                  {"roots", std::move(roots)}});
}

net::Task<http::Response> get_policy(Doors doors, http::Request request) {
    (void)request;
    auto policy = co_await doors.manager->store().get_policy();
    co_return answer_or_problem(policy, [](Policy const& value) { return to_json(value); });
}

net::Task<http::Response> change_policy(Doors doors, http::Request request) {
    auto policy = co_await doors.manager->store().get_policy();
    if (!policy) co_return http::problem(policy.error());
    auto changed = read_policy_change(*std::move(policy), request.body);
    if (!changed) co_return http::problem(changed.error());
    auto now = co_await doors.manager->set_policy(*std::move(changed), request.user);
    co_return answer_or_problem(now, [](Policy const& value) { return to_json(value); });
}

net::Task<http::Response> enforce(Doors doors, http::Request request) {
    std::vector<SystemId> systems;
    if (!request.body.empty()) {
        auto object = parse_object(request.body);
        if (!object) co_return http::problem(object.error());
        Reader reader(*std::move(object));
        auto const selection = read_system_selection(reader);
        if (auto good = reader.finish(); !good) co_return http::problem(good.error());
        // Who names a selection and leaves it empty does not mean the whole estate: no body, or `all`, does.
        if (!selection.all) {
            auto selected = co_await select_systems(doors.manager, selection, k_most_enforced);
            if (!selected) co_return http::problem(selected.error());
            systems = *std::move(selected);
        }
    }
    auto jobs = co_await doors.manager->enforce(std::move(systems), request.user);
    co_return answer_or_problem(
        jobs, [](std::vector<JobId> const& ids) { return json::object{{"jobs", json::array(ids.begin(), ids.end())}}; }, 202);
}

net::Task<http::Response> list_jobs(Doors doors, http::Request request) {
    std::optional<JobState> state;
    if (auto wanted = request.query["state"]; !wanted.empty()) {
        for (auto one : {JobState::queued, JobState::running, JobState::succeeded, JobState::failed, JobState::waiting}) {
            if (to_string(one) == wanted) state = one;
        }
        if (!state) {
            co_return http::problem(Error(errors::gen::invalid_input,
                                          {{"field", "state"}, {"detail", "queued, running, waiting, succeeded or failed is expected"}}));
        }
    }
    auto const system = parse_number<SystemId>(request.query["system"]).value_or(0);
    auto const before = parse_number<JobId>(request.query["before"]).value_or(0);
    auto const limit = limit_of(request);
    auto jobs = co_await doors.manager->store().list_jobs(system, state, limit, before);
    co_return answer_or_problem(jobs, [limit](std::vector<Job> const& found) {
        json::array out;
        for (auto const& one : found) out.push_back(to_json(one));
        json::value const next = found.size() == limit ? json::value(found.back().id) : json::value(nullptr);
        return json::object{{"jobs", std::move(out)}, {"next", next}};
    });
}

net::Task<http::Response> show_job(Doors doors, http::Request request) {
    auto job = co_await doors.manager->store().get_job(parse_number<JobId>(request.parameters["id"]).value_or(0));
    co_return answer_or_problem(job, [](Job const& value) { return to_json(value); });
}

net::Task<http::Response> list_families(Doors doors, http::Request request) {
    (void)request;
    json::array out;
    for (auto const& family : doors.manager->families().all()) {
        auto const& certificate = family->certificate;
        bool const two = !certificate.client_identity.empty();
        out.push_back(json::object{{"id", family->id},
                                   {"name", family->name},
                                   {"vendor", family->vendor},
                                   {"minimum_secure_only", family->minimum_secure_only},
                                   {"two_identities", two},
                                   {"two_identities_from", certificate.client_identity_from},
                                   {"one_certificate_because", two ? std::string() : family->why_one_certificate("")}});
    }
    co_return answer(json::object{{"families", std::move(out)}});
}

net::Task<http::Response> add_factory_anchor(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("vendor");
    reader.required("pem");
    auto vendor = reader.text("vendor", 64).value_or("");
    auto pem = reader.text("pem", 60 * 1024).value_or("");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto certificates = pki::parse_bundle(pem);
    if (!certificates) co_return http::problem(certificates.error());
    json::array added;
    for (auto const& certificate : *certificates) {
        auto done = co_await doors.manager->store().add_factory_anchor(vendor, certificate, request.user);
        if (!done) co_return http::problem(done.error());
        added.push_back(json::object{{"subject", certificate.subject()},
                                     {"fingerprint", certificate.fingerprint()},
                                     {"expires", to_string(certificate.not_after())}});
    }
    co_return answer(json::object{{"vendor", vendor}, {"certificates", std::move(added)}}, 201);
}

net::Task<http::Response> list_factory_anchors(Doors doors, http::Request request) {
    (void)request;
    auto anchors = co_await doors.manager->store().factory_anchors();
    co_return answer_or_problem(anchors, [](std::vector<pki::Certificate> const& list) {
        json::array out;
        for (auto const& one : list) {
            out.push_back(
                json::object{{"subject", one.subject()}, {"fingerprint", one.fingerprint()}, {"expires", to_string(one.not_after())}});
        }
        return json::object{{"certificates", std::move(out)}};
    });
}

}  // namespace

void add_estate_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t limit = 16 * 1024) {
        router.add({std::move(method), std::move(pattern), limit,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/about", about);
    route("GET", "/api/v1/families", list_families);
    route("GET", "/api/v1/policy", get_policy);
    route("PATCH", "/api/v1/policy", change_policy);
    route("POST", "/api/v1/enforce", enforce, 1024 * 1024);
    route("GET", "/api/v1/jobs", list_jobs);
    route("GET", "/api/v1/jobs/{id}", show_job);
    route("GET", "/api/v1/audit", [](Doors doors, http::Request request) {
        auto before = parse_number<std::int64_t>(request.query["before"]).value_or(0);
        return list_of(doors.manager->store().list_audit(limit_of(request), before), "records");
    });
    route("GET", "/api/v1/factory-anchors", list_factory_anchors);
    route("POST", "/api/v1/factory-anchors", add_factory_anchor, 64 * 1024);
}

}  // namespace countersign::manager::api
