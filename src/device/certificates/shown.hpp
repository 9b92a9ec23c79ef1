#pragma once

/// How the certificates of a unit are shown: as facts of status documents, as rows of page tables, as choices of forms
/// (docs/families.md, "Certificates").

#include "device/certificates.hpp"
#include "device/fact_value.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace countersign::device {

/// Nothing when `name` is no fact about certificates.
[[nodiscard]] std::optional<std::vector<FactValue>> certificate_facts(Certificates const& certificates, family::Family const& family,
                                                                      UtcTime now, std::string_view name);

/// Empty for tables of other things.
[[nodiscard]] std::vector<std::map<std::string, std::string>> certificate_rows(Certificates const& certificates,
                                                                               family::Family const& family, UtcTime now,
                                                                               family::PageTable const& table);

/// role -> value and words: "identity", "fingerprint" (trusted roots), "issuer" (of revocation lists), "revocation_method".
[[nodiscard]] std::map<std::string, std::vector<std::pair<std::string, std::string>>> certificate_choices(Certificates const& certificates,
                                                                                                          family::Family const& family);

}  // namespace countersign::device
