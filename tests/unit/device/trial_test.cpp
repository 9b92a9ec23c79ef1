#include "net/stream.hpp"
#include "unit/device/safety_fixture.hpp"

#include "countersign/errors/dev.hpp"

namespace countersign::device::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

class TrialTest : public SafetyTest {};

TEST_F(TrialTest, undoes_settings_certificate_and_trust_when_nobody_confirms) {
    auto unit = boot("mcu");
    auto const factory = fact(unit, "certificate.fingerprint");
    ASSERT_TRUE(apply(unit, {{"system.name", "before"}}));
    auto undone = await_event(unit, "trial.undone");
    ASSERT_TRUE(begin(unit, 60s));
    ASSERT_TRUE(apply(unit, {{"system.name", "after"}, {"service.https.mode", "on"}, {"service.http.mode", "off"}}));
    TestAuthority authority;
    ASSERT_TRUE(install(unit, authority.issue(), authority.pem()));
    clock_->advance(61s);
    ASSERT_TRUE(undone.happened());
    EXPECT_EQ(stored(unit, "system.name"), "before");
    EXPECT_EQ(stored(unit, "service.http.mode"), "on");
    EXPECT_EQ(fact(unit, "certificate.fingerprint"), factory);
    EXPECT_TRUE(call(unit, [](Unit& held) { return held.trust().empty(); }));
    auto open = call(unit, [](Unit& held) { return held.open_services(); });
    EXPECT_THAT(open, Contains(Key("http")));
    EXPECT_THAT(open, Not(Contains(Key("https"))));
    EXPECT_EQ(call(unit, [](Unit& held) { return held.trial().current().has_value(); }), false);
}

TEST_F(TrialTest, keeps_what_was_confirmed) {
    auto unit = boot("mcu");
    auto trial = begin(unit, 60s);
    ASSERT_TRUE(trial);
    ASSERT_TRUE(apply(unit, {{"system.name", "after"}}));
    ASSERT_TRUE(confirm(unit, trial->id));
    EXPECT_EQ(confirm(unit, trial->id).error().id(), errors::dev::no_trial);
    unit = again(unit);
    EXPECT_EQ(stored(unit, "system.name"), "after");
}

TEST_F(TrialTest, allows_one_at_a_time_of_a_sensible_length) {
    auto unit = boot("mcu");
    EXPECT_EQ(begin(unit, 9s).error().id(), errors::dev::illegal_value);
    EXPECT_EQ(begin(unit, 3601s).error().id(), errors::dev::illegal_value);
    ASSERT_TRUE(begin(unit, 60s));
    EXPECT_EQ(begin(unit, 60s).error().id(), errors::dev::trial_under_way);
    EXPECT_EQ(confirm(unit, "another").error().id(), errors::dev::wrong_trial);
}

TEST_F(TrialTest, is_confirmed_only_over_a_door_that_is_open_after_the_change) {
    auto unit = boot("mcu");
    auto trial = begin(unit, 60s);
    ASSERT_TRUE(trial);
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}, {"service.http.mode", "off"}}));
    EXPECT_EQ(confirm(unit, trial->id, {"http", "admin", "127.0.0.1"}).error().id(), errors::dev::trial_not_proven);
    EXPECT_TRUE(confirm(unit, trial->id, {"https", "admin", "127.0.0.1"}));
}

TEST_F(TrialTest, is_not_confirmed_before_the_change_is_in_effect) {
    auto unit = boot("c-series");
    auto trial = begin(unit, 60s);
    ASSERT_TRUE(trial);
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    EXPECT_EQ(confirm(unit, trial->id).error().id(), errors::dev::trial_not_proven);
    restart(unit);
    EXPECT_TRUE(confirm(unit, trial->id));
    EXPECT_EQ(stored(unit, "service.https.mode"), "on");
}

TEST_F(TrialTest, goes_on_after_a_restart_with_a_minute_for_the_new_way_and_restarts_to_undo) {
    auto unit = boot("c-series");
    ASSERT_TRUE(begin(unit, 20s));
    ASSERT_TRUE(apply(unit, {{"service.telnet.mode", "off"}}));
    restart(unit);
    EXPECT_THAT(call(unit, [](Unit& held) { return held.open_services(); }), Not(Contains(Key("telnet"))));
    auto left = call(unit, [this](Unit& held) { return held.trial().current()->deadline - clock_->now(); });
    EXPECT_GE(left, 60s);
    auto booted = await_event(unit, "boot.done");
    clock_->advance(61s);
    ASSERT_TRUE(booted.happened());
    EXPECT_THAT(call(unit, [](Unit& held) { return held.open_services(); }), Contains(Key("telnet")));
    EXPECT_THAT(journal(*unit), HasSubstr("trial.undone"));
}

TEST_F(TrialTest, survives_the_end_of_the_program) {
    auto unit = boot("mcu");
    auto trial = begin(unit, 300s);
    ASSERT_TRUE(trial);
    ASSERT_TRUE(apply(unit, {{"system.name", "after"}}));
    unit = again(unit);
    EXPECT_EQ(fact(unit, "trial.id"), trial->id);
    auto undone = await_event(unit, "trial.undone");
    clock_->advance(301s);
    ASSERT_TRUE(undone.happened());
    EXPECT_EQ(stored(unit, "system.name"), "");
}

TEST_F(TrialTest, finishes_an_undoing_that_was_killed) {
    auto unit = boot("mcu");
    ASSERT_TRUE(begin(unit, 300s));
    ASSERT_TRUE(apply(unit, {{"system.name", "after"}}));
    on_unit(*unit, [](auto held) { return held->power_off(); });
    auto const file = folder_.path() / "T1" / "trial.toml";
    auto text = replace_all(host::read_file(file).value(), "undoing = false", "undoing = true");
    ASSERT_TRUE(host::write_file(file, text, host::Privacy::owner_only));
    unit = again(unit);
    EXPECT_NE(stored(unit, "system.name"), "after");
    EXPECT_FALSE(fs::exists(file));
    EXPECT_FALSE(fs::exists(folder_.path() / "T1" / "trial-before"));
}

TEST_F(TrialTest, is_given_up_when_its_services_cannot_be_opened_at_boot) {
    auto unit = boot("mcu");
    ASSERT_TRUE(begin(unit, 300s));
    ASSERT_TRUE(apply(unit, {{"service.http.port", "8080"}}));
    auto const spec = unit->spec();
    on_unit(*unit, [](auto held) { return held->power_off(); });
    auto blocker =
        net::listen_tcp(runtime_.executor(0), {spec.address, 29080}, [](std::shared_ptr<net::Stream>) -> net::Task<> { co_return; });
    ASSERT_TRUE(blocker);
    unit = again(unit);
    EXPECT_EQ(stored(unit, "service.http.port"), "80");
    EXPECT_THAT(call(unit, [](Unit& held) { return held.open_services(); }), Contains(Key("http")));
    call(unit, [&blocker](Unit&) {
        (*blocker)->close();
        return 0;
    });
}

TEST_F(TrialTest, leaves_https_serving_what_it_served) {
    auto unit = boot("mcu");
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    auto const factory = fact(unit, "certificate.fingerprint");
    ASSERT_TRUE(begin(unit, 60s));
    ASSERT_TRUE(install(unit, TestAuthority().issue()));
    ASSERT_TRUE(call(unit, [](Unit& held) { return held.trial().cancel(k_owner); }));
    auto web = client(*unit, net::Scheme::https, "admin", "");
    get(web, "/");
    ASSERT_TRUE(web.handshake() && web.handshake()->leaf());
    EXPECT_EQ(web.handshake()->leaf()->fingerprint(), factory);
    EXPECT_EQ(fact(unit, "certificate.served"), factory);
    EXPECT_EQ(fact(unit, "system.restart_pending"), "False");
}

TEST_F(TrialTest, does_not_bring_an_old_password_back) {
    auto unit = boot("mcu");
    ASSERT_TRUE(begin(unit, 60s));
    set_password(unit, "new and good");
    ASSERT_TRUE(apply(unit, {{"system.name", "after"}}));
    ASSERT_TRUE(call(unit, [](Unit& held) { return held.trial().cancel(k_owner); }));
    EXPECT_NE(stored(unit, "system.name"), "after");
    EXPECT_FALSE(call(unit, [](Unit& held) { return held.has_factory_password(); }));
}

TEST_F(TrialTest, is_offered_as_commands_and_as_pages) {
    auto unit = boot("c-series");
    auto begun = command(unit, "Security Trial Begin", {{"Within", "120"}});
    ASSERT_TRUE(begun) << begun.error().explanation();
    auto const id = begun->values.front().value;
    EXPECT_EQ(fact(unit, "trial.id"), id);
    ASSERT_TRUE(command(unit, "Security Trial Confirm", {{"Id", id}}));
    auto mcu = boot("mcu");
    ASSERT_TRUE(command(mcu, "trial.begin", {{"seconds", "120"}}));
    ASSERT_TRUE(command(mcu, "trial.cancel", {}));
    auto web = client(*mcu, net::Scheme::http, "admin", "");
    auto page = post(web, "/settings/safety/trial_begin", "application/x-www-form-urlencoded", "seconds=90");
    EXPECT_EQ(page.status, 200);
    auto const number = fact(mcu, "trial.id");
    EXPECT_THAT(page.body, HasSubstr(number));
    page = post(web, "/settings/safety/trial_confirm", "application/x-www-form-urlencoded", "trial=" + number);
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(fact(mcu, "trial.id"), "(none)");
}

}  // namespace
}  // namespace countersign::device::testing
