#include "pki/key.hpp"

#include "pki/format/der_reader.hpp"
#include "pki/format/der_writer.hpp"
#include "pki/format/public_key.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <array>
#include <stdexcept>
#include <tuple>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

struct KeyTypeRow {
    KeyType type;
    std::string_view text;
    char const* algorithm;  ///< OpenSSL's name
    char const* group;      ///< of an elliptic curve, or null
    std::size_t bits;       ///< of RSA, or 0
};

constexpr std::array<KeyTypeRow, 6> k_key_types{{
    {KeyType::ec_p256, "ec:p256", "EC", "P-256", 0},
    {KeyType::ec_p384, "ec:p384", "EC", "P-384", 0},
    {KeyType::rsa_2048, "rsa:2048", "RSA", nullptr, 2048},
    {KeyType::rsa_3072, "rsa:3072", "RSA", nullptr, 3072},
    {KeyType::rsa_4096, "rsa:4096", "RSA", nullptr, 4096},
    {KeyType::ed25519, "ed25519", "ED25519", nullptr, 0},
}};

KeyTypeRow const& row_of(KeyType type) { return k_key_types[static_cast<std::size_t>(type)]; }

/// Rounds of PBKDF2 for keys that we encrypt: some tens of milliseconds here, about a second on an old device.
constexpr int k_pbkdf2_rounds = 100'000;

X509SigPtr encrypt(PKCS8_PRIV_KEY_INFO* plain, SecretText const& passphrase) {
    constexpr int salt_size = 16;
    X509AlgorPtr method(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), k_pbkdf2_rounds, nullptr, salt_size, nullptr, NID_hmacWithSHA256));
    if (!method) throw_openssl_failure("encrypt a key");
    auto const& text = passphrase.reveal();
    X509SigPtr sealed(PKCS8_set0_pbe(text.data(), static_cast<int>(text.size()), plain, method.get()));
    if (!sealed) throw_openssl_failure("encrypt a key");
    std::ignore = method.release();  // belongs to `sealed` now
    return sealed;
}

void expect_exportable(bool exportable) {
    if (!exportable) throw std::logic_error("a key on a token was to be written out");
}

/// What was written into a memory BIO.
SecretText written_text(BIO* out, int written) {
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out, &data);
    if (written != 1 || size <= 0) throw_openssl_failure("encode a private key");
    return SecretText(std::string(data, static_cast<std::size_t>(size)));
}

/// PKCS#8 (RFC 5958) with ECPrivateKey (RFC 5915) as OpenSSL writes it, for the curves that most keys are of: its own way through encoders
/// takes longer than a signature. Nothing for other keys.
std::optional<Secret<Bytes>> write_ec_key(EVP_PKEY const* key) {
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return std::nullopt;
    auto const spki = public_key_der(key);
    DerReader outside(spki);
    auto const whole = outside.next(der::k_sequence);
    if (!whole) return std::nullopt;
    DerReader inside(whole->content);
    auto const algorithm = inside.next(der::k_sequence);
    auto const point = inside.next(der::k_bit_string);
    if (!algorithm || !point) return std::nullopt;
    constexpr std::size_t p256_point = 66, p384_point = 98;  // one octet says that no bits are left over, one the form
    if (point->content.size() != p256_point && point->content.size() != p384_point) return std::nullopt;
    auto const size = (point->content.size() - 2) / 2;
    BIGNUM* found = nullptr;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &found) != 1) return std::nullopt;
    std::unique_ptr<BIGNUM, Deleter<BN_clear_free>> const number(found);
    Bytes octets(size);
    bool const fits = BN_bn2binpad(number.get(), octets.data(), static_cast<int>(size)) == static_cast<int>(size);
    Secret<Bytes> const secret(std::move(octets));
    if (!fits) return std::nullopt;
    constexpr std::size_t room = 64;  // for what stands around both halves: nothing is moved while it is written, so no copy stays
    DerWriter out(algorithm->whole.size() + point->whole.size() + size + room);
    out.wrap(der::k_sequence, [&] {
        out.integer(0);
        out.raw(algorithm->whole);
        out.wrap(der::k_octet_string, [&] {
            out.wrap(der::k_sequence, [&] {
                out.integer(1);
                out.element(der::k_octet_string, secret.reveal());
                out.wrap(der::wrapped(1), [&] { out.raw(point->whole); });
            });
        });
    });
    return Secret<Bytes>(std::move(out).take());
}

}  // namespace

Result<KeyType> parse_key_type(std::string_view text) {
    for (auto const& row : k_key_types) {
        if (iequals(row.text, text)) return row.type;
    }
    return fail(crt::unsupported_key_type, {{"type", text}});
}

std::string_view to_string(KeyType type) { return row_of(type).text; }

PrivateKey::PrivateKey(evp_pkey_st* key) : key_(key, Deleter<EVP_PKEY_free>()), spki_(sha256_hex(public_key_der(key))) {}

PrivateKey PrivateKey::on_token(evp_pkey_st* key) {
    PrivateKey out(key);
    out.exportable_ = false;
    return out;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
    ErrorQueue errors;
    auto const& row = row_of(type);
    EVP_PKEY* key = nullptr;
    if (row.group != nullptr) {
        key = EVP_PKEY_Q_keygen(nullptr, nullptr, row.algorithm, row.group);
    } else if (row.bits != 0) {
        key = EVP_PKEY_Q_keygen(nullptr, nullptr, row.algorithm, row.bits);
    } else {
        key = EVP_PKEY_Q_keygen(nullptr, nullptr, row.algorithm);
    }
    if (key == nullptr) return fail(crt::key_generation_failed, {{"type", row.text}, {"detail", errors.reason()}});
    return PrivateKey(key);
}

SecretText PrivateKey::to_pem(SecretText const& passphrase) const {
    expect_exportable(exportable_);
    ErrorQueue const errors;
    if (passphrase.empty())
        if (auto const der = write_ec_key(key_.get())) return secret_pem_text("PRIVATE KEY", *der);
    Pkcs8Ptr const plain(EVP_PKEY2PKCS8(key_.get()));
    // OpenSSL wipes the buffer of a memory BIO when it grows and when it is freed.
    BioPtr const out(BIO_new(BIO_s_mem()));
    if (!plain || !out) throw_openssl_failure("encode a private key");
    int const written = passphrase.empty() ? PEM_write_bio_PKCS8_PRIV_KEY_INFO(out.get(), plain.get())
                                           : PEM_write_bio_PKCS8(out.get(), encrypt(plain.get(), passphrase).get());
    return written_text(out.get(), written);
}

Result<SecretText> PrivateKey::to_traditional_pem(SecretText const& passphrase) const {
    expect_exportable(exportable_);
    ErrorQueue const errors;
    auto const kind = algorithm();
    if (kind != "RSA" && kind != "EC") return fail(crt::unsupported_key_type, {{"type", kind}});
    BioPtr const out(BIO_new(BIO_s_mem()));
    if (!out) throw_openssl_failure("encode a private key");
    auto const& text = passphrase.reveal();
    bool const sealed = !passphrase.empty();
    // A null passphrase would make OpenSSL ask on the terminal; without a cipher it asks nobody.
    int const written = PEM_write_bio_PrivateKey_traditional(out.get(), key_.get(), sealed ? EVP_des_ede3_cbc() : nullptr,
                                                             sealed ? reinterpret_cast<unsigned char const*>(text.data()) : nullptr,
                                                             sealed ? static_cast<int>(text.size()) : 0, nullptr, nullptr);
    return written_text(out.get(), written);
}

Secret<Bytes> PrivateKey::to_der() const {
    expect_exportable(exportable_);
    ErrorQueue const errors;
    if (auto der = write_ec_key(key_.get())) return *std::move(der);
    Pkcs8Ptr const plain(EVP_PKEY2PKCS8(key_.get()));
    if (!plain) throw_openssl_failure("encode a private key");
    return Secret<Bytes>(der_of(plain.get(), i2d_PKCS8_PRIV_KEY_INFO, "encode a private key"));
}

std::string PrivateKey::algorithm() const { return algorithm_name(key_.get()); }
int PrivateKey::bits() const { return EVP_PKEY_get_bits(key_.get()); }
std::string const& PrivateKey::public_key_sha256() const { return spki_; }

}  // namespace countersign::pki
