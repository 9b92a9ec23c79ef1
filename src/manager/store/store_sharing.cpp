#include "manager/store/store_sharing.hpp"

#include "base/log.hpp"
#include "manager/store/job_leases.hpp"

namespace countersign::manager::store {
namespace {

/// A connection may break and come again; until then nobody else takes up what its manager has in hand.
constexpr std::chrono::seconds k_missed{5};

std::string number(LockClass which) { return std::to_string(static_cast<std::int32_t>(which)); }

}  // namespace

void StoreSharing::watch(std::string owner, std::function<void(SharedChange)> listener) {
    owner_ = std::move(owner);
    if (place_) feed_ = std::make_unique<ChangeFeed>(place_->text.duplicate(), place_->origin, owner_, std::move(listener));
}

net::Task<Result<void>> StoreSharing::tell(std::string kind, std::int64_t id, std::string detail) {
    if (!place_) co_return Result<void>();
    co_return co_await backing_.rows([text = place_->origin + " " + kind + " " + std::to_string(id) +
                                             (detail.empty() ? "" : " " + detail)](Database& database) -> Result<void> {
        (void)database.select({"pg_notify('countersign_' || current_schema(), :text)"}, "", {value(text)});
        return {};
    });
}

net::Task<Result<int>> StoreSharing::free_jobs_of_lost() {
    if (!place_) co_return 0;
    struct Found {
        int freed = 0;
        std::map<std::string, std::chrono::steady_clock::time_point> missed;
    };
    // What the body finds is kept when it is done: it may run twice.
    CS_CO_TRY(auto found, co_await backing_.rows([this](Database& database) -> Result<Found> {
        auto const now = std::chrono::steady_clock::now();
        Found out;
        for (auto const& row :
             database.select({"owner"}, "FROM jobs WHERE state = 'running' AND owner <> :mine GROUP BY owner", {value(owner_)})) {
            auto const owner = row.text(0);
            // A manager that lives holds this lock by its feed.
            auto const gone = database.select_one({"pg_try_advisory_xact_lock(" + number(LockClass::presence) + ", hashtext(:owner))"}, "",
                                                  {value(owner)});
            if (!gone->flag(0)) continue;
            auto const known = missed_.find(owner);
            auto const since = known == missed_.end() ? now : known->second;
            if (now - since >= k_missed) {
                auto const jobs = release_leases(database, backing_.now(), owner, 1);
                log::warning("store.manager_lost", {{"owner", owner}, {"jobs", jobs}});
                out.freed += jobs;
            } else {
                out.missed.emplace(owner, since);
            }
        }
        return out;
    }));
    missed_ = std::move(found.missed);
    co_return found.freed;
}

net::Task<Result<void>> StoreSharing::started() {
    if (!place_) co_return Result<void>();
    co_return co_await backing_.rows([](Database& database) -> Result<void> {
        (void)database.ask("SELECT pg_advisory_unlock(" + number(LockClass::start) + ", hashtext(current_schema()))");
        return {};
    });
}

}  // namespace countersign::manager::store
