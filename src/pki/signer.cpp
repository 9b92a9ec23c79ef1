#include "pki/signer.hpp"

#include "pki/format/der_writer.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/objects.h>

#include <array>

namespace countersign::pki {

namespace {

using View = std::span<std::uint8_t const>;

Failure refused(std::string_view detail) { return fail(errors::crt::signing_failed, {{"detail", detail}}); }

Result<Bytes> sign_at_once(EVP_PKEY* key, EVP_MD const* method, View message) {
    ErrorQueue errors;
    MdCtxPtr const context(EVP_MD_CTX_new());
    Bytes signature(static_cast<std::size_t>(std::max(0, EVP_PKEY_get_size(key))));
    std::size_t size = signature.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, method, nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1) {
        return refused(errors.reason());
    }
    signature.resize(size);
    return signature;
}

}  // namespace

Signer::Signer(PrivateKey key)
    : key_(std::move(key)), keeps_contexts_(key_.exportable() && EVP_PKEY_get_base_id(key_.native()) == EVP_PKEY_EC) {}

Result<Bytes> Signer::algorithm(Hash hash) const {
    ErrorQueue const errors;
    int const kind = EVP_PKEY_get_base_id(key_.native());
    EVP_MD const* const method = digest_for(key_.native(), hash);
    int id = kind;  // EdDSA: key and signature have one name
    if (method != nullptr && OBJ_find_sigid_by_algs(&id, EVP_MD_get_type(method), kind) != 1) {
        return refused("there is no signature with this kind of key and digest");
    }
    ASN1_OBJECT const* const name = OBJ_nid2obj(id);
    if (name == nullptr || OBJ_length(name) == 0) throw_openssl_failure("name a signature");
    DerWriter out(32);
    out.wrap(der::k_sequence, [&] {
        out.element(der::k_oid, View(OBJ_get0_data(name), OBJ_length(name)));
        if (kind == EVP_PKEY_RSA) out.element(der::k_null, {});  // RFC 3279 section 2.2.1; the others have no parameters
    });
    return std::move(out).take();
}

Result<Bytes> Signer::sign(View message, Hash hash) const {
    EVP_PKEY* const key = key_.native();
    EVP_MD const* const method = digest_for(key, hash);
    if (!keeps_contexts_ || method == nullptr) return sign_at_once(key, method, message);
    ErrorQueue errors;
    auto context = take_context();
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    Bytes signature(static_cast<std::size_t>(std::max(0, EVP_PKEY_get_size(key))));
    std::size_t size = signature.size();
    if (!context || EVP_Digest(message.data(), message.size(), digest.data(), &length, method, nullptr) != 1 ||
        EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), length) != 1) {
        return refused(errors.reason());
    }
    give_back(std::move(context));
    signature.resize(size);
    return signature;
}

Signer::ContextPtr Signer::take_context() const {
    {
        std::lock_guard const lock(mutex_);
        if (!idle_.empty()) {
            auto context = std::move(idle_.back());
            idle_.pop_back();
            return context;
        }
    }
    ContextPtr context(EVP_PKEY_CTX_new(key_.native(), nullptr));
    return context && EVP_PKEY_sign_init(context.get()) == 1 ? std::move(context) : nullptr;
}

void Signer::give_back(ContextPtr context) const {
    std::lock_guard const lock(mutex_);
    idle_.push_back(std::move(context));
}

}  // namespace countersign::pki
