#include "dialect/smtp.hpp"
#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/store/notification_store.hpp"
#include "manager/store/ticket_desk.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::size_t k_longest_name = 64;
constexpr std::size_t k_shortest_key = 16;
constexpr std::size_t k_most_recipients = 50;
constexpr std::size_t k_longest_ca = 256 * 1024;
constexpr std::size_t k_body = 512 * 1024;
constexpr std::uint16_t k_submissions = 465;
constexpr std::uint16_t k_submission = 587;
constexpr std::uint16_t k_syslog_tls = 6514;

json::object to_json(NotificationChannel const& channel) {
    json::array types;
    for (auto type : channel.types) types.emplace_back(to_string(type));
    auto or_null = [](std::optional<UtcTime> const& time) { return time ? json::value(to_string(*time)) : json::value(nullptr); };
    auto const* email = std::get_if<EmailSettings>(&channel.settings);
    auto const* webhook = std::get_if<WebhookSettings>(&channel.settings);
    auto const* syslog = std::get_if<SyslogSettings>(&channel.settings);
    bool const waits = channel.waiting > 0 && channel.failures > 0;
    json::object out{{"id", channel.id},
                     {"name", channel.name},
                     {"kind", kind_of(channel)},
                     {"enabled", channel.enabled},
                     {"severity", to_string(channel.least)},
                     {"types", std::move(types)},
                     {"folder", channel.folder},
                     {"ca", channel.ca},
                     {"host", email    ? email->host
                              : syslog ? syslog->host
                                       : ""},
                     {"port", email    ? email->port
                              : syslog ? syslog->port
                                       : 0},
                     {"security", !email                                            ? ""
                                  : email->security == EmailSettings::Security::tls ? "tls"
                                                                                    : "starttls"},
                     {"user", email ? email->user : ""},
                     {"from", email ? email->from : ""},
                     {"to", email ? json::array(email->to.begin(), email->to.end()) : json::array()},
                     {"url", webhook ? webhook->url : ""},
                     {"facility", syslog ? syslog->facility : 0},
                     {"has_secret", channel.has_secret},
                     {"created", to_string(channel.created)},
                     {"waiting", channel.waiting},
                     {"dropped", channel.dropped},
                     {"failures", channel.failures},
                     {"next_try", waits ? json::value(to_string(channel.not_before)) : json::value(nullptr)},
                     {"last_sent", or_null(channel.last_sent)},
                     {"last_failed", or_null(channel.last_failed)},
                     {"error_code", channel.error_code},
                     {"error_text", channel.error_text}};
    return out;
}

net::Task<Result<NotificationChannel>> find(std::shared_ptr<Manager> manager, std::string key) {
    if (auto id = parse_number<ChannelId>(key)) co_return co_await manager->store().notifications().get(*id);
    CS_CO_TRY(auto found, co_await manager->store().notifications().find(key));
    if (!found) co_return fail(errors::gen::not_found, {{"what", "notification channel"}, {"name", key}});
    co_return *std::move(found);
}

bool has_controls(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// A body over what a channel has already.
struct Wanted {
    NotificationChannel channel;
    std::optional<SecretText> secret;
    std::optional<std::string> folder;  ///< as given: number or path
};

void read_host(Reader& reader, std::string& host) {
    auto given = reader.text("host");
    if (given) host = *given;
    if (!is_host_name(host) && !is_ip_address(host)) reader.problem("host", "a host name or an IP address is expected");
}

void read_port(Reader& reader, std::uint16_t& port) {
    if (auto given = reader.number("port", 1, 65535)) port = static_cast<std::uint16_t>(*given);
}

void read_kind(Reader& reader, EmailSettings& email) {
    read_host(reader, email.host);
    auto const security = reader.text("security");
    if (security == "starttls")
        email.security = EmailSettings::Security::starttls;
    else if (security == "tls")
        email.security = EmailSettings::Security::tls;
    else if (security)
        reader.problem("security", "tls or starttls is expected");
    if (security) email.port = email.security == EmailSettings::Security::tls ? k_submissions : k_submission;
    read_port(reader, email.port);
    if (auto user = reader.text("user")) email.user = *user;
    if (has_controls(email.user)) reader.problem("user", "a user name has no control characters");
    if (auto from = reader.text("from")) email.from = *from;
    if (!dialect::smtp::is_mail_address(email.from)) reader.problem("from", "a mail address as alarms@company.com is expected");
    if (auto to = reader.texts("to", k_most_recipients)) email.to = *to;
    if (email.to.empty()) reader.problem("to", "at least one mail address is needed");
    for (auto const& one : email.to)
        if (!dialect::smtp::is_mail_address(one)) reader.problem("to", "\"" + one + "\" is not a mail address");
}

void read_kind(Reader& reader, WebhookSettings& webhook) {
    if (auto url = reader.text("url", 2048)) webhook.url = *url;
    auto parsed = net::Url::parse(webhook.url);
    if (!parsed)
        reader.problem("url", "an address as https://alarms.company.com/hook is expected");
    else if (parsed->scheme != net::Scheme::https)
        reader.problem("url", "https is needed: a webhook says what is wrong with your estate");
}

void read_kind(Reader& reader, SyslogSettings& syslog) {
    read_host(reader, syslog.host);
    read_port(reader, syslog.port);
    if (auto facility = reader.number("facility", 0, 23)) syslog.facility = static_cast<int>(*facility);
}

void read_filter(Reader& reader, Wanted& wanted) {
    auto& channel = wanted.channel;
    if (auto enabled = reader.boolean("enabled")) channel.enabled = *enabled;
    if (auto severity = reader.text("severity")) {
        if (auto parsed = parse_ticket_severity(*severity))
            channel.least = *parsed;
        else
            reader.problem("severity", "critical, warning or notice is expected");
    }
    if (auto types = reader.texts("types")) {
        channel.types.clear();
        for (auto const& name : *types) {
            if (auto type = parse_ticket_type(name))
                channel.types.push_back(*type);
            else
                reader.problem("types", "there are no tickets of type " + name);
        }
    }
}

void check_secret(Reader& reader, Wanted const& wanted) {
    auto const& channel = wanted.channel;
    bool const held = wanted.secret ? !wanted.secret->empty() : channel.has_secret;
    if (auto const* email = std::get_if<EmailSettings>(&channel.settings)) {
        if (!email->user.empty() && !held) reader.problem("secret", "the password of " + email->user + " is needed");
        if (email->user.empty() && wanted.secret) reader.problem("secret", "a password is for a user, and there is none");
    } else if (std::holds_alternative<WebhookSettings>(channel.settings)) {
        bool const short_key = wanted.secret && wanted.secret->reveal().size() < k_shortest_key;
        if (!held || short_key) reader.problem("secret", "a key of " + std::to_string(k_shortest_key) + " characters or more is needed");
    } else if (wanted.secret) {
        reader.problem("secret", "a syslog server takes none");
    }
    if (wanted.secret && has_controls(wanted.secret->reveal())) reader.problem("secret", "it holds control characters");
}

/// Numbers and texts stand for folders.
std::optional<std::string> read_folder_field(json::object& object) {
    auto* value = object.if_contains("folder");
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    auto number = std::to_string(value->get_int64());
    object.erase("folder");
    return number;
}

Result<Wanted> read_channel(std::string_view body, NotificationChannel before, bool fresh) {
    CS_TRY(auto object, parse_object(body));
    auto numbered = read_folder_field(object);
    Reader reader(std::move(object));
    Wanted wanted{.channel = std::move(before)};
    if (fresh) {
        reader.required("name");
        reader.required("kind");
        auto const kind = reader.text("kind");
        if (kind == "email")
            wanted.channel.settings = EmailSettings{};
        else if (kind == "webhook")
            wanted.channel.settings = WebhookSettings{};
        else if (kind == "syslog")
            wanted.channel.settings = SyslogSettings{.host = {}, .port = k_syslog_tls};
        else if (kind)
            reader.problem("kind", "email, webhook or syslog is expected");
        // What else is wrong depends on the kind.
        if (kind != "email" && kind != "webhook" && kind != "syslog") {
            CS_CHECK(reader.finish());
        }
    }
    if (auto name = reader.text("name", k_longest_name)) {
        wanted.channel.name = *name;
        bool const number = parse_number<ChannelId>(*name).has_value();
        if (name->empty() || number || has_controls(*name)) reader.problem("name", "a name is not empty, and not a number");
    }
    if (auto secret = reader.text("secret", 1024)) wanted.secret = SecretText(*std::move(secret));
    if (auto ca = reader.text("ca", k_longest_ca)) {
        wanted.channel.ca = *ca;
        auto roots = ca->empty() ? Result<std::vector<pki::Certificate>>() : pki::parse_bundle(*ca);
        if (!roots) reader.problem("ca", roots.error().message());
    }
    wanted.folder = numbered ? numbered : reader.text("folder", 4000);
    read_filter(reader, wanted);
    std::visit([&reader](auto& settings) { read_kind(reader, settings); }, wanted.channel.settings);
    check_secret(reader, wanted);
    CS_CHECK(reader.finish());
    return wanted;
}

net::Task<Result<void>> place_folder(std::shared_ptr<Manager> manager, Wanted& wanted) {
    if (!wanted.folder) co_return Result<void>();
    wanted.channel.folder = 0;
    if (wanted.folder->empty() || *wanted.folder == "0") co_return Result<void>();
    CS_CO_TRY(wanted.channel.folder, co_await read_folder(std::move(manager), *wanted.folder));
    co_return Result<void>();
}

net::Task<http::Response> list_channels(Doors doors, http::Request request) {
    Query query(request);
    auto const after = query.number("after", 0, INT64_MAX).value_or(0);
    auto const limit = query.limit();
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto channels = co_await doors.manager->store().notifications().list(after, limit + 1);
    co_return answer_or_problem(channels, [limit](std::vector<NotificationChannel> const& list) {
        json::array out;
        for (auto const& one : list)
            if (out.size() < limit) out.push_back(to_json(one));
        auto const next = list.size() > limit ? json::value(list[limit - 1].id) : json::value(nullptr);
        return json::object{{"channels", std::move(out)}, {"next", next}};
    });
}

net::Task<http::Response> add_channel(Doors doors, http::Request request) {
    auto wanted = read_channel(request.body, {}, true);
    if (!wanted) co_return http::problem(wanted.error());
    if (auto placed = co_await place_folder(doors.manager, *wanted); !placed) co_return http::problem(placed.error());
    auto added = co_await doors.manager->store().notifications().add(std::move(wanted->channel), std::move(wanted->secret), request.user);
    if (added) doors.manager->publish({"channel", added->id});
    co_return answer_or_problem(added, [](NotificationChannel const& value) { return to_json(value); }, 201);
}

net::Task<http::Response> show_channel(Doors doors, http::Request request) {
    auto channel = co_await find(doors.manager, request.parameters["id"]);
    co_return answer_or_problem(channel, [](NotificationChannel const& value) { return to_json(value); });
}

/// A channel that is off, or goes, has nothing to complain about any more.
net::Task<Result<void>> settle_ticket(std::shared_ptr<Manager> manager, ChannelId id, std::string why) {
    CS_CO_CHECK(co_await manager->store().tickets().settle(0, TicketType::notification_failed, channel_subject(id), std::move(why)));
    manager->publish({"ticket", 0});
    co_return Result<void>();
}

net::Task<http::Response> change_channel(Doors doors, http::Request request) {
    auto channel = co_await find(doors.manager, request.parameters["id"]);
    if (!channel) co_return http::problem(channel.error());
    auto wanted = read_channel(request.body, *channel, false);
    if (!wanted) co_return http::problem(wanted.error());
    if (auto placed = co_await place_folder(doors.manager, *wanted); !placed) co_return http::problem(placed.error());
    bool const elsewhere = settings_document(wanted->channel) != settings_document(*channel);
    if (elsewhere && channel->has_secret && !wanted->secret)
        co_return http::problem(Error(errors::mgr::secret_needed_again, {{"name", channel->name}}));
    auto changed = co_await doors.manager->store().notifications().change(
        channel->id,
        [now = wanted->channel](NotificationChannel& value) {
            value.name = now.name;
            value.enabled = now.enabled;
            value.least = now.least;
            value.types = now.types;
            value.folder = now.folder;
            value.settings = now.settings;
            value.ca = now.ca;
        },
        std::move(wanted->secret), request.user);
    if (changed && !changed->enabled) {
        auto settled = co_await settle_ticket(doors.manager, changed->id, "the channel was switched off");
        if (!settled) co_return http::problem(settled.error());
    }
    if (changed) doors.manager->publish({"channel", changed->id});
    co_return answer_or_problem(changed, [](NotificationChannel const& value) { return to_json(value); });
}

net::Task<http::Response> remove_channel(Doors doors, http::Request request) {
    auto channel = co_await find(doors.manager, request.parameters["id"]);
    if (!channel) co_return http::problem(channel.error());
    auto removed = co_await doors.manager->store().notifications().remove(channel->id, request.user);
    if (removed) removed = co_await settle_ticket(doors.manager, channel->id, "the channel was removed");
    if (!removed) co_return http::problem(removed.error());
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> test_channel(Doors doors, http::Request request) {
    auto channel = co_await find(doors.manager, request.parameters["id"]);
    if (!channel) co_return http::problem(channel.error());
    auto delivered = co_await doors.manager->test_channel(channel->id);
    co_return answer_or_problem(delivered, [](Delivered const& value) {
        return json::object{{"detail", value.detail}, {"refused", json::array(value.refused.begin(), value.refused.end())}};
    });
}

}  // namespace

void add_notification_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), k_body,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/notification-channels", list_channels);
    route("POST", "/api/v1/notification-channels", add_channel);
    route("GET", "/api/v1/notification-channels/{id}", show_channel);
    route("PATCH", "/api/v1/notification-channels/{id}", change_channel);
    route("DELETE", "/api/v1/notification-channels/{id}", remove_channel);
    route("POST", "/api/v1/notification-channels/{id}/test", test_channel);
}

}  // namespace countersign::manager::api
