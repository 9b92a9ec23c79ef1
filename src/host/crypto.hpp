#pragma once

/// Random bytes, sealing of secrets at rest, and password hashing, through libsodium.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace countersign::host {

/// From the operating system's generator.
Bytes random_bytes(std::size_t count);
/// `characters` of A-Z a-z 2-9 without look-alikes; about 5.8 bits each.
std::string random_password(std::size_t characters);
/// 256 bits as Base64url: session ids, API tokens.
std::string random_token();

/// Seals and opens secrets with one key (XChaCha20-Poly1305). `context` says what the secret is for ("system 12
/// password") and must be the same when opening, so that sealed values cannot be swapped.
class Sealer {
public:
    /// Reads the key file (32 bytes, Base64), or makes it with mode 0600 when it does not exist.
    static Result<Sealer> load_or_create(std::filesystem::path const& key_file);
    [[nodiscard]] std::string seal(SecretText const& secret, std::string_view context) const;
    /// FIL-005 when the key or context is another one, or the text was changed.
    [[nodiscard]] Result<SecretText> open(std::string_view sealed, std::string_view context) const;

private:
    explicit Sealer(SecretText key) : key_(std::move(key)) {}
    SecretText key_;  ///< 32 raw bytes
};

/// Argon2id with libsodium's interactive limits (64 MiB, about 50 ms): call it on the blocking pool.
Result<std::string> hash_password(SecretText const& password);
bool password_matches(std::string_view hash, SecretText const& password);
/// BLAKE2b-256, for tokens at rest: hexadecimal.
std::string hash_token(std::string_view token);

}  // namespace countersign::host
