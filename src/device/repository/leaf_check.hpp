#pragma once

/// What must hold for a chain that a unit is to show (REQ CRT-3). Pure. Internal to the repository.

#include "device/repository/upload_check.hpp"

namespace countersign::device {

/// Adds everything that is wrong, each with "certificate" as its place.
void check_chain(std::vector<pki::Certificate> const& chain, family::CertificateRules const& rules, UploadNeeds const& needs,
                 std::vector<Error>& problems);

inline void add_problem(std::vector<Error>& problems, Error error, std::string_view field) {
    problems.push_back(std::move(error.at(field)));
}

/// One problem stands alone, several are the causes of GEN-006.
[[nodiscard]] Error one_problem(std::vector<Error> problems);

}  // namespace countersign::device
