#include "unit/device/safety_fixture.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"

namespace countersign::device::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;

class RestoreTest : public SafetyTest {
protected:
    /// A unit with everything that can be forgotten.
    std::shared_ptr<Unit> used(std::string const& family = "mcu") {
        auto unit = boot(family);
        EXPECT_TRUE(apply(unit, {{"system.name", "used"}}));
        EXPECT_TRUE(install(unit, authority_.issue(), authority_.pem()));
        set_password(unit, "good and long");
        call(unit, [](Unit& held) {
            return held.set_feedback({.slot = 1, .url = "http://manager.test/x", .expressions = {}, .source = {}}, k_owner).has_value();
        });
        return unit;
    }
    void restore(std::shared_ptr<Unit> const& unit, Restore kind) {
        auto booted = await_event(unit, "boot.done");
        ASSERT_TRUE(call(unit, [kind](Unit& held) { return held.restore_factory(kind, k_owner); }));
        ASSERT_TRUE(booted.happened());
    }
    TestAuthority authority_;
};

TEST_F(RestoreTest, standard_forgets_settings_and_keeps_certificates_and_password) {
    auto unit = used();
    auto const held = fact(unit, "certificate.fingerprint");
    restore(unit, Restore::standard);
    EXPECT_NE(stored(unit, "system.name"), "used");
    EXPECT_EQ(fact(unit, "certificate.fingerprint"), held);
    EXPECT_EQ(call(unit, [](Unit& one) { return one.trust().size(); }), 1U);
    EXPECT_FALSE(call(unit, [](Unit& one) { return one.has_factory_password(); }));
    EXPECT_TRUE(call(unit, [](Unit& one) { return one.feedback().empty(); }));
}

TEST_F(RestoreTest, comprehensive_leaves_the_factory_pair_only) {
    auto unit = boot("mcu");
    auto const factory = fact(unit, "certificate.fingerprint");
    unit = again(unit);
    ASSERT_TRUE(install(unit, authority_.issue(), authority_.pem()));
    set_password(unit, "good and long");
    restore(unit, Restore::comprehensive);
    EXPECT_EQ(fact(unit, "certificate.fingerprint"), factory);
    EXPECT_EQ(fact(unit, "certificate.factory"), "True");
    EXPECT_TRUE(call(unit, [](Unit& one) { return one.trust().empty(); }));
    EXPECT_TRUE(call(unit, [](Unit& one) { return one.has_factory_password(); }));
    EXPECT_THAT(journal(*unit), HasSubstr("factory.restored kind=\"comprehensive\""));
}

TEST_F(RestoreTest, is_finished_at_the_next_boot_after_a_kill) {
    auto unit = used();
    on_unit(*unit, [](auto held) { return held->power_off(); });
    // Killed right after the marker was written, and half way through deleting.
    ASSERT_TRUE(host::write_file(folder_.path() / "T1" / "restore.toml", "comprehensive", host::Privacy::owner_only));
    fs::remove(folder_.path() / "T1" / "state.toml");
    unit = again(unit);
    EXPECT_EQ(fact(unit, "certificate.factory"), "True");
    EXPECT_TRUE(call(unit, [](Unit& one) { return one.trust().empty(); }));
    EXPECT_FALSE(fs::exists(folder_.path() / "T1" / "restore.toml"));
}

TEST_F(RestoreTest, cures_a_state_file_that_cannot_be_read) {
    auto unit = used();
    on_unit(*unit, [](auto held) { return held->power_off(); });
    ASSERT_TRUE(host::write_file(folder_.path() / "T1" / "state.toml", "boots = = 1", host::Privacy::owner_only));
    ASSERT_TRUE(host::write_file(folder_.path() / "T1" / "restore.toml", "standard", host::Privacy::owner_only));
    unit = again(unit);
    EXPECT_THAT(call(unit, [](Unit& one) { return one.open_services(); }), Contains(Key("http")));
}

TEST_F(RestoreTest, waits_for_the_end_of_a_trial) {
    auto unit = used();
    ASSERT_TRUE(begin(unit, 60s));
    auto refused = call(unit, [](Unit& held) { return held.restore_factory(Restore::standard, k_owner); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::dev::trial_under_way);
}

TEST_F(RestoreTest, is_offered_by_command_and_page) {
    auto unit = used("c-series");
    auto booted = await_event(unit, "boot.done");
    auto done = command(unit, "SystemUnit FactoryReset", {{"Confirm", "Yes"}});
    ASSERT_TRUE(done) << done.error().explanation();
    ASSERT_TRUE(booted.happened());
    EXPECT_TRUE(call(unit, [](Unit& one) { return one.has_factory_password(); }));
    auto mcu = used();
    auto web = client(*mcu, net::Scheme::http, "admin", "good and long");
    auto again_up = await_event(mcu, "boot.done");
    EXPECT_EQ(post(web, "/settings/safety/restore", "application/x-www-form-urlencoded", "").status, 200);
    ASSERT_TRUE(again_up.happened());
    EXPECT_EQ(fact(mcu, "certificate.factory"), "False");
}

// --- recovery at the system itself ---

Actor const k_at_the_console{"serial", "", "console"};

TEST_F(RestoreTest, recovery_needs_somebody_before_the_system) {
    auto unit = used("c-series");
    for (auto const* path : {"Security Recovery Password", "Security Recovery Access"}) {
        auto refused = command(unit, path, {});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().id(), errors::acc::presence_needed);
    }
    EXPECT_FALSE(call(unit, [](Unit& one) { return one.has_factory_password(); }));
    EXPECT_THAT(journal(*unit), HasSubstr("recovery.refused"));
}

TEST_F(RestoreTest, recovery_gives_the_factory_password_back) {
    auto unit = used("c-series");
    ASSERT_TRUE(command(unit, "Security Recovery Password", {}, k_at_the_console));
    EXPECT_TRUE(call(unit, [](Unit& one) { return one.has_factory_password(); }));
}

TEST_F(RestoreTest, recovery_opens_the_web_again_and_ends_lock_outs) {
    auto unit = used("c-series");
    ASSERT_TRUE(apply(unit, {{"service.http.mode", "off"}}));
    restart(unit);
    auto guess = [](Unit& held) { return held.authenticate("admin", SecretText("wrong"), {"telnet", "admin", "127.9.9.9"}); };
    for (int i = 0; i < 5; ++i) (void)call(unit, guess);
    EXPECT_EQ(call(unit, guess).error().id(), errors::acc::locked_out);
    auto booted = await_event(unit, "boot.done");
    ASSERT_TRUE(command(unit, "Security Recovery Access", {}, k_at_the_console));
    ASSERT_TRUE(booted.happened());
    EXPECT_THAT(call(unit, [](Unit& one) { return one.open_services(); }), Contains(Key("http")));
    EXPECT_EQ(call(unit, guess).error().id(), errors::dev::login_wrong);
}

}  // namespace
}  // namespace countersign::device::testing
