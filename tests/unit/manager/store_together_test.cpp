// Several questions and changes as one call of the store: one state, one transaction, kept whole or not at all. The same on both databases.

#include "net/sync.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>

#include <set>

namespace countersign::manager {
namespace {

using ::testing::SizeIs;
using namespace std::chrono_literals;

class StoreTogether : public testing::StoreTest {
protected:
    [[nodiscard]] std::string value_of(std::string const& key) { return get(store_->get_value(key)).value_or("(none)"); }
};

TEST_F(StoreTogether, what_is_changed_together_is_kept_together) {
    auto* const store = store_.get();
    get(store->write_together([store]() -> net::Task<Result<void>> {
        CS_CO_CHECK(co_await store->set_value("one", "1"));
        CS_CO_TRY(auto const seen, co_await store->get_value("one"));
        co_return co_await store->set_value("two", seen.value_or("") + "1");
    }));
    EXPECT_EQ(value_of("one"), "1");
    EXPECT_EQ(value_of("two"), "11") << "a part sees what the part before it did";
}

TEST_F(StoreTogether, a_failure_takes_all_of_it_back_and_nothing_of_its_neighbours) {
    auto* const store = store_.get();
    std::vector<std::optional<ErrorId>> ends(8);
    wait(net::for_each_bounded(ends.size(), ends.size(), [store, &ends](std::size_t i) -> net::Task<> {
        auto const done = co_await store->write_together([store, i]() -> net::Task<Result<void>> {
            CS_CO_CHECK(co_await store->set_value("key " + std::to_string(i), "kept"));
            if (i % 2 == 1) co_return fail(errors::gen::internal, {{"detail", "on purpose"}});
            co_return Result<void>();
        });
        if (!done) ends[i] = done.error().id();
    }));
    for (std::size_t i = 0; i < ends.size(); ++i) {
        EXPECT_EQ(value_of("key " + std::to_string(i)), i % 2 == 1 ? "(none)" : "kept") << i;
        EXPECT_EQ(ends[i], i % 2 == 1 ? std::optional(errors::gen::internal) : std::nullopt) << i;
    }
}

TEST_F(StoreTogether, a_part_that_failed_half_way_fails_the_whole_though_nobody_looks) {
    auto* const store = store_.get();
    add("room");
    auto const second = add("hall");
    auto const done = error_of(store->write_together([store, second]() -> net::Task<Result<void>> {
        CS_CO_CHECK(co_await store->set_value("one", "1"));
        // Two jobs, the second of no system: the first was queued already.
        (void)co_await store->queue_jobs(JobKind::observe, {second, 999}, "admin");
        co_return Result<void>();
    }));
    EXPECT_EQ(done, errors::gen::not_found);
    EXPECT_EQ(value_of("one"), "(none)");
    EXPECT_EQ(get(store_->count_jobs()).queued, 0);
}

TEST_F(StoreTogether, an_answer_of_no_may_be_lived_with) {
    auto* const store = store_.get();
    get(store->write_together([store]() -> net::Task<Result<void>> {
        auto const nobody = co_await store->get_system(999);
        EXPECT_FALSE(nobody);
        co_return co_await store->set_value("one", "1");
    }));
    EXPECT_EQ(value_of("one"), "1");
}

TEST_F(StoreTogether, a_call_that_was_to_read_and_writes_is_carried_out_again_as_one_that_writes) {
    auto* const store = store_.get();
    auto const times = std::make_shared<int>(0);
    get(store->read_together([store, times]() -> net::Task<Result<void>> {
        ++*times;
        CS_CO_TRY(auto const before, co_await store->get_value("one"));
        EXPECT_FALSE(before);
        co_return co_await store->set_value("one", "1");
    }));
    EXPECT_EQ(*times, 2);
    EXPECT_EQ(value_of("one"), "1");
}

TEST_F(StoreTogether, a_call_within_a_call_is_a_part_of_it) {
    auto* const store = store_.get();
    auto const inner = [store]() -> net::Task<Result<void>> { co_return co_await store->set_value("inner", "1"); };
    auto const outer = [store, inner](bool fails) {
        return [store, inner, fails]() -> net::Task<Result<void>> {
            CS_CO_CHECK(co_await store->set_value("before", "1"));
            CS_CO_CHECK(co_await store->write_together(inner));
            CS_CO_CHECK(co_await store->set_value("after", "1"));
            if (fails) co_return fail(errors::gen::internal, {{"detail", "on purpose"}});
            co_return Result<void>();
        };
    };
    EXPECT_EQ(error_of(store->write_together(outer(true))), errors::gen::internal);
    for (auto const* key : {"before", "inner", "after"}) EXPECT_EQ(value_of(key), "(none)") << key;
    get(store->write_together(outer(false)));
    for (auto const* key : {"before", "inner", "after"}) EXPECT_EQ(value_of(key), "1") << key;
}

TEST_F(StoreTogether, waiting_for_something_else_is_a_defect_that_is_told_and_changes_nothing) {
    auto* const store = store_.get();
    auto const waits = [store]() -> net::Task<Result<void>> {
        CS_CO_CHECK(co_await store->set_value("one", "1"));
        co_await net::sleep_for(1ms);
        co_return Result<void>();
    };
    EXPECT_EQ(error_of(store->write_together(waits)), errors::gen::internal);
    EXPECT_EQ(value_of("one"), "(none)");
}

TEST_F(StoreTogether, several_jobs_are_taken_at_once_each_of_another_system) {
    std::set<SystemId> systems;
    for (int i = 0; i < 5; ++i) systems.insert(add("s" + std::to_string(i)));
    get(store_->queue_jobs(JobKind::observe, {systems.begin(), systems.end()}, "admin"));
    get(store_->queue_jobs(JobKind::enforce, {systems.begin(), systems.end()}, "admin"));
    auto const first = get(store_->lease_jobs("one", 60s, 3));
    auto const second = get(store_->lease_jobs("two", 60s, 8));
    EXPECT_THAT(first, SizeIs(3));
    EXPECT_THAT(second, SizeIs(2)) << "a system has one job at a time";
    std::set<SystemId> seen;
    for (auto const* some : {&first, &second})
        for (auto const& job : *some) seen.insert(job.system);
    EXPECT_EQ(seen, systems);
    EXPECT_THAT(get(store_->lease_jobs("two", 60s, 8)), SizeIs(0));
}

}  // namespace
}  // namespace countersign::manager
