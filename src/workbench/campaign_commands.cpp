#include "base/text.hpp"
#include "workbench/campaign_text.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace countersign::workbench {
namespace {

struct Options {
    std::vector<std::string> systems, canaries, waves, windows;
    Selection selection;
    std::string name, goal, stop_on, confirm, start_at, digest, campaign;
    int canary_count = 0, at_once = 0, attempts = 0, trial_seconds = 0, timeout = 3600, wave = -1;
    bool all = false, summary = false, yes = false, wait = false, retry = false;
};

Result<json::array> numbers_of(ApiClient& client, std::vector<std::string> const& names) {
    json::array out;
    for (auto const& name : names) {
        CS_TRY(auto system, client.get("systems/" + path_part(name)));
        out.push_back(number_of(system, "id"));
    }
    return out;
}

json::array to_array(std::vector<std::string> const& texts) { return json::array(texts.begin(), texts.end()); }

Result<json::object> request_of(ApiClient& client, Options const& options) {
    json::object body;
    for (auto const& [field, value] : options.selection.fields) {
        if (value.empty()) continue;
        auto const level = field == "level" ? parse_number<int>(value) : std::nullopt;
        body[field] = level ? json::value(*level) : json::value(value);
    }
    if (!options.systems.empty()) {
        CS_TRY(body["systems"], numbers_of(client, options.systems));
    }
    if (!options.canaries.empty()) {
        CS_TRY(body["canaries"], numbers_of(client, options.canaries));
    }
    if (options.all) body["all"] = true;
    auto put = [&body](char const* field, std::string const& value) {
        if (!value.empty()) body[field] = value;
    };
    auto put_number = [&body](char const* field, int value) {
        if (value > 0) body[field] = value;
    };
    put("mode", options.goal);
    put("stop_on", options.stop_on);
    put("confirm", options.confirm);
    put("start_at", options.start_at);
    put_number("canary_count", options.canary_count);
    put_number("at_once", options.at_once);
    put_number("attempts", options.attempts);
    put_number("trial_seconds", options.trial_seconds);
    if (!options.waves.empty()) body["waves"] = to_array(options.waves);
    if (!options.windows.empty()) body["windows"] = to_array(options.windows);
    return body;
}

bool anything_blocked(json::value const& plan) {
    auto const* summary = plan.is_object() ? plan.get_object().if_contains("summary") : nullptr;
    return summary && !list_of(*summary, "blocked").empty();
}

Result<int> plan(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto body, request_of(client, options));
    CS_TRY(auto made, client.send("POST", "campaigns/plan", body));
    if (!output.value(made)) print_campaign_plan(output, made, options.summary);
    return anything_blocked(made) ? k_does_not_hold : k_holds;
}

/// True for "y" or "yes" at a terminal.
bool agrees(std::string const& question) {
    std::cerr << question << " [y/N] " << std::flush;
    std::string answer;
    return std::getline(std::cin, answer) && (iequals(answer, "y") || iequals(answer, "yes"));
}

bool at_terminal() { return isatty(STDIN_FILENO) == 1; }

Failure not_agreed(std::string_view option) {
    return fail(errors::gen::invalid_input, {{"field", option}, {"detail", "nobody is there to ask: say that you have seen it"}});
}

/// Ended, or nothing goes on without a person.
bool stands_still(json::value const& campaign) {
    auto const state = text_of(campaign, "state");
    bool const busy = in_states(campaign, {"started", "confirming", "rolling_back"}) > 0;
    if (state == "cancelled") return !busy && in_states(campaign, {"proven"}) == 0;
    if (state != "running") return !busy;
    return !campaign_advice(campaign).empty();
}

Result<int> watch(ApiClient& client, Output& output, Options const& options) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout);
    json::value campaign;
    while (true) {
        CS_TRY(campaign, client.get("campaigns/" + path_part(options.campaign)));
        output.progress(campaign_line(campaign));
        if (stands_still(campaign) || std::chrono::steady_clock::now() > deadline) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));  // between two looks
    }
    output.progress_done();
    if (!output.value(campaign)) {
        output.line(campaign_line(campaign));
        if (auto advice = campaign_advice(campaign); !advice.empty()) output.line(advice);
    }
    bool const good =
        text_of(campaign, "state") == "done" && in_states(campaign, {"failed", "undone", "rollback_failed", "below_goal"}) == 0;
    return good ? k_holds : k_does_not_hold;
}

Result<int> start(ApiClient& client, Output& output, Options options) {
    CS_TRY(auto body, request_of(client, options));
    if (options.digest.empty()) {
        CS_TRY(auto made, client.send("POST", "campaigns/plan", body));
        if (!output.json()) print_campaign_plan(output, made, options.summary);
        if (!options.yes) {
            if (!at_terminal()) return not_agreed("--digest or --yes");
            if (!agrees("Start the campaign?")) return k_does_not_hold;
        }
        options.digest = text_of(made, "digest");
    }
    body["name"] = options.name;
    body["digest"] = options.digest;
    CS_TRY(auto campaign, client.send("POST", "campaigns", body));
    options.campaign = std::to_string(number_of(campaign, "id"));
    if (options.wait) return watch(client, output, options);
    if (output.value(campaign)) return k_holds;
    output.line("Campaign " + options.campaign + " is started. See it with: countersign campaign watch " + options.campaign);
    return k_holds;
}

Result<int> list(ApiClient& client, Output& output, Options const&) {
    CS_TRY(auto const campaigns, all_of(client, "campaigns", "campaigns", "before"));
    if (output.value(json::object{{"campaigns", campaigns}})) return k_holds;
    Table table{{"ID", "Campaign", "Systems", "Started", "State"}, {}};
    for (auto const& campaign : campaigns)
        table.rows.push_back({std::to_string(number_of(campaign, "id")), text_of(campaign, "name"),
                              std::to_string(number_of(campaign, "systems")), text_of(campaign, "created"), campaign_line(campaign)});
    output.table(table);
    return k_holds;
}

Result<int> show(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto campaign, client.get("campaigns/" + path_part(options.campaign)));
    CS_TRY(auto systems, all_of(client, "campaigns/" + path_part(options.campaign) + "/systems", "systems"));
    if (output.json()) {
        campaign.as_object()["members"] = std::move(systems);
        output.value(campaign);
        return k_holds;
    }
    print_campaign(output, campaign);
    output.line("");
    Table table{{"System", "Family", "Wave", "State", "Level", "What"}, {}};
    for (auto const& system : systems) {
        auto what = text_of(system, "error_text").empty() ? text_of(system, "note") : text_of(system, "error_text");
        auto const wave = number_of(system, "wave");
        table.rows.push_back({text_of(system, "name"), text_of(system, "family"), wave == 0 ? "canary" : std::to_string(wave),
                              text_of(system, "state"), output.level(static_cast<int>(number_of(system, "level"))), what});
    }
    output.table(table);
    return k_holds;
}

Result<int> report(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto made, client.get("campaigns/" + path_part(options.campaign) + "/report"));
    if (!output.value(made)) print_campaign_report(output, made);
    return k_holds;
}

Result<int> change(ApiClient& client, Output& output, Options const& options, std::string const& what, json::object const& body) {
    CS_TRY(auto campaign, client.send("POST", "campaigns/" + path_part(options.campaign) + "/" + what, body));
    if (!output.value(campaign)) output.line("Campaign " + options.campaign + " is " + campaign_line(campaign) + ".");
    return k_holds;
}

Result<int> confirm(ApiClient& client, Output& output, Options const& options) {
    json::object body;
    if (options.wave >= 0) body["wave"] = options.wave;
    CS_TRY(auto done, client.send("POST", "campaigns/" + path_part(options.campaign) + "/confirm", body));
    if (options.wait) return watch(client, output, options);
    if (!output.value(done)) output.line("Being confirmed: " + counted(number_of(done, "systems"), "system") + ".");
    return k_holds;
}

Result<int> roll_back(ApiClient& client, Output& output, Options const& options) {
    auto const path = "campaigns/" + path_part(options.campaign) + "/rollback";
    CS_TRY(auto outlook, client.get(path + "?wave=" + std::to_string(options.wave)));
    if (!output.json()) print_roll_back(output, outlook);
    if (!options.yes) {
        if (!at_terminal()) return not_agreed("--yes");
        if (!agrees("Roll back?")) return k_does_not_hold;
    }
    CS_TRY(auto done, client.send("POST", path, {{"wave", options.wave}}));
    if (options.wait) return watch(client, output, options);
    if (!output.value(done)) output.line("Being taken back: " + counted(number_of(done, "systems"), "system") + ".");
    return k_holds;
}

using Work = std::function<Result<int>(ApiClient&, Output&, Options const&)>;

void add_settings(CLI::App& command, Options& options) {
    command.add_option("systems", options.systems, "Systems; or select them with the options below");
    add_selection_options(command, options.selection);
    command.add_flag("--all", options.all, "The whole estate");
    command.add_option("--goal", options.goal, "Secure-Only mode to take them to (default: the policy's)")
        ->check(CLI::IsMember({"off", "on", "verify"}));
    command.add_option("--canary", options.canaries, "Systems that go first; a failure of one pauses the campaign");
    command.add_option("--canaries", options.canary_count, "So many canaries, and at least one of each family")->check(CLI::Range(1, 1000));
    command.add_option("--wave-size", options.waves, "Sizes of the waves, such as 10 or 25%; the last one repeats (default: 5% 25% 100%)");
    command.add_option("--stop-on", options.stop_on, "Pause at so many failures, such as 3 or 5% (default: 5%)");
    command.add_option("--at-once", options.at_once, "Systems under way together (default: 50)")->check(CLI::Range(1, 1000));
    command.add_option("--attempts", options.attempts, "Tries before a system counts as failed (default: 3)")->check(CLI::Range(1, 20));
    command
        .add_option("--confirm", options.confirm,
                    "What makes changes stay: hand (a person, wave by wave; default), wave (a proven wave), each (a proven system)")
        ->check(CLI::IsMember({"hand", "wave", "each"}));
    command
        .add_option("--trial-seconds", options.trial_seconds, "How long systems wait for confirmation before they go back (default: 3600)")
        ->check(CLI::Range(60, 3600));
    command.add_option("--window", options.windows, "When systems may be started, such as \"mon-fri 22:00-05:00 Europe/Berlin\"");
    command.add_option("--start-at", options.start_at, "Not before this time, such as 2026-12-01T22:00:00+01:00");
    command.add_flag("--summary", options.summary, "The summary only, not the steps");
}

}  // namespace

void add_campaign_commands(CLI::App& app, Context& context) {
    auto* campaign = app.add_subcommand("campaign", "Take many systems to a goal, in waves and reversibly")->require_subcommand(1);
    auto options = std::make_shared<Options>();
    auto command = [&](std::string name, std::string help, Work work) {
        auto* sub = campaign->add_subcommand(std::move(name), std::move(help));
        sub->callback([&context, options, work = std::move(work)] {
            context.action = [&context, options, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output, *options); });
            };
        });
        return sub;
    };
    auto command_on = [&](std::string name, std::string help, Work work) {
        auto* sub = command(std::move(name), std::move(help), std::move(work));
        sub->add_option("campaign", options->campaign, "Number of the campaign")->required();
        return sub;
    };
    auto add_wait = [&](CLI::App* sub) {
        sub->add_flag("--wait", options->wait, "Show progress until it ends or needs a person. Exit code 2: not all got there");
        sub->add_option("--timeout", options->timeout, "Seconds to wait")->capture_default_str();
    };
    add_settings(*command("plan", "What a campaign would do; changes nothing. Exit code 2: something is in the way", plan), *options);
    auto* starting = command("start", "Plan, show the plan, and start it", start);
    add_settings(*starting, *options);
    starting->add_option("--name", options->name, "Name of the campaign")->required();
    starting->add_option("--digest", options->digest, "Start only if the plan is the one with this digest");
    starting->add_flag("--yes", options->yes, "Start without asking");
    add_wait(starting);
    command("list", "All campaigns, newest first", list);
    command_on("show", "One campaign with all its systems", show);
    command_on("report", "What became of it, and what to do where it failed", report);
    command_on("watch", "Progress until it ends or needs a person. Exit code 2: not all got there", watch)
        ->add_option("--timeout", options->timeout, "Seconds to wait")
        ->capture_default_str();
    command_on("pause", "Start no more systems; those under way come to their end",
               [](ApiClient& client, Output& output, Options const& given) { return change(client, output, given, "pause", {}); });
    command_on("resume", "Go on; the failures so far count no more", [](ApiClient& client, Output& output, Options const& given) {
        return change(client, output, given, "resume", {{"retry", given.retry}});
    })->add_flag("--retry", options->retry, "Also try again what failed or went back by itself");
    command_on("cancel", "End it: what is on trial goes back, what is confirmed stays",
               [](ApiClient& client, Output& output, Options const& given) { return change(client, output, given, "cancel", {}); });
    auto* confirming = command_on("confirm", "What was proven stays", confirm);
    confirming->add_option("--wave", options->wave, "This wave only; 0: the canaries")->check(CLI::Range(0, 100000));
    add_wait(confirming);
    auto* back = command_on("rollback", "Show what goes back and what cannot, then take a wave back", roll_back);
    back->add_option("--wave", options->wave, "The wave; 0: the canaries")->required()->check(CLI::Range(0, 100000));
    back->add_flag("--yes", options->yes, "Without asking");
    add_wait(back);
}

}  // namespace countersign::workbench
