#pragma once

/// What signing is measured against: the raw P-256 operations of OpenSSL, and Debian's `cfssl serve`.

#include "pki/issue.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/types.h>

namespace countersign::bench {

/// Says why, and ends the program with 3.
[[noreturn]] void stop(std::string const& why);

template <class T>
T must(Result<T> result) {
    if (!result) stop(result.error().explanation());
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}
inline void must(bool condition, char const* what) {
    if (!condition) stop(what);
}

/// The limit: OpenSSL alone, contexts made once.
class RawP256 {
public:
    explicit RawP256(pki::PrivateKey const& key);
    ~RawP256();
    RawP256(RawP256 const&) = delete;
    RawP256& operator=(RawP256 const&) = delete;

    void sign();
    void verify();

private:
    EVP_PKEY_CTX* sign_;
    EVP_PKEY_CTX* verify_;
    std::array<unsigned char, 32> digest_{1, 2, 3};
    std::array<unsigned char, 128> signature_{};
    std::size_t size_ = 0;
};

/// `cfssl serve`, which signs and stores nothing, on all cores. Made before the program has threads. Nothing when it is not installed.
class Cfssl {
public:
    explicit Cfssl(pki::CertificateAuthority const& authority);
    ~Cfssl();
    Cfssl(Cfssl const&) = delete;
    Cfssl& operator=(Cfssl const&) = delete;

    [[nodiscard]] bool is_there() const { return process_ > 0; }
    /// Certificates a second for a request (PEM), over HTTP on as many kept connections.
    [[nodiscard]] double rate(double seconds, std::string const& request, int clients) const;

private:
    std::filesystem::path folder_;
    std::uint16_t port_ = 0;
    pid_t process_ = -1;
};

}  // namespace countersign::bench
