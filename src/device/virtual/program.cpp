#include "device/virtual/program.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/repository/factory.hpp"
#include "device/repository/trust_cache.hpp"
#include "device/services/serial_door.hpp"
#include "device/virtual/running_estate.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace countersign::device {
namespace {

/// Two programs on one data folder would spoil each other's state. Held until the process ends, however it ends.
Result<void> lock_folder(fs::path const& data) {
    auto file = data / "lock";
    int handle = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (handle >= 0 && ::flock(handle, LOCK_EX | LOCK_NB) == 0) return {};
    if (handle >= 0) ::close(handle);
    return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", "another program uses this folder"}});
}

/// Thousands of listeners need more files than a shell usually grants.
void raise_file_limit(std::size_t systems) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    // Listeners of a system at most, and some connections.
    if (limit.rlim_cur < systems * 5 + 200)
        log::warning("estate.file_limit", {{"open_files", static_cast<unsigned long>(limit.rlim_cur)}, {"systems", systems}});
}

/// Kilobytes, from /proc/self/statm.
std::size_t resident_kilobytes() {
    auto text = host::read_file("/proc/self/statm", 4096).value_or("");
    auto parts = words(text);
    if (parts.size() < 2) return 0;
    return parse_number<std::size_t>(parts[1]).value_or(0) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

Result<std::string> own_serial(fs::path const& data) {
    auto file = data / "serial";
    std::error_code ignored;
    if (fs::exists(file, ignored)) {
        CS_TRY(auto text, host::read_file(file, 256));
        return std::string(trim(text));
    }
    auto serial = "CS" + to_upper(to_hex(host::random_bytes(5)));
    CS_CHECK(host::write_file(file, serial + "\n", host::Privacy::shared));
    return serial;
}

Result<Estate> one_system(ProgramOptions const& options) {
    UnitSpec spec;
    spec.family = options.family;
    spec.address = options.address;
    spec.name = options.name;
    spec.serial = options.serial;
    if (spec.serial.empty()) {
        CS_CHECK(host::ensure_folder(options.data));
        CS_TRY(spec.serial, own_serial(options.data));
    }
    return Estate{{std::move(spec)}};
}

Result<Estate> estate_of(ProgramOptions const& options, family::Families const& families) {
    if (!options.estate_file.empty()) return load_estate(options.estate_file, families);
    if (options.count > 0) {
        CS_TRY(auto mix, parse_mix(options.mix, families));
        return generate_estate({options.count, std::move(mix), options.base_address, options.domain});
    }
    if (!options.family.empty()) return one_system(options);
    return fail(errors::gen::missing_field, {{"field", "--estate, --count or --family"}});
}

Result<void> register_console(ProgramOptions const& options, Environment& environment) {
    bool const alone = !options.family.empty();
    auto const wanted = !options.serial_console.empty() ? options.serial_console : alone ? "pty" : "none";
    if (wanted == "none") return {};
    if (wanted != "pty" && !alone)
        return fail(errors::gen::invalid_input, {{"field", "--console"}, {"detail", "one line serves one system: use --family, or pty"}});
    environment.doors["serial"] = serial_door(wanted == "pty" ? "" : wanted);
    return {};
}

Result<std::shared_ptr<Environment>> environment_of(ProgramOptions const& options, net::Runtime& runtime) {
    CS_CHECK(host::ensure_folder(options.data));
    CS_CHECK(lock_folder(options.data));
    auto environment = std::make_shared<Environment>();
    environment->runtime = &runtime;
    environment->data = options.data;
    environment->port_offset = options.port_offset;
    environment->durability = options.fsync ? host::Durability::fsync : host::Durability::none;
    environment->downtime = options.downtime;
    environment->clock = std::make_shared<SystemClock>();
    CS_TRY(auto sealer, host::Sealer::load_or_create(options.data / "sealing.key"));
    environment->sealer = std::make_shared<host::Sealer const>(std::move(sealer));
    CS_TRY(auto key_type, pki::parse_key_type(options.key_type));
    environment->factory = std::make_shared<FactoryAuthorities>(options.data / "factory-ca", key_type, environment->sealer);
    environment->trust = std::make_shared<TrustCache>();
    register_everything(*environment);
    CS_CHECK(register_console(options, *environment));
    return environment;
}

/// Signals are taken by one thread that waits for them, so every other thread blocks them.
sigset_t block_end_signals() {
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

}  // namespace

Result<void> run_program(ProgramOptions const& options) {
    CS_TRY(auto families, options.families.empty() ? family::Families::load_embedded() : family::Families::load_folder(options.families));
    CS_TRY(auto estate, estate_of(options, families));
    preset_network(estate, families, options.dns, options.ntp);
    if (options.print != ProgramOptions::Print::no) {
        std::cout << (options.print == ProgramOptions::Print::json ? to_json(estate) : to_toml(estate)) << std::flush;
        return {};
    }
    auto signals = block_end_signals();
    auto count = estate.systems.size();
    raise_file_limit(count);
    net::Runtime runtime(options.threads);
    runtime.start();
    CS_TRY(auto environment, environment_of(options, runtime));
    RunningEstate running(environment, families);
    auto before = resident_kilobytes();
    if (auto started = net::run(runtime, running.start(std::move(estate))); !started) {
        runtime.stop();
        return started;
    }
    auto after = resident_kilobytes();
    log::info("estate.ready",
              {{"systems", count}, {"resident_kib", after}, {"kib_per_system", (after - before) / std::max<std::size_t>(count, 1)}});
    std::cout << "ready: " << count << (count == 1 ? " system" : " systems") << "\n" << std::flush;
    int signal = 0;
    ::sigwait(&signals, &signal);
    log::info("estate.stopping", {{"signal", signal}});
    net::run(runtime, running.stop());
    runtime.stop();
    return {};
}

}  // namespace countersign::device
