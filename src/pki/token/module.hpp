#pragma once

/// A PKCS#11 module (a shared library of somebody else) and the tokens that it shows, by way of libp11. There is one of
/// each in the process, however many keys are open: a module may be initialised once only, and a login holds for all
/// sessions. It is unloaded when its last key goes. A token that is plugged in while another one of the same module is in use
/// is not seen before that. Internal to src/pki.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "pki/openssl.hpp"
#include "pki/token/token_uri.hpp"

#include <libp11.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace countersign::pki {

class TokenModule : public std::enable_shared_from_this<TokenModule> {
public:
    /// The one that is loaded already, or a new one. CRT-027 when it cannot be loaded.
    static Result<std::shared_ptr<TokenModule>> ensure_loaded(std::string const& file);

    explicit TokenModule(std::string file) : file_(std::move(file)) {}
    ~TokenModule();
    TokenModule(TokenModule const&) = delete;
    TokenModule& operator=(TokenModule const&) = delete;

    /// Finds the token, logs in once, finds the key. The key keeps this module loaded, whoever holds references to it.
    Result<PkeyPtr> open_key(TokenUri const& uri, SecretText const& pin);

private:
    Result<void> load();
    Result<PKCS11_SLOT*> find_token(TokenUri const& uri);
    Result<void> log_in(PKCS11_SLOT* slot, SecretText const& pin);
    Result<PKCS11_KEY*> find_key(PKCS11_SLOT* slot, TokenUri const& uri);

    std::string file_;
    std::mutex mutex_;
    PKCS11_CTX* context_ = nullptr;
    PKCS11_SLOT* slots_ = nullptr;
    unsigned slot_count_ = 0;
    bool loaded_ = false;
    std::map<unsigned long, SecretText> logins_;  ///< slot, PIN: a second PIN is compared and never sent
};

}  // namespace countersign::pki
