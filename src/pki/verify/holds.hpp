#pragma once

#include <algorithm>

namespace countersign::pki {

/// std::ranges::contains, which the library of this compiler does not have yet.
template <class Range, class Value>
bool holds(Range const& range, Value const& value) {
    return std::ranges::find(range, value) != std::ranges::end(range);
}

}  // namespace countersign::pki
