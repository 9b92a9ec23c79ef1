#pragma once

/// Certificates for tests: an authority and what it issues, right or wrong in a named way.

#include "net/tls/tls.hpp"
#include "pki/issue.hpp"

#include <memory>
#include <string>
#include <vector>

namespace countersign::testing {

struct TestIdentity {
    std::vector<pki::Certificate> chain;
    pki::PrivateKey key;
};

class TestAuthority {
public:
    explicit TestAuthority(std::string const& name = "Test root");
    [[nodiscard]] pki::Certificate const& root() const { return authority_.certificate(); }
    [[nodiscard]] pki::CertificateAuthority const& authority() const { return authority_; }
    [[nodiscard]] pki::Anchors anchors() const { return pki::Anchors({root()}); }
    /// For a DNS name or an address, valid now, for server and client.
    [[nodiscard]] TestIdentity issue(std::string const& name, pki::KeyType type = pki::KeyType::ec_p256) const;
    /// The same, but it ended yesterday.
    [[nodiscard]] TestIdentity issue_expired(std::string const& name) const;

private:
    pki::CertificateAuthority authority_;
};

TestIdentity self_signed(std::string const& name);
/// A server's context; throws when it cannot be made.
std::shared_ptr<net::tls::ServerContext const> server_context(TestIdentity const& identity, std::string const& profile = "intermediate");

}  // namespace countersign::testing
