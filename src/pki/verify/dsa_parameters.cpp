#include "pki/verify/dsa_parameters.hpp"

#include "pki/openssl.hpp"
#include "pki/verify/der.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

Bytes encoded(std::uint8_t tag, der::View content) {
    constexpr std::size_t short_form = 0x80;
    Bytes out{tag};
    if (content.size() < short_form) {
        out.push_back(static_cast<std::uint8_t>(content.size()));
    } else {
        constexpr std::uint8_t two_octets = 0x82;
        out.push_back(two_octets);
        out.push_back(static_cast<std::uint8_t>(content.size() >> 8));
        out.push_back(static_cast<std::uint8_t>(content.size()));
    }
    out.insert(out.end(), content.begin(), content.end());
    return out;
}

struct KeyParts {
    bool dsa = false;
    Bytes parameters;  ///< of the algorithm; empty: none
    Bytes value;
};

KeyParts parts_of(X509* certificate) {
    KeyParts out;
    ASN1_OBJECT* algorithm = nullptr;
    X509_ALGOR* identifier = nullptr;
    unsigned char const* key = nullptr;
    int size = 0;
    if (X509_PUBKEY_get0_param(&algorithm, &key, &size, &identifier, X509_get_X509_PUBKEY(certificate)) != 1) return out;
    out.dsa = OBJ_obj2nid(algorithm) == NID_dsa;
    int type = V_ASN1_UNDEF;
    void const* parameters = nullptr;
    X509_ALGOR_get0(nullptr, &type, &parameters, identifier);
    if (type == V_ASN1_SEQUENCE) {
        auto const text = pki::bytes_of(static_cast<ASN1_STRING const*>(parameters));
        out.parameters.assign(text.begin(), text.end());
    }
    out.value.assign(key, key + size);
    return out;
}

/// The longest key that is put together, in bytes: DSA of 3072 bits has about 1,200.
constexpr std::size_t k_longest = 8192;

PkeyPtr put_together(Bytes const& parameters, Bytes const& value) {
    constexpr std::array<std::uint8_t, 9> dsa{der::k_oid, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1};
    if (parameters.size() + value.size() > k_longest) return nullptr;
    Bytes algorithm(dsa.begin(), dsa.end());
    algorithm.insert(algorithm.end(), parameters.begin(), parameters.end());
    Bytes bits{0};
    bits.insert(bits.end(), value.begin(), value.end());
    Bytes content = encoded(der::k_sequence, algorithm);
    Bytes const key = encoded(der::k_bit_string, bits);
    content.insert(content.end(), key.begin(), key.end());
    Bytes const whole = encoded(der::k_sequence, content);
    auto const* data = whole.data();
    return PkeyPtr(d2i_PUBKEY(nullptr, &data, static_cast<long>(whole.size())));
}

}  // namespace

std::vector<Certificate> complete_dsa_keys(std::span<Certificate const* const> path) {
    ErrorQueue const errors;
    auto const unreadable = [](Certificate const* one) { return X509_get0_pubkey(one->native()) == nullptr; };
    if (std::ranges::none_of(path, unreadable)) return {};
    std::vector<Certificate> out;
    for (auto const* certificate : path) out.push_back(*certificate);
    bool any = false;
    Bytes parameters;
    for (std::size_t i = out.size(); i-- > 0;) {
        auto const parts = parts_of(out[i].native());
        if (!parts.dsa) parameters.clear();  // inherited only from a key of the same algorithm
        if (!parts.dsa || !parts.parameters.empty()) {
            parameters = parts.dsa ? parts.parameters : Bytes();
            continue;
        }
        auto const key = parameters.empty() ? nullptr : put_together(parameters, parts.value);
        if (!key) continue;
        X509Ptr copy(X509_dup(out[i].native()));
        if (!copy || X509_set_pubkey(copy.get(), key.get()) != 1) continue;
        out[i] = Certificate(copy.release());
        any = true;
    }
    return any ? out : std::vector<Certificate>();
}

}  // namespace countersign::pki
