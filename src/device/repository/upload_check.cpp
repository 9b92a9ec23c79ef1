#include "device/repository/upload_check.hpp"

#include "base/text.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_certificate = "certificate";
constexpr std::string_view k_key = "private key";
constexpr std::string_view k_passphrase = "passphrase";
constexpr std::string_view k_trust = "trust store";

void add(std::vector<Error>& problems, Error error, std::string_view field) { problems.push_back(std::move(error.at(field))); }

/// "EC" of a certificate is "ecdsa" in family files.
std::string type_name(std::string_view algorithm) { return iequals(algorithm, "EC") ? "ecdsa" : to_lower(algorithm); }

void check_strength(pki::Certificate const& leaf, family::CertificateRules const& rules, std::vector<Error>& problems) {
    auto type = type_name(leaf.key_algorithm());
    if (!rules.key_types.empty() && std::ranges::find(rules.key_types, type) == rules.key_types.end())
        add(problems, Error(errors::crt::unsupported_key_type, {{"type", leaf.key_algorithm()}}), k_certificate);
    int minimum = type == "ecdsa" ? k_minimum_ec_bits : type == "ed25519" ? 0 : k_minimum_rsa_bits;
    if (leaf.key_bits() < minimum)
        add(problems, Error(errors::crt::key_too_weak, {{"bits", std::to_string(leaf.key_bits())}, {"minimum", std::to_string(minimum)}}),
            k_certificate);
}

void check_leaf(pki::Certificate const& leaf, family::CertificateRules const& rules, UtcTime now, std::vector<Error>& problems) {
    if (leaf.not_after() < now)
        add(problems, Error(errors::crt::expired, {{"subject", leaf.subject()}, {"not_after", countersign::to_string(leaf.not_after())}}),
            k_certificate);
    if (leaf.not_before() > now)
        add(problems,
            Error(errors::crt::not_yet_valid, {{"subject", leaf.subject()}, {"not_before", countersign::to_string(leaf.not_before())}}),
            k_certificate);
    if (!leaf.allows_server_auth())
        add(problems, Error(errors::crt::wrong_purpose, {{"subject", leaf.subject()}, {"purpose", "TLS servers (serverAuth)"}}),
            k_certificate);
    check_strength(leaf, rules, problems);
}

std::optional<pki::PrivateKey> read_key(Upload const& upload, family::CertificateRules const& rules, std::vector<Error>& problems) {
    bool with_passphrase = upload.passphrase && !upload.passphrase->empty();
    if (with_passphrase && !rules.passphrase_allowed) {
        add(problems, Error(errors::gen::invalid_input, {{"field", k_passphrase}, {"detail", "this system takes no encrypted key"}}),
            k_passphrase);
        return std::nullopt;
    }
    SecretText none;
    auto const& passphrase = with_passphrase ? *upload.passphrase : none;
    auto key = upload.private_key ? pki::PrivateKey::parse_pem(upload.private_key->reveal(), passphrase)
                                  : pki::PrivateKey::parse_pem(*upload.certificate, passphrase);
    if (key) return *std::move(key);
    auto about_passphrase = key.error().id() == errors::crt::wrong_passphrase || key.error().id() == errors::crt::passphrase_needed;
    add(problems, std::move(key).error(), about_passphrase ? k_passphrase : k_key);
    return std::nullopt;
}

std::optional<CertificatePair> read_pair(Upload const& upload, family::CertificateRules const& rules, UtcTime now,
                                         std::vector<Error>& problems) {
    if (!upload.certificate) {
        // "You must upload a certificate and key simultaneously" (seed 003).
        add(problems, Error(errors::gen::missing_field, {{"field", k_certificate}}), k_certificate);
        return std::nullopt;
    }
    auto chain = pki::parse_bundle(*upload.certificate);
    if (!chain) {
        add(problems, std::move(chain).error(), k_certificate);
        read_key(upload, rules, problems);
        return std::nullopt;
    }
    auto key = read_key(upload, rules, problems);
    check_leaf(chain->front(), rules, now, problems);
    if (auto ordered = pki::check_order(*chain); !ordered) add(problems, std::move(ordered).error(), k_certificate);
    if (!key) return std::nullopt;
    if (auto matched = pki::check_key_matches(chain->front(), *key); !matched) add(problems, std::move(matched).error(), k_key);
    return CertificatePair{*std::move(chain), *std::move(key)};
}

}  // namespace

Result<CheckedUpload> check_upload(Upload const& upload, family::CertificateRules const& rules, UtcTime now) {
    std::vector<Error> problems;
    CheckedUpload checked;
    if (upload.certificate || upload.private_key) checked.pair = read_pair(upload, rules, now, problems);
    if (upload.trust_store) {
        auto roots = pki::parse_bundle(*upload.trust_store);
        if (roots)
            checked.trust = *std::move(roots);
        else
            add(problems, std::move(roots).error(), k_trust);
    }
    if (!upload.certificate && !upload.private_key && !upload.trust_store)
        add(problems, Error(errors::gen::missing_field, {{"field", k_certificate}}), k_certificate);
    if (problems.empty()) return checked;
    if (problems.size() == 1) return fail(std::move(problems.front()));
    Error several(errors::gen::several_problems);
    for (auto& problem : problems) several.because(std::move(problem));
    return fail(std::move(several));
}

}  // namespace countersign::device
