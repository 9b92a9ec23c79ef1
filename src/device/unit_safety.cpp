/// What the unit tells about alarms, trials, flags and its log-in, as facts and as rows of page tables.

#include "base/text.hpp"
#include "device/unit_state.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

using Row = std::map<std::string, std::string>;

template <class Items, class Function>
std::vector<FactValue> numbered(Items const& items, Function value) {
    std::vector<FactValue> out;
    int n = 0;
    for (auto const& item : items)
        if (auto node = value(item))
            out.push_back({++n, 0, *std::move(node)});
        else
            ++n;
    return out;
}

std::optional<Node> alarm_fact(std::string_view what, Alarm const& alarm) {
    if (what == "id") return Node::text("", alarm.id);
    if (what == "subject") return Node::text("", alarm.subject);
    if (what == "text") return Node::text("", alarm.text);
    if (what == "level") return Node::text("", alarm.level);
    // In the words of RoomOS: what is wrong already, and what will be.
    if (what == "severity") return Node::text("", alarm.level == "system" ? "Error" : "Warning");
    if (what == "since") return Node::time("", alarm.since);
    if (what == "days_left" && alarm.days_left) return Node::number("", *alarm.days_left);
    return std::nullopt;
}

std::optional<Node> flag_fact(std::string_view what, FlagState const& flag) {
    if (what == "section") return Node::text("", flag.section);
    if (what == "name") return Node::text("", flag.name);
    if (what == "value") return Node::text("", flag.value);
    if (what == "effective") return Node::text("", flag.effective);
    if (what == "note") return Node::text("", flag.note);
    return std::nullopt;
}

Row row_of(Alarm const& alarm) {
    return {{"id", alarm.id},
            {"subject", alarm.subject},
            {"text", alarm.text},
            {"level", alarm.level},
            {"since", to_compact_string(alarm.since)},
            {"days_left", alarm.days_left ? std::to_string(*alarm.days_left) : std::string()}};
}

}  // namespace

Alarms& Unit::alarms() { return state_->alarms; }
Alarms const& Unit::alarms() const { return state_->alarms; }
Flags& Unit::flags() { return state_->flags; }
Trial& Unit::trial() { return state_->trial; }

std::string Unit::State::tls_profile() const {
    auto profile = prospect(tree.effective_values()).canonical("tls.profile");
    return profile.empty() ? environment->tls_profile : profile;
}

std::string Unit::State::tls_profile(family::Service const& service) const {
    auto profile = prospect(tree.effective_values()).canonical(service.tls_profile);
    return profile.empty() ? tls_profile() : profile;
}

std::vector<FactValue> Unit::State::safety_facts(std::string_view name, Unit const& unit) const {
    auto after = [&name](std::string_view prefix) -> std::optional<std::string_view> {
        return name.starts_with(prefix) ? std::optional(name.substr(prefix.size())) : std::nullopt;
    };
    if (name == "login.factory_password") return {{0, 0, Node::boolean("", unit.has_factory_password())}};
    if (auto what = after("alarm.")) return numbered(alarms.active(), [&](auto const& alarm) { return alarm_fact(*what, alarm); });
    if (auto what = after("flag.")) return numbered(flags.list(), [&](auto const& flag) { return flag_fact(*what, flag); });
    if (auto what = after("trial.")) {
        auto const current = trial.current();
        if (!current) return {};
        if (*what == "id") return {{0, 0, Node::text("", current->id)}};
        if (*what == "door") return {{0, 0, Node::text("", current->door)}};
        if (*what == "deadline") return {{0, 0, Node::time("", current->deadline)}};
        auto const left = std::max(current->deadline - environment->clock->now(), std::chrono::seconds(0));
        if (*what == "seconds_left") return {{0, 0, Node::number("", left.count())}};
    }
    return {};
}

std::vector<Row> Unit::State::safety_rows(std::string_view table) const {
    std::vector<Row> rows;
    if (table == "alarms")
        for (auto const& alarm : alarms.active()) rows.push_back(row_of(alarm));
    if (table == "alarm_history")
        for (auto const& alarm : alarms.history()) rows.push_back(row_of(alarm));
    if (table == "flags")
        for (auto const& flag : flags.list())
            rows.push_back({{"section", flag.section},
                            {"name", flag.name},
                            {"value", flag.value},
                            {"effective", flag.effective},
                            {"created", flag.created ? "yes" : "no"},
                            {"note", flag.note}});
    if (table == "trial")
        if (auto const current = trial.current())
            rows.push_back({{"id", current->id},
                            {"deadline", to_compact_string(current->deadline)},
                            {"user", current->actor},
                            {"door", current->door}});
    return rows;
}

}  // namespace countersign::device
