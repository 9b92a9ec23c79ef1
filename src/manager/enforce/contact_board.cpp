#include "manager/enforce/contact_board.hpp"

namespace countersign::manager {

ContactBoard::Entry ContactBoard::entry(SystemId id) const {
    std::scoped_lock lock(mutex_);
    return entries_[id];
}

void ContactBoard::note(SystemId id, bool https) {
    net::Signal called;
    {
        std::scoped_lock lock(mutex_);
        auto& entry = entries_[id];
        (https ? entry.newest_https : entry.newest_http) = entry.called.count() + 1;
        called = entry.called;
    }
    called.raise();
}

std::uint64_t ContactBoard::mark(SystemId id) const { return entry(id).called.count(); }

net::Task<bool> ContactBoard::wait(SystemId id, std::uint64_t mark, bool https, net::Milliseconds timeout) {
    auto const end = std::chrono::steady_clock::now() + timeout;
    auto seen = mark;
    while (true) {
        auto const now = entry(id);
        if ((https ? now.newest_https : now.newest_http) > mark) co_return true;
        seen = std::max(seen, now.called.count());
        auto const left = std::chrono::duration_cast<net::Milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0 || !co_await now.called.wait_beyond(seen, left)) co_return false;
    }
}

}  // namespace countersign::manager
