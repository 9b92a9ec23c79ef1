#include "manager/tickets/catalogue.hpp"

#include "base/log.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"

#include "countersign/embedded_catalogue.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace countersign::manager {
namespace {

using Entries = std::map<std::string, TicketEntry, std::less<>>;

TicketSeverity severity_of(std::string_view text) {
    auto parsed = parse_ticket_severity(text);
    if (parsed) return *parsed;
    log::error("tickets.no_severity", {{"severity", text}});
    std::abort();
}

TicketRung rung_of(toml::table const& fields) {
    TicketRung rung{.severity = severity_of(fields.at_path("severity").value_or(std::string())),
                    .fraction = fields.at_path("fraction").value_or(1.0),
                    .text = fields.at_path("text").value_or(std::string())};
    if (auto days = fields.at_path("days").value<int>()) rung.days = *days;
    return rung;
}

Entries load() {
    Entries entries;
    auto files = embedded::catalogue();
    auto file = std::ranges::find(files, "tickets.toml", &embedded::File::name);
    if (file == files.end() || find_fatal_toml(file->text)) return entries;
    auto document = toml::parse(file->text, std::string_view("tickets.toml"));
    for (auto const& [key, node] : document) {
        if (auto const* table = node.as_table()) {
            auto text = [table](std::string_view field) { return table->at_path(field).value_or(std::string()); };
            TicketEntry entry{.title = text("title"),
                              .severity = severity_of(text("severity")),
                              .cause = text("cause"),
                              .remedy = text("remedy"),
                              .reopen_hours = table->at_path("reopen_hours").value_or(0)};
            if (auto const* rungs = table->get_as<toml::array>("ladder"))
                for (auto const& rung : *rungs)
                    if (auto const* fields = rung.as_table()) entry.ladder.push_back(rung_of(*fields));
            entries.emplace(key.str(), std::move(entry));
        }
    }
    return entries;
}

}  // namespace

TicketEntry const& ticket_entry(TicketType type) {
    static Entries const entries = load();
    auto found = entries.find(to_string(type));
    if (found == entries.end()) {
        log::error("tickets.no_entry", {{"type", to_string(type)}});
        std::abort();
    }
    return found->second;
}

int reached_rung(std::vector<TicketRung> const& ladder, UtcTime begin, UtcTime end, UtcTime now, int days_of_policy) {
    auto const whole = std::chrono::duration<double>(end - begin);
    auto const left = end - now;
    int reached = 0;
    for (std::size_t i = 0; i < ladder.size(); ++i) {
        auto const& rung = ladder[i];
        // The end is the end, also of a certificate without a life.
        bool const over = rung.days == 0 && left <= left.zero();
        // Nothing is said before the policy wants it replaced.
        bool const near = left < std::chrono::days(std::min(rung.days.value_or(days_of_policy), days_of_policy)) &&
                          std::chrono::duration<double>(left) < whole * rung.fraction;
        if (over || near) reached = static_cast<int>(i) + 1;
    }
    return reached;
}

std::string_view title_of(TicketType value) { return ticket_entry(value).title; }

}  // namespace countersign::manager
