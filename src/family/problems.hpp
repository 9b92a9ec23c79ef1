#pragma once

/// Bad input is answered with every problem at once (design section 5).

#include "base/error.hpp"

#include <vector>

namespace countersign::family {

/// The only problem itself, or GEN-006 with all of them as its causes. `problems` is not empty.
Error all_of(std::vector<Error> problems);

}  // namespace countersign::family
