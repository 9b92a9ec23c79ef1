#include "base/text.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct Watch {
    std::vector<std::string> systems;
    Selection selection;
    bool wait = false;
    int timeout = 600;
};

bool ended(std::string const& state) { return state == "succeeded" || state == "failed"; }

/// What the newest active job does, for the progress line.
Result<std::string> current_work(ApiClient& client) {
    CS_TRY(auto running, client.get("jobs?state=running&limit=1"));
    auto const& jobs = list_of(running, "jobs");
    if (jobs.empty()) return std::string();
    auto const& job = jobs.front();
    return "; system " + std::to_string(number_of(job, "system")) + " step " + std::to_string(number_of(job, "step")) + "/" +
           std::to_string(number_of(job, "steps")) + ": " + text_of(job, "progress");
}

/// Looks twice a second until every job has ended or the time is over; true when all succeeded.
Result<bool> wait_for(ApiClient& client, Output& output, std::vector<std::int64_t> jobs, int timeout) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(timeout);
    auto const total = jobs.size();
    std::size_t failed = 0;
    while (true) {
        std::vector<std::int64_t> open;
        std::size_t waiting = 0;
        for (auto id : jobs) {
            CS_TRY(auto job, client.get("jobs/" + std::to_string(id)));
            auto state = text_of(job, "state");
            if (state == "failed") ++failed;
            if (state == "waiting") ++waiting;
            if (!ended(state)) open.push_back(id);
        }
        jobs = std::move(open);
        CS_TRY(auto work, current_work(client));
        output.progress(std::to_string(total - jobs.size()) + " of " + std::to_string(total) + " done" +
                        (waiting ? ", " + std::to_string(waiting) + " will be tried again" : "") +
                        (failed ? ", " + std::to_string(failed) + " failed" : "") + work);
        bool const over = std::chrono::steady_clock::now() > deadline;
        if (jobs.empty() || over) {
            output.progress_done();
            return jobs.empty() && failed == 0;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

Result<int> enforce(ApiClient& client, Output& output, Watch const& watch) {
    json::object body;
    for (auto const& [field, value] : watch.selection.fields) {
        if (value.empty()) continue;
        auto const level = field == "level" ? parse_number<int>(value) : std::nullopt;
        body[field] = level ? json::value(*level) : json::value(value);
    }
    if (!watch.systems.empty()) {
        json::array ids;
        for (auto const& name : watch.systems) {
            CS_TRY(auto system, client.get("systems/" + path_part(name)));
            ids.push_back(number_of(system, "id"));
        }
        body["systems"] = std::move(ids);
    }
    if (body.empty()) body["all"] = true;
    CS_TRY(auto queued, client.send("POST", "enforce", body));
    std::vector<std::int64_t> jobs;
    for (auto const& id : list_of(queued, "jobs")) {
        if (id.is_int64()) jobs.push_back(id.get_int64());
    }
    if (!watch.wait) {
        if (!output.value(queued))
            output.line("Enforcement of " + counted(static_cast<std::int64_t>(jobs.size()), "system") +
                        " is queued. `countersign job list` shows it.");
        return k_holds;
    }
    CS_TRY(bool good, wait_for(client, output, jobs, watch.timeout));
    output.value(queued);
    return good ? k_holds : k_does_not_hold;
}

struct Listing {
    std::string state;
    std::string system;
    int limit = 1000;
    std::int64_t before = 0;
};

Result<int> list_jobs(ApiClient& client, Output& output, Listing const& wanted) {
    auto query = "jobs?limit=" + std::to_string(wanted.limit) + (wanted.state.empty() ? "" : "&state=" + wanted.state);
    if (!wanted.system.empty()) {
        CS_TRY(auto const system, client.get("systems/" + path_part(wanted.system)));
        query += "&system=" + std::to_string(number_of(system, "id"));
    }
    if (wanted.before > 0) query += "&before=" + std::to_string(wanted.before);
    CS_TRY(auto answer, client.get(query));
    if (output.value(answer)) return k_holds;
    Table table{{"ID", "Kind", "System", "State", "Step", "Attempt", "What"}, {}};
    for (auto const& job : list_of(answer, "jobs")) {
        auto what = text_of(job, "error_text").empty() ? text_of(job, "progress") : text_of(job, "error_text");
        table.rows.push_back({std::to_string(number_of(job, "id")), text_of(job, "kind"), std::to_string(number_of(job, "system")),
                              text_of(job, "state"), std::to_string(number_of(job, "step")) + "/" + std::to_string(number_of(job, "steps")),
                              std::to_string(number_of(job, "attempt")), what});
    }
    output.table(table);
    if (!answer.at("next").is_null())
        output.line("There are older ones: `countersign job list --before " + std::to_string(number_of(answer, "next")) + "`.");
    return k_holds;
}

/// Numbers of all jobs in this state.
Result<void> collect(ApiClient& client, std::string const& state, std::vector<std::int64_t>& jobs) {
    for (std::int64_t before = 0;;) {
        CS_TRY(auto const page,
               client.get("jobs?limit=1000&state=" + state + (before > 0 ? "&before=" + std::to_string(before) : std::string())));
        for (auto const& one : list_of(page, "jobs")) jobs.push_back(number_of(one, "id"));
        if (page.at("next").is_null()) return {};
        before = number_of(page, "next");
    }
}

}  // namespace

void add_job_commands(CLI::App& app, Context& context) {
    auto watch = std::make_shared<Watch>();
    auto* enforcing = app.add_subcommand("enforce", "Bring systems to what the policy says. Exit code 2 with --wait: not all got there");
    enforcing->add_option("systems", watch->systems, "Systems (default: the whole estate)");
    add_selection_options(*enforcing, watch->selection);
    enforcing->add_flag("--wait", watch->wait, "Show progress and wait for the end");
    enforcing->add_option("--timeout", watch->timeout, "Seconds to wait")->capture_default_str();
    enforcing->callback([&context, watch] {
        context.action = [&context, watch](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return enforce(client, output, *watch); });
        };
    });

    auto* job = app.add_subcommand("job", "Work of the manager")->require_subcommand(1);
    auto wanted = std::make_shared<Listing>();
    auto* listing = job->add_subcommand("list", "The newest jobs");
    listing->add_option("--state", wanted->state, "Only these")
        ->check(CLI::IsMember({"queued", "running", "waiting", "succeeded", "failed"}));
    listing->add_option("--system", wanted->system, "Only those of this system");
    listing->add_option("--limit", wanted->limit, "How many at most")->check(CLI::Range(1, 1000))->capture_default_str();
    listing->add_option("--before", wanted->before, "Only those with a smaller number");
    listing->callback([&context, wanted] {
        context.action = [&context, wanted](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return list_jobs(client, output, *wanted); });
        };
    });
    auto* waiting = job->add_subcommand("wait", "Wait until no job is queued or running");
    waiting->add_option("--timeout", watch->timeout, "Seconds to wait")->capture_default_str();
    waiting->callback([&context, watch] {
        context.action = [&context, watch](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                std::vector<std::int64_t> jobs;
                for (auto const* open : {"queued", "running", "waiting"}) CS_CHECK(collect(client, open, jobs));
                CS_TRY(bool good, wait_for(client, output, jobs, watch->timeout));
                return good ? k_holds : k_does_not_hold;
            });
        };
    });
}

}  // namespace countersign::workbench
