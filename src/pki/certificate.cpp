#include "pki/certificate.hpp"

#include "pki/format/certificate_parts.hpp"
#include "pki/format/sound.hpp"
#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <array>
#include <mutex>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

/// An undecodable date counts as long ago: such a certificate is never taken for a valid one, and verify_chain says
/// which date is broken.
UtcTime time_or_epoch(ASN1_TIME const* time) {
    ErrorQueue const errors;
    return time_of(time).value_or(UtcTime());
}

Failure broken(std::string_view detail) { return fail(crt::broken_certificate, {{"index", "0"}, {"detail", detail}}); }

bool lists_purpose(X509* certificate, std::uint32_t purpose) { return (X509_get_extended_key_usage(certificate) & purpose) != 0; }

EVP_PKEY* public_key(X509* certificate) {
    ErrorQueue const errors;
    return X509_get0_pubkey(certificate);
}

}  // namespace

struct Certificate::Shared {
    explicit Shared(Bytes encoded, bool here = false) : der(std::move(encoded)), written_here(here) {}

    /// What was written here, read without OpenSSL's decoder; null for all else.
    [[nodiscard]] CertificateParts const* own_parts() const {
        if (!written_here) return nullptr;
        std::call_once(read, [this] { parts = CertificateParts::read(der); });
        return parts ? &*parts : nullptr;
    }

    Bytes der;
    bool written_here;
    mutable std::once_flag read;
    mutable std::optional<CertificateParts> parts;
    // Made when first asked for.
    mutable std::once_flag decoded;
    mutable X509Ptr native;
    mutable std::once_flag hashed;
    mutable std::string fingerprint;
};

Certificate::Certificate(x509_st* certificate) {
    X509Ptr native(certificate);
    auto shared = std::make_shared<Shared>(der_of(certificate, i2d_X509, "encode a certificate"));
    std::call_once(shared->decoded, [&] { shared->native = std::move(native); });
    shared_ = std::move(shared);
}

Certificate Certificate::written_here(Bytes der) { return Certificate(std::make_shared<Shared const>(std::move(der), true)); }

x509_st* Certificate::native() const {
    auto const& shared = *shared_;
    std::call_once(shared.decoded, [&shared] {
        ErrorQueue const errors;
        auto const* data = shared.der.data();
        X509Ptr made(d2i_X509(nullptr, &data, static_cast<long>(shared.der.size())));
        if (!made || data != shared.der.data() + shared.der.size()) throw_openssl_failure("decode a certificate that was written here");
        shared.native = std::move(made);
    });
    return shared.native.get();
}

Result<Certificate> Certificate::parse_der(std::span<std::uint8_t const> der) {
    if (der.size() > k_input_limit) {
        return fail(errors::fil::too_large, {{"file", "The certificate"}, {"limit", std::to_string(k_input_limit)}});
    }
    ErrorQueue errors;
    auto const* data = der.data();
    X509Ptr certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
    if (!certificate) return broken(errors.reason());
    if (data != der.data() + der.size()) return broken("there are bytes after the certificate");
    return sound_certificate(std::move(certificate));
}

Result<Certificate> sound_certificate(X509Ptr certificate) {
    ErrorQueue const errors;
    if (!time_of(X509_get0_notBefore(certificate.get())) || !time_of(X509_get0_notAfter(certificate.get()))) {
        return broken("a date of its validity is not a date");
    }
    return Certificate(certificate.release());
}

std::string Certificate::subject() const {
    auto const* own = shared_->own_parts();
    return own != nullptr ? own->subject : name_text(X509_get_subject_name(native()));
}
std::string Certificate::issuer() const {
    auto const* own = shared_->own_parts();
    return own != nullptr ? own->issuer : name_text(X509_get_issuer_name(native()));
}
std::string Certificate::common_name() const { return first_value(X509_get_subject_name(native()), NID_commonName); }
std::string Certificate::subject_serial_number() const { return first_value(X509_get_subject_name(native()), NID_serialNumber); }

std::string Certificate::serial() const {
    auto const* own = shared_->own_parts();
    return own != nullptr ? own->serial : integer_text(X509_get0_serialNumber(native()));
}

UtcTime Certificate::not_before() const {
    auto const* own = shared_->own_parts();
    return own != nullptr ? own->not_before : time_or_epoch(X509_get0_notBefore(native()));
}
UtcTime Certificate::not_after() const {
    auto const* own = shared_->own_parts();
    return own != nullptr ? own->not_after : time_or_epoch(X509_get0_notAfter(native()));
}

std::vector<AlternativeName> Certificate::alternative_names() const {
    if (auto const* own = shared_->own_parts()) return own->names;
    ErrorQueue const errors;
    GeneralNamesPtr const names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(native(), NID_subject_alt_name, nullptr, nullptr)));
    return alternative_names_of(names.get());
}

std::string const& Certificate::fingerprint() const {
    auto const& shared = *shared_;
    std::call_once(shared.hashed, [&shared] { shared.fingerprint = sha256_hex(shared.der); });
    return shared.fingerprint;
}

std::string Certificate::fingerprint_sha1() const {
    std::array<std::uint8_t, 20> digest{};
    auto const& der = shared_->der;
    if (EVP_Digest(der.data(), der.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) throw_openssl_failure("hash");
    return to_hex(digest);
}

std::string Certificate::public_key_sha256() const {
    return sha256_hex(der_of(X509_get_X509_PUBKEY(native()), i2d_X509_PUBKEY, "encode a public key"));
}

std::string Certificate::key_algorithm() const {
    auto const* own = shared_->own_parts();
    return own != nullptr ? own->key_algorithm : algorithm_name(public_key(native()));
}

int Certificate::key_bits() const {
    if (auto const* own = shared_->own_parts()) return own->key_bits;
    EVP_PKEY const* key = public_key(native());
    return key == nullptr ? 0 : EVP_PKEY_get_bits(key);
}

std::string Certificate::signature_algorithm() const {
    int const nid = X509_get_signature_nid(native());
    return nid == NID_undef ? "unknown" : OBJ_nid2ln(nid);
}

bool Certificate::is_authority() const {
    constexpr int by_basic_constraints = 1;
    constexpr int self_signed_version_1 = 3;
    int const kind = X509_check_ca(native());
    return kind == by_basic_constraints || kind == self_signed_version_1;
}

bool Certificate::is_self_issued() const { return X509_NAME_cmp(X509_get_subject_name(native()), X509_get_issuer_name(native())) == 0; }
bool Certificate::allows_server_auth() const { return lists_purpose(native(), XKU_SSL_SERVER); }
bool Certificate::allows_client_auth() const { return lists_purpose(native(), XKU_SSL_CLIENT); }
std::string Certificate::to_pem() const { return pem_text("CERTIFICATE", shared_->der); }
Bytes Certificate::to_der() const { return shared_->der; }

}  // namespace countersign::pki
