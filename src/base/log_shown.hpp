#pragma once

/// For records that take work to make.

#include "base/log.hpp"

namespace countersign::log {

/// Whether records of this level reach the sink.
bool is_shown(Level level);

}  // namespace countersign::log
