#include "pki/format/derivation.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>
#include <limits>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

template <class T, auto Free>
std::unique_ptr<T, Deleter<Free>> unpack(ASN1_STRING const* packed, ASN1_ITEM const* item) {
    return std::unique_ptr<T, Deleter<Free>>(static_cast<T*>(ASN1_item_unpack(packed, item)));
}

constexpr std::int64_t k_endless = std::numeric_limits<std::int64_t>::max();

std::int64_t number_of(ASN1_INTEGER const* integer) {
    std::int64_t value = 1;
    if (integer != nullptr && ASN1_INTEGER_get_int64(&value, integer) != 1) return k_endless;
    return value < 1 ? 1 : value;
}

std::int64_t times(std::int64_t a, std::int64_t b) { return a > k_endless / b ? k_endless : a * b; }

struct Algorithm {
    int nid = NID_undef;
    ASN1_STRING const* parameters = nullptr;  ///< when they are a SEQUENCE

    explicit Algorithm(X509_ALGOR const* algorithm) {
        ASN1_OBJECT const* object = nullptr;
        int type = 0;
        void const* value = nullptr;
        X509_ALGOR_get0(&object, &type, &value, algorithm);
        nid = OBJ_obj2nid(object);
        if (type == V_ASN1_SEQUENCE) parameters = static_cast<ASN1_STRING const*>(value);
    }
};

/// N * r * p of scrypt, weighed so that the budget of ten million stands for about 2^22: `openssl pkcs8 -scrypt` uses 2^17.
std::int64_t scrypt_cost(ASN1_STRING const* parameters) {
    auto const scrypt = unpack<SCRYPT_PARAMS, SCRYPT_PARAMS_free>(parameters, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    if (!scrypt) return 1;
    constexpr std::int64_t weight = 2;
    auto const work = times(number_of(scrypt->costParameter), number_of(scrypt->blockSize));
    return times(times(work, number_of(scrypt->parallelizationParameter)), weight);
}

/// Rounds of hashing before anything can be decrypted. What cannot be read costs nothing: it fails before any hashing.
std::int64_t cost_of(X509_ALGOR const* scheme) {
    Algorithm const outer(scheme);
    if (outer.parameters == nullptr) return 1;
    if (outer.nid != NID_pbes2) {
        auto const old = unpack<PBEPARAM, PBEPARAM_free>(outer.parameters, ASN1_ITEM_rptr(PBEPARAM));
        // Two blocks of key and one of initial value for 3DES with SHA-1.
        constexpr std::int64_t blocks = 3;
        return old ? times(number_of(old->iter), blocks) : 1;
    }
    auto const pbes2 = unpack<PBE2PARAM, PBE2PARAM_free>(outer.parameters, ASN1_ITEM_rptr(PBE2PARAM));
    if (!pbes2) return 1;
    Algorithm const derivation(pbes2->keyfunc);
    if (derivation.parameters == nullptr) return 1;
    if (derivation.nid == NID_id_scrypt) return scrypt_cost(derivation.parameters);
    auto const pbkdf2 = unpack<PBKDF2PARAM, PBKDF2PARAM_free>(derivation.parameters, ASN1_ITEM_rptr(PBKDF2PARAM));
    return pbkdf2 ? number_of(pbkdf2->iter) : 1;
}

/// Why did it not decrypt? Empties the queue. Padding that does not fit is the only trace of a wrong passphrase.
enum class Refused { passphrase, unknown_scheme, parameters };

Refused why_refused() {
    auto out = Refused::parameters;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        int const library = ERR_GET_LIB(code);
        int const reason = ERR_GET_REASON(code);
        if (library == ERR_LIB_PKCS12 && reason == PKCS12_R_PKCS12_CIPHERFINAL_ERROR) out = Refused::passphrase;
        if (reason == ERR_R_UNSUPPORTED ||
            (library == ERR_LIB_EVP && (reason == EVP_R_UNKNOWN_PBE_ALGORITHM || reason == EVP_R_UNSUPPORTED_CIPHER ||
                                        reason == EVP_R_UNSUPPORTED_PRF || reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION ||
                                        reason == EVP_R_UNSUPPORTED_ALGORITHM || reason == EVP_R_UNKNOWN_CIPHER)))
            return Refused::unknown_scheme;
    }
    return out;
}

/// The value of "Name: value" among the header lines, or empty.
std::string_view header(std::string_view headers, std::string_view name) {
    while (!headers.empty()) {
        auto const end = std::min(headers.find_first_of("\r\n"), headers.size());
        auto const line = headers.substr(0, end);
        if (istarts_with(line, name) && line.substr(name.size()).starts_with(':')) return trim(line.substr(name.size() + 1));
        headers.remove_prefix(std::min(end + 1, headers.size()));
    }
    return {};
}

using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;

}  // namespace

Result<void> DerivationBudget::spend(std::int64_t rounds) {
    if (rounds > left_) {
        return fail(crt::too_expensive,
                    {{"rounds", rounds == k_endless ? "endless" : std::to_string(rounds)}, {"limit", std::to_string(whole_)}});
    }
    left_ -= rounds;
    return {};
}

OSSL_LIB_CTX* old_ciphers() {
    // For the life of the program. Without the legacy provider (a file of its own) new ciphers still work.
    static OSSL_LIB_CTX* const context = [] {
        OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
        if (made == nullptr || OSSL_PROVIDER_load(made, "default") == nullptr) throw_openssl_failure("load its default provider");
        if (OSSL_PROVIDER_load(made, "legacy") == nullptr) ERR_clear_error();
        return made;
    }();
    return context;
}

std::string scheme_name(X509_ALGOR const* scheme) {
    Algorithm const outer(scheme);
    int nid = outer.nid;
    if (nid == NID_pbes2 && outer.parameters != nullptr) {
        auto const pbes2 = unpack<PBE2PARAM, PBE2PARAM_free>(outer.parameters, ASN1_ITEM_rptr(PBE2PARAM));
        if (pbes2) nid = Algorithm(pbes2->encryption).nid;
    }
    return nid == NID_undef ? "an unknown scheme" : to_upper(OBJ_nid2sn(nid));
}

Result<Secret<Bytes>> unseal(X509_ALGOR const* scheme, ASN1_OCTET_STRING const* content, Passphrase passphrase, DerivationBudget& budget,
                             ErrorId broken) {
    if (ASN1_STRING_length(content) == 0) return fail(broken, {{"detail", "what is encrypted is empty"}});
    CS_CHECK(budget.spend(cost_of(scheme)));
    unsigned char* data = nullptr;
    int size = 0;
    auto const* opened = PKCS12_pbe_crypt_ex(scheme, passphrase.text, passphrase.size, ASN1_STRING_get0_data(content),
                                             ASN1_STRING_length(content), &data, &size, 0, old_ciphers(), nullptr);
    if (opened == nullptr) {
        switch (why_refused()) {
            case Refused::passphrase: return fail(crt::wrong_passphrase);
            case Refused::unknown_scheme: return fail(crt::unsupported_key_type, {{"type", "encrypted with " + scheme_name(scheme)}});
            case Refused::parameters: break;
        }
        return fail(broken, {{"detail", "the parameters of its encryption make no sense"}});
    }
    Bytes plain(data, data + size);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
    return Secret<Bytes>(std::move(plain));
}

std::string_view header_cipher(std::string_view headers) {
    auto const value = header(headers, "DEK-Info");
    return trim(value.substr(0, value.find(',')));
}

Result<Secret<Bytes>> unseal_traditional(std::string_view headers, std::span<std::uint8_t const> content, SecretText const& passphrase) {
    auto broken = [](std::string_view detail) { return fail(crt::broken_key, {{"detail", detail}}); };
    std::string const name(header_cipher(headers));
    auto const value = header(headers, "DEK-Info");
    auto const comma = value.find(',');
    if (name.empty() || comma == std::string_view::npos) return broken("its header DEK-Info makes no sense");
    CipherPtr const cipher(EVP_CIPHER_fetch(old_ciphers(), name.c_str(), nullptr));
    if (!cipher || EVP_CIPHER_get_mode(cipher.get()) != EVP_CIPH_CBC_MODE)
        return fail(crt::unsupported_key_type, {{"type", "encrypted with " + name}});
    auto const iv = from_hex(trim(value.substr(comma + 1)));
    if (!iv || iv->size() != static_cast<std::size_t>(EVP_CIPHER_get_iv_length(cipher.get())) || iv->size() < PKCS5_SALT_LEN)
        return broken("the initial value in its header DEK-Info does not fit the cipher");
    auto const block = static_cast<std::size_t>(EVP_CIPHER_get_block_size(cipher.get()));
    if (content.empty() || content.size() % block != 0) return broken("it is cut off");

    auto const& text = passphrase.reveal();
    Secret<Bytes> key{Bytes(EVP_MAX_KEY_LENGTH)};
    // const_cast: the buffer is ours and filled here; Secret only hands out what is not to be changed.
    auto* const key_data = const_cast<std::uint8_t*>(key.reveal().data());
    if (EVP_BytesToKey(cipher.get(), EVP_md5(), iv->data(), reinterpret_cast<unsigned char const*>(text.data()),
                       static_cast<int>(text.size()), 1, key_data, nullptr) <= 0)
        throw_openssl_failure("derive a key");
    CipherCtxPtr const context(EVP_CIPHER_CTX_new());
    Bytes plain(content.size() + block);
    int first = 0;
    int last = 0;
    if (!context || EVP_DecryptInit_ex2(context.get(), cipher.get(), key_data, iv->data(), nullptr) != 1 ||
        EVP_DecryptUpdate(context.get(), plain.data(), &first, content.data(), static_cast<int>(content.size())) != 1)
        throw_openssl_failure("decrypt");
    bool const opened = EVP_DecryptFinal_ex(context.get(), plain.data() + first, &last) == 1;
    plain.resize(static_cast<std::size_t>(first) + (opened ? static_cast<std::size_t>(last) : 0));
    Secret<Bytes> out(std::move(plain));
    if (!opened) return fail(crt::wrong_passphrase);
    return out;
}

}  // namespace countersign::pki
