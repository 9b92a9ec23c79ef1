#pragma once

/// How an Assessment and a Policy are kept in the database: JSON documents, read back with every field checked. Unknown fields are
/// ignored and missing ones keep their defaults, so that newer and older programs read each other's rows.

#include "manager/assess/assess.hpp"

#include <string>
#include <string_view>

namespace countersign::manager::store {

std::string to_document(Assessment const& assessment);
/// STO-002 when it is not such a document.
Result<Assessment> parse_assessment(std::string_view document);
std::string to_document(Policy const& policy);
Result<Policy> parse_policy(std::string_view document);
std::string to_document(std::vector<std::string> const& lines);
Result<std::vector<std::string>> parse_lines(std::string_view document);

}  // namespace countersign::manager::store
