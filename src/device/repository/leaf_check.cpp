#include "device/repository/leaf_check.hpp"

#include "base/text.hpp"
#include "pki/verify.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_certificate = "certificate";

/// "EC" of a certificate is "ecdsa" in family files.
std::string type_name(std::string_view algorithm) { return iequals(algorithm, "EC") ? "ecdsa" : to_lower(algorithm); }

class ChainCheck {
public:
    ChainCheck(family::CertificateRules const& rules, UploadNeeds const& needs, std::vector<Error>& problems)
        : rules_(rules), needs_(needs), problems_(problems) {}

    void run(std::vector<pki::Certificate> const& chain) {
        auto const& leaf = chain.front();
        for (auto const& certificate : chain) dates(certificate);
        if (!rules_.nameless_issuers) issuer(chain);
        purposes(leaf);
        strength(leaf);
        for (auto const& certificate : chain) signature(certificate);
        for (std::size_t i = 1; i < chain.size(); ++i)
            if (!chain[i].is_authority()) add(Error(errors::crt::not_an_authority, {{"subject", chain[i].subject()}}));
        name(leaf);
        if (std::ranges::find(rules_.shared_keys, leaf.public_key_sha256()) != rules_.shared_keys.end())
            add(Error(errors::crt::shared_key, {{"key", leaf.public_key_sha256()}, {"vendor", needs_.vendor}}));
        if (auto ordered = pki::check_order(chain); !ordered) add(std::move(ordered).error());
    }

private:
    void add(Error error) { add_problem(problems_, std::move(error), k_certificate); }

    void dates(pki::Certificate const& certificate) {
        auto const now = needs_.now;
        auto const subject = certificate.subject();
        if (certificate.not_after() < now)
            add(Error(errors::crt::expired, {{"subject", subject}, {"not_after", countersign::to_string(certificate.not_after())}}));
        if (certificate.not_before() > now)
            add(Error(errors::crt::not_yet_valid,
                      {{"subject", subject}, {"not_before", countersign::to_string(certificate.not_before())}}));
    }

    /// REQ RMX-10. Told once: a chain has one nameless authority as a rule.
    void issuer(std::vector<pki::Certificate> const& chain) {
        for (auto const& certificate : chain) {
            if (("/" + certificate.issuer()).contains("/CN=")) continue;
            add(Error(errors::crt::issuer_without_common_name,
                      {{"subject", certificate.subject()}, {"issuer", certificate.issuer()}, {"from", rules_.nameless_issuer_from}}));
            return;
        }
    }

    void purposes(pki::Certificate const& leaf) {
        bool const either = !needs_.server && !needs_.client_too;
        if (either && !leaf.allows_server_auth() && !leaf.allows_client_auth())
            add(Error(errors::crt::wrong_purpose,
                      {{"subject", leaf.subject()}, {"purpose", "TLS servers or clients (serverAuth, clientAuth)"}}));
        if (needs_.server && !leaf.allows_server_auth())
            add(Error(errors::crt::wrong_purpose, {{"subject", leaf.subject()}, {"purpose", "TLS servers (serverAuth)"}}));
        if (needs_.client_too && !leaf.allows_client_auth())
            add(Error(errors::crt::wrong_purpose, {{"subject", leaf.subject()}, {"purpose", "TLS clients (clientAuth)"}}));
    }

    void strength(pki::Certificate const& leaf) {
        auto type = type_name(leaf.key_algorithm());
        if (!rules_.key_types.empty() && std::ranges::find(rules_.key_types, type) == rules_.key_types.end())
            add(Error(errors::crt::unsupported_key_type, {{"type", leaf.key_algorithm()}}));
        int minimum = type == "ecdsa" ? k_minimum_ec_bits : type == "ed25519" ? 0 : k_minimum_rsa_bits;
        if (leaf.key_bits() < minimum)
            add(Error(errors::crt::key_too_weak, {{"bits", std::to_string(leaf.key_bits())}, {"minimum", std::to_string(minimum)}}));
    }

    /// A root's own signature is never looked at by anybody.
    void signature(pki::Certificate const& certificate) {
        if (certificate.is_self_issued() && certificate.is_authority()) return;
        auto const algorithm = to_lower(certificate.signature_algorithm());
        static constexpr std::array<std::string_view, 4> k_broken{"md2", "md4", "md5", "sha1"};
        if (std::ranges::any_of(k_broken, [&algorithm](auto digest) { return algorithm.contains(digest); }))
            add(Error(errors::crt::weak_signature, {{"subject", certificate.subject()}, {"algorithm", certificate.signature_algorithm()}}));
    }

    void name(pki::Certificate const& leaf) {
        if (!rules_.name_must_match || needs_.host_name.empty() || pki::matches_name(leaf, needs_.host_name)) return;
        std::string names;
        for (auto const& alternative : leaf.alternative_names()) names += (names.empty() ? "" : ", ") + alternative.value;
        if (names.empty()) names = leaf.common_name();
        add(Error(errors::crt::name_does_not_match, {{"names", names}, {"name", needs_.host_name}, {"service", needs_.service}}));
    }

    family::CertificateRules const& rules_;
    UploadNeeds const& needs_;
    std::vector<Error>& problems_;
};

}  // namespace

void check_chain(std::vector<pki::Certificate> const& chain, family::CertificateRules const& rules, UploadNeeds const& needs,
                 std::vector<Error>& problems) {
    ChainCheck(rules, needs, problems).run(chain);
}

Error one_problem(std::vector<Error> problems) {
    if (problems.size() == 1) return std::move(problems.front());
    Error several(errors::gen::several_problems);
    for (auto& problem : problems) several.because(std::move(problem));
    return several;
}

}  // namespace countersign::device
