// Certificates in PEM texts, and how certificates and keys fit each other.

#include "pki/certificate.hpp"
#include "pki/format/der_kind.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

constexpr std::string_view k_expected = "CERTIFICATE";

Failure no_certificate(std::vector<PemBlock> const& blocks) {
    bool const request = std::ranges::any_of(blocks, [](PemBlock const& block) { return is_request_label(block.label); });
    return fail(request ? crt::request_instead_of_certificate : crt::certificate_missing);
}

/// A certificate block that was begun and not ended, or whose BEGIN line is broken.
bool is_cut_off(PemBlock const& block) { return !block.complete && (block.label.empty() || is_certificate_label(block.label)); }

Result<Certificate> decode(PemBlock const& block, std::size_t index) {
    auto der = decode_body(block.body);
    if (!der) return fail(crt::not_pem, {{"expected", k_expected}, {"index", std::to_string(index)}});
    auto certificate = Certificate::parse_der(*der);
    if (!certificate) return fail(certificate.error().with("index", std::to_string(index)));
    return certificate;
}

/// Signs a few bytes with the key and verifies them with the certificate: a file whose private and public parts come
/// from different keys passes every comparison of public keys.
bool key_works(EVP_PKEY* key, EVP_PKEY* public_key) {
    constexpr std::array<std::uint8_t, 32> sample{};
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
    std::size_t size = signature.size();
    MdCtxPtr const sign(EVP_MD_CTX_new());
    MdCtxPtr const verify(EVP_MD_CTX_new());
    if (!sign || !verify) throw_openssl_failure("make a digest");
    EVP_MD const* method = signing_digest(key);
    return EVP_DigestSignInit(sign.get(), nullptr, method, nullptr, key) == 1 &&
           EVP_DigestSign(sign.get(), signature.data(), &size, sample.data(), sample.size()) == 1 &&
           EVP_DigestVerifyInit(verify.get(), nullptr, method, nullptr, public_key) == 1 &&
           EVP_DigestVerify(verify.get(), signature.data(), size, sample.data(), sample.size()) == 1;
}

}  // namespace

Result<Certificate> Certificate::parse_pem(std::string_view pem) {
    if (pem.size() > k_input_limit) {
        return fail(errors::fil::too_large, {{"file", "The certificate"}, {"limit", std::to_string(k_input_limit)}});
    }
    auto const blocks = scan_pem(pem);
    if (blocks.empty()) return fail(crt::not_pem, {{"expected", k_expected}});
    PemBlock const* found = nullptr;
    for (auto const& block : blocks) {
        if (is_cut_off(block)) return fail(crt::not_pem, {{"expected", k_expected}});
        if (!is_certificate_label(block.label)) continue;
        if (found != nullptr) return fail(crt::too_many_certificates, {{"limit", "1"}});
        found = &block;
    }
    if (found == nullptr) return no_certificate(blocks);
    return decode(*found, 0);
}

Result<Certificate> Certificate::parse(std::string_view bytes) {
    return encoding_of(bytes) == Encoding::pem ? parse_pem(bytes) : parse_der(countersign::bytes_of(bytes));
}

Result<std::vector<Certificate>> parse_bundle(std::string_view pem, BundleLimits limits) {
    if (pem.size() > limits.bytes) {
        return fail(errors::fil::too_large, {{"file", "The certificate bundle"}, {"limit", std::to_string(limits.bytes)}});
    }
    auto const blocks = scan_pem(pem);
    std::vector<Certificate> out;
    for (auto const& block : blocks) {
        if (is_cut_off(block)) return fail(crt::not_pem, {{"expected", k_expected}, {"index", std::to_string(out.size())}});
        if (!is_certificate_label(block.label)) continue;
        if (out.size() == limits.certificates) return fail(crt::too_many_certificates, {{"limit", std::to_string(limits.certificates)}});
        CS_TRY(auto certificate, decode(block, out.size()));
        out.push_back(std::move(certificate));
    }
    if (out.empty()) return no_certificate(blocks);
    return out;
}

std::string to_pem(std::vector<Certificate> const& certificates) {
    std::string out;
    for (auto const& certificate : certificates) out += certificate.to_pem();
    return out;
}

Result<void> check_key_matches(Certificate const& certificate, PrivateKey const& key) {
    ErrorQueue const errors;
    EVP_PKEY* const wanted = X509_get0_pubkey(certificate.native());
    if (wanted == nullptr || EVP_PKEY_eq(wanted, key.native()) != 1) {
        return fail(crt::key_does_not_match_certificate,
                    {{"certificate_key", certificate.public_key_sha256()}, {"key", key.public_key_sha256()}});
    }
    if (!key_works(key.native(), wanted)) return fail(crt::broken_key, {{"detail", "its private and public parts are not of one key"}});
    return {};
}

Result<void> check_order(std::vector<Certificate> const& chain) {
    ErrorQueue const errors;
    for (std::size_t i = 1; i < chain.size(); ++i) {
        X509* const subject = chain[i - 1].native();
        X509* const issuer = chain[i].native();
        EVP_PKEY* const key = X509_get0_pubkey(issuer);
        bool const names = X509_NAME_cmp(X509_get_issuer_name(subject), X509_get_subject_name(issuer)) == 0;
        if (!names || key == nullptr || X509_verify(subject, key) != 1) {
            return fail(crt::chain_out_of_order,
                        {{"index", std::to_string(i)}, {"subject", chain[i].subject()}, {"before", chain[i - 1].subject()}});
        }
    }
    return {};
}

}  // namespace countersign::pki
