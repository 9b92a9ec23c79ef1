#pragma once

/// What happens in the factory: every unit gets a key of its own and a certificate that its vendor's factory authority signed,
/// with the unit's serial number in the subject (IEEE 802.1AR; REQ CRT-1). The authorities belong to a data folder: each is
/// made once, and data/factory-ca/<vendor>.pem is what managers are given to trust.

#include "device/repository/certificate_repository.hpp"
#include "device/unit.hpp"
#include "pki/issue.hpp"

#include <map>
#include <mutex>

namespace countersign::device {

/// Any thread may call it: first boots run in parallel on the blocking pool.
class FactoryAuthorities {
public:
    FactoryAuthorities(fs::path folder, pki::KeyType key_type, std::shared_ptr<host::Sealer const> sealer);

    /// A new key and its certificate. Takes milliseconds with EC keys and up to seconds with RSA.
    Result<CertificatePair> make_pair(family::Family const& family, UnitSpec const& spec, UtcTime now);
    /// The authority's certificate; makes the authority when there is none yet.
    Result<pki::Certificate> certificate(family::Family const& family, UtcTime now);
    /// Signs a request in the vendor's name, whatever it asks for and however long: for certificates that are wrong on purpose.
    Result<pki::Certificate> sign(family::Family const& family, pki::CertificateRequest const& request, pki::Validity validity);
    /// data/factory-ca/<vendor>.pem
    [[nodiscard]] fs::path certificate_file(family::Family const& family) const;

private:
    Result<pki::CertificateAuthority const*> authority(family::Family const& family, UtcTime now);
    Result<pki::CertificateAuthority> make_authority(family::Family const& family, UtcTime now) const;
    fs::path folder_;
    pki::KeyType key_type_;
    std::shared_ptr<host::Sealer const> sealer_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<pki::CertificateAuthority>> authorities_;  ///< by vendor; entries stay
};

/// "/C=GB/L=Langley/O=Codian/CN=x" with the placeholders of family files replaced.
pki::SubjectFields parse_subject(std::string_view text, UnitSpec const& spec);

}  // namespace countersign::device
