#include "manager/estate/system_change.hpp"

#include "manager/estate/system_list.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::ConnectionChange;
using manager::Connectivity;
using manager::TrackBy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Connection settings that people change, and systems that they add with all of them.
class ConnectionSettingsOfSystem : public StoreTest {
protected:
    ConnectionSettingsOfSystem() {
        store_.reset();
        auto made = manager::Manager::create(runtime_, {.data = folder_.path(), .host_name = "manager.example.test"},
                                             *family::Families::load_embedded(), clock_);
        if (made) manager_ = *made;
    }
    void SetUp() override {
        ASSERT_TRUE(manager_);
        manager::System system;
        system.name = "room1";
        system.family = "c-series";
        system.host_name = "room1.example.test";
        system.address = "192.0.2.7";
        system.serial_number = "SN1";
        id_ = get(manager_->store().add_system(std::move(system), std::nullopt, "test"));
        manager_->take_up({known()});
    }
    manager::System known() { return get(manager_->store().get_system(id_)); }
    manager::System change(ConnectionChange change) { return get(manager::change_system(manager_, id_, std::move(change), "ann")); }
    std::optional<ErrorId> refused(ConnectionChange change) {
        return error_of(manager::change_system(manager_, id_, std::move(change), "ann"));
    }
    std::size_t looks() { return get(manager_->store().list_jobs(id_, manager::JobState::queued, 10)).size(); }

    manager::SystemId id_ = 0;
    std::shared_ptr<manager::Manager> manager_;
};

TEST_F(ConnectionSettingsOfSystem, are_tried_when_they_change) {
    change({.name = "Boardroom"});
    EXPECT_EQ(looks(), 0U) << "a name is no way to it";
    change({.address = "192.0.2.8"});
    EXPECT_EQ(looks(), 1U);
    EXPECT_EQ(manager_->guess_caller("", "192.0.2.8"), id_) << "calls from there are its own";
    EXPECT_EQ(manager_->guess_caller("", "192.0.2.7"), 0);
}

TEST_F(ConnectionSettingsOfSystem, that_are_tried_are_all_but_name_and_folder) {
    std::vector<ConnectionChange> ways(6);
    ways[0].host_name = "room2.example.test";
    ways[1].track_by = TrackBy::mac;
    ways[2].https_port = 4443;
    ways[3].user = "operator";
    ways[4].password.emplace("a-given-password");
    ways[5].pins.emplace({std::string(64, 'a')});
    for (std::size_t i = 0; i < ways.size(); ++i) {
        for (auto const& job : get(manager_->store().list_jobs(id_, manager::JobState::queued, 10)))
            get(manager_->store().finish_job(job.id, manager::JobState::succeeded, std::nullopt, clock_->now()));
        change(std::move(ways[i]));
        EXPECT_EQ(looks(), 1U) << "change " << i;
    }
    EXPECT_EQ(known().https_port, 4443);
    EXPECT_EQ(known().password_origin, manager::PasswordOrigin::given);
}

TEST_F(ConnectionSettingsOfSystem, are_checked_as_when_a_system_is_added) {
    EXPECT_EQ(refused({.name = std::string(101, 'x')}), errors::gen::invalid_input);
    EXPECT_EQ(refused({.name = "a\nb"}), errors::gen::invalid_input);
    EXPECT_EQ(refused({.pins = std::vector(11, std::string(64, 'a'))}), errors::gen::invalid_input);
    EXPECT_EQ(refused({.address = "room"}), errors::gen::invalid_input);
    EXPECT_EQ(refused({.host_name = "", .address = ""}), errors::gen::missing_field);
    EXPECT_EQ(refused({.host_name = "", .track_by = TrackBy::host_name}), errors::gen::invalid_input);
    EXPECT_EQ(looks(), 0U) << "what is refused changes nothing";
}

TEST_F(ConnectionSettingsOfSystem, that_become_empty_are_gone) {
    change({.track_by = TrackBy::host_name, .pins = std::vector{std::string(64, 'A')}});
    EXPECT_THAT(known().pins, ElementsAre(std::string(64, 'a')));
    auto const after = change({.host_name = "", .pins = std::vector<std::string>()});
    EXPECT_EQ(after.host_name, "");
    EXPECT_THAT(after.pins, IsEmpty());
    EXPECT_EQ(after.track_by, TrackBy::address) << "the way that is left";
}

TEST_F(ConnectionSettingsOfSystem, change_together_or_not_at_all) {
    manager::System other;
    other.name = "room2";
    other.family = "c-series";
    other.address = "192.0.2.9";
    get(manager_->store().add_system(std::move(other), std::nullopt, "test"));
    EXPECT_EQ(refused({.address = "192.0.2.9", .password = SecretText("a-given-password")}), errors::mgr::duplicate_system);
    EXPECT_EQ(known().password_origin, manager::PasswordOrigin::factory);
    EXPECT_EQ(looks(), 0U);
}

TEST_F(ConnectionSettingsOfSystem, behind_a_firewall_can_be_added_by_hand_and_renamed) {
    manager::NewSystem fresh{.name = "Home", .family = "c-series", .mac_address = "00-50-60-00-00-07"};
    fresh.connection = {.connectivity = Connectivity::behind_firewall, .persistent = {{"system.name", "Home"}}};
    auto const added = get(manager_->add_system(std::move(fresh), "ann"));
    EXPECT_EQ(added.mac_address, "00:50:60:00:00:07");
    auto const kept = get(manager_->store().network().get_connection(added.id));
    EXPECT_EQ(kept.connectivity, Connectivity::behind_firewall);
    EXPECT_THAT(kept.persistent, SizeIs(1));
    id_ = added.id;
    EXPECT_EQ(change({.name = "Home of Ann"}).name, "Home of Ann") << "it has neither a name in DNS nor an address";
    manager::NewSystem unknown{.name = "Home", .family = "c-series"};
    unknown.connection.connectivity = Connectivity::behind_firewall;
    EXPECT_EQ(error_of(manager_->add_system(std::move(unknown), "ann")), errors::gen::missing_field);
    manager::NewSystem cut_off{.name = "Home", .address = "192.0.2.30", .family = "c-series"};
    cut_off.connection.persistent = {{"service.https.mode", "off"}};
    EXPECT_EQ(error_of(manager_->add_system(std::move(cut_off), "ann")), errors::gen::invalid_input) << "the policy decides it";
}

TEST_F(ConnectionSettingsOfSystem, come_with_a_list) {
    std::string const list =
        "name,address,serial,family,track_by,https_port,connectivity,persistent\n"
        "Lobby,192.0.2.20,SN20,c-series,mac,4443,public,system.name=Lobby;\n"
        "Home,,SN21,c-series,,,behind_firewall,\n"
        "Wrong,,,c-series,,,behind_firewall,\n"
        "Wrong,192.0.2.22,SN22,c-series,serial,70000,moon,nothing\n";
    auto const read = manager::read_system_list(list, manager_->families());
    ASSERT_TRUE(read) << read.error().explanation();
    std::vector<std::string> places;
    for (auto const& one : read->problems)
        places.push_back(std::string(one.parameter("line")) + " " + std::string(one.parameter("column")));
    EXPECT_THAT(places, ::testing::IsSupersetOf({"4 serial", "5 track_by", "5 https_port", "5 connectivity", "5 persistent"}));
    auto const result = get(manager::import_systems(manager_, list, {.partial = true}, "ann"));
    ASSERT_THAT(result.added, SizeIs(2));
    auto const lobby = get(manager_->store().get_system(result.added[0]));
    EXPECT_EQ(lobby.track_by, TrackBy::mac);
    EXPECT_EQ(lobby.https_port, 4443);
    auto const there = get(manager_->store().network().get_connection(lobby.id));
    EXPECT_EQ(there.connectivity, Connectivity::public_internet);
    EXPECT_EQ(there.persistent.at("system.name"), "Lobby");
    EXPECT_EQ(get(manager_->store().network().get_connection(result.added[1])).connectivity, Connectivity::behind_firewall);
}

}  // namespace
}  // namespace countersign::testing
