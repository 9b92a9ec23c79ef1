#pragma once

/// Channels of notifications: where tickets are told, how, and which of them. Plain values, and their form as JSON in the database.
/// Whom a channel talks to is always verified; there is no setting against it.

#include "manager/estate/model.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::manager {

using ChannelId = std::int64_t;

/// E-mail over SMTP (RFC 5321). The secret is the password of `user`; without a user there is no log-in.
struct EmailSettings {
    enum class Security {
        tls,      ///< from the first byte (RFC 8314), port 465
        starttls  ///< by STARTTLS (RFC 3207), port 587; a server that does not offer it gets nothing
    };
    std::string host;
    std::uint16_t port = 465;
    Security security = Security::tls;
    std::string user;
    std::string from;
    std::vector<std::string> to;
};

/// A POST of JSON over HTTPS, signed with the secret (docs/notifications.md).
struct WebhookSettings {
    std::string url;
};

/// RFC 5424 messages over TLS (RFC 5425).
struct SyslogSettings {
    std::string host;
    std::uint16_t port = 6514;
    int facility = 16;  ///< local0
};

struct NotificationChannel {
    ChannelId id = 0;
    std::string name;
    bool enabled = true;
    TicketSeverity least = TicketSeverity::notice;  ///< tickets of this severity or worse
    std::vector<TicketType> types;                  ///< empty: all
    FolderId folder = 0;                            ///< a folder and what is below it; 0: everywhere
    std::variant<EmailSettings, WebhookSettings, SyslogSettings> settings;
    std::string ca;  ///< PEM: the only roots that are believed; empty: the machine's and the estate's own
    bool has_secret = false;
    UtcTime created{};

    // How it goes
    int failures = 0;  ///< in a row
    UtcTime not_before{};
    std::optional<UtcTime> last_sent;
    std::optional<UtcTime> last_failed;
    std::string error_code;  ///< of the newest failure; empty since the last success
    std::string error_text;
    std::int64_t waiting = 0;  ///< messages in the outbox
    std::int64_t dropped = 0;  ///< messages that went because too many waited
};

std::string_view kind_of(NotificationChannel const& channel);  ///< "email", "webhook", "syslog"

std::string filter_document(NotificationChannel const& channel);
std::string settings_document(NotificationChannel const& channel);
/// Fields of `channel` from what the database kept. STO-002 when it is not ours.
Result<void> read_documents(NotificationChannel& channel, std::string_view kind, std::string_view filter, std::string_view settings);

}  // namespace countersign::manager
