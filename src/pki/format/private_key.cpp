// Reading private keys. Written out step by step instead of PEM_read_bio_PrivateKey, because a wrong passphrase, a
// broken file and an unknown cipher must be told apart, nothing may ever ask on a terminal, and the work factor of a
// key from the network must have a limit.

#include "pki/format/private_key.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <openssl/pkcs12.h>

#include <algorithm>

namespace countersign::pki {

namespace crt = errors::crt;
namespace fil = errors::fil;

namespace {

using View = std::span<std::uint8_t const>;

Failure broken(std::string_view detail) { return fail(crt::broken_key, {{"detail", detail}}); }
Failure unsupported(std::string_view type) { return fail(crt::unsupported_key_type, {{"type", type}}); }

/// The kind of a PKCS#8 key as people call it.
std::string kind_name(int nid) {
    switch (nid) {
        case NID_undef: return "unknown";
        case EVP_PKEY_DSA: return "DSA";
        default: return OBJ_nid2ln(nid);
    }
}

int algorithm_of(PKCS8_PRIV_KEY_INFO const* info) {
    ASN1_OBJECT const* algorithm = nullptr;
    return PKCS8_pkey_get0(&algorithm, nullptr, nullptr, nullptr, info) == 1 ? OBJ_obj2nid(algorithm) : NID_undef;
}

/// Told the algorithm, OpenSSL decodes four times as fast as EVP_PKCS82PKEY, which tries every decoder it has. Takes the
/// traditional forms of RSA and EC as well as PKCS#8.
Result<PrivateKey> decode(int algorithm, View der) {
    if (algorithm != EVP_PKEY_RSA && algorithm != EVP_PKEY_EC && algorithm != EVP_PKEY_ED25519) return unsupported(kind_name(algorithm));
    ErrorQueue errors;
    auto const* at = der.data();
    PkeyPtr key(d2i_PrivateKey(algorithm, nullptr, &at, static_cast<long>(der.size())));
    if (!key) return broken(errors.reason());
    if (at != der.data() + der.size()) return broken("there are bytes after the key");
    if (EVP_PKEY_get_base_id(key.get()) != algorithm) return unsupported(algorithm_name(key.get()));
    return PrivateKey(key.release());
}

Result<PrivateKey> read_pkcs8(View der) {
    ErrorQueue errors;
    auto const* at = der.data();
    Pkcs8Ptr const info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    if (!info) return broken(errors.reason());
    if (at != der.data() + der.size()) return broken("there are bytes after the key");
    return decode(algorithm_of(info.get()), der);
}

/// What decryption gave. One wrong passphrase in 256 gives padding that fits, and then something that is no key: a
/// SEQUENCE of exactly this length is no accident, and only then is it the key that is broken.
Result<PrivateKey> read_opened(Secret<Bytes> const& plain, auto read) {
    auto key = read(View(plain.reveal()));
    if (!key && key.error().id() == crt::broken_key && !is_whole_sequence(plain.reveal())) return fail(crt::wrong_passphrase);
    return key;
}

Result<PrivateKey> read_sealed(View der, SecretText const& passphrase, DerivationBudget& budget) {
    ErrorQueue errors;
    auto const* at = der.data();
    X509SigPtr const sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (!sealed) return broken(errors.reason());
    if (at != der.data() + der.size()) return broken("there are bytes after the key");
    if (passphrase.empty()) return fail(crt::passphrase_needed);
    return open_sealed_key(sealed.get(), passphrase_of(passphrase), budget);
}

/// "RSA PRIVATE KEY" and the like.
Result<PrivateKey> read_traditional(std::string_view label, View der) {
    if (label == "RSA PRIVATE KEY") return decode(EVP_PKEY_RSA, der);
    if (label == "EC PRIVATE KEY") return decode(EVP_PKEY_EC, der);
    return unsupported(label.substr(0, label.find(' ')));
}

Result<PrivateKey> read_sealed_traditional(PemBlock const& block, View der, SecretText const& passphrase) {
    if (passphrase.empty()) return fail(crt::passphrase_needed);
    ErrorQueue const errors;
    CS_TRY(auto const plain, unseal_traditional(block.headers, der, passphrase));
    return read_opened(plain, [&block](View opened) { return read_traditional(block.label, opened); });
}

Failure too_large() { return fail(fil::too_large, {{"file", "The private key"}, {"limit", std::to_string(k_input_limit)}}); }

}  // namespace

bool is_private_key_label(std::string_view label) { return label.ends_with("PRIVATE KEY"); }

Result<PrivateKey> open_sealed_key(X509_SIG const* sealed, Passphrase passphrase, DerivationBudget& budget) {
    ErrorQueue const errors;
    X509_ALGOR const* scheme = nullptr;
    ASN1_OCTET_STRING const* content = nullptr;
    X509_SIG_get0(sealed, &scheme, &content);
    CS_TRY(auto const plain, unseal(scheme, content, passphrase, budget, crt::broken_key));
    return read_opened(plain, read_pkcs8);
}

Result<PrivateKey> read_plain_key(PKCS8_PRIV_KEY_INFO const* plain) {
    ErrorQueue const errors;
    Secret<Bytes> const der(der_of(plain, i2d_PKCS8_PRIV_KEY_INFO, "encode a private key"));
    return read_pkcs8(der.reveal());
}

Result<PrivateKey> read_key_der(View der, SecretText const& passphrase, DerivationBudget& budget) {
    switch (kind_of_der(der)) {
        case DerKind::private_key: return read_pkcs8(der);
        case DerKind::encrypted_key: return read_sealed(der, passphrase, budget);
        case DerKind::rsa_private_key: return decode(EVP_PKEY_RSA, der);
        case DerKind::ec_private_key: return decode(EVP_PKEY_EC, der);
        case DerKind::dsa_private_key: return unsupported("DSA");
        default: return fail(crt::not_pem, {{"expected", "PRIVATE KEY"}});
    }
}

Result<PrivateKey> read_key_block(PemBlock const& block, SecretText const& passphrase, DerivationBudget& budget) {
    auto const der = block.complete ? decode_secret_body(block.body) : std::nullopt;
    if (!der) return fail(crt::not_pem, {{"expected", block.label}});
    View const bytes = der->reveal();
    if (block.label == "PRIVATE KEY") return read_pkcs8(bytes);
    if (block.label == "ENCRYPTED PRIVATE KEY") return read_sealed(bytes, passphrase, budget);
    if (block.headers.contains("ENCRYPTED")) return read_sealed_traditional(block, bytes, passphrase);
    return read_traditional(block.label, bytes);
}

std::string sealed_form(View encrypted_pkcs8) {
    ErrorQueue const errors;
    auto const* at = encrypted_pkcs8.data();
    X509SigPtr const sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(encrypted_pkcs8.size())));
    X509_ALGOR const* scheme = nullptr;
    if (sealed) X509_SIG_get0(sealed.get(), &scheme, nullptr);
    return "PKCS#8, " + (scheme != nullptr ? scheme_name(scheme) : "an unknown scheme");
}

std::string sealed_form(PemBlock const& block) {
    if (block.label != "ENCRYPTED PRIVATE KEY") return "traditional, " + to_upper(header_cipher(block.headers));
    return sealed_form(decode_body(block.body).value_or(Bytes()));
}

Result<PrivateKey> PrivateKey::parse_pem(std::string_view pem, SecretText const& passphrase) {
    if (pem.size() > k_input_limit) return too_large();
    auto const blocks = scan_pem(pem);
    auto const found = std::ranges::find_if(blocks, [](PemBlock const& block) { return is_private_key_label(block.label); });
    if (found == blocks.end()) return fail(crt::not_pem, {{"expected", "PRIVATE KEY"}});
    DerivationBudget budget;
    return read_key_block(*found, passphrase, budget);
}

Result<PrivateKey> PrivateKey::parse(std::string_view bytes, SecretText const& passphrase) {
    if (bytes.size() > k_input_limit) return too_large();
    if (encoding_of(bytes) == Encoding::pem) return parse_pem(bytes, passphrase);
    DerivationBudget budget;
    return read_key_der(countersign::bytes_of(bytes), passphrase, budget);
}

}  // namespace countersign::pki
