#include "net/revocation.hpp"
#include "pki/crl.hpp"
#include "pki/revocation_pointers.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct QueryOptions {
    std::string certificate;
    std::string issuer;
    std::string url;
    bool no_nonce = false;
    OutputOption out;
};

Result<int> query(Output& output, QueryOptions const& options) {
    Files files(output);
    auto const certificate = files.certificate(options.certificate);
    auto const issuer = files.certificate(options.issuer);
    std::string url = options.url;
    if (url.empty() && certificate) {
        auto const pointers = pki::revocation_pointers(*certificate);
        if (!pointers.responders.empty()) url = pointers.responders.front();
        if (url.empty())
            files.problem(Error(errors::gen::missing_field, {{"field", "--url: the certificate names no OCSP responder; its address"}}));
    }
    if (certificate && issuer) files.must_hold(pki::check_order({*certificate, *issuer}));
    if (!options.out.file.empty()) files.will_write(options.out);
    CS_CHECK(files.check());
    auto const request = pki::make_ocsp_request(*certificate, *issuer, !options.no_nonce);
    net::Runtime runtime(1);
    runtime.start();
    CS_TRY(auto const response, net::run(runtime, net::query_ocsp(url, request)));
    CS_TRY(auto const answer, response.check(*certificate, *issuer, SystemClock().now(), request.nonce));
    if (!options.out.file.empty()) {
        auto const der = response.to_der();
        CS_CHECK(Files::write(options.out, std::string(der.begin(), der.end())));
    }
    bool const good = answer.state == pki::RevocationState::good;
    int const code = good ? k_holds : k_does_not_hold;
    if (output.value(json::object{{"subject", subject_of(*certificate)},
                                  {"serial", certificate->serial()},
                                  {"url", printable(url)},
                                  {"state", pki::to_string(answer.state)},
                                  {"revoked_at", answer.revoked_at ? json::value(to_string(*answer.revoked_at)) : json::value()},
                                  {"reason", answer.revoked_at ? json::value(pki::reason_name(answer.reason)) : json::value()},
                                  {"this_update", to_string(answer.this_update)},
                                  {"next_update", answer.next_update ? json::value(to_string(*answer.next_update)) : json::value()},
                                  {"responder", printable(answer.responder)}})) {
        return code;
    }
    std::string line = output.mark(good ? Mark::good : Mark::bad, pki::to_string(answer.state)) + ": " + subject_of(*certificate);
    if (answer.revoked_at) line += ", revoked at " + to_string(*answer.revoked_at) + ", " + std::string(pki::reason_name(answer.reason));
    output.line(line);
    output.line("  said by " + printable(answer.responder) + " at " + to_string(answer.this_update) +
                (answer.next_update ? ", holds until " + to_string(*answer.next_update) : ""));
    return code;
}

}  // namespace

void add_ocsp_commands(CLI::App& app, Context& context) {
    auto* ocsp = app.add_subcommand("ocsp", "Online certificate status")->require_subcommand(1);
    auto options = std::make_shared<QueryOptions>();
    auto* asking = ocsp->add_subcommand("query", "Ask the authority's responder whether a certificate was revoked");
    asking->add_option("certificate", options->certificate, "The certificate")->required();
    asking->add_option("--issuer", options->issuer, "Certificate of the authority that issued it")->required();
    asking->add_option("--url", options->url, "The responder, http://... (default: the one that the certificate names)");
    asking->add_flag("--no-nonce", options->no_nonce, "Send no nonce, for responders that refuse it");
    asking->add_option("--out", options->out.file, "Keep the response (DER) in this file; `cert verify --ocsp` takes it");
    asking->add_flag("--force", options->out.force, "Replace the file when it exists");
    when_chosen(asking, context, [options](Output& output) { return query(output, *options); });
}

}  // namespace countersign::workbench
