#include "base/text.hpp"
#include "device/services/snmp_user.hpp"
#include "support/program.hpp"
#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using countersign::testing::ChildProcess;
using countersign::testing::Estate;
using countersign::testing::EventLog;
using countersign::testing::k_offset;
using countersign::testing::Ran;
using countersign::testing::run_in;
using countersign::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view k_authentication = "authentication phrase";
constexpr std::string_view k_privacy = "privacy phrase";

/// The programs of net-snmp ask, as a user.
class SnmpUserDoor : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        estate_.apply(unit_, {{"snmp.user.name", "auditor"},
                              {"snmp.user.digest", GetParam() == "SHA" ? "sha1" : "sha256"},
                              {"snmp.user.authentication", std::string(k_authentication)},
                              {"snmp.user.privacy", std::string(k_privacy)}});
    }
    Ran ask(std::string const& program, std::string const& question, std::string_view authentication = k_authentication,
            std::string_view privacy = k_privacy, std::string const& user = "auditor") {
        return run_in(folder_, "SNMP_PERSISTENT_DIR=. " + program + " -On -t 2 -r 0 -v3 -l authPriv -u " + user + " -a " + GetParam() +
                                   " -A '" + std::string(authentication) + "' -x AES -X '" + std::string(privacy) + "' " + agent() + " " +
                                   question);
    }
    std::string agent() { return unit_->address() + ":" + std::to_string(161 + k_offset); }

    TemporaryFolder folder_;
    Estate estate_;
    std::shared_ptr<Unit> unit_ = estate_.boot("c-series", 1);
};

TEST_P(SnmpUserDoor, is_walked_with_authentication_and_privacy) {
    for (auto const program : {"snmpwalk", "snmpbulkwalk"}) {
        auto const ran = ask(program, "1.3.6.1");
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.2.1.1.5.0 = STRING: \"unit1\""));
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.4.1.32473.1.1.1.0 = STRING: \"TEST1\""));
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.4.1.32473.1.2.1.1.5.1 = INTEGER: "));
    }
}

TEST_P(SnmpUserDoor, tells_nothing_to_who_has_a_wrong_pass_phrase) {
    EventLog events(unit_);
    EXPECT_THAT(ask("snmpget", "1.3.6.1.2.1.1.5.0", "another phrase").output, HasSubstr("Authentication failure"));
    EXPECT_THAT(ask("snmpget", "1.3.6.1.2.1.1.5.0", k_authentication, "another phrase").output, Not(HasSubstr("unit1")));
    EXPECT_THAT(ask("snmpget", "1.3.6.1.2.1.1.5.0", k_authentication, k_privacy, "somebody").output, HasSubstr("Unknown user name"));
    auto const failed = events.wait_for("login.failed");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->field("door"), "snmp");
    EXPECT_THAT(ask("snmpget", "1.3.6.1.2.1.1.5.0").output, HasSubstr("unit1")) << "nobody is locked out by it";
}

TEST_P(SnmpUserDoor, wants_privacy) {
    auto const ran = run_in(folder_, "SNMP_PERSISTENT_DIR=. snmpget -On -t 2 -r 0 -v3 -l authNoPriv -u auditor -a " + GetParam() + " -A '" +
                                         std::string(k_authentication) + "' " + agent() + " 1.3.6.1.2.1.1.5.0");
    EXPECT_THAT(ran.output, HasSubstr("Unsupported security level"));
}

TEST_P(SnmpUserDoor, is_closed_without_a_user) {
    estate_.apply(unit_, {{"snmp.user.name", ""}});
    EXPECT_THAT(ask("snmpget", "1.3.6.1.2.1.1.5.0").output, HasSubstr("Timeout"));
}

TEST_P(SnmpUserDoor, is_found_again_after_a_restart) {
    EXPECT_THAT(ask("snmpget", "1.3.6.1.2.1.1.5.0").output, HasSubstr("unit1"));
    EventLog events(unit_);
    estate_.on_loop([&] { unit_->request_restart({"test", "admin", ""}); });
    ASSERT_TRUE(events.wait_for("boot.done"));
    EXPECT_THAT(ask("snmpget", "1.3.6.1.2.1.1.5.0 1.3.6.1.4.1.32473.1.1.3.0").output, HasSubstr("Counter32: 2"));
}

INSTANTIATE_TEST_SUITE_P(Digests, SnmpUserDoor, ::testing::Values("SHA", "SHA-256"),
                         [](auto const& info) { return info.param == "SHA" ? "sha1" : "sha256"; });

TEST(SnmpEngine, ends_versions_1_and_2c_with_the_community) {
    Estate estate;
    TemporaryFolder const folder;
    auto const unit = estate.boot("c-series", 1);
    auto const ask =
        "snmpget -On -t 1 -r 0 -v2c -c public " + unit->address() + ":" + std::to_string(161 + k_offset) + " 1.3.6.1.2.1.1.5.0";
    EXPECT_THAT(run_in(folder, ask).output, HasSubstr("unit1"));
    estate.apply(unit, {{"snmp.community.read", ""}});
    EXPECT_THAT(run_in(folder, ask).output, HasSubstr("Timeout"));
}

/// snmptrapd listens.
class SnmpTraps : public ::testing::Test {
protected:
    std::string receiver() { return estate_.address(100); }
    void listen(std::string const& user = "") {
        auto const configuration = folder_.file("snmptrapd.conf", user.empty() ? "disableAuthorization yes\n" : user);
        auto const command = "SNMP_PERSISTENT_DIR='" + folder_.path().string() +
                             "' PATH=$PATH:/usr/sbin exec snmptrapd -f -Lo -On -C -c '" + configuration + "' '" + receiver() + ":" +
                             std::to_string(162 + k_offset) + "'";
        process_ = std::make_unique<ChildProcess>(std::vector<std::string>{"sh", "-c", command});
        process_->wait_until([this] { return (process_->output() + process_->errors()).contains("NET-SNMP version"); });
    }
    void expect(std::string const& text) {
        process_->wait_until([this, &text] { return process_->output().contains(text); });
    }
    std::shared_ptr<Unit> boot(std::map<std::string, std::string> more = {}) {
        return estate_.boot("c-series", 1, [&](UnitSpec& spec) {
            spec.settings = std::move(more);
            spec.settings["snmp.trap.receiver.1"] = receiver();
        });
    }
    void raise_alarm(std::shared_ptr<Unit> const& unit) {
        estate_.on_loop([&] {
            unit->report("alarm.raised",
                         {{"id", "certificate.expires"}, {"subject", "management"}, {"text", "It ends soon"}, {"days_left", "7"}});
        });
    }

    TemporaryFolder folder_;
    Estate estate_;
    std::unique_ptr<ChildProcess> process_;
};

constexpr std::string_view k_trap_oid = ".1.3.6.1.6.3.1.1.4.1.0 = OID: ";

TEST_F(SnmpTraps, tell_a_start_a_wrong_community_and_alarms) {
    listen();
    auto const unit = boot();
    expect(std::string(k_trap_oid) + ".1.3.6.1.6.3.1.1.5.1");  // coldStart
    TemporaryFolder const folder;
    (void)run_in(folder,
                 "snmpget -t 1 -r 0 -v2c -c wrong " + unit->address() + ":" + std::to_string(161 + k_offset) + " 1.3.6.1.2.1.1.5.0");
    expect(std::string(k_trap_oid) + ".1.3.6.1.6.3.1.1.5.5");  // authenticationFailure
    raise_alarm(unit);
    expect(std::string(k_trap_oid) + ".1.3.6.1.4.1.32473.1.0.3");
    expect(".1.3.6.1.4.1.32473.1.3.6.0 = INTEGER: 7");
    expect(".1.3.6.1.4.1.32473.1.3.5.0 = STRING: \"It ends soon\"");
    estate_.on_loop([&] { unit->report("alarm.cleared", {{"id", "certificate.expires"}, {"subject", "management"}}); });
    expect(std::string(k_trap_oid) + ".1.3.6.1.4.1.32473.1.0.2");
}

TEST_F(SnmpTraps, go_in_version_1_where_that_is_set) {
    listen();
    auto const unit = boot({{"snmp.trap.version", "v1"}});
    expect("Cold Start Trap");
    raise_alarm(unit);
    expect("Enterprise Specific Trap (3)");
}

TEST_F(SnmpTraps, are_encrypted_in_version_3) {
    // The engine id of unit 1, which the receiver must know beforehand: the sender is the authority of a trap.
    std::string const mac = "00:50:60:00:00:07";
    listen("createUser -e 0x" + to_hex(bytes_of(dialect::snmp::v3::engine_id(5596, mac, ""))) + " auditor SHA-256 \"" +
           std::string(k_authentication) + "\" AES \"" + std::string(k_privacy) + "\"\nauthUser log auditor priv\n");
    auto const unit = estate_.boot("c-series", 1, [&](UnitSpec& spec) {
        spec.mac = mac;
        spec.settings = {{"snmp.trap.receiver.1", receiver()},
                         {"snmp.trap.version", "v3"},
                         {"snmp.community.read", ""},
                         {"snmp.user.name", "auditor"},
                         {"snmp.user.authentication", std::string(k_authentication)},
                         {"snmp.user.privacy", std::string(k_privacy)}};
    });
    expect(std::string(k_trap_oid) + ".1.3.6.1.6.3.1.1.5.1");
}

TEST_F(SnmpTraps, are_sent_only_while_snmp_is_on) {
    listen();
    auto const silent = estate_.boot("c-series", 2, [&](UnitSpec& spec) {
        spec.settings = {{"snmp.trap.receiver.1", receiver()}, {"service.snmp.mode", "off"}, {"system.name", "silent"}};
    });
    raise_alarm(silent);
    auto const unit = boot();
    raise_alarm(unit);
    expect(std::string(k_trap_oid) + ".1.3.6.1.4.1.32473.1.0.3");
    EXPECT_THAT(process_->output(), Not(HasSubstr(silent->address())));
}

TEST_F(SnmpTraps, to_a_name_that_is_not_known_are_an_event) {
    auto const unit = estate_.boot("c-series", 1);
    EventLog events(unit);
    estate_.apply(unit, {{"snmp.trap.receiver.2", "nowhere.example.test"}});
    raise_alarm(unit);
    auto const failed = events.wait_for("trap.failed");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->field("receiver"), "nowhere.example.test");
}

}  // namespace
}  // namespace countersign::device
