#include "pki/issue.hpp"

#include "pki/extensions.hpp"
#include "pki/format/public_key.hpp"
#include "pki/format/request_parts.hpp"
#include "pki/names.hpp"
#include "pki/openssl.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

constexpr int k_smallest_legacy_rsa_bits = 1024;
constexpr int k_root_path_length = 1;

struct ProfileRow {
    Profile profile;
    std::string_view text;
};
constexpr std::array<ProfileRow, 4> k_profiles{{
    {Profile::server, "server"},
    {Profile::client, "client"},
    {Profile::device, "device"},
    {Profile::authority, "authority"},
}};

Failure refused(std::string_view detail) { return fail(crt::signing_failed, {{"detail", detail}}); }

/// 128 random bits, positive and not zero; 17 bytes at most of the 20 that RFC 5280 section 4.1.2.2 allows.
void set_serial(X509* certificate) {
    std::array<std::uint8_t, 16> bytes{};
    BignumPtr const number(BN_new());
    do {
        if (!number || RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1 ||
            BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), number.get()) == nullptr) {
            throw_openssl_failure("make a serial number");
        }
    } while (BN_is_zero(number.get()) == 1);
    if (BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) throw_openssl_failure("set a serial number");
}

bool is_ordered(Validity const& validity) { return validity.not_before < validity.not_after; }

/// Names that came with a request are looked at again here: what is signed is what was checked.
Result<GeneralNamesPtr> names_to_sign(RequestParts const& request) {
    ErrorQueue const errors;
    int found = -1;
    GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(request.extensions(), NID_subject_alt_name, &found, nullptr)));
    if (!names && found != -1) return fail(crt::broken_request, {{"detail", "its subject alternative names cannot be decoded"}});
    auto const values = alternative_names_of(names.get());
    if (values.size() != static_cast<std::size_t>(std::max(0, sk_GENERAL_NAME_num(names.get())))) {
        return fail(crt::invalid_name, {{"field", "subject alternative name"}, {"value", "neither dns, ip, email nor uri"}});
    }
    return make_general_names(values);
}

struct Signing {
    X509_NAME const* issuer;
    ASN1_OCTET_STRING const* issuer_key;  ///< null: signed by its own key
    EVP_PKEY* key;
    int path_length;
    IssueOptions options;
};

Result<Certificate> make(CertificateRequest const& request, Profile profile, Validity const& validity, Signing const& by) {
    auto const& asked = request.parts();
    X509_NAME const* const subject = asked.subject();
    CS_CHECK(check_name(subject));
    CS_TRY(auto names, names_to_sign(asked));
    ErrorQueue errors;
    EVP_PKEY const* const public_key = asked.key();
    int const smallest = std::max(by.options.minimum_rsa_bits, k_smallest_legacy_rsa_bits);
    if (is_weak_key(public_key, smallest)) {
        bool const curve = EVP_PKEY_get_base_id(public_key) == EVP_PKEY_EC;
        return fail(crt::key_too_weak,
                    {{"bits", std::to_string(EVP_PKEY_get_bits(public_key))}, {"minimum", curve ? "224" : std::to_string(smallest)}});
    }
    bool const nameless = X509_NAME_entry_count(subject) == 0;
    if (nameless && (profile == Profile::authority || sk_GENERAL_NAME_num(names.get()) == 0)) {
        return fail(crt::invalid_name, {{"field", "subject"}, {"value", "empty"}});
    }
    if (!is_ordered(validity)) return refused("its validity would end before it begins");

    X509Ptr certificate(X509_new());
    auto const begin = time_from(validity.not_before);
    auto const end = time_from(validity.not_after);
    auto const embeddable = decode_embeddable_key(asked.key_der());
    if (!begin || !end) return refused("its dates cannot be written");
    if (!certificate || !embeddable || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        X509_set_issuer_name(certificate.get(), by.issuer) != 1 || X509_set_subject_name(certificate.get(), subject) != 1 ||
        X509_set1_notBefore(certificate.get(), begin.get()) != 1 || X509_set1_notAfter(certificate.get(), end.get()) != 1 ||
        X509_set_pubkey(certificate.get(), embeddable.get()) != 1) {
        return refused(errors.reason());
    }
    set_serial(certificate.get());
    add_extensions(certificate.get(),
                   {.profile = profile, .path_length = by.path_length, .authority = by.issuer_key, .names = names.get()});
    CS_CHECK(add_revocation_pointers(certificate.get(), by.options));
    if (X509_sign(certificate.get(), by.key, digest_for(by.key, by.options.hash)) <= 0) return refused(errors.reason());
    return Certificate(certificate.release());
}

bool may_use_key_for(Certificate const& certificate, std::uint32_t usage) {
    return (X509_get_key_usage(certificate.native()) & usage) != 0;  // all bits when there is no such extension
}

}  // namespace

Result<Profile> parse_profile(std::string_view text) {
    for (auto const& row : k_profiles) {
        if (iequals(row.text, text)) return row.profile;
    }
    return fail(errors::gen::invalid_input,
                {{"field", "profile"}, {"detail", std::string(text) + " is none of server, client, device, authority"}});
}

Validity valid_for(UtcTime now, std::chrono::seconds length) {
    return {.not_before = now - std::chrono::minutes(5), .not_after = now + length};
}

Result<CertificateAuthority> CertificateAuthority::create(Certificate certificate, PrivateKey key) {
    CS_CHECK(check_key_matches(certificate, key));
    if (!certificate.is_authority() || !may_use_key_for(certificate, KU_KEY_CERT_SIGN)) {
        return fail(crt::not_an_authority, {{"subject", certificate.subject()}});
    }
    return CertificateAuthority(std::move(certificate), std::move(key));
}

Result<CertificateAuthority> CertificateAuthority::create_root(PrivateKey key, SubjectFields const& subject, Validity validity) {
    CS_TRY(auto request, CertificateRequest::create(key, subject, {}));
    CS_TRY(auto certificate, self_sign(request, key, Profile::authority, validity));
    return create(std::move(certificate), std::move(key));
}

Result<Certificate> CertificateAuthority::sign(CertificateRequest const& request, Profile profile, Validity validity,
                                               IssueOptions const& options) const {
    X509* const own = certificate_.native();
    constexpr long no_limit = -1;
    long const path_length = X509_get_pathlen(own);
    auto const own_end = certificate_.not_after();
    bool const over = validity.not_before >= own_end;
    long const below = options.path_length.value_or(0);
    if (over || (profile == Profile::authority && path_length != no_limit && path_length < below + 1)) {
        return fail(crt::not_an_authority, {{"subject", certificate_.subject()}});
    }
    validity.not_after = std::min(validity.not_after, own_end);
    auto const identifier = issuer_identifier(own);
    // An authority below this one issues end certificates only, unless something else is asked for.
    return make(request, profile, validity,
                {.issuer = X509_get_subject_name(own),
                 .issuer_key = identifier.get(),
                 .key = key_.native(),
                 .path_length = options.path_length.value_or(0),
                 .options = options});
}

Result<Certificate> self_sign(CertificateRequest const& request, PrivateKey const& key, Profile profile, Validity validity,
                              IssueOptions const& options) {
    if (request.public_key_sha256() != key.public_key_sha256()) {
        return fail(crt::key_does_not_match_certificate,
                    {{"certificate_key", request.public_key_sha256()}, {"key", key.public_key_sha256()}});
    }
    return make(request, profile, validity,
                {.issuer = request.parts().subject(),
                 .issuer_key = nullptr,
                 .key = key.native(),
                 .path_length = options.path_length.value_or(k_root_path_length),
                 .options = options});
}

}  // namespace countersign::pki
