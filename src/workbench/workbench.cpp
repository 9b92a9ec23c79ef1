#include "workbench/workbench.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/files.hpp"
#include "net/http/message.hpp"
#include "workbench/commands.hpp"
#include "workbench/silent_terminal.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <iostream>
#include <string_view>

namespace countersign::workbench {

Result<Connection> Context::connection() const {
    CS_TRY(auto connection, load_connection(config.empty() ? default_config_file() : std::filesystem::path(config)));
    if (!overrides.url.empty()) connection.url = overrides.url;
    if (!overrides.address.empty()) connection.address = overrides.address;
    if (!overrides.ca_file.empty()) connection.ca_file = overrides.ca_file;
    if (!overrides.pin.empty()) connection.pin = overrides.pin;
    if (!token_file.empty()) {
        CS_TRY(auto token, host::read_secret_file(token_file));
        connection.token = SecretText(std::string(trim(token.reveal())));
    }
    return connection;
}

Result<std::unique_ptr<ApiClient>> Context::open() const {
    CS_TRY(auto connected, connection());
    return ApiClient::open(std::move(connected));
}

int with_manager(Context const& context, Output& output, std::function<Result<int>(ApiClient&)> const& work) {
    auto client = context.open();
    if (!client) return output.error(client.error());
    auto code = work(**client);
    return code ? *code : output.error(code.error());
}

std::string path_part(std::string_view name) { return net::http::url_encode(name); }

Result<json::array> all_of(ApiClient& client, std::string const& path, std::string_view list, std::string_view cursor) {
    json::array out;
    std::string const first = path + (path.contains('?') ? "&" : "?") + "limit=1000";
    std::string place;
    do {
        CS_TRY(auto page, client.get(first + place));
        for (auto const& one : list_of(page, list)) out.push_back(one);
        auto next = text_of(page, "next");
        if (auto const number = number_of(page, "next"); number != 0) next = std::to_string(number);
        place = next.empty() ? std::string() : "&" + std::string(cursor) + "=" + path_part(next);
    } while (!place.empty());
    return out;
}

Result<json::array> all_systems(ApiClient& client, std::string const& filter) {
    return all_of(client, filter.empty() ? "systems" : "systems?" + filter.substr(1), "systems");
}

std::string expiry(std::string const& time) {
    auto parsed = parse_utc_time(time);
    if (!parsed) return "";
    auto days = std::chrono::floor<std::chrono::days>(*parsed - SystemClock().now()).count();
    return time.substr(0, 10) + " (" + std::to_string(days) + " days)";
}

Result<SecretText> read_secret_line(std::string const& file, std::string const& prompt) {
    if (!file.empty()) {
        CS_TRY(auto text, host::read_secret_file(file));
        auto line = std::string_view(text.reveal());
        line = line.substr(0, line.find('\n'));
        return SecretText(std::string(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line));
    }
    std::string line;
    bool got = false;
    {
        SilentTerminal const silent;
        if (silent.is_terminal()) std::cerr << prompt << ": " << std::flush;
        got = static_cast<bool>(std::getline(std::cin, line));
        if (silent.is_terminal()) std::cerr << "\n";
    }
    if (!got)
        return fail(errors::fil::cannot_read,
                    {{"file", "standard input"}, {"detail", "it is at its end; " + prompt + " is expected there"}});
    return SecretText(std::move(line));
}

std::unique_ptr<CLI::App> make_application(Context& context) {
    auto made = std::make_unique<CLI::App>(
        "Countersign: certificate work, and the client of the manager.\n"
        "Every command takes --json. `countersign explain ID` says what an error id means.");
    auto& app = *made;
    app.name("countersign");
    app.require_subcommand(1);
    app.fallthrough();
    app.set_help_all_flag("--help-all", "Help of all commands");
    app.add_flag("--json", context.json, "Print JSON");
    app.add_option("--config", context.config, "File with the manager's address and token")->group("Manager");
    app.add_option("--url", context.overrides.url, "Manager, https://host[:port]")->group("Manager");
    app.add_option("--address", context.overrides.address, "Connect to this address instead of asking DNS")->group("Manager");
    app.add_option("--ca", context.overrides.ca_file, "Roots that the manager's certificate must lead to (PEM)")->group("Manager");
    app.add_option("--pin", context.overrides.pin, "Or the SHA-256 fingerprint of the manager's certificate")->group("Manager");
    app.add_option("--token-file", context.token_file, "File with an API token")->group("Manager");
    add_certificate_commands(app, context);
    add_probe_command(app, context);
    add_access_commands(app, context);
    add_system_commands(app, context);
    add_folder_commands(app, context);
    add_estate_list_commands(app, context);
    add_history_command(app, context);
    add_policy_commands(app, context);
    add_campaign_commands(app, context);
    add_job_commands(app, context);
    add_ticket_commands(app, context);
    add_notify_commands(app, context);
    add_account_commands(app, context);
    add_audit_commands(app, context);
    add_overview_commands(app, context);
    add_list_commands(app, context);
    add_network_commands(app, context);
    add_own_certificate_commands(app, context);
    add_inventory_commands(app, context);
    add_by_hand_commands(app, context);
    add_authority_commands(app, context);
    add_arrival_commands(app, context);
    add_phonebook_commands(app, context);
    add_explain_command(app, context);
    add_help_commands(app, context);
    return made;
}

namespace {

/// What is wrong with the command line, and whose help says more: of the innermost command that was recognised.
int wrong_usage(CLI::App const& app, CLI::ParseError const& problem, Output const& output) {
    auto const* command = &app;
    std::string name = "countersign";
    for (auto chosen = command->get_subcommands(); !chosen.empty(); chosen = command->get_subcommands()) {
        command = chosen.front();
        name += " " + command->get_name();
    }
    std::string detail = problem.what();
    auto const left = app.remaining(true);
    bool const has_commands = !command->get_subcommands([](CLI::App const*) { return true; }).empty();
    if (has_commands && !left.empty() && !left.front().starts_with("-")) detail = "there is no command " + name + " " + left.front();
    return output.error(Error(errors::gen::invalid_input,
                              {{"field", "the command line"}, {"detail", printable(detail) + "; " + name + " --help says what it takes"}}));
}

/// A result that did not arrive must not end like one that did (a full disk behind `> file`).
int when_written(int code, Output const& output) {
    std::cout.flush();
    if (std::cout) return code;
    std::cout.clear();
    return std::max(code, output.error(Error(errors::fil::cannot_write,
                                             {{"file", "standard output"}, {"detail", "the result is not complete there"}})));
}

}  // namespace

std::optional<std::string> why_no_host_name(std::string_view text) {
    if (std::ranges::any_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }))
        return "write the name as DNS and certificates have it, with xn--... in the place of each part that is not plain ASCII";
    if (text.contains('/') || text.contains(' ')) return "a host name or an address alone is wanted";
    if (!is_ip_address(text) && std::ranges::count(text, ':') == 1) return "a host name or an address is wanted, without a port";
    return std::nullopt;
}

int run(int argc, char const* const* argv) {
    log::configure(log::Level::warning, log::Format::text);
    Context context;
    auto const app = make_application(context);
    try {
        app->parse(argc, argv);
    } catch (CLI::ParseError const& problem) {
        bool const json = std::any_of(argv + 1, argv + argc, [](char const* one) { return std::string_view(one) == "--json"; });
        Output const output(json ? Form::json : Form::text);
        if (problem.get_exit_code() != 0) return wrong_usage(*app, problem, output);
        return when_written(app->exit(problem) == 0 ? k_holds : k_usage, output);
    }
    Output output(context.json ? Form::json : Form::text);
    return when_written(context.action ? context.action(output) : k_usage, output);
}

}  // namespace countersign::workbench
