#include "base/log.hpp"
#include "family/family.hpp"
#include "manager/access/access.hpp"
#include "manager/access/restore.hpp"
#include "manager/api/api.hpp"
#include "manager/manager.hpp"
#include "manager/server.hpp"
#include "manager/store/offline.hpp"
#include "net/task.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <signal.h>

namespace {

using namespace countersign;

struct Options {
    manager::ManagerSettings settings;
    std::string log_level = "info";
    std::string log_format = "text";
    std::string families;
    std::string further_families;
    bool no_plain_http = false;
    unsigned threads = 0;
    std::string token_file;
    int observe_seconds = 900;
    int answer_seconds = 20;
    int restart_seconds = 120;
    int enforce_seconds = 1800;
};

void describe(CLI::App& app, Options& options) {
    auto& settings = options.settings;
    app.add_option("--data", settings.data, "Folder for database, sealing key and certificates")->required();
    app.add_option("--host-name", settings.host_name, "Fully qualified host name by which people and systems reach this manager")
        ->required();
    app.add_option("--listen", settings.address, "Address of its own ports")->capture_default_str();
    app.add_option("--https-port", settings.https_port, "HTTPS port, before the offset")->capture_default_str();
    app.add_option("--http-port", settings.http_port, "HTTP port, before the offset")->capture_default_str();
    app.add_flag("--no-http", options.no_plain_http, "Do not open the HTTP port (systems can then call over HTTPS only)");
    app.add_option("--port-offset", settings.port_offset, "Added to every port, also those of systems, DNS and NTP")->capture_default_str();
    app.add_option("--dns", settings.dns_servers, "Name servers of the manager itself (default: the machine's)");
    app.add_option("--source", settings.bind_address, "Source address of connections to systems");
    app.add_option("--concurrency", settings.concurrency, "Systems worked on at the same time")
        ->check(CLI::Range(1, 2000))
        ->capture_default_str();
    app.add_option("--answer-seconds", options.answer_seconds, "How long a system may take to answer one request")
        ->check(CLI::Range(1, 300))
        ->capture_default_str();
    app.add_option("--restart-seconds", options.restart_seconds, "How long a system may take to come back after a restart")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    app.add_option("--observe-seconds", options.observe_seconds, "How often every system is looked at")
        ->check(CLI::Range(1, 604800))
        ->capture_default_str();
    app.add_option("--enforce-seconds", options.enforce_seconds, "How often the policy is enforced in the background")
        ->check(CLI::Range(1, 604800))
        ->capture_default_str();
    auto* all = app.add_option("--families", options.families, "Folder with family files (default: those compiled in)");
    app.add_option("--further-families", options.further_families, "Folder with family files beside those compiled in")->excludes(all);
    app.add_option("--hooks", settings.hooks, "Folder of the programs that families with the driver hook may name (default: none is run)");
    app.add_option("--token-file", options.token_file, "Write a fresh API token to this file (mode 0600), for scripts on this machine");
    app.add_option("--threads", options.threads, "Event loops; 0: one per core")->check(CLI::Range(0, 64))->capture_default_str();
    app.add_option("--log-level", options.log_level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
        ->capture_default_str();
    app.add_option("--log-format", options.log_format, "text or json")->check(CLI::IsMember({"text", "json"}))->capture_default_str();
}

int failed(Error const& error) {
    std::cerr << "countersign-manager: " << error.explanation() << "\n";
    return error.entry().exit_code;
}

int serve(Options options) {
    // Blocked before any thread starts, so that only the wait below takes them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);

    auto families = !options.families.empty()           ? family::Families::load_folder(options.families)
                    : !options.further_families.empty() ? family::Families::load_with_folder(options.further_families)
                                                        : family::Families::load_embedded();
    if (!families) return failed(families.error());
    options.settings.answer_timeout = std::chrono::seconds(options.answer_seconds);
    options.settings.restart_timeout = std::chrono::seconds(options.restart_seconds);
    options.settings.observe_interval = std::chrono::seconds(options.observe_seconds);
    options.settings.enforce_interval = std::chrono::seconds(options.enforce_seconds);
    net::Runtime runtime(options.threads);
    runtime.start();
    auto plain = options.no_plain_http ? manager::PlainHttp::closed : manager::PlainHttp::open;
    auto server = manager::Server::start(runtime, options.settings, *families, plain);
    if (!server) return failed(server.error());
    auto const& ready = **server;
    if (!options.token_file.empty()) {
        if (auto written = ready.write_token(options.token_file); !written) return failed(written.error());
    }
    std::cout << "ready: https://" << options.settings.host_name << ":" << ready.https().port << " on " << net::to_string(ready.https())
              << "\n";
    std::cout << "roots: " << (options.settings.data / "ca.pem").string() << "\n";
    if (!ready.setup_password().empty()) std::cout << "set-up password: " << ready.setup_password().reveal() << "\n";
    std::cout << std::flush;
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    log::info("manager.stopping", {{"signal", signal_number}});
    (*server)->stop();
    runtime.stop();
    return 0;
}

/// Commands for the machine's administrator. They need the data folder and no running manager, and none of the options above.
int maintain(int argc, char** argv) {
    CLI::App app("countersign-manager: on the manager's own machine, with its data folder");
    app.require_subcommand(1);
    std::filesystem::path data;
    int code = 0;
    auto* verify = app.add_subcommand("verify-audit", "Was a record of the audit trail changed, removed or moved? Exit code 2: it was");
    verify->add_option("--data", data, "Data folder of the manager")->required();
    verify->callback([&] {
        auto const verdict = manager::verify_audit(data);
        if (!verdict) {
            code = failed(verdict.error());
        } else if (verdict->first_bad) {
            std::cout << "the audit trail does not hold: " << verdict->first_bad->text << "\n";
            code = 2;
        } else {
            std::cout << "the audit trail holds: " << verdict->records << " records, the newest is " << verdict->head.newest
                      << " with the hash\n"
                      << verdict->head.hash << "\n";
        }
    });
    std::string account = "admin";
    auto* restore = app.add_subcommand("restore-administrator", "A one-time password when nobody can log in any more");
    restore->add_option("--data", data, "Data folder of the manager")->required();
    restore->add_option("--account", account, "Account that becomes an administrator; made when it does not exist")->capture_default_str();
    restore->callback([&] {
        log::configure(log::parse_level("warning"), log::Format::text);
        auto const restored = manager::restore_administrator(data, account);
        if (!restored) {
            code = failed(restored.error());
        } else {
            std::cout << (restored->setup ? "set-up password: " : "one-time password of " + account + ": ") << restored->password.reveal()
                      << "\n";
        }
    });
    CLI11_PARSE(app, argc, argv);
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && argv[1][0] != '-') return maintain(argc, argv);
    CLI::App app("countersign-manager: the management server");
    app.footer("On the manager's own machine, with its data folder: countersign-manager verify-audit --help, restore-administrator --help");
    Options options;
    describe(app, options);
    CLI11_PARSE(app, argc, argv);
    log::configure(log::parse_level(options.log_level), options.log_format == "json" ? log::Format::json : log::Format::text);
    return serve(std::move(options));
}
