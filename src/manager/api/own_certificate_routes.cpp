#include "base/text.hpp"
#include "manager/api/connection_fields.hpp"
#include "manager/api/named_systems.hpp"
#include "manager/api/routes.hpp"
#include "manager/certificates/estate_roots.hpp"
#include "manager/certificates/own_certificate.hpp"
#include "pki/contents.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// A file of the largest size in Base64, with a key beside it.
constexpr std::size_t k_upload_limit = 3 * 1024 * 1024;
constexpr std::size_t k_text_limit = k_certificate_file_limit * 4 / 3 + 4;

json::object certificate_json(pki::Certificate const& certificate) {
    json::array names;
    for (auto const& name : certificate.alternative_names()) names.emplace_back(name.value);
    return {{"subject", certificate.subject()},
            {"issuer", certificate.issuer()},
            {"names", std::move(names)},
            {"key", certificate.key_algorithm() + " " + std::to_string(certificate.key_bits())},
            {"not_before", to_string(certificate.not_before())},
            {"expires", to_string(certificate.not_after())},
            {"fingerprint", certificate.fingerprint()}};
}

json::object kept_json(KeptCertificate const& kept) {
    json::object out{{"internal", kept.is_internal()}, {"root", kept.root}, {"since", to_string(kept.since)}, {"by", kept.by}};
    if (!kept.is_internal()) out["certificate"] = certificate_json(kept.chain.front());
    return out;
}

json::object request_json(KeptRequest const& request) {
    json::array names;
    for (auto const& name : request.request.alternative_names()) names.emplace_back(name.value);
    return {{"subject", request.request.subject()},          {"names", std::move(names)},       {"pem", request.request.to_pem()},
            {"key_sha256", request.key.public_key_sha256()}, {"made", to_string(request.made)}, {"by", request.by}};
}

json::object to_json(OwnCertificateState const& state) {
    json::object active{{"internal", state.internal}, {"root", state.root}, {"certificate", certificate_json(state.active)}};
    active["chain"] = pki::to_pem(state.chain);
    if (state.since) active["since"] = to_string(*state.since);
    json::object out{{"active", std::move(active)}, {"names", json::array(state.names.begin(), state.names.end())}};
    if (state.staged) {
        auto staged = kept_json(state.staged->kept);
        staged["waiting_for"] = systems_json(state.staged->waiting_for);
        out["staged"] = std::move(staged);
    }
    if (state.previous) out["previous"] = kept_json(*state.previous);
    if (state.request) out["request"] = request_json(*state.request);
    return out;
}

json::object to_json(EstateRoot const& root) {
    auto out = certificate_json(root.certificate);
    out.erase("names");
    out["internal"] = root.internal;
    out["pem"] = root.certificate.to_pem();
    if (root.added) out["added"] = to_string(*root.added);
    out["added_by"] = root.added_by;
    out["needed_by"] = json::array(root.needed_by_manager.begin(), root.needed_by_manager.end());
    out["depending"] = systems_json(root.systems);
    out["lacking"] = systems_json(root.lacking);
    return out;
}

/// PEM as it stands, anything else in Base64: JSON carries text.
std::optional<std::string> file_of(Reader& reader, std::string_view field) {
    auto text = reader.text(field, k_text_limit);
    if (!text || text->contains("-----BEGIN ")) return text;
    std::erase_if(*text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    auto bytes = from_base64(*text);
    if (bytes) return std::string(bytes->begin(), bytes->end());
    reader.problem(field, "PEM text, or the Base64 of a file in DER, PKCS#7 or PKCS#12 form is expected");
    return std::nullopt;
}

void changed(Doors const& doors) { doors.manager->publish({"policy", 0}); }

net::Task<http::Response> answer_state(Doors doors, net::Task<Result<OwnCertificateState>> work) {
    auto state = co_await std::move(work);
    if (state) changed(doors);
    co_return answer_or_problem(state, [](OwnCertificateState const& value) { return to_json(value); });
}

net::Task<http::Response> show(Doors doors, http::Request) {
    auto state = co_await doors.manager->own_certificate().show();
    co_return answer_or_problem(state, [](OwnCertificateState const& value) { return to_json(value); });
}

net::Task<http::Response> install(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("certificate");
    CertificateUpload upload{.certificate = file_of(reader, "certificate").value_or(""), .key = {}, .passphrase = {}};
    if (auto key = file_of(reader, "key")) upload.key = SecretText(*std::move(key));
    if (auto passphrase = reader.text("passphrase", 1024)) upload.passphrase = SecretText(*std::move(passphrase));
    bool const trust_root = reader.boolean("trust_root").value_or(false);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    co_return co_await answer_state(doors, doors.manager->own_certificate().install(std::move(upload), trust_root, request.user));
}

net::Task<http::Response> make_request(Doors doors, http::Request request) {
    auto object = parse_object(request.body.empty() ? "{}" : request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    RequestOptions options;
    options.subject.common_name = reader.text("common_name", 64).value_or("");
    options.subject.organization = reader.text("organization", 64).value_or("");
    options.subject.unit = reader.text("unit", 64).value_or("");
    options.subject.country = reader.text("country", 2).value_or("");
    options.subject.state = reader.text("state", 128).value_or("");
    options.subject.locality = reader.text("locality", 128).value_or("");
    options.more_names = reader.texts("names").value_or(std::vector<std::string>());
    for (auto const& name : options.more_names)
        if (!is_host_name(name) && !is_ip_address(name)) reader.problem("names", name + " is neither a host name nor an address");
    options.key_type = reader.text("key_type", 16).value_or("ec:p256");
    options.replace = reader.boolean("replace").value_or(false);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto made = co_await doors.manager->own_certificate().make_request(std::move(options), request.user);
    co_return answer_or_problem(made, [](KeptRequest const& value) { return request_json(value); }, 201);
}

net::Task<http::Response> discard_request(Doors doors, http::Request request) {
    auto done = co_await doors.manager->own_certificate().discard_request(request.user);
    co_return done ? http::Response{204, {}, {}, {}} : http::problem(done.error());
}

net::Task<http::Response> activate(Doors doors, http::Request request) {
    auto object = parse_object(request.body.empty() ? "{}" : request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    bool const accepted = reader.boolean("accept_consequences").value_or(false);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    co_return co_await answer_state(doors, doors.manager->own_certificate().activate(accepted, request.user));
}

net::Task<http::Response> discard_staged(Doors doors, http::Request request) {
    auto done = co_await doors.manager->own_certificate().discard_staged(request.user);
    if (!done) co_return http::problem(done.error());
    changed(doors);
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> list_roots(Doors doors, http::Request request) {
    // Few, and all in one page unless fewer are asked for; the cursor is the fingerprint of the last one.
    constexpr std::size_t k_systems_in_lists = 10;
    auto const after = request.query["after"];
    auto const limit = limit_of(request);
    auto roots = co_await doors.manager->roots().list(k_systems_in_lists);
    co_return answer_or_problem(roots, [&](std::vector<EstateRoot> const& all) {
        auto from = all.begin();
        if (!after.empty()) {
            from = std::ranges::find_if(all, [&](auto const& one) { return one.certificate.fingerprint() == after; });
            if (from != all.end()) ++from;
        }
        json::array out;
        for (; from != all.end() && out.size() < limit; ++from) out.push_back(to_json(*from));
        json::object page{{"roots", std::move(out)}};
        if (from != all.end()) page["next"] = std::prev(from)->certificate.fingerprint();
        return page;
    });
}

net::Task<http::Response> show_root(Doors doors, http::Request request) {
    auto root = co_await doors.manager->roots().get(request.parameters["fingerprint"]);
    co_return answer_or_problem(root, [](EstateRoot const& value) { return to_json(value); });
}

net::Task<http::Response> add_roots(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("certificates");
    auto file = file_of(reader, "certificates");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto added = co_await doors.manager->roots().add(*std::move(file), request.user);
    if (added) changed(doors);
    co_return answer_or_problem(
        added,
        [](std::vector<pki::Certificate> const& list) {
            json::array out;
            for (auto const& one : list) {
                auto root = certificate_json(one);
                root.erase("names");
                out.push_back(std::move(root));
            }
            return json::object{{"added", std::move(out)}};
        },
        201);
}

net::Task<http::Response> remove_root(Doors doors, http::Request request) {
    auto const given = request.query["accept_consequences"];
    if (!given.empty() && given != "true" && given != "false")
        co_return http::problem(
            Error(errors::gen::invalid_input, {{"field", "accept_consequences"}, {"detail", "true or false is expected"}}));
    auto done = co_await doors.manager->roots().remove(request.parameters["fingerprint"], given == "true", request.user);
    if (!done) co_return http::problem(done.error());
    changed(doors);
    co_return http::Response{204, {}, {}, {}};
}

}  // namespace

void add_own_certificate_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t limit = 16 * 1024) {
        router.add({std::move(method), std::move(pattern), limit,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/own-certificate", show);
    route("POST", "/api/v1/own-certificate", install, k_upload_limit);
    route("DELETE", "/api/v1/own-certificate", [](Doors const& with, http::Request const& request) {
        return answer_state(with, with.manager->own_certificate().use_internal(request.user));
    });
    route("POST", "/api/v1/own-certificate/roll-back", [](Doors const& with, http::Request const& request) {
        return answer_state(with, with.manager->own_certificate().roll_back(request.user));
    });
    route("POST", "/api/v1/own-certificate/request", make_request);
    route("DELETE", "/api/v1/own-certificate/request", discard_request);
    route("POST", "/api/v1/own-certificate/staged", activate);
    route("DELETE", "/api/v1/own-certificate/staged", discard_staged);
    route("GET", "/api/v1/roots", list_roots);
    route("POST", "/api/v1/roots", add_roots, k_upload_limit);
    route("GET", "/api/v1/roots/{fingerprint}", show_root);
    route("DELETE", "/api/v1/roots/{fingerprint}", remove_root);
}

}  // namespace countersign::manager::api
