#pragma once

/// All systems of an estate in one process, each on its own address, spread over the event loops.

#include "device/virtual/estate.hpp"

#include <memory>
#include <vector>

namespace countersign::device {

class RunningEstate {
public:
    RunningEstate(std::shared_ptr<Environment const> environment, family::Families families);

    /// Makes and boots all of them; first boots make their keys in parallel on the blocking pool. GEN-006 with the problems of
    /// every system that did not come up (at most 20 of them); then all are off again.
    net::Task<Result<void>> start(Estate estate);
    net::Task<> stop();
    [[nodiscard]] std::vector<std::shared_ptr<Unit>> const& units() const { return units_; }

private:
    net::Task<Result<void>> start_one(UnitSpec spec, std::size_t index);
    std::shared_ptr<Environment const> environment_;
    family::Families families_;
    std::vector<std::shared_ptr<Unit>> units_;
};

}  // namespace countersign::device
