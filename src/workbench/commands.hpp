#pragma once

/// Inside of the workbench: what every group of commands gets, and the groups.

#include "workbench/api_client.hpp"
#include "workbench/output.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace countersign::workbench {

/// Options that stand before or after every command, and the action that the chosen command left.
struct Context {
    bool json = false;
    std::string config;
    Connection overrides;  ///< --url, --address, --ca, --pin
    std::string token_file;
    std::function<int(Output&)> action;

    /// The connection of the file and the environment with the options on top.
    Result<Connection> connection() const;
    Result<std::unique_ptr<ApiClient>> open() const;
};

/// Runs `work` with an open client; prints the error of either.
int with_manager(Context const& context, Output& output, std::function<Result<int>(ApiClient&)> const& work);

/// The whole program: options, groups and commands. Completion and manual pages are made from it.
std::unique_ptr<CLI::App> make_application(Context& context);

/// Everything that needs no manager (workbench/certificates).
void add_certificate_commands(CLI::App& app, Context& context);
/// Looking at a live server.
void add_probe_command(CLI::App& app, Context& context);
void add_access_commands(CLI::App& app, Context& context);
void add_system_commands(CLI::App& app, Context& context);
void add_folder_commands(CLI::App& app, Context& context);
/// Lists of systems in and out, saved views, replaced units; after add_system_commands.
void add_estate_list_commands(CLI::App& app, Context& context);
/// What looks at a system found changed; after add_system_commands.
void add_history_command(CLI::App& app, Context& context);
void add_policy_commands(CLI::App& app, Context& context);
void add_campaign_commands(CLI::App& app, Context& context);
void add_job_commands(CLI::App& app, Context& context);
void add_ticket_commands(CLI::App& app, Context& context);
void add_notify_commands(CLI::App& app, Context& context);
/// The audit trail: reading, verifying, keeping.
void add_audit_commands(CLI::App& app, Context& context);
/// Accounts of people; after add_access_commands.
void add_account_commands(CLI::App& app, Context& context);
/// The estate at a glance, counts, the demonstration; after add_system_commands.
void add_overview_commands(CLI::App& app, Context& context);
void add_list_commands(CLI::App& app, Context& context);
/// The manager's own doors and readiness, and how systems are reached; after add_system_commands.
void add_network_commands(CLI::App& app, Context& context);
/// The certificate of the manager's HTTPS port, and the roots that the estate trusts.
void add_own_certificate_commands(CLI::App& app, Context& context);
/// The manager's own authority, and the replacement of its root.
void add_authority_commands(CLI::App& app, Context& context);
/// Every certificate that was issued or seen.
void add_inventory_commands(CLI::App& app, Context& context);
/// Requests to authorities that are asked by hand, and their answers.
void add_by_hand_commands(CLI::App& app, Context& context);
/// Scans, pre-registration, systems that wait.
void add_arrival_commands(CLI::App& app, Context& context);
void add_phonebook_commands(CLI::App& app, Context& context);
void add_explain_command(CLI::App& app, Context& context);
/// Shell completion and manual pages.
void add_help_commands(CLI::App& app, Context& context);

/// A name in a path of the API.
std::string path_part(std::string_view name);
/// Every page of a list: `list` is the array in each page, `cursor` the parameter that takes a page's `next`.
Result<json::array> all_of(ApiClient& client, std::string const& path, std::string_view list, std::string_view cursor = "after");
/// All pages of /systems.
Result<json::array> all_systems(ApiClient& client, std::string const& filter);
/// All pages of /folders.
Result<json::array> all_folders(ApiClient& client);
/// The number of a folder that is given as a number or a path. GEN-003.
Result<std::int64_t> folder_number(ApiClient& client, std::string const& folder);
/// "2027-11-21 (365 days)" or empty.
std::string expiry(std::string const& time);
/// The first line of standard input, or of a file; without its end of line.
Result<SecretText> read_secret_line(std::string const& file, std::string const& prompt);
/// Why a text that a person gave as a host name is surely none, in words for them: letters beyond ASCII (U-labels, RFC 5890), a URL, a
/// port, spaces. Nothing: it may be a name or an address.
std::optional<std::string> why_no_host_name(std::string_view text);
/// Systems whose plans are the same, shown together.
struct PlanGroup {
    std::vector<std::string> systems;
    std::string text;    ///< to show: with the system's own names while the group has one system
    std::string common;  ///< the same with "<its host name>" and "<its address>" instead
};
/// Adds a system and its plan, as the API gives them, to the group with the same steps, or begins one.
void add_to_groups(std::vector<PlanGroup>& groups, json::value const& system, json::value const& plan);
/// Which systems are meant: the options of `system list`, for every command that works on a selection.
struct Selection {
    std::map<std::string, std::string> fields;  ///< as the API names them
    bool descending = false;
};
void add_selection_options(CLI::App& command, Selection& selection);
/// --sort, --descending, --view
void add_list_options(CLI::App& command, Selection& selection);
/// "&folder=12&level=2": to be put behind other fields of a query.
std::string selection_query(Selection const& selection);
/// The rows of services and clients of an assessment.
void print_protocols(Output& output, json::value const& assessment);
/// The table of systems with their level and why, as `system list` prints it.
Result<void> print_systems(ApiClient& client, Output& output, json::array const& systems);

}  // namespace countersign::workbench
