#pragma once

/// Reads private keys out of PEM blocks and DER, with a budget for what their encryption may cost. Internal to src/pki:
/// PrivateKey::parse and read_contents stand on it.

#include "pki/format/der_kind.hpp"
#include "pki/format/derivation.hpp"
#include "pki/key.hpp"
#include "pki/pem.hpp"

namespace countersign::pki {

bool is_private_key_label(std::string_view label);

/// A block whose label is_private_key_label. CRT-001 for broken Base64; else as PrivateKey::parse_pem.
Result<PrivateKey> read_key_block(PemBlock const& block, SecretText const& passphrase, DerivationBudget& budget);
/// One of the kinds of private keys; CRT-001 for another kind.
Result<PrivateKey> read_key_der(std::span<std::uint8_t const> der, SecretText const& passphrase, DerivationBudget& budget);
/// EncryptedPrivateKeyInfo that is decoded already; an empty passphrase is tried as it is.
Result<PrivateKey> open_sealed_key(X509_SIG const* sealed, Passphrase passphrase, DerivationBudget& budget);
/// PKCS#8 that is decoded already.
Result<PrivateKey> read_plain_key(PKCS8_PRIV_KEY_INFO const* plain);

/// "PKCS#8, AES-256-CBC", "traditional, DES-EDE3-CBC": what a key that needs a passphrase is encrypted with.
std::string sealed_form(std::span<std::uint8_t const> encrypted_pkcs8);
std::string sealed_form(PemBlock const& block);

}  // namespace countersign::pki
