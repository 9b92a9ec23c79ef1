#include "device/virtual/running_estate.hpp"

#include "countersign/errors/gen.hpp"

#include <utility>

namespace countersign::device {
namespace {

/// How many systems are made at the same time: enough to keep all cores at their keys.
constexpr std::size_t k_width = 32;
constexpr std::size_t k_problems_shown = 20;

}  // namespace

RunningEstate::RunningEstate(std::shared_ptr<Environment const> environment, family::Families families)
    : environment_(std::move(environment)), families_(std::move(families)) {}

net::Task<Result<void>> RunningEstate::start_one(UnitSpec spec, std::size_t index) {
    CS_CO_TRY(auto family, families_.get(spec.family));
    auto executor = environment_->runtime->executor(index);
    CS_CO_TRY(auto unit, co_await Unit::create(environment_, std::move(family), std::move(spec), executor));
    units_[index] = unit;
    co_return co_await net::asio::co_spawn(executor, unit->boot(), net::asio::use_awaitable);
}

net::Task<Result<void>> RunningEstate::start(Estate estate) {
    units_.assign(estate.systems.size(), nullptr);
    std::vector<Error> problems;
    auto* specs = &estate.systems;
    auto* found = &problems;
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
    co_await net::for_each_bounded(specs->size(), k_width, [this, specs, found](std::size_t index) -> net::Task<> {
        auto started = co_await start_one(std::move((*specs)[index]), index);
        if (!started && found->size() < k_problems_shown) found->push_back(std::move(started).error());
    });
    if (problems.empty()) co_return Result<void>{};
    co_await stop();
    if (problems.size() == 1) co_return fail(std::move(problems.front()));
    Error several(errors::gen::several_problems);
    for (auto& problem : problems) several.because(std::move(problem));
    co_return fail(std::move(several));
}

net::Task<> RunningEstate::stop() {
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
    co_await net::for_each_bounded(units_.size(), k_width, [this](std::size_t index) -> net::Task<> {
        auto unit = units_[index];
        if (unit) co_await net::asio::co_spawn(unit->executor(), unit->power_off(), net::asio::use_awaitable);
    });
    units_.clear();
}

}  // namespace countersign::device
