#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/renewal_windows.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

using Work = std::function<Result<int>(ApiClient&, Output&)>;

void run_with(CLI::App& command, Context& context, Work work) {
    command.callback([&context, work = std::move(work)] {
        context.action = [&context, work](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return work(client, output); });
        };
    });
}

// --- lists in and out ---

struct ImportChoice {
    std::string file, folder;
    bool dry_run = false, partial = false, make_folders = false;
};

Result<int> import_list(ApiClient& client, Output& output, ImportChoice const& choice) {
    constexpr std::size_t k_largest = 32UL * 1024 * 1024;
    CS_TRY(auto text, host::read_file(choice.file, k_largest));
    std::string query = "?folder=" + path_part(choice.folder);
    if (choice.dry_run) query += "&dry_run=yes";
    if (choice.partial) query += "&partial=yes";
    if (choice.make_folders) query += "&make_folders=yes";
    CS_TRY(auto result, client.send_file("import/systems" + query, "text/csv; charset=utf-8", std::move(text)));
    auto const& problems = list_of(result, "problems");
    auto const exit_code = problems.empty() ? k_holds : k_does_not_hold;
    if (output.value(result)) return exit_code;
    for (auto const& problem : problems) output.line(text_of(problem, "detail"));
    if (auto more = number_of(result, "more_problems"); more > 0) output.line("... and " + std::to_string(more) + " more problems.");
    auto const added = list_of(result, "added").size();
    if (choice.dry_run)
        output.line("Would add " + std::to_string(number_of(result, "would_add")) + " of " + counted(number_of(result, "lines"), "system") +
                    ".");
    else
        output.line("Added " + std::to_string(added) + " of " + counted(number_of(result, "lines"), "system") + ".");
    return exit_code;
}

struct ExportChoice {
    Selection selection;
    std::string format = "csv", columns, file;
};

Result<int> export_list(ApiClient& client, Output& output, ExportChoice const& choice) {
    auto const path =
        "export/systems?format=" + choice.format + "&columns=" + path_part(choice.columns) + selection_query(choice.selection);
    CS_TRY(auto text, client.get_file(path));
    if (choice.file.empty()) {
        output.line(text.ends_with("\r\n") ? std::string_view(text).substr(0, text.size() - 1) : std::string_view(text));
        return k_holds;
    }
    CS_CHECK(host::write_file(choice.file, text, host::Privacy::owner_only));
    if (!output.json()) output.line("Wrote " + choice.file + ".");
    return k_holds;
}

// --- views ---

Result<int> list_views(ApiClient& client, Output& output) {
    CS_TRY(auto answer, client.get("views"));
    if (output.value(answer)) return k_holds;
    Table table{{"View", "Fields"}, {}};
    for (auto const& view : list_of(answer, "views")) {
        std::string fields;
        auto const* object = view.is_object() ? view.get_object().if_contains("fields") : nullptr;
        if (object && object->is_object())
            for (auto const& [field, text] : object->get_object())
                fields += (fields.empty() ? "" : "  ") + std::string(field) + "=" + text_of(*object, field);
        table.rows.push_back({text_of(view, "name"), fields});
    }
    output.table(table);
    return k_holds;
}

Result<int> save_view(ApiClient& client, Output& output, std::string const& name, Selection const& selection, std::string const& columns) {
    json::object body{{"name", name}};
    for (auto const& [field, text] : selection.fields)
        if (!text.empty() && field != "view") body[field] = (field == "sort" && selection.descending ? "-" : "") + text;
    if (!columns.empty()) body["columns"] = columns;
    CS_TRY(auto saved, client.send("POST", "views", body));
    if (!output.value(saved)) output.line("Saved. Use it: countersign system list --view " + name);
    return k_holds;
}

// --- exceptions and connection settings of folders ---

struct ExceptionChoice {
    std::string folder, mode, service, reason, owner, until;
    std::int64_t id = 0;
};

Result<int> add_exception(ApiClient& client, Output& output, ExceptionChoice const& choice) {
    CS_TRY(auto folder, folder_number(client, choice.folder));
    json::object body{{"reason", choice.reason}, {"owner", choice.owner}, {"ends", choice.until}};
    if (!choice.mode.empty()) body["mode"] = choice.mode;
    if (!choice.service.empty()) body["service"] = choice.service;
    CS_TRY(auto made, client.send("POST", "folders/" + std::to_string(folder) + "/exceptions", body));
    if (!output.value(made))
        output.line("Exception " + std::to_string(number_of(made, "id")) + " of " + text_of(made, "folder_path") + " counts until " +
                    text_of(made, "ends") + ".");
    return k_holds;
}

Result<int> list_exceptions(ApiClient& client, Output& output, ExceptionChoice const& choice) {
    CS_TRY(auto answer, client.get("exceptions?folder=" + path_part(choice.folder)));
    if (output.value(answer)) return k_holds;
    Table table{{"ID", "Folder", "Exception", "Until", "Counts", "Owner", "Reason"}, {}};
    for (auto const& one : list_of(answer, "exceptions"))
        table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "folder_path"),
                              (text_of(one, "kind") == "mode" ? "Secure-Only " : "keeps ") + text_of(one, "value"), text_of(one, "ends"),
                              flag_of(one, "counts") ? "yes" : "no", text_of(one, "owner"), text_of(one, "reason")});
    output.table(table);
    return k_holds;
}

/// "": as the folder above says.
std::string renewals_of(json::value const& defaults) {
    auto const* windows = defaults.as_object().if_contains("renewal_windows");
    if (windows == nullptr || !windows->is_array()) return {};
    std::string out;
    for (auto const& one : windows->get_array())
        if (one.is_string()) out += (out.empty() ? "" : ", ") + std::string(one.get_string());
    return out.empty() ? "at any time" : out;
}

void print_defaults(Output& output, json::value const& answer) {
    Table table{{"", "Track by", "User", "Credentials", "Renewals", "Issuer", "Identities"}, {}};
    for (auto const* which : {"own", "effective"}) {
        auto const* found = answer.is_object() ? answer.get_object().if_contains(which) : nullptr;
        if (!found) continue;
        std::string credentials;
        for (auto const& one : list_of(*found, "credentials")) {
            auto user = text_of(one, "user");
            credentials += (credentials.empty() ? "" : ", ") + (user.empty() ? std::string("(the system's user)") : user);
        }
        table.rows.push_back({std::string(which) == "own" ? "of this folder" : "with those above", text_of(*found, "track_by"),
                              text_of(*found, "user"), credentials, renewals_of(*found), text_of(*found, "issuer"),
                              text_of(*found, "identities")});
    }
    output.table(table);
}

struct DefaultsChoice {
    std::string folder, track_by, user, issuer, identities;
    std::vector<std::string> credentials, renewal_windows;
    bool clear_credentials = false;
};

/// "USER:FILE" or "FILE": the password is the file's first line.
Result<json::array> read_credentials(std::vector<std::string> const& given) {
    json::array out;
    for (auto const& one : given) {
        auto const colon = one.find(':');
        auto const user = colon == std::string::npos ? std::string() : one.substr(0, colon);
        CS_TRY(auto password, read_secret_line(colon == std::string::npos ? one : one.substr(colon + 1), "Password"));
        out.push_back(json::object{{"user", user}, {"password", password.reveal()}});
    }
    return out;
}

Result<int> set_defaults(ApiClient& client, Output& output, DefaultsChoice const& choice) {
    CS_TRY(auto folder, folder_number(client, choice.folder));
    json::object body;
    auto put = [&body](char const* field, std::string const& text) {
        if (text == "none")
            body[field] = nullptr;
        else if (!text.empty())
            body[field] = text;
    };
    put("track_by", choice.track_by);
    put("user", choice.user);
    put("issuer", choice.issuer);
    put("identities", choice.identities);
    if (choice.renewal_windows == std::vector<std::string>{"none"})
        body["renewal_windows"] = nullptr;
    else if (!choice.renewal_windows.empty())
        body["renewal_windows"] = renewal_windows_of(choice.renewal_windows);
    if (!choice.credentials.empty()) {
        CS_TRY(auto credentials, read_credentials(choice.credentials));
        body["credentials"] = std::move(credentials);
    } else if (choice.clear_credentials) {
        body["credentials"] = nullptr;
    }
    CS_TRY(auto answer, client.send("PATCH", "folders/" + std::to_string(folder) + "/defaults", body));
    if (!output.value(answer)) print_defaults(output, answer);
    return k_holds;
}

// --- replaced units ---

struct UnitChoice {
    std::string system, serial_number, mac_address;
};

Result<int> accept_replacement(ApiClient& client, Output& output, UnitChoice const& choice) {
    json::object body;
    if (!choice.serial_number.empty()) body["serial_number"] = choice.serial_number;
    if (!choice.mac_address.empty()) body["mac_address"] = choice.mac_address;
    CS_TRY(auto accepted, client.send("POST", "systems/" + path_part(choice.system) + "/replacement/accept", body));
    if (!output.value(accepted))
        output.line(text_of(accepted, "name") + " is the unit with serial number " + text_of(accepted, "serial_number") +
                    " from now on; enforcement is queued.");
    return k_holds;
}

Result<int> show_replacement(ApiClient& client, Output& output, std::string const& system) {
    CS_TRY(auto answer, client.get("systems/" + path_part(system) + "/replacement"));
    if (output.value(answer)) return k_holds;
    auto const* seen = answer.is_object() ? answer.get_object().if_contains("replacement") : nullptr;
    if (!seen || seen->is_null()) {
        output.line("No other unit was seen in its place.");
        return k_holds;
    }
    output.line(text_of(*seen, "evidence") + ". Seen first at " + text_of(*seen, "seen") + ".");
    if (auto print = text_of(*seen, "certificate_fingerprint"); !print.empty())
        output.line("It shows the certificate with SHA-256 " + print);
    return k_does_not_hold;
}

/// The mode and what departs from the estate's policy.
Result<int> show_policy(ApiClient& client, Output& output, std::string const& system) {
    CS_TRY(auto policy, client.get("systems/" + path_part(system) + "/policy"));
    if (output.value(policy)) return k_holds;
    output.line("Secure-Only is " + text_of(policy, "secure_only") + " for " + system + ".");
    for (auto const& one : list_of(policy, "exceptions"))
        output.line("- Exception " + std::to_string(number_of(one, "id")) + " of " + text_of(one, "folder_path") + " until " +
                    text_of(one, "ends") + ": " + text_of(one, "kind") + " " + text_of(one, "value") + " (" + text_of(one, "owner") + ": " +
                    text_of(one, "reason") + ")");
    return k_holds;
}

void add_system_lists(CLI::App& system, Context& context) {
    auto import = std::make_shared<ImportChoice>();
    auto* importing = system.add_subcommand("import", "Add systems by list (CSV). Exit code 2: the list has problems");
    importing->add_option("file", import->file, "The list; its first line names the columns")->required();
    importing->add_option("--folder", import->folder, "Folder of lines that name none: path");
    importing->add_flag("--dry-run", import->dry_run, "Check everything, add nothing");
    importing->add_flag("--partial", import->partial, "Add the lines that are right, although others are wrong");
    importing->add_flag("--make-folders", import->make_folders, "Make folders that do not exist");
    run_with(*importing, context, [import](ApiClient& client, Output& output) { return import_list(client, output, *import); });

    auto exported = std::make_shared<ExportChoice>();
    auto* exporting = system.add_subcommand("export", "Systems as CSV or JSON");
    add_selection_options(*exporting, exported->selection);
    add_list_options(*exporting, exported->selection);
    exporting->add_option("--format", exported->format, "csv or json")->check(CLI::IsMember({"csv", "json"}))->capture_default_str();
    exporting->add_option("--columns", exported->columns, "Names with commas between (default: all)");
    exporting->add_option("--out", exported->file, "File (default: standard output)");
    run_with(*exporting, context, [exported](ApiClient& client, Output& output) { return export_list(client, output, *exported); });

    auto name = std::make_shared<std::string>();
    constexpr auto k_which = "Number, name, host name, address or serial number";
    auto* accepting = system.add_subcommand("accept-replacement", "The unit that answers in place of the system is the system from now on");
    auto unit = std::make_shared<UnitChoice>();
    accepting->add_option("system", unit->system, k_which)->required();
    accepting->add_option("--serial", unit->serial_number, "Serial number of the new unit, when the manager has not seen it yet");
    accepting->add_option("--mac", unit->mac_address, "Its MAC address");
    run_with(*accepting, context, [unit](ApiClient& client, Output& output) { return accept_replacement(client, output, *unit); });
    auto* policy = system.add_subcommand("policy", "The policy of one system: the estate's with the exceptions of its folder");
    policy->add_option("system", *name, k_which)->required();
    run_with(*policy, context, [name](ApiClient& client, Output& output) { return show_policy(client, output, *name); });
    auto* showing = system.add_subcommand("replacement", "Whether another unit answers in its place. Exit code 2: one does");
    showing->add_option("system", *name, k_which)->required();
    run_with(*showing, context, [name](ApiClient& client, Output& output) { return show_replacement(client, output, *name); });
}

void add_view_commands(CLI::App& app, Context& context) {
    auto* view = app.add_subcommand("view", "Saved views: named selection, order and columns")->require_subcommand(1);
    run_with(*view->add_subcommand("list", "All of this account"), context, list_views);
    auto name = std::make_shared<std::string>();
    auto columns = std::make_shared<std::string>();
    auto selection = std::make_shared<Selection>();
    auto* saving = view->add_subcommand("save", "Save or replace one");
    saving->add_option("name", *name, "Its name")->required();
    add_selection_options(*saving, *selection);
    saving->add_option("--sort", selection->fields["sort"], "Column to sort by");
    saving->add_flag("--descending", selection->descending, "The other way round");
    saving->add_option("--columns", *columns, "Columns of exports, with commas between");
    run_with(*saving, context, [=](ApiClient& client, Output& output) { return save_view(client, output, *name, *selection, *columns); });
    auto* removing = view->add_subcommand("remove", "Remove one");
    removing->add_option("name", *name, "Its name")->required();
    run_with(*removing, context, [name](ApiClient& client, Output& output) -> Result<int> {
        CS_CHECK(client.send("DELETE", "views/" + path_part(*name)));
        if (!output.json()) output.line("Removed " + *name + ".");
        return k_holds;
    });
}

void add_folder_policy_commands(CLI::App& folder, Context& context) {
    auto choice = std::make_shared<ExceptionChoice>();
    auto* exception = folder.add_subcommand("exception", "Exceptions of folders from the policy")->require_subcommand(1);
    auto* adding = exception->add_subcommand("add", "Another mode, or a service that is left open, until a day");
    adding->add_option("folder", choice->folder, "Path or number; those below it, too")->required();
    auto* mode = adding->add_option("--mode", choice->mode, "Secure-Only mode")->check(CLI::IsMember({"off", "on", "verify"}));
    adding->add_option("--keep-service", choice->service, "ssh, telnet, ftp, snmp, http ...")->excludes(mode);
    adding->add_option("--reason", choice->reason, "Why")->required();
    adding->add_option("--owner", choice->owner, "Who answers for it")->required();
    adding->add_option("--until", choice->until, "Day (2027-01-31) or time; from then on it does not count")->required();
    run_with(*adding, context, [choice](ApiClient& client, Output& output) { return add_exception(client, output, *choice); });
    auto* listing = exception->add_subcommand("list", "All, or those of one folder; ended ones, too");
    listing->add_option("folder", choice->folder, "Path or number");
    run_with(*listing, context, [choice](ApiClient& client, Output& output) { return list_exceptions(client, output, *choice); });
    auto* ending = exception->add_subcommand("remove", "End one now; the folder's systems are enforced");
    ending->add_option("id", choice->id, "Number of the exception")->required();
    run_with(*ending, context, [choice](ApiClient& client, Output& output) -> Result<int> {
        CS_CHECK(client.send("DELETE", "exceptions/" + std::to_string(choice->id)));
        if (!output.json()) output.line("Ended.");
        return k_holds;
    });

    auto settings = std::make_shared<DefaultsChoice>();
    auto* defaults =
        folder.add_subcommand("defaults", "Connection settings that are tried with new systems of a folder")->require_subcommand(1);
    auto* showing = defaults->add_subcommand("show", "Those of the folder, and with those of the folders above");
    showing->add_option("folder", settings->folder, "Path or number")->required();
    run_with(*showing, context, [settings](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto folder, folder_number(client, settings->folder));
        CS_TRY(auto answer, client.get("folders/" + std::to_string(folder) + "/defaults"));
        if (!output.value(answer)) print_defaults(output, answer);
        return k_holds;
    });
    auto* setting = defaults->add_subcommand("set", "Change them; what is not named stays");
    setting->add_option("folder", settings->folder, "Path or number")->required();
    setting->add_option("--track-by", settings->track_by, "address, host_name, mac or none")
        ->check(CLI::IsMember({"address", "host_name", "mac", "none"}));
    setting->add_option("--user", settings->user, "User of systems that are added without one; none: as the folder above says");
    setting
        ->add_option("--issuer", settings->issuer,
                     "Who issues certificates of its systems. internal: the manager's own authority; by_hand: an authority that people ask "
                     "(countersign by-hand); none: as the folder above says")
        ->check(CLI::IsMember({"internal", "by_hand", "none"}));
    auto* credentials =
        setting->add_option("--credential", settings->credentials,
                            "USER:FILE or FILE with a password; several are tried in this order (at most 5), and replace those before");
    setting->add_flag("--no-credentials", settings->clear_credentials, "Forget the folder's own")->excludes(credentials);
    setting->add_option(
        "--renewal-window", settings->renewal_windows,
        "When certificates of its systems are renewed by themselves, as \"daily 22:00-05:00 Europe/Berlin\"; several times; any: at "
        "any time; none: as the folder above says");
    setting->add_option("--identities", settings->identities, "Certificates of its systems: one, two, or none: as the folder above says")
        ->check(CLI::IsMember({"one", "two", "none"}));
    run_with(*setting, context, [settings](ApiClient& client, Output& output) { return set_defaults(client, output, *settings); });
}

}  // namespace

void add_estate_list_commands(CLI::App& app, Context& context) {
    add_system_lists(*app.get_subcommand("system"), context);
    add_view_commands(app, context);
    add_folder_policy_commands(*app.get_subcommand("folder"), context);
}

}  // namespace countersign::workbench
