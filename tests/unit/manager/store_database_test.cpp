#include "manager/store/commit_queue.hpp"
#include "manager/store/migrations.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/sto.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace countersign::manager::store {
namespace {

using ::testing::SizeIs;

class StoreDatabase : public ::testing::Test {
protected:
    StoreDatabase() { runtime_.start(); }

    std::unique_ptr<Database> open(std::string_view name = "manager.db") {
        auto opened = Database::open(folder_.path() / name);
        EXPECT_TRUE(opened) << opened.error().message();
        return opened ? std::move(*opened) : nullptr;
    }
    Result<std::unique_ptr<Store>> open_store() {
        auto sealer = host::Sealer::load_or_create(folder_.path() / "sealing.key");
        return Store::open(folder_.path() / "manager.db", std::move(*sealer), clock_);
    }

    testing::TemporaryFolder folder_;
    std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>(*parse_utc_time("2026-11-21T12:00:00Z"));
    net::Runtime runtime_{2};
};

TEST_F(StoreDatabase, bound_values_come_back_whole) {
    auto database = open();
    database->execute("CREATE TABLE t (a INTEGER, b TEXT)");
    std::string text("it's\0 \"quoted\" :name ;", 22);
    database->execute("INSERT INTO t (a, b) VALUES (:a, :b)", {value(std::int64_t{5'000'000'000}), value(text)});
    database->execute("INSERT INTO t (a, b) VALUES (:a, :b)", {Value(), Value()});
    auto rows = database->select({"a", "b"}, "FROM t ORDER BY rowid");
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[0].number(0), 5'000'000'000);
    EXPECT_EQ(rows[0].text(1), text);
    EXPECT_TRUE(rows[1].is_null(0) && rows[1].is_null(1));
}

TEST_F(StoreDatabase, a_path_with_blanks_is_a_path) {
    open("data of the manager.db");
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "data of the manager.db"));
}

TEST_F(StoreDatabase, every_earlier_schema_is_brought_forward_with_its_rows) {
    for (int version = 1; version <= newest_schema(); ++version) {
        std::filesystem::remove(folder_.path() / "manager.db");
        {
            auto database = open();
            ASSERT_TRUE(migrate(*database, clock_->now(), version));
            database->execute("INSERT INTO program_values (name, value) VALUES ('kept', 'yes')");
        }
        auto store = open_store();
        ASSERT_TRUE(store) << version << ": " << store.error().message();
        auto kept = net::run(runtime_, (*store)->get_value("kept"));
        ASSERT_TRUE(kept && *kept) << version;
        EXPECT_EQ(**kept, "yes");
        EXPECT_TRUE(net::run(runtime_, (*store)->list_tokens())) << version;
    }
}

TEST_F(StoreDatabase, a_newer_schema_is_refused_and_untouched) {
    {
        auto database = open();
        ASSERT_TRUE(migrate(*database, clock_->now()));
        database->execute("INSERT INTO schema_version (version, applied) VALUES (1000, 0)");
    }
    auto store = open_store();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().id(), errors::sto::schema_too_new);
    EXPECT_EQ(store.error().parameter("found"), "1000");
}

TEST_F(StoreDatabase, a_failed_migration_leaves_the_old_schema) {
    {
        auto database = open();
        ASSERT_TRUE(migrate(*database, clock_->now(), 1));
        // In the way of the third step.
        database->execute("CREATE TABLE jobs (x INTEGER)");
    }
    auto store = open_store();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().id(), errors::sto::query_failed);
    EXPECT_EQ(open()->ask("SELECT max(version) FROM schema_version"), "1");
    EXPECT_FALSE(open()->select_one({"name"}, "FROM sqlite_master WHERE name = 'issued'")) << "the second step is rolled back too";
}

TEST_F(StoreDatabase, the_database_of_another_program_is_refused) {
    open()->execute("CREATE TABLE theirs (x INTEGER)");
    auto store = open_store();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().id(), errors::sto::cannot_open);
}

TEST_F(StoreDatabase, a_file_that_is_no_database_is_refused) {
    auto where = folder_.file("manager.db", std::string(4096, 'x'));
    auto store = open_store();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().id(), errors::sto::cannot_open);
    EXPECT_EQ(folder_.read("manager.db"), std::string(4096, 'x'));
}

class StoreQueue : public StoreDatabase {
protected:
    StoreQueue() {
        auto database = open();
        database->execute("CREATE TABLE t (a INTEGER PRIMARY KEY)");
        queue_ = std::make_unique<CommitQueue>(std::move(database));
    }
    std::int64_t count() { return open()->select({"count(*)"}, "FROM t").at(0).number(0); }

    std::unique_ptr<CommitQueue> queue_;
};

net::Task<Result<std::int64_t>> insert(CommitQueue& queue, std::int64_t number, bool fails) {
    return queue.run(Access::write, [number, fails](Database& database) -> Result<std::int64_t> {
        database.execute("INSERT INTO t (a) VALUES (:a)", {value(number)});
        if (fails) return fail(errors::gen::invalid_input, {{"field", std::to_string(number)}});
        return number;
    });
}

TEST_F(StoreQueue, a_call_that_fails_takes_nothing_of_its_neighbours_along) {
    std::atomic<int> wrong = 0;
    net::run(runtime_, [](CommitQueue* queue, std::atomic<int>* bad) -> net::Task<bool> {
        co_await net::for_each_bounded(300, 300, [queue, bad](std::size_t i) -> net::Task<> {
            auto number = static_cast<std::int64_t>(i);
            bool fails = i % 3 == 0;
            auto result = co_await insert(*queue, number, fails);
            if (result.has_value() == fails) ++*bad;
            if (!result && result.error().parameter("field") != std::to_string(number)) ++*bad;
        });
        co_return true;
    }(queue_.get(), &wrong));
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(count(), 200);
}

TEST_F(StoreQueue, a_refused_statement_is_an_error_with_the_databases_words) {
    ASSERT_TRUE(net::run(runtime_, insert(*queue_, 1, false)));
    auto again = net::run(runtime_, insert(*queue_, 1, false));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().id(), errors::sto::query_failed);
    EXPECT_NE(again.error().parameter("detail").find("UNIQUE"), std::string_view::npos);
    EXPECT_TRUE(net::run(runtime_, insert(*queue_, 2, false))) << "the queue goes on";
}

TEST_F(StoreQueue, what_is_queued_when_it_ends_is_still_carried_out) {
    auto* queue = queue_.get();
    auto done = std::make_shared<std::promise<void>>();
    auto started = std::make_shared<std::promise<void>>();
    net::spawn(
        runtime_.executor(0),
        [queue, done, started]() -> net::Task<> {
            auto result = co_await queue->run(Access::write, [started](Database& database) -> Result<void> {
                started->set_value();
                database.execute("INSERT INTO t (a) VALUES (7)");
                return {};
            });
            EXPECT_TRUE(result);
            done->set_value();
        },
        "test");
    started->get_future().wait();
    queue_.reset();
    done->get_future().wait();
    EXPECT_EQ(count(), 1);
    EXPECT_EQ(std::filesystem::exists(folder_.path() / "manager.db-wal"), false) << "the log is moved into the file at the end";
}

TEST_F(StoreQueue, callers_on_all_loops_come_back_to_their_own) {
    std::atomic<int> left = 8;
    std::atomic<int> wrong = 0;
    auto done = std::make_shared<std::promise<void>>();
    auto* queue = queue_.get();
    for (std::size_t caller = 0; caller < 8; ++caller) {
        net::spawn(
            runtime_.executor(caller),
            [queue, done, caller, &left, &wrong]() -> net::Task<> {
                for (int i = 0; i < 50; ++i) {
                    auto before = std::this_thread::get_id();
                    auto result = co_await insert(*queue, static_cast<std::int64_t>(caller) * 1000 + i, false);
                    if (!result || before != std::this_thread::get_id()) ++wrong;
                }
                if (--left == 0) done->set_value();
            },
            "test");
    }
    done->get_future().wait();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(count(), 400);
}

}  // namespace
}  // namespace countersign::manager::store
