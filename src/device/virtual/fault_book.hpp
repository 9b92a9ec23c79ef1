#pragma once

/// Which faults are dialled for which virtual system, and the seams at which they show: the gate of the ports (slow, silent, reset),
/// a decorator around secure doors (expired, wrong_name, untrusted), the hook of file writes (disk_full, forgetful), the unit's clock,
/// and the guard of changes (read_only). Nothing else in the agent knows of faults.
///
/// Threads: any. A system is known by its serial number.

#include "device/unit.hpp"
#include "device/virtual/fault.hpp"
#include "net/ports.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace countersign::device {

class FaultBook : public std::enable_shared_from_this<FaultBook> {
public:
    /// Called after a change of a system's faults, on the thread that made it.
    using Watcher = std::function<void()>;
    class Watch;

    explicit FaultBook(fs::path data) : data_(std::move(data)) {}
    /// Puts the seams in place. Before the first unit is made.
    void install(Environment& environment);
    /// A system of the estate: its place in the network and its faults from the estate file.
    void add(UnitSpec const& spec, std::vector<Fault> const& faults);

    /// One of each kind: another value replaces the one before.
    void dial(std::string const& serial, Fault const& fault);
    void clear(std::string const& serial, Fault::Kind kind);
    void clear(std::string const& serial);
    [[nodiscard]] std::vector<Fault> faults(std::string const& serial) const;
    [[nodiscard]] std::optional<Fault> find(std::string const& serial, Fault::Kind kind) const;
    [[nodiscard]] std::shared_ptr<Watch> watch(std::string const& serial, Watcher watcher);

private:
    class SkewedClock;
    struct Faulty {
        std::map<Fault::Kind, Fault> faults;
        std::shared_ptr<SkewedClock> clock;
        std::vector<std::weak_ptr<Watch>> watches;
    };
    void change(std::string const& serial, std::function<void(Faulty&)> const& how);
    [[nodiscard]] net::Reception receive(net::Endpoint const& local) const;
    [[nodiscard]] int before_write(fs::path const& file) const;

    fs::path data_;
    mutable std::mutex mutex_;
    std::map<std::string, Faulty> systems_;
    std::map<std::string, std::string> by_address_;
    std::atomic<int> dialled_ = 0;  ///< in all; at 0 nothing is looked up
};

}  // namespace countersign::device
