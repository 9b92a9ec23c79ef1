#include "device/virtual/running_estate.hpp"

#include "base/log.hpp"

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
    put(index, unit);
    if (forgetful_)
        co_await net::asio::co_spawn(
            executor,
            // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): co_spawn keeps it
            [this, unit, index]() -> net::Task<> {
                watch(unit, index);
                co_return;
            },
            net::asio::use_awaitable);
    co_await net::asio::co_spawn(executor, boot_one(unit), net::asio::use_awaitable);
    co_return Result<void>{};
}

net::Task<> RunningEstate::boot_one(std::shared_ptr<Unit> unit) {
    auto booted = co_await unit->boot();
    auto const services = unit->unopened_services().size();
    bool const up = booted.has_value();
    {
        std::lock_guard const lock(mutex_);
        up_ += up ? 1 : 0;
        not_open_.services += services;
        not_open_.systems += up ? 0 : 1;
        if (!up && closed_.size() < k_problems_shown) closed_.push_back(booted.error());
    }
    if (!up) net::spawn(unit->executor(), [unit] { return unit->keep_booting(); }, "unit.boot");
}

RunningEstate::NotOpen RunningEstate::not_open() const {
    std::lock_guard const lock(mutex_);
    return not_open_;
}

void RunningEstate::put(std::size_t index, std::shared_ptr<Unit> unit) {
    std::lock_guard const lock(mutex_);
    units_[index] = std::move(unit);
}

std::vector<std::shared_ptr<Unit>> RunningEstate::units() const {
    std::lock_guard const lock(mutex_);
    std::vector<std::shared_ptr<Unit>> out;
    for (auto const& unit : units_)
        if (unit) out.push_back(unit);
    return out;
}

void RunningEstate::watch(std::shared_ptr<Unit> const& unit, std::size_t index) {
    auto watch = unit->subscribe([this, held = std::weak_ptr(unit), index](Event const& event) {
        auto const restarting = event.id == "restart.requested" ? held.lock() : nullptr;
        if (!restarting || !forgetful_(restarting->spec())) return;
        net::spawn(restarting->executor(), [this, restarting, index] { return come_back(restarting, index); }, "estate.forgetful");
    });
    std::lock_guard const lock(mutex_);
    watches_[index] = std::move(watch);
}

/// Turned off before its own restart begins, and made anew from what stands on its disk.
net::Task<> RunningEstate::come_back(std::shared_ptr<Unit> unit, std::size_t index) {
    // The answer to the request for the restart still gets out.
    co_await net::sleep_for(environment_->restart_delay / 2);
    co_await unit->power_off();
    co_await net::sleep_for(environment_->downtime);
    {
        std::lock_guard const lock(mutex_);
        if (stopping_) co_return;
    }
    auto started = co_await start_one(unit->spec(), index);
    if (!started) log::error("estate.not_back", started.error(), {{"unit", unit->spec().serial}});
}

net::Task<Result<void>> RunningEstate::start(Estate estate) {
    {
        std::lock_guard const lock(mutex_);
        units_.assign(estate.systems.size(), nullptr);
        watches_.resize(estate.systems.size());
    }
    std::vector<Error> problems;
    auto* specs = &estate.systems;
    auto* found = &problems;
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
    co_await net::for_each_bounded(specs->size(), k_width, [this, specs, found](std::size_t index) -> net::Task<> {
        auto started = co_await start_one(std::move((*specs)[index]), index);
        if (!started && found->size() < k_problems_shown) found->push_back(std::move(started).error());
    });
    {
        std::lock_guard const lock(mutex_);
        if (problems.empty() && up_ == 0) problems = closed_;
    }
    if (problems.empty()) co_return Result<void>{};
    co_await stop();
    if (problems.size() == 1) co_return fail(std::move(problems.front()));
    Error several(errors::gen::several_problems);
    for (auto& problem : problems) several.because(std::move(problem));
    co_return fail(std::move(several));
}

net::Task<> RunningEstate::stop() {
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    auto const all = units();
    auto const* held = &all;
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
    co_await net::for_each_bounded(all.size(), k_width, [held](std::size_t index) -> net::Task<> {
        auto unit = (*held)[index];
        co_await net::asio::co_spawn(unit->executor(), unit->power_off(), net::asio::use_awaitable);
    });
    std::lock_guard const lock(mutex_);
    watches_.clear();
    units_.clear();
}

}  // namespace countersign::device
