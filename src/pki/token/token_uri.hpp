#pragma once

/// Addresses of keys on tokens (RFC 7512). Internal to src/pki.

#include "base/result.hpp"
#include "base/text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace countersign::pki {

/// What is not said matches everything.
struct TokenUri {
    std::optional<std::string> token;  ///< label of the token
    std::optional<std::string> manufacturer;
    std::optional<std::string> model;
    std::optional<std::string> serial;  ///< of the token
    std::optional<std::string> object;  ///< label of the key
    std::optional<Bytes> id;            ///< CKA_ID of the key
    std::string module_path;
};

/// CRT-027 for an attribute that is not known or stands twice, for anything but private keys, and for a PIN in the address,
/// where every list of processes would show it.
Result<TokenUri> parse_token_uri(std::string_view uri);

}  // namespace countersign::pki
