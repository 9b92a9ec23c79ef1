#include "manager/observe/observer.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/replacement_store.hpp"
#include "manager_fixture.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::SecureOnly;

class FolderCredentials : public ManagerTest {
protected:
    FolderCredentials() { folder_ = get(store_->folders().ensure("/Site", "test")).id; }

    void give(std::vector<std::string> const& passwords) {
        manager::FolderPolicyStore::DefaultsChange change;
        change.credentials.emplace();
        for (auto const& password : passwords) change.credentials->push_back({0, "", SecretText(std::string(password))});
        get(store_->folder_policy().change_defaults(folder_, std::move(change), "test"));
    }
    void change(manager::SystemId id, std::function<void(manager::System&)> change) {
        get(store_->update_system(
            id,
            [change = std::move(change)](manager::System& known) {
                change(known);
                return std::string();
            },
            "test"));
    }
    /// A system of the folder with HTTPS on and its own certificate pinned, or not.
    manager::SystemId add(std::shared_ptr<ScriptedSystem> const& system, bool pinned) {
        auto const id = add_system(system->address());
        change(id, [&](manager::System& known) {
            known.folder = folder_;
            if (pinned) known.pins = {system->served_fingerprint()};
        });
        return id;
    }
    std::shared_ptr<ScriptedSystem> make(std::string const& address, std::string const& password) {
        auto system = make_system(address, "SN" + address);
        system->set("service.https.mode", "on");
        system->set_password(password);
        system->boot();
        return system;
    }
    Insides insides_{*this};
    manager::FolderId folder_ = 0;
};

TEST_F(FolderCredentials, the_one_that_opens_a_pinned_system_becomes_its_own) {
    auto system = make("127.43.0.1", "second one");
    auto const id = add(system, true);
    give({"first one", "second one"});
    auto survey = get(insides_.surveyor.survey(id));
    EXPECT_EQ(survey.sighting.opened, manager::Opened::folder);
    EXPECT_EQ(get(store_->get_passwords(id)).current->reveal(), "second one");
    EXPECT_EQ(get(store_->get_system(id)).password_origin, manager::PasswordOrigin::given);
    EXPECT_EQ(get(insides_.surveyor.survey(id)).sighting.opened, manager::Opened::current);
}

TEST_F(FolderCredentials, go_to_nobody_who_is_neither_verified_nor_pinned) {
    auto over_https = make("127.43.0.2", "second one");
    auto const first = add(over_https, false);
    auto over_http = make_system("127.43.0.3", "SN3");
    over_http->set_password("second one");
    over_http->boot();
    auto const second = add(over_http, false);
    give({"second one"});
    EXPECT_NE(get(insides_.surveyor.survey(first)).sighting.opened, manager::Opened::folder);
    EXPECT_NE(get(insides_.surveyor.survey(second)).sighting.opened, manager::Opened::folder);
    EXPECT_FALSE(get(store_->get_passwords(first)).current);
}

TEST_F(FolderCredentials, never_lock_a_system_and_are_not_tried_again_once_refused) {
    auto system = make("127.43.0.4", "another one");
    auto const id = add(system, true);
    give({"one", "two", "three", "four", "five"});
    get(store_->set_password(id, SecretText(std::string("wrong")), manager::PasswordOrigin::given, "test"));
    auto const tried = [&] { return get(insides_.surveyor.survey(id)).sighting.refused.size(); };
    EXPECT_EQ(tried(), 2U) << "the system's own, the factory's, and two: four in all";
    EXPECT_EQ(tried(), 2U) << "the next two";
    EXPECT_EQ(tried(), 1U);
    EXPECT_EQ(tried(), 0U);
    give({"another one"});
    EXPECT_EQ(get(insides_.surveyor.survey(id)).sighting.opened, manager::Opened::folder) << "a changed list is new";
}

TEST_F(FolderCredentials, an_exception_of_the_folder_is_the_policy_of_its_systems) {
    auto system = make("127.43.0.5", "TANDBERG");
    auto const id = add(system, true);
    set_mode(SecureOnly::on);
    get(store_->folder_policy().add_exception({.folder = folder_,
                                               .kind = manager::ExceptionKind::mode,
                                               .value = "off",
                                               .reason = "a reason",
                                               .owner = "Ann",
                                               .ends = *parse_utc_time("2090-01-01T00:00:00Z")},
                                              "test"));
    auto survey = get(insides_.surveyor.survey(id));
    EXPECT_EQ(survey.policy.secure_only, SecureOnly::off);
    EXPECT_THAT(survey.assessment.findings, ::testing::Contains(::testing::HasSubstr("Exception for /Site until 2090-01-01")));
}

TEST_F(FolderCredentials, another_unit_is_ticketed_and_left_alone_until_it_is_accepted) {
    auto system = make("127.43.0.6", "TANDBERG");
    auto const id = add(system, false);
    change(id, [](manager::System& known) { known.serial_number = "BEFORE"; });
    set_mode(SecureOnly::on);
    auto survey = get(insides_.surveyor.survey(id));
    EXPECT_TRUE(system->recorder().empty()) << "no log-in";
    EXPECT_THAT(survey.sighting.observation.other_unit, ::testing::HasSubstr("SN127.43.0.6"));
    EXPECT_THAT(open_tickets(id), ::testing::Contains(manager::TicketType::system_replaced));
    EXPECT_EQ(get(store_->get_system(id)).serial_number, "BEFORE");
    get(store_->replacements().accept(id, std::nullopt, "test"));
    survey = get(insides_.surveyor.survey(id));
    EXPECT_TRUE(survey.sighting.observation.account);
    EXPECT_EQ(survey.sighting.observation.other_unit, "");
    EXPECT_THAT(open_tickets(id), ::testing::Not(::testing::Contains(manager::TicketType::system_replaced)));
}

TEST_F(FolderCredentials, a_unit_that_calls_from_the_place_of_a_silent_system_is_noticed) {
    auto const id = add_system("127.43.0.7");
    change(id, [](manager::System& known) { known.serial_number = "BEFORE"; });
    insides_.surveyor.note_claim(id, "AFTER", "00:50:60:00:00:09");
    auto survey = get(insides_.surveyor.survey(id));
    EXPECT_THAT(survey.sighting.observation.other_unit, ::testing::HasSubstr("AFTER"));
    EXPECT_EQ(get(store_->replacements().find(id))->serial_number, "AFTER");
}

TEST_F(FolderCredentials, what_a_call_says_counts_for_nothing_while_the_system_answers_itself) {
    auto system = make("127.43.0.8", "TANDBERG");
    auto const id = add(system, true);
    get(insides_.surveyor.survey(id));
    insides_.surveyor.note_claim(id, "FORGED", "");
    EXPECT_EQ(get(insides_.surveyor.survey(id)).sighting.observation.other_unit, "");
    EXPECT_FALSE(get(store_->replacements().find(id)));
}

}  // namespace
}  // namespace countersign::testing
