#include "net/at_once.hpp"

#include <exception>

namespace countersign::net {

bool run_at_once(Task<> task) {
    // Of its own, so that a task that waits after all goes with it.
    asio::io_context loop(1);
    struct End {
        bool reached = false;
        std::exception_ptr failure;
    };
    auto const end = std::make_shared<End>();
    asio::co_spawn(loop, std::move(task), [end](std::exception_ptr thrown) {
        end->reached = true;
        end->failure = std::move(thrown);
    });
    loop.poll();
    if (end->failure) std::rethrow_exception(end->failure);
    return end->reached;
}

}  // namespace countersign::net
