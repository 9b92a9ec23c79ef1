#pragma once

/// What coroutines on different loops wait for: something that happens (Signal), and their turn (KeyedLock). No thread is
/// ever blocked; the short locks inside are never held over a co_await.

#include "net/task.hpp"

#include <cstdint>
#include <memory>

namespace countersign::net {

/// Something happened. Any thread raises it, coroutines of any loop wait for it. It counts, so that nobody misses what
/// happened between looking and waiting.
class Signal {
public:
    Signal();
    /// How often it was raised.
    [[nodiscard]] std::uint64_t count() const;
    void raise();
    /// True as soon as it was raised more than `seen` times; false when that did not happen within `timeout`.
    Task<bool> wait_beyond(std::uint64_t seen, Milliseconds timeout) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// One holder per key at a time, first come first served.
class KeyedLock {
public:
    /// Holds the key until it is destroyed.
    class Guard {
    public:
        Guard() = default;
        Guard(Guard&& other) noexcept;
        Guard& operator=(Guard&& other) noexcept;
        Guard(Guard const&) = delete;
        Guard& operator=(Guard const&) = delete;
        ~Guard();

    private:
        friend class KeyedLock;
        void release();
        std::function<void()> release_;
    };

    KeyedLock();
    Task<Guard> acquire(std::int64_t key);
    /// Somebody holds it at this moment.
    [[nodiscard]] bool held(std::int64_t key) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace countersign::net
