#pragma once

/// Signatures with one private key, as certificates have them (RFC 5280 section 4.1.1.2). For keys on elliptic curves that are in this
/// process OpenSSL's contexts are kept and used again: to make one costs a tenth of a P-256 signature. Internal to src/pki.

#include "base/result.hpp"
#include "pki/hash.hpp"
#include "pki/key.hpp"
#include "pki/openssl.hpp"

#include <mutex>
#include <span>
#include <vector>

namespace countersign::pki {

/// Several threads may use one at once.
class Signer {
public:
    explicit Signer(PrivateKey key);

    /// The AlgorithmIdentifier in DER (RFC 3279, RFC 5758, RFC 8410). CRT-017 when there is none for this key and hash.
    [[nodiscard]] Result<Bytes> algorithm(Hash hash) const;
    /// CRT-017 with OpenSSL's reason.
    [[nodiscard]] Result<Bytes> sign(std::span<std::uint8_t const> message, Hash hash) const;
    [[nodiscard]] PrivateKey const& key() const { return key_; }

private:
    using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;

    [[nodiscard]] ContextPtr take_context() const;
    void give_back(ContextPtr context) const;

    PrivateKey key_;
    bool keeps_contexts_;
    mutable std::mutex mutex_;
    mutable std::vector<ContextPtr> idle_;  ///< at most as many as there were threads that signed at the same time
};

}  // namespace countersign::pki
