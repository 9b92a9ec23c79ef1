#include "base/text.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct AddOptions {
    std::string name, host_name, address, family, user, password_file, folder, track_by, serial, mac, connectivity;
    std::vector<std::string> pins, persistent;
    int https_port = 0;
    /// Field of the API to the option that says it: what is given counts, be it empty.
    std::map<std::string, CLI::Option*> given;

    [[nodiscard]] bool says(std::string const& field) const {
        auto const place = given.find(field);
        return place != given.end() && place->second->count() > 0;
    }
};

/// One "" stands for no entry at all.
json::array entries(std::vector<std::string> const& texts) {
    json::array out;
    for (auto const& text : texts)
        if (!text.empty()) out.emplace_back(text);
    return out;
}

/// What adding and changing a system take alike; `empty` says what an empty text means there.
void add_connection_options(CLI::App& command, AddOptions& options, std::string const& empty) {
    auto option = [&](std::string const& field, std::string name, auto& value, std::string const& help) {
        return options.given[field] = command.add_option(std::move(name), value, help);
    };
    option("address", "--ip", options.address, "IP address, when there is no host name, or DNS does not know it" + empty);
    option("name", "--name", options.name, "Name for people (default: the first label of the host name)");
    option("user", "--user", options.user, "User to log in with (default: the family's)");
    option("password", "--password-file", options.password_file, "File with the password (default: the factory password)");
    option("pins", "--system-pin", options.pins, "SHA-256 fingerprint that you compared at the system; may be repeated" + empty);
    option("track_by", "--track-by", options.track_by,
           "address, host_name, or mac: at its address, until it calls from another one and proves there that it is the same unit")
        ->check(CLI::IsMember({"address", "host_name", "mac"}));
    option("https_port", "--https-port", options.https_port, "TCP port of its HTTPS; 0: that of its family")->check(CLI::Range(0, 65535));
}

Result<void> put_connection(json::object& body, AddOptions const& options) {
    for (auto const& [field, text] :
         {std::pair("name", &options.name), std::pair("host_name", &options.host_name), std::pair("address", &options.address),
          std::pair("user", &options.user), std::pair("track_by", &options.track_by)})
        if (options.says(field)) body[field] = *text;
    if (options.says("pins")) body["pins"] = entries(options.pins);
    if (options.says("https_port")) body["https_port"] = options.https_port;
    if (options.password_file.empty()) return {};
    CS_TRY(auto password, read_secret_line(options.password_file, "Password of the system"));
    body["password"] = password.reveal();
    return {};
}

std::string where_of(json::value const& system) {
    auto host = text_of(system, "host_name");
    auto address = text_of(system, "address");
    return text_of(system, "track_by") == "host_name" || address.empty() ? host : address;
}

/// The one row that holds the level down, in words.
std::string why_of(json::value const& assessment) { return text_of(assessment, "why"); }

Result<int> add(ApiClient& client, Output& output, AddOptions const& options) {
    // People type an address where a name is asked for.
    bool const only_address = options.address.empty() && is_ip_address(options.host_name);
    json::object body;
    CS_CHECK(put_connection(body, options));
    body["host_name"] = only_address ? std::string() : options.host_name;
    body["address"] = only_address ? options.host_name : options.address;
    body["family"] = options.family;
    if (!options.serial.empty()) body["serial_number"] = options.serial;
    if (!options.mac.empty()) body["mac_address"] = options.mac;
    if (!options.connectivity.empty()) body["connectivity"] = options.connectivity;
    if (!options.persistent.empty()) body["persistent"] = entries(options.persistent);
    if (!options.folder.empty()) {
        CS_TRY(auto folder, folder_number(client, options.folder));
        body["folder"] = folder;
    }
    CS_TRY(auto system, client.send("POST", "systems", body));
    if (!output.value(system))
        output.line("Added " + text_of(system, "name") + " as system " + std::to_string(number_of(system, "id")) + ".");
    return k_holds;
}

}  // namespace

void print_protocols(Output& output, json::value const& assessment) {
    Table protocols{{"Service or client", "State", "Level", "Evidence", "To raise it"}, {}};
    for (auto const& row : list_of(assessment, "protocols")) {
        bool const open = flag_of(row, "open");
        auto state = std::string(flag_of(row, "client") ? (open ? "used" : "not used") : (open ? "open" : "closed"));
        protocols.rows.push_back({text_of(row, "name"), state, open ? output.level(static_cast<int>(number_of(row, "level"))) : "",
                                  text_of(row, "evidence"), text_of(row, "raise_by")});
    }
    output.table(protocols);
}

namespace {

void print_assessment(Output& output, json::value const& assessment) {
    print_protocols(output, assessment);
    output.line("");
    Table readiness{{"Ready", "What is needed", "Evidence"}, {}};
    for (auto const& item : list_of(assessment, "readiness")) {
        readiness.rows.push_back({text_of(item, "state"), text_of(item, "text"), text_of(item, "evidence")});
    }
    output.table(readiness);
    for (auto const& finding : list_of(assessment, "findings")) {
        if (finding.is_string()) output.line("- " + printable(finding.get_string()));
    }
}

void print_assessment_head(Output& output, json::value const& assessment) {
    output.line("Level " + output.level(static_cast<int>(number_of(assessment, "level"))) + ": " + why_of(assessment));
}

Result<int> show(ApiClient& client, Output& output, std::string const& name) {
    CS_TRY(auto system, client.get("systems/" + path_part(name)));
    if (output.value(system)) return k_holds;
    output.line(output.strong(text_of(system, "name")) + "  " + text_of(system, "family") + " " + text_of(system, "software") + "  " +
                where_of(system) + "  serial number " + text_of(system, "serial_number"));
    if (auto expires = expiry(text_of(system, "certificate_expires")); !expires.empty()) {
        output.line("Certificate expires " + expires + ", SHA-256 " + text_of(system, "certificate_fingerprint"));
    }
    if (auto at = text_of(system, "last_call_at"); !at.empty())
        output.line("Called the manager at " + at + " over " + text_of(system, "last_call"));
    auto const* assessment = system.get_object().if_contains("assessment");
    if (assessment == nullptr || assessment->is_null()) {
        output.line("Not observed yet.");
        return k_holds;
    }
    output.line("Observed at " + text_of(system, "observed_at"));
    print_assessment_head(output, *assessment);
    output.line("");
    print_assessment(output, *assessment);
    return k_holds;
}

/// What the system itself says. With `changes`: only what the plan would change.
Result<int> settings(ApiClient& client, Output& output, std::string const& name, bool changes) {
    CS_TRY(auto const reported, client.get("systems/" + path_part(name) + "/settings"));
    if (output.value(reported)) return k_holds;
    Table table{{"Setting", "In its words", "Now", "Then", "Why"}, {}};
    for (auto const& one : list_of(reported, "settings")) {
        auto const wanted = text_of(one, "wanted");
        bool const changed = !one.at("wanted").is_null();
        if (changes && !changed) continue;
        auto why = text_of(one, "why");
        if (!one.at("kept").is_null()) why += (why.empty() ? "" : "; ") + std::string("kept at ") + text_of(one, "kept");
        auto const said = !one.at("value").is_null();
        table.rows.push_back({text_of(one, "name"), text_of(one, "path"), said ? text_of(one, "value") : "(not said)",
                              changed && wanted.empty() ? "(empty)" : wanted, why});
    }
    output.table(table);
    if (flag_of(reported, "restart_pending")) output.line("Something of it is in effect after the next restart only.");
    return k_holds;
}

/// The named systems, or all of them, by number.
Result<std::vector<std::string>> chosen(ApiClient& client, std::vector<std::string> names, bool all) {
    if (!all && !names.empty()) return names;
    if (!all) return fail(errors::gen::missing_field, {{"field", "the system (or --all)"}});
    CS_TRY(auto systems, all_systems(client, ""));
    names.clear();
    for (auto const& system : systems) names.push_back(std::to_string(number_of(system, "id")));
    return names;
}

Result<int> observe(ApiClient& client, Output& output, std::vector<std::string> const& names) {
    json::array all;
    for (auto const& name : names) {
        CS_TRY(auto assessment, client.send("POST", "systems/" + path_part(name) + "/observe"));
        if (!output.json()) {
            output.line(output.strong(name));
            print_assessment_head(output, assessment);
            output.line("");
            print_assessment(output, assessment);
        }
        all.push_back(std::move(assessment));
    }
    output.value(json::object{{"assessments", std::move(all)}});
    return k_holds;
}

/// One line for each open service and each client in use; what is closed is named in one line.
Result<int> evidence(ApiClient& client, Output& output, std::vector<std::string> const& names) {
    json::array all;
    Table table{{"System", "Service or client", "Level", "Evidence"}, {}};
    for (auto const& name : names) {
        CS_TRY(auto system, client.get("systems/" + path_part(name)));
        auto const* assessment = system.is_object() ? system.get_object().if_contains("assessment") : nullptr;
        std::string closed;
        for (auto const& row : list_of(assessment ? *assessment : json::value(), "protocols")) {
            bool const service = !flag_of(row, "client");
            if (!flag_of(row, "counts")) continue;
            if (flag_of(row, "open")) {
                table.rows.push_back({text_of(system, "name"), text_of(row, "name"),
                                      output.level(static_cast<int>(number_of(row, "level"))), text_of(row, "evidence")});
            } else if (service) {
                closed += (closed.empty() ? "" : ", ") + text_of(row, "name");
            }
        }
        if (!closed.empty()) table.rows.push_back({text_of(system, "name"), "closed", "", closed});
        all.push_back(std::move(system));
    }
    if (!output.value(json::object{{"systems", std::move(all)}})) output.table(table);
    return k_holds;
}

/// All of them or none.
Result<int> move(ApiClient& client, Output& output, std::vector<std::string> const& names, std::string const& target) {
    CS_TRY(auto folder, folder_number(client, target));
    json::array numbers;
    for (auto const& name : names) {
        CS_TRY(auto system, client.get("systems/" + path_part(name)));
        numbers.push_back(number_of(system, "id"));
    }
    CS_CHECK(client.send("POST", "folders/" + std::to_string(folder) + "/systems", {{"systems", std::move(numbers)}}));
    if (!output.json()) output.line("Moved " + counted(static_cast<std::int64_t>(names.size()), "system") + ".");
    return k_holds;
}

}  // namespace

namespace {

CLI::Validator const k_not_empty([](std::string const& value) { return value.empty() ? "it is empty; leave the option out" : ""; }, "");

}  // namespace

void add_selection_options(CLI::App& command, Selection& selection) {
    auto add = [&](std::string option, std::string field, std::string help) {
        // An empty variable of a script would mean every system.
        return command.add_option(std::move(option), selection.fields[field], std::move(help))->check(k_not_empty);
    };
    auto const yes_no = CLI::IsMember({"yes", "no"});
    add("--text", "text", "Words: each is a part of name, host name, address, serial number, MAC address, family, software or folder");
    add("--folder", "folder", "Only this folder and those below it: path or number");
    add("--family", "family", "Only this family");
    add("--level", "level", "Only this level; 0: not known yet")->check(CLI::Range(0, 4));
    add("--reachability", "reachability", "Only these")->check(CLI::IsMember({"reachable", "unreachable", "unknown"}));
    add("--capable", "capable", "Only those that are, or are not, capable of Secure-Only")->check(yes_no);
    add("--ticket", "ticket", "Only those with, or without, an open ticket")->check(yes_no);
    add("--track-by", "track_by", "Only those tracked in this way")->check(CLI::IsMember({"address", "host_name", "mac"}));
    add("--expires-before", "expires_before", "Only those whose certificate ends before this time, or within this number of days");
    add("--expires-after", "expires_after", "Only those whose certificate ends at this time or later, or in this number of days or later");
}

void add_list_options(CLI::App& command, Selection& selection) {
    command.add_option("--sort", selection.fields["sort"], "Column to sort by, such as name, level or certificate_expires");
    command.add_flag("--descending", selection.descending, "The other way round");
    command.add_option("--view", selection.fields["view"], "A saved view; options given here count instead of its own");
}

std::string selection_query(Selection const& selection) {
    std::string query;
    for (auto const& [field, value] : selection.fields)
        if (!value.empty()) query += "&" + field + "=" + (field == "sort" && selection.descending ? "-" : "") + path_part(value);
    return query;
}

Result<void> print_systems(ApiClient&, Output& output, json::array const& systems) {
    Table table{{"ID", "System", "Folder", "Family", "Where", "Level", "Certificate expires", "Why"}, {}};
    for (auto const& system : systems)
        table.rows.push_back({std::to_string(number_of(system, "id")), text_of(system, "name"), text_of(system, "folder_path"),
                              text_of(system, "family"), where_of(system), output.level(static_cast<int>(number_of(system, "level"))),
                              expiry(text_of(system, "certificate_expires")), text_of(system, "why")});
    output.table(table);
    return {};
}

void add_system_commands(CLI::App& app, Context& context) {
    auto* system = app.add_subcommand("system", "Systems of the estate")->require_subcommand(1);
    auto options = std::make_shared<AddOptions>();
    auto* adding = system->add_subcommand("add", "Add a system by host name or address");
    adding->add_option("host_name", options->host_name, "Fully qualified host name, or IP address");
    add_connection_options(*adding, *options, "");
    adding->add_option("--family", options->family, "Product family (default: recognised)");
    adding->add_option("--serial", options->serial, "Its serial number; behind a firewall it, or --mac, is needed");
    adding->add_option("--mac", options->mac, "Its MAC address");
    adding->add_option("--connectivity", options->connectivity, "lan, public or behind_firewall (then it is served only when it calls)")
        ->check(CLI::IsMember({"lan", "public", "behind_firewall"}));
    adding->add_option("--persistent", options->persistent, "setting=value that it gets again whenever it has another; may be repeated");
    adding->add_option("--folder", options->folder, "Folder: path or number (default: the root)");
    adding->callback([&context, options] {
        context.action = [&context, options](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return add(client, output, *options); });
        };
    });

    auto selection = std::make_shared<Selection>();
    auto* listing = system->add_subcommand("list", "All systems with their level and why");
    add_selection_options(*listing, *selection);
    add_list_options(*listing, *selection);
    listing->callback([&context, selection] {
        context.action = [&context, selection](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto systems, all_systems(client, selection_query(*selection)));
                if (output.value(json::object{{"systems", systems}})) return k_holds;
                CS_CHECK(print_systems(client, output, systems));
                return k_holds;
            });
        };
    });

    auto name = std::make_shared<std::string>();
    auto with_name = [&](std::string command, std::string help, Result<int> (*work)(ApiClient&, Output&, std::string const&)) {
        auto* sub = system->add_subcommand(std::move(command), std::move(help));
        sub->add_option("system", *name, "Number, name, host name, address or serial number")->required();
        sub->callback([&context, name, work] {
            context.action = [&context, name, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output, *name); });
            };
        });
        return sub;
    };
    with_name("show", "One system: level, evidence for each service and client, readiness", show);
    with_name("remove", "Forget a system", [](ApiClient& client, Output& output, std::string const& which) -> Result<int> {
        CS_CHECK(client.send("DELETE", "systems/" + path_part(which)));
        if (!output.json()) output.line("Removed " + which + ".");
        return k_holds;
    });

    auto only_changes = std::make_shared<bool>(false);
    auto* reported = system->add_subcommand("settings", "The settings that the system itself reports, and what the plan makes of them");
    reported->add_option("system", *name, "Number, name, host name, address or serial number")->required();
    reported->add_flag("--changes", *only_changes, "Only those that the plan would change");
    reported->callback([&context, name, only_changes] {
        context.action = [&context, name, only_changes](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return settings(client, output, *name, *only_changes); });
        };
    });

    auto several = std::make_shared<std::vector<std::string>>();
    auto every = std::make_shared<bool>(false);
    using Several = Result<int> (*)(ApiClient&, Output&, std::vector<std::string> const&);
    auto with_names = [&](std::string command, std::string help, Several work) {
        auto* sub = system->add_subcommand(std::move(command), std::move(help));
        sub->add_option("systems", *several, "Numbers, names, host names, addresses or serial numbers");
        sub->add_flag("--all", *every, "All systems");
        sub->callback([&context, several, every, work] {
            context.action = [&context, several, every, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                    CS_TRY(auto names, chosen(client, *several, *every));
                    return work(client, output, names);
                });
            };
        });
    };
    with_names("observe", "Look at systems again, now", observe);
    with_names("evidence", "What the level of each open service and client rests on", evidence);

    auto target = std::make_shared<std::string>();
    auto* moving = system->add_subcommand("move", "Put systems into a folder");
    moving->add_option("systems", *several, "Numbers, names, host names, addresses or serial numbers")->required();
    moving->add_option("--to", *target, "The folder: path or number")->required();
    moving->callback([&context, several, target] {
        context.action = [&context, several, target](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return move(client, output, *several, *target); });
        };
    });

    auto change = std::make_shared<AddOptions>();
    auto* set = system->add_subcommand("set", "Change connection settings");
    set->add_option("system", *name, "Number, name, host name, address or serial number")->required();
    change->given["host_name"] = set->add_option("--host-name", change->host_name, "Fully qualified host name; \"\": it has none");
    add_connection_options(*set, *change, "; \"\": it has none");
    set->callback([&context, name, change] {
        context.action = [&context, name, change](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                json::object body;
                CS_CHECK(put_connection(body, *change));
                CS_TRY(auto changed, client.send("PATCH", "systems/" + path_part(*name), body));
                if (!output.value(changed)) output.line("Changed " + text_of(changed, "name") + ".");
                return k_holds;
            });
        };
    });
}

}  // namespace countersign::workbench
