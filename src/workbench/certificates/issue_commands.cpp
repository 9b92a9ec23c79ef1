#include "pki/issue.hpp"
#include "pki/make_request.hpp"
#include "pki/profiles.hpp"
#include "workbench/certificates/commands.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::workbench {
namespace {

/// Roots sign themselves and live longest; what an authority signs lives for the days of its profile.
enum class Signer { itself, authority };

struct ValidityOptions {
    int days = 0;  ///< 0: by profile
    std::string profile = "server";
    Signer signer = Signer::authority;
    std::optional<int> path_length;
};

/// "server (TLS servers), client ..., ca": as the table of profiles says.
std::string profile_words() {
    std::string out;
    for (auto const& row : pki::all_profiles()) out += (out.empty() ? "" : "; ") + std::string(row.name) + ": " + std::string(row.title);
    return out;
}

CLI::Validator known_profile() {
    return {[](std::string& text) {
                auto const known = pki::parse_profile(text);
                return known ? std::string() : known.error().message();
            },
            "PROFILE"};
}

int usual_days(pki::ProfileRow const& row, Signer signer) {
    return row.is_authority && signer == Signer::itself ? row.longest_days : row.days;
}

void add_validity_options(CLI::App& command, ValidityOptions& options, Signer signer) {
    options.signer = signer;
    auto const days = [signer](pki::Profile profile) { return std::to_string(usual_days(pki::profile_row(profile), signer)); };
    command
        .add_option("--days", options.days,
                    "How long it is valid (default: " + days(pki::Profile::server) + "; " + days(pki::Profile::authority) +
                        " for an authority; see the profiles)")
        ->check(CLI::Range(1, 36500));
    command.add_option("--profile", options.profile, "What it is for (" + profile_words() + "); ca is another word for authority")
        ->check(known_profile())
        ->capture_default_str();
    command.add_option("--path-length", options.path_length, "How many authorities may stand below this one (profile ca)")
        ->check(CLI::Range(0, 20));
}

pki::Profile profile_of(ValidityOptions const& options) {
    // The option's check lets nothing else pass.
    return pki::parse_profile(options.profile).value_or(pki::Profile::server);
}

pki::Validity validity_of(ValidityOptions const& options, UtcTime now) {
    auto const& row = pki::profile_row(profile_of(options));
    return pki::valid_for(now, std::chrono::days(options.days > 0 ? options.days : usual_days(row, options.signer)));
}

void warn_of_names(Files& files, pki::CertificateRequest const& request, pki::Profile profile) {
    auto const& row = pki::profile_row(profile);
    bool const serves = std::ranges::find(row.extended_key_usages, "serverAuth") != row.extended_key_usages.end();
    if (serves && request.alternative_names().empty())
        files.warn("the request has no alternative names, and today's clients look nowhere else for a host name; --san of `request new`");
}

/// The limits are those of estates. Who signs by hand may have reasons to go beyond them, and is told.
void warn_of_life(Files& files, ValidityOptions const& options) {
    auto const& row = pki::profile_row(profile_of(options));
    if (options.days > row.longest_days)
        files.warn(std::to_string(options.days) + " days are more than the " + std::to_string(row.longest_days) + " of the profile " +
                   std::string(row.name) + "; docs/pki-profile.md says why it has that limit");
}

struct SelfSignOptions {
    std::string request;
    KeyOption key;
    SubjectOptions subject;
    ValidityOptions validity;
    StrengthOptions strength;
    OutputOption out;
};

Result<int> self_sign(Output& output, SelfSignOptions const& options) {
    Files files(output);
    auto const key = files.key(options.key);
    std::optional<pki::CertificateRequest> request;
    if (!options.request.empty()) request = files.request(options.request);
    auto const names = options.subject.alternative_names(files);
    if (options.request.empty() && !options.subject.given())
        files.problem(Error(errors::gen::missing_field, {{"field", "--request (or --cn and the other parts of a subject)"}}));
    if (!options.request.empty() && options.subject.given())
        files.problem(
            Error(errors::gen::invalid_input, {{"field", "--request"}, {"detail", "the request says subject and names already"}}));
    auto const hash = options.strength.choose(files);
    files.will_write(options.out);
    CS_CHECK(files.check());
    if (!request) {
        CS_TRY(request, pki::make_request(*key, options.subject.fields, names, hash));
    }
    auto const profile = profile_of(options.validity);
    auto const now = SystemClock().now();
    warn_of_names(files, *request, profile);
    warn_of_life(files, options.validity);
    if (options.strength.legacy) warn_of_weak_key(files, pki::describe_key(*request));
    CS_TRY(auto const made,
           pki::self_sign(
               *request, *key, profile, validity_of(options.validity, now),
               {.hash = hash, .minimum_rsa_bits = options.strength.minimum_rsa_bits(), .path_length = options.validity.path_length}));
    CS_CHECK(Files::write(options.out, made.to_pem()));
    if (output.value(json::object{{"file", printable(options.out.file)}, {"certificate", json_of(made, now)}})) return k_holds;
    output.line(printable(options.out.file) + ": self-signed certificate");
    print(output, made, now);
    return k_holds;
}

struct SignOptions {
    std::string request;
    std::string authority;
    KeyOption key;
    ValidityOptions validity;
    StrengthOptions strength;
    std::vector<std::string> crl_urls;
    std::vector<std::string> ocsp_urls;
    std::vector<std::string> issuer_urls;
    bool must_staple = false;
    bool with_chain = false;
    OutputOption out;
};

/// The certificate, and with --with-chain what the authority's file says about those above it.
Result<std::vector<pki::Certificate>> chain_of(Files const& files, pki::Certificate const& made,
                                               std::vector<pki::Certificate> const& above) {
    std::vector<pki::Certificate> heap{made};
    heap.insert(heap.end(), above.begin(), above.end());
    CS_TRY(auto ordered, pki::order_chain(heap));
    for (auto const& one : ordered.left_out) files.warn("left out of the chain: " + subject_of(one));
    return std::move(ordered.chain);
}

Result<int> sign(Output& output, SignOptions const& options) {
    Files files(output);
    auto const request = files.request(options.request);
    // The first certificate is the authority; those behind it belong to its chain.
    auto const above = options.with_chain ? files.certificates({options.authority}) : std::vector<pki::Certificate>();
    auto const certificate = options.with_chain ? std::nullopt : files.certificate(options.authority);
    auto const key = files.key(options.key);
    auto const hash = options.strength.choose(files);
    files.will_write(options.out);
    CS_CHECK(files.check());
    auto const now = SystemClock().now();
    auto const& issuer = certificate ? *certificate : above.front();
    if (issuer.not_after() < now)
        return fail(errors::gen::invalid_input,
                    {{"field", "--ca-cert " + printable(options.authority)}, {"detail", "it ended at " + to_string(issuer.not_after())}});
    CS_TRY(auto const authority, pki::CertificateAuthority::create(issuer, *key));
    auto const profile = profile_of(options.validity);
    auto const validity = validity_of(options.validity, now);
    warn_of_names(files, *request, profile);
    warn_of_life(files, options.validity);
    if (options.strength.legacy) warn_of_weak_key(files, pki::describe_key(*request));
    CS_TRY(auto const made, authority.sign(*request, profile, validity,
                                           {.hash = hash,
                                            .minimum_rsa_bits = options.strength.minimum_rsa_bits(),
                                            .path_length = options.validity.path_length,
                                            .crl_urls = options.crl_urls,
                                            .ocsp_urls = options.ocsp_urls,
                                            .issuer_urls = options.issuer_urls,
                                            .must_staple = options.must_staple}));
    bool const cut = made.not_after() < validity.not_after;
    if (cut) files.warn("it ends with its authority at " + to_string(made.not_after()) + ", earlier than asked for");
    std::vector<pki::Certificate> chain{made};
    if (options.with_chain) {
        CS_TRY(chain, chain_of(files, made, above));
    }
    CS_CHECK(Files::write(options.out, pki::to_pem(chain)));
    if (output.value(json::object{{"file", printable(options.out.file)},
                                  {"certificate", json_of(made, now)},
                                  {"chain", json_of(chain, now)},
                                  {"ends_with_authority", cut}})) {
        return k_holds;
    }
    output.line(printable(options.out.file) + ": certificate" +
                (chain.size() > 1 ? " and " + std::to_string(chain.size() - 1) + " above it" : ""));
    print(output, made, now);
    return k_holds;
}

}  // namespace

void add_issue_commands(CLI::App& cert, Context& context) {
    auto own = std::make_shared<SelfSignOptions>();
    auto* self = cert.add_subcommand("self-sign", "Make a certificate that its own key signs");
    self->add_option("--request", own->request, "The request; or give --cn and the other parts of the subject");
    add_key_options(*self, own->key, "--key", "The private key of the request")->required();
    add_subject_options(*self, own->subject);
    add_validity_options(*self, own->validity, Signer::itself);
    add_strength_options(*self, own->strength);
    add_output_options(*self, own->out, "File for the certificate (cert.pem)");
    when_chosen(self, context, [own](Output& output) { return self_sign(output, *own); });

    auto options = std::make_shared<SignOptions>();
    auto* signing = cert.add_subcommand("sign", "Sign a request as an authority");
    signing->add_option("--request", options->request, "The request")->required();
    signing->add_option("--ca-cert", options->authority, "Certificate of the authority; with --with-chain also those above it")->required();
    add_key_options(*signing, options->key, "--ca-key", "Private key of the authority")->required();
    add_validity_options(*signing, options->validity, Signer::authority);
    add_strength_options(*signing, options->strength);
    signing->add_option("--crl-url", options->crl_urls, "Where the authority's revocation list is, http; may be repeated")
        ->allow_extra_args(false);
    signing->add_option("--ocsp-url", options->ocsp_urls, "Where its OCSP responder is, http; may be repeated")->allow_extra_args(false);
    signing->add_option("--issuer-url", options->issuer_urls, "Where its certificate is, http; may be repeated")->allow_extra_args(false);
    signing->add_flag("--must-staple", options->must_staple, "The server must staple an OCSP response (RFC 7633)");
    signing->add_flag("--with-chain", options->with_chain, "Write the authority's certificates behind the new one");
    add_output_options(*signing, options->out, "File for the certificate (cert.pem)");
    when_chosen(signing, context, [options](Output& output) { return sign(output, *options); });
}

}  // namespace countersign::workbench
