#pragma once

/// A task that waits for nothing, carried out where one stands: for coroutines whose parts turn out to be at hand.

#include "net/task.hpp"

namespace countersign::net {

/// Runs `task` on this thread, to its end. False: it waited for something, which is a defect of the caller; it is dropped where it
/// stood. What leaves the task as an exception leaves this function.
bool run_at_once(Task<> task);

}  // namespace countersign::net
