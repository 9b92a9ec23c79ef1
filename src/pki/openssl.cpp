#include "pki/openssl.hpp"

#include <openssl/err.h>

#include <array>
#include <stdexcept>

namespace countersign::pki {

// To look costs less than to clear all its places, and the queue is nearly always empty.
ErrorQueue::ErrorQueue() {
    if (ERR_peek_error() != 0) ERR_clear_error();
}
ErrorQueue::~ErrorQueue() {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

std::string ErrorQueue::reason() {
    std::string out;
    std::string last;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        char const* text = ERR_reason_error_string(code);
        std::string one = text != nullptr ? text : "error " + std::to_string(ERR_GET_REASON(code));
        if (one == last) continue;
        if (!out.empty()) out += "; ";
        out += one;
        last = std::move(one);
    }
    return out.empty() ? "no reason was given" : out;
}

std::optional<std::string> ErrorQueue::unsupported() {
    bool found = false;
    std::string detail;
    char const* data = nullptr;
    int flags = 0;
    for (unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags); code != 0;
         code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
        int const reason = ERR_GET_REASON(code);
        bool const evp = ERR_GET_LIB(code) == ERR_LIB_EVP;
        if (reason == ERR_R_UNSUPPORTED || (evp && (reason == EVP_R_UNKNOWN_PBE_ALGORITHM || reason == EVP_R_UNSUPPORTED_CIPHER ||
                                                    reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION ||
                                                    reason == EVP_R_UNSUPPORTED_PRF || reason == EVP_R_UNSUPPORTED_ALGORITHM))) {
            found = true;
            char const* text = ERR_reason_error_string(code);
            if (text != nullptr && detail.empty()) detail = text;
            if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != 0) detail += std::string(" ") + data;
        }
    }
    if (!found) return std::nullopt;
    return detail.empty() ? "unsupported algorithm" : detail;
}

void throw_openssl_failure(char const* what) {
    ERR_clear_error();
    throw std::runtime_error(std::string("OpenSSL could not ") + what);
}

EVP_MD const* sha256_method() {
    static EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    if (method == nullptr) throw_openssl_failure("load SHA-256");
    return method;
}

std::string sha256_hex(std::span<std::uint8_t const> bytes) {
    std::array<std::uint8_t, 32> digest{};
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha256_method(), nullptr) != 1) throw_openssl_failure("hash");
    return to_hex(digest);
}

std::optional<UtcTime> time_of(ASN1_TIME const* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    using namespace std::chrono;
    year_month_day const day(year(parts.tm_year + 1900), month(static_cast<unsigned>(parts.tm_mon + 1)),
                             std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
    if (!day.ok()) return std::nullopt;
    return sys_days(day) + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
}

Asn1TimePtr time_from(UtcTime time) { return Asn1TimePtr(ASN1_TIME_set(nullptr, time.time_since_epoch().count())); }

std::string integer_text(ASN1_INTEGER const* number) {
    return (ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : "") + to_hex(bytes_of(number));
}

std::string algorithm_name(EVP_PKEY const* key) {
    if (key == nullptr) return "unknown";
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA: return "RSA";
        case EVP_PKEY_RSA_PSS: return "RSA-PSS";
        case EVP_PKEY_EC: return "EC";
        case EVP_PKEY_ED25519: return "Ed25519";
        case EVP_PKEY_ED448: return "Ed448";
        case EVP_PKEY_DSA: return "DSA";
        default: break;
    }
    char const* name = EVP_PKEY_get0_type_name(key);
    return name != nullptr ? name : "unknown";
}

EVP_MD const* signing_digest(EVP_PKEY const* key) {
    int const id = EVP_PKEY_get_base_id(key);
    if (id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448) return nullptr;
    if (id == EVP_PKEY_EC && EVP_PKEY_get_bits(key) >= 384) return EVP_sha384();
    return sha256_method();
}

bool is_weak_key(EVP_PKEY const* key, int minimum_rsa_bits) {
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
        case EVP_PKEY_RSA_PSS:
        case EVP_PKEY_DSA: return EVP_PKEY_get_bits(key) < minimum_rsa_bits;
        case EVP_PKEY_EC: return EVP_PKEY_get_bits(key) < 224;
        default: return EVP_PKEY_get_security_bits(key) < 112;
    }
}

}  // namespace countersign::pki
