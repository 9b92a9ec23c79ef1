#include "net/at_once.hpp"

#include <exception>

namespace countersign::net {

bool run_at_once(Task<> task) {
    // Of its own, so that a task that waits after all goes with it.
    asio::io_context loop(1);
    bool ended = false;
    std::exception_ptr failure;
    asio::co_spawn(loop, std::move(task), [&ended, &failure](std::exception_ptr thrown) {
        ended = true;
        failure = std::move(thrown);
    });
    loop.poll();
    if (failure) std::rethrow_exception(failure);
    return ended;
}

}  // namespace countersign::net
