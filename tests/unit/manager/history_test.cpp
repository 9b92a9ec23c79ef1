#include "manager/assess/changes.hpp"
#include "manager/store/history_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::Assessment;
using manager::ProtocolLevel;
using manager::ReadinessItem;
using manager::SystemChange;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ProtocolLevel service(std::string const& id, int level) { return {.id = id, .name = id + " server", .open = level > 0, .level = level}; }

ProtocolLevel client(std::string const& id, int level) { return {.id = id, .name = id, .client = true, .open = level > 0, .level = level}; }

Assessment level_4() {
    Assessment out{.level = 4, .protocols = {service("https", 4), service("http", 0), client("feedback", 4)}};
    out.readiness = {{.id = "ntp", .text = "Time", .state = ReadinessItem::State::yes}};
    out.trusted_roots = {"aa"};
    return out;
}

TEST(Changes, name_what_opened_closed_and_fell) {
    auto after = level_4();
    after.protocols = {service("https", 3), service("http", 1), client("feedback", 2)};
    after.readiness.front().state = ReadinessItem::State::no;
    after.trusted_roots = {"bb"};
    EXPECT_THAT(changes_between(level_4(), after),
                ElementsAre(SystemChange{"service", "https server", "open, level 4", "open, level 3"},
                            SystemChange{"service", "http server", "closed", "open, level 1"},
                            SystemChange{"client", "feedback", "in use, level 4", "in use, level 2"},
                            SystemChange{"readiness", "Time", "yes", "no"}, SystemChange{"root_trusted", "bb", "no", "yes"},
                            SystemChange{"root_trusted", "aa", "yes", "no"}));
    EXPECT_THAT(changes_between(level_4(), level_4()), IsEmpty());
}

TEST(Changes, leave_out_what_was_not_seen) {
    auto silent = level_4();
    silent.protocols = {service("https", 0), service("http", 0), client("feedback", 0)};
    silent.level = 0;
    silent.trusted_roots.reset();
    EXPECT_THAT(changes_between(level_4(), silent), IsEmpty()) << "nobody knows whether it is closed";
    EXPECT_THAT(changes_between(silent, level_4()), ElementsAre(SystemChange{"service", "https server", "", "open, level 4"}));
    auto no_log_in = level_4();
    no_log_in.trusted_roots.reset();
    no_log_in.protocols.back() = client("feedback", 0);
    no_log_in.readiness.front().state = ReadinessItem::State::no;
    EXPECT_THAT(changes_between(level_4(), no_log_in), IsEmpty()) << "its settings could not be read";
    auto unknown = level_4();
    unknown.readiness.front().state = ReadinessItem::State::unknown;
    EXPECT_THAT(changes_between(level_4(), unknown), IsEmpty());
}

TEST(Changes, of_the_system_itself_are_named) {
    manager::System before;
    before.level = 4;
    before.reachability = manager::Reachability::reachable;
    before.software = "TC7.3";
    auto after = before;
    after.level = 0;
    after.reachability = manager::Reachability::unreachable;
    EXPECT_THAT(changes_between(before, after),
                ElementsAre(SystemChange{"level", "", "4", ""}, SystemChange{"reachability", "", "reachable", "unreachable"}));
}

class HistoryStoreTest : public StoreTest {
protected:
    HistoryStoreTest() { id_ = get(store_->add_system({.name = "room1", .host_name = "room1.example.test"}, std::nullopt, "test")); }
    void look(Assessment assessment) {
        auto system = get(store_->get_system(id_));
        system.level = assessment.level;
        system.observed_at = clock_->now();
        get(store_->record_assessment(std::move(system), std::move(assessment), {}));
        clock_->advance(std::chrono::minutes(1));
    }
    Assessment with_http(bool open) {
        auto out = level_4();
        out.level = open ? 1 : 4;
        out.protocols[1] = service("http", open ? 1 : 0);
        return out;
    }
    std::vector<manager::ChangedLook> history(std::int64_t before = 0, std::size_t limit = 100) {
        return get(store_->history().of_system(id_, before, limit));
    }

    manager::SystemId id_ = 0;
};

TEST_F(HistoryStoreTest, keeps_what_a_look_found_changed_and_nothing_else) {
    look(with_http(false));
    EXPECT_THAT(history(), IsEmpty()) << "a first look has nothing to be compared with";
    auto const opened = clock_->now();
    look(with_http(true));
    look(with_http(true));
    look(with_http(false));
    reopen();
    auto const looks = history();
    ASSERT_THAT(looks, SizeIs(2));
    EXPECT_EQ(looks[1].at, opened);
    EXPECT_THAT(looks[1].changes,
                ElementsAre(SystemChange{"level", "", "4", "1"}, SystemChange{"service", "http server", "closed", "open, level 1"}));
    EXPECT_THAT(looks[0].changes,
                ElementsAre(SystemChange{"level", "", "1", "4"}, SystemChange{"service", "http server", "open, level 1", "closed"}));
}

TEST_F(HistoryStoreTest, comes_in_pages_and_goes_with_its_system) {
    for (int i = 0; i < 6; ++i) look(with_http(i % 2 == 1));
    auto const first = history(0, 2);
    ASSERT_THAT(first, SizeIs(2));
    auto const rest = history(first.back().id);
    EXPECT_THAT(rest, SizeIs(3));
    EXPECT_LT(rest.front().id, first.back().id);
    get(store_->remove_system(id_, "test"));
    EXPECT_EQ(error_of(store_->history().of_system(id_, 0, 10)), errors::gen::not_found);
}

TEST_F(HistoryStoreTest, forgets_the_oldest) {
    for (std::size_t i = 0; i < manager::k_looks_kept + 5; ++i) look(with_http(i % 2 == 1));
    EXPECT_THAT(history(0, 1000), SizeIs(manager::k_looks_kept));
}

}  // namespace
}  // namespace countersign::testing
