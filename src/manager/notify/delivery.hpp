#pragma once

/// Takes one notification to where a channel says: a mail server, a webhook, a syslog server. Always over TLS, always to a peer that was
/// verified by chain and name; there is no way around that and no second try without it.

#include "manager/notify/notification.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// Constant while the program runs.
struct DeliveryWays {
    std::shared_ptr<net::Resolver> resolver;
    std::string bind_address;
    std::shared_ptr<Clock const> clock;
    std::string manager_host;
    std::function<std::vector<pki::Certificate>()> estate_roots;
    net::BlockingPool* blocking = nullptr;  ///< the machine's roots are read there
};

struct Delivered {
    std::string detail;                ///< "mail.company.com:465 took it for 2 recipients"
    std::vector<std::string> refused;  ///< recipients that a mail server did not take, with its words
};

/// A TLS syslog server gives no answer (RFC 5425 section 4.4): there, delivered means written and closed in order. NET-001..007, NET-013,
/// NET-050..055, TRU-001; GEN-001 when the channel's own roots cannot be read.
net::Task<Result<Delivered>> deliver(std::shared_ptr<DeliveryWays const> ways, NotificationChannel channel,
                                     std::optional<SecretText> secret, Notification notification);

/// For the test of a channel: not about any ticket.
Notification test_notification(NotificationChannel const& channel, UtcTime now);

/// What signs the body of a webhook: "sha256=" and the HMAC-SHA-256, in hexadecimal, of "TIMESTAMP.BODY".
std::string webhook_signature(SecretText const& secret, std::string_view timestamp, std::string_view body);

}  // namespace countersign::manager
