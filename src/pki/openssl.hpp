#pragma once

/// Owners for OpenSSL's objects and the handling of its error queue. Internal to src/pki and src/net/tls, the only
/// places that include <openssl/...>.

#include "base/text.hpp"
#include "base/utc_time.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace countersign::pki {

/// using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using X509ReqPtr = std::unique_ptr<X509_REQ, Deleter<X509_REQ_free>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using X509RevokedPtr = std::unique_ptr<X509_REVOKED, Deleter<X509_REVOKED_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;
using X509NamePtr = std::unique_ptr<X509_NAME, Deleter<X509_NAME_free>>;
using X509SigPtr = std::unique_ptr<X509_SIG, Deleter<X509_SIG_free>>;
using X509AlgorPtr = std::unique_ptr<X509_ALGOR, Deleter<X509_ALGOR_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Deleter<PKCS8_PRIV_KEY_INFO_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Asn1IntegerPtr = std::unique_ptr<ASN1_INTEGER, Deleter<ASN1_INTEGER_free>>;
using Asn1EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, Deleter<ASN1_ENUMERATED_free>>;
using Asn1OctetStringPtr = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;
using Asn1BitStringPtr = std::unique_ptr<ASN1_BIT_STRING, Deleter<ASN1_BIT_STRING_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, Deleter<ASN1_TIME_free>>;
using AuthorityKeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, Deleter<AUTHORITY_KEYID_free>>;
using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, Deleter<BASIC_CONSTRAINTS_free>>;
using ExtendedKeyUsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, Deleter<EXTENDED_KEY_USAGE_free>>;
using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, Deleter<GENERAL_NAME_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

/// Freed with their elements.
inline void free_extensions(STACK_OF(X509_EXTENSION) * list) { sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free); }
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), Deleter<free_extensions>>;
/// A stack that borrows its certificates.
inline void free_borrowed(STACK_OF(X509) * list) { sk_X509_free(list); }
using BorrowedX509sPtr = std::unique_ptr<STACK_OF(X509), Deleter<free_borrowed>>;

/// Memory that OpenSSL allocated itself.
inline void free_openssl(void* memory) { OPENSSL_free(memory); }

/// Stands at the top of a function that calls OpenSSL: the queue of this thread is empty before and after it, so that
/// what an earlier call left behind is never taken for the reason of a later failure.
class ErrorQueue {
public:
    ErrorQueue();
    ~ErrorQueue();
    ErrorQueue(ErrorQueue const&) = delete;
    ErrorQueue& operator=(ErrorQueue const&) = delete;

    /// Empties the queue. "unsupported; decode error", never empty.
    [[nodiscard]] std::string reason();
    /// Empties the queue. The reason when it says that an algorithm is not known here, nothing otherwise.
    [[nodiscard]] std::optional<std::string> unsupported();
};

/// For what fails only when memory runs out or an object was put together wrongly by this program itself.
[[noreturn]] void throw_openssl_failure(char const* what);

/// SHA-256, fetched once for the life of the program.
EVP_MD const* sha256_method();
/// Lower-case hexadecimal.
std::string sha256_hex(std::span<std::uint8_t const> bytes);

/// DER form of an object through its i2d function.
template <class T, class Encode>
Bytes der_of(T* object, Encode encode, char const* what) {
    unsigned char* data = nullptr;
    int const size = encode(object, &data);
    if (size < 0) throw_openssl_failure(what);
    std::unique_ptr<unsigned char, Deleter<free_openssl>> const owner(data);
    return Bytes(data, data + size);
}

/// Nothing when the text of the time is not a date (it is not checked when a certificate is decoded).
std::optional<UtcTime> time_of(ASN1_TIME const* time);
/// UTCTime up to 2049 and GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5). Null when the year has more than four digits.
Asn1TimePtr time_from(UtcTime time);

inline std::span<std::uint8_t const> bytes_of(ASN1_STRING const* string) {
    return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}
inline std::string_view view_of(ASN1_STRING const* string) {
    return {reinterpret_cast<char const*>(ASN1_STRING_get0_data(string)), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

/// Lower-case hexadecimal of a whole number, two digits for each byte, "-" before negative ones: how serial numbers are written.
std::string integer_text(ASN1_INTEGER const* number);

/// "RSA", "EC", "Ed25519", "DSA" ..., or "unknown" for null.
std::string algorithm_name(EVP_PKEY const* key);
/// The digest to sign with: SHA-384 for P-384 and above, SHA-256 otherwise; null for EdDSA, which has its own.
EVP_MD const* signing_digest(EVP_PKEY const* key);
/// Is the key too short to be relied on? RSA and DSA below `minimum_rsa_bits`, elliptic curves below 224 bits.
bool is_weak_key(EVP_PKEY const* key, int minimum_rsa_bits);

}  // namespace countersign::pki
