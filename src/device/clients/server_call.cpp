#include "device/clients/server_call.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

/// The findings in a sentence each, with what to do.
std::string in_plain_words(pki::Verdict const& verdict) {
    std::string out;
    for (auto const& finding : verdict.findings) {
        if (finding.severity != pki::Severity::failure) continue;
        if (!out.empty()) out += " ";
        out += finding.text + ". " + finding.remedy;
    }
    return out + " The connection was halted before a byte of payload was sent.";
}

struct Diagnosis {
    std::string result;      ///< "14=ERROR_IN_CERT_NOT_AFTER_FIELD"
    std::string name_check;  ///< "Match"
};

Diagnosis diagnose(pki::Verdict const& verdict) {
    auto const counts = [](pki::Finding const& finding) {
        return finding.kind != pki::Finding::Kind::name_mismatch && finding.severity == pki::Severity::failure;
    };
    auto const worst = std::ranges::find_if(verdict.findings, counts);
    return {.result = worst == verdict.findings.end() ? "0=OK" : std::to_string(worst->openssl_code) + "=" + worst->openssl_name,
            .name_check = verdict.has(pki::Finding::Kind::name_mismatch) ? "Mismatch" : "Match"};
}

}  // namespace

void report_tls_failure(Unit& unit, std::string_view client, std::string_view server, pki::Verdict const& verdict) {
    auto const diagnosis = diagnose(verdict);
    unit.report("tls.failed", {{"client", std::string(client)},
                               {"server", std::string(server)},
                               {"verify_result", diagnosis.result},
                               {"name_check", diagnosis.name_check},
                               {"syslog", handshake_line(verdict)},
                               {"detail", in_plain_words(verdict)}});
}

net::Task<Result<net::http::Response>> call_server(std::shared_ptr<Unit> unit, ServerCall call) {
    CS_CO_TRY(auto settings, unit->client_settings(call.url, call.client));
    settings.body_limit = call.answer_limit;
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
            if (auto const alive = weak.lock()) report_tls_failure(*alive, call.client, call.url.origin(), handshake->verdict);
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
    auto const diagnosis = diagnose(verdict);
    return "SSL: socklib_sslHandshake: VerifyResult=" + diagnosis.result + ", NameCheck: " + diagnosis.name_check;
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
