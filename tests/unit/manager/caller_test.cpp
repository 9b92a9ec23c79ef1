#include "company_authority.hpp"
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

TEST_F(Caller, that_shows_the_certificate_of_a_system_is_that_system_wherever_it_is) {
    CompanyAuthority const company(clock_->now());
    auto const shown = company.issue("room1.example.test").certificate;
    manager::Manager::SystemCall call{
        .event = "Boot", .serial_number = "OTHER", .mac_address = "", .source_address = "198.51.100.66", .https = true};
    call.certificate = shown;
    call.certificate_verified = true;
    get(manager_->system_called(call));
    auto const known = get(manager_->store().get_contact(id_));
    EXPECT_TRUE(known.https);
    EXPECT_EQ(known.certificate, shown.fingerprint());
    EXPECT_EQ(jobs(), 1U) << "the manager looks at it";
}

TEST_F(Caller, whose_certificate_does_not_verify_is_as_one_without) {
    after_call(false, "192.0.2.7");
    CompanyAuthority const company(clock_->now());
    manager::Manager::SystemCall call{
        .event = "Boot", .serial_number = "SN1", .mac_address = "", .source_address = "198.51.100.66", .https = true};
    call.certificate = company.issue("room1.example.test").certificate;
    get(manager_->system_called(call));
    auto const known = get(manager_->store().get_contact(id_));
    EXPECT_FALSE(known.https);
    EXPECT_EQ(known.certificate, "");
}

TEST_F(Caller, in_the_name_of_a_system_that_shows_its_certificate_changes_nothing_without_it) {
    CompanyAuthority const company(clock_->now());
    manager::Manager::SystemCall call{
        .event = "Boot", .serial_number = "SN1", .mac_address = "", .source_address = "192.0.2.7", .https = true};
    call.certificate = company.issue("room1.example.test").certificate;
    call.certificate_verified = true;
    get(manager_->system_called(call));
    auto policy = get(manager_->store().get_policy());
    policy.secure_only = manager::SecureOnly::verify;
    get(manager_->store().set_policy(policy, "test"));
    auto const after = after_call(false, "192.0.2.7");
    EXPECT_TRUE(after.https) << "even from the address of the system";
    EXPECT_EQ(after.certificate, call.certificate->fingerprint());
}

TEST_F(Caller, behind_a_translated_address_is_known_by_its_first_call) {
    EXPECT_TRUE(after_call(true, "198.51.100.1").https);
    EXPECT_TRUE(after_call(true, "198.51.100.1").at);
}

}  // namespace
}  // namespace countersign::testing
