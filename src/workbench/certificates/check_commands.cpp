#include "pki/verify.hpp"
#include "workbench/certificates/commands.hpp"
#include "workbench/commands.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

constexpr int k_max_depth = 100;

/// An unset variable of a script must not take the host name out of a verification.
CLI::Validator const k_not_empty([](std::string const& text) { return std::string(text.empty() ? "it is empty" : ""); }, "", "not empty");

struct MatchOptions {
    KeyOption key;
    std::string certificate;
    std::string request;
};

Result<int> match(Output& output, MatchOptions const& options) {
    Files files(output);
    auto const key = files.key(options.key);
    std::optional<pki::Certificate> certificate;
    if (!options.certificate.empty()) certificate = files.certificate(options.certificate);
    std::optional<pki::CertificateRequest> request;
    if (!options.request.empty()) request = files.request(options.request);
    if (options.certificate.empty() && options.request.empty())
        files.problem(Error(errors::gen::missing_field, {{"field", "--cert (or --request)"}}));
    CS_CHECK(files.check());
    json::object answer{{"matches", true}, {"key", json_of(pki::describe_key(*key))}};
    bool matches = true;
    std::string detail;
    if (certificate) {
        auto const fits = pki::check_key_matches(*certificate, *key);
        matches = fits.has_value();
        if (!fits) detail = fits.error().message();
        answer["certificate_key"] = json_of(pki::describe_key(*certificate));
    }
    if (request) {
        bool const fits = request->public_key_sha256() == key->public_key_sha256();
        if (!fits) detail += std::string(detail.empty() ? "" : " ") + "The private key does not belong to this request.";
        matches = matches && fits;
        answer["request_key"] = json_of(pki::describe_key(*request));
    }
    answer["matches"] = matches;
    answer["detail"] = detail;
    if (output.value(answer)) return matches ? k_holds : k_does_not_hold;
    output.line(matches ? output.mark(Mark::good, "They belong together.")
                        : output.mark(Mark::bad, "They do not belong together.") + " " + detail);
    return matches ? k_holds : k_does_not_hold;
}

struct VerifyOptions {
    std::string leaf;
    std::vector<std::string> roots;
    std::vector<std::string> untrusted;
    std::vector<std::string> crls;
    std::vector<std::string> ocsp;
    std::string host;
    std::string at;
    std::string purpose;
    std::string profile;
    pki::PolicyDemand policies;
    std::optional<int> max_depth;
    bool soft = false;
};

pki::Purpose purpose_of(std::string const& text) {
    if (text == "server") return pki::Purpose::server;
    return text == "client" ? pki::Purpose::client : pki::Purpose::any;
}

/// OCSP responses are DER without a mark of their own, so that they have an option of their own.
std::vector<pki::OcspResponse> responses_of(Files& files, std::vector<std::string> const& names) {
    std::vector<pki::OcspResponse> out;
    for (auto const& name : names) {
        auto const bytes = files.bytes(name, pki::k_ocsp_limit);
        if (!bytes) continue;
        auto response =
            files.take(Result<pki::OcspResponse>(pki::OcspResponse::parse_der(bytes_of(*bytes)).map_error(at(printable(name)))));
        if (response) out.push_back(std::move(*response));
    }
    return out;
}

/// The root that the chain ends in, when it is one of these.
pki::Certificate const* anchor_of(pki::Verdict const& verdict, std::vector<pki::Certificate> const& roots) {
    if (verdict.chain.empty()) return nullptr;
    auto const found = std::ranges::find(roots, verdict.chain.back());
    return found == roots.end() ? nullptr : &*found;
}

std::string how_many(std::vector<pki::Finding> const& findings) {
    auto const failures = std::ranges::count(findings, pki::Severity::failure, &pki::Finding::severity);
    auto const advice = std::ssize(findings) - failures;
    std::string out;
    if (failures > 0) out = std::to_string(failures) + (failures == 1 ? " failure" : " failures");
    if (advice > 0) out += (out.empty() ? "" : ", ") + std::to_string(advice) + (advice == 1 ? " piece of advice" : " pieces of advice");
    return out.empty() ? "nothing found" : out;
}

struct Asked {
    std::string host, purpose, profile, revocation;
    UtcTime at;
};

int print_verdict(Output const& output, pki::Verdict const& verdict, std::vector<pki::Certificate> const& roots, Asked const& asked) {
    bool const good = verdict.verified();
    int const code = good ? k_holds : k_does_not_hold;
    auto const* anchor = anchor_of(verdict, roots);
    json::array findings;
    for (auto const& one : verdict.findings) findings.push_back(json_of(one));
    if (output.value(json::object{{"verified", good},
                                  {"host", printable(asked.host)},
                                  {"at", to_string(asked.at)},
                                  {"purpose", asked.purpose},
                                  {"profile", asked.profile},
                                  {"revocation", asked.revocation},
                                  {"trusted_root", anchor != nullptr ? json::value(json_of(*anchor, asked.at)) : json::value()},
                                  {"chain", json_of(verdict.chain, asked.at)},
                                  {"findings", std::move(findings)}})) {
        return code;
    }
    auto const subject = verdict.chain.empty() ? std::string("the certificate") : subject_of(verdict.chain.front());
    output.line((good ? output.mark(Mark::good, "verified") : output.mark(Mark::bad, "not verified")) + ": " + subject +
                (asked.host.empty() ? "" : " for " + printable(asked.host)) + ", " + how_many(verdict.findings));
    output.line("  at " + to_string(asked.at) + ", purpose " + asked.purpose + ", profile " + asked.profile + ", revocation " +
                asked.revocation + (asked.host.empty() ? ", no host name asked about" : ""));
    output.line("");
    output.line("Chain" + std::string(anchor != nullptr ? ", to a trusted root:" : ", which leads to no trusted root:"));
    print_chain(output, verdict.chain, asked.at);
    print_findings(output, verdict.findings);
    return code;
}

Result<int> verify(Output& output, VerifyOptions const& options) {
    Files files(output);
    auto presented = files.certificates({options.leaf});
    auto const roots = files.certificates(options.roots);
    auto const untrusted = files.certificates(options.untrusted);
    auto const crls = files.crls(options.crls);
    auto const responses = responses_of(files, options.ocsp);
    Asked asked{.host = options.host,
                .purpose = options.purpose.empty() ? (options.host.empty() ? "any" : "server") : options.purpose,
                .profile = options.profile.empty() ? (options.host.empty() ? "rfc5280" : "webpki") : options.profile,
                .revocation = "off",
                .at = SystemClock().now()};
    if (auto const why = why_no_host_name(options.host))
        files.problem(Error(errors::gen::invalid_input, {{"field", "--host " + printable(options.host)}, {"detail", *why}}));
    if (!options.at.empty()) {
        if (auto const time = parse_utc_time(options.at)) {
            asked.at = *time;
        } else {
            files.problem(Error(errors::gen::invalid_input, {{"field", "--at"}, {"detail", "it is not a time like 2026-11-21T00:00:00Z"}}));
        }
    }
    auto const strictness = files.take(pki::Strictness::find(asked.profile));
    CS_CHECK(files.check());
    pki::Revocation revocation{.lists = crls, .responses = responses};
    if (!crls.empty() || !responses.empty()) {
        revocation.policy = options.soft ? pki::RevocationPolicy::soft_fail : pki::RevocationPolicy::hard_fail;
        asked.revocation = options.soft ? "soft" : "hard";
    }
    presented.insert(presented.end(), untrusted.begin(), untrusted.end());
    auto const verdict = pki::verify_chain({.presented = presented,
                                            .anchors = pki::Anchors(roots),
                                            .purpose = purpose_of(asked.purpose),
                                            .host_name = options.host,
                                            .at = asked.at,
                                            .strictness = *strictness,
                                            .policies = options.policies,
                                            .revocation = revocation,
                                            .max_intermediates = options.max_depth});
    return print_verdict(output, verdict, roots, asked);
}

void add_verify_command(CLI::App& cert, Context& context) {
    auto options = std::make_shared<VerifyOptions>();
    auto* verifying = cert.add_subcommand("verify", "Verify a certificate up to a trusted root, and say all that is wrong");
    verifying->add_option("leaf", options->leaf, "The certificate; others behind it in the file help to build the chain")->required();
    verifying->add_option("--roots", options->roots, "File with trusted roots; may be repeated")->required()->allow_extra_args(false);
    verifying->add_option("--untrusted", options->untrusted, "File with certificates between leaf and root; may be repeated")
        ->allow_extra_args(false);
    verifying->add_option("--host", options->host, "Name or address that the certificate must be for")->check(k_not_empty);
    verifying->add_option("--at", options->at, "Time to verify at, 2026-11-21T00:00:00Z (default: now)");
    verifying->add_option("--purpose", options->purpose, "server, client or any (default: server with --host, any otherwise)")
        ->check(CLI::IsMember({"server", "client", "any"}));
    verifying
        ->add_option("--profile", options->profile,
                     "How strict: device-legacy, rfc5280 or webpki (default: webpki with --host, rfc5280 otherwise)")
        ->check(CLI::IsMember({"device-legacy", "rfc5280", "webpki"}));
    verifying->add_option("--crl", options->crls, "File with revocation lists; may be repeated")->allow_extra_args(false);
    verifying->add_option("--ocsp", options->ocsp, "File with an OCSP response (DER); may be repeated")->allow_extra_args(false);
    verifying->add_flag("--soft", options->soft, "With --crl or --ocsp: a certificate about which nothing is known passes");
    verifying->add_option("--policy", options->policies.acceptable, "OID of a certificate policy that is wanted; may be repeated")
        ->allow_extra_args(false);
    verifying->add_flag("--explicit-policy", options->policies.explicit_policy, "The chain must have a policy that is valid throughout");
    verifying->add_flag("--inhibit-mapping", options->policies.inhibit_mapping, "Policies may not be mapped to others");
    verifying->add_flag("--inhibit-any", options->policies.inhibit_any, "\"Any policy\" does not count");
    verifying->add_option("--max-depth", options->max_depth, "Most authorities between leaf and root")->check(CLI::Range(0, k_max_depth));
    when_chosen(verifying, context, [options](Output& output) { return verify(output, *options); });
}

}  // namespace

void add_check_commands(CLI::App& cert, Context& context) {
    auto options = std::make_shared<MatchOptions>();
    auto* matching = cert.add_subcommand("match", "Do private key and certificate (or request) belong together?");
    add_key_options(*matching, options->key, "--key", "The private key")->required();
    matching->add_option("--cert", options->certificate, "The certificate");
    matching->add_option("--request", options->request, "The request");
    when_chosen(matching, context, [options](Output& output) { return match(output, *options); });
    add_verify_command(cert, context);
}

}  // namespace countersign::workbench
