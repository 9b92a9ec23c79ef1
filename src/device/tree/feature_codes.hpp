#pragma once

/// Activation codes of feature keys (REQ MCU-1). A code is made for one feature of one system: the first 16 hexadecimal digits of
/// SHA-256 over family, serial number and feature, in groups of four. The vendor's own scheme is not public; this one shows typing
/// errors and the code of another system, and proves no purchase.

#include "family/family.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// Every feature that something of the family asks for, in order.
[[nodiscard]] std::vector<std::string> known_features(family::Family const& family);
/// "3F20-9C11-..."; upper case.
[[nodiscard]] std::string activation_code(family::Family const& family, std::string_view serial, std::string_view feature);
/// The feature that `code` activates on this system; dashes, blanks and case do not count. Nothing for any other text.
[[nodiscard]] std::optional<std::string> feature_of_code(family::Family const& family, std::string_view serial, std::string_view code);

}  // namespace countersign::device
