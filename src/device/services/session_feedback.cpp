#include "device/services/session_feedback.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace countersign::device {

namespace xapi = dialect::xapi;

namespace {

/// Status that changes by itself all the time is no news.
bool ticks(std::string_view fact) { return fact == "system.uptime" || fact == "system.time" || fact == "system.cpu_load"; }

/// "Call 2 Status" is below the list item "Call 2"; nothing for a path without items.
std::string item_of(std::string_view path) {
    auto const parts = words(path);
    for (auto i = parts.size(); i-- > 1;)
        if (parse_number<int>(parts[i])) {
            std::string out;
            for (std::size_t k = 0; k <= i; ++k) out += (k == 0 ? "" : " ") + std::string(parts[k]);
            return out;
        }
    return {};
}

}  // namespace

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
    bool const first = !listens_to_status();
    expressions_.push_back({std::string(expression), std::move(location)});
    if (first && listens_to_status()) status_ = status_now();
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

std::vector<xapi::PathValue> SessionFeedback::status_now() const {
    auto now = unit_.status();
    std::erase_if(now, [this](xapi::PathValue const& value) {
        return std::ranges::any_of(unit_.family().status,
                                   [&value](family::StatusItem const& item) { return ticks(item.fact) && item.path == value.path; });
    });
    return now;
}

std::vector<Notification> SessionFeedback::hear(Event const& event) {
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
    if (auto changed = compare_status()) out.push_back(*std::move(changed));
    return out;
}

std::optional<Notification> SessionFeedback::compare_status() {
    if (!listens_to_status()) {
        status_.clear();
        return std::nullopt;
    }
    auto now = status_now();
    std::map<std::string_view, std::string_view> before;
    for (auto const& value : status_) before.emplace(value.path, value.value);
    std::map<std::string, int, std::less<>> items;
    Notification told{xapi::Root::status, {}, {}};
    for (auto const& value : now) {
        if (auto item = item_of(value.path); !item.empty()) ++items[std::move(item)];
        auto const held = before.find(value.path);
        bool const same = held != before.end() && held->second == value.value;
        if (!same && wants("Status", value.path)) told.values.push_back(value);
    }
    for (auto const& value : status_) {
        auto item = item_of(value.path);
        if (item.empty() || items.contains(item) || !wants("Status", value.path)) continue;
        items.emplace(item, 0);
        told.removed.push_back(std::move(item));
    }
    status_ = std::move(now);
    if (told.values.empty() && told.removed.empty()) return std::nullopt;
    return told;
}

}  // namespace countersign::device
