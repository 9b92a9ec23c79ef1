#pragma once

/// Private keys that stay on a PKCS#11 token (a hardware security module, a smart card, SoftHSM).

#include "base/result.hpp"
#include "base/secret.hpp"
#include "pki/key.hpp"

#include <string>
#include <string_view>

namespace countersign::pki {

/// True for "pkcs11:token=countersign;object=ca" (RFC 7512).
bool is_token_uri(std::string_view text);

/// A key on a token. Signing goes to the token; the key cannot be written to a file (PrivateKey::exportable() is false).
/// `module`: the path of the token's shared library; empty: "module-path" of the URI. CRT-027 says what is wrong: no such
/// module, token or object, more than one that fits, or the PIN was refused (parameter "pin" of the error: "refused"; it was tried once:
/// tokens lock themselves).
/// CRT-018 for a key that is neither RSA nor EC. RSA keys sign with PKCS#1 v1.5, EC keys with ECDSA. A PIN in the URI is
/// refused: it would show in lists of processes. Keys that ask for the PIN before each signature cannot be used.
/// May be called and the key used from several threads; the token stays open as long as anybody holds the key.
Result<PrivateKey> open_token_key(std::string_view uri, std::string const& module, SecretText const& pin);

}  // namespace countersign::pki
