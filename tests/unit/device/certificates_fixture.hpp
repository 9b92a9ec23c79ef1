#pragma once

/// Certificates for tests, made by a small authority in memory.

#include "device/repository/certificate_repository.hpp"
#include "pki/issue.hpp"

#include <string>
#include <vector>

namespace countersign::device::testing {

inline UtcTime today() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

/// A root, and certificates that it signs.
class TestAuthority {
public:
    explicit TestAuthority(std::string const& name = "Test Root")
        : authority_(pki::CertificateAuthority::create_root(pki::PrivateKey::generate(pki::KeyType::ec_p256).value(), {.common_name = name},
                                                            pki::valid_for(today(), std::chrono::hours(24 * 365)))
                         .value()) {}

    [[nodiscard]] std::string pem() const { return authority_.certificate().to_pem(); }
    [[nodiscard]] pki::Certificate const& certificate() const { return authority_.certificate(); }
    [[nodiscard]] pki::CertificateAuthority const& authority() const { return authority_; }

    /// The answer to a request: leaf and root.
    [[nodiscard]] std::string answer(std::string const& request_pem) const {
        auto request = pki::CertificateRequest::parse_pem(request_pem).value();
        auto leaf = authority_.sign(request, pki::Profile::device, pki::valid_for(today(), std::chrono::hours(24 * 90))).value();
        return pki::to_pem({leaf, authority_.certificate()});
    }

    struct Order {
        std::string name = "unit.estate.test";
        pki::KeyType key_type = pki::KeyType::ec_p256;
        pki::Profile profile = pki::Profile::device;
        UtcTime from = today() - std::chrono::hours(1);
        UtcTime until = today() + std::chrono::hours(24 * 90);
    };
    [[nodiscard]] CertificatePair issue(Order const& order) const {
        auto key = pki::PrivateKey::generate(order.key_type).value();
        auto request =
            pki::CertificateRequest::create(key, {.common_name = order.name}, {{pki::AlternativeName::Kind::dns, order.name}}).value();
        return {{authority_.sign(request, order.profile, {order.from, order.until}).value(), authority_.certificate()}, key};
    }
    [[nodiscard]] CertificatePair issue() const { return issue(Order{}); }

private:
    pki::CertificateAuthority authority_;
};

}  // namespace countersign::device::testing
