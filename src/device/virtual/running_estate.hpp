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
    /// Makes and boots all of them; first boots make their keys in parallel on the blocking pool. GEN-006 with the problems of
    /// every system that did not come up (at most 20 of them); then all are off again.
    net::Task<Result<void>> start(Estate estate);
    net::Task<> stop();
    /// Any thread.
    [[nodiscard]] std::vector<std::shared_ptr<Unit>> units() const;

private:
    net::Task<Result<void>> start_one(UnitSpec spec, std::size_t index);
    net::Task<> come_back(std::shared_ptr<Unit> unit, std::size_t index);
    void watch(std::shared_ptr<Unit> const& unit, std::size_t index);
    void put(std::size_t index, std::shared_ptr<Unit> unit);
    std::shared_ptr<Environment const> environment_;
    family::Families families_;
    std::function<bool(UnitSpec const&)> forgetful_;
    mutable std::mutex mutex_;  ///< of what follows
    std::vector<std::shared_ptr<Unit>> units_;
    std::vector<std::unique_ptr<Unit::Subscription>> watches_;
    bool stopping_ = false;
};

}  // namespace countersign::device
