#pragma once

/// Carries certificates that were seen into the inventory (REQ MGR-13). What is the same as at the last look costs one comparison in
/// memory; only changes reach the store.

#include "manager/observe/observation.hpp"
#include "manager/store/store.hpp"

#include <map>
#include <mutex>

namespace countersign::manager {

class Sighted {
public:
    explicit Sighted(Store& store) : store_(store) {}

    /// What a service showed, leaf first; empty: it shows none any more.
    struct Shown {
        std::string service;
        std::vector<pki::Certificate> chain;
    };
    /// Of what the services of a system showed, what is news. A service that did not answer says nothing; one that refuses shows none
    /// any more.
    [[nodiscard]] std::vector<Shown> news(SystemId system, Observation const& observation) const;
    /// It was stored.
    void remember(SystemId system, std::vector<Shown> const& news);
    /// The system called, and showed this one.
    net::Task<Result<void>> shown(SystemId system, pki::Certificate certificate);

private:
    Store& store_;
    mutable std::mutex mutex_;
    std::map<SystemId, std::map<std::string, std::string>> known_;  ///< service, fingerprint; as stored last in this life
};

}  // namespace countersign::manager
