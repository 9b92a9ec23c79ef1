#include "workbench/workbench.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "host/files.hpp"
#include "net/http/message.hpp"
#include "workbench/commands.hpp"

#include "countersign/errors/fil.hpp"

#include <iostream>
#include <termios.h>
#include <unistd.h>

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

Result<json::array> all_systems(ApiClient& client, std::string const& filter) {
    json::array out;
    std::int64_t after = 0;
    do {
        CS_TRY(auto page, client.get("systems?limit=1000&after=" + std::to_string(after) + filter));
        for (auto const& system : list_of(page, "systems")) out.push_back(system);
        after = number_of(page, "next");
    } while (after != 0);
    return out;
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
    termios old{};
    bool const terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &old) == 0;
    if (terminal) {
        auto silent = old;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &silent);
        std::cerr << prompt << ": " << std::flush;
    }
    std::string line;
    bool const got = static_cast<bool>(std::getline(std::cin, line));
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &old);
        std::cerr << "\n";
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
    add_policy_commands(app, context);
    add_job_commands(app, context);
    add_list_commands(app, context);
    add_explain_command(app, context);
    add_help_commands(app, context);
    return made;
}

int run(int argc, char const* const* argv) {
    log::configure(log::Level::warning, log::Format::text);
    Context context;
    auto const app = make_application(context);
    try {
        app->parse(argc, argv);
    } catch (CLI::ParseError const& problem) {
        return app->exit(problem) == 0 ? k_holds : k_usage;
    }
    Output output(context.json ? Form::json : Form::text);
    return context.action ? context.action(output) : k_usage;
}

}  // namespace countersign::workbench
