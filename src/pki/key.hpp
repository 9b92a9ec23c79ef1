#pragma once

/// Private keys: made, read, written, compared. A key never leaves this class but as a Secret.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "pki/openssl_types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::pki {

enum class KeyType { ec_p256, ec_p384, rsa_2048, rsa_3072, rsa_4096, ed25519 };

/// "ec:p256", "rsa:3072", "ed25519" ...; CRT-018 for anything else.
Result<KeyType> parse_key_type(std::string_view text);
std::string_view to_string(KeyType type);

/// A key pair. Copying shares the same immutable key.
class PrivateKey {
public:
    /// Takes milliseconds for EC and Ed25519, up to seconds for RSA: use the blocking pool.
    static Result<PrivateKey> generate(KeyType type);
    /// PKCS#8 or traditional PEM, encrypted or not. CRT-001 no key block, CRT-003 broken, CRT-004 passphrase needed,
    /// CRT-005 wrong passphrase, CRT-018 a key of another kind than those of KeyType (any size and curve of RSA and EC is
    /// read) or encrypted with a cipher that is not known, CRT-026 when deriving the key would take more than some seconds,
    /// FIL-003 over 1 MiB. The first key block of the text is taken; text around it is accepted. Never asks on a terminal.
    /// Encryption: PKCS#8 with PBES2 or PBES1, traditional with DEK-Info, with the ciphers of OpenSSL's default and legacy
    /// providers. CRT-005 also stands for damaged encrypted bytes: the forms have no checksum that would tell them apart.
    static Result<PrivateKey> parse_pem(std::string_view pem, SecretText const& passphrase = SecretText());
    /// The same, PEM or DER told apart by content (PKCS#8, encrypted PKCS#8, traditional RSA and EC).
    static Result<PrivateKey> parse(std::string_view bytes, SecretText const& passphrase = SecretText());
    /// Takes ownership of a reference of `key`.
    explicit PrivateKey(evp_pkey_st* key);
    /// The same for a key whose private part is not in this process; open_token_key makes them.
    static PrivateKey on_token(evp_pkey_st* key);

    /// PKCS#8 PEM; encrypted with AES-256-CBC when a passphrase is given.
    [[nodiscard]] SecretText to_pem(SecretText const& passphrase = SecretText()) const;
    /// "-----BEGIN RSA PRIVATE KEY-----" and the like, encrypted with DES-EDE3-CBC when a passphrase is given: what old equipment
    /// reads (seed 002). CRT-018 for keys that have no such form.
    [[nodiscard]] Result<SecretText> to_traditional_pem(SecretText const& passphrase = SecretText()) const;
    [[nodiscard]] Secret<Bytes> to_der() const;  ///< PKCS#8
    /// False for keys on a token: the to_... functions must not be called, and throw std::logic_error.
    [[nodiscard]] bool exportable() const { return exportable_; }
    /// "RSA", "EC", "Ed25519".
    [[nodiscard]] std::string algorithm() const;
    [[nodiscard]] int bits() const;
    /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal: equal for a key and its certificates.
    [[nodiscard]] std::string const& public_key_sha256() const;
    [[nodiscard]] evp_pkey_st* native() const { return key_.get(); }

private:
    std::shared_ptr<evp_pkey_st> key_;
    std::string spki_;
    bool exportable_ = true;
};

}  // namespace countersign::pki
