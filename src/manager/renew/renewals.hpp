#pragma once

/// Renewals: certificates of systems whose time has come are replaced by enforcement (REQ MGR-13). A renewal is done when the system
/// serves the new certificate and it verifies from outside; until then the old one stays in place and the renewal is tried again.
/// Nothing of it is kept in memory: the next life of the program goes on where this one was.

#include "manager/campaign/campaign.hpp"
#include "manager/renew/calendar.hpp"
#include "manager/renew/hours.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager/store/store.hpp"
#include "net/sync.hpp"

#include <atomic>
#include <functional>

namespace countersign::manager {

class Renewals {
public:
    struct Links {
        Store& store;
        RenewalCalendar& calendar;
        std::shared_ptr<Clock const> clock;
        /// The certificates of these are to be replaced now.
        std::function<net::Task<Result<void>>(std::vector<SystemId>)> enforce;
        std::function<void(std::string kind, std::int64_t id)> announce = {};
    };
    explicit Renewals(Links links) : links_(std::move(links)) {}

    void start(net::Runtime& runtime, std::shared_ptr<void> keep);
    net::Task<> stop();
    /// Begins what is due, at most k_most_at_once; how many. Called every minute by itself.
    net::Task<Result<std::size_t>> look();
    static constexpr std::size_t k_most_at_once = 200;

private:
    net::Task<> run();
    net::Task<Result<std::vector<Window>>> hours_of(SystemId id);
    /// A campaign has it in hand: people are told, and how they can have it go on.
    net::Task<Result<void>> tell_held(DueRenewal one, CampaignId campaign);

    Links links_;
    net::Signal stopped_;
    net::Signal ended_;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> running_ = false;
};

}  // namespace countersign::manager
