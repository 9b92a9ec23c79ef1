// What anybody may ask of the internal authority: its revocation list, its OCSP responder, its certificate.

#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/certificates/certification.hpp"
#include "manager/certificates/revocation_desk.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::size_t k_request_limit = 16UL * 1024;
constexpr std::string_view k_ocsp_path = "/pki/ocsp/";

http::Response der(Bytes const& bytes, std::string_view type) {
    http::Response response;
    response.body.assign(bytes.begin(), bytes.end());
    response.fields.set("Content-Type", std::string(type));
    response.fields.set("X-Content-Type-Options", "nosniff");
    return response;
}

http::Response not_found(std::string_view what, std::string const& name) {
    return http::problem(Error(errors::gen::not_found, {{"what", what}, {"name", name}}));
}

net::Task<http::Response> list(std::shared_ptr<Manager> manager, http::Request request) {
    auto made = co_await manager->certification().revocation().list(request.parameters["issuer"]);
    if (!made) co_return http::problem(made.error());
    co_return der(made->der, "application/pkix-crl");
}

net::Task<http::Response> authority(std::shared_ptr<Manager> manager, http::Request request) {
    auto const all = manager->certification().revocation().hierarchies();
    auto const* one = all->find(request.parameters["issuer"]);
    if (one == nullptr) co_return not_found("authority", request.parameters["issuer"]);
    co_return der(one->kept.certificate.to_der(), "application/pkix-cert");
}

net::Task<http::Response> answered(std::shared_ptr<Manager> manager, Bytes request) {
    auto made = co_await manager->certification().revocation().answer(std::move(request));
    if (!made) co_return http::problem(made.error());
    co_return der(*made, "application/ocsp-response");
}

/// RFC 6960 appendix A.1: Base64 of the request, encoded for a URL; slashes may stand as they are.
net::Task<http::Response> ocsp_get(std::shared_ptr<Manager> manager, http::Request request) {
    auto text = request.parameters["request"];
    // The path lost empty parts between two slashes: the target as it came has them.
    if (auto const at = request.target.find(k_ocsp_path); at != std::string::npos) {
        auto raw = request.target.substr(at + k_ocsp_path.size());
        raw.resize(std::min(raw.find('?'), raw.size()));
        text = http::url_decode(raw, false).value_or("");
    }
    auto const bytes = from_base64(text);
    co_return co_await answered(manager, bytes ? Bytes(bytes->begin(), bytes->end()) : Bytes());
}

net::Task<http::Response> ocsp_post(std::shared_ptr<Manager> manager, http::Request request) {
    return answered(std::move(manager), Bytes(request.body.begin(), request.body.end()));
}

}  // namespace

void add_revocation_routes(http::Router& router, std::shared_ptr<Manager> manager) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), k_request_limit,
                    [manager, function](http::Request request) { return function(manager, std::move(request)); }});
    };
    route("GET", "/pki/crl/{issuer}", list);
    route("GET", "/pki/ca/{issuer}", authority);
    route("POST", "/pki/ocsp", ocsp_post);
    route("GET", "/pki/ocsp/{request*}", ocsp_get);
}

}  // namespace countersign::manager::api
