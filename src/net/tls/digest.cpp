#include "net/tls/digest.hpp"

#include "base/text.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <new>
#include <span>

namespace countersign::net::tls {

namespace {

/// Fetched once: a fetch for each digest costs more than the digest.
EVP_MD const* algorithm(Hash hash) {
    static EVP_MD const* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
    static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
    return hash == Hash::md5 ? md5 : sha256;
}

}  // namespace

std::string hash_hex(Hash hash, std::string_view text) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, algorithm(hash), nullptr) != 1) throw std::bad_alloc();
    return to_hex(std::span(bytes).first(size));
}

std::string sha1(std::string_view text) {
    static EVP_MD const* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, algorithm, nullptr) != 1) throw std::bad_alloc();
    return {reinterpret_cast<char const*>(bytes.data()), size};
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    auto const* data = reinterpret_cast<std::uint8_t const*>(text.data());
    if (HMAC(algorithm(Hash::sha256), key.data(), static_cast<int>(key.size()), data, text.size(), bytes.data(), &size) == nullptr)
        throw std::bad_alloc();
    return {reinterpret_cast<char const*>(bytes.data()), size};
}

}  // namespace countersign::net::tls
