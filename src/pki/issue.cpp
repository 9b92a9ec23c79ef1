#include "pki/issue.hpp"

#include "pki/extensions.hpp"
#include "pki/format/public_key.hpp"
#include "pki/format/request_parts.hpp"
#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/signer.hpp"
#include "pki/to_be_signed.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

constexpr int k_smallest_legacy_rsa_bits = 1024;
constexpr int k_root_path_length = 1;

Failure refused(std::string_view detail) { return fail(crt::signing_failed, {{"detail", detail}}); }

/// 128 random bits, positive and not zero; 17 bytes at most of the 20 that RFC 5280 section 4.1.2.2 allows.
std::array<std::uint8_t, 16> new_serial() {
    std::array<std::uint8_t, 16> bytes{};
    do {
        if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw_openssl_failure("make a serial number");
    } while (std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; }));
    return bytes;
}

bool is_ordered(Validity const& validity) { return validity.not_before < validity.not_after; }

/// Names that came with a request are looked at again here: what is signed is what was checked.
Result<std::vector<AlternativeName>> names_to_sign(RequestParts const& request) {
    ErrorQueue const errors;
    int found = -1;
    GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(request.extensions(), NID_subject_alt_name, &found, nullptr)));
    if (!names && found != -1) return fail(crt::broken_request, {{"detail", "its subject alternative names cannot be decoded"}});
    auto values = alternative_names_of(names.get());
    if (values.size() != static_cast<std::size_t>(std::max(0, sk_GENERAL_NAME_num(names.get())))) {
        return fail(crt::invalid_name, {{"field", "subject alternative name"}, {"value", "neither dns, ip, email nor uri"}});
    }
    for (auto const& value : values) CS_CHECK(check_alternative_name(value));
    return values;
}

/// The Name in DER, with the bytes that it was decoded from. Borrowed from `name`.
std::span<std::uint8_t const> der_of_name(X509_NAME const* name) {
    unsigned char const* data = nullptr;
    std::size_t size = 0;
    if (X509_NAME_get0_der(name, &data, &size) != 1) throw_openssl_failure("encode a name");
    return {data, size};
}

struct Signing {
    std::span<std::uint8_t const> issuer;                     ///< its name
    std::optional<std::span<std::uint8_t const>> issuer_key;  ///< identifier; nothing: signed by its own key
    Signer const& signer;
    int path_length;
};

/// Whom a certificate is for. Borrows all but the names, which are checked already.
struct Holder {
    X509_NAME const* subject;
    std::vector<AlternativeName> names;
    EVP_PKEY const* key;                    ///< the public half counts
    std::span<std::uint8_t const> key_der;  ///< SubjectPublicKeyInfo
};

Result<Certificate> make(Holder const& holder, Profile profile, Validity const& validity, Signing const& by, IssueOptions const& options) {
    X509_NAME const* const subject = holder.subject;
    CS_CHECK(check_name(subject));
    auto const& names = holder.names;
    ErrorQueue errors;
    EVP_PKEY const* const public_key = holder.key;
    int const smallest = std::max(options.minimum_rsa_bits, k_smallest_legacy_rsa_bits);
    if (is_weak_key(public_key, smallest)) {
        bool const curve = EVP_PKEY_get_base_id(public_key) == EVP_PKEY_EC;
        return fail(crt::key_too_weak,
                    {{"bits", std::to_string(EVP_PKEY_get_bits(public_key))}, {"minimum", curve ? "224" : std::to_string(smallest)}});
    }
    bool const nameless = X509_NAME_entry_count(subject) == 0;
    if (nameless && (profile_row(profile).is_authority || names.empty())) {
        return fail(crt::invalid_name, {{"field", "subject"}, {"value", "empty"}});
    }
    if (!is_ordered(validity)) return refused("its validity would end before it begins");
    CS_CHECK(check_revocation_pointers(options));

    auto const key = key_for_certificate(holder.key_der);
    if (key.empty()) return refused(errors.reason());
    auto const serial = new_serial();
    auto const identifier = key_identifier(key);
    CS_TRY(auto const algorithm, by.signer.algorithm(options.hash));
    auto const to_be_signed = write_to_be_signed({.serial = serial,
                                                  .algorithm = algorithm,
                                                  .issuer = by.issuer,
                                                  .validity = validity,
                                                  .subject = der_of_name(subject),
                                                  .public_key = key,
                                                  .extensions = {.profile = profile,
                                                                 .path_length = by.path_length,
                                                                 .rsa = EVP_PKEY_get_base_id(public_key) == EVP_PKEY_RSA,
                                                                 .own = identifier,
                                                                 .authority = by.issuer_key.value_or(identifier),
                                                                 .names = names,
                                                                 .nameless = nameless,
                                                                 .revocation = &options}});
    if (!to_be_signed) return refused("its dates cannot be written");
    CS_TRY(auto const signature, by.signer.sign(*to_be_signed, options.hash));
    return Certificate::written_here(write_certificate(*to_be_signed, algorithm, signature));
}

Result<Certificate> make(CertificateRequest const& request, Profile profile, Validity const& validity, Signing const& by,
                         IssueOptions const& options) {
    auto const& asked = request.parts();
    CS_TRY(auto names, names_to_sign(asked));
    return make(Holder{.subject = asked.subject(), .names = std::move(names), .key = asked.key(), .key_der = asked.key_der()}, profile,
                validity, by, options);
}

bool may_use_key_for(Certificate const& certificate, std::uint32_t usage) {
    return (X509_get_key_usage(certificate.native()) & usage) != 0;  // all bits when there is no such extension
}

}  // namespace

/// What an authority puts into each of its certificates, or compares it with: taken from its own certificate once.
struct Issuer {
    Issuer(Certificate const& certificate, PrivateKey key)
        : subject(der_of(X509_get_subject_name(certificate.native()), i2d_X509_NAME, "encode a name")),
          identifier(issuer_identifier(certificate.native())),
          not_after(certificate.not_after()),
          path_length(X509_get_pathlen(certificate.native())),
          signer(std::move(key)) {}

    Bytes subject;
    Bytes identifier;  ///< of its key
    UtcTime not_after;
    long path_length;  ///< -1: no limit
    Signer signer;
};

Validity valid_for(UtcTime now, std::chrono::seconds length) {
    return {.not_before = now - std::chrono::minutes(5), .not_after = now + length};
}

Result<CertificateAuthority> CertificateAuthority::create(Certificate certificate, PrivateKey key) {
    CS_CHECK(check_key_matches(certificate, key));
    if (!certificate.is_authority() || !may_use_key_for(certificate, KU_KEY_CERT_SIGN)) {
        return fail(crt::not_an_authority, {{"subject", certificate.subject()}});
    }
    auto issuer = std::make_shared<Issuer const>(certificate, key);
    return CertificateAuthority(std::move(certificate), std::move(key), std::move(issuer));
}

Result<CertificateAuthority> CertificateAuthority::create_root(PrivateKey key, SubjectFields const& subject, Validity validity) {
    CS_TRY(auto request, CertificateRequest::create(key, subject, {}));
    CS_TRY(auto certificate, self_sign(request, key, Profile::authority, validity));
    return create(std::move(certificate), std::move(key));
}

Result<int> CertificateAuthority::check_may_issue(Profile profile, Validity& validity, IssueOptions const& options) const {
    constexpr long no_limit = -1;
    bool const over = validity.not_before >= issuer_->not_after;
    // An authority below this one issues end certificates only, unless something else is asked for.
    int const below = options.path_length.value_or(0);
    if (over || (profile_row(profile).is_authority && issuer_->path_length != no_limit && issuer_->path_length < below + 1L)) {
        return fail(crt::not_an_authority, {{"subject", certificate_.subject()}});
    }
    validity.not_after = std::min(validity.not_after, issuer_->not_after);
    return below;
}

Result<Certificate> CertificateAuthority::issue(PrivateKey const& key, SubjectFields const& subject,
                                                std::vector<AlternativeName> const& names, Profile profile, Validity validity,
                                                IssueOptions const& options) const {
    auto const key_der = public_key_der(key.native());
    return issue_for(key.native(), key_der, subject, names, profile, validity, options);
}

Result<Certificate> CertificateAuthority::issue(CertificateRequest const& request, SubjectFields const& subject,
                                                std::vector<AlternativeName> const& names, Profile profile, Validity validity,
                                                IssueOptions const& options) const {
    return issue_for(request.parts().key(), request.parts().key_der(), subject, names, profile, validity, options);
}

Result<Certificate> CertificateAuthority::issue_for(evp_pkey_st const* key, std::span<std::uint8_t const> key_der,
                                                    SubjectFields const& subject, std::vector<AlternativeName> const& names,
                                                    Profile profile, Validity validity, IssueOptions const& options) const {
    CS_TRY(int const below, check_may_issue(profile, validity, options));
    CS_TRY(auto const name, make_name(subject));
    for (auto const& one : names) CS_CHECK(check_alternative_name(one));
    return make(Holder{.subject = name.get(), .names = names, .key = key, .key_der = key_der}, profile, validity,
                {.issuer = issuer_->subject, .issuer_key = issuer_->identifier, .signer = issuer_->signer, .path_length = below}, options);
}

Result<Certificate> CertificateAuthority::sign(CertificateRequest const& request, Profile profile, Validity validity,
                                               IssueOptions const& options) const {
    CS_TRY(int const below, check_may_issue(profile, validity, options));
    return make(request, profile, validity,
                {.issuer = issuer_->subject, .issuer_key = issuer_->identifier, .signer = issuer_->signer, .path_length = below}, options);
}

Result<Certificate> self_sign(CertificateRequest const& request, PrivateKey const& key, Profile profile, Validity validity,
                              IssueOptions const& options) {
    if (request.public_key_sha256() != key.public_key_sha256()) {
        return fail(crt::key_does_not_match_certificate,
                    {{"certificate_key", request.public_key_sha256()}, {"key", key.public_key_sha256()}});
    }
    Signer const signer(key);
    return make(request, profile, validity,
                {.issuer = der_of_name(request.parts().subject()),
                 .issuer_key = std::nullopt,
                 .signer = signer,
                 .path_length = options.path_length.value_or(k_root_path_length)},
                options);
}

}  // namespace countersign::pki
