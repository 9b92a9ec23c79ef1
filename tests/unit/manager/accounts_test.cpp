#include "manager/access/access.hpp"
#include "manager/access/restore.hpp"
#include "manager/api/permissions.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::SizeIs;

class Accounts : public testing::StoreTest {
protected:
    Accounts() {
        auto once = get(access_.new_setup_password());
        get(access_.setup(std::move(once), SecretText("a good long password"), "192.0.2.1"));
    }
    std::string make(std::string const& name, Role role) {
        auto made = get(access_.create_account({.name = name, .full_name = {}, .role = role, .password = std::nullopt}, "admin"));
        return std::string(made.one_time_password ? made.one_time_password->reveal() : "");
    }
    SecretText log_in(std::string const& name, std::string_view password) {
        return get(access_.login(name, SecretText(std::string(password)), "192.0.2.1"));
    }
    /// An account that changed its one-time password, logged in.
    Caller at_work(std::string const& name, Role role) {
        auto const once = make(name, role);
        auto const session = log_in(name, once);
        get(access_.change_own_password(std::string(session.reveal()), SecretText(once), SecretText("a password of " + name), "192.0.2.1"));
        return get(access_.authenticate(std::string(session.reveal()), std::nullopt));
    }
    AccountStore& accounts() { return store_->accounts(); }
    std::string newest_record() {
        auto const one = get(store_->list_audit(1, 0)).at(0);
        return one.actor + " " + one.action + " " + one.subject + " " + one.detail;
    }

    Access access_{*store_, runtime_.blocking(), clock_};
};

TEST_F(Accounts, a_one_time_password_opens_the_change_of_the_password_and_nothing_else) {
    auto const once = make("Anna", Role::operations);
    auto const session = log_in("ANNA", once);
    auto caller = get(access_.authenticate(std::string(session.reveal()), std::nullopt));
    EXPECT_EQ(caller.actor, "anna") << "names are in lower case";
    EXPECT_TRUE(caller.must_change_password);
    auto const change = [&](std::string_view old, std::string_view fresh) {
        return error_of(access_.change_own_password(std::string(session.reveal()), SecretText(std::string(old)),
                                                    SecretText(std::string(fresh)), "192.0.2.1"));
    };
    EXPECT_EQ(change("not this one", "another good password"), errors::acc::wrong_credentials);
    EXPECT_EQ(change(once, "short"), errors::acc::weak_password);
    EXPECT_EQ(change(once, once), errors::gen::invalid_input);
    EXPECT_FALSE(change(once, "another good password"));
    EXPECT_FALSE(get(access_.authenticate(std::string(session.reveal()), std::nullopt)).must_change_password) << "this session goes on";
    EXPECT_EQ(error_of(access_.login("anna", SecretText(once), "192.0.2.1")), errors::acc::wrong_credentials);
}

TEST_F(Accounts, all_that_is_wrong_with_a_new_account_is_said_at_once) {
    auto made =
        wait(access_.create_account({.name = "a b", .full_name = "x\ny", .role = Role::viewer, .password = SecretText("short")}, "admin"));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().id(), errors::gen::several_problems);
    EXPECT_THAT(made.error().causes(), SizeIs(3));
    make("anna", Role::viewer);
    EXPECT_EQ(error_of(access_.create_account({.name = "ANNA", .full_name = {}, .role = Role::viewer, .password = std::nullopt}, "admin")),
              errors::acc::account_exists);
    EXPECT_EQ(get(accounts().count()), 2);
}

TEST_F(Accounts, the_last_administrator_stays) {
    make("anna", Role::operations);
    EXPECT_EQ(error_of(accounts().remove("admin", "admin")), errors::acc::last_administrator);
    EXPECT_EQ(error_of(accounts().change("admin", {.full_name = {}, .role = Role::operations, .enabled = {}}, "admin")),
              errors::acc::last_administrator);
    EXPECT_EQ(error_of(accounts().change("admin", {.full_name = {}, .role = {}, .enabled = false}, "admin")),
              errors::acc::last_administrator);
    EXPECT_TRUE(get(accounts().get("admin")).enabled) << "what is refused changes nothing";
    get(accounts().change("anna", {.full_name = {}, .role = Role::administrator, .enabled = false}, "admin"));
    EXPECT_EQ(error_of(accounts().remove("admin", "admin")), errors::acc::last_administrator) << "a disabled one does not count";
    get(accounts().change("anna", {.full_name = {}, .role = {}, .enabled = true}, "admin"));
    get(accounts().remove("admin", "anna"));
    EXPECT_FALSE(get(access_.setup_pending())) << "the account that set-up made is gone, and set-up stays closed";
    EXPECT_EQ(error_of(access_.new_setup_password()), errors::acc::setup_done);
}

TEST_F(Accounts, who_is_disabled_is_out_at_once_with_sessions_and_tokens) {
    auto const anna = at_work("anna", Role::operations);
    auto const session = log_in("anna", "a password of anna");
    auto const token = get(access_.create_token({.name = "ci", .days = 0, .role = std::nullopt}, anna));
    EXPECT_EQ(get(access_.authenticate(std::nullopt, std::string(token.reveal()))).actor, "anna/token:ci");
    get(accounts().change("anna", {.full_name = {}, .role = {}, .enabled = false}, "admin"));
    EXPECT_EQ(error_of(access_.authenticate(std::string(session.reveal()), std::nullopt)), errors::acc::wrong_credentials);
    EXPECT_EQ(error_of(access_.authenticate(std::nullopt, std::string(token.reveal()))), errors::acc::wrong_credentials);
    EXPECT_EQ(error_of(access_.login("anna", SecretText("a password of anna"), "192.0.2.1")), errors::acc::account_disabled);
    EXPECT_EQ(error_of(access_.login("anna", SecretText("guess"), "192.0.2.1")), errors::acc::wrong_credentials)
        << "only who knows the password is told";
    get(accounts().change("anna", {.full_name = {}, .role = {}, .enabled = true}, "admin"));
    EXPECT_TRUE(wait(access_.authenticate(std::nullopt, std::string(token.reveal()))));
    EXPECT_EQ(error_of(access_.authenticate(std::string(session.reveal()), std::nullopt)), errors::acc::wrong_credentials);
    get(accounts().remove("anna", "admin"));
    EXPECT_EQ(error_of(access_.authenticate(std::nullopt, std::string(token.reveal()))), errors::acc::wrong_credentials);
    EXPECT_THAT(get(accounts().list_tokens(std::nullopt, 0, 100)), SizeIs(0));
}

TEST_F(Accounts, a_token_may_at_most_what_its_maker_may_and_what_its_owner_may_now) {
    auto const anna = at_work("anna", Role::operations);
    EXPECT_EQ(error_of(access_.create_token({.name = "more", .days = 0, .role = Role::administrator}, anna)),
              errors::acc::token_exceeds_maker);
    EXPECT_EQ(error_of(access_.create_token({.name = "other", .days = 0, .role = Role::auditor}, anna)), errors::acc::token_exceeds_maker);
    auto const secret = get(access_.create_token({.name = "ci", .days = 0, .role = std::nullopt}, anna));
    auto const caller = [&] { return get(access_.authenticate(std::nullopt, std::string(secret.reveal()))); };
    EXPECT_TRUE(caller().may(Permission::operate));
    EXPECT_FALSE(caller().may(Permission::audit));
    get(accounts().change("anna", {.full_name = {}, .role = Role::viewer, .enabled = {}}, "admin"));
    EXPECT_FALSE(caller().may(Permission::operate));
    EXPECT_TRUE(caller().may(Permission::read));
    get(accounts().change("anna", {.full_name = {}, .role = Role::administrator, .enabled = {}}, "admin"));
    EXPECT_FALSE(caller().may(Permission::administer)) << "its own role limits it as well";
}

TEST_F(Accounts, a_read_only_token_makes_read_only_tokens) {
    auto const anna = at_work("anna", Role::administrator);
    auto const secret = get(access_.create_token({.name = "look", .days = 0, .role = std::nullopt, .read_only = true}, anna));
    auto const look = get(access_.authenticate(std::nullopt, std::string(secret.reveal())));
    EXPECT_TRUE(look.may(Permission::audit));
    for (auto denied : {Permission::own, Permission::operate, Permission::administer}) EXPECT_FALSE(look.may(denied));
    auto const child = get(access_.create_token({.name = "child", .days = 0, .role = std::nullopt}, look));
    EXPECT_TRUE(get(access_.authenticate(std::nullopt, std::string(child.reveal()))).read_only);
}

TEST_F(Accounts, tokens_belong_to_their_accounts) {
    auto const anna = at_work("anna", Role::viewer);
    at_work("bert", Role::viewer);
    get(access_.create_token({.name = "ci", .days = 0, .role = std::nullopt}, anna));
    auto const id = get(accounts().list_tokens("anna", 0, 10)).at(0).id;
    EXPECT_THAT(get(accounts().list_tokens("bert", 0, 10)), SizeIs(0));
    EXPECT_EQ(error_of(accounts().remove_token(id, "bert", "bert")), errors::gen::not_found);
    get(accounts().remove_token(id, "anna", "anna"));
}

TEST_F(Accounts, a_reset_password_ends_the_sessions_and_must_be_changed) {
    at_work("anna", Role::viewer);
    auto const session = log_in("anna", "a password of anna");
    auto const once = get(access_.reset_password("anna", std::nullopt, "admin"));
    ASSERT_TRUE(once);
    EXPECT_EQ(error_of(access_.authenticate(std::string(session.reveal()), std::nullopt)), errors::acc::wrong_credentials);
    auto const again = log_in("anna", once->reveal());
    EXPECT_TRUE(get(access_.authenticate(std::string(again.reveal()), std::nullopt)).must_change_password);
    EXPECT_EQ(error_of(access_.reset_password("nobody", std::nullopt, "admin")), errors::gen::not_found);
}

TEST_F(Accounts, sessions_are_listed_and_ended) {
    auto const first = log_in("admin", "a good long password");
    auto const second = log_in("admin", "a good long password");
    auto const list = get(accounts().list_sessions("admin"));
    ASSERT_THAT(list, SizeIs(2));
    EXPECT_EQ(list[0].address, "192.0.2.1");
    EXPECT_EQ(get(accounts().get("admin")).last_log_in, clock_->now());
    get(accounts().end_sessions("admin", list[0].id, "admin"));
    EXPECT_EQ(error_of(access_.authenticate(std::string(first.reveal()), std::nullopt)), errors::acc::wrong_credentials);
    EXPECT_TRUE(wait(access_.authenticate(std::string(second.reveal()), std::nullopt)));
    EXPECT_EQ(error_of(accounts().end_sessions("admin", list[0].id, "admin")), errors::gen::not_found);
    get(accounts().end_sessions("admin", std::nullopt, "admin"));
    EXPECT_EQ(error_of(access_.authenticate(std::string(second.reveal()), std::nullopt)), errors::acc::wrong_credentials);
}

TEST_F(Accounts, guesses_from_many_addresses_lock_the_account_for_everybody) {
    auto const guess = [this](int i) { return error_of(access_.login("admin", SecretText("guess"), "192.0.2." + std::to_string(10 + i))); };
    for (int i = 0; i < 9; ++i) EXPECT_EQ(guess(i), errors::acc::wrong_credentials);
    EXPECT_EQ(access_.lock_of("admin").failures, 9);
    EXPECT_FALSE(access_.lock_of("admin").until);
    EXPECT_EQ(guess(9), errors::acc::wrong_credentials);
    EXPECT_EQ(newest_record(), "manager log-in.locked account admin the last from 192.0.2.19: 10 failed log-ins, locked until " +
                                   to_string(clock_->now() + std::chrono::seconds(30)));
    EXPECT_EQ(error_of(access_.login("admin", SecretText("a good long password"), "192.0.2.1")), errors::acc::locked_out);
    EXPECT_EQ(access_.lock_of("admin").until, clock_->now() + std::chrono::seconds(30));
    get(access_.unlock("admin", "bert"));
    EXPECT_EQ(newest_record(), "bert account.unlock account admin ");
    EXPECT_EQ(access_.lock_of("admin").failures, 0);
    log_in("admin", "a good long password");
}

TEST_F(Accounts, a_locked_address_is_seen_at_its_account_and_freed_with_it) {
    for (int i = 0; i < 5; ++i) (void)error_of(access_.login("admin", SecretText("guess"), "192.0.2.9"));
    EXPECT_EQ(access_.lock_of("admin").addresses, std::vector<std::string>{"192.0.2.9"});
    EXPECT_EQ(newest_record().substr(0, 60), "manager log-in.locked account admin from 192.0.2.9: 5 failed");
    get(access_.unlock("admin", "admin"));
    EXPECT_FALSE(error_of(access_.login("admin", SecretText("a good long password"), "192.0.2.9")));
}

TEST_F(Accounts, an_address_that_guesses_names_is_in_the_trail_and_the_names_are_not) {
    for (int i = 0; i < 20; ++i) (void)error_of(access_.login("secret" + std::to_string(i), SecretText("guess"), "192.0.2.9"));
    EXPECT_EQ(newest_record().substr(0, 61), "manager log-in.locked address 192.0.2.9 20 failed log-ins, lo");
    for (auto const& one : get(store_->list_audit(100, 0))) EXPECT_EQ((one.subject + one.detail).find("secret"), std::string::npos);
    EXPECT_EQ(error_of(access_.unlock("secret1", "admin")), errors::gen::not_found);
}

TEST_F(Accounts, what_was_there_before_roles_is_an_administrator) {
    get(store_->add_token("old", host::hash_token("of an older version"), std::nullopt, "admin"));
    auto const old = get(access_.authenticate(std::nullopt, "of an older version"));
    EXPECT_EQ(old.actor, "token:old");
    EXPECT_TRUE(old.may(Permission::administer) && old.may(Permission::audit));
    EXPECT_EQ(get(accounts().get("admin")).role, Role::administrator);
}

TEST_F(Accounts, each_change_stands_in_the_trail) {
    make("anna", Role::viewer);
    EXPECT_EQ(newest_record(), "admin account.add account anna viewer");
    get(accounts().change("anna", {.full_name = "Anna", .role = Role::auditor, .enabled = false}, "bert"));
    EXPECT_EQ(newest_record(), "bert account.change account anna role auditor, disabled, full name \"Anna\"");
    get(access_.reset_password("anna", std::nullopt, "bert"));
    EXPECT_EQ(newest_record(), "bert account.password account anna reset");
    get(accounts().remove("anna", "bert"));
    EXPECT_EQ(newest_record(), "bert account.remove account anna auditor, with 0 tokens");
    log_in("admin", "a good long password");
    EXPECT_EQ(newest_record(), "admin session.open account admin password from 192.0.2.1");
}

TEST_F(Accounts, the_machine_lets_an_administrator_in_again) {
    make("anna", Role::administrator);
    get(accounts().change("admin", {.full_name = {}, .role = Role::viewer, .enabled = false}, "anna"));
    auto restored = restore_administrator(place(), "admin");
    ASSERT_TRUE(restored) << restored.error().explanation();
    EXPECT_FALSE(restored->setup);
    auto const session = log_in("admin", restored->password.reveal());
    auto const caller = get(access_.authenticate(std::string(session.reveal()), std::nullopt));
    EXPECT_TRUE(caller.may(Permission::administer));
    EXPECT_TRUE(caller.must_change_password);
    testing::TemporaryFolder empty;
    EXPECT_FALSE(restore_administrator({empty.path()}, "admin"));
    EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
}

TEST(Roles, cover_what_the_document_says) {
    EXPECT_TRUE(covers(Role::administrator, Role::auditor));
    EXPECT_TRUE(covers(Role::operations, Role::viewer));
    EXPECT_FALSE(covers(Role::operations, Role::auditor));
    EXPECT_FALSE(covers(Role::auditor, Role::operations));
    EXPECT_FALSE(covers(Role::viewer, Role::operations));
    for (auto role : {Role::viewer, Role::operations, Role::auditor, Role::administrator}) EXPECT_EQ(parse_role(to_string(role)), role);
    EXPECT_FALSE(parse_role("Administrator"));
}

TEST(Permissions, are_those_of_the_description) {
    using api::permission_for;
    EXPECT_EQ(permission_for("POST", "/api/v1/session"), Permission::none);
    EXPECT_EQ(permission_for("PUT", "/api/v1/session/password"), Permission::self);
    EXPECT_EQ(permission_for("GET", "/api/v1/systems/12"), Permission::read);
    EXPECT_EQ(permission_for("HEAD", "/api/v1/systems/12"), Permission::read);
    EXPECT_EQ(permission_for("POST", "/api/v1/systems/12/enforce"), Permission::operate);
    EXPECT_EQ(permission_for("GET", "/api/v1/audit"), Permission::audit);
    EXPECT_EQ(permission_for("PATCH", "/api/v1/policy"), Permission::administer);
}

TEST(Permissions, what_is_not_described_is_for_administrators) {
    using api::permission_for;
    EXPECT_EQ(permission_for("POST", "/api/v1/nothing"), Permission::administer);
    EXPECT_EQ(permission_for("TRACE", "/api/v1/systems"), Permission::administer);
    EXPECT_EQ(permission_for("GET", "/other"), Permission::administer);
}

}  // namespace
}  // namespace countersign::manager
