#include "device/clients/server_call.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_answer_limit = 256 * 1024;

/// The findings in a sentence each, with what to do.
std::string in_plain_words(pki::Verdict const& verdict) {
    std::string out;
    for (auto const& finding : verdict.findings) {
        if (!out.empty()) out += " ";
        out += finding.text + " " + finding.remedy;
    }
    return out;
}

/// To the journal, and to sessions that have syslog on.
void report_refusal(Unit& unit, ServerCall const& call, pki::Verdict const& verdict, std::string_view line) {
    unit.report(
        "client.refused",
        {{"client", call.client}, {"server", call.url.origin()}, {"syslog", std::string(line)}, {"detail", in_plain_words(verdict)}});
}

}  // namespace

net::Task<Result<net::http::Response>> call_server(std::shared_ptr<Unit> unit, ServerCall call) {
    CS_CO_TRY(auto settings, unit->client_settings(call.url));
    settings.body_limit = k_answer_limit;
    // The unit may be switched off while the call is under way: it is not kept alive for it.
    std::weak_ptr<Unit> const weak = unit;
    unit.reset();

    net::http::Request request;
    request.method = "POST";
    request.target = call.url.target;
    request.fields = call.fields;
    request.body = std::move(call.body);
    net::http::Client client(std::move(settings));
    auto response = co_await client.send(std::move(request));
    if (!response) {
        auto error = std::move(response).error();
        if (auto const& handshake = client.handshake(); handshake && !handshake->accepted) {
            auto const line = handshake_line(handshake->verdict);
            if (auto const alive = weak.lock()) report_refusal(*alive, call, handshake->verdict, line);
            error.with("syslog", line);
        }
        co_return fail(std::move(error));
    }
    if (response->status / 100 != 2)
        co_return fail(errors::net::unexpected_status,
                       {{"peer", call.url.origin()}, {"status", std::to_string(response->status)}, {"request", "POST " + call.url.target}});
    co_return *std::move(response);
}

std::string handshake_line(pki::Verdict const& verdict) {
    bool const name_matches = !verdict.has(pki::Finding::Kind::name_mismatch);
    auto const worst = std::ranges::find_if(verdict.findings,
                                            [](pki::Finding const& finding) { return finding.kind != pki::Finding::Kind::name_mismatch; });
    bool const chain_ok = worst == verdict.findings.end();
    return "SSL: socklib_sslHandshake: VerifyResult=" + (chain_ok ? "0" : std::to_string(worst->openssl_code)) + "=" +
           (chain_ok ? "OK" : worst->openssl_name) + ", NameCheck: " + (name_matches ? "Match" : "NoMatch");
}

net::Url with_offset(net::Url url, std::uint16_t offset) {
    bool const own = url.port == (url.scheme == net::Scheme::https ? 443 : 80);
    if (own) url.port = static_cast<std::uint16_t>(url.port + offset);
    return url;
}

dialect::external_manager::Identification identification_of(Unit const& unit) {
    auto const& spec = unit.spec();
    return {.system_name = unit.name(),
            .mac_address = spec.mac,
            .ip_address = unit.address(),
            .product_type = unit.family().product_type,
            .product_id = spec.product_id,
            .software = spec.software,
            .hardware_board = {},
            .serial_number = spec.serial};
}

}  // namespace countersign::device
