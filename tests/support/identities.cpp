#include "support/identities.hpp"

#include "base/text.hpp"

#include <stdexcept>

namespace countersign::testing {

namespace {

using std::chrono::hours;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().explanation());
    return *std::move(result);
}

pki::CertificateRequest request_for(std::string const& name, pki::PrivateKey const& key) {
    auto const kind = is_ip_address(name) ? pki::AlternativeName::Kind::ip : pki::AlternativeName::Kind::dns;
    return must(pki::CertificateRequest::create(key, {.common_name = name}, {{kind, name}}));
}

pki::Validity around_now() {
    auto const now = SystemClock().now();
    return {now - hours(1), now + hours(24)};
}

}  // namespace

TestAuthority::TestAuthority(std::string const& name)
    : authority_(
          must(pki::CertificateAuthority::create_root(must(pki::PrivateKey::generate(pki::KeyType::ec_p256)), {.common_name = name},
                                                      {SystemClock().now() - hours(24 * 30), SystemClock().now() + hours(24 * 30)}))) {}

TestIdentity TestAuthority::issue(std::string const& name, pki::KeyType type) const {
    auto key = must(pki::PrivateKey::generate(type));
    auto certificate = must(authority_.sign(request_for(name, key), pki::Profile::device, around_now()));
    return {{certificate}, key};
}

TestIdentity TestAuthority::issue_expired(std::string const& name) const {
    auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto const now = SystemClock().now();
    auto certificate = must(authority_.sign(request_for(name, key), pki::Profile::device, {now - hours(48), now - hours(24)}));
    return {{certificate}, key};
}

TestIdentity self_signed(std::string const& name) {
    auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto certificate = must(pki::self_sign(request_for(name, key), key, pki::Profile::device, around_now()));
    return {{certificate}, key};
}

std::shared_ptr<net::tls::ServerContext const> server_context(TestIdentity const& identity, std::string const& profile) {
    return must(net::tls::ServerContext::create({.chain = identity.chain, .key = identity.key, .profile = profile}));
}

}  // namespace countersign::testing
