#include "net/tls/usm.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace countersign::net::tls::usm {
namespace {

constexpr std::size_t k_key_size = 16;
constexpr std::size_t k_mebibyte = 1024 * 1024;

EVP_MD const* algorithm(Digest digest) {
    static EVP_MD const* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
    return digest == Digest::sha1 ? sha1 : sha256;
}

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

std::string hash(Digest digest, std::string_view text) {
    std::array<char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(bytes.data()), &size, algorithm(digest), nullptr) != 1)
        throw std::bad_alloc();
    return {bytes.data(), size};
}

/// The pass phrase, again and again, until a mebibyte is hashed.
std::string stretch(Digest digest, std::string_view pass_phrase) {
    std::unique_ptr<EVP_MD_CTX, FreeDigest> const context(EVP_MD_CTX_new());
    if (!context || EVP_DigestInit_ex(context.get(), algorithm(digest), nullptr) != 1) throw std::bad_alloc();
    std::string block;
    while (block.size() < 64 * pass_phrase.size()) block += pass_phrase;
    for (std::size_t left = k_mebibyte; left > 0;) {
        auto const size = std::min(left, block.size());
        EVP_DigestUpdate(context.get(), block.data(), size);
        left -= size;
    }
    std::array<char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) != 1) throw std::bad_alloc();
    return {bytes.data(), size};
}

/// RFC 3826 section 3.1.2.1: boots and time, most significant byte first, then the salt.
std::string initial_vector(Place place, std::string_view salt) {
    std::string out;
    for (auto const number : {place.boots, place.time})
        for (int i = 3; i >= 0; --i) out += static_cast<char>(static_cast<std::uint32_t>(number) >> (8 * i) & 0xff);
    return out + std::string(salt);
}

enum class Direction : int { decrypt = 0, encrypt = 1 };

std::optional<std::string> run(Keys const& keys, Place place, std::string_view salt, std::string_view in, Direction direction) {
    auto const& key = keys.privacy.reveal();
    if (salt.size() != k_salt_size || key.size() < k_key_size) return std::nullopt;
    auto const vector = initial_vector(place, salt);
    auto const bytes = [](std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); };
    std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> const context(EVP_CIPHER_CTX_new());
    if (!context ||
        EVP_CipherInit_ex(context.get(), EVP_aes_128_cfb128(), nullptr, bytes(key), bytes(vector), static_cast<int>(direction)) != 1)
        throw std::bad_alloc();
    std::string out(in.size(), '\0');
    int size = 0;
    if (EVP_CipherUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes(in), static_cast<int>(in.size())) != 1)
        return std::nullopt;
    return out;  // a stream: nothing is left for a last block
}

}  // namespace

SecretText localized_key(Digest digest, SecretText const& pass_phrase, std::string_view engine) {
    if (pass_phrase.reveal().empty()) return SecretText(std::string());
    auto const key = stretch(digest, pass_phrase.reveal());
    return SecretText(hash(digest, key + std::string(engine) + key));
}

std::size_t code_size(Digest digest) { return digest == Digest::sha1 ? 12 : 24; }

std::string code_of(Keys const& keys, std::string_view message) {
    std::array<char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    auto const& key = keys.authentication.reveal();
    auto const* data = reinterpret_cast<unsigned char const*>(message.data());
    if (HMAC(algorithm(keys.digest), key.data(), static_cast<int>(key.size()), data, message.size(),
             reinterpret_cast<unsigned char*>(bytes.data()), &size) == nullptr)
        throw std::bad_alloc();
    return {bytes.data(), code_size(keys.digest)};
}

std::optional<std::string> encrypt(Keys const& keys, Place place, std::string_view salt, std::string_view plain) {
    return run(keys, place, salt, plain, Direction::encrypt);
}

std::optional<std::string> decrypt(Keys const& keys, Place place, std::string_view salt, std::string_view secret) {
    return run(keys, place, salt, secret, Direction::decrypt);
}

}  // namespace countersign::net::tls::usm
