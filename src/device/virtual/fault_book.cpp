#include "device/virtual/fault_book.hpp"

#include "device/virtual/faulty_door.hpp"
#include "net/ports.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace countersign::device {

class FaultBook::Watch {
public:
    explicit Watch(Watcher watcher) : watcher_(std::move(watcher)) {}
    void call() const { watcher_(); }

private:
    Watcher watcher_;
};

class FaultBook::SkewedClock final : public Clock {
public:
    explicit SkewedClock(std::shared_ptr<Clock const> base) : base_(std::move(base)) {}
    [[nodiscard]] UtcTime now() const override { return base_->now() + std::chrono::seconds(skew_.load()); }
    void set(std::chrono::seconds skew) { skew_ = skew.count(); }

private:
    std::shared_ptr<Clock const> base_;
    std::atomic<std::int64_t> skew_ = 0;
};

void FaultBook::install(Environment& environment) {
    auto self = shared_from_this();
    environment.runtime->ports().set_gate([self](net::Endpoint const& local) { return self->receive(local); });
    host::set_write_hook([self](fs::path const& file) { return self->before_write(file); });
    environment.clock_of = [self, base = environment.clock](UnitSpec const& spec) {
        auto clock = std::make_shared<SkewedClock>(base);
        auto const fault = self->find(spec.serial, Fault::Kind::clock);
        clock->set(fault ? fault->skew : std::chrono::seconds(0));
        std::lock_guard const lock(self->mutex_);
        self->systems_[spec.serial].clock = clock;
        return clock;
    };
    environment.before_change = [self](Unit const& unit) -> Result<void> {
        if (self->find(unit.spec().serial, Fault::Kind::read_only)) return fail(errors::dev::settings_refused, {{"name", unit.name()}});
        return {};
    };
    for (auto& [name, opener] : environment.doors) opener = with_faults(std::move(opener), self);
}

void FaultBook::add(UnitSpec const& spec, std::vector<Fault> const& faults) {
    {
        std::lock_guard const lock(mutex_);
        by_address_[spec.address] = spec.serial;
    }
    for (auto const& fault : faults) dial(spec.serial, fault);
}

void FaultBook::change(std::string const& serial, std::function<void(Faulty&)> const& how) {
    std::vector<std::shared_ptr<Watch>> watches;
    {
        std::lock_guard const lock(mutex_);
        auto& system = systems_[serial];
        auto const before = static_cast<int>(system.faults.size());
        how(system);
        dialled_ += static_cast<int>(system.faults.size()) - before;
        if (system.clock) {
            auto const skewed = system.faults.find(Fault::Kind::clock);
            system.clock->set(skewed != system.faults.end() ? skewed->second.skew : std::chrono::seconds(0));
        }
        std::erase_if(system.watches, [](auto const& held) { return held.expired(); });
        for (auto const& held : system.watches)
            if (auto watch = held.lock()) watches.push_back(std::move(watch));
    }
    for (auto const& watch : watches) watch->call();
}

void FaultBook::dial(std::string const& serial, Fault const& fault) {
    change(serial, [&fault](Faulty& system) { system.faults[fault.kind] = fault; });
}
void FaultBook::clear(std::string const& serial, Fault::Kind kind) {
    change(serial, [kind](Faulty& system) { system.faults.erase(kind); });
}
void FaultBook::clear(std::string const& serial) {
    change(serial, [](Faulty& system) { system.faults.clear(); });
}

std::vector<Fault> FaultBook::faults(std::string const& serial) const {
    std::lock_guard const lock(mutex_);
    std::vector<Fault> out;
    auto const system = systems_.find(serial);
    if (system != systems_.end())
        for (auto const& [kind, fault] : system->second.faults) out.push_back(fault);
    return out;
}

std::optional<Fault> FaultBook::find(std::string const& serial, Fault::Kind kind) const {
    if (dialled_ == 0) return std::nullopt;
    std::lock_guard const lock(mutex_);
    auto const system = systems_.find(serial);
    if (system == systems_.end()) return std::nullopt;
    auto const fault = system->second.faults.find(kind);
    return fault == system->second.faults.end() ? std::nullopt : std::optional(fault->second);
}

std::shared_ptr<FaultBook::Watch> FaultBook::watch(std::string const& serial, Watcher watcher) {
    auto watch = std::make_shared<Watch>(std::move(watcher));
    std::lock_guard const lock(mutex_);
    systems_[serial].watches.push_back(watch);
    return watch;
}

net::Reception FaultBook::receive(net::Endpoint const& local) const {
    using Kind = net::Reception::Kind;
    if (dialled_ == 0) return {};
    std::string serial;
    {
        std::lock_guard const lock(mutex_);
        auto const system = by_address_.find(local.address);
        if (system == by_address_.end()) return {};
        serial = system->second;
    }
    if (find(serial, Fault::Kind::reset)) return {.kind = Kind::reset};
    if (find(serial, Fault::Kind::silent)) return {.kind = Kind::hold};
    if (auto const slow = find(serial, Fault::Kind::slow)) return {.delay = slow->delay};
    return {};
}

int FaultBook::before_write(fs::path const& file) const {
    if (dialled_ == 0) return 0;
    // data/<serial>/...
    auto const inside = file.lexically_relative(data_);
    if (inside.empty() || inside.begin() == inside.end()) return 0;
    auto const serial = inside.begin()->string();
    if (find(serial, Fault::Kind::disk_full)) return ENOSPC;
    // What the unit keeps of before a trial is no upload.
    bool const kept = std::ranges::any_of(inside, [](fs::path const& part) { return part.string().starts_with("trial"); });
    if (kept) return find(serial, Fault::Kind::forgetful) ? host::k_swallow : 0;
    if (file.filename() == "certificate.pem" && find(serial, Fault::Kind::refuses_certificate)) return EACCES;
    if (file.filename() == "trust.pem" && find(serial, Fault::Kind::refuses_trust)) return EACCES;
    return find(serial, Fault::Kind::forgetful) ? host::k_swallow : 0;
}

}  // namespace countersign::device
