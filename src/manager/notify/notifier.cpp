#include "manager/notify/notifier.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/crypto.hpp"
#include "manager/jobs/back_off.hpp"
#include "manager/store/notification_store.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/store/ticket_desk.hpp"
#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/net.hpp"

namespace countersign::manager {

namespace {

/// Channels that wait become due by the clock, not by an event.
constexpr net::Milliseconds k_look{1000};
constexpr net::Milliseconds k_stop_grace{5000};
/// A message that its server refuses, while it takes the connection, stands in the way of the others no longer than this.
constexpr std::chrono::hours k_refused_limit{24};

double chance() { return static_cast<double>(host::random_bytes(1).front()) / 255.0; }

/// The server was there and did not want this.
bool is_refusal(Error const& error) { return error.id() == errors::net::smtp_refused || error.id() == errors::net::webhook_refused; }

}  // namespace

Notifier::Notifier(net::Runtime& runtime, Store& store, std::shared_ptr<DeliveryWays const> ways, Announce announce)
    : runtime_(runtime), store_(store), ways_(std::move(ways)), announce_(std::move(announce)) {}

void Notifier::start(std::shared_ptr<void const> owner) {
    owner_ = owner;
    net::spawn(runtime_.executor(0), [self = shared_from_this(), owner] { return self->watch(); }, "notifications");
}

net::Task<> Notifier::stop() {
    stopping_ = true;
    wake_.raise();
    auto const end = std::chrono::steady_clock::now() + k_stop_grace;
    while (true) {
        auto const seen = wake_.count();
        {
            std::scoped_lock lock(mutex_);
            if (busy_.empty()) co_return;
        }
        auto const left = std::chrono::duration_cast<net::Milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0) co_return;
        co_await wake_.wait_beyond(seen, left);
    }
}

net::Task<> Notifier::watch() {
    while (!stopping_) {
        auto const seen = wake_.count();
        if (!store_.shared().leads()) {
            co_await wake_.wait_beyond(seen, k_look);
            continue;
        }
        auto due = co_await store_.notifications().due();
        if (!due) log::error("notify.due", due.error());
        for (auto const& channel : due ? *due : std::vector<NotificationChannel>()) {
            {
                std::scoped_lock lock(mutex_);
                if (!busy_.insert(channel.id).second) continue;
            }
            net::spawn(
                runtime_.executor(static_cast<std::size_t>(channel.id)),
                [self = shared_from_this(), id = channel.id, owner = owner_.lock()] { return self->empty(id); }, "notification channel");
        }
        co_await wake_.wait_beyond(seen, k_look);
    }
}

net::Task<> Notifier::empty(ChannelId id) {
    try {
        while (!stopping_) {
            auto more = co_await send_next(id);
            if (!more) log::error("notify.channel", more.error(), {{"channel", id}});
            if (!more || !*more) break;
        }
    } catch (std::exception const& error) {
        log::error("notify.defect", {{"channel", id}, {"what", error.what()}});
    }
    {
        std::scoped_lock lock(mutex_);
        busy_.erase(id);
    }
    wake_.raise();
}

net::Task<Result<bool>> Notifier::send_next(ChannelId id) {
    CS_CO_TRY(auto channel, co_await store_.notifications().get(id));
    if (!channel.enabled) co_return false;
    CS_CO_TRY(auto message, co_await store_.notifications().next(id));
    if (!message) co_return false;
    CS_CO_TRY(auto secret, co_await store_.notifications().secret(id));
    auto delivered = co_await deliver(ways_, channel, std::move(secret), message->notification);
    if (!delivered) {
        CS_CO_CHECK(co_await after_failure(std::move(channel), std::move(*message), std::move(delivered).error()));
        co_return false;
    }
    CS_CO_CHECK(co_await store_.notifications().sent(id, message->id));
    log::debug("notify.sent", {{"channel", channel.name}, {"event", message->notification.event}});
    CS_CO_CHECK(co_await after_success(std::move(channel), std::move(*delivered)));
    co_return true;
}

net::Task<Result<void>> Notifier::after_failure(NotificationChannel channel, NotificationStore::Waiting message, Error error) {
    auto const now = ways_->clock->now();
    log::warning("notify.failed", {{"channel", channel.name}, {"error", error.message()}});
    {
        std::scoped_lock lock(mutex_);
        settled_.erase(channel.id);
    }
    if (is_refusal(error) && now - message.created > k_refused_limit)
        CS_CO_CHECK(co_await store_.notifications().give_up(channel.id, message.id));
    auto const& entry = ticket_entry(TicketType::notification_failed);
    TicketSighting seen{.type = TicketType::notification_failed,
                        .subject = channel_subject(channel.id),
                        .severity = entry.severity,
                        .text = "Notification channel " + channel.name + ": " + error.message(),
                        .remedy = entry.remedy + " " + std::string(error.entry().remedy)};
    CS_CO_CHECK(co_await store_.notifications().failed(channel.id, std::move(error), now + back_off(channel.failures + 1, chance())));
    CS_CO_CHECK(co_await store_.tickets().see(std::move(seen)));
    announce_("ticket", 0);
    co_return Result<void>();
}

net::Task<Result<void>> Notifier::after_success(NotificationChannel channel, Delivered delivered) {
    auto const subject = channel_subject(channel.id);
    if (!delivered.refused.empty()) {
        {
            std::scoped_lock lock(mutex_);
            settled_.erase(channel.id);
        }
        auto const& entry = ticket_entry(TicketType::notification_failed);
        // The others heard of it: less than a channel that is silent.
        CS_CO_CHECK(co_await store_.tickets().see(
            {.type = TicketType::notification_failed,
             .subject = subject,
             .severity = TicketSeverity::warning,
             .text = "Notification channel " + channel.name + " does not reach all of its recipients: " + join(delivered.refused, "; "),
             .remedy = "Correct or remove these recipients. " + entry.remedy}));
        announce_("ticket", 0);
        co_return Result<void>();
    }
    bool fresh = false;
    {
        std::scoped_lock lock(mutex_);
        fresh = settled_.insert(channel.id).second;
    }
    if (!fresh && channel.failures == 0) co_return Result<void>();
    CS_CO_CHECK(co_await store_.tickets().settle(0, TicketType::notification_failed, subject, "a message was taken"));
    announce_("ticket", 0);
    co_return Result<void>();
}

net::Task<Result<Delivered>> Notifier::test(ChannelId id) {
    auto const self = shared_from_this();
    CS_CO_TRY(auto channel, co_await store_.notifications().get(id));
    CS_CO_TRY(auto secret, co_await store_.notifications().secret(id));
    auto const test = test_notification(channel, ways_->clock->now());
    CS_CO_TRY(auto delivered, co_await deliver(ways_, channel, std::move(secret), test));
    wake();
    co_return delivered;
}

}  // namespace countersign::manager
