#pragma once

/// Everything that stands in a PKCS#12 package, in the order of the file, with the work it may cost. Internal to src/pki:
/// read_pkcs12 and read_contents stand on it.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"
#include "pki/format/derivation.hpp"
#include "pki/key.hpp"

#include <span>
#include <string>
#include <variant>
#include <vector>

namespace countersign::pki {

/// SafeContents inside SafeContents inside ...; nobody is known to write even one.
inline constexpr int k_deepest_safe = 4;
inline constexpr std::size_t k_most_bags = 1000;

struct PackagePart {
    std::variant<PrivateKey, Certificate, Crl> value;
    std::string friendly_name;  ///< UTF-8
};

/// Errors as read_pkcs12. An empty passphrase opens packages with an empty one and with none.
Result<std::vector<PackagePart>> open_package(std::span<std::uint8_t const> der, SecretText const& passphrase, DerivationBudget& budget);

}  // namespace countersign::pki
