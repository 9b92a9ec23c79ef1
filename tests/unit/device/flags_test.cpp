#include "host/program.hpp"
#include "unit/device/safety_fixture.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// The family's file ends with its messages.
constexpr std::string_view k_flags = R"(
"alarm.flags.restart" = "System configuration changed. Please reset the MCU"

[flags]
sections = ["MCMS_PARAMETERS_USER", "CS_MODULE_PARAMETERS"]
may_create = true

[[setting]]
path = "RMX_MANAGEMENT_SECURITY_PROTOCOL"
canonical = "tls.profile"
section = "MCMS_PARAMETERS_USER"
kind = "literal"
values = [
    { text = "TLSV1_SSLV3", canonical = "intermediate", note = "TLS 1.2 and 1.3 are used" },
    { text = "TLSV1", canonical = "intermediate", note = "TLS 1.2 and 1.3 are used" },
    { text = "TLSV1_3", canonical = "modern" },
]
default = "TLSV1_SSLV3"
default_when = [{ feature_key = "Federal", value = "TLSV1" }]
effect = "restart"

[[setting]]
path = "EXTERNAL_DB_PORT"
section = "MCMS_PARAMETERS_USER"
kind = "integer"
range = [1, 65535]
default = "5005"
default_when = [{ setting = "service.https.mode", equals = "on", value = "443" }]
effect = "restart"
)";

class FlagsTest : public SafetyTest {
protected:
    std::shared_ptr<Unit> boot_with_flags(UnitSpec spec = {}) { return boot_of(family_with("mcu", std::string(k_flags)), std::move(spec)); }
    Result<FlagState> set(std::shared_ptr<Unit> const& unit, std::string const& name, std::string const& value,
                          std::string const& section = {}) {
        return call(unit, [&](Unit& held) { return held.flags().set(section, name, value, k_owner); });
    }
    FlagState flag(std::shared_ptr<Unit> const& unit, std::string const& name) {
        for (auto const& one : call(unit, [](Unit& held) { return held.flags().list(); }))
            if (one.name == name) return one;
        return {};
    }
};

TEST_F(FlagsTest, have_the_defaults_of_the_licence_and_of_the_mode) {
    auto unit = boot_with_flags();
    EXPECT_EQ(flag(unit, "RMX_MANAGEMENT_SECURITY_PROTOCOL").value, "TLSV1_SSLV3");
    EXPECT_EQ(flag(unit, "EXTERNAL_DB_PORT").value, "5005");
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    EXPECT_EQ(flag(unit, "EXTERNAL_DB_PORT").value, "443");
    auto federal = boot_with_flags({.feature_keys = std::vector<std::string>{"Federal"}});
    EXPECT_EQ(flag(federal, "RMX_MANAGEMENT_SECURITY_PROTOCOL").value, "TLSV1");
}

TEST_F(FlagsTest, keep_what_was_set_by_hand_when_the_mode_changes) {
    auto unit = boot_with_flags();
    ASSERT_TRUE(set(unit, "EXTERNAL_DB_PORT", "5005"));
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    EXPECT_EQ(flag(unit, "EXTERNAL_DB_PORT").value, "5005");
}

TEST_F(FlagsTest, ask_for_a_restart_and_work_after_it) {
    auto unit = boot_with_flags();
    auto changed = set(unit, "RMX_MANAGEMENT_SECURITY_PROTOCOL", "TLSV1_3");
    ASSERT_TRUE(changed) << changed.error().explanation();
    EXPECT_EQ(alarm_text(unit, "flags.restart"), "System configuration changed. Please reset the MCU");
    EXPECT_EQ(flag(unit, "RMX_MANAGEMENT_SECURITY_PROTOCOL").effective, "TLSV1_SSLV3");
    restart(unit);
    EXPECT_THAT(alarms(unit), Not(Contains("flags.restart")));
    EXPECT_EQ(flag(unit, "RMX_MANAGEMENT_SECURITY_PROTOCOL").effective, "TLSV1_3");
}

TEST_F(FlagsTest, decide_the_protocols_that_https_offers) {
    auto unit = boot_with_flags();
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    auto accepts = [&unit](std::string const& version) {
        auto ended = host::run_program({"openssl", "s_client", "-connect", unit->address() + ":21443", version});
        return ended && ended->code == 0;
    };
    EXPECT_TRUE(accepts("-tls1_2"));
    ASSERT_TRUE(set(unit, "RMX_MANAGEMENT_SECURITY_PROTOCOL", "TLSV1_3"));
    restart(unit);
    EXPECT_FALSE(accepts("-tls1_2"));
    EXPECT_TRUE(accepts("-tls1_3"));
}

TEST_F(FlagsTest, say_how_an_old_name_is_understood) {
    auto unit = boot_with_flags();
    EXPECT_EQ(flag(unit, "RMX_MANAGEMENT_SECURITY_PROTOCOL").note, "TLSV1_SSLV3: TLS 1.2 and 1.3 are used");
    EXPECT_EQ(fact(unit, "flag.note"), "TLSV1_SSLV3: TLS 1.2 and 1.3 are used");
}

TEST_F(FlagsTest, are_created_changed_and_deleted_by_hand) {
    auto family = family_with("mcu", std::string(k_flags));
    auto unit = boot_of(family);
    ASSERT_TRUE(set(unit, "APACHE_KEEP_ALIVE_TIMEOUT", "20", "CS_MODULE_PARAMETERS"));
    EXPECT_THAT(alarms(unit), Contains("flags.restart"));
    EXPECT_TRUE(flag(unit, "APACHE_KEEP_ALIVE_TIMEOUT").created);
    EXPECT_EQ(flag(unit, "APACHE_KEEP_ALIVE_TIMEOUT").effective, "");
    auto spec = unit->spec();
    on_unit(*unit, [](auto held) { return held->power_off(); });
    units_.clear();
    unit = boot_of(family, spec);
    EXPECT_EQ(flag(unit, "APACHE_KEEP_ALIVE_TIMEOUT").effective, "20");
    EXPECT_EQ(flag(unit, "APACHE_KEEP_ALIVE_TIMEOUT").section, "CS_MODULE_PARAMETERS");
    ASSERT_TRUE(call(unit, [](Unit& held) { return held.flags().remove("", "APACHE_KEEP_ALIVE_TIMEOUT", k_owner); }));
    EXPECT_EQ(flag(unit, "APACHE_KEEP_ALIVE_TIMEOUT").name, "");
}

TEST_F(FlagsTest, refuse_what_cannot_be_one) {
    auto unit = boot_with_flags();
    EXPECT_EQ(set(unit, "A B", "1").error().id(), errors::dev::flag_not_allowed);
    EXPECT_EQ(set(unit, "NAME", "two\nlines").error().id(), errors::dev::flag_not_allowed);
    EXPECT_EQ(set(unit, "NAME", "1", "NO_SUCH_SECTION").error().id(), errors::dev::flag_not_allowed);
    EXPECT_EQ(set(unit, "EXTERNAL_DB_PORT", "70000").error().id(), errors::dev::illegal_value);
    EXPECT_EQ(set(unit, "EXTERNAL_DB_PORT", "1", "CS_MODULE_PARAMETERS").error().id(), errors::dev::flag_not_allowed);
    auto remove = [this, &unit](std::string const& name) {
        return call(unit, [&name](Unit& held) { return held.flags().remove("", name, k_owner); }).error().id();
    };
    EXPECT_EQ(remove("EXTERNAL_DB_PORT"), errors::dev::flag_not_allowed);
    EXPECT_EQ(remove("NO_SUCH"), errors::gen::not_found);
    EXPECT_EQ(set(boot("mcu"), "NAME", "1").error().id(), errors::dev::flag_not_allowed);
}

}  // namespace
}  // namespace countersign::device::testing
