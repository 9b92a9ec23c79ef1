#pragma once

/// What a session still has to say, in order, whoever said it: the answer to a line, or an event in between. One write is under
/// way at a time. Used on the unit's executor only.

#include "net/stream.hpp"
#include "net/sync.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace countersign::device {

class Outbox : public std::enable_shared_from_this<Outbox> {
public:
    /// A peer that does not read is cut off beyond this many bytes, or when one write takes longer than the limit.
    static constexpr std::size_t k_max_pending = 1024 * 1024;
    static constexpr net::Milliseconds k_write_limit{30'000};

    Outbox(net::Executor executor, std::shared_ptr<net::Stream> stream) : executor_(std::move(executor)), stream_(std::move(stream)) {}

    /// Queues it and sees to it that it is sent.
    void push(std::string_view bytes);
    /// Waits until everything queued was sent; false when the peer has gone.
    net::Task<bool> flushed();
    [[nodiscard]] bool broken() const { return broken_; }

private:
    net::Task<> drain();
    net::Executor executor_;
    std::shared_ptr<net::Stream> stream_;
    std::string pending_;
    bool writing_ = false;
    bool broken_ = false;
    net::Signal idle_;
};

}  // namespace countersign::device
