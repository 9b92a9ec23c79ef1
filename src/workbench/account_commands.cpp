#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

struct Options {
    std::string name;
    std::string role;
    std::string full_name;
    std::string password_file;
    std::string new_password_file;
    std::string user = "admin";
    std::string session;
    bool enable = false;
    bool disable = false;
};

using Work = Result<int> (*)(ApiClient&, Output&, Options const&);

std::string path_of(Options const& options) { return "accounts/" + path_part(options.name); }

/// Nobody types a one-time password: it is read aloud or sent, so it stands alone on its line.
void tell_one_time_password(Output& output, json::value const& answer) {
    auto const once = text_of(answer, "one_time_password");
    if (once.empty()) return;
    output.line("The one-time password, which is shown this once and must be changed at the first log-in:");
    output.line(once);
}

Result<json::object> with_password(Options const& options, json::object body) {
    if (options.password_file.empty()) return body;
    CS_TRY(auto const password, read_secret_line(options.password_file, "Password"));
    body["password"] = password.reveal();
    return body;
}

Result<int> list(ApiClient& client, Output& output, Options const& /*options*/) {
    CS_TRY(auto accounts, all_of(client, "accounts", "accounts"));
    if (output.json()) {
        (void)output.value(json::object{{"accounts", std::move(accounts)}});
        return k_holds;
    }
    Table table{{"Name", "Full name", "Role", "State", "Last log-in", "From"}, {}};
    for (auto const& one : accounts) {
        std::string state = flag_of(one, "enabled") ? "enabled" : "disabled";
        if (flag_of(one, "must_change_password")) state += ", must change its password";
        if (!text_of(one, "locked_until").empty() || !list_of(one, "locked_addresses").empty()) state += ", locked";
        table.rows.push_back({text_of(one, "name"), text_of(one, "full_name"), text_of(one, "role"), std::move(state),
                              text_of(one, "last_log_in"), text_of(one, "last_address")});
    }
    output.table(table);
    return k_holds;
}

Result<int> show(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto const one, client.get(path_of(options)));
    if (output.value(one)) return k_holds;
    output.line(output.strong(text_of(one, "name")) + (text_of(one, "full_name").empty() ? "" : " (" + text_of(one, "full_name") + ")") +
                ", " + text_of(one, "role") + (flag_of(one, "enabled") ? "" : ", disabled"));
    if (flag_of(one, "must_change_password")) output.line("It must change its password at the next log-in.");
    auto const last = text_of(one, "last_log_in");
    output.line(last.empty() ? "It never logged in." : "Last log-in: " + last + " from " + text_of(one, "last_address"));
    if (auto const until = text_of(one, "locked_until"); !until.empty())
        output.line("Log-in with the password is locked until " + until + ": " +
                    counted(number_of(one, "failed_log_ins"), "failed log-in") + ".");
    for (auto const& address : list_of(one, "locked_addresses"))
        output.line("Log-in is locked from " + std::string(address.as_string()) + ".");
    output.line(counted(number_of(one, "sessions"), "session") + " open, " + counted(number_of(one, "tokens"), "API token"));
    return k_holds;
}

Result<int> add(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto body, with_password(options, {{"name", options.name}, {"role", options.role}, {"full_name", options.full_name}}));
    CS_TRY(auto const made, client.send("POST", "accounts", body));
    if (output.value(made)) return k_holds;
    output.line("Account " + text_of(made, "name") + " is there, with the role " + text_of(made, "role") + ".");
    tell_one_time_password(output, made);
    return k_holds;
}

Result<int> change(ApiClient& client, Output& output, Options const& options) {
    json::object body;
    if (!options.role.empty()) body["role"] = options.role;
    if (!options.full_name.empty()) body["full_name"] = options.full_name;
    if (options.enable || options.disable) body["enabled"] = options.enable;
    CS_TRY(auto const one, client.send("PATCH", path_of(options), body));
    if (!output.value(one))
        output.line(text_of(one, "name") + ": " + text_of(one, "role") + (flag_of(one, "enabled") ? ", enabled" : ", disabled"));
    return k_holds;
}

Result<int> remove(ApiClient& client, Output& /*output*/, Options const& options) {
    CS_CHECK(client.send("DELETE", path_of(options)));
    return k_holds;
}

Result<int> reset_password(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto body, with_password(options, {}));
    CS_TRY(auto const answer, client.send("POST", path_of(options) + "/password", body));
    if (!output.value(answer)) tell_one_time_password(output, answer);
    return k_holds;
}

/// The owner proves himself: a token on this machine is not enough.
Result<int> change_own(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto const old, read_secret_line(options.password_file, "Password"));
    CS_CHECK(client.send("POST", "session", {{"user", options.user}, {"password", old.reveal()}}));
    client.use_cookie(client.cookie());
    CS_TRY(auto const fresh, read_secret_line(options.new_password_file, "New password"));
    CS_CHECK(client.send("PUT", "session/password", {{"old_password", old.reveal()}, {"new_password", fresh.reveal()}}));
    CS_CHECK(client.send("DELETE", "session"));
    if (!output.json()) output.line("The password of " + options.user + " was changed; its other sessions have ended.");
    return k_holds;
}

Result<int> unlock(ApiClient& client, Output& /*output*/, Options const& options) {
    CS_CHECK(client.send("POST", path_of(options) + "/unlock"));
    return k_holds;
}

Result<int> sessions(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto const answer, client.get(path_of(options) + "/sessions"));
    if (output.value(answer)) return k_holds;
    Table table{{"ID", "Since", "Ends", "From", "By"}, {}};
    for (auto const& one : list_of(answer, "sessions"))
        table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "created"), text_of(one, "expires"),
                              text_of(one, "address"), text_of(one, "method")});
    output.table(table);
    return k_holds;
}

Result<int> end_sessions(ApiClient& client, Output& /*output*/, Options const& options) {
    CS_CHECK(client.send("DELETE", path_of(options) + "/sessions" + (options.session.empty() ? "" : "/" + path_part(options.session))));
    return k_holds;
}

}  // namespace

void add_account_commands(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    auto* account = app.add_subcommand("account", "Accounts of people: who may come in, and as what")->require_subcommand(1);
    auto const command = [&context, options, account](std::string name, std::string help, Work work) {
        auto* made = account->add_subcommand(std::move(name), std::move(help));
        made->callback([&context, options, work] {
            context.action = [&context, options, work](Output& output) {
                return with_manager(context, output, [&](ApiClient& client) { return work(client, output, *options); });
            };
        });
        return made;
    };
    auto const named = [options, &command](std::string name, std::string help, Work work) {
        auto* made = command(std::move(name), std::move(help), work);
        made->add_option("name", options->name, "Name of the account")->required();
        return made;
    };
    CLI::IsMember const role({"viewer", "operator", "auditor", "administrator"});
    command("list", "All accounts", list);
    named("show", "One account: role, last log-in, sessions, tokens", show);
    auto* made = named("add", "Make an account; without --password-file a one-time password is shown", add);
    made->add_option("--role", options->role, "viewer, operator, auditor or administrator")->check(role)->required();
    made->add_option("--full-name", options->full_name, "For people");
    made->add_option("--password-file", options->password_file, "File with a first password, which must be changed");
    auto* set = named("set", "Change role or full name, disable or enable", change);
    set->add_option("--role", options->role, "viewer, operator, auditor or administrator")->check(role);
    set->add_option("--full-name", options->full_name, "For people");
    auto* enable = set->add_flag("--enable", options->enable, "It may log in again");
    set->add_flag("--disable", options->disable, "It may not log in; its sessions end, its tokens do not work meanwhile")->excludes(enable);
    set->require_option(2, 0);  // the name, and what changes
    named("remove", "Delete an account with its sessions and tokens", remove);
    auto* reset = named("reset-password", "A new password, which must be changed at the next log-in; its sessions end", reset_password);
    reset->add_option("--password-file", options->password_file, "File with the password (default: a one-time password is shown)");
    auto* own = command("password", "Change your own password; your other sessions end", change_own);
    own->add_option("--user", options->user, "Your account")->capture_default_str();
    own->add_option("--password-file", options->password_file, "File with the old password (default: standard input)");
    own->add_option("--new-password-file", options->new_password_file, "File with the new password (default: standard input)");
    named("unlock", "Forget the failed log-ins that lock an account", unlock);
    named("sessions", "Open sessions of an account", sessions);
    auto* end = named("end-sessions", "End the sessions of an account, or one of them", end_sessions);
    end->add_option("--session", options->session, "Number of the session (default: all)");
}

}  // namespace countersign::workbench
