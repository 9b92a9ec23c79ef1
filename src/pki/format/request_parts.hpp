#pragma once

/// What a PKCS#10 request says (RFC 2986), decoded once. Read field by field: OpenSSL's own reader decodes the key in its slow way,
/// with no way around it. Internal to src/pki.

#include "base/result.hpp"
#include "pki/openssl.hpp"

#include <memory>
#include <mutex>
#include <span>

namespace countersign::pki {

/// The attribute's type (an object identifier's content) is extensionRequest of PKCS#9 (RFC 2985 section 5.4.2), or the one that Windows
/// used before it.
bool asks_for_extensions(std::span<std::uint8_t const> oid);

/// Immutable, shared by the copies of a CertificateRequest.
class RequestParts {
public:
    /// CRT-010. The signature is not checked.
    static Result<std::shared_ptr<RequestParts const>> decode(std::span<std::uint8_t const> der);

    [[nodiscard]] Bytes const& der() const { return der_; }
    [[nodiscard]] X509_NAME const* subject() const { return subject_.get(); }
    [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }
    /// SubjectPublicKeyInfo as it stands.
    [[nodiscard]] std::span<std::uint8_t const> key_der() const { return key_der_; }
    /// The extensions that are asked for; null when none are.
    [[nodiscard]] STACK_OF(X509_EXTENSION) const* extensions() const { return extensions_.get(); }
    /// The attributes one after the other, as they stand; empty when there are none. Each has a type and values, and more than one may ask
    /// for extensions: only the first of those is in extensions().
    [[nodiscard]] std::span<std::uint8_t const> attributes() const { return attributes_; }
    /// Proof of possession: was it signed with the private half of its key?
    [[nodiscard]] bool signature_fits() const;
    /// OpenSSL's object, made when it is first asked for.
    [[nodiscard]] X509_REQ* native() const;

private:
    explicit RequestParts(Bytes der) : der_(std::move(der)) {}
    Result<void> read();

    Bytes der_;
    std::span<std::uint8_t const> signed_;
    std::span<std::uint8_t const> algorithm_;
    std::span<std::uint8_t const> signature_;  ///< the bits, without their count of unused ones
    std::span<std::uint8_t const> key_der_;
    std::span<std::uint8_t const> attributes_;
    X509NamePtr subject_;
    PkeyPtr key_;
    ExtensionsPtr extensions_;
    mutable std::once_flag made_;
    mutable X509ReqPtr native_;
};

}  // namespace countersign::pki
