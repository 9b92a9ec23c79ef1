#include "device/files/unit_files.hpp"
#include "device/services/login_guard.hpp"
#include "unit/device/safety_fixture.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"

namespace countersign::device::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class LoginGuardTest : public ::testing::Test {
protected:
    bool fail_times(int times, std::string const& peer, std::string const& account = {}) {
        bool locked = false;
        for (int i = 0; i < times; ++i) locked = guard_.note(peer, account, false, now_);
        return locked;
    }
    LoginGuard guard_;
    UtcTime now_{1000s};
};

TEST_F(LoginGuardTest, locks_an_address_after_five_failures_and_forgets_after_success) {
    EXPECT_FALSE(fail_times(4, "a"));
    guard_.note("a", "", true, now_);
    EXPECT_FALSE(fail_times(4, "a"));
    EXPECT_TRUE(fail_times(1, "a"));
    auto locked = guard_.check("a", "", now_);
    ASSERT_FALSE(locked);
    EXPECT_EQ(locked.error().id(), errors::acc::locked_out);
    EXPECT_EQ(locked.error().parameter("seconds"), "30");
    EXPECT_TRUE(guard_.check("b", "", now_));
    EXPECT_TRUE(guard_.check("a", "", now_ + LoginGuard::k_lock));
}

TEST_F(LoginGuardTest, waits_longer_each_time_but_never_longer_than_a_quarter_of_an_hour) {
    std::string last;
    for (auto const* seconds : {"30", "60", "120", "240", "480", "900", "900"}) {
        EXPECT_TRUE(fail_times(5, "a"));
        last = guard_.check("a", "", now_).error().parameter("seconds");
        EXPECT_EQ(last, seconds);
        now_ += 900s;
    }
    now_ += LoginGuard::k_memory;
    EXPECT_TRUE(fail_times(5, "a"));
    EXPECT_EQ(guard_.check("a", "", now_).error().parameter("seconds"), "30");
}

TEST_F(LoginGuardTest, does_not_let_one_account_pay_for_guessing_another) {
    fail_times(4, "a", "admin");
    guard_.note("a", "guest", true, now_);
    EXPECT_TRUE(fail_times(1, "a", "admin"));
}

TEST_F(LoginGuardTest, slows_an_account_down_for_all_but_those_who_know_it) {
    guard_.note("owner", "admin", true, now_);
    for (int i = 0; i < 40; ++i) guard_.note("bot" + std::to_string(i), "admin", false, now_);
    auto waits = guard_.check("another", "admin", now_);
    ASSERT_FALSE(waits);
    EXPECT_EQ(waits.error().parameter("seconds"), "60");
    EXPECT_TRUE(guard_.check("owner", "admin", now_));
    EXPECT_TRUE(guard_.check("another", "admin", now_ + LoginGuard::k_longest_wait));
    EXPECT_TRUE(guard_.check("another", "guest", now_));
}

TEST_F(LoginGuardTest, forgets_the_quietest_of_too_many_addresses) {
    fail_times(5, "first");
    now_ += 1s;
    for (std::size_t i = 0; i < LoginGuard::k_addresses; ++i) fail_times(1, "bot" + std::to_string(i), "?");
    EXPECT_TRUE(guard_.check("first", "", now_));
}

// --- accounts, rules, the journal ---

constexpr std::string_view k_more = R"(
[[account]]
user = "guest"
role = "user"
factory_password = "guest"

[[setting]]
path = "StrictPassword"
canonical = "login.strict_password"
kind = "literal"
values = ["Off", "On"]
default = "Off"

[[setting]]
path = "SystemUnit Password"
canonical = "login.password"
kind = "password"
length = [0, 64]
default = "TANDBERG"
)";

class LoginTest : public SafetyTest {
protected:
    std::shared_ptr<Unit> boot_with_accounts() { return boot_of(family_with("c-series", std::string(k_more))); }
    Result<void> log_in(std::shared_ptr<Unit> const& unit, std::string const& user, std::string const& password,
                        std::string const& door = "ssh", std::string const& peer = "127.0.0.9") {
        return call(unit, [&](Unit& held) { return held.authenticate(user, SecretText(password), {door, {}, peer}); });
    }
    Result<void> set(std::shared_ptr<Unit> const& unit, std::string const& password, Actor const& actor = k_owner,
                     std::string const& user = {}) {
        return call(unit, [&](Unit& held) { return held.set_password(SecretText(password), actor, user); });
    }
};

Actor const k_guest{"ssh", "guest", "127.0.0.9"};

TEST_F(LoginTest, lets_an_account_that_looks_change_nothing_but_its_own_password) {
    auto unit = boot_with_accounts();
    ASSERT_TRUE(log_in(unit, "guest", "guest"));
    EXPECT_EQ(apply(unit, {{"system.name", "mine"}}, k_guest).error().id(), errors::acc::read_only);
    EXPECT_EQ(command(unit, "Boot", {}, k_guest).error().id(), errors::acc::read_only);
    EXPECT_EQ(begin(unit, 60s, k_guest).error().id(), errors::acc::read_only);
    auto install = call(unit, [](Unit& held) { return held.install({}, k_guest); });
    EXPECT_EQ(install.error().id(), errors::acc::read_only);
    auto const file = call(unit, [](Unit& held) {
        return UnitFiles(held.weak_from_this(), k_guest).write("/configuration.xml", SecretText(std::string("<Configuration/>")));
    });
    EXPECT_EQ(file.error().id(), errors::acc::read_only);
    ASSERT_TRUE(set(unit, "a guest's own", k_guest));
    EXPECT_TRUE(log_in(unit, "guest", "a guest's own"));
    EXPECT_EQ(set(unit, "taken over", k_guest, "admin").error().id(), errors::acc::read_only);
    EXPECT_TRUE(log_in(unit, "admin", "TANDBERG"));
}

TEST_F(LoginTest, keeps_passwords_of_accounts_over_a_restart) {
    auto family = family_with("c-series", std::string(k_more));
    auto unit = boot_of(family);
    ASSERT_TRUE(set(unit, "for guests only", k_owner, "guest"));
    EXPECT_EQ(set(unit, "x", k_owner, "nobody").error().id(), errors::dev::illegal_value);
    auto spec = unit->spec();
    on_unit(*unit, [](auto held) { return held->power_off(); });
    units_.clear();
    EXPECT_THAT(host::read_file(folder_.path() / spec.serial / "state.toml").value(), Not(HasSubstr("for guests only")));
    unit = boot_of(family, spec);
    EXPECT_TRUE(log_in(unit, "guest", "for guests only"));
}

TEST_F(LoginTest, wants_good_passwords_while_strict_ones_are_asked_for) {
    auto unit = boot_with_accounts();
    ASSERT_TRUE(set(unit, "short"));
    ASSERT_TRUE(apply(unit, {{"StrictPassword", "On"}}));
    for (auto const* bad : {"elevenchars", "aaaaaaaaaaaaaaaa", "TANDBERG", ""})
        EXPECT_EQ(set(unit, bad).error().id(), errors::acc::password_not_allowed) << bad;
    EXPECT_TRUE(set(unit, "correct horse battery"));
    EXPECT_EQ(apply(unit, {{"SystemUnit Password", "short"}}).error().id(), errors::acc::password_not_allowed);
}

TEST_F(LoginTest, counts_an_empty_password_as_none_in_every_family) {
    for (auto const* family : {"c-series", "mcu", "mps", "mxp", "rmx", "roomos", "vcs"}) {
        auto unit = boot(family);
        Actor const admin{"https", unit->family().login.user, "127.0.0.1"};
        ASSERT_TRUE(call(unit, [&](Unit& held) { return held.set_password(SecretText("good and long"), admin); })) << family;
        EXPECT_FALSE(call(unit, [](Unit& held) { return held.has_factory_password() || held.has_empty_password(); })) << family;
        ASSERT_TRUE(call(unit, [&](Unit& held) { return held.set_password(SecretText(""), admin); })) << family;
        EXPECT_TRUE(call(unit, [](Unit& held) { return held.has_factory_password(); })) << family;
        auto const alarms = call(unit, [](Unit& held) { return held.alarms().active(); });
        auto const id = unit->family().login.factory_password.empty() ? "password.factory" : "password.none";
        EXPECT_TRUE(std::ranges::any_of(alarms, [id](Alarm const& alarm) { return alarm.id == id; })) << family;
    }
}

TEST_F(LoginTest, knows_for_a_while_that_somebody_switched_it_on) {
    auto unit = boot("vcs");
    EXPECT_TRUE(call(unit, [](Unit& held) { return held.in_recovery_window(); }));
    auto again = await_event(unit, "boot.done");
    call(unit, [](Unit& held) {
        held.request_restart({"https", "admin", "127.0.0.1"});
        return true;
    });
    ASSERT_TRUE(again.happened());
    EXPECT_FALSE(call(unit, [](Unit& held) { return held.in_recovery_window(); }));
    environment_->recovery_window = -1s;
    auto late = boot("vcs");
    EXPECT_FALSE(call(late, [](Unit& held) { return held.in_recovery_window(); }));
}

TEST_F(LoginTest, has_a_setting_that_is_the_password) {
    auto unit = boot_with_accounts();
    ASSERT_TRUE(apply(unit, {{"SystemUnit Password", "of a setting"}, {"system.name", "x"}}));
    EXPECT_TRUE(log_in(unit, "admin", "of a setting"));
    EXPECT_FALSE(log_in(unit, "admin", "TANDBERG"));
    for (auto const& value : call(unit, [](Unit& held) { return held.configuration(); }))
        EXPECT_THAT(value.value, Not(HasSubstr("of a setting")));
    EXPECT_THAT(host::read_file(folder_.path() / unit->spec().serial / "state.toml").value(), Not(HasSubstr("of a setting")));
    EXPECT_FALSE(apply(unit, {{"SystemUnit Password", "refused with the rest"}, {"No Such Setting", "1"}}));
    EXPECT_TRUE(log_in(unit, "admin", "of a setting"));
}

TEST_F(LoginTest, waits_at_every_door_but_not_before_the_system_itself) {
    auto unit = boot_with_accounts();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in(unit, "admin", "wrong").error().id(), errors::dev::login_wrong);
    EXPECT_EQ(log_in(unit, "admin", "TANDBERG", "telnet").error().id(), errors::acc::locked_out);
    EXPECT_EQ(log_in(unit, "admin", "TANDBERG", "https").error().id(), errors::acc::locked_out);
    EXPECT_TRUE(log_in(unit, "admin", "TANDBERG", "serial"));
    clock_->advance(LoginGuard::k_lock);
    EXPECT_TRUE(log_in(unit, "admin", "TANDBERG", "telnet"));
}

TEST_F(LoginTest, writes_down_who_logged_in_who_changed_and_who_was_refused) {
    auto unit = boot_with_accounts();
    auto web = client(*unit);
    get(web, "/web/misc");
    get(web, "/web/misc");
    ASSERT_TRUE(apply(unit, {{"system.name", "x"}}));
    EXPECT_FALSE(apply(unit, {{"Audio Volume", "900"}}));
    EXPECT_FALSE(log_in(unit, "admin", "wrong"));
    auto text = journal(*unit);
    auto const first = text.find(" login door=\"http\" user=\"admin\"");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(text.find(" login door=\"http\"", first + 1), std::string::npos);
    EXPECT_THAT(text, HasSubstr("to=\"x\" door=\"http\" user=\"admin\" peer=\"127.0.0.1\""));
    EXPECT_THAT(text, HasSubstr("change.refused reason=\"DEV-002\" door=\"http\" user=\"admin\""));
    EXPECT_THAT(text, HasSubstr("login.failed door=\"ssh\" user=\"admin\" peer=\"127.0.0.9\""));
}

TEST_F(LoginTest, does_not_delete_the_certificate_that_the_last_way_in_needs) {
    auto unit = boot("mcu");
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    auto const life = call(unit, [](Unit& held) { return held.certificate().leaf().not_after() - held.now(); });
    clock_->advance(life + 1h);
    // An authority of that day: the one of other tests has ended by then.
    auto const from = clock_->now() - 1h;
    auto authority = pki::CertificateAuthority::create_root(pki::PrivateKey::generate(pki::KeyType::ec_p256).value(),
                                                            {.common_name = "Later"}, {from, from + 2000h})
                         .value();
    auto key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto request = pki::CertificateRequest::create(key, {.common_name = "u.test"}, {{pki::AlternativeName::Kind::dns, "u.test"}}).value();
    CertificatePair const pair{{authority.sign(request, pki::Profile::device, {from, from + 1000h}).value(), authority.certificate()}, key};
    auto const installed = install(unit, pair);
    ASSERT_TRUE(installed) << installed.error().explanation();
    ASSERT_TRUE(apply(unit, {{"service.http.mode", "off"}}));
    auto deleted = call(unit, [](Unit& held) { return held.delete_certificate(k_owner); });
    ASSERT_FALSE(deleted);
    EXPECT_EQ(deleted.error().id(), errors::dev::would_lock_out);
    EXPECT_EQ(fact(unit, "certificate.factory"), "False");
}

}  // namespace
}  // namespace countersign::device::testing
