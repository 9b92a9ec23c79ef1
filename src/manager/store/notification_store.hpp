#pragma once

/// Channels of notifications and their outbox. What a channel has to tell is written in the transaction of the change that it tells
/// of (store/ticket_desk.hpp), so that a crash loses nothing, and goes when it was taken: it is told twice only when the program dies
/// between the two. Secrets are sealed at rest.

#include "base/secret.hpp"
#include "manager/notify/notification.hpp"
#include "net/task.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// Messages that wait for one channel; beyond it the oldest go, and NotificationChannel::dropped counts them.
inline constexpr std::int64_t k_outbox_limit = 10'000;

class NotificationStore {
public:
    virtual ~NotificationStore() = default;

    /// MGR-062 when there is one of that name.
    virtual net::Task<Result<NotificationChannel>> add(NotificationChannel channel, std::optional<SecretText> secret,
                                                       std::string actor) = 0;
    virtual net::Task<Result<NotificationChannel>> get(ChannelId id) = 0;  ///< GEN-003
    virtual net::Task<Result<std::optional<NotificationChannel>>> find(std::string name) = 0;
    /// By number, ids above `after`.
    virtual net::Task<Result<std::vector<NotificationChannel>>> list(ChannelId after, std::size_t limit) = 0;
    /// What waits is tried at once with what is new. MGR-062.
    virtual net::Task<Result<NotificationChannel>> change(ChannelId id, std::function<void(NotificationChannel&)> change,
                                                          std::optional<SecretText> secret, std::string actor) = 0;
    /// With what waits for it.
    virtual net::Task<Result<void>> remove(ChannelId id, std::string actor) = 0;
    virtual net::Task<Result<std::optional<SecretText>>> secret(ChannelId id) = 0;

    struct Waiting {
        std::int64_t id = 0;
        UtcTime created{};
        Notification notification;
    };
    /// Enabled channels with something to tell whose time has come.
    virtual net::Task<Result<std::vector<NotificationChannel>>> due() = 0;
    /// The oldest message of a channel.
    virtual net::Task<Result<std::optional<Waiting>>> next(ChannelId id) = 0;
    virtual net::Task<Result<void>> sent(ChannelId channel, std::int64_t message) = 0;
    virtual net::Task<Result<void>> failed(ChannelId channel, Error error, UtcTime not_before) = 0;
    /// A message that its server will never take.
    virtual net::Task<Result<void>> give_up(ChannelId channel, std::int64_t message) = 0;
};

}  // namespace countersign::manager
