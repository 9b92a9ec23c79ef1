#include "base/text.hpp"
#include "net/http/client.hpp"
#include "net/revocation.hpp"

#include "countersign/errors/net.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace countersign::net {

using std::chrono::steady_clock;

namespace {

constexpr int k_most_redirects = 3;

Failure bad_url(std::string_view url, std::string_view detail) {
    return fail(errors::net::invalid_url, {{"url", url.substr(0, 200)}, {"detail", detail}});
}

/// Not one of those where no authority can be, but a machine's own secrets may.
bool is_acceptable(std::string const& text) {
    boost::system::error_code failed;
    auto address = asio::ip::make_address(text, failed);
    if (failed) return false;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    if (address.is_unspecified() || address.is_multicast()) return false;
    if (address.is_v6()) return !address.to_v6().is_link_local();
    auto const v4 = address.to_v4();
    constexpr unsigned k_link_local = 0xa9fe;  // 169.254.0.0/16, RFC 3927
    return (v4.to_uint() >> 16) != k_link_local && v4 != asio::ip::address_v4::broadcast();
}

Task<Result<std::string>> find_address(std::shared_ptr<Resolver> resolver, std::string host) {
    static auto const machine = std::make_shared<Resolver>();
    if (!resolver) resolver = machine;
    CS_CO_TRY(auto const addresses, co_await resolver->resolve(host));
    for (auto const& address : addresses)
        if (is_acceptable(address)) co_return address;
    co_return fail(errors::net::unreachable, {{"peer", host}, {"detail", "authorities are not asked at addresses of this kind"}});
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }
/// The others turn a POST into a GET (RFC 9110 section 15.4).
bool keeps_method(int status) { return status == 307 || status == 308; }

/// An absolute http URL, or a path at the same place.
Result<Url> follow(Url const& from, std::string_view location) {
    if (location.starts_with('/') && !location.starts_with("//")) {
        auto to = from;
        to.target = location;
        return to;
    }
    CS_TRY(auto to, Url::parse(location));
    if (to.scheme != Scheme::http) return bad_url(location, "authorities are asked over http only");
    return to;
}

struct Question {
    std::string method;
    std::string content_type;  ///< of the body
    std::string accept;
    std::string body;
    std::size_t limit = 0;
};

Task<Result<std::string>> ask(std::string text, Question question, AuthorityReach reach) {
    auto const until = steady_clock::now() + reach.deadline;
    auto left = [until] { return std::max(std::chrono::ceil<Milliseconds>(until - steady_clock::now()), Milliseconds(1)); };
    CS_CO_TRY(auto url, Url::parse(text));
    if (url.scheme != Scheme::http) co_return bad_url(text, "authorities are asked over http only");
    for (int redirects = 0;; ++redirects) {
        http::Client::Settings settings;
        settings.origin = url;
        // Resolving has its own time limits (Resolver::Settings); the address is fixed here so that it is the one that was looked at.
        CS_CO_TRY(settings.address, co_await find_address(reach.resolver, url.host));
        settings.bind_address = reach.bind_address;
        settings.connect = left();
        settings.exchange = left();
        settings.body_limit = question.limit;
        http::Client client(std::move(settings));
        http::Request request;
        request.method = question.method;
        request.target = url.target;
        if (!question.content_type.empty()) request.fields.set("Content-Type", question.content_type);
        request.fields.set("Accept", question.accept);
        request.fields.set("Connection", "close");
        request.body = question.body;
        CS_CO_TRY(auto response, co_await client.send(std::move(request)));
        if (response.status == 200) co_return std::move(response.body);
        bool const goes_on = is_redirect(response.status) && (question.method == "GET" || keeps_method(response.status));
        if (!goes_on || redirects == k_most_redirects)
            co_return fail(
                errors::net::unexpected_status,
                {{"peer", url.origin()}, {"status", std::to_string(response.status)}, {"request", question.method + ' ' + url.target}});
        CS_CO_TRY(url, follow(url, response.fields.get("Location")));
        if (steady_clock::now() >= until)
            co_return fail(errors::net::timed_out,
                           {{"peer", url.origin()}, {"limit", std::to_string(reach.deadline.count()) + " ms"}, {"step", "redirects"}});
    }
}

}  // namespace

Task<Result<pki::OcspResponse>> query_ocsp(std::string url, pki::OcspRequest request, AuthorityReach reach) {
    Question question{.method = "POST",
                      .content_type = "application/ocsp-request",
                      .accept = "application/ocsp-response",
                      .body = {request.der.begin(), request.der.end()},
                      .limit = pki::k_ocsp_limit};
    CS_CO_TRY(auto const body, co_await ask(std::move(url), std::move(question), std::move(reach)));
    co_return pki::OcspResponse::parse_der(bytes_of(body));
}

Task<Result<pki::Crl>> fetch_crl(std::string url, AuthorityReach reach) {
    Question question{
        .method = "GET", .content_type = {}, .accept = "application/pkix-crl, */*;q=0.1", .body = {}, .limit = pki::k_crl_limit};
    auto* const blocking = reach.blocking;
    CS_CO_TRY(auto body, co_await ask(std::move(url), std::move(question), std::move(reach)));
    constexpr std::size_t k_long = 64 * 1024;
    if (blocking == nullptr || body.size() < k_long) co_return pki::Crl::parse(body);
    co_return co_await offload(*blocking, [body = std::move(body)] { return pki::Crl::parse(body); });
}

}  // namespace countersign::net
