#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

#include <thread>

namespace countersign::workbench {
namespace {

/// How often a scan that is waited for is asked for.
constexpr std::chrono::milliseconds k_look{500};

std::string joined(json::array const& texts) {
    std::string out;
    for (auto const& one : texts)
        if (one.is_string()) out += (out.empty() ? "" : ", ") + printable(one.get_string());
    return out;
}

void print_scan(Output& output, json::value const& scan) {
    output.line("Scan " + std::to_string(number_of(scan, "id")) + ": " + text_of(scan, "state") + ", " +
                std::to_string(number_of(scan, "looked_at")) + " of " + std::to_string(number_of(scan, "addresses")) + " addresses");
    if (auto note = text_of(scan, "note"); !note.empty()) output.line(note);
    Table table{{"Address", "Family", "Software", "Name", "Host name", "Answers", "In the estate"}, {}};
    for (auto const& one : list_of(scan, "findings")) {
        auto estate = number_of(one, "system") == 0 ? std::string("no") : "system " + std::to_string(number_of(one, "system"));
        if (flag_of(one, "added")) estate += " (added)";
        if (auto problem = text_of(one, "problem"); !problem.empty()) estate = problem;
        table.rows.push_back({text_of(one, "address"), text_of(one, "family").empty() ? "not recognised" : text_of(one, "family"),
                              text_of(one, "software"), text_of(one, "name"), text_of(one, "host_name"), joined(list_of(one, "answers")),
                              estate});
    }
    if (table.rows.empty())
        output.line("Nothing was found.");
    else
        output.table(table);
}

struct ScanOptions {
    std::vector<std::string> ranges;
    int rate = 50;
    bool no_snmp = false, add = false, dry = false, no_wait = false;
    std::string folder;
};

Result<int> start_scan(ApiClient& client, Output& output, ScanOptions const& options) {
    json::object body{{"ranges", json::array(options.ranges.begin(), options.ranges.end())}, {"rate", options.rate}};
    if (options.no_snmp) body["over_snmp"] = false;
    if (options.add) body["add_recognised"] = true;
    if (!options.folder.empty()) body["folder"] = options.folder;
    if (options.dry) body["dry_run"] = true;
    CS_TRY(auto scan, client.send("POST", "scans", body));
    if (options.dry) {
        if (output.value(scan)) return k_holds;
        output.line(std::to_string(number_of(scan, "addresses")) + " addresses would be asked over HTTPS" +
                    (flag_of(scan, "over_http") ? ", HTTP" : "") + (flag_of(scan, "over_snmp") ? ", SNMP" : "") + ", in " +
                    std::to_string(number_of(scan, "seconds_at_least")) + " seconds at least. Nothing was sent.");
        if (auto note = text_of(scan, "note"); !note.empty()) output.line(note);
        return k_holds;
    }
    auto const path = "scans/" + std::to_string(number_of(scan, "id"));
    while (!options.no_wait && text_of(scan, "state") == "running") {
        output.progress(std::to_string(number_of(scan, "looked_at")) + " of " + std::to_string(number_of(scan, "addresses")) +
                        " addresses, found " + std::to_string(list_of(scan, "findings").size()));
        std::this_thread::sleep_for(k_look);
        CS_TRY(scan, client.get(path));
    }
    output.progress_done();
    if (!output.value(scan)) print_scan(output, scan);
    return k_holds;
}

struct ScanChoice {
    std::int64_t id = 0;
    std::vector<std::string> addresses;
    std::string folder;
};

Result<int> add_found(ApiClient& client, Output& output, ScanChoice const& choice) {
    json::object body{{"addresses", json::array(choice.addresses.begin(), choice.addresses.end())}};
    if (!choice.folder.empty()) body["folder"] = choice.folder;
    CS_TRY(auto scan, client.send("POST", "scans/" + std::to_string(choice.id) + "/add", body));
    bool all = true;
    for (auto const& one : list_of(scan, "findings")) {
        bool const chosen = std::ranges::find(choice.addresses, text_of(one, "address")) != choice.addresses.end();
        all = all && (!chosen || text_of(one, "problem").empty());
    }
    if (!output.value(scan)) print_scan(output, scan);
    return all ? k_holds : k_does_not_hold;
}

/// What announcing and accepting a system take alike.
struct NewArrival {
    std::int64_t id = 0;
    std::string mac, serial, name, host_name, family, folder, user, password_file, connectivity;
    std::vector<std::string> persistent;
};

void add_arrival_options(CLI::App& command, NewArrival& wanted) {
    command.add_option("--name", wanted.name, "Name for people");
    command.add_option("--host-name", wanted.host_name, "Fully qualified host name");
    command.add_option("--family", wanted.family, "Product family (default: recognised)");
    command.add_option("--folder", wanted.folder, "Folder, by path; made when it does not exist");
    command.add_option("--user", wanted.user, "User name (default: the family's)");
    command.add_option("--password-file", wanted.password_file, "File with its password (default: the factory's)");
    command.add_option("--connectivity", wanted.connectivity, "lan, public or behind_firewall")
        ->check(CLI::IsMember({"lan", "public", "behind_firewall"}));
    command.add_option("--persistent", wanted.persistent, "setting=value that it gets again whenever it has another; may be repeated");
}

Result<json::object> body_of(NewArrival const& wanted) {
    json::object body;
    auto put = [&body](char const* field, std::string const& value) {
        if (!value.empty()) body[field] = value;
    };
    put("mac_address", wanted.mac);
    put("serial_number", wanted.serial);
    put("name", wanted.name);
    put("host_name", wanted.host_name);
    put("family", wanted.family);
    put("folder", wanted.folder);
    put("user", wanted.user);
    put("connectivity", wanted.connectivity);
    if (!wanted.persistent.empty()) body["persistent"] = json::array(wanted.persistent.begin(), wanted.persistent.end());
    if (!wanted.password_file.empty()) {
        CS_TRY(auto password, read_secret_line(wanted.password_file, "password"));
        body["password"] = password.reveal();
    }
    return body;
}

Result<int> list_announced(ApiClient& client, Output& output) {
    CS_TRY(auto const list, all_of(client, "preregistrations", "preregistrations"));
    if (output.value(json::object{{"preregistrations", list}})) return k_holds;
    Table table{{"ID", "MAC address", "Serial number", "Name", "Host name", "Folder", "State", "System"}, {}};
    for (auto const& one : list)
        table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "mac_address"), text_of(one, "serial_number"),
                              text_of(one, "name"), text_of(one, "host_name"), text_of(one, "folder"), text_of(one, "state"),
                              number_of(one, "system") == 0 ? "" : std::to_string(number_of(one, "system"))});
    output.table(table);
    return k_holds;
}

Result<int> list_waiting(ApiClient& client, Output& output, std::string const& state) {
    CS_TRY(auto const list, all_of(client, "waiting-systems?state=" + state, "waiting"));
    if (output.value(json::object{{"waiting", list}})) return k_holds;
    if (list.empty()) {
        output.line("No system waits.");
        return k_holds;
    }
    Table table{{"ID", "Called from", "Says it is at", "Serial number", "MAC address", "Name", "Product", "Software", "Calls", "Last call"},
                {}};
    for (auto const& one : list)
        table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "address"), text_of(one, "reported_address"),
                              text_of(one, "serial_number"), text_of(one, "mac_address"), text_of(one, "name"), text_of(one, "product"),
                              text_of(one, "software"), std::to_string(number_of(one, "calls")), text_of(one, "last_seen")});
    output.table(table);
    output.line("What they say of themselves is not proven. `countersign waiting accept ID` adds one.");
    return k_holds;
}

}  // namespace

void add_arrival_commands(CLI::App& app, Context& context) {
    auto act = [&context](CLI::App* command, auto work) {
        command->callback([&context, work] {
            context.action = [&context, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output); });
            };
        });
    };
    auto* scan = app.add_subcommand("scan", "Find systems in address ranges")->require_subcommand(1);
    auto options = std::make_shared<ScanOptions>();
    auto* start = scan->add_subcommand("start", "Ask each address which system it is; no password is sent. Shows what was found");
    start->add_option("ranges", options->ranges, "10.0.0.0/24, 10.0.0.5-10.0.0.20 or 10.0.0.7")->required();
    start->add_option("--rate", options->rate, "Addresses a second")->check(CLI::Range(1, 500))->capture_default_str();
    start->add_flag("--no-snmp", options->no_snmp, "Do not ask over SNMP (under Secure-Only it never does)");
    start->add_flag("--add-recognised", options->add, "Add every system whose family is recognised");
    start->add_option("--folder", options->folder, "Folder for what is added, by path");
    start->add_flag("--dry-run", options->dry, "Only say what would be asked");
    start->add_flag("--no-wait", options->no_wait, "Return at once");
    act(start, [options](ApiClient& client, Output& output) { return start_scan(client, output, *options); });
    act(scan->add_subcommand("list", "The newest scans"), [](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto answer, client.get("scans"));
        if (output.value(answer)) return k_holds;
        Table table{{"ID", "State", "Ranges", "Addresses", "Looked at", "Started"}, {}};
        for (auto const& one : list_of(answer, "scans"))
            table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "state"), joined(list_of(one, "ranges")),
                                  std::to_string(number_of(one, "addresses")), std::to_string(number_of(one, "looked_at")),
                                  text_of(one, "started")});
        output.table(table);
        return k_holds;
    });
    auto id = std::make_shared<std::int64_t>();
    auto* show = scan->add_subcommand("show", "What a scan found");
    show->add_option("id", *id, "Number of the scan")->required();
    act(show, [id](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto found, client.get("scans/" + std::to_string(*id)));
        if (!output.value(found)) print_scan(output, found);
        return k_holds;
    });
    auto* cancel = scan->add_subcommand("cancel", "End a scan");
    cancel->add_option("id", *id, "Number of the scan")->required();
    act(cancel, [id](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto ended, client.send("POST", "scans/" + std::to_string(*id) + "/cancel"));
        if (!output.value(ended)) output.line("The scan ends.");
        return k_holds;
    });
    auto choice = std::make_shared<ScanChoice>();
    auto* adding = scan->add_subcommand("add", "Add what a scan found. Exit code 2: one of them could not be added");
    adding->add_option("id", choice->id, "Number of the scan")->required();
    adding->add_option("addresses", choice->addresses, "Addresses of what was found")->required();
    adding->add_option("--folder", choice->folder, "Folder, by path");
    act(adding, [choice](ApiClient& client, Output& output) { return add_found(client, output, *choice); });

    auto* announced = app.add_subcommand("preregistration", "Systems that are announced before they exist")->require_subcommand(1);
    auto wanted = std::make_shared<NewArrival>();
    auto* announce = announced->add_subcommand("add", "Announce a system; its first call adds it, with its folder and settings");
    announce->add_option("--mac", wanted->mac, "Its MAC address");
    announce->add_option("--serial", wanted->serial, "Or its serial number");
    add_arrival_options(*announce, *wanted);
    act(announce, [wanted](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto body, body_of(*wanted));
        CS_TRY(auto made, client.send("POST", "preregistrations", body));
        if (!output.value(made)) output.line("Announced as pre-registration " + std::to_string(number_of(made, "id")) + ".");
        return k_holds;
    });
    act(announced->add_subcommand("list", "All of them, and which have called"), list_announced);
    auto* withdraw = announced->add_subcommand("remove", "Withdraw one; a system that it became stays");
    withdraw->add_option("id", *id, "Number of the pre-registration")->required();
    act(withdraw, [id](ApiClient& client, Output& output) -> Result<int> {
        CS_CHECK(client.send("DELETE", "preregistrations/" + std::to_string(*id)));
        if (!output.json()) output.line("Withdrawn.");
        return k_holds;
    });

    auto* waiting = app.add_subcommand("waiting", "Systems that called and that nobody knows")->require_subcommand(1);
    auto state = std::make_shared<std::string>("waiting");
    auto* list = waiting->add_subcommand("list", "Who called, and what they say of themselves");
    list->add_option("--state", *state, "waiting or rejected")->check(CLI::IsMember({"waiting", "rejected"}))->capture_default_str();
    act(list, [state](ApiClient& client, Output& output) { return list_waiting(client, output, *state); });
    auto accepted = std::make_shared<NewArrival>();
    auto* accept = waiting->add_subcommand("accept", "Add one, at the address that it called from");
    accept->add_option("id", accepted->id, "Its number")->required();
    add_arrival_options(*accept, *accepted);
    act(accept, [accepted](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto body, body_of(*accepted));
        CS_TRY(auto system, client.send("POST", "waiting-systems/" + std::to_string(accepted->id) + "/accept", body));
        if (!output.value(system))
            output.line("Added as system " + std::to_string(number_of(system, "id")) + ", " + text_of(system, "name") + ".");
        return k_holds;
    });
    auto* reject = waiting->add_subcommand("reject", "Do not show one again, however often it calls");
    reject->add_option("id", *id, "Its number")->required();
    act(reject, [id](ApiClient& client, Output& output) -> Result<int> {
        CS_TRY(auto one, client.send("POST", "waiting-systems/" + std::to_string(*id) + "/reject"));
        if (!output.value(one)) output.line("Rejected.");
        return k_holds;
    });
    auto* forget = waiting->add_subcommand("forget", "Remove one from the list; its next call brings it back");
    forget->add_option("id", *id, "Its number")->required();
    act(forget, [id](ApiClient& client, Output& output) -> Result<int> {
        CS_CHECK(client.send("DELETE", "waiting-systems/" + std::to_string(*id)));
        if (!output.json()) output.line("Forgotten.");
        return k_holds;
    });
}

}  // namespace countersign::workbench
