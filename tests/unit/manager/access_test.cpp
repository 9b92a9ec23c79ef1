#include "manager/access/access.hpp"

#include "store_fixture.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using namespace std::chrono_literals;

class AccessTest : public testing::StoreTest {
protected:
    std::optional<ErrorId> log_in(std::string_view password, std::string address = "192.0.2.1") {
        return error_of(access_.login("admin", SecretText(std::string(password)), std::move(address)));
    }
    void set_up() {
        auto once = get(access_.new_setup_password());
        get(access_.setup(std::move(once), SecretText("a good long password"), "192.0.2.1"));
    }

    Access access_{*store_, runtime_.blocking(), clock_};
};

TEST_F(AccessTest, the_set_up_password_works_once) {
    EXPECT_TRUE(get(access_.setup_pending()));
    auto once = get(access_.new_setup_password());
    auto again = once.duplicate();
    get(access_.setup(std::move(once), SecretText("a good long password"), "192.0.2.1"));
    EXPECT_FALSE(get(access_.setup_pending()));
    EXPECT_EQ(error_of(access_.setup(std::move(again), SecretText("another long password"), "192.0.2.1")), errors::acc::setup_done);
    EXPECT_EQ(error_of(access_.new_setup_password()), errors::acc::setup_done);
    EXPECT_FALSE(log_in("a good long password"));
}

TEST_F(AccessTest, a_newer_set_up_password_voids_the_older) {
    auto old = get(access_.new_setup_password());
    get(access_.new_setup_password());
    EXPECT_EQ(error_of(access_.setup(std::move(old), SecretText("a good long password"), "192.0.2.1")), errors::acc::wrong_credentials);
    EXPECT_TRUE(get(access_.setup_pending()));
}

TEST_F(AccessTest, a_short_password_is_refused_and_the_set_up_password_stays_good) {
    auto once = get(access_.new_setup_password());
    auto again = once.duplicate();
    EXPECT_EQ(error_of(access_.setup(std::move(once), SecretText("eleven char"), "192.0.2.1")), errors::acc::weak_password);
    get(access_.setup(std::move(again), SecretText("twelve chars"), "192.0.2.1"));
}

TEST_F(AccessTest, only_hashes_of_passwords_and_sessions_are_kept) {
    set_up();
    auto token = get(access_.login("admin", SecretText("a good long password"), "192.0.2.1"));
    auto bytes = folder_.read("manager.db") + folder_.read("manager.db-wal");
    EXPECT_EQ(bytes.find("a good long password"), std::string::npos);
    EXPECT_EQ(bytes.find(token.reveal()), std::string::npos);
}

TEST_F(AccessTest, a_session_ends_after_twelve_hours_or_at_log_out) {
    set_up();
    auto first = get(access_.login("admin", SecretText("a good long password"), "192.0.2.1"));
    auto second = get(access_.login("admin", SecretText("a good long password"), "192.0.2.1"));
    EXPECT_EQ(get(access_.authenticate(first.reveal(), std::nullopt)).actor, "admin");
    get(access_.logout(second.reveal()));
    EXPECT_EQ(error_of(access_.authenticate(second.reveal(), std::nullopt)), errors::acc::wrong_credentials);
    clock_->advance(12h);
    EXPECT_EQ(error_of(access_.authenticate(first.reveal(), std::nullopt)), errors::acc::wrong_credentials);
    EXPECT_EQ(error_of(access_.authenticate(std::nullopt, std::nullopt)), errors::acc::login_required);
}

TEST_F(AccessTest, a_changed_password_ends_the_sessions_of_the_old_one) {
    set_up();
    auto token = get(access_.login("admin", SecretText("a good long password"), "192.0.2.1"));
    get(store_->set_password_hash("admin", "another hash", "admin"));
    EXPECT_EQ(error_of(access_.authenticate(token.reveal(), std::nullopt)), errors::acc::wrong_credentials);
}

TEST_F(AccessTest, five_failures_lock_the_user_out_from_that_address_for_a_growing_time) {
    set_up();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in("wrong"), errors::acc::wrong_credentials);
    EXPECT_EQ(log_in("a good long password"), errors::acc::locked_out);
    EXPECT_FALSE(log_in("a good long password", "192.0.2.2")) << "another address is not locked out";
    clock_->advance(29s);
    EXPECT_EQ(log_in("wrong"), errors::acc::locked_out);
    clock_->advance(1s);
    EXPECT_EQ(log_in("wrong"), errors::acc::wrong_credentials);
    clock_->advance(59s);
    EXPECT_EQ(log_in("wrong"), errors::acc::locked_out) << "the second delay is twice as long";
    clock_->advance(1s);
    EXPECT_FALSE(log_in("a good long password"));
    EXPECT_EQ(log_in("wrong"), errors::acc::wrong_credentials) << "success forgets the failures";
}

TEST_F(AccessTest, guesses_at_the_same_time_are_no_way_round_the_lock_out) {
    set_up();
    std::atomic<int> looked_at = 0;
    auto* access = &access_;
    auto* count = &looked_at;
    wait([](Access* asked, std::atomic<int>* counted) -> net::Task<bool> {
        co_await net::for_each_bounded(12, 12, [asked, counted](std::size_t) -> net::Task<> {
            auto result = co_await asked->login("admin", SecretText("wrong"), "192.0.2.9");
            if (result.error().id() == errors::acc::wrong_credentials) ++*counted;
        });
        co_return true;
    }(access, count));
    EXPECT_EQ(looked_at, 5);
}

TEST_F(AccessTest, names_of_many_users_are_no_way_round_the_lock_out) {
    set_up();
    auto guess = [this](int i) { return error_of(access_.login("user" + std::to_string(i), SecretText("wrong"), "192.0.2.9")); };
    for (int i = 0; i < 20; ++i) EXPECT_EQ(guess(i), errors::acc::wrong_credentials);
    EXPECT_EQ(guess(20), errors::acc::locked_out) << "each guess costs a password hash";
    EXPECT_FALSE(log_in("a good long password", "192.0.2.1")) << "another address is not locked out";
}

TEST_F(AccessTest, the_set_up_password_cannot_be_guessed_either) {
    get(access_.new_setup_password());
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(error_of(access_.setup(SecretText("guess"), SecretText("a good long password"), "192.0.2.1")),
                  errors::acc::wrong_credentials);
    EXPECT_EQ(error_of(access_.setup(SecretText("guess"), SecretText("a good long password"), "192.0.2.1")), errors::acc::locked_out);
}

TEST_F(AccessTest, an_unknown_user_looks_like_a_wrong_password) {
    EXPECT_EQ(error_of(access_.login("nobody", SecretText("x"), "192.0.2.1")), errors::acc::wrong_credentials);
}

TEST_F(AccessTest, a_token_names_its_bearer_and_ends_when_it_is_told_to) {
    Caller const machine{.actor = "manager", .account = {}, .role = Role::administrator, .owner = std::nullopt};
    auto for_ever = get(access_.create_token({.name = "ci", .days = 0, .role = std::nullopt}, machine));
    auto for_a_day = get(access_.create_token({.name = "guest", .days = 1, .role = std::nullopt}, machine));
    EXPECT_EQ(get(access_.authenticate(std::nullopt, for_ever.reveal())).actor, "token:ci");
    EXPECT_EQ(get(access_.authenticate(std::nullopt, for_a_day.reveal())).actor, "token:guest");
    clock_->advance(24h);
    EXPECT_EQ(error_of(access_.authenticate(std::nullopt, for_a_day.reveal())), errors::acc::wrong_credentials);
    auto tokens = get(store_->list_tokens());
    get(store_->remove_token(tokens.at(0).id, "admin"));
    EXPECT_EQ(error_of(access_.authenticate(std::nullopt, for_ever.reveal())), errors::acc::wrong_credentials);
    EXPECT_EQ(error_of(access_.create_token({.name = "", .days = 0, .role = std::nullopt}, machine)), errors::gen::invalid_input);
}

}  // namespace
}  // namespace countersign::manager
