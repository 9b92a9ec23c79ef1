#include "manager/manager.hpp"
#include "store_fixture.hpp"

namespace countersign::testing {
namespace {

/// Calls of systems as the manager takes them: anonymous, so that they may only make it look.
class Caller : public StoreTest {
protected:
    Caller() {
        manager::System system;
        system.name = "room1";
        system.family = "c-series";
        system.host_name = "room1.example.test";
        system.address = "192.0.2.7";
        system.serial_number = "SN1";
        id_ = get(store_->add_system(std::move(system), std::nullopt, "test"));
        store_.reset();
        auto made = manager::Manager::create(runtime_, {.data = folder_.path(), .host_name = "manager.example.test"},
                                             *family::Families::load_embedded(), clock_);
        if (made) manager_ = *made;
    }
    void SetUp() override { ASSERT_TRUE(manager_); }
    manager::ContactEvidence after_call(bool https, std::string const& source) {
        get(manager_->system_called(
            {.event = "Boot", .serial_number = "SN1", .mac_address = "", .source_address = source, .https = https}));
        return get(manager_->store().get_contact(id_));
    }
    std::size_t jobs() { return get(manager_->store().list_jobs(id_, std::nullopt, 10)).size(); }

    manager::SystemId id_ = 0;
    std::shared_ptr<manager::Manager> manager_;
};

TEST_F(Caller, at_the_address_of_the_system_is_the_system) {
    EXPECT_TRUE(after_call(true, "192.0.2.7").https);
    EXPECT_FALSE(after_call(false, "192.0.2.7").https);
}

TEST_F(Caller, from_elsewhere_makes_the_manager_look_and_changes_nothing_that_is_known) {
    after_call(true, "192.0.2.7");
    auto const before = jobs();
    EXPECT_TRUE(after_call(false, "198.51.100.66").https) << "the level of the system would fall";
    EXPECT_GE(jobs(), std::max<std::size_t>(before, 1));
}

TEST_F(Caller, from_elsewhere_cannot_fill_the_trail) {
    after_call(true, "192.0.2.7");
    auto const before = get(manager_->store().list_audit(1000, 0)).size();
    for (int i = 0; i < 10; ++i) after_call(i % 2 == 0, "198.51.100.66");
    EXPECT_EQ(get(manager_->store().list_audit(1000, 0)).size(), before);
}

TEST_F(Caller, behind_a_translated_address_is_known_by_its_first_call) {
    EXPECT_TRUE(after_call(true, "198.51.100.1").https);
    EXPECT_TRUE(after_call(true, "198.51.100.1").at);
}

}  // namespace
}  // namespace countersign::testing
