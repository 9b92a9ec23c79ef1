#pragma once

/// Opens what a passphrase has encrypted: PBES1 and PBES2 (RFC 8018), the schemes of PKCS#12 (RFC 7292 appendix C), and
/// the headers of traditional PEM (RFC 1421). Old ciphers come from OpenSSL's legacy provider, loaded into a library
/// context that nothing else uses: TLS and signatures never see them. Internal to src/pki.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "pki/openssl.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace countersign::pki {

/// Rounds of hashing that one file may cost, over all that is encrypted in it. Honest files ask for up to a million; ten
/// million take some seconds.
inline constexpr std::int64_t k_most_rounds = 10'000'000;

/// What is left of the work that a file may cost. Spent before the work is done.
class DerivationBudget {
public:
    explicit DerivationBudget(std::int64_t rounds = k_most_rounds) : left_(rounds), whole_(rounds) {}
    /// CRT-026 when it is more than what is left; then nothing is spent.
    Result<void> spend(std::int64_t rounds);
    [[nodiscard]] std::int64_t spent() const { return whole_ - left_; }

private:
    std::int64_t left_;
    std::int64_t whole_;
};

/// The library context with the legacy and the default provider.
OSSL_LIB_CTX* old_ciphers();

/// "AES-256-CBC", "PBE-SHA1-3DES": the cipher or scheme, for people.
std::string scheme_name(X509_ALGOR const* scheme);

/// Decrypts. CRT-026 over the budget, CRT-018 for a scheme that is not known, CRT-005 when the padding does not fit, and
/// `broken` with a detail when the encryption's parameters make no sense.
/// An empty passphrase is tried as it is; `no_passphrase` is what PKCS#12 distinguishes from it.
struct Passphrase {
    char const* text = nullptr;
    int size = 0;
};
inline Passphrase passphrase_of(SecretText const& secret) { return {secret.reveal().data(), static_cast<int>(secret.reveal().size())}; }

Result<Secret<Bytes>> unseal(X509_ALGOR const* scheme, ASN1_OCTET_STRING const* content, Passphrase passphrase, DerivationBudget& budget,
                             ErrorId broken);

/// "DES-EDE3-CBC" of "DEK-Info: DES-EDE3-CBC,0123456789ABCDEF"; empty when there is no such header.
std::string_view header_cipher(std::string_view headers);
/// The same for the headers of a traditional PEM block. CRT-003 when the headers make no sense, CRT-018 for an unknown
/// cipher, CRT-005.
Result<Secret<Bytes>> unseal_traditional(std::string_view headers, std::span<std::uint8_t const> content, SecretText const& passphrase);

}  // namespace countersign::pki
