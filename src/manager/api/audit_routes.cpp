#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/store/audit_store.hpp"

#include <limits>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

net::Task<http::Response> chain(Doors doors, http::Request request) {
    Query query(request);
    auto const after = query.number("after", 0, std::numeric_limits<std::int64_t>::max()).value_or(0);
    auto const limit = query.limit();
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto page = co_await doors.manager->store().audit_trail().list(after, limit);
    co_return answer_or_problem(page, [limit](std::vector<ChainedRecord> const& records) {
        json::array out;
        for (auto const& one : records) {
            auto object = to_json(one.record);
            object["hash"] = one.hash;
            out.push_back(std::move(object));
        }
        auto next = records.size() == limit ? json::value(records.back().record.id) : json::value(nullptr);
        return json::object{{"records", std::move(out)}, {"next", std::move(next)}};
    });
}

net::Task<http::Response> head(Doors doors) {
    auto newest = co_await doors.manager->store().audit_trail().head();
    co_return answer_or_problem(newest, [](host::AuditHead const& value) {
        return json::object{{"count", value.count}, {"newest", value.newest}, {"hash", value.hash}};
    });
}

}  // namespace

void add_audit_routes(http::Router& router, Doors const& doors) {
    router.add({"GET", "/api/v1/audit/chain", 4096, [doors](http::Request request) { return chain(doors, std::move(request)); }});
    router.add({"GET", "/api/v1/audit/head", 4096, [doors](http::Request const&) { return head(doors); }});
}

}  // namespace countersign::manager::api
