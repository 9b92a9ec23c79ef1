#include "device/virtual/control.hpp"

#include "base/text.hpp"
#include "net/local.hpp"

#include "countersign/errors/dev.hpp"

namespace countersign::device {
namespace {

Error cannot(std::string_view detail) { return {errors::dev::control_command, {{"detail", detail}}}; }

using Units = std::vector<std::shared_ptr<Unit>>;

bool is_called(UnitSpec const& spec, std::string_view word) {
    return iequals(spec.serial, word) || iequals(spec.name, word) || spec.address == word;
}

Result<Units> find_systems(Units const& all, std::string_view word) {
    if (word == "*") return all;
    Units out;
    for (auto const& unit : all)
        if (is_called(unit->spec(), word)) out.push_back(unit);
    if (out.empty()) return fail(cannot("there is no system " + std::string(word.substr(0, 80))));
    return out;
}

std::string line_of(Unit const& unit, FaultBook const& faults) {
    auto const& spec = unit.spec();
    std::string dialled;
    for (auto const& fault : faults.faults(spec.serial)) dialled += (dialled.empty() ? "" : ",") + to_string(fault);
    return spec.serial + '\t' + spec.address + '\t' + unit.family().id + '\t' + spec.name + '\t' + (dialled.empty() ? "-" : dialled) + '\n';
}

/// What only the unit's own loop may ask.
net::Task<std::string> services_of(std::shared_ptr<Unit> unit) {
    std::string out = "state\t" + std::string(to_string(unit->running())) + '\n';
    for (auto const& [id, where] : unit->open_services()) out += "service\t" + id + '\t' + net::to_string(where) + '\n';
    co_return out;
}

net::Task<Result<std::string>> obey(std::shared_ptr<FaultBook> faults, Units all, std::vector<std::string> command) {
    auto const& verb = command.front();
    std::string out;
    if (verb == "list" && command.size() == 1) {
        for (auto const& unit : all) out += line_of(*unit, *faults);
        co_return out;
    }
    if (verb == "show" && command.size() == 2) {
        CS_CO_TRY(auto found, find_systems(all, command[1]));
        for (auto const& unit : found) {
            out += line_of(*unit, *faults);
            out += co_await net::asio::co_spawn(unit->executor(), services_of(unit), net::asio::use_awaitable);
        }
        co_return out;
    }
    if (verb == "fault" && command.size() == 3) {
        CS_CO_TRY(auto found, find_systems(all, command[1]));
        CS_CO_TRY(auto fault, parse_fault(command[2]));
        for (auto const& unit : found) faults->dial(unit->spec().serial, fault);
        co_return out;
    }
    if (verb == "clear" && (command.size() == 2 || command.size() == 3)) {
        CS_CO_TRY(auto found, find_systems(all, command[1]));
        std::optional<Fault::Kind> kind;
        if (command.size() == 3) {
            CS_CO_TRY(kind, parse_fault_kind(command[2]));
        }
        for (auto const& unit : found) {
            if (kind)
                faults->clear(unit->spec().serial, *kind);
            else
                faults->clear(unit->spec().serial);
        }
        co_return out;
    }
    co_return fail(cannot("use list, show SYSTEM, fault SYSTEM FAULT or clear SYSTEM [FAULT]"));
}

}  // namespace

fs::path control_socket(fs::path const& data) { return data / "control.sock"; }

net::Task<std::string> control(std::shared_ptr<FaultBook> faults, RunningEstate const& estate, std::string line) {
    std::vector<std::string> command;
    for (auto const word : words(line)) command.emplace_back(word);
    // Somebody looks whether anybody is here.
    if (command.empty()) co_return std::string("ok\n");
    auto done = co_await obey(std::move(faults), estate.units(), std::move(command));
    if (!done) co_return "error " + done.error().message() + '\n';
    co_return "ok\n" + *done;
}

Result<std::string> send_control(fs::path const& data, std::vector<std::string> const& words) {
    auto answer = net::ask_local(control_socket(data), join(words, " "));
    if (!answer) return fail(cannot("no estate runs on " + data.string()).because(std::move(answer).error()));
    if (answer->starts_with("ok\n")) return answer->substr(3);
    return fail(cannot(trim(*answer)));
}

}  // namespace countersign::device
