#include "manager/estate/arrivals.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::testing {
namespace {

using manager::ArrivalStore;

class Arrivals : public StoreTest {
protected:
    ArrivalStore& arrivals() { return store_->arrivals(); }
    ArrivalStore::Noted note(std::string serial, std::string source, ArrivalStore::WaitingLimits limits = {}) {
        return get(arrivals().note_unknown_caller({.serial_number = std::move(serial), .source_address = std::move(source)}, limits));
    }
};

TEST_F(Arrivals, keep_announcements_with_their_password_sealed) {
    manager::Preregistration wanted{.mac_address = "005060000001", .serial_number = "A1", .name = "Boardroom", .folder = "/Berlin"};
    wanted.connection.persistent["system.name"] = "Boardroom";
    auto const id = get(arrivals().add_preregistration(wanted, SecretText("secret-4711"), "test"));
    auto const found = get(arrivals().find_preregistration("005060000001", ""));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(found->connection.persistent, wanted.connection.persistent);
    EXPECT_TRUE(found->has_password);
    EXPECT_EQ(get(arrivals().get_preregistered_password(id))->reveal(), "secret-4711");
    EXPECT_TRUE(get(arrivals().find_preregistration("", "A1")));
    EXPECT_FALSE(get(arrivals().find_preregistration("", "")));
    auto const twice = net::run(runtime_, arrivals().add_preregistration({.serial_number = "A1"}, std::nullopt, "test"));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().id(), errors::mgr::announced_already);
}

TEST_F(Arrivals, wait_once_for_each_source) {
    EXPECT_EQ(note("S1", "192.0.2.1"), ArrivalStore::Noted::fresh);
    EXPECT_EQ(note("S1", "192.0.2.1"), ArrivalStore::Noted::again);
    EXPECT_EQ(note("S1", "192.0.2.2"), ArrivalStore::Noted::fresh) << "who calls in another's name takes nobody's place";
    auto const list = get(arrivals().list_waiting(false, 0, 100));
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list.front().calls, 2);
}

TEST_F(Arrivals, are_bounded_for_a_source_and_in_all) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(note("S" + std::to_string(i), "192.0.2.1"), ArrivalStore::Noted::fresh);
    EXPECT_EQ(note("S10", "192.0.2.1"), ArrivalStore::Noted::full);
    EXPECT_EQ(note("S10", "192.0.2.2", {.all = 10}), ArrivalStore::Noted::full);
    EXPECT_EQ(note("S10", "192.0.2.2"), ArrivalStore::Noted::fresh);
}

TEST_F(Arrivals, that_were_rejected_stay_so_and_old_ones_go) {
    note("S1", "192.0.2.1");
    get(arrivals().reject_waiting(1, "test"));
    EXPECT_EQ(note("S1", "192.0.2.1"), ArrivalStore::Noted::rejected);
    EXPECT_TRUE(get(arrivals().list_waiting(false, 0, 100)).empty());
    clock_->advance(std::chrono::days(31));
    EXPECT_EQ(note("S2", "192.0.2.1"), ArrivalStore::Noted::fresh);
    EXPECT_TRUE(get(arrivals().list_waiting(true, 0, 100)).empty());
}

TEST(CallLimiter, lets_a_source_call_a_few_times_and_everybody_together_not_without_end) {
    manager::CallLimiter limiter;
    auto const now = std::chrono::steady_clock::now();
    int one = 0;
    for (int i = 0; i < 100; ++i) one += limiter.allow("192.0.2.1", now) ? 1 : 0;
    EXPECT_EQ(one, 4);
    EXPECT_TRUE(limiter.allow("192.0.2.2", now)) << "another one is heard";
    EXPECT_TRUE(limiter.allow("192.0.2.1", now + std::chrono::seconds(3)));
    int all = 0;
    for (int i = 0; i < 1000; ++i) all += limiter.allow("198.51.100." + std::to_string(i), now + std::chrono::seconds(3)) ? 1 : 0;
    EXPECT_LE(all, 40);
    EXPECT_GT(all, 10);
}

TEST_F(Arrivals, may_keep_settings_that_are_not_the_policys) {
    auto const families = *family::Families::load_embedded();
    EXPECT_TRUE(manager::check_persistent({{"system.name", "Boardroom"}}, families, "c-series"));
    EXPECT_FALSE(manager::check_persistent({{"service.https.mode", "off"}}, families, "c-series"));
    EXPECT_FALSE(manager::check_persistent({{"client.verify", "off"}}, families, ""));
    EXPECT_FALSE(manager::check_persistent({{"no.such.setting", "x"}}, families, "c-series"));
}

}  // namespace
}  // namespace countersign::testing
