#include "manager/certificates/sighted.hpp"

#include "manager/store/inventory_store.hpp"

namespace countersign::manager {
namespace {

constexpr std::string_view k_client = "client";

}  // namespace

std::vector<Sighted::Shown> Sighted::news(SystemId system, Observation const& observation) const {
    std::vector<Shown> changed;
    std::scoped_lock lock(mutex_);
    auto const known = known_.find(system);
    for (auto const& usual : observation.services) {
        // A service that was moved to another port shows there what it has.
        auto const* elsewhere = usual.presented.empty() ? observation.find_elsewhere(usual.service) : nullptr;
        auto const& seen = elsewhere != nullptr && !elsewhere->presented.empty() ? *elsewhere : usual;
        std::string const* before = nullptr;
        if (known != known_.end())
            if (auto const service = known->second.find(seen.service); service != known->second.end()) before = &service->second;
        bool const gone = seen.state == net::PortState::refused && before != nullptr && !before->empty();
        bool const other = !seen.presented.empty() && (before == nullptr || *before != seen.presented.front().fingerprint());
        if (gone || other) changed.push_back({seen.service, seen.presented});
    }
    return changed;
}

void Sighted::remember(SystemId system, std::vector<Shown> const& news) {
    if (news.empty()) return;
    std::scoped_lock lock(mutex_);
    for (auto const& one : news) known_[system][one.service] = one.chain.empty() ? std::string() : one.chain.front().fingerprint();
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
