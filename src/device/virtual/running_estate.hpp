#pragma once

/// All systems of an estate in one process, each on its own address, spread over the event loops.

#include "device/virtual/estate.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace countersign::device {

class RunningEstate {
public:
    RunningEstate(std::shared_ptr<Environment const> environment, family::Families families);

    /// Systems for which this is true come back from a restart as their disk has them: a unit of that folder is made anew.
    void set_forgetful(std::function<bool(UnitSpec const&)> forgetful) { forgetful_ = std::move(forgetful); }
    /// Makes and boots all of them; first boots make their keys in parallel on the blocking pool. A service or a whole system whose
    /// doors cannot be opened is told in the log and tried again (Unit::boot, Unit::keep_booting). GEN-006 with the problems
    /// (at most 20) when a system cannot be made or not one of them can be reached; then all are off again.
    net::Task<Result<void>> start(Estate estate);
    /// What did not open at the start.
    struct NotOpen {
        std::size_t systems = 0;   ///< of which nothing is open
        std::size_t services = 0;  ///< of the others
    };
    [[nodiscard]] NotOpen not_open() const;
    net::Task<> stop();
    /// Any thread.
    [[nodiscard]] std::vector<std::shared_ptr<Unit>> units() const;

private:
    net::Task<Result<void>> start_one(UnitSpec spec, std::size_t index);
    net::Task<> boot_one(std::shared_ptr<Unit> unit);
    net::Task<> come_back(std::shared_ptr<Unit> unit, std::size_t index);
    void watch(std::shared_ptr<Unit> const& unit, std::size_t index);
    void put(std::size_t index, std::shared_ptr<Unit> unit);
    std::shared_ptr<Environment const> environment_;
    family::Families families_;
    std::function<bool(UnitSpec const&)> forgetful_;
    mutable std::mutex mutex_;  ///< of what follows
    NotOpen not_open_;
    std::size_t up_ = 0;         ///< systems with an open door at the start
    std::vector<Error> closed_;  ///< why systems have none; at most 20
    std::vector<std::shared_ptr<Unit>> units_;
    std::vector<std::unique_ptr<Unit::Subscription>> watches_;
    bool stopping_ = false;
};

}  // namespace countersign::device
