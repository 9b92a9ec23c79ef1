#include "manager/certificates/token_keys.hpp"

#include "base/text.hpp"
#include "host/files.hpp"
#include "pki/token.hpp"

#include "countersign/errors/crt.hpp"

namespace countersign::manager {
namespace {

/// Longer ones are no PIN: PKCS#11 tokens take 4 to 255 characters.
constexpr std::size_t k_pin_file_limit = 1024;

}  // namespace

Result<pki::PrivateKey> TokenKeys::open(std::string const& uri) {
    SecretText pin;
    if (!settings_.pin_file.empty()) {
        CS_TRY(auto const text, host::read_file(settings_.pin_file, k_pin_file_limit));
        pin = SecretText(std::string(trim(text)));
    }
    std::lock_guard const lock(mutex_);
    if (refused_ && constant_time_equal(refused_->reveal(), pin.reveal()))
        return fail(errors::crt::token_failed, {{"detail", "a token refused this PIN before, so it is not tried again"}});
    auto key = pki::open_token_key(uri, settings_.module.string(), pin);
    if (!key && key.error().parameter("pin") == "refused") refused_ = pin.duplicate();
    return key;
}

}  // namespace countersign::manager
