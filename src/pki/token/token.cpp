#include "pki/token.hpp"

#include "pki/token/module.hpp"

#include "countersign/errors/crt.hpp"

namespace countersign::pki {

namespace crt = errors::crt;

Result<PrivateKey> open_token_key(std::string_view uri, std::string const& module, SecretText const& pin) {
    CS_TRY(auto const address, parse_token_uri(uri));
    auto const& file = module.empty() ? address.module_path : module;
    if (file.empty()) return fail(crt::token_failed, {{"detail", "no module was named, and the address has no module-path"}});
    CS_TRY(auto const loaded, TokenModule::ensure_loaded(file));
    CS_TRY(auto key, loaded->open_key(address, pin));
    ErrorQueue const errors;
    if (EVP_PKEY_get_bits(key.get()) == 0)
        return fail(crt::token_failed, {{"detail", "the token does not give the public part of the key"}});
    return PrivateKey::on_token(key.release());
}

}  // namespace countersign::pki
