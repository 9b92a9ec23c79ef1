#include "manager/estate/moves.hpp"

#include "manager_fixture.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::TrackBy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Systems that are tracked by their MAC address and call from elsewhere.
class Moving : public ManagerTest {
protected:
    /// Each test has addresses of its own: tests run at the same time.
    void begin(int number) {
        first_ = "127.44.1." + std::to_string(20 + 2 * number);
        second_ = "127.44.1." + std::to_string(21 + 2 * number);
        system_ = make_system(first_, "SN1");
        system_->on_call = [this](bool https) { insides_.contacts.note(id_, https); };
        system_->boot();
        id_ = add_system(first_);
        set_mode(manager::SecureOnly::on);
        EXPECT_FALSE(enforce(insides_, id_).error);
        change([](manager::System& stored) { stored.track_by = TrackBy::mac; });
    }
    void change(std::function<void(manager::System&)> what) {
        get(store_->update_system(
            id_,
            [what](manager::System& stored) {
                what(stored);
                return std::string("changed by a test");
            },
            "test"));
    }
    manager::System known() { return get(store_->get_system(id_)); }
    /// Returns when the manager has looked there.
    void call_from(std::string const& address) {
        moves_->called_from(id_, address, nullptr);
        wait(moves_->stop());
    }
    std::vector<std::string> moves_told() {
        std::vector<std::string> out;
        for (auto const& one : get(store_->list_audit(1000, 0)))
            if (one.detail.contains("it called from there")) out.push_back(one.detail);
        return out;
    }

    std::string first_, second_;
    Insides insides_{*this};
    net::KeyedLock locks_;
    std::atomic<int> woken_ = 0;
    std::shared_ptr<manager::Moves> moves_ = std::make_shared<manager::Moves>(manager::Moves::Links{.runtime = runtime_,
                                                                                                    .store = *store_,
                                                                                                    .directory = insides_.directory,
                                                                                                    .surveyor = insides_.surveyor,
                                                                                                    .observer = insides_.observer,
                                                                                                    .locks = locks_,
                                                                                                    .wake_jobs = [this] { ++woken_; },
                                                                                                    .announce = Insides::quiet()});
    std::shared_ptr<ScriptedSystem> system_;
    std::atomic<manager::SystemId> id_ = 0;
};

TEST_F(Moving, are_taken_over_where_the_same_unit_proves_itself) {
    begin(1);
    system_->move_to(second_);
    call_from(second_);
    EXPECT_EQ(known().address, second_);
    EXPECT_TRUE(insides_.directory.is_at(id_, second_)) << "its calls are its own from now on";
    EXPECT_THAT(moves_told(), ElementsAre(::testing::HasSubstr("it is at " + second_ + " now, and was at " + first_)));
    auto const jobs = get(store_->list_jobs(id_, manager::JobState::queued, 10));
    ASSERT_EQ(jobs.size(), 1U) << "it is looked at there";
    EXPECT_EQ(jobs.front().kind, manager::JobKind::observe);
    EXPECT_EQ(woken_, 1);
}

TEST_F(Moving, tells_a_stranger_at_the_other_address_nothing) {
    begin(2);
    // A unit of the same vendor, with the same product, and with a certificate of its own.
    auto const stranger = make_system(second_, "SN2");
    stranger->set("service.https.mode", "on");
    stranger->boot();
    call_from(second_);
    EXPECT_EQ(known().address, first_);
    EXPECT_TRUE(stranger->recorder().empty()) << "not one request was sent";
    EXPECT_THAT(moves_told(), IsEmpty());
}

TEST_F(Moving, says_nothing_over_http) {
    begin(3);
    auto const stranger = make_system(second_, "SN1");
    stranger->set("service.https.mode", "off");
    stranger->boot();
    change([](manager::System& stored) {
        stored.https_proven = false;
        stored.password_origin = manager::PasswordOrigin::factory;
    });
    set_mode(manager::SecureOnly::off);
    call_from(second_);
    EXPECT_EQ(known().address, first_);
    EXPECT_TRUE(stranger->recorder().empty());
}

TEST_F(Moving, is_not_believed_of_another_unit_that_can_be_verified) {
    begin(4);
    // The certificate of the system is on another unit, too: the serial number tells them apart.
    auto const neighbour = make_system(second_, "SN2");
    neighbour->set("service.https.mode", "on");
    neighbour->boot();
    change([&neighbour](manager::System& stored) {
        stored.pins = {neighbour->served_fingerprint()};
        stored.password_origin = manager::PasswordOrigin::factory;
    });
    call_from(second_);
    EXPECT_FALSE(neighbour->recorder().empty()) << "it is pinned: it was asked who it is";
    EXPECT_EQ(known().address, first_);
    EXPECT_THAT(moves_told(), IsEmpty());
}

TEST_F(Moving, changes_nothing_of_systems_that_are_tracked_otherwise) {
    begin(5);
    change([](manager::System& stored) { stored.track_by = TrackBy::address; });
    system_->move_to(second_);
    auto const asked = system_->recorder().list().size();
    call_from(second_);
    EXPECT_EQ(known().address, first_);
    EXPECT_EQ(system_->recorder().list().size(), asked);
}

TEST_F(Moving, looks_nowhere_after_the_end) {
    begin(6);
    wait(moves_->stop());
    system_->move_to(second_);
    call_from(second_);
    EXPECT_EQ(known().address, first_);
}

TEST(ProofOfMove, is_what_the_system_itself_says_over_a_sure_channel) {
    manager::System const system{.serial_number = "SN1", .mac_address = "00:50:60:00:00:01"};
    manager::Observation seen;
    EXPECT_FALSE(manager::proves_to_be(system, seen));
    seen.account.emplace();
    seen.account->serial_number = "sn1";
    EXPECT_FALSE(manager::proves_to_be(system, seen)) << "plain HTTP, or nobody checked";
    seen.account_channel = manager::ChannelTrust::pinned;
    EXPECT_TRUE(manager::proves_to_be(system, seen));
    seen.account->serial_number = "SN2";
    seen.account->mac_address = "005060000001";
    EXPECT_FALSE(manager::proves_to_be(system, seen)) << "serial numbers decide";
    seen.account->serial_number.clear();
    EXPECT_TRUE(manager::proves_to_be(system, seen));
    EXPECT_FALSE(manager::proves_to_be({}, seen)) << "nothing is known of the unit";
}

}  // namespace
}  // namespace countersign::testing
