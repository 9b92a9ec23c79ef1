#include "base/text.hpp"
#include "base/utc_time.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct Filter {
    std::string state = "open";
    std::string system, type, severity, assignee, folder;
    bool unassigned = false, acknowledged = false, unacknowledged = false;
    std::int64_t limit = 1000;
};

void add_filter(CLI::App& command, std::shared_ptr<Filter> const& filter) {
    command.add_option("--system", filter->system,
                       "Only of this system: number, name, host name, address or serial number; 0: the manager");
    command.add_option("--type", filter->type, "Only of this type, as no_https_response");
    command.add_option("--folder", filter->folder, "Only of systems in this folder and those below it: path or number");
    command.add_option("--severity", filter->severity, "Only these")->check(CLI::IsMember({"critical", "warning", "notice"}));
    command.add_option("--assignee", filter->assignee, "Only what this person takes care of");
    command.add_flag("--unassigned", filter->unassigned, "Only what nobody takes care of")->excludes("--assignee");
    command.add_flag("--acknowledged", filter->acknowledged, "Only those that somebody acknowledged");
    command.add_flag("--unacknowledged", filter->unacknowledged, "Only those that nobody acknowledged")->excludes("--acknowledged");
}

/// As part of a query, each with its ampersand.
Result<std::string> query_of(ApiClient& client, Filter const& filter) {
    std::string out;
    auto add = [&out](std::string_view name, std::string const& value) { out += "&" + std::string(name) + "=" + path_part(value); };
    if (filter.system == "0") {
        add("system", "0");
    } else if (!filter.system.empty()) {
        CS_TRY(auto system, client.get("systems/" + path_part(filter.system)));
        add("system", std::to_string(number_of(system, "id")));
    }
    if (!filter.type.empty()) add("type", filter.type);
    if (!filter.folder.empty()) add("folder", filter.folder);
    if (!filter.severity.empty()) add("severity", filter.severity);
    if (!filter.assignee.empty() || filter.unassigned) add("assignee", filter.assignee);
    if (filter.acknowledged || filter.unacknowledged) add("acknowledged", filter.acknowledged ? "true" : "false");
    return out;
}

std::string system_of(json::value const& ticket) {
    if (number_of(ticket, "system") == 0) return "the manager";
    return text_of(ticket, "system_name");
}

/// "snoozed until ...", "acknowledged by anna".
std::string work_on(json::value const& ticket) {
    std::vector<std::string> words;
    if (auto who = text_of(ticket, "assignee"); !who.empty()) words.push_back(who);
    if (auto who = text_of(ticket, "acknowledged_by"); !who.empty()) words.push_back("acknowledged by " + who);
    if (auto until = text_of(ticket, "snoozed_until"); !until.empty()) words.push_back("snoozed until " + until);
    if (flag_of(ticket, "held")) words.push_back("held open");
    return join(words, ", ");
}

std::string marked(Output const& output, std::string const& severity) {
    if (severity == "critical") return output.mark(Mark::bad, severity);
    if (severity == "warning") return output.mark(Mark::attention, severity);
    return severity;
}

Result<int> list(ApiClient& client, Output& output, Filter const& filter) {
    CS_TRY(auto const query, query_of(client, filter));
    json::array tickets;
    std::int64_t after = 0;
    do {
        auto const page = std::min<std::int64_t>(1000, filter.limit - static_cast<std::int64_t>(tickets.size()));
        CS_TRY(auto answer,
               client.get("tickets?state=" + filter.state + "&limit=" + std::to_string(page) + "&after=" + std::to_string(after) + query));
        for (auto const& one : list_of(answer, "tickets")) tickets.push_back(one);
        after = number_of(answer, "next");
    } while (after != 0 && static_cast<std::int64_t>(tickets.size()) < filter.limit);
    if (output.value(json::object{{"tickets", tickets}, {"next", after == 0 ? json::value(nullptr) : json::value(after)}})) return k_holds;
    if (tickets.empty()) {
        output.line("No tickets.");
        return k_holds;
    }
    Table table{{"ID", "Severity", "System", "Ticket", "State", "Opened", "Work", "What was seen", "What to do"}, {}};
    for (auto const& one : tickets)
        table.rows.push_back({std::to_string(number_of(one, "id")), marked(output, text_of(one, "severity")), system_of(one),
                              text_of(one, "title"), text_of(one, "state"), text_of(one, "opened"), work_on(one), text_of(one, "text"),
                              text_of(one, "remedy")});
    output.table(table);
    if (after != 0) output.line("There are more; --limit shows them.");
    return k_holds;
}

Result<int> counts(ApiClient& client, Output& output, Filter const& filter) {
    CS_TRY(auto query, query_of(client, filter));
    if (!query.empty()) query.front() = '?';
    CS_TRY(auto answer, client.get("tickets/counts" + query));
    if (output.value(answer)) return k_holds;
    output.line(std::to_string(number_of(answer, "open")) + " open (" + std::to_string(number_of(answer, "acknowledged")) +
                " acknowledged, " + std::to_string(number_of(answer, "unassigned")) + " of nobody), " +
                std::to_string(number_of(answer, "snoozed")) + " snoozed, " + std::to_string(number_of(answer, "closed")) + " closed");
    Table table{{"Open", "Of"}, {}};
    for (auto const& one : list_of(answer, "by_severity"))
        table.rows.push_back({std::to_string(number_of(one, "count")), marked(output, text_of(one, "severity"))});
    for (auto const& one : list_of(answer, "by_type"))
        table.rows.push_back({std::to_string(number_of(one, "count")), text_of(one, "title")});
    output.table(table);
    return k_holds;
}

Result<int> show(ApiClient& client, Output& output, std::int64_t id) {
    auto const path = "tickets/" + std::to_string(id);
    CS_TRY(auto ticket, client.get(path));
    CS_TRY(auto events, all_of(client, path + "/events", "events"));
    if (output.json()) {
        auto whole = ticket.as_object();
        whole["events"] = std::move(events);
        output.value(whole);
        return k_holds;
    }
    output.line(output.strong(text_of(ticket, "title")) + " (" + marked(output, text_of(ticket, "severity")) + ", " +
                text_of(ticket, "state") + "): " + system_of(ticket));
    output.line(text_of(ticket, "text"));
    output.line("What to do: " + text_of(ticket, "remedy"));
    if (auto work = work_on(ticket); !work.empty()) output.line("Work: " + work);
    output.line("Opened " + text_of(ticket, "opened") + ", seen " + std::to_string(number_of(ticket, "times_seen")) + " times, newest " +
                text_of(ticket, "updated"));
    output.line("");
    Table table{{"At", "Who", "What", "Text"}, {}};
    for (auto const& one : events)
        table.rows.push_back(
            {text_of(one, "at"), text_of(one, "actor"), replace_all(text_of(one, "kind"), "_", " "), text_of(one, "text")});
    output.table(table);
    return k_holds;
}

struct Work {
    std::vector<std::int64_t> tickets;
    std::string comment, person, until, for_time;
    bool withdraw = false;
};

/// "90m", "4h", "3d", "2w".
std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    if (text.size() < 2) return std::nullopt;
    auto const count = parse_number<std::int64_t>(text.substr(0, text.size() - 1));
    if (!count || *count < 1 || *count > 100000) return std::nullopt;
    switch (text.back()) {
        case 'm': return std::chrono::minutes(*count);
        case 'h': return std::chrono::hours(*count);
        case 'd': return std::chrono::days(*count);
        case 'w': return std::chrono::weeks(*count);
        default: return std::nullopt;
    }
}

Result<std::string> end_of_snooze(Work const& work) {
    if (!work.for_time.empty()) {
        auto const time = parse_duration(work.for_time);
        if (!time) return fail(errors::gen::invalid_input, {{"field", "--for"}, {"detail", "a time as 90m, 4h, 3d or 2w is expected"}});
        return to_string(SystemClock().now() + *time);
    }
    // A day alone is its beginning.
    auto const whole = work.until.size() == 10 ? work.until + "T00:00:00Z" : work.until;
    auto const time = parse_utc_time(whole);
    if (!time)
        return fail(errors::gen::invalid_input,
                    {{"field", "--until"}, {"detail", "a day as 2026-12-24 or a time as 2026-12-24T08:00:00Z is expected"}});
    return to_string(*time);
}

/// The same change for each; those that refuse are named, the others are changed all the same.
Result<int> change(ApiClient& client, Output& output, Work const& work, json::object body) {
    if (!work.comment.empty()) body["comment"] = work.comment;
    json::array changed;
    Error refused(errors::gen::several_problems);
    for (auto id : work.tickets) {
        auto answer = client.send("PATCH", "tickets/" + std::to_string(id), body);
        if (!answer) {
            refused.because(std::move(answer).error());
            continue;
        }
        if (!output.json()) {
            auto const now = work_on(*answer);
            output.line("Ticket " + std::to_string(id) + " (" + text_of(*answer, "title") + ", " + system_of(*answer) +
                        "): " + text_of(*answer, "state") + (now.empty() ? "" : ", " + now));
        }
        changed.push_back(*std::move(answer));
    }
    output.value(json::object{{"tickets", std::move(changed)}});
    if (refused.causes().size() == 1) return fail(Error(refused.causes().front()));
    if (!refused.causes().empty()) return fail(std::move(refused));
    return k_holds;
}

using Body = Result<json::object> (*)(Work const&);

CLI::App* add_work(CLI::App& parent, Context& context, std::shared_ptr<Work> const& work, std::string name, std::string help, Body body) {
    auto* command = parent.add_subcommand(std::move(name), std::move(help));
    command->add_option("tickets", work->tickets, "Numbers of tickets")->required();
    command->callback([&context, work, body] {
        context.action = [&context, work, body](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto object, body(*work));
                return change(client, output, *work, std::move(object));
            });
        };
    });
    return command;
}

}  // namespace

void add_ticket_commands(CLI::App& app, Context& context) {
    auto* ticket = app.add_subcommand("ticket", "What is wrong, what to do, and who does it")->require_subcommand(1);
    auto filter = std::make_shared<Filter>();
    auto* listing = ticket->add_subcommand("list", "Tickets, newest first");
    listing->add_option("--state", filter->state, "open (not those that are snoozed), snoozed, active (both), closed or all")
        ->check(CLI::IsMember({"open", "snoozed", "active", "closed", "all"}))
        ->capture_default_str();
    add_filter(*listing, filter);
    listing->add_option("--limit", filter->limit, "How many at most")->check(CLI::Range(1, 1000000))->capture_default_str();
    listing->callback([&context, filter] {
        context.action = [&context, filter](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return list(client, output, *filter); });
        };
    });
    auto* counting = ticket->add_subcommand("counts", "How many tickets there are, by severity and type");
    add_filter(*counting, filter);
    counting->callback([&context, filter] {
        context.action = [&context, filter](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return counts(client, output, *filter); });
        };
    });
    auto id = std::make_shared<std::int64_t>(0);
    auto* showing = ticket->add_subcommand("show", "One ticket with its history");
    showing->add_option("ticket", *id, "Number of the ticket")->required();
    showing->callback([&context, id] {
        context.action = [&context, id](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return show(client, output, *id); });
        };
    });

    auto work = std::make_shared<Work>();
    auto with_comment = [&work](CLI::App* command) { command->add_option("--comment", work->comment, "Say why; it stays in the history"); };
    auto* acknowledging =
        add_work(*ticket, context, work, "acknowledge", "Say that you know of it",
                 [](Work const& asked) -> Result<json::object> { return json::object{{"acknowledged", !asked.withdraw}}; });
    acknowledging->add_flag("--withdraw", work->withdraw, "Take it back");
    with_comment(acknowledging);
    auto* assigning = add_work(*ticket, context, work, "assign", "Say who takes care of it",
                               [](Work const& asked) -> Result<json::object> { return json::object{{"assignee", asked.person}}; });
    auto* to = assigning->add_option("--to", work->person, "Who");
    assigning->add_flag_callback("--to-nobody", [work] { work->person.clear(); }, "Nobody")->excludes(to);
    with_comment(assigning);
    add_work(*ticket, context, work, "comment", "Add a line to its history",
             [](Work const&) -> Result<json::object> { return json::object(); })
        ->add_option("--text", work->comment, "The comment")
        ->required();
    auto* snoozing = add_work(*ticket, context, work, "snooze", "Out of sight until a time; then it comes back by itself",
                              [](Work const& asked) -> Result<json::object> {
                                  CS_TRY(auto end, end_of_snooze(asked));
                                  return json::object{{"snoozed_until", end}};
                              });
    auto* until = snoozing->add_option("--until", work->until, "A day as 2026-12-24, or a time as 2026-12-24T08:00:00Z");
    auto* duration = snoozing->add_option("--for", work->for_time, "A time from now: 90m, 4h, 3d, 2w")->excludes(until);
    snoozing->require_option(1, 0);
    (void)duration;
    with_comment(snoozing);
    with_comment(add_work(*ticket, context, work, "wake", "End its snooze now",
                          [](Work const&) -> Result<json::object> { return json::object{{"snoozed_until", nullptr}}; }));
    with_comment(add_work(*ticket, context, work, "close", "Close it; when its cause is seen again, it opens again",
                          [](Work const&) -> Result<json::object> { return json::object{{"state", "closed"}}; }));
    with_comment(add_work(*ticket, context, work, "reopen", "Open it again, and hold it open until a person closes it",
                          [](Work const&) -> Result<json::object> { return json::object{{"state", "open"}}; }));
}

}  // namespace countersign::workbench
