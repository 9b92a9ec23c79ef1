#include "manager/certificates/certificate_upload.hpp"

#include "base/text.hpp"
#include "manager/drivers/web_driver.hpp"
#include "pki/contents.hpp"
#include "pki/verify.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

/// Opening a package must not keep anybody waiting for seconds; programs write 2,048 to 600,000 rounds.
constexpr std::int64_t k_most_rounds = 1'000'000;
constexpr int k_minimum_rsa_bits = 2048;
constexpr int k_minimum_ec_bits = 256;
constexpr std::string_view k_certificate = "certificate", k_key = "key", k_passphrase = "passphrase";
constexpr std::string_view k_identity = "the manager";

Result<pki::Contents> read_file(std::string_view bytes, SecretText const& passphrase) {
    pki::ContentsLimits limits;
    limits.bytes = k_certificate_file_limit;
    limits.rounds = k_most_rounds;
    return pki::read_contents(bytes, passphrase, limits);
}

bool is_about_passphrase(Error const& error) {
    return error.id() == errors::crt::wrong_passphrase || error.id() == errors::crt::passphrase_needed;
}

class Problems {
public:
    void add(Error error, std::string_view place) {
        if (is_about_passphrase(error)) place = k_passphrase;
        auto placed = std::move(error.at(place));
        // A file that holds the same fault twice is told once.
        if (std::ranges::find(list_, placed) == list_.end()) list_.push_back(std::move(placed));
    }
    [[nodiscard]] bool none() const { return list_.empty(); }
    std::vector<Error> take() { return std::move(list_); }

private:
    std::vector<Error> list_;
};

/// What stands in the files of one upload.
struct Found {
    std::vector<pki::Certificate> certificates;
    std::vector<pki::PrivateKey> keys;
};

void collect(std::string_view bytes, SecretText const& passphrase, std::string_view place, Found& found, Problems& problems) {
    auto contents = read_file(bytes, passphrase);
    if (!contents) {
        auto const& several = contents.error().causes();
        if (several.empty())
            problems.add(contents.error(), place);
        else
            for (auto const& one : several) problems.add(one, place);
        return;
    }
    for (auto& problem : contents->problems) problems.add(std::move(problem), place);
    for (auto& item : contents->items) {
        if (auto* certificate = std::get_if<pki::Certificate>(&item.value)) {
            found.certificates.push_back(std::move(*certificate));
        } else if (auto* key = std::get_if<pki::PrivateKey>(&item.value)) {
            bool const known =
                std::ranges::any_of(found.keys, [key](auto const& other) { return other.public_key_sha256() == key->public_key_sha256(); });
            if (!known) found.keys.push_back(std::move(*key));
        } else if (std::holds_alternative<pki::CertificateRequest>(item.value)) {
            problems.add(Error(errors::crt::request_instead_of_certificate), place);
        } else if (std::holds_alternative<pki::LockedKey>(item.value) || std::holds_alternative<pki::LockedPackage>(item.value)) {
            problems.add(Error(errors::crt::passphrase_needed), k_passphrase);
        }
    }
}

void check_strength(pki::Certificate const& certificate, std::vector<Error>& faults) {
    auto const type = certificate.key_algorithm();
    if (type != "RSA" && type != "EC") {
        // Systems of all ages call the manager: what their TLS cannot verify would lock them out.
        faults.emplace_back(errors::crt::unsupported_key_type,
                            std::initializer_list<std::pair<std::string_view, std::string_view>>{{"type", type}});
        return;
    }
    int const minimum = type == "EC" ? k_minimum_ec_bits : k_minimum_rsa_bits;
    if (certificate.key_bits() < minimum)
        faults.push_back(
            Error(errors::crt::key_too_weak, {{"bits", std::to_string(certificate.key_bits())}, {"minimum", std::to_string(minimum)}}));
}

void check_dates(pki::Certificate const& certificate, UtcTime now, std::vector<Error>& faults) {
    auto const subject = certificate.subject();
    if (certificate.not_after() < now)
        faults.push_back(Error(errors::crt::expired, {{"subject", subject}, {"not_after", to_string(certificate.not_after())}}));
    if (certificate.not_before() > now)
        faults.push_back(Error(errors::crt::not_yet_valid, {{"subject", subject}, {"not_before", to_string(certificate.not_before())}}));
}

void check_signature(pki::Certificate const& certificate, std::vector<Error>& faults) {
    auto const algorithm = to_lower(certificate.signature_algorithm());
    for (std::string_view const broken : {"md2", "md4", "md5", "sha1"})
        if (algorithm.contains(broken)) {
            faults.push_back(
                Error(errors::crt::weak_signature, {{"subject", certificate.subject()}, {"algorithm", certificate.signature_algorithm()}}));
            return;
        }
}

std::string names_of(pki::Certificate const& leaf) {
    std::vector<std::string> names;
    for (auto const& name : leaf.alternative_names()) names.push_back(name.value);
    return names.empty() ? leaf.common_name() : join(names, ", ");
}

bool is_told_otherwise(pki::Finding::Kind kind) {
    using enum pki::Finding::Kind;
    return kind == expired || kind == not_yet_valid || kind == wrong_purpose || kind == weak_key || kind == weak_signature ||
           kind == name_mismatch;
}

/// The path to a root. What it says beyond the checks that have errors of their own.
pki::Verdict verify(std::vector<pki::Certificate> const& chain, std::vector<pki::Certificate> const& roots, UtcTime now) {
    return pki::verify_chain({.presented = chain,
                              .anchors = pki::Anchors(roots),
                              .purpose = pki::Purpose::server,
                              .host_name = {},
                              .at = now,
                              .policies = {},
                              .revocation = {}});
}

bool is_root(pki::Certificate const& certificate) { return certificate.is_authority() && certificate.is_self_issued(); }

void check_path(std::vector<pki::Certificate> const& chain, CertificateNeeds const& needs, std::vector<Error>& faults) {
    auto const& leaf = chain.front();
    auto const verdict = verify(chain, needs.roots, needs.now);
    for (auto const& finding : verdict.findings) {
        if (finding.severity != pki::Severity::failure || is_told_otherwise(finding.kind)) continue;
        using enum pki::Finding::Kind;
        if (finding.kind == untrusted_root) {
            auto const& end = verdict.chain.empty() ? leaf : verdict.chain.back();
            faults.push_back(Error(errors::mgr::root_not_trusted,
                                   {{"subject", leaf.subject()}, {"root", end.subject()}, {"sha256", end.fingerprint()}}));
        } else if (finding.kind == incomplete_chain) {
            auto const& end = verdict.chain.empty() ? leaf : verdict.chain.back();
            faults.push_back(Error(errors::mgr::chain_incomplete, {{"subject", leaf.subject()}, {"issuer", end.issuer()}}));
        } else {
            faults.push_back(Error(errors::mgr::certificate_not_usable, {{"subject", finding.subject}, {"detail", finding.text}}));
        }
    }
}

}  // namespace

std::vector<Error> certificate_faults(std::vector<pki::Certificate> const& chain, CertificateNeeds const& needs) {
    std::vector<Error> faults;
    auto const& leaf = chain.front();
    for (auto const& certificate : chain) check_dates(certificate, needs.now, faults);
    for (auto const& certificate : chain)
        if (!is_root(certificate)) check_signature(certificate, faults);
    for (auto const& certificate : chain) check_strength(certificate, faults);
    if (leaf.is_authority())
        faults.push_back(Error(errors::mgr::certificate_not_usable,
                               {{"subject", leaf.subject()}, {"detail", "it is the certificate of an authority, not of a server"}}));
    if (!leaf.allows_server_auth())
        faults.push_back(Error(errors::crt::wrong_purpose, {{"subject", leaf.subject()}, {"purpose", "TLS servers (serverAuth)"}}));
    if (!leaf.allows_client_auth())
        faults.push_back(Error(errors::crt::wrong_purpose, {{"subject", leaf.subject()}, {"purpose", "TLS clients (clientAuth)"}}));
    for (auto const& name : needs.names)
        if (!pki::matches_name(leaf, name))
            faults.push_back(Error(errors::mgr::name_not_covered, {{"name", name}, {"names", names_of(leaf)}}));
    check_path(chain, needs, faults);
    return faults;
}

Result<CheckedCertificate> check_certificate(CertificateUpload const& upload, CertificateNeeds const& needs) {
    static SecretText const none;
    auto const& passphrase = upload.passphrase ? *upload.passphrase : none;
    Problems problems;
    Found found;
    collect(upload.certificate, passphrase, k_certificate, found, problems);
    if (upload.key) collect(upload.key->reveal(), passphrase, k_key, found, problems);
    if (problems.none() && found.certificates.empty()) problems.add(Error(errors::crt::certificate_missing), k_certificate);
    if (problems.none() && upload.key && found.keys.empty())
        problems.add(Error(errors::crt::not_pem, {{"expected", "private key"}}), k_key);
    if (found.keys.size() > 1) problems.add(Error(errors::crt::several_keys, {{"count", std::to_string(found.keys.size())}}), k_key);
    bool const answer = found.keys.empty();
    if (problems.none() && answer && needs.pending == nullptr)
        problems.add(Error(errors::crt::no_request_pending, {{"identity", k_identity}}), k_key);
    if (!problems.none()) return fail(gather(problems.take()));

    auto const& key = answer ? *needs.pending : found.keys.front();
    auto ordered = pki::order_chain(found.certificates, &key);
    // Without a leaf of this key the leaf is named that there is, so that what it is for can be said.
    if (!ordered) ordered = pki::order_chain(found.certificates);
    if (!ordered) return fail(std::move(ordered.error().at(k_certificate)));
    auto chain = std::move(ordered->chain);
    if (auto matched = pki::check_key_matches(chain.front(), key); !matched) {
        if (answer)
            problems.add(Error(errors::crt::answer_of_another_request, {{"identity", k_identity},
                                                                        {"certificate_key", chain.front().public_key_sha256()},
                                                                        {"request_key", key.public_key_sha256()}}),
                         k_certificate);
        else
            problems.add(std::move(matched).error(), k_key);
    }
    auto trusting = needs;
    std::optional<pki::Certificate> brought;
    if (needs.trust_root && is_root(chain.back()) && chain.size() > 1 &&
        std::ranges::find(needs.roots, chain.back()) == needs.roots.end()) {
        brought = chain.back();
        trusting.roots.push_back(*brought);
    }
    for (auto& fault : certificate_faults(chain, trusting)) problems.add(std::move(fault), k_certificate);
    if (!problems.none()) return fail(gather(problems.take()));
    auto path = verify(chain, trusting.roots, needs.now).chain;
    if (brought && path.back() != *brought) brought.reset();
    return CheckedCertificate{.chain = std::move(path), .key = key, .answers_request = answer, .new_root = std::move(brought)};
}

Result<std::vector<pki::Certificate>> read_roots(std::string const& file, UtcTime now) {
    Problems problems;
    Found found;
    collect(file, SecretText(), k_certificate, found, problems);
    if (problems.none() && !found.keys.empty())
        problems.add(Error(errors::crt::other_content, {{"file", "it"}, {"found", "a private key"}, {"expected", "a root certificate"}}),
                     k_certificate);
    if (problems.none() && found.certificates.empty()) problems.add(Error(errors::crt::certificate_missing), k_certificate);
    std::vector<pki::Certificate> roots;
    for (auto const& one : found.certificates) {
        auto const refuse = [&](std::string const& detail) {
            problems.add(Error(errors::mgr::not_a_root, {{"subject", one.subject()}, {"detail", detail}}), k_certificate);
        };
        if (!one.is_authority())
            refuse("it may not issue certificates (no authority)");
        else if (!one.is_self_issued())
            refuse("it is an intermediate authority; the root above it is " + one.issuer());
        else if (!pki::check_order({one, one}))
            refuse("its own signature does not fit");
        std::vector<Error> faults;
        check_dates(one, now, faults);
        check_strength(one, faults);
        for (auto& fault : faults) problems.add(std::move(fault), k_certificate);
        if (std::ranges::find(roots, one) == roots.end()) roots.push_back(one);
    }
    if (!problems.none()) return fail(gather(problems.take()));
    return roots;
}

}  // namespace countersign::manager
