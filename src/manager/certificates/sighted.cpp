#include "manager/certificates/sighted.hpp"

#include "manager/store/inventory_store.hpp"

namespace countersign::manager {
namespace {

constexpr std::string_view k_client = "client";

}  // namespace

net::Task<Result<void>> Sighted::saw(SystemId system, Observation const& observation) {
    std::vector<ServiceObservation const*> changed;
    {
        std::scoped_lock lock(mutex_);
        auto const& known = known_[system];
        for (auto const& seen : observation.services) {
            auto const before = known.find(seen.service);
            bool const gone = seen.state == net::PortState::refused && before != known.end() && !before->second.empty();
            bool const other = !seen.presented.empty() && (before == known.end() || before->second != seen.presented.front().fingerprint());
            if (gone || other) changed.push_back(&seen);
        }
    }
    for (auto const* seen : changed) {
        auto const service = seen->service;
        auto const fingerprint = seen->presented.empty() ? std::string() : seen->presented.front().fingerprint();
        CS_CO_CHECK(co_await store_.inventory().note_served(system, service, seen->presented));
        std::scoped_lock lock(mutex_);
        known_[system][service] = fingerprint;
    }
    co_return Result<void>();
}

net::Task<Result<void>> Sighted::shown(SystemId system, pki::Certificate certificate) {
    auto const fingerprint = certificate.fingerprint();
    {
        std::scoped_lock lock(mutex_);
        auto& known = known_[system][std::string(k_client)];
        if (known == fingerprint) co_return Result<void>();
    }
    CS_CO_CHECK(co_await store_.inventory().note_served(system, std::string(k_client), {certificate}));
    std::scoped_lock lock(mutex_);
    known_[system][std::string(k_client)] = fingerprint;
    co_return Result<void>();
}

}  // namespace countersign::manager
