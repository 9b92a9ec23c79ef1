// Reading private keys from PEM. Written out step by step instead of PEM_read_bio_PrivateKey, because a wrong
// passphrase, a broken file and an unknown cipher must be told apart, nothing may ever ask on a terminal, and the
// work factor of a key from the network must have a limit.

#include "pki/key.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <limits>

namespace countersign::pki {

namespace crt = errors::crt;
namespace fil = errors::fil;

namespace {

/// A key from the network could ask for hours of key derivation; honest ones ask for up to a million rounds.
constexpr std::int64_t k_most_rounds = 10'000'000;
/// N * r * p of scrypt; `openssl genpkey` and pkcs8 -scrypt use 2^17.
constexpr std::int64_t k_most_scrypt_work = 1 << 22;

Failure broken(std::string_view detail) { return fail(crt::broken_key, {{"detail", detail}}); }

Result<PrivateKey> accept(EVP_PKEY* key) {
    std::string const algorithm = algorithm_name(key);
    PkeyPtr owner(key);
    if (algorithm != "RSA" && algorithm != "EC" && algorithm != "Ed25519") return fail(crt::unsupported_key_type, {{"type", algorithm}});
    return PrivateKey(owner.release());
}

int algorithm_of(PKCS8_PRIV_KEY_INFO const* info) {
    ASN1_OBJECT const* algorithm = nullptr;
    return PKCS8_pkey_get0(&algorithm, nullptr, nullptr, nullptr, info) == 1 ? OBJ_obj2nid(algorithm) : NID_undef;
}

bool is_supported(int algorithm) { return algorithm == EVP_PKEY_RSA || algorithm == EVP_PKEY_EC || algorithm == EVP_PKEY_ED25519; }

Failure unsupported(int algorithm) {
    return fail(crt::unsupported_key_type, {{"type", algorithm == NID_undef ? "unknown" : OBJ_nid2ln(algorithm)}});
}

Result<PrivateKey> parse_pkcs8(Bytes const& der, ErrorQueue& errors) {
    auto const* data = der.data();
    auto const size = static_cast<long>(der.size());
    Pkcs8Ptr const info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &data, size));
    if (!info) return broken(errors.reason());
    if (data != der.data() + der.size()) return broken("there are bytes after the key");
    int const algorithm = algorithm_of(info.get());
    if (!is_supported(algorithm)) return unsupported(algorithm);
    // Told the algorithm, OpenSSL decodes four times as fast as EVP_PKCS82PKEY, which tries every decoder it has.
    data = der.data();
    EVP_PKEY* const key = d2i_PrivateKey(algorithm, nullptr, &data, size);
    return key != nullptr ? accept(key) : broken(errors.reason());
}

Result<PrivateKey> parse_traditional(std::string_view label, std::span<std::uint8_t const> der, ErrorQueue& errors) {
    int type = EVP_PKEY_NONE;
    if (label == "RSA PRIVATE KEY") type = EVP_PKEY_RSA;
    if (label == "EC PRIVATE KEY") type = EVP_PKEY_EC;
    if (type == EVP_PKEY_NONE) return fail(crt::unsupported_key_type, {{"type", label.substr(0, label.find(' '))}});
    auto const* data = der.data();
    PkeyPtr key(d2i_PrivateKey(type, nullptr, &data, static_cast<long>(der.size())));
    if (!key) return broken(errors.reason());
    if (data != der.data() + der.size()) return broken("there are bytes after the key");
    return accept(key.release());
}

std::int64_t number_of(ASN1_INTEGER const* integer, std::int64_t absent) {
    std::int64_t value = absent;
    if (integer != nullptr && ASN1_INTEGER_get_int64(&value, integer) != 1) value = std::numeric_limits<std::int64_t>::max();
    return value;
}

/// Does the key derivation of an encrypted PKCS#8 key ask for no more work than is allowed? What cannot be read here
/// is left to the decryption, which says what is wrong with it.
bool is_affordable(X509_ALGOR const* outer) {
    ASN1_OBJECT const* object = nullptr;
    int type = 0;
    void const* value = nullptr;
    X509_ALGOR_get0(&object, &type, &value, outer);
    if (type != V_ASN1_SEQUENCE) return true;
    auto const* packed = static_cast<ASN1_STRING const*>(value);
    if (OBJ_obj2nid(object) != NID_pbes2) {
        std::unique_ptr<PBEPARAM, Deleter<PBEPARAM_free>> const old(
            static_cast<PBEPARAM*>(ASN1_item_unpack(packed, ASN1_ITEM_rptr(PBEPARAM))));
        return !old || number_of(old->iter, 1) <= k_most_rounds;
    }
    std::unique_ptr<PBE2PARAM, Deleter<PBE2PARAM_free>> const pbes2(
        static_cast<PBE2PARAM*>(ASN1_item_unpack(packed, ASN1_ITEM_rptr(PBE2PARAM))));
    if (!pbes2) return true;
    X509_ALGOR_get0(&object, &type, &value, pbes2->keyfunc);
    if (type != V_ASN1_SEQUENCE) return true;
    packed = static_cast<ASN1_STRING const*>(value);
    if (OBJ_obj2nid(object) == NID_id_scrypt) {
        std::unique_ptr<SCRYPT_PARAMS, Deleter<SCRYPT_PARAMS_free>> const scrypt(
            static_cast<SCRYPT_PARAMS*>(ASN1_item_unpack(packed, ASN1_ITEM_rptr(SCRYPT_PARAMS))));
        if (!scrypt) return true;
        auto work = k_most_scrypt_work;
        for (auto const* factor : {scrypt->costParameter, scrypt->blockSize, scrypt->parallelizationParameter}) {
            auto const number = number_of(factor, 1);
            if (number <= 0 || number > work) return false;
            work /= number;
        }
        return true;
    }
    std::unique_ptr<PBKDF2PARAM, Deleter<PBKDF2PARAM_free>> const pbkdf2(
        static_cast<PBKDF2PARAM*>(ASN1_item_unpack(packed, ASN1_ITEM_rptr(PBKDF2PARAM))));
    return !pbkdf2 || number_of(pbkdf2->iter, 1) <= k_most_rounds;
}

Result<PrivateKey> parse_encrypted_pkcs8(Bytes const& der, SecretText const& passphrase, ErrorQueue& errors) {
    auto const* data = der.data();
    X509SigPtr const sealed(d2i_X509_SIG(nullptr, &data, static_cast<long>(der.size())));
    if (!sealed) return broken(errors.reason());
    if (passphrase.empty()) return fail(crt::passphrase_needed);
    X509_ALGOR const* method = nullptr;
    ASN1_OCTET_STRING const* content = nullptr;
    X509_SIG_get0(sealed.get(), &method, &content);
    if (!is_affordable(method)) return broken("its key derivation asks for more work than is allowed");
    if (ASN1_STRING_length(content) == 0) return broken("it is empty");
    auto const& text = passphrase.reveal();
    Pkcs8Ptr const info(PKCS8_decrypt(sealed.get(), text.data(), static_cast<int>(text.size())));
    if (!info) {
        if (auto unknown = errors.unsupported()) return broken(*unknown);
        return fail(crt::wrong_passphrase);
    }
    int const algorithm = algorithm_of(info.get());
    if (!is_supported(algorithm)) return unsupported(algorithm);
    EVP_PKEY* const key = EVP_PKCS82PKEY(info.get());
    return key != nullptr ? accept(key) : broken(errors.reason());
}

/// OpenSSL's password callback. Never asks on a terminal; a passphrase that does not fit is no passphrase.
int give_passphrase(char* buffer, int size, int /*for_writing*/, void* user) {
    auto const& text = static_cast<SecretText const*>(user)->reveal();
    if (text.size() > static_cast<std::size_t>(size)) return -1;
    std::ranges::copy(text, buffer);
    return static_cast<int>(text.size());
}

/// RFC 1421 style encryption of the traditional forms: "Proc-Type: 4,ENCRYPTED", "DEK-Info: DES-EDE3-CBC,...".
Result<PrivateKey> parse_encrypted_traditional(PemBlock const& block, Bytes der, SecretText const& passphrase, ErrorQueue& errors) {
    Secret<Bytes> const wiped_at_the_end(std::move(der));
    Bytes work = wiped_at_the_end.reveal();
    std::string headers(block.headers);
    EVP_CIPHER_INFO cipher{};
    if (PEM_get_EVP_CIPHER_INFO(headers.data(), &cipher) != 1 || cipher.cipher == nullptr) return broken(errors.reason());
    CipherPtr const known(EVP_CIPHER_fetch(nullptr, EVP_CIPHER_get0_name(cipher.cipher), nullptr));
    if (!known) return broken(std::string("the cipher ") + EVP_CIPHER_get0_name(cipher.cipher) + " is not supported");
    if (work.size() % static_cast<std::size_t>(EVP_CIPHER_get_block_size(known.get())) != 0) return broken("it is cut off");
    if (passphrase.empty()) return fail(crt::passphrase_needed);
    auto size = static_cast<long>(work.size());
    // const_cast: the callback takes void*, and only reads.
    void* const user = const_cast<SecretText*>(&passphrase);
    bool const opened = PEM_do_header(&cipher, work.data(), &size, give_passphrase, user) == 1;
    Secret<Bytes> const plain(std::move(work));
    if (!opened) return fail(crt::wrong_passphrase);
    auto const content = std::span(plain.reveal()).first(static_cast<std::size_t>(size));
    auto key = parse_traditional(block.label, content, errors);
    // One wrong passphrase in 256 gives good padding, and then something that is no key.
    if (!key && key.error().id() == crt::broken_key) return fail(crt::wrong_passphrase);
    return key;
}

}  // namespace

Result<PrivateKey> PrivateKey::parse_pem(std::string_view pem, SecretText const& passphrase) {
    if (pem.size() > k_input_limit) return fail(fil::too_large, {{"file", "The private key"}, {"limit", std::to_string(k_input_limit)}});
    ErrorQueue errors;
    auto const blocks = scan_pem(pem);
    auto const found = std::ranges::find_if(blocks, [](PemBlock const& block) { return block.label.ends_with("PRIVATE KEY"); });
    if (found == blocks.end() || !found->complete) return fail(crt::not_pem, {{"expected", "PRIVATE KEY"}});
    auto der = decode_secret_body(found->body);
    if (!der) return fail(crt::not_pem, {{"expected", found->label}});
    if (found->label == "PRIVATE KEY") return parse_pkcs8(der->reveal(), errors);
    if (found->label == "ENCRYPTED PRIVATE KEY") return parse_encrypted_pkcs8(der->reveal(), passphrase, errors);
    if (found->headers.contains("ENCRYPTED")) return parse_encrypted_traditional(*found, der->reveal(), passphrase, errors);
    return parse_traditional(found->label, der->reveal(), errors);
}

}  // namespace countersign::pki
