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
/// `module`: the token's shared library; empty: "module-path" of the URI. CRT-027 says what is wrong: no such module,
/// token or object, or the PIN was refused (never tried twice: tokens lock themselves).
Result<PrivateKey> open_token_key(std::string_view uri, std::string const& module, SecretText const& pin);

}  // namespace countersign::pki
