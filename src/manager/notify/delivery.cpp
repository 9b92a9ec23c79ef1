#include "manager/notify/delivery.hpp"

#include "base/text.hpp"
#include "dialect/mail.hpp"
#include "dialect/syslog.hpp"
#include "host/files.hpp"
#include "net/http/client.hpp"
#include "net/smtp.hpp"
#include "net/tls/digest.hpp"
#include "net/tls_stream.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <cstdlib>
#include <span>

namespace countersign::manager {

namespace {

namespace syslog = dialect::syslog;

constexpr net::Milliseconds k_connect{10000};
constexpr net::Milliseconds k_exchange{20000};
constexpr std::size_t k_answer_limit = 64 * 1024;
constexpr std::size_t k_roots_limit = 8 * 1024 * 1024;
constexpr std::string_view k_application = "countersign-manager";

std::string machine_roots_file() {
    auto const* named = std::getenv("SSL_CERT_FILE");
    return named != nullptr ? named : "/etc/ssl/certs/ca-certificates.crt";
}

/// The channel's own roots; without any, the machine's and the estate's.
net::Task<Result<pki::Anchors>> anchors_of(std::shared_ptr<DeliveryWays const> ways, std::string ca) {
    auto read = [ca, estate = ways->estate_roots()]() -> Result<std::vector<pki::Certificate>> {
        if (!ca.empty()) return pki::parse_bundle(ca).map_error(at("the channel's roots"));
        auto roots = estate;
        // A machine without roots of its own has the estate's.
        if (auto pem = host::read_file(machine_roots_file(), k_roots_limit))
            if (auto machine = pki::parse_bundle(*pem)) roots.insert(roots.end(), machine->begin(), machine->end());
        return roots;
    };
    CS_CO_TRY(auto roots, co_await net::offload(*ways->blocking, std::move(read)));
    co_return pki::Anchors(std::move(roots));
}

net::Task<Result<std::vector<std::string>>> addresses_of(std::shared_ptr<DeliveryWays const> ways, std::string host) {
    if (is_ip_address(host)) co_return std::vector{host};
    CS_CO_TRY(auto addresses, co_await ways->resolver->resolve(host));
    if (addresses.empty()) co_return fail(errors::net::unknown_host, {{"name", host}});
    co_return addresses;
}

/// The next address may do better; a peer that answered wrongly is what it is.
bool may_try_next(Error const& error) {
    return error.id() == errors::net::unreachable || error.id() == errors::net::connection_refused || error.id() == errors::net::timed_out;
}

std::string id_of(Notification const& notification) {
    if (notification.event != 0) return "change-" + std::to_string(notification.event);
    return "test-" + std::to_string(notification.at.time_since_epoch().count());
}

dialect::mail::Message mail_of(DeliveryWays const& ways, EmailSettings const& email, Notification const& notification) {
    return {
        .from = email.from,
        .from_name = "Countersign " + ways.manager_host,
        .to = email.to,
        .subject = headline(notification),
        .text = body_text(notification, ways.manager_host),
        .at = notification.at,
        .id = id_of(notification) + "@" + ways.manager_host,
        .thread = notification.event == 0 ? std::string() : "ticket-" + std::to_string(notification.ticket.id) + "@" + ways.manager_host};
}

net::Task<Result<Delivered>> by_mail(std::shared_ptr<DeliveryWays const> ways, EmailSettings email, pki::Anchors anchors,
                                     SecretText password, Notification notification) {
    CS_CO_TRY(auto const addresses, co_await addresses_of(ways, email.host));
    auto const message = dialect::mail::write(mail_of(*ways, email, notification));
    std::optional<Error> last;
    for (auto const& address : addresses) {
        net::MailServer server{.where = {address, email.port},
                               .name = email.host,
                               .bind_address = ways->bind_address,
                               .security = email.security == EmailSettings::Security::tls ? net::MailServer::Security::tls
                                                                                          : net::MailServer::Security::starttls,
                               .policy = net::tls::VerifyChain{.anchors = anchors},
                               .at = ways->clock->now(),
                               .client_name = ways->manager_host,
                               .user = email.user,
                               .password = password.duplicate(),
                               .connect = k_connect};
        auto accepted = co_await net::submit_mail(std::move(server), {.from = email.from, .to = email.to}, message);
        if (accepted) {
            auto const count = email.to.size() - accepted->refused.size();
            co_return Delivered{email.host + ":" + std::to_string(email.port) + " took it for " + std::to_string(count) +
                                    (count == 1 ? " recipient" : " recipients"),
                                std::move(accepted->refused)};
        }
        last = std::move(accepted).error();
        if (!may_try_next(*last)) break;
    }
    co_return fail(std::move(*last));
}

net::Task<Result<Delivered>> by_webhook(std::shared_ptr<DeliveryWays const> ways, WebhookSettings webhook, pki::Anchors anchors,
                                        SecretText secret, Notification notification) {
    CS_CO_TRY(auto const url, net::Url::parse(webhook.url));
    if (url.scheme != net::Scheme::https) co_return fail(errors::net::invalid_url, {{"url", webhook.url}, {"detail", "https is needed"}});
    net::http::Client::Settings settings{.origin = url,
                                         .resolver = ways->resolver,
                                         .policy = net::tls::VerifyChain{.anchors = std::move(anchors)},
                                         .clock = ways->clock,
                                         .bind_address = ways->bind_address,
                                         .user_agent = "Countersign manager",
                                         .connect = k_connect,
                                         .exchange = k_exchange,
                                         .body_limit = k_answer_limit};
    net::http::Client client(std::move(settings));
    net::http::Request request{.method = "POST", .target = url.target, .body = to_document(notification)};
    // The time of this try: a receiver refuses what is old, so that nobody can play a message again.
    auto const timestamp = std::to_string(ways->clock->now().time_since_epoch().count());
    request.fields.set("Content-Type", "application/json");
    request.fields.set("Countersign-Event", id_of(notification));
    request.fields.set("Countersign-Timestamp", timestamp);
    request.fields.set("Countersign-Signature", webhook_signature(secret, timestamp, request.body));
    CS_CO_TRY(auto const answer, co_await client.send(std::move(request)));
    client.close();
    if (answer.status / 100 != 2)
        co_return fail(errors::net::webhook_refused, {{"peer", url.origin()}, {"status", std::to_string(answer.status)}});
    co_return Delivered{url.origin() + " answered " + std::to_string(answer.status), {}};
}

syslog::Message syslog_of(DeliveryWays const& ways, SyslogSettings const& settings, Notification const& notification) {
    auto const& ticket = notification.ticket;
    syslog::Message message{.facility = settings.facility,
                            .severity = syslog::Severity::notice,
                            .at = notification.at,
                            .host = ways.manager_host,
                            .application = std::string(k_application),
                            .id = notification.event == 0 ? "test" : "ticket." + std::string(to_string(notification.change)),
                            .text = headline(notification) + ": " + ticket.text};
    if (notification.event != 0 && ticket.state == TicketState::open) {
        if (ticket.severity == TicketSeverity::critical) message.severity = syslog::Severity::error;
        if (ticket.severity == TicketSeverity::warning) message.severity = syslog::Severity::warning;
    }
    message.fields = {{"event", std::to_string(notification.event)},
                      {"change", std::string(to_string(notification.change))},
                      {"ticket", std::to_string(ticket.id)},
                      {"type", std::string(to_string(ticket.type))},
                      {"severity", std::string(to_string(ticket.severity))},
                      {"system", notification.system_name},
                      {"host", notification.host_name},
                      {"address", notification.address},
                      {"folder", notification.folder}};
    std::erase_if(message.fields, [](auto const& field) { return field.second.empty(); });
    return message;
}

net::Task<Result<Delivered>> by_syslog(std::shared_ptr<DeliveryWays const> ways, SyslogSettings settings, pki::Anchors anchors,
                                       Notification notification) {
    CS_CO_TRY(auto const addresses, co_await addresses_of(ways, settings.host));
    auto const frame = syslog::frame(syslog::write(syslog_of(*ways, settings, notification)));
    std::optional<Error> last;
    for (auto const& address : addresses) {
        auto opened = co_await net::connect_tls({.where = {address, settings.port},
                                                 .name = settings.host,
                                                 .bind_address = ways->bind_address,
                                                 .policy = net::tls::VerifyChain{.anchors = anchors},
                                                 .at = ways->clock->now(),
                                                 .deadline = k_connect});
        if (opened.stream) {
            CS_CO_CHECK(co_await (*opened.stream)->write(frame, k_exchange));
            (*opened.stream)->close();
            co_return Delivered{settings.host + ":" + std::to_string(settings.port) + " took it", {}};
        }
        last = std::move(opened.stream).error();
        if (!may_try_next(*last)) break;
    }
    co_return fail(std::move(*last));
}

}  // namespace

net::Task<Result<Delivered>> deliver(std::shared_ptr<DeliveryWays const> ways, NotificationChannel channel,
                                     std::optional<SecretText> secret, Notification notification) {
    CS_CO_TRY(auto anchors, co_await anchors_of(ways, channel.ca));
    auto key = secret ? std::move(*secret) : SecretText();
    if (auto const* email = std::get_if<EmailSettings>(&channel.settings))
        co_return co_await by_mail(std::move(ways), *email, std::move(anchors), std::move(key), std::move(notification));
    if (auto const* webhook = std::get_if<WebhookSettings>(&channel.settings))
        co_return co_await by_webhook(std::move(ways), *webhook, std::move(anchors), std::move(key), std::move(notification));
    co_return co_await by_syslog(std::move(ways), std::get<SyslogSettings>(channel.settings), std::move(anchors), std::move(notification));
}

Notification test_notification(NotificationChannel const& channel, UtcTime now) {
    Notification test{.change = TicketEventKind::opened, .at = now, .change_text = "a test of the channel " + channel.name};
    test.ticket = {.type = TicketType::notification_failed,
                   .text = "This is a test of the notification channel " + channel.name + ". Nothing is wrong.",
                   .remedy = "Nothing.",
                   .opened = now,
                   .updated = now,
                   .severity = TicketSeverity::notice};
    return test;
}

std::string webhook_signature(SecretText const& secret, std::string_view timestamp, std::string_view body) {
    auto const code = net::tls::hmac_sha256(secret.reveal(), std::string(timestamp) + "." + std::string(body));
    std::vector<std::uint8_t> const bytes(code.begin(), code.end());
    return "sha256=" + to_hex(bytes);
}

}  // namespace countersign::manager
