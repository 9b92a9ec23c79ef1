#include "net/sync.hpp"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

namespace countersign::net {

struct Signal::State {
    std::mutex mutex;
    std::uint64_t count = 0;
    std::vector<std::shared_ptr<asio::steady_timer>> waiters;
};

Signal::Signal() : state_(std::make_shared<State>()) {}

std::uint64_t Signal::count() const {
    std::scoped_lock lock(state_->mutex);
    return state_->count;
}

void Signal::raise() {
    std::vector<std::shared_ptr<asio::steady_timer>> waiters;
    {
        std::scoped_lock lock(state_->mutex);
        ++state_->count;
        waiters.swap(state_->waiters);
    }
    // A timer is touched on its own loop only; there the waiter has begun to wait before this runs.
    for (auto& timer : waiters) asio::post(timer->get_executor(), [timer] { timer->cancel(); });
}

Task<bool> Signal::wait_beyond(std::uint64_t seen, Milliseconds timeout) const {
    auto state = state_;
    auto const end = std::chrono::steady_clock::now() + timeout;
    while (true) {
        auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, end);
        {
            std::scoped_lock lock(state->mutex);
            if (state->count > seen) co_return true;
            if (std::chrono::steady_clock::now() >= end) co_return false;
            state->waiters.push_back(timer);
        }
        boost::system::error_code ignored;
        co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        std::scoped_lock lock(state->mutex);
        std::erase(state->waiters, timer);
    }
}

struct KeyedLock::State {
    std::mutex mutex;
    std::map<std::int64_t, std::deque<std::function<void(bool)>>> holders;  ///< those that wait for a held key

    void release(std::int64_t key) {
        std::function<void(bool)> next;
        {
            std::scoped_lock lock(mutex);
            auto place = holders.find(key);
            if (place->second.empty()) {
                holders.erase(place);
                return;
            }
            next = std::move(place->second.front());
            place->second.pop_front();
        }
        next(true);
    }
};

KeyedLock::KeyedLock() : state_(std::make_shared<State>()) {}

bool KeyedLock::held(std::int64_t key) const {
    std::scoped_lock lock(state_->mutex);
    return state_->holders.contains(key);
}

Task<KeyedLock::Guard> KeyedLock::acquire(std::int64_t key) {
    auto state = state_;
    co_await await_callback<bool>([state, key](std::function<void(bool)> done) {
        {
            std::scoped_lock lock(state->mutex);
            auto [place, fresh] = state->holders.try_emplace(key);
            if (!fresh) {
                place->second.push_back(std::move(done));
                return;
            }
        }
        done(true);
    });
    Guard guard;
    guard.release_ = [state, key] { state->release(key); };
    co_return guard;
}

KeyedLock::Guard::Guard(Guard&& other) noexcept : release_(std::exchange(other.release_, nullptr)) {}

KeyedLock::Guard& KeyedLock::Guard::operator=(Guard&& other) noexcept {
    if (this != &other) {
        release();
        release_ = std::exchange(other.release_, nullptr);
    }
    return *this;
}

KeyedLock::Guard::~Guard() { release(); }

void KeyedLock::Guard::release() {
    if (auto function = std::exchange(release_, nullptr)) function();
}

}  // namespace countersign::net
