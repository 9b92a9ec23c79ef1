#include "pki/format/request_parts.hpp"

#include "pki/format/der_reader.hpp"
#include "pki/format/public_key.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

using View = std::span<std::uint8_t const>;

using X509AttributePtr = std::unique_ptr<X509_ATTRIBUTE, Deleter<X509_ATTRIBUTE_free>>;

Failure broken(std::string_view detail) { return fail(errors::crt::broken_request, {{"detail", detail}}); }

/// What OpenSSL would compute with; the check of a signature takes milliseconds then.
constexpr int k_largest_key_bits = 16'384;

/// Attributes ::= SET OF SEQUENCE { type, SET OF value }. The value of the first request for extensions; empty when there is none,
/// nothing when something is broken.
std::optional<View> find_extensions(View attributes) {
    std::optional<View> found;
    DerReader all(attributes);
    while (!all.at_end()) {
        auto const attribute = all.next(der::k_sequence);
        if (!attribute) return std::nullopt;
        DerReader parts(attribute->content);
        auto const type = parts.next(der::k_oid);
        auto const values = parts.next(der::k_set);
        auto const* data = attribute->whole.data();
        // What OpenSSL could not decode later, for native(), is refused now.
        X509AttributePtr const decoded(d2i_X509_ATTRIBUTE(nullptr, &data, static_cast<long>(attribute->whole.size())));
        if (!decoded || !type || !values || !parts.at_end()) return std::nullopt;
        if (found || !asks_for_extensions(type->content)) continue;
        auto const value = DerReader(values->content).next(der::k_sequence);
        if (!value) return std::nullopt;
        found = value->whole;
    }
    return found.value_or(View());
}

/// The digest of an ECDSA signature whose AlgorithmIdentifier is in the form of RFC 5758 section 3.2; null for any other.
EVP_MD const* ecdsa_digest(View algorithm) {
    constexpr std::array<std::uint8_t, 11> stem{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03};
    if (algorithm.size() != stem.size() + 1 || !std::ranges::equal(algorithm.first(stem.size()), stem)) return nullptr;
    switch (algorithm.back()) {
        case 2: return sha256_method();
        case 3: return EVP_sha384();
        case 4: return EVP_sha512();
        default: return nullptr;
    }
}

/// What ASN1_item_verify() does for ECDSA, without the objects and the second context that it makes.
bool ecdsa_fits(EVP_PKEY* key, EVP_MD const* method, View message, View signature) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>> const context(EVP_PKEY_CTX_new(key, nullptr));
    return context && EVP_Digest(message.data(), message.size(), digest.data(), &length, method, nullptr) == 1 &&
           EVP_PKEY_verify_init(context.get()) == 1 &&
           EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), length) == 1;
}

}  // namespace

bool asks_for_extensions(View oid) {
    constexpr std::array<std::uint8_t, 9> pkcs9{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e};
    constexpr std::array<std::uint8_t, 10> windows{0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0e};
    return std::ranges::equal(oid, pkcs9) || std::ranges::equal(oid, windows);
}

Result<std::shared_ptr<RequestParts const>> RequestParts::decode(View der) {
    std::shared_ptr<RequestParts> parts(new RequestParts(Bytes(der.begin(), der.end())));
    CS_CHECK(parts->read());
    return std::shared_ptr<RequestParts const>(std::move(parts));
}

Result<void> RequestParts::read() {
    ErrorQueue errors;
    DerReader outside(der_);
    auto const whole = outside.next(der::k_sequence);
    if (!whole) return broken("it is no whole DER sequence");
    if (!outside.at_end()) return broken("there are bytes after the request");
    DerReader request(whole->content);
    auto const info = request.next(der::k_sequence);
    auto const algorithm = request.next(der::k_sequence);
    auto const signature = request.next(der::k_bit_string);
    bool const whole_bytes = signature && !signature->content.empty() && signature->content[0] == 0;
    if (!info || !algorithm || !whole_bytes || !request.at_end()) return broken("it is no request with a signature");
    signed_ = info->whole;
    algorithm_ = algorithm->whole;
    signature_ = signature->content.subspan(1);

    DerReader fields(info->content);
    auto const version = fields.next(der::k_integer);
    auto const subject = fields.next(der::k_sequence);
    auto const key = fields.next(der::k_sequence);
    if (!version || version->content.size() != 1 || !subject || !key) return broken("version, subject or public key is missing");
    key_der_ = key->whole;
    auto const* data = subject->whole.data();
    subject_.reset(d2i_X509_NAME(nullptr, &data, static_cast<long>(subject->whole.size())));
    if (!subject_) return broken("its subject cannot be decoded");
    key_ = decode_public_key(key_der_);
    if (!key_) return broken("its public key cannot be decoded");
    if (EVP_PKEY_get_bits(key_.get()) > k_largest_key_bits) {
        return broken("its public key is larger than " + std::to_string(k_largest_key_bits) + " bits");
    }

    auto const attributes = fields.next(der::wrapped(0));  // some programs leave out an empty set
    if (attributes) attributes_ = attributes->content;
    auto const extensions = find_extensions(attributes_);
    if (!fields.at_end() || !extensions) return broken("its attributes cannot be decoded");
    if (extensions->empty()) return {};
    data = extensions->data();
    extensions_.reset(d2i_X509_EXTENSIONS(nullptr, &data, static_cast<long>(extensions->size())));
    if (!extensions_) return broken("the extensions it asks for cannot be decoded");
    return {};
}

bool RequestParts::signature_fits() const {
    ErrorQueue const errors;
    auto const* method = ecdsa_digest(algorithm_);
    if (method != nullptr && EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC) return ecdsa_fits(key_.get(), method, signed_, signature_);
    auto const* data = algorithm_.data();
    X509AlgorPtr const algorithm(d2i_X509_ALGOR(nullptr, &data, static_cast<long>(algorithm_.size())));
    Asn1BitStringPtr const signature(ASN1_BIT_STRING_new());
    std::unique_ptr<ASN1_TYPE, Deleter<ASN1_TYPE_free>> const content(ASN1_TYPE_new());
    ASN1_STRING* const bytes = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    if (!signature || !content || bytes == nullptr) throw_openssl_failure("check a signature");
    ASN1_TYPE_set(content.get(), V_ASN1_SEQUENCE, bytes);  // owns the bytes now
    if (ASN1_STRING_set(bytes, signed_.data(), static_cast<int>(signed_.size())) != 1 ||
        ASN1_BIT_STRING_set(signature.get(), const_cast<unsigned char*>(signature_.data()), static_cast<int>(signature_.size())) != 1) {
        throw_openssl_failure("check a signature");
    }
    return algorithm && ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm.get(), signature.get(), content.get(), key_.get()) == 1;
}

X509_REQ* RequestParts::native() const {
    std::call_once(made_, [this] {
        ErrorQueue const errors;
        auto const* data = der_.data();
        native_.reset(d2i_X509_REQ(nullptr, &data, static_cast<long>(der_.size())));
        if (!native_) throw_openssl_failure("decode a request again");
    });
    return native_.get();
}

}  // namespace countersign::pki
