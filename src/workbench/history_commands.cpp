#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct Wanted {
    std::string system;
    int limit = 100;
    std::int64_t before = 0;
};

std::string or_none(std::string text) { return text.empty() ? "(none)" : text; }

Result<int> history(ApiClient& client, Output& output, Wanted const& wanted) {
    CS_TRY(auto const page, client.get("systems/" + path_part(wanted.system) + "/history?limit=" + std::to_string(wanted.limit) +
                                       (wanted.before > 0 ? "&before=" + std::to_string(wanted.before) : std::string())));
    if (output.value(page)) return k_holds;
    Table table{{"Seen at", "What", "Of", "Before", "Then"}, {}};
    for (auto const& look : list_of(page, "looks"))
        for (auto const& one : list_of(look, "changes"))
            table.rows.push_back({text_of(look, "at"), text_of(one, "kind"), text_of(one, "name"), or_none(text_of(one, "before")),
                                  or_none(text_of(one, "after"))});
    if (table.rows.empty()) {
        output.line("Nothing has changed since the first look.");
        return k_holds;
    }
    output.table(table);
    if (!page.at("next").is_null())
        output.line("There is more: `countersign system history " + wanted.system + " --before " + std::to_string(number_of(page, "next")) +
                    "`.");
    return k_holds;
}

}  // namespace

void add_history_command(CLI::App& app, Context& context) {
    auto wanted = std::make_shared<Wanted>();
    auto* command = app.get_subcommand("system")->add_subcommand("history", "What looks at a system found changed, newest first");
    command->add_option("system", wanted->system, "Number, name, host name, address or serial number")->required();
    command->add_option("--limit", wanted->limit, "How many looks at most")->check(CLI::Range(1, 1000))->capture_default_str();
    command->add_option("--before", wanted->before, "Only looks with a smaller number");
    command->callback([&context, wanted] {
        context.action = [&context, wanted](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return history(client, output, *wanted); });
        };
    });
}

}  // namespace countersign::workbench
