#include "device/services/status_watch.hpp"

#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace countersign::device {
namespace {

using countersign::testing::Estate;
using dialect::xapi::TypedValue;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Gone = StatusNews::Gone;

TEST(CompareStatus, tells_what_is_new_or_different_in_order) {
    auto const news = compare_status({{"A", "1"}, {"B", "1"}, {"C", "1"}}, {{"A", "1"}, {"B", "2"}, {"C", "1"}, {"D", "x"}});
    EXPECT_THAT(news.values, ElementsAre(TypedValue{"B", "2"}, TypedValue{"D", "x"}));
    EXPECT_THAT(news.gone, IsEmpty());
}

TEST(CompareStatus, names_the_outermost_list_item_that_went) {
    std::vector<TypedValue> const before{
        {"Slot 1 URL", "a"}, {"Slot 2 URL", "b"}, {"Slot 2 Expression 1", "c"}, {"Slot 1 Expression 2", "d"}};
    auto const news = compare_status(before, {{"Slot 1 URL", "a"}});
    EXPECT_THAT(news.values, IsEmpty());
    EXPECT_THAT(news.gone, ElementsAre(Gone{"Slot 2", "Slot 2 URL"}, Gone{"Slot 2", "Slot 2 Expression 1"},
                                       Gone{"Slot 1 Expression 2", "Slot 1 Expression 2"}));
}

TEST(CompareStatus, tells_no_end_of_what_is_no_list) { EXPECT_TRUE(compare_status({{"Trial Id", "7"}}, {}).empty()); }

class Watched : public ::testing::Test {
protected:
    bool saw(std::string const& path, std::string const& value) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20),
                                 [&] { return std::ranges::find(seen_, TypedValue{path, value}) != seen_.end(); });
    }
    Estate estate_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<TypedValue> seen_;
};

TEST_F(Watched, hears_of_a_change_whatever_caused_it_and_nothing_after_stop) {
    auto const unit = estate_.boot("roomos", 1);
    auto watch = estate_.on_loop([&] {
        auto made = std::make_unique<StatusWatch>(unit, [this](StatusNews const& news) {
            std::scoped_lock const lock(mutex_);
            seen_.insert(seen_.end(), news.values.begin(), news.values.end());
            changed_.notify_all();
        });
        made->start();
        return made;
    });
    auto const enrol = [&](int slot) {
        ASSERT_TRUE(
            estate_.on_loop([&] { return unit->set_feedback({slot, "http://a.test/x", {"/Event/Nothing"}, ""}, {"test", "admin", ""}); }));
    };
    enrol(2);
    EXPECT_TRUE(saw("HttpFeedback 2 URL", "http://a.test/x"));
    // It takes effect only after the event that tells of the setting.
    estate_.apply(unit, {{"NetworkServices NTP Mode", "On"}, {"NetworkServices NTP Address", "192.0.2.1"}});
    EXPECT_TRUE(saw("NetworkServices NTP Address", "192.0.2.1"));
    {
        std::scoped_lock const lock(mutex_);
        EXPECT_TRUE(std::ranges::none_of(seen_, [](auto const& value) { return value.path == "SystemUnit Uptime"; }));
        seen_.clear();
    }
    estate_.on_loop([&] { watch->stop(); });
    enrol(3);
    estate_.on_loop([&] { watch->start(); });
    enrol(4);
    EXPECT_TRUE(saw("HttpFeedback 4 URL", "http://a.test/x"));
    {
        std::scoped_lock const lock(mutex_);
        EXPECT_TRUE(std::ranges::none_of(seen_, [](auto const& value) { return value.path.starts_with("HttpFeedback 3"); }));
    }
    estate_.on_loop([&] { watch.reset(); });
}

}  // namespace
}  // namespace countersign::device
