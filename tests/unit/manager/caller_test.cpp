#include "company_authority.hpp"
#include "manager/manager.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/network_store.hpp"
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

/// Systems that nothing can be asked: only their calls are known.
class CallerBehindFirewall : public Caller {
protected:
    void SetUp() override {
        Caller::SetUp();
        get(manager_->store().network().set_connection(id_, {.connectivity = manager::Connectivity::behind_firewall}, "test"));
        change([](manager::System& stored) { stored.address.clear(); });
    }
    void change(std::function<void(manager::System&)> what) {
        get(manager_->store().update_system(
            id_,
            [what](manager::System& stored) {
                what(stored);
                return std::string();
            },
            "test"));
    }
    void set_mode(manager::SecureOnly mode) {
        auto policy = get(manager_->store().get_policy());
        policy.secure_only = mode;
        policy.manager_host_name = "manager.example.test";
        get(manager_->store().set_policy(policy, "test"));
    }
    manager::Manager::SystemCall call(bool https, std::string const& software = "TC7.3.0") {
        return {.event = "Beat",
                .serial_number = "SN1",
                .mac_address = "",
                .source_address = "198.51.100.1",
                .https = https,
                .software = software};
    }
    bool calls_over_https(bool https, std::string const& software = "TC7.3.0") {
        get(manager_->system_called(call(https, software)));
        return get(manager_->store().get_contact(id_)).https;
    }
    /// The protocol that it is told to call by; empty: none.
    std::string told(std::string const& software) {
        for (auto const& [path, value] : get(manager_->settings_for(call(false, software))).settings)
            if (path.ends_with("Protocol")) return value;
        return "";
    }
    void take_to(manager::SecureOnly goal) {
        manager::Campaign campaign;
        campaign.settings.name = "homes";
        campaign.settings.mode = goal;
        auto const made =
            get(manager_->store().campaigns().add(std::move(campaign), {{.system = id_, .name = "room1", .wave = 1}}, "test"));
        get(manager_->store().campaigns().apply(made, {.start = {id_}}));
    }
    manager::System known() { return get(manager_->store().get_system(id_)); }
};

TEST_F(CallerBehindFirewall, is_believed_when_it_calls_as_the_goal_of_its_campaign_says) {
    EXPECT_FALSE(calls_over_https(false));
    take_to(manager::SecureOnly::on);
    EXPECT_EQ(told("TC7.3.0"), "HTTPS");
    EXPECT_TRUE(calls_over_https(true)) << "the estate is Off, and it was told to call over HTTPS";
    EXPECT_TRUE(calls_over_https(false)) << "that is not what it was told";
}

TEST_F(CallerBehindFirewall, is_believed_when_it_calls_as_the_exception_of_its_folder_says) {
    set_mode(manager::SecureOnly::on);
    EXPECT_TRUE(calls_over_https(true));
    auto const home = get(manager_->store().folders().ensure("/Home", "test")).id;
    change([home](manager::System& stored) { stored.folder = home; });
    EXPECT_TRUE(calls_over_https(false)) << "no exception yet";
    get(manager_->store().folder_policy().add_exception({.folder = home,
                                                         .kind = manager::ExceptionKind::mode,
                                                         .value = "off",
                                                         .reason = "no HTTPS at home",
                                                         .owner = "Ann",
                                                         .ends = clock_->now() + std::chrono::days(1)},
                                                        "test"));
    EXPECT_EQ(told("TC7.3.0"), "HTTP");
    EXPECT_FALSE(calls_over_https(false)) << "the estate is On, and it was told to call over HTTP";
}

TEST_F(CallerBehindFirewall, without_its_certificate_is_judged_by_the_mode_of_its_folder) {
    set_mode(manager::SecureOnly::on);
    manager::ContactEvidence const shown{.at = clock_->now(), .https = true, .certificate = std::string(64, 'a')};
    get(manager_->store().record_contact(id_, shown, "Beat"));
    take_to(manager::SecureOnly::verify);
    clock_->advance(std::chrono::seconds(60));
    calls_over_https(true);
    EXPECT_EQ(get(manager_->store().get_contact(id_)).at, shown.at) << "the goal is Verify: nothing less counts";
}

TEST_F(CallerBehindFirewall, is_not_told_to_call_in_a_way_that_its_software_cannot) {
    set_mode(manager::SecureOnly::on);
    EXPECT_EQ(told("TC2.1.0"), "HTTP") << "TC3.0.0 is the first that is capable (REQ MGR-2)";
    EXPECT_EQ(told("TC7.3.0"), "HTTPS");
}

TEST_F(CallerBehindFirewall, keeps_the_software_that_it_says) {
    set_mode(manager::SecureOnly::on);
    EXPECT_FALSE(calls_over_https(false, "TC2.1.0"));
    EXPECT_EQ(known().software, "TC2.1.0");
    EXPECT_FALSE(known().secure_only_capable);
}

TEST_F(CallerBehindFirewall, of_whom_it_is_known_that_it_calls_over_https_is_not_made_an_old_one) {
    set_mode(manager::SecureOnly::on);
    EXPECT_TRUE(calls_over_https(true));
    EXPECT_TRUE(calls_over_https(false, "TC2.1.0")) << "anybody can say that";
    EXPECT_TRUE(calls_over_https(true, "TC2.1.0"));
    EXPECT_TRUE(calls_over_https(false, "TC2.1.0")) << "also after a call over HTTPS that says so";
    EXPECT_EQ(known().software, "TC7.3.0");
    EXPECT_TRUE(known().secure_only_capable);
}

TEST_F(Caller, behind_a_translated_address_is_known_by_its_first_call) {
    EXPECT_TRUE(after_call(true, "198.51.100.1").https);
    EXPECT_TRUE(after_call(true, "198.51.100.1").at);
}

}  // namespace
}  // namespace countersign::testing
