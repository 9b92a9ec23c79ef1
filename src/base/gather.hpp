#pragma once

#include "base/error.hpp"

#include <vector>

namespace countersign {

/// Several problems as one error: the only one as it is, else GEN-006 with each as a cause. `problems` is not empty.
Error gather(std::vector<Error> problems);

}  // namespace countersign
