#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct AddOptions {
    std::string name, host_name, address, family, user, password_file;
    std::vector<std::string> pins;
};

std::string where_of(json::value const& system) {
    auto host = text_of(system, "host_name");
    auto address = text_of(system, "address");
    return text_of(system, "track_by") == "host_name" || address.empty() ? host : address;
}

/// The one row that holds the level down, in words.
std::string why_of(json::value const& assessment) { return text_of(assessment, "why"); }

Result<int> add(ApiClient& client, Output& output, AddOptions const& options) {
    json::object body{{"name", options.name},
                      {"host_name", options.host_name},
                      {"address", options.address},
                      {"family", options.family},
                      {"user", options.user}};
    if (!options.pins.empty()) body["pins"] = json::array(options.pins.begin(), options.pins.end());
    if (!options.password_file.empty()) {
        CS_TRY(auto password, read_secret_line(options.password_file, "Password of the system"));
        body["password"] = password.reveal();
    }
    CS_TRY(auto system, client.send("POST", "systems", body));
    if (!output.value(system))
        output.line("Added " + text_of(system, "name") + " as system " + std::to_string(number_of(system, "id")) + ".");
    return k_holds;
}

void print_assessment(Output& output, json::value const& assessment) {
    Table protocols{{"Service or client", "State", "Level", "Evidence", "To raise it"}, {}};
    for (auto const& row : list_of(assessment, "protocols")) {
        bool const open = flag_of(row, "open");
        auto state = std::string(flag_of(row, "client") ? (open ? "used" : "not used") : (open ? "open" : "closed"));
        protocols.rows.push_back({text_of(row, "name"), state, open ? output.level(static_cast<int>(number_of(row, "level"))) : "",
                                  text_of(row, "evidence"), text_of(row, "raise_by")});
    }
    output.table(protocols);
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

Result<int> observe(ApiClient& client, Output& output, std::string const& name) {
    CS_TRY(auto assessment, client.send("POST", "systems/" + path_part(name) + "/observe"));
    if (output.value(assessment)) return k_holds;
    print_assessment_head(output, assessment);
    output.line("");
    print_assessment(output, assessment);
    return k_holds;
}

}  // namespace

Result<void> print_systems(ApiClient& client, Output& output, json::array const& systems) {
    Table table{{"ID", "System", "Family", "Where", "Level", "Certificate expires", "Why"}, {}};
    for (auto const& system : systems) {
        auto id = std::to_string(number_of(system, "id"));
        CS_TRY(auto whole, client.get("systems/" + id));
        auto const* assessment = whole.is_object() ? whole.get_object().if_contains("assessment") : nullptr;
        table.rows.push_back({id, text_of(system, "name"), text_of(system, "family"), where_of(system),
                              output.level(static_cast<int>(number_of(system, "level"))), expiry(text_of(system, "certificate_expires")),
                              assessment ? why_of(*assessment) : ""});
    }
    output.table(table);
    return {};
}

void add_system_commands(CLI::App& app, Context& context) {
    auto* system = app.add_subcommand("system", "Systems of the estate")->require_subcommand(1);
    auto options = std::make_shared<AddOptions>();
    auto* adding = system->add_subcommand("add", "Add a system by host name or address");
    adding->add_option("host_name", options->host_name, "Fully qualified host name");
    adding->add_option("--ip", options->address, "IP address, when there is no host name");
    adding->add_option("--name", options->name, "Name for people (default: the first label of the host name)");
    adding->add_option("--family", options->family, "Product family (default: recognised)");
    adding->add_option("--user", options->user, "User to log in with (default: the family's)");
    adding->add_option("--password-file", options->password_file, "File with the password (default: the factory password)");
    adding->add_option("--system-pin", options->pins, "SHA-256 fingerprint that you compared at the system");
    adding->callback([&context, options] {
        context.action = [&context, options](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return add(client, output, *options); });
        };
    });

    auto text = std::make_shared<std::string>();
    auto level = std::make_shared<int>(0);
    auto* listing = system->add_subcommand("list", "All systems with their level and why");
    listing->add_option("--text", *text, "Part of a name, host name or address");
    listing->add_option("--level", *level, "Only this level")->check(CLI::Range(1, 4));
    listing->callback([&context, text, level] {
        context.action = [&context, text, level](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                std::string filter;
                if (!text->empty()) filter += "&text=" + path_part(*text);
                if (*level > 0) filter += "&level=" + std::to_string(*level);
                CS_TRY(auto systems, all_systems(client, filter));
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
    with_name("observe", "Look at a system again, now", observe);
    with_name("remove", "Forget a system", [](ApiClient& client, Output& output, std::string const& which) -> Result<int> {
        CS_CHECK(client.send("DELETE", "systems/" + path_part(which)));
        if (!output.json()) output.line("Removed " + which + ".");
        return k_holds;
    });

    auto change = std::make_shared<AddOptions>();
    auto* set = system->add_subcommand("set", "Change connection settings");
    set->add_option("system", *name, "Number, name, host name, address or serial number")->required();
    set->add_option("--name", change->name, "Name for people");
    set->add_option("--host-name", change->host_name, "Fully qualified host name");
    set->add_option("--ip", change->address, "IP address");
    set->add_option("--user", change->user, "User to log in with");
    set->add_option("--password-file", change->password_file, "File with the password");
    set->add_option("--system-pin", change->pins, "SHA-256 fingerprint that you compared at the system");
    set->callback([&context, name, change] {
        context.action = [&context, name, change](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                json::object body;
                auto put = [&body](char const* field, std::string const& value) {
                    if (!value.empty()) body[field] = value;
                };
                put("name", change->name);
                put("host_name", change->host_name);
                put("address", change->address);
                put("user", change->user);
                if (!change->pins.empty()) body["pins"] = json::array(change->pins.begin(), change->pins.end());
                if (!change->password_file.empty()) {
                    CS_TRY(auto password, read_secret_line(change->password_file, "Password of the system"));
                    body["password"] = password.reveal();
                }
                CS_TRY(auto changed, client.send("PATCH", "systems/" + path_part(*name), body));
                if (!output.value(changed)) output.line("Changed " + text_of(changed, "name") + ".");
                return k_holds;
            });
        };
    });
}

}  // namespace countersign::workbench
