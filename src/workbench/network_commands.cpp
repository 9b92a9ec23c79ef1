#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

void print_network(Output& output, json::value const& network) {
    Table table{{"Setting", "Value"}, {}};
    table.rows.push_back({"HTTP port", text_of(network, "plain_http")});
    table.rows.push_back({"Override DNS", flag_of(network, "override_dns") ? "yes" : "no"});
    table.rows.push_back(
        {"Name on the public network", text_of(network, "public_host_name").empty() ? "(the same)" : text_of(network, "public_host_name")});
    table.rows.push_back({"SNMP in scans", flag_of(network, "scan_snmp") ? "yes" : "no"});
    output.table(table);
}

Result<int> show_restriction(ApiClient& client, Output& output) {
    CS_TRY(auto answer, client.get("network/restriction"));
    bool const possible = list_of(answer, "blockers").empty();
    if (output.value(answer)) return possible ? k_holds : k_does_not_hold;
    output.line("The HTTP port is " + text_of(answer, "plain_http") + ". Restricting the manager to HTTPS means:");
    for (auto const& one : list_of(answer, "limitations"))
        if (one.is_string()) output.line("  - " + printable(one.get_string()));
    auto const& systems = list_of(answer, "systems");
    output.line("");
    if (systems.empty()) {
        output.line("Every system of the estate has called over HTTPS.");
    } else {
        output.line("Systems that could not call the manager any more: " + std::to_string(number_of(answer, "systems_in_all")));
        Table table{{"System", "Why"}, {}};
        for (auto const& one : systems) table.rows.push_back({text_of(one, "name"), text_of(one, "why")});
        output.table(table);
    }
    for (auto const& blocker : list_of(answer, "blockers"))
        output.line(output.mark(Mark::bad, "Not possible: ") + text_of(blocker, "detail") + " " + text_of(blocker, "remedy"));
    return possible ? k_holds : k_does_not_hold;
}

Result<int> show_readiness(ApiClient& client, Output& output) {
    CS_TRY(auto answer, client.get("readiness"));
    bool ready = true;
    Table table{{"", "Point", "Needed for", "What was seen", "What to do"}, {}};
    for (auto const& item : list_of(answer, "readiness")) {
        auto const state = text_of(item, "state");
        ready = ready && state != "no";
        auto const mark = state == "yes" ? Mark::good : state == "no" ? Mark::bad : Mark::attention;
        table.rows.push_back({output.mark(mark, state), text_of(item, "text"), text_of(item, "needed_for"), text_of(item, "evidence"),
                              text_of(item, "remedy")});
    }
    if (!output.value(answer)) output.table(table);
    return ready ? k_holds : k_does_not_hold;
}

Result<int> show_own_level(ApiClient& client, Output& output) {
    CS_TRY(auto const own, client.get("own-level"));
    if (output.value(own)) return k_holds;
    output.line("Level " + output.level(static_cast<int>(number_of(own, "level"))) + ": " + text_of(own, "why"));
    output.line("");
    print_protocols(output, own);
    return k_holds;
}

struct Change {
    std::string plain_http, override_dns, public_host_name, scan_snmp;
    bool accept = false;
    bool has_public_name = false;
};

Result<int> change_network(ApiClient& client, Output& output, Change const& change) {
    json::object body;
    if (!change.plain_http.empty()) body["plain_http"] = change.plain_http;
    if (!change.override_dns.empty()) body["override_dns"] = change.override_dns == "yes";
    if (change.has_public_name) body["public_host_name"] = change.public_host_name;
    if (!change.scan_snmp.empty()) body["scan_snmp"] = change.scan_snmp == "yes";
    if (change.accept) body["accept_limitations"] = true;
    CS_TRY(auto now, client.send("PATCH", "network", body));
    if (!output.value(now)) print_network(output, now);
    return k_holds;
}

struct SystemConnection {
    std::string system, connectivity;
    std::vector<std::string> persistent;
    bool none = false;
};

Result<int> connection_of_system(ApiClient& client, Output& output, SystemConnection const& wanted) {
    auto const path = "systems/" + path_part(wanted.system) + "/connection";
    json::object body;
    if (!wanted.connectivity.empty()) body["connectivity"] = wanted.connectivity;
    if (!wanted.persistent.empty() || wanted.none) body["persistent"] = json::array(wanted.persistent.begin(), wanted.persistent.end());
    CS_TRY(auto now, body.empty() ? client.get(path) : client.send("PATCH", path, body));
    if (output.value(now)) return k_holds;
    output.line("Connectivity: " + text_of(now, "connectivity"));
    Table table{{"Persistent setting", "Value"}, {}};
    if (auto const* persistent = now.is_object() ? now.get_object().if_contains("persistent") : nullptr;
        persistent && persistent->is_object())
        for (auto const& [name, value] : persistent->get_object())
            table.rows.push_back({printable(name), value.is_string() ? printable(value.get_string()) : std::string()});
    if (!table.rows.empty()) output.table(table);
    return k_holds;
}

}  // namespace

void add_network_commands(CLI::App& app, Context& context) {
    auto act = [&context](CLI::App* command, auto work) {
        command->callback([&context, work] {
            context.action = [&context, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output); });
            };
        });
    };
    auto* network = app.add_subcommand("network", "The manager's own doors and names")->require_subcommand(1);
    act(network->add_subcommand("show", "What its HTTP port answers, and what systems are told to call"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto now, client.get("network"));
            if (!output.value(now)) print_network(output, now);
            return k_holds;
        });
    act(network->add_subcommand(
            "restriction", "What restricting the manager to HTTPS would mean, and for which systems. Exit code 2: it is not possible now"),
        show_restriction);
    act(network->add_subcommand("ssh-key", "The manager's SSH public key, one line for the authorized_keys of systems"),
        [](ApiClient& client, Output& output) -> Result<int> {
            CS_TRY(auto now, client.get("network/ssh-key"));
            if (!output.value(now)) output.line(text_of(now, "public_key"));
            return k_holds;
        });
    auto change = std::make_shared<Change>();
    auto* set = network->add_subcommand("set", "Change them; the others stay");
    set->add_option("--plain-http", change->plain_http,
                    "What the HTTP port answers: open, forbidden (403), or redirect (browsers are shown the way, all else 403)")
        ->check(CLI::IsMember({"open", "forbidden", "redirect"}));
    set->add_flag("--accept-limitations", change->accept,
                  "Restrict although systems could not call any more (see countersign network restriction)");
    set->add_option("--override-dns", change->override_dns, "Tell systems the manager's address instead of its name; Secure-Only wants no")
        ->check(CLI::IsMember({"yes", "no"}));
    auto* name = set->add_option("--public-host-name", change->public_host_name,
                                 "The name that systems on the public network call; \"\": the same as inside");
    set->add_option("--scan-snmp", change->scan_snmp, "Scans may ask over SNMP while Secure-Only is Off")
        ->check(CLI::IsMember({"yes", "no"}));
    act(set, [change, name](ApiClient& client, Output& output) {
        change->has_public_name = name->count() > 0;
        return change_network(client, output, *change);
    });
    act(app.add_subcommand("own-level", "The level of the manager itself: what it offers and uses, and what would raise it"),
        show_own_level);
    act(app.add_subcommand("readiness", "Is the manager itself ready for Secure-Only? Exit code 2: something is missing"), show_readiness);

    auto wanted = std::make_shared<SystemConnection>();
    auto* connection = app.get_subcommand("system")->add_subcommand(
        "connection", "How a system is reached, and the settings that it keeps; shows them without options");
    connection->add_option("system", wanted->system, "The system")->required();
    connection->add_option("--connectivity", wanted->connectivity, "lan, public or behind_firewall (then it is served only when it calls)")
        ->check(CLI::IsMember({"lan", "public", "behind_firewall"}));
    connection->add_option("--persistent", wanted->persistent,
                           "setting=value that the system gets again whenever it has another, as after a boot; may be repeated");
    connection->add_flag("--no-persistent", wanted->none, "It keeps none");
    act(connection, [wanted](ApiClient& client, Output& output) { return connection_of_system(client, output, *wanted); });
}

}  // namespace countersign::workbench
