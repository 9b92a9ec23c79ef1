#include "base/text.hpp"
#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/renewal_windows.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>

namespace countersign::workbench {
namespace {

std::string mode_words(std::string const& mode) {
    if (mode == "on") return "On: HTTPS both ways, never a fall-back; certificates are not verified (Level 3)";
    if (mode == "verify") return "On + Verify Certificates: HTTPS both ways, certificates checked on both sides (Level 4)";
    return "Off: HTTPS to systems where possible; they use HTTP to the manager (Level 2)";
}

/// Steps as one block of text, so that systems with equal plans can be shown together.
std::string steps_text(json::value const& plan) {
    std::string out;
    int number = 0;
    for (auto const& step : list_of(plan, "steps")) {
        out += "  " + std::to_string(++number) + ". " + text_of(step, "what") + "\n";
        out += "       why:  " + text_of(step, "why") + "\n";
        out += "       undo: " + text_of(step, "undo") + "\n";
    }
    for (auto const& blocker : list_of(plan, "blockers")) {
        out += "  ! " + text_of(blocker, "detail") + " " + text_of(blocker, "remedy") + "\n";
    }
    for (auto const& note : list_of(plan, "notes")) {
        if (note.is_string()) out += "  - " + printable(note.get_string()) + "\n";
    }
    return out.empty() ? "  nothing to do\n" : out;
}

/// `what` where it stands by itself: not as a part of a longer name or address.
std::string replace_name(std::string_view text, std::string const& what, std::string_view with) {
    auto part_of_name = [&](std::size_t place) {
        return place < text.size() && (std::isalnum(static_cast<unsigned char>(text[place])) || text[place] == '-');
    };
    auto goes_on = [&](std::size_t place) {
        return part_of_name(place) || (place < text.size() && text[place] == '.' && part_of_name(place + 1));
    };
    std::string out;
    std::size_t from = 0;
    for (auto found = text.find(what); found != std::string_view::npos; found = text.find(what, found + what.size())) {
        bool const begins = found == 0 || (!part_of_name(found - 1) && text[found - 1] != '.');
        if (!begins || goes_on(found + what.size())) continue;
        out.append(text.substr(from, found - from)).append(with);
        from = found + what.size();
    }
    return out.append(text.substr(from));
}

Result<int> show_plans(ApiClient& client, Output& output, std::vector<std::string> names, std::string const& goal) {
    if (names.empty()) {
        CS_TRY(auto systems, all_systems(client, ""));
        for (auto const& system : systems) names.push_back(std::to_string(number_of(system, "id")));
    }
    json::array plans;
    std::vector<PlanGroup> groups;
    bool blocked = false;
    for (auto const& name : names) {
        CS_TRY(auto plan, client.get("systems/" + path_part(name) + "/plan" + (goal.empty() ? "" : "?secure_only=" + goal)));
        CS_TRY(auto system, client.get("systems/" + path_part(name)));
        blocked = blocked || !list_of(plan, "blockers").empty();
        add_to_groups(groups, system, plan);
        plans.push_back(std::move(plan));
    }
    if (!output.value(json::object{{"plans", std::move(plans)}})) {
        for (auto const& group : groups) output.line(output.strong(join(group.systems, ", ")) + " " + group.text);
    }
    return blocked ? k_does_not_hold : k_holds;
}

void print_policy(Output& output, json::value const& policy) {
    Table table{{"Setting", "Value"}, {}};
    for (auto const& [name, value] : policy.get_object()) {
        std::string text = json::serialize(value);
        if (value.is_string()) text = printable(value.get_string());
        table.rows.push_back({std::string(name), text});
    }
    output.table(table);
}

}  // namespace

void add_to_groups(std::vector<PlanGroup>& groups, json::value const& system, json::value const& plan) {
    auto text = "from level " + std::to_string(number_of(plan, "from_level")) + " to level " +
                std::to_string(number_of(plan, "goal_level")) + " (" + text_of(system, "family") + "):\n" + steps_text(plan);
    auto common = text;
    if (auto host = text_of(system, "host_name"); !host.empty()) common = replace_name(common, host, "<its host name>");
    if (auto address = text_of(system, "address"); !address.empty()) common = replace_name(common, address, "<its address>");
    auto found = std::ranges::find(groups, common, &PlanGroup::common);
    if (found == groups.end()) {
        groups.push_back({{text_of(system, "name")}, std::move(text), std::move(common)});
    } else {
        found->systems.push_back(text_of(system, "name"));
        found->text = found->common;
    }
}

void add_policy_commands(CLI::App& app, Context& context) {
    auto* plan = app.add_subcommand("plan", "What enforcement would do")->require_subcommand(1);
    auto names = std::make_shared<std::vector<std::string>>();
    auto* show = plan->add_subcommand(
        "show", "The ordered steps for systems, with why and how undone; changes nothing. Exit code 2: something is in the way");
    show->add_option("systems", *names, "Systems (default: all)");
    auto goal = std::make_shared<std::string>();
    show->add_option("--goal", *goal, "Plan for this Secure-Only mode instead of the one in force")
        ->check(CLI::IsMember({"off", "on", "verify"}));
    show->callback([&context, names, goal] {
        context.action = [&context, names, goal](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return show_plans(client, output, *names, *goal); });
        };
    });

    auto* secure_only = app.add_subcommand("secure-only", "Secure-Only mode of the estate")->require_subcommand(1);
    secure_only->add_subcommand("show", "The mode and what it means")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto policy, client.get("policy"));
                auto mode = text_of(policy, "secure_only");
                if (!output.value(json::object{{"secure_only", mode}})) output.line("Secure-Only is " + mode_words(mode) + ".");
                return k_holds;
            });
        };
    });
    auto mode = std::make_shared<std::string>();
    auto* set = secure_only->add_subcommand("set", "Change the mode; enforcement of all capable systems begins at once");
    set->add_option("mode", *mode, "off, on or verify")->required()->check(CLI::IsMember({"off", "on", "verify"}));
    set->callback([&context, mode] {
        context.action = [&context, mode](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto policy, client.send("PATCH", "policy", {{"secure_only", *mode}}));
                if (!output.value(policy)) output.line("Secure-Only is " + mode_words(text_of(policy, "secure_only")) + ".");
                return k_holds;
            });
        };
    });

    auto* policy = app.add_subcommand("policy", "What the estate should look like")->require_subcommand(1);
    policy->add_subcommand("show", "All settings of the policy")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto now, client.get("policy"));
                if (!output.value(now)) print_policy(output, now);
                return k_holds;
            });
        };
    });
    struct Change {
        std::vector<std::string> dns_servers;
        std::string dns_domain, ntp_server, manager_host_name, key_type;
        std::string keep_ssh, change_factory_passwords, revocation, identities;
        std::vector<std::string> renewal_windows;
        int days = 0, renew = 0, trial = -1;
        /// Field of the API to the option that says it: an empty text takes away what there was.
        std::map<std::string, CLI::Option*> given;
    };
    auto change = std::make_shared<Change>();
    auto* changing = policy->add_subcommand("set", "Change settings of the policy; the others stay");
    auto clearable = [&](std::string const& field, std::string name, auto& value, std::string const& help) {
        change->given[field] = changing->add_option(std::move(name), value, help + "; \"\": none");
    };
    clearable("dns_servers", "--dns-server", change->dns_servers, "Name servers for systems; may be repeated");
    clearable("dns_domain", "--dns-domain", change->dns_domain, "Domain for systems");
    clearable("ntp_server", "--ntp-server", change->ntp_server, "Time server for systems");
    changing->add_option("--manager-host-name", change->manager_host_name, "The name by which systems reach the manager");
    changing->add_option("--key-type", change->key_type, "Keys of new certificates: ec:p256, rsa:3072 ...");
    changing->add_option("--certificate-days", change->days, "Life of new certificates");
    changing->add_option("--renew-days-before", change->renew, "Certificates that end sooner are replaced");
    changing->add_option("--trial-seconds", change->trial,
                         "Changes to a system go back by themselves unless they are confirmed within this time; 0: no trials");
    changing
        ->add_option("--change-factory-passwords", change->change_factory_passwords,
                     "Give systems a password of their own in place of the factory's; Level 3 and 4 need it")
        ->check(CLI::IsMember({"yes", "no"}));
    changing->add_option("--keep-ssh", change->keep_ssh, "Leave SSH on at Level 4")->check(CLI::IsMember({"yes", "no"}));
    changing
        ->add_option("--revocation", change->revocation,
                     "Revoked certificates of systems: off, soft (unknown ones pass), hard (unknown ones are refused)")
        ->check(CLI::IsMember({"off", "soft", "hard"}));
    changing->add_option(
        "--renewal-window", change->renewal_windows,
        "When certificates are renewed by themselves, as \"mon-fri 22:00-05:00 Europe/Berlin\"; several times; any: at any time");
    changing
        ->add_option("--identities", change->identities,
                     "Certificates of a system: one for its server side and its calls, or two where its family can keep them apart")
        ->check(CLI::IsMember({"one", "two"}));
    changing->callback([&context, change] {
        context.action = [&context, change](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                json::object body;
                auto put = [&body](char const* field, std::string const& value) {
                    if (!value.empty()) body[field] = value;
                };
                auto const given = [&change](char const* field) { return change->given.at(field)->count() > 0; };
                std::erase(change->dns_servers, "");
                if (given("dns_servers")) body["dns_servers"] = json::array(change->dns_servers.begin(), change->dns_servers.end());
                if (given("dns_domain")) body["dns_domain"] = change->dns_domain;
                if (given("ntp_server")) body["ntp_server"] = change->ntp_server;
                put("manager_host_name", change->manager_host_name);
                put("key_type", change->key_type);
                put("revocation", change->revocation);
                put("identities", change->identities);
                if (change->days > 0) body["certificate_days"] = change->days;
                if (change->trial >= 0) body["trial_seconds"] = change->trial;
                if (change->renew > 0) body["renew_days_before"] = change->renew;
                if (!change->renewal_windows.empty()) body["renewal_windows"] = renewal_windows_of(change->renewal_windows);
                if (!change->change_factory_passwords.empty()) body["change_factory_passwords"] = change->change_factory_passwords == "yes";
                if (!change->keep_ssh.empty()) body["keep_ssh"] = change->keep_ssh == "yes";
                CS_TRY(auto now, client.send("PATCH", "policy", body));
                if (!output.value(now)) print_policy(output, now);
                return k_holds;
            });
        };
    });

    auto* trust = app.add_subcommand("factory-trust", "Vendor authorities whose factory identities are believed")->require_subcommand(1);
    auto vendor = std::make_shared<std::string>();
    auto file = std::make_shared<std::string>();
    auto* adding = trust->add_subcommand("add", "Believe factory certificates that this authority signed");
    adding->add_option("file", *file, "The vendor's authority certificate (PEM)")->required();
    adding->add_option("--vendor", *vendor, "Name of the vendor")->required();
    adding->callback([&context, vendor, file] {
        context.action = [&context, vendor, file](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto pem, host::read_file(*file, 64UL * 1024));
                CS_TRY(auto added, client.send("POST", "factory-anchors", {{"vendor", *vendor}, {"pem", pem}}));
                if (output.value(added)) return k_holds;
                for (auto const& one : list_of(added, "certificates"))
                    output.line("Trusted: " + text_of(one, "subject") + " SHA-256 " + text_of(one, "fingerprint"));
                return k_holds;
            });
        };
    });
    trust->add_subcommand("list", "All of them")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto answer, client.get("factory-anchors"));
                if (output.value(answer)) return k_holds;
                Table table{{"Subject", "Expires", "SHA-256"}, {}};
                for (auto const& one : list_of(answer, "certificates")) {
                    table.rows.push_back({text_of(one, "subject"), expiry(text_of(one, "expires")), text_of(one, "fingerprint")});
                }
                output.table(table);
                return k_holds;
            });
        };
    });
}

}  // namespace countersign::workbench
