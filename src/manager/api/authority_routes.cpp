#include "base/text.hpp"
#include "manager/api/named_systems.hpp"
#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/certificates/certification.hpp"
#include "manager/certificates/root_replacement.hpp"
#include "pki/token.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// JSON with a file in Base64.
constexpr std::size_t k_body_limit = 2UL * 1024 * 1024;
constexpr std::size_t k_longest_token_address = 1000;

std::string_view place_of_key(HeldAuthority const& one) {
    if (!one.kept.token.empty()) return "token";
    return one.kept.key ? "sealed" : "elsewhere";
}

json::object to_json(HeldAuthority const& one, std::string const& base) {
    return {{"fingerprint", one.fingerprint},
            {"subject", one.subject},
            {"level", one.kept.is_root ? "root" : "issuing"},
            {"hierarchy", one.kept.hierarchy},
            {"state", to_string(one.kept.state)},
            {"not_after", to_string(one.kept.certificate.not_after())},
            {"key", place_of_key(one)},
            {"token", one.kept.token},
            {"away", one.away},
            {"crl_url", RevocationDesk::addresses(base, one.fingerprint).crl}};
}

json::object to_json(RootReplacement::State const& state) {
    return {{"phase", to_string(state.kept.phase)},           {"begun", to_string(state.kept.begun)},
            {"since", to_string(state.kept.since)},           {"by", state.kept.begun_by},
            {"old_root", state.old_root.fingerprint()},       {"new_root", state.new_root.fingerprint()},
            {"waiting_for", systems_json(state.waiting_for)}, {"manager_waits", state.manager_waits}};
}

net::Task<Result<json::object>> authority_json(Doors doors) {
    auto& desk = doors.manager->certification().revocation();
    // While the token of the issuing authority is away there may be no list; all else is shown, and why.
    auto const list = co_await desk.list();
    if (!list && list.error().id() != errors::mgr::authority_key_away) co_return fail(list.error());
    auto const issuer = desk.issuer();
    auto const base = desk.base();
    auto const addresses = RevocationDesk::addresses(base, issuer.fingerprint());
    auto const all = desk.hierarchies();
    json::array authorities;
    for (auto const& one : all->all()) authorities.push_back(to_json(one, base));
    json::object out{{"subject", issuer.subject()},
                     {"fingerprint", issuer.fingerprint()},
                     {"not_after", to_string(issuer.not_after())},
                     {"http_base", base},
                     {"crl_url", addresses.crl},
                     {"ocsp_url", addresses.ocsp},
                     {"issuer_url", addresses.issuer},
                     {"names_list_of_root", desk.names_list_of_root()},
                     {"authorities", std::move(authorities)}};
    if (list) {
        out["crl_number"] = list->number;
        out["crl_made"] = to_string(list->made);
        out["crl_next_update"] = to_string(list->next_update);
        out["revoked"] = list->entries;
    }
    CS_CO_TRY(auto const replacement, co_await doors.manager->root_replacement().show());
    if (replacement) out["replacement"] = to_json(*replacement);
    co_return out;
}

net::Task<http::Response> shown(Doors doors, int status) {
    co_return answer_or_problem(co_await authority_json(doors), [](json::object const& value) { return value; }, status);
}

net::Task<http::Response> show(Doors doors, http::Request) { return shown(std::move(doors), 200); }

net::Task<http::Response> change(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("http_base");
    auto const base = reader.text("http_base").value_or("");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    if (auto done = co_await doors.manager->certification().revocation().set_base(base, request.user); !done)
        co_return http::problem(done.error());
    co_return co_await shown(doors, 200);
}

/// Addresses of keys on tokens, each of which may be left out, as may the whole body.
Result<KeyPlaces> keys_of(http::Request const& request, bool with_root) {
    if (request.body.empty()) return KeyPlaces{};
    CS_TRY(auto object, parse_object(request.body));
    Reader reader(std::move(object));
    auto address = [&reader](std::string_view field) {
        auto text = reader.text(field, k_longest_token_address).value_or("");
        if (!text.empty() && !pki::is_token_uri(text))
            reader.problem(std::string(field), "pkcs11:token=...;object=... (RFC 7512) is expected");
        return text;
    };
    KeyPlaces out;
    if (with_root) out.root = address("root_key");
    out.issuing = address("key");
    CS_CHECK(reader.finish());
    return out;
}

net::Task<http::Response> renew_issuing(Doors doors, http::Request request) {
    auto keys = keys_of(request, false);
    if (!keys) co_return http::problem(keys.error());
    auto const made = co_await doors.manager->certification().revocation().renew_issuing(std::move(keys->issuing), request.user);
    if (!made) co_return http::problem(made.error());
    co_return co_await shown(doors, 200);
}

net::Task<http::Response> replace(Doors doors, http::Request request) {
    auto keys = keys_of(request, true);
    if (!keys) co_return http::problem(keys.error());
    auto const begun = co_await doors.manager->root_replacement().begin(*std::move(keys), request.user);
    if (!begun) co_return http::problem(begun.error());
    co_return co_await shown(doors, 202);
}

net::Task<http::Response> advance(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    bool const accepted = reader.boolean("accept_consequences").value_or(false);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto const done = co_await doors.manager->root_replacement().advance(accepted, request.user);
    if (!done) co_return http::problem(done.error());
    co_return co_await shown(doors, 200);
}

net::Task<http::Response> cancel(Doors doors, http::Request request) {
    auto const done = co_await doors.manager->root_replacement().cancel(request.user);
    if (!done) co_return http::problem(done.error());
    co_return co_await shown(doors, 200);
}

// --- a root whose key is kept elsewhere ---

/// PEM as it stands, anything else in Base64.
std::string file_of(Reader& reader, std::string_view field) {
    reader.required(std::string(field));
    auto text = reader.text(field, k_body_limit).value_or("");
    if (text.contains("-----BEGIN ")) return text;
    auto const bytes = from_base64(text);
    if (!bytes) reader.problem(std::string(field), "PEM, or a file in Base64, is expected");
    return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
}

net::Task<http::Response> export_root(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("passphrase");
    SecretText passphrase(reader.text("passphrase").value_or(""));
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto const made = co_await doors.manager->certification().offline_root().export_root(std::move(passphrase), request.user);
    co_return answer_or_problem(made, [](std::string const& pem) { return json::object{{"pem", pem}}; });
}

net::Task<http::Response> take_offline(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    auto file = file_of(reader, "file");
    reader.required("passphrase");
    SecretText passphrase(reader.text("passphrase").value_or(""));
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto const done =
        co_await doors.manager->certification().offline_root().take_offline(std::move(file), std::move(passphrase), request.user);
    if (!done) co_return http::problem(done.error());
    co_return co_await shown(doors, 200);
}

net::Task<http::Response> request_intermediate(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    bool const replace = reader.boolean("replace").value_or(false);
    auto key = reader.text("key", k_longest_token_address).value_or("");
    if (!key.empty() && !pki::is_token_uri(key)) reader.problem("key", "pkcs11:token=...;object=... (RFC 7512) is expected");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto const made = co_await doors.manager->certification().offline_root().request_issuing(replace, std::move(key), request.user);
    co_return answer_or_problem(made, [](OfflineRoot::Request const& one) {
        return json::object{{"pem", one.pem},
                            {"subject", one.subject},
                            {"made", to_string(one.made)},
                            {"crl_url", one.crl_url},
                            {"issuer_url", one.issuer_url}};
    });
}

net::Task<http::Response> install_intermediate(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    auto file = file_of(reader, "certificate");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto const done = co_await doors.manager->certification().offline_root().install_issuing(std::move(file), request.user);
    if (!done) co_return http::problem(done.error());
    co_return co_await shown(doors, 200);
}

net::Task<http::Response> upload_list(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    auto file = file_of(reader, "list");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto const done = co_await doors.manager->certification().offline_root().bring_list(std::move(file), request.user);
    if (!done) co_return http::problem(done.error());
    co_return co_await shown(doors, 200);
}

}  // namespace

void add_authority_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), k_body_limit,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/authority", show);
    route("PATCH", "/api/v1/authority", change);
    route("POST", "/api/v1/authority/renew-intermediate", renew_issuing);
    route("POST", "/api/v1/authority/export-root", export_root);
    route("POST", "/api/v1/authority/take-offline", take_offline);
    route("POST", "/api/v1/authority/request-intermediate", request_intermediate);
    route("POST", "/api/v1/authority/install-intermediate", install_intermediate);
    route("POST", "/api/v1/authority/crl", upload_list);
    route("POST", "/api/v1/authority/replacement", replace);
    route("DELETE", "/api/v1/authority/replacement", cancel);
    route("POST", "/api/v1/authority/replacement/advance", advance);
}

}  // namespace countersign::manager::api
