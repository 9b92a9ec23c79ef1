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

Entries load() {
    Entries entries;
    auto files = embedded::catalogue();
    auto file = std::ranges::find(files, "tickets.toml", &embedded::File::name);
    if (file == files.end() || find_fatal_toml(file->text)) return entries;
    auto document = toml::parse(file->text, std::string_view("tickets.toml"));
    for (auto const& [key, node] : document) {
        if (auto const* table = node.as_table()) {
            auto text = [table](std::string_view field) { return table->at_path(field).value_or(std::string()); };
            entries.emplace(key.str(), TicketEntry{text("title"), text("severity"), text("cause"), text("remedy")});
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

std::string_view title_of(TicketType value) { return ticket_entry(value).title; }

}  // namespace countersign::manager
