#include "device/services/outbox.hpp"

#include <utility>

namespace countersign::device {

void Outbox::push(std::string_view bytes) {
    if (broken_ || bytes.empty()) return;
    pending_ += bytes;
    if (pending_.size() > k_max_pending) {
        broken_ = true;
        pending_.clear();
        stream_->close();
        return;
    }
    if (std::exchange(writing_, true)) return;
    net::spawn(executor_, [self = shared_from_this()] { return self->drain(); }, "session output");
}

net::Task<> Outbox::drain() {
    while (!pending_.empty() && !broken_) {
        auto const sent = co_await stream_->write(std::exchange(pending_, {}), k_write_limit);
        if (!sent) {
            broken_ = true;
            stream_->close();
        }
    }
    writing_ = false;
    idle_.raise();
}

net::Task<bool> Outbox::flushed() {
    auto const seen = idle_.count();
    if (writing_) (void)co_await idle_.wait_beyond(seen, k_write_limit);
    co_return !broken_;
}

}  // namespace countersign::device
