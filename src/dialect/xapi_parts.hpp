#pragma once

/// Paths taken apart, for the codecs of this folder.

#include "dialect/xapi.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::xapi {

/// "Network 1" is {Network, 1}. Items are kept as text: "{n}" stands in the paths of a family.
struct Part {
    std::string name;
    std::string item;  ///< empty: none
};

/// A word of digits, or "{n}", is the item of the word before it.
std::vector<Part> split_path(std::string_view path);
std::string join_path(std::vector<Part> const& parts);
/// `parts` as the family spells them when `known` (a family path) is that path. A known item matches the same item, "{n}" any, and
/// item 1 may be left out; where the family has no item, item 1 may stand.
std::optional<std::string> match_known(std::vector<Part> const& parts, std::vector<Part> const& known);
bool is_item(std::string_view word);

}  // namespace countersign::dialect::xapi
