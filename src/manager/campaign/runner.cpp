/// The loop that moves campaigns.

#include "base/log.hpp"
#include "manager/campaign/campaigns.hpp"
#include "manager/store/shared_store.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

/// Events of many jobs are taken together: a look costs a read of the wave.
constexpr net::Milliseconds k_together{100};
/// The longest time between two looks: should an event have been missed, or the clock have been set.
constexpr net::Milliseconds k_longest_wait{10000};
/// More decisions in a row than this mean a defect; the next event goes on.
constexpr int k_decisions = 20;

}  // namespace

void Campaigns::begin(std::shared_ptr<void const> owner) {
    auto self = shared_from_this();
    net::spawn(runtime_.executor(0), [self, owner = std::move(owner)] { return self->move_all(); }, "campaigns");
}

net::Task<> Campaigns::move_all() {
    while (!stopping_) {
        auto const seen = wake_.count();
        auto wait = k_longest_wait;
        if (!store_.shared().leads()) {
            co_await wake_.wait_beyond(seen, wait);
            continue;
        }
        auto const ids = co_await store().moving();
        if (!ids) log::error("campaign.list", ids.error());
        moving_ = !ids || !ids->empty();
        for (auto id : ids ? *ids : std::vector<CampaignId>()) {
            auto const look_again = co_await move(id);
            if (!look_again) {
                log::error("campaign.move", look_again.error(), {{"campaign", id}});
                continue;
            }
            if (!*look_again) continue;
            auto const left = std::chrono::duration_cast<net::Milliseconds>(**look_again - clock_->now());
            wait = std::clamp(left, k_together, wait);
        }
        co_await wake_.wait_beyond(seen, wait);
        co_await stopped_.wait_beyond(0, k_together);
    }
}

net::Task<Result<std::optional<UtcTime>>> Campaigns::move(CampaignId id) {
    for (int count = 0; count < k_decisions; ++count) {
        CS_CO_TRY(auto const situation, co_await store().situation(id));
        auto decision = decide(situation);
        auto const look_again = decision.look_again;
        if (decision.empty()) co_return look_again;
        auto const jobs = !decision.start.empty() || !decision.confirm.empty() || !decision.roll_back.empty();
        CS_CO_TRY(bool const done, co_await store().apply(id, std::move(decision)));
        if (jobs) hooks_.wake_engine();
        if (done) hooks_.announce("campaign", id);
        if (!done) co_return look_again;
    }
    log::warning("campaign.restless", {{"campaign", id}});
    co_return std::nullopt;
}

}  // namespace countersign::manager
