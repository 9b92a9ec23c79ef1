#pragma once

/// The NotificationStore in the database of the store, and the way into the outbox for the transactions of others.

#include "manager/store/backing.hpp"
#include "manager/store/notification_store.hpp"

namespace countersign::manager::store {

class SqliteNotifications final : public NotificationStore {
public:
    explicit SqliteNotifications(Backing& backing) : backing_(backing) {}

    net::Task<Result<NotificationChannel>> add(NotificationChannel channel, std::optional<SecretText> secret, std::string actor) override;
    net::Task<Result<NotificationChannel>> get(ChannelId id) override;
    net::Task<Result<std::optional<NotificationChannel>>> find(std::string name) override;
    net::Task<Result<std::vector<NotificationChannel>>> list(ChannelId after, std::size_t limit) override;
    net::Task<Result<NotificationChannel>> change(ChannelId id, std::function<void(NotificationChannel&)> change,
                                                  std::optional<SecretText> secret, std::string actor) override;
    net::Task<Result<void>> remove(ChannelId id, std::string actor) override;
    net::Task<Result<std::optional<SecretText>>> secret(ChannelId id) override;
    net::Task<Result<std::vector<NotificationChannel>>> due() override;
    net::Task<Result<std::optional<Waiting>>> next(ChannelId id) override;
    net::Task<Result<void>> sent(ChannelId channel, std::int64_t message) override;
    net::Task<Result<void>> failed(ChannelId channel, Error error, UtcTime not_before) override;
    net::Task<Result<void>> give_up(ChannelId channel, std::int64_t message) override;

private:
    Backing& backing_;
};

/// A row of the outbox for every channel that wants it. In the caller's transaction.
void put_into_outbox(Database& database, Notification const& notification, UtcTime now);

}  // namespace countersign::manager::store
