#pragma once

/// SharedStore over the queue of the store and its change feed.

#include "manager/store/backing.hpp"
#include "manager/store/change_feed.hpp"

#include <chrono>
#include <map>
#include <memory>

namespace countersign::manager::store {

/// What it takes to share: nothing with SQLite.
struct SharedPlace {
    SecretText text;     ///< see connection_text()
    std::string origin;  ///< of the changes of the store's connection
};

class StoreSharing final : public SharedStore {
public:
    StoreSharing(Backing& backing, std::unique_ptr<SharedPlace> place) : backing_(backing), place_(std::move(place)) {}

    [[nodiscard]] bool is_shared() const override { return place_ != nullptr; }
    [[nodiscard]] bool leads() const override { return !place_ || (feed_ && feed_->leads()); }
    void watch(std::string owner, std::function<void(SharedChange)> listener) override;
    net::Task<Result<void>> tell(std::string kind, std::int64_t id, std::string detail) override;
    net::Task<Result<int>> free_jobs_of_lost() override;
    net::Task<Result<void>> started() override;
    /// The listener is not called any more.
    void stop() { feed_.reset(); }

private:
    Backing& backing_;
    std::unique_ptr<SharedPlace> place_;
    std::string owner_;
    std::map<std::string, std::chrono::steady_clock::time_point> missed_;  ///< since when; one caller at a time
    std::unique_ptr<ChangeFeed> feed_;
};

}  // namespace countersign::manager::store
