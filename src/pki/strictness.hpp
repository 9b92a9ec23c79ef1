#pragma once

/// How strictly certificates are judged: named profiles as data, catalogue/strictness/<name>.toml.
///
/// "device-legacy"  what equipment of the seeds can hold: common names count as host names, no rule of form is a failure
/// "rfc5280"        everything RFC 5280 says "MUST" about, and RFC 9525 for names
/// "webpki"         what clients of today ask of a public server (CA/Browser Forum Baseline Requirements)

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace countersign::pki {

enum class Severity { ignored, advice, failure };

/// Read once and kept for the life of the program.
class Strictness {
public:
    /// CRT-028 when there is none of this name; the error lists those there are.
    static Result<Strictness const*> find(std::string_view name);
    static Strictness const& device_legacy();
    static std::vector<std::string> names();

    [[nodiscard]] std::string const& name() const { return name_; }
    /// Of a rule of catalogue/findings.toml.
    [[nodiscard]] Severity severity(std::string_view rule) const;

private:
    friend struct StrictnessReader;
    std::string name_;
};

}  // namespace countersign::pki
