#include "manager/store/statistics_store.hpp"
#include "store_fixture.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace countersign::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using namespace countersign::manager;

class StoreOverview : public StoreTest {
protected:
    SystemId at_level(std::string const& name, int level) {
        auto const id = add(name);
        get(store_->update_system(id, [level](System& one) { return one.level = level, ""; }, "x"));
        return id;
    }
    EstateOverview seen() { return get(store_->statistics().overview()); }
};

TEST_F(StoreOverview, the_history_has_a_line_a_day_and_ends_with_now) {
    auto const room = at_level("room", 1);
    get(store_->statistics().note_levels());
    EXPECT_THAT(seen().history, SizeIs(1)) << "today is not told twice";
    clock_->advance(std::chrono::days(1));
    get(store_->statistics().note_levels());
    get(store_->update_system(room, [](System& one) { return one.level = 4, ""; }, "x"));
    get(store_->statistics().note_levels());
    at_level("hall", 2);
    auto const history = seen().history;
    ASSERT_THAT(history, SizeIs(2));
    EXPECT_EQ(history[0].day, "2026-11-21");
    EXPECT_THAT(history[0].levels, ElementsAre(0, 1, 0, 0, 0));
    EXPECT_EQ(history[1].day, "2026-11-22");
    EXPECT_THAT(history[1].levels, ElementsAre(0, 0, 1, 0, 1)) << "as it is now, whatever was noted";
}

TEST_F(StoreOverview, the_history_is_kept_for_800_days) {
    for (int day = 0; day < 803; ++day) {
        get(store_->statistics().note_levels());
        clock_->advance(std::chrono::days(1));
    }
    auto const history = seen().history;
    ASSERT_THAT(history, SizeIs(800));
    EXPECT_EQ(history.back().day, "2029-02-01");
}

TEST_F(StoreOverview, ends_of_certificates_are_counted_by_day) {
    auto ends = [&](SystemId id, std::chrono::hours in) {
        get(store_->update_system(id, [&](System& one) { return one.certificate_expires = clock_->now() + in, ""; }, "x"));
    };
    add("none");
    ends(add("ended"), std::chrono::hours(-1));
    ends(add("one"), std::chrono::hours(13));  // at 1 o'clock of the day that follows
    ends(add("two"), std::chrono::hours(35));
    ends(add("late"), std::chrono::days(500));
    auto const now = seen();
    EXPECT_EQ(now.certificates_ended, 1);
    ASSERT_THAT(now.certificates, SizeIs(1)) << "what ends in more than 400 days is left out";
    EXPECT_EQ(now.certificates[0].day, "2026-11-22");
    EXPECT_EQ(now.certificates[0].count, 2);
}

TEST_F(StoreOverview, a_selection_is_counted_by_level_and_family) {
    at_level("a", 4);
    at_level("b", 4);
    at_level("c", 1);
    get(store_->add_system({.name = "d", .family = "mcu", .address = "10.0.0.1"}, std::nullopt, "admin"));
    auto const all = get(store_->statistics().count_systems({}));
    EXPECT_THAT(all.levels, ElementsAre(1, 1, 0, 0, 2));
    EXPECT_THAT(all.families,
                ElementsAre(std::pair<std::string, std::int64_t>("c-series", 3), std::pair<std::string, std::int64_t>("mcu", 1)));
    auto const some = get(store_->statistics().count_systems({.level = 4, .limit = 1}));
    EXPECT_THAT(some.levels, ElementsAre(0, 0, 0, 0, 2)) << "the limit of a page does not count";
}

}  // namespace
}  // namespace countersign::testing
