#include "base/text.hpp"
#include "family/family.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <memory>

namespace countersign::workbench {
namespace {

/// Each file by itself, and that no id is there already.
int check_families(std::vector<std::string> const& files, Output& output) {
    json::array out;
    bool good = true;
    auto const known = family::Families::load_embedded();
    std::vector<std::string> ids;
    for (auto const& file : files) {
        auto family = family::load_family(file);
        json::array problems;
        if (!family) {
            auto const& error = family.error();
            if (error.causes().empty()) problems.emplace_back(error.message());
            for (auto const& one : error.causes()) problems.emplace_back(one.message());
        } else {
            bool const taken = (known && known->get((*family)->id)) || std::ranges::find(ids, (*family)->id) != ids.end();
            if (taken)
                problems.emplace_back(file + ": there is a family " + (*family)->id +
                                      " already; the manager needs --families to replace all");
            ids.push_back((*family)->id);
        }
        good = good && problems.empty();
        if (!output.json() && problems.empty()) output.line(file + ": " + (*family)->name + " is right");
        for (auto const& one : problems)
            if (!output.json()) output.line(one.as_string());
        out.push_back(json::object{{"file", file}, {"right", problems.empty()}, {"problems", std::move(problems)}});
    }
    (void)output.value(json::object{{"files", std::move(out)}});
    return good ? k_holds : k_does_not_hold;
}

}  // namespace

void add_list_commands(CLI::App& app, Context& context) {
    app.add_subcommand("about", "The manager: its name, mode, jobs and roots")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto const answer, client.get("about"));
                if (output.value(answer)) return k_holds;
                auto const& jobs = answer.at("jobs");
                output.line(output.strong(text_of(answer, "host_name")) + " (" + text_of(answer, "product") + "), Secure-Only " +
                            text_of(answer, "secure_only"));
                output.line("Jobs: " + std::to_string(number_of(jobs, "queued")) + " queued, " +
                            std::to_string(number_of(jobs, "running")) + " running, " + std::to_string(number_of(jobs, "waiting")) +
                            " waiting, " + std::to_string(number_of(jobs, "failed")) + " failed");
                Table table{{"Root", "SHA-256", "Expires"}, {}};
                for (auto const& root : list_of(answer, "roots"))
                    table.rows.push_back({text_of(root, "subject"), text_of(root, "fingerprint"), expiry(text_of(root, "expires"))});
                output.table(table);
                return k_holds;
            });
        };
    });
    app.add_subcommand("health", "Can the manager serve the estate? Exit code 2: it cannot")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_CHECK(client.get("health/live"));
                CS_TRY(auto const answer, client.get("health/ready"));
                if (output.value(answer)) return k_holds;
                output.line("The manager is " + text_of(answer, "status"));
                for (auto const& check : list_of(answer, "checks")) output.line("  passed: " + text_of(check, "name"));
                return k_holds;
            });
        };
    });
    app.add_subcommand("metrics", "Numbers of the estate and of the manager, as Prometheus reads them")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto const text, client.get_file("metrics"));
                if (!output.value(json::object{{"metrics", text}}))
                    output.line(text.substr(0, text.size() - std::size_t{text.ends_with('\n')}));
                return k_holds;
            });
        };
    });
    auto* family = app.add_subcommand("family", "Product families")->require_subcommand(1);
    auto files = std::make_shared<std::vector<std::string>>();
    auto* check = family->add_subcommand("check", "Is a family file right? All problems, with their lines. Exit code 2: it is not");
    check->add_option("file", *files, "Family files (TOML)")->required();
    check->callback([&context, files] { context.action = [files](Output& output) { return check_families(*files, output); }; });
    family->add_subcommand("list", "Families that this program knows")->callback([&context] {
        context.action = [](Output& output) -> int {
            auto families = family::Families::load_embedded();
            if (!families) return output.error(families.error());
            json::array out;
            Table table{{"ID", "Name", "Vendor", "Secure-Only from"}, {}};
            for (auto const& one : families->all()) {
                out.push_back(json::object{
                    {"id", one->id}, {"name", one->name}, {"vendor", one->vendor}, {"minimum_secure_only", one->minimum_secure_only}});
                table.rows.push_back({one->id, one->name, one->vendor, one->minimum_secure_only});
            }
            if (!output.value(json::object{{"families", std::move(out)}})) output.table(table);
            return k_holds;
        };
    });
}

}  // namespace countersign::workbench
