#pragma once

/// A store of its own, a clock that the test moves, and a way to wait for coroutines. The same tests run on SQLite and, when the
/// environment names a server, on PostgreSQL.

#include "manager/store/place.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/store/store.hpp"
#include "postgresql_schema.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

namespace countersign::testing {

class FakeClock final : public Clock {
public:
    explicit FakeClock(UtcTime start) : seconds_(start.time_since_epoch().count()) {}
    [[nodiscard]] UtcTime now() const override { return UtcTime(std::chrono::seconds(seconds_.load())); }
    void advance(std::chrono::seconds time) { seconds_ += time.count(); }

private:
    std::atomic<std::int64_t> seconds_;
};

class StoreTest : public ::testing::Test {
protected:
    StoreTest() {
        runtime_.start();
        reopen();
    }

    void reopen() {
        store_.reset();
        auto opened = manager::open_store(place(), clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        (void)net::run(runtime_, store_->shared().started());
    }
    [[nodiscard]] manager::StorePlace place() const {
        return {folder_.path(), schema_ ? schema_->address() : manager::store::PostgresqlAddress()};
    }
    [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "manager.db"; }

    template <class T>
    T wait(net::Task<T> task) {
        return net::run(runtime_, std::move(task));
    }
    /// Waits, and fails the test when the call failed.
    template <class T>
    T get(net::Task<Result<T>> task) {
        auto result = wait(std::move(task));
        if (!result) {
            ADD_FAILURE() << result.error().explanation();
            if constexpr (std::is_void_v<T>)
                return;
            else
                return T{};
        }
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }
    template <class T>
    std::optional<ErrorId> error_of(net::Task<Result<T>> task) {
        auto result = wait(std::move(task));
        return result ? std::optional<ErrorId>() : result.error().id();
    }

    manager::SystemId add(std::string const& name) {
        manager::System system;
        system.name = name;
        system.family = "c-series";
        system.host_name = name + ".example.test";
        return get(store_->add_system(std::move(system), std::nullopt, "admin"));
    }

    TemporaryFolder folder_;
    std::unique_ptr<PostgresqlSchema> schema_ = PostgresqlSchema::make();
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(*parse_utc_time("2026-11-21T12:00:00Z"));
    net::Runtime runtime_{2};
    std::unique_ptr<manager::Store> store_;
};

}  // namespace countersign::testing
