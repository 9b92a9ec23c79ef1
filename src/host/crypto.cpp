#include "host/crypto.hpp"

#include "host/files.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <sodium.h>

#include <array>
#include <cstdlib>

namespace countersign::host {
namespace {

void ensure_sodium() {
    static bool const ready = sodium_init() >= 0;
    if (!ready) std::abort();
}

unsigned char const* raw(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

}  // namespace

Bytes random_bytes(std::size_t count) {
    ensure_sodium();
    Bytes out(count);
    randombytes_buf(out.data(), out.size());
    return out;
}

std::string random_password(std::size_t characters) {
    ensure_sodium();
    constexpr std::string_view alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    std::string out;
    for (std::size_t i = 0; i < characters; ++i) out += alphabet[randombytes_uniform(static_cast<std::uint32_t>(alphabet.size()))];
    return out;
}

std::string random_token() { return to_base64url(random_bytes(32)); }

Result<Sealer> Sealer::load_or_create(std::filesystem::path const& key_file) {
    ensure_sodium();
    constexpr std::size_t key_size = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
    if (!std::filesystem::exists(key_file)) {
        auto made = create_file(key_file, to_base64(random_bytes(key_size)) + "\n", Privacy::owner_only);
        if (!made && made.error().id() != errors::fil::exists) return fail(std::move(made).error());
    }
    CS_TRY(auto text, read_secret_file(key_file));
    auto bytes = from_base64(trim(text.reveal()));
    if (!bytes || bytes->size() != key_size) return fail(errors::fil::cannot_unseal, {{"file", key_file.string()}});
    std::string key(bytes->begin(), bytes->end());
    wipe(bytes->data(), bytes->size());
    return Sealer(SecretText(std::move(key)));
}

std::string Sealer::seal(SecretText const& secret, std::string_view context) const {
    Bytes out(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
    randombytes_buf(out.data(), out.size());
    auto nonce = out;
    out.resize(nonce.size() + secret.reveal().size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
    unsigned long long size = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + nonce.size(), &size, raw(secret.reveal()), secret.reveal().size(), raw(context),
                                               context.size(), nullptr, nonce.data(), raw(key_.reveal()));
    return to_base64(out);
}

Result<SecretText> Sealer::open(std::string_view sealed, std::string_view context) const {
    auto bytes = from_base64(sealed);
    constexpr std::size_t overhead = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES;
    if (!bytes || bytes->size() < overhead) return fail(errors::fil::cannot_unseal, {{"context", context}});
    std::string out(bytes->size() - overhead, '\0');
    unsigned long long size = 0;
    auto const* cipher = bytes->data() + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(out.data()), &size, nullptr, cipher,
                                                   bytes->size() - crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, raw(context),
                                                   context.size(), bytes->data(), raw(key_.reveal())) != 0) {
        return fail(errors::fil::cannot_unseal, {{"context", context}});
    }
    return SecretText(std::move(out));
}

Result<std::string> hash_password(SecretText const& password) {
    ensure_sodium();
    std::array<char, crypto_pwhash_STRBYTES> out{};
    if (crypto_pwhash_str(out.data(), password.reveal().data(), password.reveal().size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
        return fail(errors::gen::internal, {{"detail", "no memory for password hashing"}});
    }
    return std::string(out.data());
}

bool password_matches(std::string_view hash, SecretText const& password) {
    ensure_sodium();
    std::string text(hash);
    return crypto_pwhash_str_verify(text.c_str(), password.reveal().data(), password.reveal().size()) == 0;
}

std::string hash_token(std::string_view token) {
    ensure_sodium();
    std::array<std::uint8_t, crypto_generichash_BYTES> out{};
    crypto_generichash(out.data(), out.size(), raw(token), token.size(), nullptr, 0);
    return to_hex(out);
}

}  // namespace countersign::host
