#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/replacement_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FolderPolicy : public testing::StoreTest {
protected:
    FolderPolicy() {
        labs_ = get(store_->folders().ensure("/Labs", "admin")).id;
        inner_ = get(store_->folders().ensure("/Labs/Inner", "admin")).id;
        get(store_->set_policy({.secure_only = SecureOnly::verify}, "admin"));
    }
    PolicyException add(FolderId folder, ExceptionKind kind, std::string value, std::chrono::days days) {
        return get(store_->folder_policy().add_exception({.folder = folder,
                                                          .kind = kind,
                                                          .value = std::move(value),
                                                          .reason = "no certificates yet",
                                                          .owner = "Ann",
                                                          .ends = clock_->now() + days},
                                                         "admin"));
    }
    Policy policy(FolderId folder) { return get(store_->folder_policy().effective_policy(folder)); }
    FolderDefaults defaults(FolderId folder) { return get(store_->folder_policy().effective_defaults(folder)); }
    int ends_noted() {
        auto const trail = get(store_->list_audit(1000, 0));
        return static_cast<int>(std::ranges::count(trail, std::string("exception.end"), &AuditRecord::action));
    }
    FolderId labs_ = 0, inner_ = 0;
};

TEST_F(FolderPolicy, the_nearest_mode_counts_and_kept_services_add_up) {
    add(labs_, ExceptionKind::mode, "off", std::chrono::days(10));
    add(labs_, ExceptionKind::keep_service, "snmp", std::chrono::days(10));
    EXPECT_EQ(policy(k_root_folder).secure_only, SecureOnly::verify);
    EXPECT_EQ(policy(labs_).secure_only, SecureOnly::off);
    EXPECT_EQ(policy(inner_).secure_only, SecureOnly::off);
    add(inner_, ExceptionKind::mode, "on", std::chrono::days(10));
    add(inner_, ExceptionKind::keep_service, "ssh", std::chrono::days(10));
    auto const inner = policy(inner_);
    EXPECT_EQ(inner.secure_only, SecureOnly::on);
    EXPECT_TRUE(inner.keeps("snmp"));
    EXPECT_TRUE(inner.keeps("ssh"));
    EXPECT_FALSE(inner.keeps("telnet"));
    EXPECT_THAT(inner.exceptions, SizeIs(3)) << "the mode that does not count is not among them";
    EXPECT_FALSE(policy(labs_).keeps("ssh"));
    EXPECT_THAT(get(store_->get_policy()).exceptions, IsEmpty());
}

TEST_F(FolderPolicy, an_exception_does_not_count_from_its_end_on_and_the_trail_says_so_once) {
    auto const made = add(labs_, ExceptionKind::mode, "off", std::chrono::days(1));
    EXPECT_EQ(describe(made),
              "Exception for /Labs until 2026-11-22T12:00:00Z: Secure-Only is off here (owner: Ann; reason: no certificates yet)");
    clock_->advance(std::chrono::days(1) - std::chrono::seconds(1));
    EXPECT_EQ(policy(labs_).secure_only, SecureOnly::off);
    EXPECT_EQ(ends_noted(), 0);
    clock_->advance(std::chrono::seconds(1));
    EXPECT_EQ(policy(inner_).secure_only, SecureOnly::verify);
    EXPECT_EQ(policy(labs_).secure_only, SecureOnly::verify);
    EXPECT_EQ(ends_noted(), 1);
    EXPECT_THAT(get(store_->folder_policy().list_exceptions(labs_)), SizeIs(1)) << "it stays as a record";
    get(store_->folder_policy().remove_exception(made.id, "admin"));
    EXPECT_EQ(error_of(store_->folder_policy().remove_exception(made.id, "admin")), errors::gen::not_found);
}

TEST_F(FolderPolicy, the_policy_of_a_folder_is_not_written_into_that_of_the_estate) {
    add(labs_, ExceptionKind::keep_service, "snmp", std::chrono::days(1));
    get(store_->set_policy(policy(labs_), "admin"));
    EXPECT_THAT(get(store_->get_policy()).exceptions, IsEmpty());
}

TEST_F(FolderPolicy, settings_come_from_the_nearest_folder_that_says_something) {
    auto& store = store_->folder_policy();
    FolderPolicyStore::DefaultsChange change;
    change.track_by.emplace(TrackBy::host_name);
    change.user.emplace("ann");
    change.credentials.emplace();
    change.credentials->push_back({0, "", SecretText("first-secret-1")});
    change.credentials->push_back({0, "admin", SecretText("second-secret-2")});
    get(store.change_defaults(labs_, std::move(change), "admin"));
    EXPECT_EQ(defaults(inner_).track_by, TrackBy::host_name);
    EXPECT_EQ(defaults(inner_).user, "ann");
    ASSERT_THAT(defaults(inner_).credentials, SizeIs(2));
    EXPECT_EQ(defaults(inner_).credentials[1].password.reveal(), "second-secret-2");
    EXPECT_FALSE(defaults(k_root_folder).user);
    FolderPolicyStore::DefaultsChange inner;
    inner.user.emplace("bob");
    get(store.change_defaults(inner_, std::move(inner), "admin"));
    EXPECT_EQ(defaults(inner_).user, "bob");
    EXPECT_THAT(defaults(inner_).credentials, SizeIs(2)) << "what was not named stays";
    FolderPolicyStore::DefaultsChange clear;
    clear.credentials.emplace();
    clear.user.emplace(std::nullopt);
    get(store.change_defaults(labs_, std::move(clear), "admin"));
    EXPECT_THAT(defaults(inner_).credentials, IsEmpty());
    EXPECT_FALSE(defaults(labs_).user);
    for (auto const* secret : {"first-secret-1", "second-secret-2"})
        EXPECT_EQ((folder_.read("manager.db") + folder_.read("manager.db-wal")).find(secret), std::string::npos);
}

TEST_F(FolderPolicy, how_many_certificates_systems_have_comes_from_the_nearest_folder_else_from_the_estate) {
    auto& store = store_->folder_policy();
    auto const say = [&](FolderId folder, std::optional<Identities> wanted) {
        FolderPolicyStore::DefaultsChange change;
        change.identities.emplace(wanted);
        get(store.change_defaults(folder, std::move(change), "admin"));
    };
    auto const of = [&](FolderId folder) { return get(store.effective_policy(folder)).identities; };
    EXPECT_EQ(of(inner_), Identities::one) << "nobody said anything";
    get(store_->set_policy({.identities = Identities::two}, "admin"));
    EXPECT_EQ(of(inner_), Identities::two);
    say(labs_, Identities::one);
    EXPECT_EQ(of(inner_), Identities::one);
    EXPECT_EQ(of(k_root_folder), Identities::two);
    say(inner_, Identities::two);
    EXPECT_EQ(of(inner_), Identities::two);
    EXPECT_EQ(defaults(inner_).identities, Identities::two);
    say(inner_, std::nullopt);
    EXPECT_EQ(of(inner_), Identities::one) << "as the folder above";
    EXPECT_EQ(defaults(inner_).identities, Identities::one);
}

TEST_F(FolderPolicy, an_accepted_unit_has_nothing_of_the_one_before) {
    System system{.name = "room",
                  .family = "c-series",
                  .host_name = "r.example.test",
                  .pins = {"aa"},
                  .https_proven = true,
                  .serial_number = "OLD1",
                  .level = 4};
    auto const id = get(store_->add_system(system, SecretText("its-password"), "admin"));
    EXPECT_EQ(error_of(store_->replacements().accept(id, std::nullopt, "admin")), errors::mgr::no_replacement);
    get(store_->replacements().note(
        {.system = id, .serial_number = "NEW2", .mac_address = "00:50:60:00:00:02", .evidence = "seen", .seen = clock_->now()}));
    EXPECT_EQ(get(store_->replacements().find(id))->serial_number, "NEW2");
    auto const now = get(store_->replacements().accept(id, std::nullopt, "admin"));
    EXPECT_EQ(now.serial_number, "NEW2");
    EXPECT_EQ(now.host_name, "r.example.test");
    EXPECT_THAT(now.pins, IsEmpty());
    EXPECT_FALSE(now.https_proven);
    EXPECT_EQ(now.password_origin, PasswordOrigin::factory);
    EXPECT_FALSE(get(store_->get_passwords(id)).current) << "never over HTTP, and not to any unit";
    EXPECT_EQ(get(store_->get_passwords(id)).candidate->reveal(), "its-password");
    EXPECT_FALSE(get(store_->replacements().find(id)));
    get(store_->replacements().note({.system = id, .serial_number = "X3", .evidence = "seen", .seen = clock_->now()}));
    get(store_->replacements().forget(id));
    EXPECT_FALSE(get(store_->replacements().find(id)));
    EXPECT_EQ(get(store_->replacements().accept(id, ReplacementStore::Unit{"Y4", ""}, "admin")).serial_number, "Y4") << "announced";
}

}  // namespace
}  // namespace countersign::manager
