#pragma once

/// PKCS#12 / PFX packages (RFC 7292), as Windows and appliances exchange them.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "pki/certificate.hpp"
#include "pki/key.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace countersign::pki {

enum class Pkcs12Ciphers {
    modern,  ///< PBES2 with AES-256-CBC, MAC with SHA-256
    legacy   ///< 3DES and a MAC with SHA-1: what Windows before 2019 and old appliances read
};

struct Pkcs12Contents {
    std::optional<PrivateKey> key;
    std::vector<Certificate> certificates;  ///< the key's own first, then the others in the order of a chain as far as they form one
    std::string friendly_name;              ///< UTF-8; of the key or its certificate. Control characters are read as '?'
};

/// Reads modern and legacy ciphers (also RC2-40), with a MAC or without. An empty passphrase opens packages with an empty one
/// and with none. CRT-005 wrong passphrase; CRT-025 broken, which includes a MAC that does not fit although the passphrase
/// opens what is inside; CRT-018 a cipher, key or way of protection that is not known here (PBMAC1, encryption for a
/// certificate); CRT-026 when it would take more than some seconds of hashing: over ten million rounds for MAC, keys and
/// certificates together, counted before anything is hashed; CRT-029 several keys; FIL-003 over 1 MiB; CRT-016 over 1000
/// parts. Revocation lists and secrets in it are left out; read_contents gives lists, and all keys.
Result<Pkcs12Contents> read_pkcs12(std::span<std::uint8_t const> der, SecretText const& passphrase);
/// The key may be absent. CRT-014 when the first certificate is not the key's, CRT-027 for a key on a token, GEN-001 when name
/// or passphrase cannot be written. Takes some tenths of a second with the modern ciphers: use the blocking pool.
Result<Secret<Bytes>> write_pkcs12(Pkcs12Contents const& contents, SecretText const& passphrase, Pkcs12Ciphers ciphers);

}  // namespace countersign::pki
