#include "manager/estate/moves.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace countersign::manager {
namespace {

/// Looks at candidates at one time: each costs a few connections.
constexpr std::size_t k_most_looks = 16;
constexpr net::Milliseconds k_stop_grace{10000};

/// Of the certificate that was verified for the old address, where no host name outlives it; empty: none is needed.
std::string pin_for(System const& system, family::Family const& family, Observation const& seen) {
    constexpr std::size_t k_most_pins = 10;
    if (!system.host_name.empty() || seen.account_channel != ChannelTrust::verified || system.pins.size() >= k_most_pins) return {};
    auto const* service = https_service(family);
    auto const* https = service == nullptr ? nullptr : seen.find(service->id);
    return https == nullptr || https->presented.empty() ? std::string() : https->presented.front().fingerprint();
}

}  // namespace

bool proves_to_be(System const& system, Observation const& seen) {
    if (!seen.account || seen.account_channel < ChannelTrust::pinned) return false;
    auto const& account = *seen.account;
    // Serial numbers decide; MAC addresses do where one side has no serial number.
    if (!system.serial_number.empty() && !account.serial_number.empty()) return iequals(system.serial_number, account.serial_number);
    auto const known = plain_mac(system.mac_address);
    return !known.empty() && known == plain_mac(account.mac_address);
}

void Moves::called_from(SystemId id, std::string address, std::shared_ptr<void const> owner) {
    if (!is_ip_address(address) || !limiter_.allow(address, std::chrono::steady_clock::now())) return;
    {
        std::scoped_lock lock(mutex_);
        if (stopping_ || looking_.size() >= k_most_looks || !looking_.insert({id, address}).second) return;
    }
    net::spawn(
        links_.runtime.executor(static_cast<std::size_t>(id)),
        [self = shared_from_this(), id, address, owner] { return self->run(id, address, owner); }, "look at a candidate address");
}

net::Task<> Moves::run(SystemId id, std::string address, std::shared_ptr<void const> owner) {
    try {
        if (auto done = co_await look(id, address); !done)
            log::warning("move.failed", {{"system", id}, {"address", address}, {"error", done.error().explanation()}});
    } catch (std::exception const& error) {
        log::error("move.exception", {{"system", id}, {"address", address}, {"detail", error.what()}});
    }
    {
        std::scoped_lock lock(mutex_);
        looking_.erase({id, address});
    }
    ended_.raise();
    owner.reset();
}

net::Task<> Moves::stop() {
    while (true) {
        auto const seen = ended_.count();
        {
            std::scoped_lock lock(mutex_);
            stopping_ = true;
            if (looking_.empty()) co_return;
        }
        if (!co_await ended_.wait_beyond(seen, k_stop_grace)) co_return;
    }
}

net::Task<Result<void>> Moves::look(SystemId id, std::string address) {
    CS_CO_TRY(auto question, co_await links_.surveyor.question(id));
    if (question.system.track_by != TrackBy::mac || question.system.address == address) co_return Result<void>();
    if (question.connection.connectivity == Connectivity::behind_firewall) co_return Result<void>();
    auto const system = question.system;
    auto const family = question.family;
    question.elsewhere = address;
    auto const sighting = co_await links_.observer.observe(std::move(question), Observer::Extent::web_only);
    auto const& seen = sighting.observation;
    if (!proves_to_be(system, seen)) {
        log::info(
            "move.not_proven",
            {{"system", id}, {"address", address}, {"detail", seen.account_error ? seen.account_error->message() : "it is another unit"}});
        co_return Result<void>();
    }
    co_return co_await take_over(system, std::move(address), pin_for(system, *family, seen));
}

net::Task<Result<void>> Moves::take_over(System system, std::string address, std::string pin) {
    // Not held during the look, which anybody's call can begin: nobody works on the system while its address changes.
    auto const guard = co_await links_.locks.acquire(system.id);
    auto const take = [was = system.address, address, pin](System& stored) {
        // A person may have changed it while we looked.
        if (stored.track_by != TrackBy::mac || stored.address != was) return std::string();
        stored.address = address;
        if (!pin.empty() && stored.host_name.empty()) stored.pins.push_back(pin);
        return "it is at " + address + " now" + (was.empty() ? "" : ", and was at " + was) +
               ": it called from there, and proved there that it is the same unit";
    };
    CS_CO_TRY(auto const moved, co_await links_.store.update_system(system.id, take, "manager"));
    if (moved.address != address) co_return Result<void>();
    links_.directory.learn(moved, "");
    CS_CO_CHECK(co_await links_.store.queue_job(JobKind::observe, moved.id, "manager"));
    links_.wake_jobs();
    links_.announce("system", moved.id);
    co_return Result<void>();
}

}  // namespace countersign::manager
