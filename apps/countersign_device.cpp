#include "base/log.hpp"
#include "device/virtual/control.hpp"
#include "device/virtual/program.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>

namespace {

using namespace countersign;

struct Options {
    device::ProgramOptions program;
    std::string log_level = "info";
    std::string log_format = "text";
    std::string print_format;
    unsigned downtime_ms = 300;
    std::vector<std::string> control;
};

void describe(CLI::App& app, Options& options) {
    auto& program = options.program;
    app.add_option("--data", program.data, "Folder for the state of the systems")->required();
    app.add_option("--port-offset", program.port_offset, "Added to every port of services, DNS and NTP")
        ->check(CLI::Range(0, 45535))
        ->capture_default_str();
    app.add_option("--user", program.user, "Started as root, go on as this user, who may open low ports and nothing else");
    app.add_option("--hooks", program.hooks, "File with the hooks of the one system (default: hooks.toml in the data folder)");
    static std::map<std::string, device::ProgramOptions::Share> const shares{{"auto", device::ProgramOptions::Share::when_needed},
                                                                             {"shared", device::ProgramOptions::Share::always},
                                                                             {"own", device::ProgramOptions::Share::never}};
    app.add_option("--listeners", program.share,
                   "own: one per system and service; shared: one per port for all; auto: as the limit on files asks")
        ->transform(CLI::CheckedTransformer(shares));
    auto* estate = app.add_option("--estate", program.estate_file, "File with the list of systems (TOML)");
    auto* count = app.add_option("--count", program.count, "Make up a list of so many systems")->check(CLI::Range(1, 1'000'000));
    auto* family = app.add_option("--family", program.family, "One system of this family");
    estate->excludes(count)->excludes(family);
    count->excludes(family);
    app.add_option("--mix", program.mix, "Families of a made-up list and their weights (family=weight,...); without it every family alike");
    app.add_option("--base-address", program.base_address, "First address of a made-up list")->capture_default_str();
    app.add_option("--domain", program.domain, "Domain of a made-up list")->capture_default_str();
    app.add_option("--address", program.address, "Address of the one system")->capture_default_str();
    app.add_option("--serial", program.serial, "Serial number of the one system (default: made at the first start)");
    app.add_option("--console", program.serial_console,
                   "Serial console: none, pty, or the device of a real line (default: pty for one system, none for a list)");
    app.add_flag("--reset-broken-state", program.reset_broken_state,
                 "Where the state of a system and its copy cannot be read, start with settings and password of the factory");
    app.add_option("--activation-code", program.activation_code_of,
                   "Write the code that activates this feature on the one system to standard output and end");
    app.add_option("--name", program.name, "Name of the one system");
    app.add_option("--dns", program.dns, "Name server that is preset on every system");
    app.add_option("--ntp", program.ntp, "Time server that is preset on every system");
    app.add_option("--key-type", program.key_type, "Kind of the factory keys")->capture_default_str();
    app.add_option("--downtime", options.downtime_ms, "Milliseconds that a restart takes")
        ->check(CLI::Range(0U, 600'000U))
        ->capture_default_str();
    app.add_option("--print-estate", options.print_format, "Write the list of systems to standard output and end: toml or json")
        ->check(CLI::IsMember({"toml", "json"}));
    app.add_flag("--fsync,!--no-fsync", program.fsync, "Make every change safe against loss of power, not only of the process");
    app.add_option("--families", program.families, "Folder with family files (default: those compiled in)");
    app.add_option("--threads", program.threads, "Event loops; 0: one per core, and one for one system")
        ->check(CLI::Range(0, 64))
        ->capture_default_str();
    auto* control = app.add_subcommand("control",
                                       "Talks to the estate that runs on the data folder: list, show SYSTEM, fault SYSTEM FAULT, "
                                       "clear SYSTEM [FAULT]");
    control->add_option("command", options.control, "The command and its words")->required();
    control->fallthrough();
    app.add_option("--log-level", options.log_level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
        ->capture_default_str();
    app.add_option("--log-format", options.log_format, "text or json")->check(CLI::IsMember({"text", "json"}))->capture_default_str();
}

int end_with(Error const& error) {
    std::cerr << error.explanation() << '\n';
    return error.entry().exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Plays one managed system or a whole estate of them.", "countersign-device"};
    Options options;
    describe(app, options);
    CLI11_PARSE(app, argc, argv);
    log::configure(log::parse_level(options.log_level), options.log_format == "json" ? log::Format::json : log::Format::text);
    options.program.downtime = std::chrono::milliseconds(options.downtime_ms);
    // One system stands for a real one: its changes survive a loss of power unless told otherwise.
    if (!options.program.family.empty() && app.count("--fsync") == 0) options.program.fsync = true;
    using Print = device::ProgramOptions::Print;
    options.program.print = options.print_format.empty() ? Print::no : options.print_format == "json" ? Print::json : Print::toml;
    if (!options.control.empty()) {
        auto answer = device::send_control(options.program.data, options.control);
        if (!answer) return end_with(answer.error());
        std::cout << *answer;
        return 0;
    }
    auto ended = device::run_program(options.program);
    return ended ? 0 : end_with(ended.error());
}
