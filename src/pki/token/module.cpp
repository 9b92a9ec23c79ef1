// OpenSSL 3.0 calls keys with methods of their own deprecated; libp11 0.4 makes no others.
#define OPENSSL_SUPPRESS_DEPRECATED  // NOLINT(readability-identifier-naming): the name is OpenSSL's
#include "pki/token/module.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/err.h>
#include <openssl/ui.h>

#include <algorithm>
#include <filesystem>
#include <p11_err.h>
#include <span>
#include <tuple>

namespace countersign::pki {

namespace {

Failure failed(std::string_view detail, std::string_view name, std::string_view value) {
    return fail(errors::crt::token_failed, {{"detail", detail}, {name, value}});
}

/// Some keys ask for the PIN again before each signature; libp11 would then ask on the terminal. Nobody is asked.
UI_METHOD* nobody_to_ask() {
    static UI_METHOD* const method = [] {
        UI_METHOD* made = UI_create_method("nobody to ask");
        if (made == nullptr || UI_method_set_reader(made, [](UI*, UI_STRING*) { return 0; }) != 0)
            throw_openssl_failure("make a UI method");
        return made;
    }();
    return method;
}

/// Of PKCS#11, pkcs11t.h.
enum CkReturn : int { k_pin_incorrect = 0xa0, k_pin_invalid = 0xa1, k_pin_length = 0xa2, k_pin_expired = 0xa3, k_pin_locked = 0xa4 };

std::string_view pin_problem(int reason) {
    switch (reason) {
        case k_pin_incorrect:
        case k_pin_invalid: return "the token refused the PIN; it was not tried again";
        case k_pin_length: return "the PIN is too short or too long for the token";
        case k_pin_expired: return "the PIN of the token has expired";
        case k_pin_locked: return "the token is locked after too many wrong PINs";
        default: return "";
    }
}

bool matches(std::optional<std::string> const& wanted, char const* found) { return !wanted || (found != nullptr && *wanted == found); }

/// A key keeps its module: for everybody who holds a reference of the EVP_PKEY, not only for a PrivateKey.
void let_go(void* /*key*/, void* module, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*number*/, void* /*argument*/) {
    std::unique_ptr<std::shared_ptr<TokenModule>> const last_one(static_cast<std::shared_ptr<TokenModule>*>(module));
}

int keeper_index() {
    static int const index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EVP_PKEY, 0, nullptr, nullptr, nullptr, let_go);
    return index;
}

void keep(EVP_PKEY* key, std::shared_ptr<TokenModule> module) {
    auto owner = std::make_unique<std::shared_ptr<TokenModule>>(std::move(module));
    if (keeper_index() < 0 || EVP_PKEY_set_ex_data(key, keeper_index(), owner.get()) != 1) throw_openssl_failure("tie a key to its token");
    std::ignore = owner.release();  // let_go has it now
}

/// libp11 keeps the EVP_PKEY that it hands out for as long as the module is loaded: tied to that one, the module would keep
/// itself. Ours shares the key behind it. Nothing for keys that are neither RSA nor EC.
PkeyPtr second_handle(EVP_PKEY* key) {
    PkeyPtr own(EVP_PKEY_new());
    if (!own) throw_openssl_failure("make a key");
    bool made = false;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) made = EVP_PKEY_set1_RSA(own.get(), const_cast<RSA*>(EVP_PKEY_get0_RSA(key))) == 1;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
        made = EVP_PKEY_set1_EC_KEY(own.get(), const_cast<EC_KEY*>(EVP_PKEY_get0_EC_KEY(key))) == 1;
    return made ? std::move(own) : nullptr;
}

}  // namespace

Result<std::shared_ptr<TokenModule>> TokenModule::ensure_loaded(std::string const& file) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<TokenModule>> loaded;
    std::lock_guard const lock(mutex);
    if (auto known = loaded[file].lock()) return known;
    auto module = std::make_shared<TokenModule>(file);
    CS_CHECK(module->load());
    loaded[file] = module;
    return module;
}

Result<void> TokenModule::load() {
    // libp11 prints on standard error when there is no such file.
    std::error_code ignored;
    if (!std::filesystem::exists(file_, ignored)) return failed("there is no such module", "module", file_);
    ErrorQueue errors;
    context_ = PKCS11_CTX_new();
    if (context_ == nullptr) throw_openssl_failure("make a PKCS#11 context");
    PKCS11_set_ui_method(context_, nobody_to_ask(), nullptr);
    if (PKCS11_CTX_load(context_, file_.c_str()) != 0)
        return fail(errors::crt::token_failed, {{"detail", "the module cannot be loaded"}, {"module", file_}, {"reason", errors.reason()}});
    loaded_ = true;
    // Once: PKCS11_update_slots of libp11 0.4.12 crashes, and a second list closes the sessions of the first when it goes.
    if (PKCS11_enumerate_slots(context_, &slots_, &slot_count_) != 0)
        return fail(errors::crt::token_failed,
                    {{"detail", "the module does not list its slots"}, {"module", file_}, {"reason", errors.reason()}});
    return {};
}

TokenModule::~TokenModule() {
    ErrorQueue const errors;
    if (slots_ != nullptr) PKCS11_release_all_slots(context_, slots_, slot_count_);
    if (loaded_) PKCS11_CTX_unload(context_);
    if (context_ != nullptr) PKCS11_CTX_free(context_);
}

Result<PKCS11_SLOT*> TokenModule::find_token(TokenUri const& uri) {
    PKCS11_SLOT* found = nullptr;
    for (auto& slot : std::span(slots_, slot_count_)) {
        auto const* token = slot.token;
        if (token == nullptr || token->initialized == 0 || !matches(uri.token, token->label) || !matches(uri.serial, token->serialnr) ||
            !matches(uri.model, token->model) || !matches(uri.manufacturer, token->manufacturer))
            continue;
        if (found != nullptr) return failed("more than one token fits the address", "token", uri.token.value_or("any"));
        found = &slot;
    }
    if (found == nullptr) return failed("there is no such token", "token", uri.token.value_or("any"));
    return found;
}

Result<void> TokenModule::log_in(PKCS11_SLOT* slot, SecretText const& pin) {
    auto const* token = slot->token;
    std::string const label = token->label != nullptr ? token->label : "";
    if (token->loginRequired == 0) return {};
    if (pin.empty()) return failed("the token needs a PIN and none was given", "token", label);
    auto const id = PKCS11_get_slotid_from_slot(slot);
    if (auto const known = logins_.find(id); known != logins_.end()) {
        if (constant_time_equal(known->second.reveal(), pin.reveal())) return {};
        return failed("this PIN is not the one that the token is in use with", "token", label);
    }
    if (pin.reveal().contains('\0')) return failed("the PIN has a zero byte in it", "token", label);
    ErrorQueue errors;
    if (PKCS11_login(slot, 0, pin.reveal().c_str()) != 0) {
        auto const code = ERR_peek_last_error();
        auto const known = ERR_GET_LIB(code) == ERR_get_CKR_code() ? pin_problem(ERR_GET_REASON(code)) : std::string_view();
        if (!known.empty()) return fail(errors::crt::token_failed, {{"detail", known}, {"token", label}, {"pin", "refused"}});
        return fail(errors::crt::token_failed,
                    {{"detail", "the token did not take the PIN"}, {"token", label}, {"pin", "refused"}, {"reason", errors.reason()}});
    }
    logins_.emplace(id, pin.duplicate());
    return {};
}

Result<PKCS11_KEY*> TokenModule::find_key(PKCS11_SLOT* slot, TokenUri const& uri) {
    ErrorQueue errors;
    PKCS11_KEY* keys = nullptr;
    unsigned count = 0;
    if (PKCS11_enumerate_keys(slot->token, &keys, &count) != 0)
        return fail(errors::crt::token_failed, {{"detail", "the token does not list its keys"}, {"reason", errors.reason()}});
    PKCS11_KEY* found = nullptr;
    for (auto& key : std::span(keys, count)) {
        if (!matches(uri.object, key.label) || (uri.id && !std::ranges::equal(*uri.id, std::span(key.id, key.id_len)))) continue;
        if (found != nullptr) return failed("more than one private key fits the address", "object", uri.object.value_or("any"));
        found = &key;
    }
    if (found == nullptr) return failed("there is no such private key on the token", "object", uri.object.value_or("any"));
    return found;
}

Result<PkeyPtr> TokenModule::open_key(TokenUri const& uri, SecretText const& pin) {
    std::lock_guard const lock(mutex_);
    CS_TRY(auto* const slot, find_token(uri));
    CS_CHECK(log_in(slot, pin));
    CS_TRY(auto* const found, find_key(slot, uri));
    ErrorQueue errors;
    PkeyPtr key(PKCS11_get_private_key(found));
    if (!key) return fail(errors::crt::token_failed, {{"detail", "the key cannot be used"}, {"reason", errors.reason()}});
    auto own = second_handle(key.get());
    if (!own) return fail(errors::crt::unsupported_key_type, {{"type", algorithm_name(key.get())}});
    keep(own.get(), shared_from_this());
    return own;
}

}  // namespace countersign::pki
