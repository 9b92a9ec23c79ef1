#include "base/text.hpp"
#include "host/crypto.hpp"
#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

/// What the command line says of a channel; what it does not say is not sent.
struct Options {
    std::string channel;
    std::string name, host, security, user, from, url, ca_file, secret_file, severity, folder;
    std::vector<std::string> to, types;
    int port = 0, facility = -1;
    bool enable = false, disable = false, every_type = false, every_folder = false, machine_roots = false;
};

std::string path_of(std::string const& channel) { return "notification-channels/" + path_part(channel); }

/// Fields that all kinds have.
Result<json::object> common_fields(Options const& options) {
    json::object body;
    auto put = [&body](char const* field, std::string const& value) {
        if (!value.empty()) body[field] = value;
    };
    put("name", options.name);
    put("severity", options.severity);
    put("folder", options.folder);
    put("host", options.host);
    put("security", options.security);
    put("user", options.user);
    put("from", options.from);
    put("url", options.url);
    if (!options.to.empty()) body["to"] = json::array(options.to.begin(), options.to.end());
    if (!options.types.empty()) body["types"] = json::array(options.types.begin(), options.types.end());
    if (options.every_type) body["types"] = json::array();
    if (options.every_folder) body["folder"] = "";
    if (options.port != 0) body["port"] = options.port;
    if (options.facility >= 0) body["facility"] = options.facility;
    if (options.enable || options.disable) body["enabled"] = options.enable;
    if (options.machine_roots) body["ca"] = "";
    if (!options.ca_file.empty()) {
        CS_TRY(auto const pem, host::read_file(options.ca_file));
        body["ca"] = pem;
    }
    return body;
}

std::string where_to(json::value const& channel) {
    if (auto url = text_of(channel, "url"); !url.empty()) return url;
    auto out = text_of(channel, "host") + ":" + std::to_string(number_of(channel, "port"));
    std::vector<std::string> recipients;
    for (auto const& one : list_of(channel, "to"))
        if (one.is_string()) recipients.emplace_back(one.get_string());
    return out + (recipients.empty() ? "" : " to " + join(recipients, ", "));
}

std::string how_it_goes(Output const& output, json::value const& channel) {
    if (!flag_of(channel, "enabled")) return "off";
    if (auto error = text_of(channel, "error_text"); !error.empty()) return output.mark(Mark::bad, "fails") + ": " + error;
    auto const last = text_of(channel, "last_sent");
    return last.empty() ? "nothing sent yet" : output.mark(Mark::good, "works") + ", newest " + last;
}

std::string what_of(json::value const& channel) {
    std::vector<std::string> words{text_of(channel, "severity") + " or worse"};
    for (auto const& type : list_of(channel, "types"))
        if (type.is_string()) words.emplace_back(type.get_string());
    if (auto folder = number_of(channel, "folder"); folder != 0) words.push_back("folder " + std::to_string(folder));
    return join(words, ", ");
}

Result<int> print(Output& output, json::value const& channel) {
    if (output.value(channel)) return k_holds;
    output.line(output.strong(text_of(channel, "name")) + " (" + text_of(channel, "kind") + "): " + where_to(channel));
    output.line("Tells: " + what_of(channel));
    output.line("State: " + how_it_goes(output, channel));
    output.line("Waiting: " + std::to_string(number_of(channel, "waiting")) +
                ", dropped: " + std::to_string(number_of(channel, "dropped")));
    return k_holds;
}

Result<int> list(ApiClient& client, Output& output) {
    CS_TRY(auto const channels, all_of(client, "notification-channels", "channels"));
    if (output.value(json::object{{"channels", channels}})) return k_holds;
    if (channels.empty()) {
        output.line("No channels: nobody is told of tickets. `countersign notify add-email` makes one.");
        return k_holds;
    }
    Table table{{"ID", "Channel", "Kind", "Where", "Tells", "Waiting", "State"}, {}};
    for (auto const& one : channels)
        table.rows.push_back({std::to_string(number_of(one, "id")), text_of(one, "name"), text_of(one, "kind"), where_to(one), what_of(one),
                              std::to_string(number_of(one, "waiting")), how_it_goes(output, one)});
    output.table(table);
    return k_holds;
}

Result<int> add(ApiClient& client, Output& output, Options const& options, std::string const& kind) {
    CS_TRY(auto body, common_fields(options));
    body["name"] = options.channel;
    body["kind"] = kind;
    std::string made;
    if (kind == "email" && !options.user.empty()) {
        CS_TRY(auto const password, read_secret_line(options.secret_file, "Password of " + options.user));
        body["secret"] = password.reveal();
    } else if (kind == "webhook" && options.secret_file.empty()) {
        made = to_hex(host::random_bytes(32));
        body["secret"] = made;
    } else if (!options.secret_file.empty()) {
        CS_TRY(auto const key, read_secret_line(options.secret_file, "Key"));
        body["secret"] = key.reveal();
    }
    CS_TRY(auto channel, client.send("POST", "notification-channels", body));
    if (output.json()) {
        if (!made.empty()) channel.as_object()["secret"] = made;
        output.value(channel);
        return k_holds;
    }
    CS_CHECK(print(output, channel));
    if (!made.empty()) output.line("Key for the receiver, shown this once: " + made);
    output.line("`countersign notify test " + options.channel + "` tries it.");
    return k_holds;
}

Result<int> change(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto body, common_fields(options));
    if (!options.secret_file.empty()) {
        CS_TRY(auto const secret, read_secret_line(options.secret_file, "Password or key"));
        body["secret"] = secret.reveal();
    }
    if (body.empty()) return fail(errors::gen::missing_field, {{"field", "what to change (countersign notify set --help)"}});
    CS_TRY(auto const channel, client.send("PATCH", path_of(options.channel), body));
    return print(output, channel);
}

Result<int> test(ApiClient& client, Output& output, Options const& options) {
    CS_TRY(auto const answer, client.send("POST", path_of(options.channel) + "/test"));
    auto const& refused = list_of(answer, "refused");
    if (!output.value(answer)) {
        output.line("Sent: " + text_of(answer, "detail") + ".");
        for (auto const& one : refused)
            if (one.is_string()) output.line("Refused: " + std::string(one.get_string()));
    }
    return refused.empty() ? k_holds : k_does_not_hold;
}

void add_filter_options(CLI::App& command, Options& options) {
    command.add_option("--severity", options.severity, "Only tickets of this severity or worse")
        ->check(CLI::IsMember({"critical", "warning", "notice"}));
    command.add_option("--type", options.types, "Only tickets of this type, as no_https_response; may be repeated");
    command.add_option("--folder", options.folder, "Only systems in this folder and those below it: path or number");
    command.add_option("--roots", options.ca_file,
                       "PEM file: the only roots that its server may lead to (default: the manager's machine's, "
                       "and the estate's)");
}

using Run = Result<int> (*)(ApiClient&, Output&, Options const&);

CLI::App* add_command(CLI::App& parent, Context& context, std::string name, std::string help, std::shared_ptr<Options> const& options,
                      Run run) {
    auto* command = parent.add_subcommand(std::move(name), std::move(help));
    command->add_option("channel", options->channel, "Name or number of the channel")->required();
    command->callback([&context, options, run] {
        context.action = [&context, options, run](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return run(client, output, *options); });
        };
    });
    return command;
}

}  // namespace

void add_notify_commands(CLI::App& app, Context& context) {
    auto* notify = app.add_subcommand("notify", "Who is told of tickets, and how")->require_subcommand(1);
    notify->add_subcommand("list", "All channels, and how they go")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return list(client, output); });
        };
    });
    auto options = std::make_shared<Options>();
    add_command(*notify, context, "show", "One channel", options,
                [](ApiClient& client, Output& output, Options const& asked) -> Result<int> {
                    CS_TRY(auto const channel, client.get(path_of(asked.channel)));
                    return print(output, channel);
                });

    auto* email = add_command(*notify, context, "add-email", "E-mail over SMTP with TLS", options,
                              [](ApiClient& client, Output& output, Options const& asked) { return add(client, output, asked, "email"); });
    email->add_option("--host", options->host, "Mail server, as its certificate names it")->required();
    email->add_option("--port", options->port, "Its port (default: 465, with STARTTLS 587)")->check(CLI::Range(1, 65535));
    email->add_option("--security", options->security, "tls: from the first byte (default); starttls: by STARTTLS, never without")
        ->check(CLI::IsMember({"tls", "starttls"}));
    email->add_option("--user", options->user, "User to log in with (default: no log-in)");
    email->add_option("--password-file", options->secret_file, "File with the password of the user (default: asked for)");
    email->add_option("--from", options->from, "Address of the sender")->required();
    email->add_option("--to", options->to, "Address of a recipient; may be repeated")->required();
    add_filter_options(*email, *options);
    auto* webhook =
        add_command(*notify, context, "add-webhook", "A signed POST over HTTPS", options,
                    [](ApiClient& client, Output& output, Options const& asked) { return add(client, output, asked, "webhook"); });
    webhook->add_option("--hook", options->url, "Where to post to, https://host[:port]/path")->required();
    webhook->add_option("--key-file", options->secret_file, "File with the key that signs (default: one is made and shown once)");
    add_filter_options(*webhook, *options);
    auto* syslog =
        add_command(*notify, context, "add-syslog", "Syslog over TLS", options,
                    [](ApiClient& client, Output& output, Options const& asked) { return add(client, output, asked, "syslog"); });
    syslog->add_option("--host", options->host, "Syslog server, as its certificate names it")->required();
    syslog->add_option("--port", options->port, "Its port (default: 6514)")->check(CLI::Range(1, 65535));
    syslog->add_option("--facility", options->facility, "0 to 23 (default: 16, local0)")->check(CLI::Range(0, 23));
    add_filter_options(*syslog, *options);

    auto* set = add_command(*notify, context, "set", "Change a channel; what waits is tried again at once", options, change);
    set->add_option("--name", options->name, "Another name");
    set->add_option("--host", options->host, "Server, as its certificate names it");
    set->add_option("--port", options->port, "Its port")->check(CLI::Range(1, 65535));
    set->add_option("--security", options->security, "tls or starttls")->check(CLI::IsMember({"tls", "starttls"}));
    set->add_option("--user", options->user, "User to log in with");
    set->add_option("--from", options->from, "Address of the sender");
    set->add_option("--to", options->to, "Addresses of all recipients; may be repeated");
    set->add_option("--hook", options->url, "Where to post to");
    set->add_option("--facility", options->facility, "0 to 23")->check(CLI::Range(0, 23));
    set->add_option("--secret-file", options->secret_file, "File with the password or key; needed again when the place changes");
    add_filter_options(*set, *options);
    set->add_flag("--every-type", options->every_type, "Tickets of all types")->excludes("--type");
    set->add_flag("--every-folder", options->every_folder, "Systems everywhere")->excludes("--folder");
    set->add_flag("--machine-roots", options->machine_roots, "Believe the machine's and the estate's roots again")->excludes("--roots");
    set->add_flag("--enable", options->enable, "Switch it on");
    set->add_flag("--disable", options->disable, "Switch it off; what is told meanwhile does not reach it later")->excludes("--enable");

    add_command(*notify, context, "test", "Send a test message now. Exit code 2: some recipients were refused", options, test);
    add_command(*notify, context, "remove", "Remove a channel with what waits for it", options,
                [](ApiClient& client, Output& output, Options const& asked) -> Result<int> {
                    CS_CHECK(client.send("DELETE", path_of(asked.channel)));
                    if (!output.json()) output.line("Removed " + asked.channel + ".");
                    return k_holds;
                });
}

}  // namespace countersign::workbench
