#include "base/text.hpp"
#include "pki/verify.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <set>

namespace countersign::workbench {
namespace {

struct TrustedOptions {
    std::string certificate;
    std::vector<std::string> untrusted;
    std::vector<std::string> roots;
    std::string system;
    bool host_store = false;
};

struct Answer {
    std::string where;
    std::optional<pki::Certificate> root;  ///< through which it is trusted
    std::vector<pki::Certificate> chain;   ///< from the certificate to the root
    std::vector<pki::Finding> findings;
    std::string note;
};

Answer ask_roots(std::string where, std::vector<pki::Certificate> const& presented, std::vector<pki::Certificate> const& roots,
                 UtcTime now) {
    Answer out{.where = std::move(where)};
    auto const verdict =
        pki::verify_chain({.presented = presented, .anchors = pki::Anchors(roots), .purpose = pki::Purpose::any, .at = now});
    out.chain = verdict.chain;
    out.findings = verdict.findings;
    if (!verdict.verified() || verdict.chain.empty()) return out;
    auto const found = std::ranges::find(roots, verdict.chain.back());
    if (found != roots.end()) out.root = *found;
    return out;
}

/// A system tells the SHA-256 of its roots and not the roots themselves: one of the certificates at hand must be among them.
Result<Answer> ask_system(ApiClient& client, std::string const& name, std::vector<pki::Certificate> const& presented, UtcTime now) {
    CS_TRY(auto const system, client.get("systems/" + path_part(name)));
    auto const* assessment = system.as_object().if_contains("assessment");
    auto const* list = assessment != nullptr && assessment->is_object() ? assessment->as_object().if_contains("trusted_roots") : nullptr;
    if (list == nullptr || !list->is_array())
        return fail(errors::gen::not_found, {{"what", "trust list, as far as the manager has seen, of system"}, {"name", printable(name)}});
    std::set<std::string> fingerprints;
    for (auto const& one : list->as_array()) {
        if (one.is_string()) fingerprints.insert(to_lower(std::string_view(one.as_string())));
    }
    Answer out{.where = "system " + text_of(system, "name")};
    std::vector<pki::Certificate> roots;
    for (auto const& one : presented) {
        if (fingerprints.contains(one.fingerprint())) roots.push_back(one);
    }
    out = ask_roots(std::move(out.where), presented, roots, now);
    out.note = "The system trusts " + std::to_string(fingerprints.size()) + " roots and tells their fingerprints only";
    if (roots.empty()) out.note += "; when this is no root, name the certificates above it with --untrusted";
    return out;
}

int print_answer(Output const& output, pki::Certificate const& certificate, Answer const& answer, UtcTime now) {
    bool const trusted = answer.root.has_value();
    int const code = trusted ? k_holds : k_does_not_hold;
    json::array findings;
    for (auto const& one : answer.findings) findings.push_back(json_of(one));
    if (output.value(json::object{{"trusted", trusted},
                                  {"where", printable(answer.where)},
                                  {"certificate", json_of(certificate, now)},
                                  {"root", trusted ? json::value(json_of(*answer.root, now)) : json::value()},
                                  {"chain", json_of(answer.chain, now)},
                                  {"findings", std::move(findings)},
                                  {"note", answer.note}})) {
        return code;
    }
    auto const subject = subject_of(certificate);
    if (!trusted) {
        output.line(output.mark(Mark::bad, "not trusted") + ": " + subject + " in " + printable(answer.where));
        if (!answer.note.empty()) output.line("  " + answer.note + ".");
        print_findings(output, answer.findings);
        return code;
    }
    output.line(output.mark(Mark::good, "trusted") + ": " + subject + " in " + printable(answer.where) +
                (*answer.root == certificate ? ", it is one of its roots" : ", through " + subject_of(*answer.root)));
    output.line("  Root SHA-256:       " + with_colons(answer.root->fingerprint()));
    print_chain(output, answer.chain, now);
    return code;
}

Result<int> trusted(Context const& context, Output& output, TrustedOptions const& options) {
    Files files(output);
    auto const certificate = files.certificate(options.certificate);
    auto presented = files.certificates(options.untrusted);
    if (certificate) presented.insert(presented.begin(), *certificate);
    int const places = (options.roots.empty() ? 0 : 1) + (options.system.empty() ? 0 : 1) + (options.host_store ? 1 : 0);
    if (places != 1)
        files.problem(Error(errors::gen::invalid_input,
                            {{"field", "command line"}, {"detail", "one of --roots, --system and --host-store is needed"}}));
    auto const where = options.host_store ? std::vector<std::string>{host_store_file()} : options.roots;
    auto const roots = files.certificates(where);
    CS_CHECK(files.check());
    auto const now = SystemClock().now();
    if (options.system.empty()) return print_answer(output, *certificate, ask_roots(join(where, ", "), presented, roots, now), now);
    CS_TRY(auto const client, context.open());
    CS_TRY(auto const answer, ask_system(*client, options.system, presented, now));
    return print_answer(output, *certificate, answer, now);
}

}  // namespace

void add_trusted_command(CLI::App& cert, Context& context) {
    auto options = std::make_shared<TrustedOptions>();
    auto* asking = cert.add_subcommand("trusted", "Is this authority (or certificate) trusted there, and through which root?");
    asking->add_option("cert", options->certificate, "The certificate")->required();
    asking->add_option("--roots", options->roots, "By this file of roots; may be repeated")->allow_extra_args(false);
    asking->add_option("--system", options->system, "By this system, as the manager saw it last");
    asking->add_flag("--host-store", options->host_store, "By this host: $SSL_CERT_FILE, else /etc/ssl/certs/ca-certificates.crt");
    asking->add_option("--untrusted", options->untrusted, "File with certificates between it and the root; may be repeated")
        ->allow_extra_args(false);
    when_chosen(asking, context, [&context, options](Output& output) { return trusted(context, output, *options); });
}

}  // namespace countersign::workbench
