#include "workbench/campaign_text.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

/// "Level 4   12   60 %": from the highest level down to what is not known yet.
Table level_table(Output& output, json::value const& answer) {
    Table table{{"Level", "Systems", "Share"}, {}};
    auto const& levels = list_of(answer, "levels");
    auto const systems = number_of(answer, "systems");
    for (std::size_t i = levels.size(); i-- > 0;) {
        auto const count = levels[i].is_int64() ? levels[i].get_int64() : 0;
        if (i == 0 && count == 0) continue;
        auto const share = systems == 0 ? std::string() : std::to_string(count * 100 / systems) + " %";
        table.rows.push_back({i == 0 ? std::string("not known") : output.level(static_cast<int>(i)), std::to_string(count), share});
    }
    return table;
}

void print_tickets(Output& output, json::value const& answer) {
    std::string text;
    for (auto const* severity : {"critical", "warning", "notice"}) {
        std::int64_t count = 0;
        for (auto const& one : list_of(answer, "tickets"))
            if (text_of(one, "severity") == severity) count += number_of(one, "count");
        if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + severity;
    }
    output.line("Open tickets: " + (text.empty() ? std::string("none") : text));
}

void print_overview(Output& output, json::value const& answer) {
    output.line(output.strong(counted(number_of(answer, "systems"), "system")) + ", Secure-Only " + text_of(answer, "secure_only"));
    output.table(level_table(output, answer));
    output.line("");
    print_tickets(output, answer);
    if (auto const ended = number_of(answer, "certificates_ended"); ended > 0)
        output.line(counted(ended, "system") + (ended == 1 ? " has" : " have") + " a certificate that has ended.");
    if (auto const& ends = list_of(answer, "certificates"); !ends.empty())
        output.line("The next end of a certificate: " + text_of(ends.front(), "day") + ", of " +
                    counted(number_of(ends.front(), "count"), "system"));
    auto const* campaign = answer.is_object() ? answer.get_object().if_contains("campaign") : nullptr;
    if (campaign != nullptr && campaign->is_object())
        output.line("Campaign " + std::to_string(number_of(*campaign, "id")) + ": " + campaign_line(*campaign));
    auto const& next = list_of(answer, "next");
    output.line(next.empty() ? "Nothing waits for you." : "What to do:");
    for (auto const& one : next) output.line("- " + text_of(one, "text"));
}

void print_counts(Output& output, json::value const& answer) {
    output.line(counted(number_of(answer, "systems"), "system"));
    output.table(level_table(output, answer));
    output.line("");
    Table families{{"Family", "Systems"}, {}};
    for (auto const& one : list_of(answer, "families")) {
        auto const name = text_of(one, "family");
        families.rows.push_back({name.empty() ? std::string("not recognised yet") : name, std::to_string(number_of(one, "count"))});
    }
    output.table(families);
}

/// The three things that a person would do with systems of his own: say what they are to be told, whom to believe, and which they are.
Result<int> take_demonstration(ApiClient& client, Output& output) {
    CS_TRY(auto const demonstration, client.get("demonstration"));
    if (number_of(demonstration, "systems") == 0) {
        if (!output.value(demonstration))
            output.line("No demonstration estate was started beside the manager: ./run --first-visit does it.");
        return k_does_not_hold;
    }
    CS_CHECK(client.send("PATCH", "policy", demonstration.at("policy").as_object()));
    for (auto const& vendor : list_of(demonstration, "vendors")) CS_CHECK(client.send("POST", "factory-anchors", vendor.as_object()));
    // As it stands: for a person the ends of its lines would be made harmless.
    std::string const list(demonstration.at("list").as_string());
    CS_TRY(auto const added, client.send_file("import/systems", "text/csv; charset=utf-8", list));
    auto const& problems = list_of(added, "problems");
    if (output.value(added)) return problems.empty() ? k_holds : k_does_not_hold;
    for (auto const& problem : problems) output.line(text_of(problem, "detail"));
    output.line("Added " + counted(static_cast<std::int64_t>(list_of(added, "added").size()), "system") + " of the demonstration.");
    return problems.empty() ? k_holds : k_does_not_hold;
}

}  // namespace

void add_overview_commands(CLI::App& app, Context& context) {
    app.add_subcommand("overview", "The estate at a glance: levels, tickets, ends of certificates, and what to do next")
        ->callback([&context] {
            context.action = [&context](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                    CS_TRY(auto const answer, client.get("overview"));
                    if (!output.value(answer)) print_overview(output, answer);
                    return k_holds;
                });
            };
        });
    auto selection = std::make_shared<Selection>();
    auto* counts = app.get_subcommand("system")->add_subcommand("counts", "How many systems a selection holds, by level and by family");
    add_selection_options(*counts, *selection);
    counts->callback([&context, selection] {
        context.action = [&context, selection](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                auto query = selection_query(*selection);
                if (!query.empty()) query.front() = '?';
                CS_TRY(auto const answer, client.get("system-counts" + query));
                if (!output.value(answer)) print_counts(output, answer);
                return k_holds;
            });
        };
    });
    auto* demonstration = app.add_subcommand("demonstration", "The demonstration estate of ./run")->require_subcommand(1);
    demonstration->add_subcommand("take", "Add its systems, and what they are to be told. Exit code 2: there is none")
        ->callback([&context] {
            context.action = [&context](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return take_demonstration(client, output); });
            };
        });
}

}  // namespace countersign::workbench
