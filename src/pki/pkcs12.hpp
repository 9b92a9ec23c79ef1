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
    std::string friendly_name;              ///< UTF-8; of the key or its certificate
};

/// Reads modern and legacy ciphers (also RC2-40). CRT-025 broken, CRT-005 wrong passphrase (the MAC does not fit), CRT-018 a
/// cipher or key that is not known here, CRT-026 when it would take more than some seconds of hashing, FIL-003 over 1 MiB,
/// CRT-016 over 1000 certificates.
Result<Pkcs12Contents> read_pkcs12(std::span<std::uint8_t const> der, SecretText const& passphrase);
/// CRT-014 when the first certificate is not the key's.
Result<Secret<Bytes>> write_pkcs12(Pkcs12Contents const& contents, SecretText const& passphrase, Pkcs12Ciphers ciphers);

}  // namespace countersign::pki
