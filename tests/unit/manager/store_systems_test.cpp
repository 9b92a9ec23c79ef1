#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreSystems : public testing::StoreTest {
protected:
    /// Everything that the database has on disk, log included.
    [[nodiscard]] std::string bytes_on_disk() const { return folder_.read("manager.db") + folder_.read("manager.db-wal"); }
};

TEST_F(StoreSystems, every_field_comes_back_as_it_went_in) {
    System system{.name = "board room",
                  .family = "c-series",
                  .host_name = "C1.Example.Test",
                  .address = "127.10.0.1",
                  .track_by = TrackBy::host_name,
                  .pins = {"aa11", "bb22"},
                  .user = "admin",
                  .password_origin = PasswordOrigin::given,
                  .https_proven = true,
                  .serial_number = "A1AB00001",
                  .mac_address = "00:50:60:00:00:01",
                  .software = "TC4.1.2",
                  .secure_only_capable = true,
                  .reachability = Reachability::reachable,
                  .level = 3,
                  .observed_at = clock_->now(),
                  .certificate_expires = *parse_utc_time("2049-12-31T23:59:59Z"),
                  .certificate_fingerprint = "cc33",
                  .last_call_at = clock_->now(),
                  .last_call = "https",
                  .created = clock_->now()};
    auto id = get(store_->add_system(system, std::nullopt, "admin"));
    auto back = get(store_->get_system(id));
    EXPECT_EQ(back.name, "board room");
    EXPECT_EQ(back.host_name, "c1.example.test") << "DNS names have no case";
    EXPECT_EQ(back.address, "127.10.0.1");
    EXPECT_EQ(back.track_by, TrackBy::host_name);
    EXPECT_THAT(back.pins, ElementsAre("aa11", "bb22"));
    EXPECT_EQ(back.password_origin, PasswordOrigin::given);
    EXPECT_TRUE(back.https_proven);
    EXPECT_EQ(back.level, 3);
    EXPECT_EQ(back.reachability, Reachability::reachable);
    EXPECT_EQ(back.certificate_expires, system.certificate_expires) << "after 2038";
    EXPECT_EQ(back.last_call, "https");
    EXPECT_EQ(back.created, clock_->now());
}

TEST_F(StoreSystems, a_second_system_with_the_same_host_name_is_refused_and_named) {
    auto first = add("c1");
    System again;
    again.host_name = "C1.EXAMPLE.TEST";
    auto result = wait(store_->add_system(again, std::nullopt, "admin"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().id(), errors::mgr::duplicate_system);
    EXPECT_EQ(result.error().parameter("id"), std::to_string(first));
    EXPECT_THAT(get(store_->all_system_ids()), SizeIs(1));
}

TEST_F(StoreSystems, a_change_that_would_take_another_systems_address_changes_nothing) {
    auto one = add("c1");
    auto two = add("c2");
    get(store_->update_system(one, [](System& system) { return system.address = "127.1.0.1", ""; }, "admin"));
    EXPECT_EQ(error_of(store_->update_system(
                  two,
                  [](System& system) {
                      system.name = "changed";
                      system.address = "127.1.0.1";
                      return "renamed";
                  },
                  "admin")),
              errors::mgr::duplicate_system);
    EXPECT_EQ(get(store_->get_system(two)).name, "c2");
}

TEST_F(StoreSystems, passwords_are_unreadable_in_the_file_and_open_again) {
    System system;
    system.host_name = "c1.example.test";
    auto id = get(store_->add_system(system, SecretText("correct horse battery"), "admin"));
    get(store_->set_secret("authority key", SecretText("staple of the authority")));
    EXPECT_EQ(bytes_on_disk().find("correct horse"), std::string::npos);
    EXPECT_EQ(bytes_on_disk().find("staple of"), std::string::npos);
    reopen();
    EXPECT_EQ(get(store_->get_passwords(id)).current->reveal(), "correct horse battery");
    EXPECT_EQ(get(store_->get_secret("authority key"))->reveal(), "staple of the authority");
}

TEST_F(StoreSystems, the_database_is_readable_by_its_owner_only) {
    using std::filesystem::perms;
    add("c1");
    for (auto const* name : {"manager.db", "manager.db-wal"}) {
        auto mode = std::filesystem::status(folder_.path() / name).permissions();
        EXPECT_EQ(mode & (perms::group_all | perms::others_all), perms::none) << name;
    }
}

TEST_F(StoreSystems, a_candidate_password_survives_a_restart_and_becomes_the_current_one) {
    auto id = add("c1");
    get(store_->set_candidate_password(id, SecretText("new one")));
    reopen();
    auto both = get(store_->get_passwords(id));
    EXPECT_FALSE(both.current);
    EXPECT_EQ(both.candidate->reveal(), "new one");
    get(store_->promote_candidate_password(id));
    both = get(store_->get_passwords(id));
    EXPECT_EQ(both.current->reveal(), "new one");
    EXPECT_FALSE(both.candidate);
    EXPECT_EQ(get(store_->get_system(id)).password_origin, PasswordOrigin::managed);
    EXPECT_EQ(error_of(store_->promote_candidate_password(id)), errors::gen::not_found);
}

TEST_F(StoreSystems, an_observation_does_not_undo_what_a_person_changed_meanwhile) {
    auto id = add("c1");
    auto stale = get(store_->get_system(id));
    get(store_->update_system(id, [](System& system) { return system.user = "operator", system.https_proven = true, ""; }, "admin"));
    stale.level = 2;
    stale.software = "TC4.1.2";
    get(store_->record_assessment(stale, Assessment{.level = 2, .why = "HTTP is open"}, {"http open"}));
    auto now = get(store_->get_system(id));
    EXPECT_EQ(now.user, "operator");
    EXPECT_TRUE(now.https_proven);
    EXPECT_EQ(now.level, 2);
    EXPECT_EQ(now.software, "TC4.1.2");
    EXPECT_THAT(get(store_->get_service_lines(id)), ElementsAre("http open"));
}

TEST_F(StoreSystems, an_assessment_comes_back_as_it_went_in) {
    auto id = add("c1");
    EXPECT_FALSE(get(store_->get_assessment(id)));
    Assessment assessment;
    assessment.level = 3;
    assessment.why = "Held at Level 3 by HTTPS Server";
    assessment.protocols = {{"https", "HTTPS Server", false, true, 3, true, "open", "install a certificate"}};
    assessment.readiness = {{"ntp", "NTP is on", ReadinessItem::State::no, "time.ntp.mode is off"}};
    assessment.findings = {"the certificate is self-signed"};
    assessment.secure_only_capable = true;
    assessment.trusted_roots = std::vector<std::string>{"ab12", "cd34"};
    get(store_->record_assessment(get(store_->get_system(id)), assessment, {}));
    auto back = *get(store_->get_assessment(id));
    EXPECT_EQ(back.level, 3);
    EXPECT_EQ(back.why, assessment.why);
    ASSERT_THAT(back.protocols, SizeIs(1));
    EXPECT_EQ(back.protocols[0].raise_by, "install a certificate");
    EXPECT_TRUE(back.protocols[0].open);
    ASSERT_THAT(back.readiness, SizeIs(1));
    EXPECT_EQ(back.readiness[0].state, ReadinessItem::State::no);
    EXPECT_EQ(back.findings, assessment.findings);
    EXPECT_TRUE(back.secure_only_capable);
    EXPECT_EQ(back.trusted_roots, assessment.trusted_roots);
}

TEST_F(StoreSystems, listing_filters_by_text_as_it_stands_and_pages_by_id) {
    add("room_1");
    auto second = add("roomx1");
    add("lobby");
    EXPECT_THAT(get(store_->list_systems({.text = "room"})), SizeIs(2));
    EXPECT_THAT(get(store_->list_systems({.text = "room_"})), SizeIs(1)) << "_ is no wildcard";
    EXPECT_THAT(get(store_->list_systems({.level = 4})), IsEmpty());
    EXPECT_THAT(get(store_->list_systems({.limit = 2})), SizeIs(2));
    EXPECT_THAT(get(store_->list_systems({.after = second})), SizeIs(1));
    EXPECT_THAT(get(store_->list_systems({.text = "'; DROP TABLE systems; --"})), IsEmpty());
    EXPECT_THAT(get(store_->all_system_ids()), SizeIs(3));
}

TEST_F(StoreSystems, a_system_is_found_by_host_name_name_or_serial_number) {
    auto id = add("c1");
    auto system = get(store_->get_system(id));
    system.serial_number = "A1AB00001";
    get(store_->record_assessment(system, {}, {}));
    for (auto const* text : {"c1.example.test", "C1.Example.Test", "c1", "A1AB00001"}) {
        auto found = get(store_->find_system(text));
        ASSERT_TRUE(found) << text;
        EXPECT_EQ(found->id, id);
    }
    EXPECT_FALSE(get(store_->find_system("")));
    EXPECT_FALSE(get(store_->find_system("c2")));
}

TEST_F(StoreSystems, removing_a_system_takes_its_rows_along_but_not_the_trail) {
    auto id = add("c1");
    get(store_->queue_job(JobKind::observe, id, "admin"));
    get(store_->open_ticket(id, TicketType::connection_error, "refused", "look"));
    get(store_->remove_system(id, "admin"));
    EXPECT_EQ(error_of(store_->get_system(id)), errors::gen::not_found);
    EXPECT_THAT(get(store_->list_jobs(0, std::nullopt, 10)), IsEmpty());
    EXPECT_THAT(get(store_->list_tickets(std::nullopt, 0, 10)), IsEmpty());
    auto trail = get(store_->list_audit(1, 0));
    ASSERT_THAT(trail, SizeIs(1));
    EXPECT_EQ(trail[0].action, "system.remove");
    EXPECT_NE(add("c1"), id) << "numbers are never used again";
}

TEST_F(StoreSystems, a_call_from_a_system_is_remembered_with_how_it_came) {
    auto id = add("c1");
    EXPECT_FALSE(get(store_->get_contact(id)).at);
    get(store_->record_contact(id, {.at = clock_->now(), .https = true, .verified_us = true}, "Boot"));
    auto contact = get(store_->get_contact(id));
    EXPECT_EQ(contact.at, clock_->now());
    EXPECT_TRUE(contact.https);
    EXPECT_TRUE(contact.verified_us);
    EXPECT_EQ(get(store_->get_system(id)).last_call, "https verified");
}

TEST_F(StoreSystems, a_change_and_its_record_are_one) {
    auto id = add("c1");
    get(store_->update_system(id, [](System& system) { return system.name = "lobby", "renamed to lobby"; }, "carol"));
    auto trail = get(store_->list_audit(10, 0));
    ASSERT_THAT(trail, SizeIs(2));
    EXPECT_EQ(trail[0].actor, "carol");
    EXPECT_EQ(trail[0].action, "system.change");
    EXPECT_EQ(trail[0].subject, "system " + std::to_string(id));
    EXPECT_EQ(trail[0].detail, "renamed to lobby");
    EXPECT_EQ(get(store_->list_audit(10, trail[0].id)).size(), 1U) << "older ones only";
}

TEST_F(StoreSystems, the_policy_survives_a_restart) {
    Policy policy;
    policy.secure_only = SecureOnly::verify;
    policy.dns_servers = {"127.0.0.53", "127.0.0.54"};
    policy.ntp_server = "ntp.example.test";
    policy.manager_host_name = "manager.example.test";
    policy.keep_ssh = true;
    policy.renew_days_before = 14;
    policy.revocation = pki::RevocationPolicy::hard_fail;
    get(store_->set_policy(policy, "admin"));
    reopen();
    auto back = get(store_->get_policy());
    EXPECT_EQ(back.secure_only, SecureOnly::verify);
    EXPECT_EQ(back.dns_servers, policy.dns_servers);
    EXPECT_EQ(back.ntp_server, policy.ntp_server);
    EXPECT_TRUE(back.keep_ssh);
    EXPECT_EQ(back.renew_days_before, 14);
    EXPECT_EQ(back.key_type, "ec:p256");
    EXPECT_EQ(back.revocation, pki::RevocationPolicy::hard_fail);
}

}  // namespace
}  // namespace countersign::manager
