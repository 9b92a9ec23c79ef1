#include "device/services/session_feedback.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

namespace xapi = dialect::xapi;

std::vector<EventKind> const& event_kinds() {
    static std::vector<EventKind> const kinds{{"restart.requested", "BootEvent", {{"Door", "door"}}},
                                              {"alarm.raised", "Alarm Raised", {{"Id", "id"}, {"Subject", "subject"}, {"Text", "text"}}},
                                              {"alarm.cleared", "Alarm Cleared", {{"Id", "id"}, {"Subject", "subject"}}},
                                              {"certificate.installed", "Certificate Installed", {{"Fingerprint", "fingerprint"}}},
                                              {"certificate.deleted", "Certificate Deleted", {{"Fingerprint", "fingerprint"}}},
                                              {"trust.installed", "TrustList Installed", {{"Count", "count"}}},
                                              {"trust.deleted", "TrustList Deleted", {}},
                                              {"password.changed", "PasswordChanged", {{"Door", "door"}}},
                                              {"login.failed", "Login Failed", {{"Door", "door"}, {"Peer", "peer"}}},
                                              {"login.locked", "Login Locked", {{"Peer", "peer"}}},
                                              {"service.opened", "Service Opened", {{"Service", "service"}}},
                                              {"service.closed", "Service Closed", {{"Service", "service"}}},
                                              {"tls.failed", "Tls Failed", {{"Client", "client"}, {"Server", "server"}}}};
    return kinds;
}

Result<void> SessionFeedback::add(std::string_view expression) {
    expression = trim(expression);
    CS_TRY(auto location, xapi::parse_location(expression));
    if (std::ranges::any_of(expressions_, [expression](Expression const& one) { return iequals(one.text, expression); })) return {};
    auto const most = unit_.family().dataport == family::DataportStyle::classic ? k_most_classic : k_most;
    if (expressions_.size() >= most) return fail(errors::dev::too_many_expressions, {{"limit", std::to_string(most)}});
    expressions_.push_back({std::string(expression), std::move(location)});
    return {};
}

Result<void> SessionFeedback::remove(std::string_view expression) {
    expression = trim(expression);
    if (auto const number = parse_number<std::size_t>(expression)) {
        if (*number == 0) {
            clear();
            return {};
        }
        if (*number <= expressions_.size()) {
            expressions_.erase(expressions_.begin() + static_cast<std::ptrdiff_t>(*number - 1));
            return {};
        }
    } else if (std::erase_if(expressions_, [expression](Expression const& one) { return iequals(one.text, expression); }) > 0) {
        return {};
    }
    return fail(errors::dev::unknown_setting, {{"path", expression}});
}

std::vector<std::string> SessionFeedback::list() const {
    std::vector<std::string> out;
    for (auto const& one : expressions_) out.push_back(one.text);
    return out;
}

bool SessionFeedback::wants(std::string_view root, std::string_view path) const {
    auto const whole = std::string(root) + " " + std::string(path);
    return std::ranges::any_of(expressions_, [&whole](Expression const& one) { return xapi::touches(one.location, whole); });
}

bool SessionFeedback::listens_to_status() const {
    return std::ranges::any_of(expressions_, [](Expression const& one) {
        auto const& first = one.location.steps.front();
        return first.any_depth || first.name == "*" || iequals(first.name, "Status");
    });
}

std::vector<Notification> SessionFeedback::hear(Event const& event) const {
    std::vector<Notification> out;
    if (expressions_.empty()) return out;
    if (event.id == "setting.changed" && wants("Configuration", event.field("path")))
        out.push_back({xapi::Root::configuration, {{std::string(event.field("path")), std::string(event.field("to"))}}, {}});
    for (auto const& kind : event_kinds()) {
        if (kind.unit_event != event.id || !wants("Event", kind.path)) continue;
        Notification told{xapi::Root::event, {}, {}};
        for (auto const& [name, field] : kind.leaves)
            told.values.push_back({std::string(kind.path) + " " + std::string(name), std::string(event.field(field))});
        if (told.values.empty()) told.values.push_back({std::string(kind.path), ""});
        out.push_back(std::move(told));
    }
    return out;
}

std::optional<Notification> SessionFeedback::hear(StatusNews const& news) const {
    Notification told{xapi::Root::status, {}, {}};
    for (auto const& value : news.values)
        if (wants("Status", value.path)) told.values.push_back({value.path, value.value});
    for (auto const& [item, leaf] : news.gone)
        if (wants("Status", leaf) && std::ranges::find(told.removed, item) == told.removed.end()) told.removed.push_back(item);
    if (told.values.empty() && told.removed.empty()) return std::nullopt;
    return told;
}

}  // namespace countersign::device
