#include "device/virtual/program.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/hooks/hooks.hpp"
#include "device/repository/factory.hpp"
#include "device/repository/trust_cache.hpp"
#include "device/services/serial_door.hpp"
#include "device/tree/feature_codes.hpp"
#include "device/virtual/control.hpp"
#include "device/virtual/fault_book.hpp"
#include "device/virtual/running_estate.hpp"
#include "host/memory.hpp"
#include "host/privileges.hpp"
#include "host/service_manager.hpp"
#include "net/local.hpp"
#include "net/ports.hpp"
#include "net/service_loop.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <fcntl.h>
#include <iostream>
#include <malloc.h>
#include <set>
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

/// As many open files as this process may have at all, which is more than a shell usually grants.
std::size_t raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/// Listeners of all systems when every service is on.
std::size_t listeners_of(Estate const& estate, family::Families const& families) {
    std::size_t count = 0;
    for (auto const& spec : estate.systems)
        if (auto const family = families.get(spec.family))
            count += static_cast<std::size_t>(
                std::ranges::count_if((*family)->services, [](family::Service const& service) { return service.door != "none"; }));
    return count;
}

/// The rest is for connections and files.
constexpr std::size_t k_other_files = 1000;

bool must_share(ProgramOptions const& options, std::size_t listeners, std::size_t files) {
    if (options.share != ProgramOptions::Share::when_needed) return options.share == ProgramOptions::Share::always;
    if (listeners + k_other_files <= files || options.count + listeners < k_other_files) return false;
    log::warning("estate.shared_listeners", {{"open_files", files}, {"listeners", listeners}});
    return true;
}

Result<void> inherit_sockets(host::ServiceManager const& manager, family::Family const* family, net::Runtime& runtime) {
    for (auto const& socket : manager.sockets()) {
        bool const known = socket.name.empty() || family == nullptr ||
                           std::ranges::any_of(family->services, [&](family::Service const& service) { return service.id == socket.name; });
        if (!known)
            return fail(errors::net::inherited_socket, {{"socket", socket.name}, {"detail", "the system has no service of that name"}});
        CS_TRY(auto where, runtime.ports().inherit(socket.descriptor, runtime.executor(0)));
        log::info("program.inherited", {{"name", socket.name}, {"where", to_string(where)}});
    }
    return {};
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

/// A console that somebody asks for and nobody gets would be found missing when it is needed.
Result<void> check_console(ProgramOptions const& options, family::Families const& families, Estate const& estate) {
    std::set<std::string> without;
    for (auto const& spec : estate.systems) {
        CS_TRY(auto family, families.get(spec.family));
        if (std::ranges::any_of(family->services, [](auto const& service) { return service.door == "serial"; })) return {};
        without.insert(family->name);
    }
    return fail(errors::dev::no_console, {{"value", options.serial_console},
                                          {"detail", join(std::vector(without.begin(), without.end()), ", ") + " has no serial console"}});
}

Result<void> register_console(ProgramOptions const& options, family::Families const& families, Estate const& estate,
                              Environment& environment) {
    bool const alone = !options.family.empty();
    auto const wanted = !options.serial_console.empty() ? options.serial_console : alone ? "pty" : "none";
    if (wanted == "none") return {};
    if (!options.serial_console.empty()) CS_CHECK(check_console(options, families, estate));
    if (wanted != "pty" && !alone)
        return fail(errors::gen::invalid_input, {{"field", "--console"}, {"detail", "one line serves one system: use --family, or pty"}});
    environment.doors["serial"] = serial_door(wanted == "pty" ? "" : wanted);
    return {};
}

Result<std::shared_ptr<Environment>> environment_of(ProgramOptions const& options, family::Families const& families, Estate const& estate,
                                                    net::Runtime& runtime) {
    CS_CHECK(host::ensure_folder(options.data));
    CS_CHECK(lock_folder(options.data));
    auto environment = std::make_shared<Environment>();
    environment->runtime = &runtime;
    environment->data = options.data;
    environment->port_offset = options.port_offset;
    environment->durability = options.fsync ? host::Durability::fsync : host::Durability::none;
    environment->downtime = options.downtime;
    environment->clock = std::make_shared<SystemClock>();
    environment->reset_broken_state = options.reset_broken_state;
    CS_TRY(auto sealer, host::Sealer::load_or_create(options.data / "sealing.key"));
    environment->sealer = std::make_shared<host::Sealer const>(std::move(sealer));
    CS_TRY(auto key_type, pki::parse_key_type(options.key_type));
    environment->factory = std::make_shared<FactoryAuthorities>(options.data / "factory-ca", key_type, environment->sealer);
    environment->trust = std::make_shared<TrustCache>();
    register_everything(*environment);
    CS_CHECK(register_console(options, families, estate, *environment));
    return environment;
}

Result<void> become(ProgramOptions const& options) {
    if (options.user.empty()) return {};
    CS_CHECK(host::ensure_folder(options.data));
    CS_CHECK(host::give_folder(options.data, options.user));
    return host::become_user(options.user);
}

/// What runs beside the systems: faults and their control socket for an estate, hooks for one system.
class Beside {
public:
    Beside(ProgramOptions const& options, Environment& environment) : data_(options.data) {
        if (options.family.empty()) {
            faults_ = std::make_shared<FaultBook>(options.data);
            faults_->install(environment);
        } else {
            hooks_ = std::make_shared<HookBook>(options.hooks.empty() ? options.data / "hooks.toml" : fs::path(options.hooks));
            environment.companions.push_back(make_hooks(hooks_));
        }
    }
    Result<void> prepare(Estate const& estate, RunningEstate& running) {
        if (hooks_) return hooks_->load();
        for (auto const& spec : estate.systems) {
            auto const faults = estate.faults.find(spec.serial);
            faults_->add(spec, faults == estate.faults.end() ? std::vector<Fault>() : faults->second);
        }
        running.set_forgetful(
            [faults = faults_](UnitSpec const& spec) { return faults->find(spec.serial, Fault::Kind::forgetful).has_value(); });
        return {};
    }
    Result<void> listen(net::Runtime& runtime, RunningEstate const& running) {
        if (!faults_) return {};
        auto answer = [faults = faults_, &running](std::string line) { return control(faults, running, std::move(line)); };
        CS_TRY(listener_, net::listen_local(runtime.executor(0), control_socket(data_), std::move(answer)));
        return {};
    }
    Result<void> reload() const { return hooks_ ? hooks_->load() : Result<void>(); }

private:
    fs::path data_;
    std::shared_ptr<FaultBook> faults_;
    std::shared_ptr<HookBook> hooks_;
    std::unique_ptr<net::LocalListener> listener_;
};

/// One system is served by one loop; others would only hold memory.
unsigned loops_for(ProgramOptions const& options, std::size_t systems) {
    return options.threads == 0 && systems == 1 ? 1 : options.threads;
}

std::string ready_text(std::size_t count, bool shared) {
    return std::to_string(count) + (count == 1 ? " system" : " systems") + (shared ? ", one listener per port for all" : "");
}

/// What a person must not miss: it stands behind what is ready.
std::string closed_text(RunningEstate::NotOpen const& closed) {
    std::string out;
    if (closed.systems > 0) out += ", " + std::to_string(closed.systems) + " cannot be reached";
    if (closed.services > 0)
        out += ", " + std::to_string(closed.services) + (closed.services == 1 ? " service" : " services") +
               " could not be opened: see the alarms";
    return out;
}

Result<void> run_systems(ProgramOptions const& options, host::ServiceManager const& manager, family::Families const& families,
                         Estate estate) {
    CS_CHECK(become(options));
    auto const count = estate.systems.size();
    // One system has one busy thread: pools of memory for each of the others would only be held.
    if (count == 1) ::mallopt(M_ARENA_MAX, 1);
    bool const shared = must_share(options, listeners_of(estate, families), raise_file_limit());
    auto const status = ready_text(count, shared);
    // Before there are threads: they take over which signals are blocked.
    net::ServiceLoop loop(manager, status);
    net::Runtime runtime(loops_for(options, count));
    if (shared) runtime.ports().share(runtime.executor(0));
    auto const family = options.family.empty() ? Result<family::FamilyPtr>(nullptr) : families.get(options.family);
    CS_CHECK(inherit_sockets(manager, family ? family->get() : nullptr, runtime));
    runtime.start();
    CS_TRY(auto environment, environment_of(options, families, estate, runtime));
    Beside beside(options, *environment);
    RunningEstate running(environment, families);
    CS_CHECK(beside.prepare(estate, running));
    auto const before = host::resident_kilobytes();
    auto started = net::run(runtime, running.start(std::move(estate)));
    if (started) started = beside.listen(runtime, running);
    if (!started) {
        runtime.stop();
        return started;
    }
    // What reading families and making keys took goes back.
    if (count == 1)
        host::release_start_memory();
    else
        ::malloc_trim(0);
    auto const after = host::resident_kilobytes();
    log::info("estate.ready", {{"systems", count},
                               {"resident_kib", after},
                               {"kib_per_system", (after - std::min(before, after)) / std::max<std::size_t>(count, 1)}});
    for (auto const& where : runtime.ports().unused()) log::warning("program.inherited_unused", {{"where", to_string(where)}});
    std::cout << "ready: " << status << closed_text(running.not_open()) << "\n" << std::flush;
    int const signal = loop.run(runtime, [&beside] { return beside.reload(); });
    log::info("estate.stopping", {{"signal", signal}});
    net::run(runtime, running.stop());
    runtime.stop();
    return {};
}

Result<void> print_activation_code(ProgramOptions const& options, family::Families const& families, Estate const& estate) {
    if (options.family.empty()) return fail(errors::gen::missing_field, {{"field", "--family"}});
    CS_TRY(auto family, families.get(options.family));
    auto const known = known_features(*family);
    if (std::ranges::find(known, options.activation_code_of) == known.end())
        return fail(errors::gen::not_found, {{"what", "feature"}, {"name", options.activation_code_of}});
    std::cout << activation_code(*family, estate.systems.front().serial, options.activation_code_of) << "\n" << std::flush;
    return {};
}

}  // namespace

Result<void> run_program(ProgramOptions const& options) {
    auto const manager = host::ServiceManager::from_environment();
    CS_TRY(auto families, options.families.empty() ? family::Families::load_embedded() : family::Families::load_folder(options.families));
    CS_TRY(auto estate, estate_of(options, families));
    if (!options.activation_code_of.empty()) return print_activation_code(options, families, estate);
    preset_network(estate, families, options.dns, options.ntp);
    if (options.print != ProgramOptions::Print::no) {
        std::cout << (options.print == ProgramOptions::Print::json ? to_json(estate) : to_toml(estate)) << std::flush;
        return {};
    }
    return run_systems(options, manager, families, std::move(estate));
}

}  // namespace countersign::device
