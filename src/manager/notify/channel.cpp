#include "manager/notify/channel.hpp"

#include "countersign/errors/sto.hpp"

#include <boost/json.hpp>

namespace countersign::manager {

namespace json = boost::json;

namespace {

struct KindOf {
    std::string_view operator()(EmailSettings const&) const { return "email"; }
    std::string_view operator()(WebhookSettings const&) const { return "webhook"; }
    std::string_view operator()(SyslogSettings const&) const { return "syslog"; }
};

json::array array_of(std::vector<std::string> const& texts) { return json::array(texts.begin(), texts.end()); }

struct ToObject {
    json::object operator()(EmailSettings const& email) const {
        return {
            {"host", email.host}, {"port", email.port}, {"security", email.security == EmailSettings::Security::tls ? "tls" : "starttls"},
            {"user", email.user}, {"from", email.from}, {"to", array_of(email.to)}};
    }
    json::object operator()(WebhookSettings const& webhook) const { return {{"url", webhook.url}}; }
    json::object operator()(SyslogSettings const& syslog) const {
        return {{"host", syslog.host}, {"port", syslog.port}, {"facility", syslog.facility}};
    }
};

Failure damaged(std::string_view what) {
    return fail(errors::sto::query_failed, {{"detail", "a stored channel is damaged: " + std::string(what)}});
}

Result<json::object> parse(std::string_view document) {
    boost::system::error_code code;
    auto value = json::parse(document, code);
    if (code || !value.is_object()) return damaged("not an object");
    return std::move(value.get_object());
}

std::string text(json::object const& object, std::string_view field) {
    auto const* value = object.if_contains(field);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number(json::object const& object, std::string_view field) {
    auto const* value = object.if_contains(field);
    return value && value->is_int64() ? value->get_int64() : 0;
}

std::vector<std::string> texts(json::object const& object, std::string_view field) {
    std::vector<std::string> out;
    auto const* value = object.if_contains(field);
    if (value && value->is_array())
        for (auto const& item : value->get_array())
            if (item.is_string()) out.emplace_back(item.get_string());
    return out;
}

}  // namespace

std::string_view kind_of(NotificationChannel const& channel) { return std::visit(KindOf{}, channel.settings); }

std::string filter_document(NotificationChannel const& channel) {
    json::array types;
    for (auto type : channel.types) types.emplace_back(to_string(type));
    return json::serialize(json::object{{"severity", to_string(channel.least)}, {"types", std::move(types)}, {"folder", channel.folder}});
}

std::string settings_document(NotificationChannel const& channel) {
    auto object = std::visit(ToObject{}, channel.settings);
    object["ca"] = channel.ca;
    return json::serialize(object);
}

Result<void> read_documents(NotificationChannel& channel, std::string_view kind, std::string_view filter, std::string_view settings) {
    CS_TRY(auto const wanted, parse(filter));
    CS_TRY(auto const how, parse(settings));
    channel.least = parse_ticket_severity(text(wanted, "severity")).value_or(TicketSeverity::notice);
    channel.types.clear();
    for (auto const& name : texts(wanted, "types"))
        if (auto type = parse_ticket_type(name)) channel.types.push_back(*type);
    channel.folder = number(wanted, "folder");
    channel.ca = text(how, "ca");
    auto const port = static_cast<std::uint16_t>(number(how, "port"));
    if (kind == "email")
        channel.settings = EmailSettings{
            .host = text(how, "host"),
            .port = port,
            .security = text(how, "security") == "starttls" ? EmailSettings::Security::starttls : EmailSettings::Security::tls,
            .user = text(how, "user"),
            .from = text(how, "from"),
            .to = texts(how, "to")};
    else if (kind == "webhook")
        channel.settings = WebhookSettings{.url = text(how, "url")};
    else if (kind == "syslog")
        channel.settings = SyslogSettings{.host = text(how, "host"), .port = port, .facility = static_cast<int>(number(how, "facility"))};
    else
        return damaged(kind);
    return {};
}

}  // namespace countersign::manager
