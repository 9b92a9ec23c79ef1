#include "manager/api/routes.hpp"
#include "pki/profiles.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

json::array to_json(std::span<std::string_view const> texts) {
    json::array out;
    for (auto const text : texts) out.emplace_back(text);
    return out;
}

json::object to_json(pki::ProfileRow const& row) {
    return {{"name", row.name},
            {"title", row.title},
            {"for", row.meant_for},
            {"why", row.why},
            {"extended_key_usages", to_json(row.extended_key_usages)},
            {"key_usages", to_json(row.key_usages)},
            {"key_usages_rsa", to_json(row.key_usages_rsa)},
            {"key_types", to_json(row.key_types)},
            {"days", row.days},
            {"longest_days", row.longest_days},
            {"host_names", row.host_names},
            {"addresses", row.addresses},
            {"authority", row.is_authority},
            {"ocsp_no_check", row.ocsp_no_check}};
}

/// The table is compiled in: it is the same for everybody who may read anything.
net::Task<http::Response> show(Doors, http::Request) {
    json::array profiles;
    for (auto const& row : pki::all_profiles()) profiles.push_back(to_json(row));
    co_return answer(json::object{{"profiles", std::move(profiles)}});
}

}  // namespace

void add_profile_routes(http::Router& router, Doors const& doors) {
    router.add({"GET", "/api/v1/certificate-profiles", 0, [doors](http::Request request) { return show(doors, std::move(request)); }});
}

}  // namespace countersign::manager::api
