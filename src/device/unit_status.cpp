#include "base/text.hpp"
#include "device/certificates/shown.hpp"
#include "device/certificates/unit_certificates.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

namespace countersign::device {
namespace {

std::vector<FactValue> one(Node value) { return {FactValue{0, 0, std::move(value)}}; }

template <class Range, class Function>
std::vector<FactValue> each(Range const& range, Function function) {
    std::vector<FactValue> out;
    int n = 0;
    for (auto const& item : range) out.push_back({++n, 0, Node::text("", function(item))});
    return out;
}

std::string_view words_for(TimeSync::State state) {
    switch (state) {
        case TimeSync::State::off: return "Off";
        case TimeSync::State::unsynchronised: return "Unsynchronised";
        case TimeSync::State::synchronised: return "Synced";
    }
    return "";
}

/// Words of the vendor's device.health.query.
std::string_view operational_status(Running state) {
    switch (state) {
        case Running::shutdown_asked: return "shuttingDown";
        case Running::shut_down: return "shutDown";
        default: return "active";
    }
}

/// Percent of all cores over the last minute.
long long cpu_load() {
    double load = 0;
    if (::getloadavg(&load, 1) != 1) return 0;
    auto cores = std::max(1U, std::thread::hardware_concurrency());
    return static_cast<long long>(std::clamp(load * 100 / cores, 0.0, 100.0));
}

/// What a manager may rely on: every client verifies, and can.
bool verifies_everywhere(Unit const& unit) {
    bool const all = std::ranges::all_of(unit.family().clients, [&unit](auto const& client) { return unit.verify_state(client.id).asked; });
    return all && unit.verify_state().effective();
}

std::vector<FactValue> dns_servers(Unit const& unit) {
    std::vector<FactValue> out;
    for (auto const& setting : unit.family().settings) {
        if (!setting.canonical.starts_with("name.dns.server.")) continue;
        if (auto address = unit.effective(setting); !address.empty())
            out.push_back({static_cast<int>(out.size()) + 1, 0, Node::text("", address)});
    }
    return out;
}

/// As the status documents write it: true is "True".
std::string shown(Node const& node) {
    if (node.kind == Node::Kind::boolean) return node.value == "true" ? "True" : "False";
    return node.value;
}

/// "HttpFeedback {n} Expression {m}" with numbers in place.
std::string numbered(std::string_view path, FactValue const& value) {
    if (!path.contains('{')) return std::string(path);
    return replace_all(replace_all(std::string(path), "{n}", std::to_string(value.n)), "{m}", std::to_string(value.m));
}

/// One's own password may be changed by every account; Unit::set_password asks for itself.
bool changes_something(family::Command const& command) {
    auto const& name = command.behaviour;
    return !name.starts_with("list_") && !name.ends_with("_show") && !name.starts_with("report_") && name != "phonebook_search" &&
           name != "set_password";
}

}  // namespace

std::vector<FactValue> Unit::State::facts(std::string_view name, Unit const& unit) const {
    if (name == "system.name") return one(Node::text("", unit.name()));
    if (name == "system.software") return one(Node::text("", spec.software));
    if (name == "system.api_version") return one(Node::text("", family->api_version));
    if (name == "system.product_type") return one(Node::text("", family->product_type));
    if (name == "system.product_id") return one(Node::text("", spec.product_id));
    if (name == "system.serial") return one(Node::text("", spec.serial));
    if (name == "system.mac") return one(Node::text("", spec.mac));
    if (name == "system.address") return one(Node::text("", spec.address));
    if (name == "system.uptime") return one(Node::number("", unit.uptime().count()));
    if (name == "system.boots") return one(Node::number("", static_cast<long long>(boots)));
    if (name == "system.time") return one(Node::time("", clock->now()));
    if (name == "system.restart_pending") return one(Node::boolean("", unit.restart_pending()));
    if (name == "system.feature_key") return each(feature_keys, [](auto const& key) { return key; });
    if (name == "system.operational_status") return one(Node::text("", operational_status(running)));
    if (name == "system.cpu_load") return one(Node::number("", cpu_load()));
    if (name == "network.ipv4.mask" || name == "network.ipv4.gateway") return one(Node::text("", unit.effective_canonical(name)));
    if (name == "network.ipv4.dhcp") return one(Node::boolean("", unit.effective_canonical("network.ipv4.assignment") == "dhcp"));
    // The second interface can be set, and has no link.
    if (name == "network.ipv4.enabled" || name == "network.ipv4.enabled.b") return one(Node::boolean("", !name.ends_with(".b")));
    if (name == "name.dns.server") return dns_servers(unit);
    if (name == "time.ntp.address") return one(Node::text("", time.server()));
    if (name == "time.ntp.status") return one(Node::text("", words_for(time.state())));
    if (auto about = certificate_facts(*certificates, *family, clock->now(), name)) return *std::move(about);
    if (name == "client.verify.active") return one(Node::boolean("", verifies_everywhere(unit)));
    if (name == "client.verify.missing") return each(unit.verify_state().missing, [](auto const& what) { return what; });
    if (name.starts_with("client.feedback.")) {
        std::vector<FactValue> out;
        for (auto const& slot : feedback) {
            auto key = "client.feedback.status." + std::to_string(slot.slot);
            auto told = published.find(key);
            if (name.ends_with(".url")) out.push_back({slot.slot, 0, Node::text("", slot.url)});
            if (name.ends_with(".format") && !slot.format.empty()) out.push_back({slot.slot, 0, Node::text("", slot.format)});
            // Without one it is the MAC address of the first interface (MCU API 2.9, feedbackReceiver.configure).
            if (name.ends_with(".source"))
                out.push_back({slot.slot, 0, Node::text("", slot.source.empty() ? replace_all(spec.mac, ":", "") : slot.source)});
            if (name.ends_with(".slot")) out.push_back({slot.slot, 0, Node::number("", slot.slot)});
            if (name.ends_with(".status")) out.push_back({slot.slot, 0, Node::text("", told == published.end() ? "OK" : told->second)});
            int m = 0;
            if (name.ends_with(".expression"))
                for (auto const& expression : slot.expressions) out.push_back({slot.slot, ++m, Node::text("", expression)});
        }
        return out;
    }
    if (auto safety = safety_facts(name, unit); !safety.empty()) return safety;
    if (auto told = published.find(name); told != published.end()) return one(Node::text("", told->second));
    return {};
}

std::optional<std::string> Unit::fact(std::string_view name) const {
    auto values = state_->facts(name, *this);
    if (values.empty()) return std::nullopt;
    return shown(values.front().value);
}

void Unit::publish_fact(std::string name, std::string value) { state_->published.insert_or_assign(std::move(name), std::move(value)); }

std::vector<dialect::xapi::PathValue> Unit::status() const {
    std::vector<dialect::xapi::PathValue> out;
    for (auto const& item : state_->family->status)
        for (auto const& value : state_->facts(item.fact, *this)) out.push_back({numbered(item.path, value), shown(value.value)});
    return out;
}

std::vector<dialect::xapi::TypedValue> Unit::typed_status() const {
    std::vector<dialect::xapi::TypedValue> out;
    for (auto const& item : state_->family->status)
        for (auto const& value : state_->facts(item.fact, *this))
            out.push_back({numbered(item.path, value), shown(value.value), value.value.kind == Node::Kind::number});
    return out;
}

std::vector<Node> Unit::status_nodes(std::string_view first_word) const {
    std::vector<Node> out;
    for (auto const& item : state_->family->status) {
        if (item.words.size() < 2 || !iequals(item.words.front(), first_word)) continue;
        auto values = state_->facts(item.fact, *this);
        // A list of nothing is a list all the same: clients look for it by its name.
        bool const lists = item.words.size() > 3 && item.words[2].starts_with('{');
        if (lists && values.empty() && std::ranges::find(out, item.words[1], &Node::name) == out.end())
            out.push_back(Node::list(item.words[1], {}));
        for (auto& value : values) {
            // The last word names the value; numbers in between make lists of records: "trustStore {n} fingerprint".
            auto* level = &out;
            for (std::size_t i = 1; i + 1 < item.words.size(); ++i) {
                auto same = std::ranges::find(*level, item.words[i], &Node::name);
                bool list = i + 2 < item.words.size() && item.words[i + 1].starts_with('{');
                if (same == level->end()) {
                    level->push_back(list ? Node::list(item.words[i], {}) : Node::record(item.words[i], {}));
                    same = level->end() - 1;
                }
                level = &same->children;
                if (!list) continue;
                auto number = std::to_string(item.words[++i] == "{m}" ? value.m : value.n);
                auto member = std::ranges::find(*level, number, &Node::name);
                if (member == level->end()) {
                    level->push_back(Node::record(number, {}));
                    member = level->end() - 1;
                }
                level = &member->children;
            }
            value.value.name = item.words.back();
            level->push_back(std::move(value.value));
        }
    }
    return out;
}

bool Unit::page_exists(family::Page const& page) const {
    return family::has_feature_key(page.needs_feature_key, state_->feature_keys) && page.software.holds(state_->spec.software);
}

/// A step back needs a pair to go back to.
static bool has_previous(Certificates const& certificates, family::Family const& family, family::Form const& form) {
    auto const can = [&certificates](std::string_view identity) {
        auto const info = certificates.info(identity);
        return info && info->can_roll_back;
    };
    if (form.find_role("identity") == nullptr) return can(form.identity);
    return std::ranges::any_of(family.identities, [&can](auto const& identity) { return can(identity.id); });
}

dialect::web::PageValues Unit::page_values(family::Page const& page) const {
    dialect::web::PageValues values;
    values.system_name = name();
    values.banner = banner();
    for (auto const& alarm : state_->alarms.active()) values.alarms.push_back(alarm.text);
    values.state = to_string(state_->running);
    values.feature_keys = state_->feature_keys;
    values.software = state_->spec.software;
    for (auto const& form : page.forms)
        for (auto const& field : form.fields) {
            if (field.setting.empty()) continue;
            auto const* setting = state_->family->find_canonical(field.setting);
            if (setting != nullptr && setting->space.kind != family::ValueKind::password)
                values.settings.emplace(field.setting, stored(*setting));
        }
    for (auto const& form : page.forms)
        if (form.action == "roll_back_certificate" && !has_previous(certificates(), *state_->family, form))
            values.unavailable.push_back(form.id);
    // Who saves a page as it is changes nothing.
    for (auto const& form : page.forms) {
        if (form.action != "set_revocation") continue;
        auto const choice = certificates().revocation(form.identity);
        auto show = [&values, &form](std::string_view role, std::string value) {
            values.settings.emplace(form.id + "#" + std::string(role), std::move(value));
        };
        show("revocation_method", std::string(to_string(choice.method)));
        show("responder", choice.responder);
        show("named_responder", choice.use_named_responder ? "on" : "off");
        show("allow_unreachable", choice.allow_when_unreachable ? "on" : "off");
    }
    for (auto const& table : page.tables) {
        auto& rows = values.tables[table.id];
        if (table.id == "feature_keys")
            for (auto const& key : state_->feature_keys) rows.push_back({{"feature", key}});
        if (table.id == "status")
            for (auto const& item : status()) rows.push_back({{"item", item.path}, {"value", item.value}});
        if (auto safety = state_->safety_rows(table.id); !safety.empty()) rows = std::move(safety);
        for (auto& row : certificate_rows(certificates(), *state_->family, now(), table)) rows.push_back(std::move(row));
    }
    values.choices = certificate_choices(certificates(), *state_->family);
    return values;
}

net::Task<Result<CommandAnswer>> Unit::run_command(std::string path, std::vector<family::Argument> arguments, std::string body,
                                                   Actor actor) {
    auto self = shared_from_this();
    auto const* command = state_->family->find_command(path);
    if (command == nullptr || !command->software.holds(state_->spec.software))
        co_return fail(errors::dev::unknown_command, {{"path", path}});
    auto behaviour = state_->environment->behaviours.find(command->behaviour);
    if (behaviour == state_->environment->behaviours.end()) co_return fail(errors::dev::unknown_command, {{"path", path}});
    if (changes_something(*command)) CS_CO_CHECK(check_may_change(actor));
    CS_CO_TRY(auto checked, command->check(std::move(arguments)));
    auto done = co_await behaviour->second({self, command, std::move(checked), std::move(body), std::move(actor)});
    if (!done) co_return fail(std::move(done).error());
    co_return CommandAnswer{command, *std::move(done), std::nullopt};
}

}  // namespace countersign::device
