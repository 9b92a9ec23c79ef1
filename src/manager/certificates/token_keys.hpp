#pragma once

/// Keys of the internal authority that stay on a PKCS#11 token (REQ MGR-13). A token counts wrong PINs and locks itself: a PIN that was
/// refused is not sent again, to no token, before the file holds another one.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "pki/key.hpp"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace countersign::manager {

struct TokenSettings {
    std::filesystem::path module;    ///< the token's library; empty: the address of the key names it
    std::filesystem::path pin_file;  ///< one line; empty: no PIN
};

class TokenKeys {
public:
    explicit TokenKeys(TokenSettings settings) : settings_(std::move(settings)) {}

    /// Blocks for as long as the token takes. `uri`: RFC 7512. CRT-027, CRT-018; FIL-001 for a PIN file that cannot be read.
    Result<pki::PrivateKey> open(std::string const& uri);

private:
    TokenSettings settings_;
    std::mutex mutex_;
    std::optional<SecretText> refused_;
};

}  // namespace countersign::manager
