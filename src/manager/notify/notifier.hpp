#pragma once

/// Empties the outbox of every channel: the oldest message first, one at a time, so that they come in order. A channel that fails waits
/// longer each time (jobs/back_off.hpp) and opens a ticket about the manager itself, which the other channels tell; it closes with the
/// next message that is taken. Channels do not wait for each other.
///
/// A message is taken out of the outbox after its server took it. Between the two a crash makes it go a second time, with the same id.

#include "manager/notify/delivery.hpp"
#include "manager/observe/survey.hpp"
#include "manager/store/notification_store.hpp"
#include "manager/store/store.hpp"
#include "net/sync.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <set>

namespace countersign::manager {

class Notifier : public std::enable_shared_from_this<Notifier> {
public:
    Notifier(net::Runtime& runtime, Store& store, std::shared_ptr<DeliveryWays const> ways, Announce announce);

    /// `owner` keeps alive what this works with, for as long as anything of it runs.
    void start(std::shared_ptr<void const> owner);
    /// Waits for what is being delivered, a few seconds at most; what was not taken by then goes with the next life.
    net::Task<> stop();
    /// Something was put into the outbox, or a channel was changed.
    void wake() { wake_.raise(); }
    /// Sends a test message now, past the outbox and the back-off. What failed is the error.
    net::Task<Result<Delivered>> test(ChannelId id);

private:
    net::Task<> watch();
    net::Task<> empty(ChannelId id);
    /// False: not now again.
    net::Task<Result<bool>> send_next(ChannelId id);
    net::Task<Result<void>> after_failure(NotificationChannel channel, NotificationStore::Waiting message, Error error);
    net::Task<Result<void>> after_success(NotificationChannel channel, Delivered delivered);

    net::Runtime& runtime_;
    Store& store_;
    std::shared_ptr<DeliveryWays const> ways_;
    Announce announce_;
    std::weak_ptr<void const> owner_;
    std::atomic<bool> stopping_ = false;
    net::Signal wake_;
    std::mutex mutex_;
    std::set<ChannelId> busy_;
    std::set<ChannelId> settled_;  ///< have no open ticket of an earlier life, as far as is known
};

}  // namespace countersign::manager
