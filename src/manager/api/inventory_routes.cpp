#include "base/text.hpp"
#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/system_selection.hpp"
#include "manager/certificates/certification.hpp"
#include "pki/crl.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::int64_t k_most_days = 36500;

json::value or_null(std::optional<UtcTime> const& time) { return time ? json::value(to_string(*time)) : json::value(nullptr); }

json::object to_json(InventoryEntry const& entry) {
    json::object out{{"fingerprint", entry.fingerprint},
                     {"serial", entry.serial},
                     {"subject", entry.subject},
                     {"names", json::array(entry.names.begin(), entry.names.end())},
                     {"issuer_subject", entry.issuer_subject},
                     {"issuer", entry.issuer},
                     {"purpose", entry.purpose},
                     {"system", entry.system},
                     {"system_name", entry.system_name},
                     {"key", entry.key},
                     {"key_made", entry.key_made},
                     {"not_before", to_string(entry.not_before)},
                     {"not_after", to_string(entry.not_after)},
                     {"state", to_string(entry.state)},
                     {"first_seen", to_string(entry.first_seen)},
                     {"last_seen", to_string(entry.last_seen)},
                     {"revoked", or_null(entry.revoked)},
                     {"renew_at", or_null(entry.renew_at)},
                     {"replaced_by", entry.replaced_by}};
    if (entry.revoked) out["reason"] = pki::reason_name(entry.reason);
    return out;
}

json::object to_json(InventoryDetails const& found) {
    auto out = to_json(found.entry);
    json::array uses;
    for (auto const& one : found.uses)
        uses.push_back(json::object{{"system", one.system},
                                    {"system_name", one.system == 0 ? "the manager" : one.system_name},
                                    {"service", one.service},
                                    {"since", to_string(one.since)},
                                    {"until", or_null(one.until)}});
    out["uses"] = std::move(uses);
    json::array trusted;
    for (auto const& one : found.trusted_by.first) trusted.push_back(json::object{{"id", one.id}, {"name", one.name}});
    out["trusted_by"] = json::object{{"systems", std::move(trusted)}, {"in_all", found.trusted_by.in_all}};
    out["pem"] = found.entry.pem;
    out["chain"] = pki::to_pem(found.issuers);
    return out;
}

/// A time, or a number of days from now.
std::optional<UtcTime> end_of(Query& query, char const* field, UtcTime now) {
    auto const text = query.text(field);
    if (!text || text->empty()) return std::nullopt;
    if (auto days = parse_number<std::int64_t>(*text); days && *days >= 0 && *days <= k_most_days) return now + std::chrono::days(*days);
    auto const time = parse_utc_time(*text);
    if (!time) query.problem(field, "a time (2027-01-31T00:00:00Z) or a number of days is expected");
    return time;
}

net::Task<http::Response> list(Doors doors, http::Request request) {
    Query query(request);
    InventoryFilter filter{
        .text = query.text("text").value_or(""),
        .issuer = to_lower(query.text("issuer").value_or("")),
        .system = query.number("system", 0, std::numeric_limits<std::int64_t>::max()),
        .state = query.choice("state", parse_certificate_state, "issued, pending, served, trusted, replaced, unused, revoked or expired"),
        .expires_before = end_of(query, "expires_before", doors.manager->certification().now()),
        .expires_after = end_of(query, "expires_after", doors.manager->certification().now()),
        .latest_first = false,
        .limit = query.limit()};
    std::erase(filter.issuer, ':');
    auto const sort = query.text("sort").value_or("");
    if (!sort.empty() && sort != "not_after" && sort != "-not_after") query.problem("sort", "not_after or -not_after is expected");
    filter.latest_first = sort == "-not_after";
    auto const after = query.text("after").value_or("");
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto page = co_await doors.manager->certification().inventory().page(std::move(filter), after);
    co_return answer_or_problem(page, [](InventoryPage const& found) {
        json::array out;
        for (auto const& one : found.entries) out.push_back(to_json(one));
        return json::object{{"certificates", std::move(out)},
                            {"next", found.next.empty() ? json::value(nullptr) : json::value(found.next)}};
    });
}

net::Task<http::Response> show(Doors doors, http::Request request) {
    auto found = co_await doors.manager->certification().inventory().find(request.parameters["fingerprint"]);
    co_return answer_or_problem(found, [](InventoryDetails const& value) { return to_json(value); });
}

// --- revocation and new keys ---

constexpr std::size_t k_most_rekeyed = 100000;
constexpr std::string_view k_reasons =
    "unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn";

/// Holds and their removal, and reasons of authorities, are not for certificates of systems.
std::optional<int> reason_of(std::string_view text) {
    constexpr std::array<int, 6> allowed{0, 1, 3, 4, 5, 9};
    auto const reason = pki::parse_reason(text);
    return reason && std::ranges::find(allowed, *reason) != allowed.end() ? reason : std::nullopt;
}

net::Task<http::Response> revoke(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    auto const reason = reason_of(reader.text("reason").value_or("unspecified"));
    if (!reason) reader.problem("reason", std::string(k_reasons) + " is expected");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto done = co_await doors.manager->certification().revoke(request.parameters["fingerprint"], *reason, request.user);
    co_return answer_or_problem(done, [](InventoryEntry const& value) { return to_json(value); });
}

net::Task<http::Response> rekey(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    InventoryStore::Rekey wanted;
    wanted.issuer = reader.text("issuer").value_or("");
    if (auto const reason = reader.text("revoke")) {
        wanted.then_revoke = reason_of(*reason);
        if (!wanted.then_revoke) reader.problem("revoke", std::string(k_reasons) + " is expected");
    }
    auto selection = read_system_selection(reader);
    if (!wanted.issuer.empty() && !selection.empty()) reader.problem("issuer", "name an authority, or select systems, not both");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    if (wanted.issuer.empty()) {
        auto systems = co_await select_systems(doors.manager, std::move(selection), k_most_rekeyed);
        if (!systems) co_return http::problem(systems.error());
        wanted.systems = *std::move(systems);
    }
    auto done = co_await doors.manager->certification().rekey(std::move(wanted), request.user);
    co_return answer_or_problem(
        done,
        [](Certification::Rekeyed const& value) {
            json::array held;
            for (auto const& one : value.held) {
                json::object row{{"system", one.system}, {"name", one.name}, {"why", to_string(one.why)}};
                if (one.campaign != 0) row["campaign"] = one.campaign;
                held.push_back(std::move(row));
            }
            return json::object{{"systems", json::array(value.systems.begin(), value.systems.end())}, {"held", std::move(held)}};
        },
        202);
}

}  // namespace

void add_inventory_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t limit = 16UL * 1024) {
        router.add({std::move(method), std::move(pattern), limit,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/certificates", list);
    route("GET", "/api/v1/certificates/{fingerprint}", show);
    route("POST", "/api/v1/certificates/{fingerprint}/revoke", revoke);
    route("POST", "/api/v1/rekey", rekey, 1024UL * 1024);
}

}  // namespace countersign::manager::api
