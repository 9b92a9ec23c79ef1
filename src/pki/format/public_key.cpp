#include "pki/format/public_key.hpp"

#include "pki/format/der_reader.hpp"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

using View = std::span<std::uint8_t const>;

/// A named curve: all of the encoding but the point (RFC 5480 section 2), and the size of the point, not compressed.
struct Curve {
    char const* name;  ///< OpenSSL's
    View header;
    std::size_t point_size;
};

constexpr std::array<std::uint8_t, 26> k_p256_header{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                                     0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::array<std::uint8_t, 23> k_p384_header{0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                                     0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
constexpr std::uint8_t k_not_compressed = 4;
constexpr std::size_t k_longest_point = 97;

/// What a key of a curve is copied from: that is quicker by far than to make the curve again.
struct Model {
    Curve curve;
    PkeyPtr key;  ///< the curve alone
};

PkeyPtr make_curve(char const* name) {
    std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>> const making(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    std::string group(name);
    std::array<OSSL_PARAM, 2> parameters{OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
                                         OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    if (!making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
        EVP_PKEY_fromdata(making.get(), &key, EVP_PKEY_KEY_PARAMETERS, parameters.data()) != 1) {
        throw_openssl_failure("make a curve");
    }
    return PkeyPtr(key);
}

Model make_model(Curve const& curve) { return {.curve = curve, .key = make_curve(curve.name)}; }

std::array<Model, 2> const& models() {
    static std::array<Model, 2> const all{
        make_model({.name = "prime256v1", .header = k_p256_header, .point_size = 65}),
        make_model({.name = "secp384r1", .header = k_p384_header, .point_size = 97}),
    };
    return all;
}

/// Null when it is of none of the curves, or its point is compressed.
Model const* model_of(View der) {
    for (auto const& model : models()) {
        View const header = model.curve.header;
        if (der.size() == header.size() + model.curve.point_size && der[header.size()] == k_not_compressed &&
            std::ranges::equal(der.first(header.size()), header)) {
            return &model;
        }
    }
    return nullptr;
}

bool spells_out_its_curve(EVP_PKEY const* key) {
    int spelled_out = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelled_out) == 1 && spelled_out == 1;
}

PkeyPtr decode_with_openssl(View der) {
    auto const* data = der.data();
    PkeyPtr key(d2i_PUBKEY(nullptr, &data, static_cast<long>(der.size())));
    if (!key || data != der.data() + der.size() || spells_out_its_curve(key.get())) return nullptr;
    return key;
}

/// rsaEncryption with parameters NULL (RFC 3279 section 2.3.1). OpenSSL keeps it in the EVP_PKEY; its uses do with that.
PkeyPtr decode_rsa(View der) {
    constexpr std::array<std::uint8_t, 15> algorithm{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                     0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    DerReader outside(der);
    auto const whole = outside.next(der::k_sequence);
    if (!whole || !outside.at_end()) return nullptr;
    DerReader inside(whole->content);
    auto const kind = inside.next(der::k_sequence);
    auto const bits = inside.next(der::k_bit_string);
    if (!kind || !std::ranges::equal(kind->whole, algorithm) || !bits || !inside.at_end()) return nullptr;
    if (bits->content.empty() || bits->content[0] != 0) return nullptr;
    auto const* data = bits->content.data() + 1;
    PkeyPtr key(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &data, static_cast<long>(bits->content.size() - 1)));
    return key && data == bits->content.data() + bits->content.size() ? std::move(key) : nullptr;
}

}  // namespace

PkeyPtr decode_public_key(View der) {
    if (auto const* model = model_of(der)) {
        View const point = der.subspan(model->curve.header.size());
        PkeyPtr key(EVP_PKEY_dup(model->key.get()));
        // Checks that the point is on the curve.
        if (!key || EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) != 1) return nullptr;
        return key;
    }
    if (auto key = decode_rsa(der)) return key;
    return decode_with_openssl(der);
}

Bytes key_for_certificate(View der) {
    if (model_of(der) != nullptr) return {der.begin(), der.end()};  // has one encoding only
    auto key = decode_rsa(der);
    if (!key) key = decode_with_openssl(der);
    if (!key) return {};
    X509_PUBKEY* made = nullptr;
    int const done = X509_PUBKEY_set(&made, key.get());
    std::unique_ptr<X509_PUBKEY, Deleter<X509_PUBKEY_free>> const owner(made);
    return done == 1 ? der_of(made, i2d_X509_PUBKEY, "encode a public key") : Bytes();
}

Bytes public_key_der(EVP_PKEY const* key) {
    std::array<char, 32> name{};
    std::array<unsigned char, k_longest_point> point{};
    std::size_t size = 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), nullptr) == 1 &&
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(), point.size(), &size) == 1) {
        for (auto const& model : models()) {
            if (name.data() != std::string_view(model.curve.name) || size != model.curve.point_size || point[0] != k_not_compressed)
                continue;
            Bytes out(model.curve.header.begin(), model.curve.header.end());
            out.insert(out.end(), point.begin(), point.begin() + static_cast<std::ptrdiff_t>(size));
            return out;
        }
    }
    return der_of(key, i2d_PUBKEY, "encode a public key");
}

}  // namespace countersign::pki
