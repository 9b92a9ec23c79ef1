#pragma once

/// An authority of a company, with an intermediate, as it signs the manager's requests.

#include "pki/issue.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace countersign::testing {

class CompanyAuthority {
public:
    explicit CompanyAuthority(UtcTime now, std::string const& name = "Company")
        : now_(now), root_(make_root(name)), issuing_(make_issuing(name)) {}

    [[nodiscard]] pki::Certificate const& root() const { return root_.certificate(); }
    [[nodiscard]] pki::Certificate const& intermediate() const { return issuing_.certificate(); }
    [[nodiscard]] pki::Certificate sign(pki::CertificateRequest const& request, pki::Profile profile = pki::Profile::device,
                                        std::chrono::days life = std::chrono::days(365)) const {
        return must(issuing_.sign(request, profile, pki::valid_for(now_, life)));
    }
    struct Pair {
        pki::Certificate certificate;
        pki::PrivateKey key;
    };
    [[nodiscard]] Pair issue(std::string const& host, pki::Profile profile = pki::Profile::device,
                             std::chrono::days life = std::chrono::days(365)) const {
        auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
        auto request = must(pki::CertificateRequest::create(key, {.common_name = host}, {{pki::AlternativeName::Kind::dns, host}}));
        return {sign(request, profile, life), key};
    }
    /// As authorities give it out: the certificate, then those above it.
    [[nodiscard]] std::string bundle(pki::Certificate const& leaf) const { return pki::to_pem({leaf, intermediate(), root()}); }

private:
    template <class T>
    static T must(Result<T> result) {
        if (!result) throw std::runtime_error(result.error().explanation());
        return *std::move(result);
    }
    [[nodiscard]] pki::CertificateAuthority make_root(std::string const& name) const {
        return must(pki::CertificateAuthority::create_root(must(pki::PrivateKey::generate(pki::KeyType::ec_p256)),
                                                           {.common_name = name + " Root", .organization = name},
                                                           pki::valid_for(now_, std::chrono::days(3650))));
    }
    [[nodiscard]] pki::CertificateAuthority make_issuing(std::string const& name) const {
        auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
        auto request = must(pki::CertificateRequest::create(key, {.common_name = name + " Issuing", .organization = name}, {}));
        auto certificate = must(root_.sign(request, pki::Profile::authority, pki::valid_for(now_, std::chrono::days(1800))));
        return must(pki::CertificateAuthority::create(std::move(certificate), std::move(key)));
    }

    UtcTime now_;
    pki::CertificateAuthority root_;
    pki::CertificateAuthority issuing_;
};

}  // namespace countersign::testing
