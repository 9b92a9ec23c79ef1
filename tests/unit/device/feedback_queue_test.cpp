#include "device/clients/feedback_queue.hpp"

#include "device/clients/feedback_store.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

FeedbackItem setting(std::string const& path, std::string const& value) { return {"Configuration", {{path, value}}}; }
FeedbackItem notification(std::string const& name) { return {"", {{name, ""}}}; }
FeedbackItem event(std::string const& name) { return {"Event", {{name + " Id", "x"}}}; }

TEST(FeedbackQueue, keeps_the_newest_thousand_and_counts_the_rest) {
    FeedbackQueue queue;
    for (int i = 0; i < 1030; ++i) (void)queue.push(setting("Path " + std::to_string(i), "x"));
    EXPECT_EQ(queue.size(), FeedbackQueue::k_longest);
    EXPECT_EQ(queue.lost(), 30U);
    EXPECT_EQ(queue.batch().items.front(), setting("Path 30", "x"));
}

TEST(FeedbackQueue, keeps_no_more_than_its_bytes) {
    FeedbackQueue queue;
    std::string const value(10'000, 'v');
    for (int i = 0; i < 100; ++i) (void)queue.push(setting("Path", value + std::to_string(i)));
    EXPECT_LE(queue.to_text().size(), FeedbackQueue::k_largest);
    EXPECT_EQ(queue.size() + queue.lost(), 100U);
    EXPECT_EQ(queue.push(setting("Path", std::string(100'000, 'v'))), "") << "one that is too large alone is dropped itself";
}

TEST(FeedbackQueue, keeps_order_and_what_came_while_a_batch_was_under_way) {
    FeedbackQueue queue;
    (void)queue.push(setting("A", "1"));
    auto const batch = queue.batch();
    (void)queue.push(setting("A", "2"));
    (void)queue.push(setting("B", "1"));
    (void)queue.delivered(batch.mark);
    EXPECT_THAT(queue.batch().items, ElementsAre(setting("A", "2"), setting("B", "1")));
}

TEST(FeedbackQueue, puts_settings_together_and_events_each_alone) {
    FeedbackQueue queue;
    for (auto const& item : {setting("A", "1"), setting("B", "1"), event("First"), event("Second"), setting("C", "1")})
        (void)queue.push(item);
    std::vector<std::size_t> sizes;
    while (!queue.empty()) {
        auto const batch = queue.batch();
        sizes.push_back(batch.items.size());
        (void)queue.delivered(batch.mark);
    }
    EXPECT_THAT(sizes, ElementsAre(2, 1, 1, 1));
}

TEST(FeedbackQueue, does_not_repeat_a_notification_that_waits) {
    FeedbackQueue queue;
    EXPECT_NE(queue.push(notification("restart")), "");
    EXPECT_EQ(queue.push(notification("restart")), "");
    EXPECT_NE(queue.push(event("First")), "");
    EXPECT_NE(queue.push(event("First")), "") << "an alarm may be raised twice";
}

TEST(FeedbackQueue, is_read_back_from_its_records) {
    FeedbackQueue queue;
    auto const odd = setting("A\tB", "line\nwith 100% of \x01 everything \xc3\xa4");
    auto text = queue.push(setting("First", "1"));
    text += queue.push(odd);
    text += queue.push(event("Alarm"));
    auto const batch = FeedbackQueue::parse(text).batch();
    EXPECT_THAT(batch.items, ElementsAre(setting("First", "1"), odd));
    text += FeedbackQueue::parse(text).delivered(1);
    EXPECT_THAT(FeedbackQueue::parse(text).batch().items, ElementsAre(odd));
    EXPECT_THAT(FeedbackQueue::parse(FeedbackQueue::parse(text).to_text()).size(), 2U);
}

TEST(FeedbackQueue, leaves_out_a_record_that_was_cut_off) {
    FeedbackQueue queue;
    auto const first = queue.push(setting("First", "1"));
    auto const second = queue.push(setting("Second", "2"));
    for (std::size_t size = 0; size < second.size(); ++size)
        EXPECT_EQ(FeedbackQueue::parse(first + second.substr(0, size)).size(), 1U) << size;
}

TEST(FeedbackStore, keeps_what_waits_and_forgets_what_was_delivered) {
    countersign::testing::TemporaryFolder const folder;
    auto const file = folder.path() / "feedback.1";
    FeedbackStore store(file, host::Durability::none);
    FeedbackQueue queue = store.load();
    EXPECT_TRUE(queue.empty());
    for (auto const& item : {setting("A", "1"), event("Alarm")}) store.append(queue.push(item), queue);
    EXPECT_EQ(FeedbackStore(file, host::Durability::none).load().to_text(), queue.to_text());
    store.append(queue.delivered(queue.batch().mark), queue);
    EXPECT_THAT(FeedbackStore(file, host::Durability::none).load().batch().items, ElementsAre(event("Alarm")));
    store.remove();
    EXPECT_TRUE(FeedbackStore(file, host::Durability::none).load().empty());
}

TEST(FeedbackStore, does_not_grow_without_end) {
    countersign::testing::TemporaryFolder const folder;
    auto const file = folder.path() / "feedback.1";
    FeedbackStore store(file, host::Durability::none);
    FeedbackQueue queue;
    for (int i = 0; i < 500; ++i) {
        store.append(queue.push(setting("Path", std::string(2000, 'v'))), queue);
        store.append(queue.delivered(queue.batch().mark), queue);
    }
    EXPECT_LT(std::filesystem::file_size(file), 2 * FeedbackQueue::k_largest);
    EXPECT_TRUE(store.load().empty());
}

}  // namespace
}  // namespace countersign::device
