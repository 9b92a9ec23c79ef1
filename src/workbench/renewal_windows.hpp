#pragma once

#include <boost/json/array.hpp>

#include <string>
#include <vector>

namespace countersign::workbench {

/// Of --renewal-window: the windows as they were written; "any" alone: none, which is at any time.
inline boost::json::array renewal_windows_of(std::vector<std::string> const& given) {
    if (given.size() == 1 && given.front() == "any") return {};
    return boost::json::array(given.begin(), given.end());
}

}  // namespace countersign::workbench
