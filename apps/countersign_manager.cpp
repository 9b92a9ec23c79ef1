#include "base/log.hpp"
#include "family/family.hpp"
#include "host/service_manager.hpp"
#include "manager/access/access.hpp"
#include "manager/api/api.hpp"
#include "manager/maintenance.hpp"
#include "manager/manager.hpp"
#include "manager/server.hpp"
#include "manager/settings/program_settings.hpp"
#include "net/service_loop.hpp"
#include "net/task.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <signal.h>

namespace {

using namespace countersign;

/// What the command line says; every setting of the table is an option there.
struct Options {
    std::filesystem::path file;
    manager::GivenOptions given;
    bool check = false;
    bool print = false;
};

std::string described(manager::SettingRow const& row) {
    auto out = row.help;
    if (row.required) return out + " (required)";
    bool const empty =
        row.fallback == manager::SettingValue(std::string()) || row.fallback == manager::SettingValue(std::vector<std::string>());
    if (!empty) out += " (default: " + manager::to_toml(row.fallback) + (row.unit.empty() ? "" : " " + row.unit) + ")";
    return out;
}

void describe(CLI::App& app, Options& options) {
    app.add_option("--settings", options.file, "Settings file (docs/settings.md); options of the command line override it");
    app.add_flag("--check", options.check, "Only say what is wrong with the settings; exit code 1 when something is");
    app.add_flag("--print-config", options.print, "Only print the settings that hold, and where each is from");
    for (auto const& row : manager::setting_table()) {
        auto& words = options.given[row.name];
        if (row.type == manager::SettingType::boolean)
            app.add_flag_function(
                "--" + row.option + ",!--no-" + row.option, [&words](std::int64_t on) { words = {on > 0 ? "true" : "false"}; },
                described(row));
        else if (row.type == manager::SettingType::list)
            app.add_option("--" + row.option, words, described(row));
        else
            app.add_option("--" + row.option, words, described(row))->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
}

int failed(Error const& error) {
    std::cerr << "countersign-manager: " << error.explanation() << "\n";
    return error.entry().exit_code;
}

void configure_log(manager::ProgramSettings const& settings) {
    log::configure(log::parse_level(settings.log_level), settings.log_format == "json" ? log::Format::json : log::Format::text);
}

/// SIGHUP: the file is read again, with the same options. What is wrong anywhere in it leaves everything as it was.
class Reload {
public:
    Reload(Options options, manager::SettingsRead read, manager::Server& server)
        : options_(std::move(options)), read_(std::move(read)), server_(server) {}

    Result<void> operator()() {
        auto fresh = manager::read_settings(options_.file, options_.given);
        CS_TRY(auto settings, manager::make_program_settings(fresh));
        auto const change = manager::compare(read_, fresh);
        CS_CHECK(server_.reload(settings));
        configure_log(settings);
        for (auto const& name : change.reloaded) log::info("settings.reloaded", {{"setting", name}});
        for (auto const& name : change.need_restart) log::warning("settings.need_restart", {{"setting", name}});
        // What needs a restart is named at each reload until it came.
        for (auto const& name : change.reloaded) read_.values[name] = fresh.values[name];
        return {};
    }

private:
    Options options_;
    manager::SettingsRead read_;
    manager::Server& server_;
};

int serve(Options options, manager::SettingsRead read, manager::ProgramSettings settings) {
    auto const service = host::ServiceManager::from_environment();
    // Signals are blocked before any thread starts, so that only the loop below takes them.
    net::ServiceLoop loop(service, "https://" + settings.manager.host_name);
    signal(SIGPIPE, SIG_IGN);

    auto families = !settings.families.empty()           ? family::Families::load_folder(settings.families)
                    : !settings.further_families.empty() ? family::Families::load_with_folder(settings.further_families)
                                                         : family::Families::load_embedded();
    if (!families) return failed(families.error());
    net::Runtime runtime(settings.threads);
    runtime.start();
    auto plain = settings.http ? manager::PlainHttp::open : manager::PlainHttp::closed;
    auto server = manager::Server::start(runtime, settings.manager, *families, plain);
    if (!server) return failed(server.error());
    auto& running = **server;
    if (auto taken = running.reload(settings); !taken) return failed(taken.error());
    if (!settings.token_file.empty()) {
        if (auto written = running.write_token(settings.token_file); !written) return failed(written.error());
    }
    std::cout << "ready: https://" << settings.manager.host_name << ":" << running.https().port << " on " << net::to_string(running.https())
              << "\n";
    std::cout << "roots: " << (settings.manager.data / "ca.pem").string() << "\n";
    if (!running.setup_password().empty()) std::cout << "set-up password: " << running.setup_password().reveal() << "\n";
    std::cout << std::flush;
    int const signal_number = loop.run(runtime, Reload(std::move(options), std::move(read), running));
    log::info("manager.stopping", {{"signal", signal_number}});
    running.stop();
    runtime.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && argv[1][0] != '-') return manager::run_maintenance(argc, argv);
    CLI::App app("countersign-manager: the management server");
    app.footer(
        std::string("On the manager's own machine, with its data: countersign-manager COMMAND --help, where the command is one of ") +
        manager::k_maintenance_commands);
    Options options;
    describe(app, options);
    CLI11_PARSE(app, argc, argv);
    auto read = manager::read_settings(options.file, options.given);
    auto settings = manager::make_program_settings(read);
    if (options.print) std::cout << manager::print_settings(read) << std::flush;
    if (!settings) return failed(settings.error());
    if (options.check) std::cout << "the settings are good\n";
    if (options.check || options.print) return 0;
    configure_log(*settings);
    return serve(std::move(options), std::move(read), *std::move(settings));
}
