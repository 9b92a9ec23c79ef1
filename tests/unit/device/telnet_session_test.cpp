#include "device/services/telnet_session.hpp"

#include "support/program.hpp"
#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using namespace std::chrono_literals;
using countersign::testing::Estate;
using countersign::testing::EventLog;
using countersign::testing::k_offset;
using countersign::testing::RawClient;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint16_t k_telnet = 23 + k_offset;
constexpr std::string_view k_password_prompt = "Password: ";
constexpr std::string_view k_welcome_end = "\r\nOK\r\n\r\n";

/// A C-series at factory defaults: Telnet is on.
class TelnetDoor : public ::testing::Test {
protected:
    std::unique_ptr<RawClient> connect() { return std::make_unique<RawClient>(unit_->address(), k_telnet); }
    std::unique_ptr<RawClient> log_in(std::string const& password = "TANDBERG") {
        auto client = connect();
        client->read_until(k_password_prompt);
        client->send(password + "\r\n");
        EXPECT_THAT(client->read_until(k_welcome_end), HasSubstr("Login successful"));
        return client;
    }
    /// Types a line; what is printed up to OK.
    static std::string type(RawClient& client, std::string_view line) {
        client.send(std::string(line) + "\r\n");
        return client.read_until("OK\r\n");
    }

    /// Types a command; what is printed up to the end of its result.
    static std::string call(RawClient& client, std::string_view line) {
        client.send(std::string(line) + "\r\n");
        return client.read_until("** end\r\n");
    }

    Estate estate_;
    std::shared_ptr<Unit> unit_ = estate_.boot("c-series", 1);
};

TEST_F(TelnetDoor, asks_for_the_password_only_and_hides_what_is_typed) {
    auto const client = connect();
    EXPECT_EQ(client->read_until(k_password_prompt), "\xff\xfb\x01Password: ");
    client->send("TANDBERG\r\n");
    auto const welcome = client->read_until(k_welcome_end);
    EXPECT_THAT(welcome, HasSubstr("\xff\xfb\x03")) << "keys may come one by one from now on";
    EXPECT_THAT(welcome, HasSubstr("Welcome to unit1"));
    EXPECT_THAT(welcome, Not(HasSubstr("TANDBERG\r\n"))) << "the password is not shown";
}

TEST_F(TelnetDoor, closes_after_three_wrong_passwords) {
    auto const client = connect();
    for (int i = 0; i < 3; ++i) {
        client->read_until(k_password_prompt);
        client->send("wrong\r\n");
        EXPECT_THAT(client->read_until("incorrect\r\n"), HasSubstr("Login incorrect"));
    }
    EXPECT_TRUE(client->is_closed());
}

TEST_F(TelnetDoor, locks_an_address_out_after_five_wrong_passwords) {
    for (int session = 0; session < 2; ++session) {
        auto const client = connect();
        for (int i = 0; i < 3; ++i) {
            client->read_until(k_password_prompt);
            client->send("wrong\r\n");
        }
        EXPECT_TRUE(client->is_closed());
    }
    auto const client = connect();
    client->read_until(k_password_prompt);
    client->send("TANDBERG\r\n");
    EXPECT_THAT(client->read_until("seconds"), HasSubstr("ACC-003"));
    EXPECT_TRUE(client->is_closed());
}

TEST_F(TelnetDoor, says_goodbye_at_bye) {
    auto const client = log_in();
    client->send("bye\r\n");
    EXPECT_TRUE(client->is_closed());
}

TEST_F(TelnetDoor, sets_and_shows_settings_with_shortened_words) {
    auto const client = log_in();
    EXPECT_EQ(type(*client, "xconf systemu name: \"Room 204\""), "** end\r\n\r\nOK\r\n");
    EXPECT_EQ(estate_.effective(unit_, "system.name"), "Room 204");
    EXPECT_THAT(type(*client, "xConfiguration SystemUnit Name"), HasSubstr("*c xConfiguration SystemUnit Name: \"Room 204\""));
    EXPECT_THAT(type(*client, "xstatus SystemUnit"), HasSubstr("*s SystemUnit Software Version: "));
}

TEST_F(TelnetDoor, prints_an_error_and_changes_nothing_for_a_bad_line) {
    auto const client = log_in();
    for (auto const line : {"xconfig nonsense path: 1", "xconfig networkservices https mode: maybe", "xcom nonsense",
                            "xconfig audio volume: 101", "nonsense", "xstatus nonsense", "\xff\xff\x80"}) {
        client->send(std::string(line) + "\r\n");
        auto const answer = client->read_until("\r\n");
        EXPECT_THAT(answer, Not(HasSubstr("** end"))) << line;
        type(*client, "echo off");
    }
    EXPECT_EQ(estate_.stored(unit_, "service.https.mode"), "off");
}

TEST_F(TelnetDoor, refuses_a_line_of_more_than_four_kibibytes_and_goes_on) {
    auto const client = log_in();
    client->send("xconfig systemunit name: " + std::string(5000, 'x') + "\r\n");
    EXPECT_THAT(client->read_until("bytes\r\n"), HasSubstr("longer than 4096 bytes"));
    EXPECT_EQ(type(*client, "xconfig systemunit name: short"), "** end\r\n\r\nOK\r\n");
}

TEST_F(TelnetDoor, shows_no_password_in_settings) {
    auto const client = log_in();
    auto const all = type(*client, "xconfiguration");
    EXPECT_THAT(all, HasSubstr("NetworkServices HTTPS Mode: Off"));
    EXPECT_THAT(all, HasSubstr("CommunityName: \"***\""));
}

TEST_F(TelnetDoor, warns_when_verification_lacks_something_at_the_time_of_the_change) {
    auto const client = log_in();
    EXPECT_THAT(type(*client, "xconfig networkservices https verifyservercertificate: on"), HasSubstr("Warning: DEV-007"));
}

TEST_F(TelnetDoor, prints_changes_to_sessions_that_registered_for_them) {
    auto const client = log_in();
    type(*client, "xfeedback register /Configuration/SystemUnit");
    estate_.apply(unit_, {{"Audio Volume", "70"}, {"SystemUnit Name", "Changed"}});
    auto const pushed = client->read_until("** end");
    EXPECT_THAT(pushed, HasSubstr("SystemUnit Name: \"Changed\""));
    EXPECT_THAT(pushed, Not(HasSubstr("Volume")));
}

TEST_F(TelnetDoor, prints_why_a_server_was_refused_while_syslog_is_on) {
    auto const client = log_in();
    type(*client, "syslog on");
    std::string const line = "SSL: socklib_sslHandshake: VerifyResult=10=CERT_HAS_EXPIRED, NameCheck: Match";
    estate_.on_loop([&] { unit_->report("tls.failed", {{"syslog", line}, {"detail", "Renew it."}}); });
    EXPECT_THAT(client->read_until("Renew it.\r\n"), HasSubstr(line + "\r\nRenew it."));
    type(*client, "syslog off");
    estate_.on_loop([&] { unit_->report("tls.failed", {{"syslog", line}}); });
    EXPECT_THAT(type(*client, "echo off"), Not(HasSubstr("SSL:")));
}

TEST_F(TelnetDoor, edits_and_completes_for_a_client_that_sends_keys) {
    auto const client = log_in();
    client->send("\xff\xfd\x01\xff\xfd\x03");
    client->send("xst\tsystemu\tsoft\r");
    EXPECT_THAT(client->read_until("OK\r\n"), HasSubstr("*s SystemUnit Software Version: "));
    client->send("\x1b[A\r");
    auto const again = client->read_until("OK\r\n");
    EXPECT_THAT(again, HasSubstr("xStatus SystemUnit soft\r\n"));
}

TEST_F(TelnetDoor, says_status_and_events_to_sessions_that_registered_for_them) {
    auto const client = log_in();
    type(*client, "xfeedback register /Status/SystemUnit/RestartPending");
    type(*client, "xfeedback register /Event/PasswordChanged");
    EXPECT_THAT(type(*client, "xevent"), HasSubstr("*es Event PasswordChanged Door"));
    estate_.apply(unit_, {{"NetworkServices SSH Mode", "On"}});
    EXPECT_THAT(client->read_until("** end"), HasSubstr("*s SystemUnit RestartPending: True"));
    estate_.on_loop([&] { return unit_->set_password(SecretText(std::string("new")), {"test", "admin", ""}).has_value(); });
    EXPECT_THAT(client->read_until("** end"), HasSubstr("*e PasswordChanged Door: \"test\""));
    EXPECT_THAT(type(*client, "xfeedback list"), HasSubstr("*xf /Event/PasswordChanged"));
    type(*client, "xfeedback deregister 1");
    EXPECT_THAT(type(*client, "xfeedback list"), Not(HasSubstr("RestartPending")));
}

TEST_F(TelnetDoor, answers_in_xml_when_asked_to) {
    auto const client = log_in();
    client->send("xpreferences outputmode xml\r\nxstatus systemunit software | resultId=\"7\"\r\n");
    EXPECT_THAT(client->read_until("</XmlDoc>\r\n"), HasSubstr("<Success/>"));
    EXPECT_THAT(client->read_until("</XmlDoc>\r\n"), HasSubstr("<XmlDoc resultId=\"7\"><Status><SystemUnit><Software><Version>"));
}

/// An MXP: the classic style, and a port where the password never goes over the line.
class ClassicDoors : public ::testing::Test {
protected:
    std::unique_ptr<RawClient> log_in() {
        auto client = std::make_unique<RawClient>(unit_->address(), k_telnet);
        client->read_until(k_password_prompt);
        client->send("TANDBERG\r\n");
        client->read_until(k_welcome_end);
        return client;
    }
    static std::string type(RawClient& client, std::string_view line) {
        client.send(std::string(line) + "\r\n");
        return client.read_until("OK\r\n");
    }
    Estate estate_;
    std::shared_ptr<Unit> unit_ = estate_.boot("mxp", 1);
};

TEST_F(ClassicDoors, speak_as_the_vendor_documents) {
    auto const client = log_in();
    EXPECT_EQ(
        type(*client, "xcommand feedbackregister url:http://10.47.14.185:8000 expression.1:status/call expression.2:status/conference"),
        "*r Result (status=OK):\r\n    ID: 1\r\n*r/end\r\n\r\nOK\r\n");
    EXPECT_EQ(type(*client, "xconfig systemunit name: rm204"), "OK\r\n");
    EXPECT_EQ(type(*client, "xconfig systemunit name"), "*c xConfiguration SystemUnit Name: \"rm204\"\r\n\r\nOK\r\n");
    type(*client, "xfeedback register configuration/audio");
    estate_.apply(unit_, {{"Audio Volume", "7"}});
    EXPECT_EQ(client->read_until("7\r\n"), "*c xConfiguration Audio Volume: 7\r\n");
    type(*client, "xpreferences xpathwrite off");
    client->send("xconfig //volume: 8\r\n");
    EXPECT_THAT(client->read_until("\r\n"), HasSubstr("ERROR: "));
    EXPECT_EQ(type(*client, "services ftp disable"), "OK\r\n");
    EXPECT_EQ(estate_.stored(unit_, "service.ftp.mode"), "off");
    EXPECT_EQ(type(*client, "ippassword other"), "OK\r\n");
    EXPECT_FALSE(estate_.on_loop([&] { return unit_->has_factory_password(); }));
}

TEST_F(ClassicDoors, list_certificates_that_openssl_reads_and_delete_them) {
    auto const client = log_in();
    countersign::testing::TemporaryFolder const folder;
    auto const listed = type(*client, "certificate list cert");
    EXPECT_THAT(listed, HasSubstr("using default certificate"));
    ASSERT_TRUE(host::write_file(folder.path() / "cert.pem", listed, host::Privacy::shared));
    auto const read = run_in(folder, "openssl x509 -in cert.pem -noout -fingerprint -sha256");
    EXPECT_EQ(read.exit_code, 0) << read.output;
    EXPECT_THAT(type(*client, "certificate list root"), HasSubstr("No root certificate"));
    client->send("certificate del cert\r\n");
    EXPECT_THAT(client->read_until("\r\n"), HasSubstr("ERROR: GEN-003")) << "the factory's stays";
    auto const root = estate_.on_loop([&] { return unit_->certificate().chain.back(); });
    estate_.trust(unit_, root);
    EXPECT_THAT(type(*client, "certificate list root"), HasSubstr("Root certificate:\r\nsubject=" + root.subject()));
    type(*client, "certificate del root");
    EXPECT_TRUE(estate_.on_loop([&] { return unit_->trust().empty(); }));
}

TEST_F(ClassicDoors, let_in_who_answers_the_challenge) {
    RawClient client(unit_->address(), 57 + k_offset);
    auto const asked = client.read_until("Response: ");
    auto const challenge = asked.substr(asked.find("Challenge: ") + 11, 32);
    countersign::testing::TemporaryFolder const folder;
    auto const answer = run_in(folder, "printf " + challenge + "TANDBERG | md5sum");
    client.send(answer.output.substr(0, 32) + "\r\n");
    EXPECT_THAT(client.read_until(k_welcome_end), Not(HasSubstr("TANDBERG\r")));
}

TEST_F(ClassicDoors, count_wrong_answers_to_the_challenge) {
    for (int session = 0; session < 2; ++session) {
        RawClient client(unit_->address(), 57 + k_offset);
        for (int i = 0; i < 3; ++i) {
            client.read_until("Response: ");
            client.send("00000000000000000000000000000000\r\n");
        }
        EXPECT_TRUE(client.is_closed());
    }
    RawClient client(unit_->address(), k_telnet);
    client.read_until(k_password_prompt);
    client.send("TANDBERG\r\n");
    EXPECT_THAT(client.read_until("seconds"), HasSubstr("ACC-003"));
}

TEST_F(TelnetDoor, speaks_with_curl_as_telnet_client) {
    countersign::testing::TemporaryFolder const folder;
    auto const ran = run_in(folder, "printf 'TANDBERG\\nxstatus systemunit software version\\nbye\\n' | curl -sS --max-time 10 telnet://" +
                                        unit_->address() + ":" + std::to_string(k_telnet));
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("*s SystemUnit Software Version: "));
}

TEST_F(TelnetDoor, gives_up_on_a_client_that_says_nothing) {
    auto listener = net::listen_tcp(unit_->executor(), {unit_->address(), 0}, [unit = unit_](std::shared_ptr<net::Stream> stream) {
                        return run_telnet_session(unit, "telnet", std::move(stream), {.login = 100ms});
                    }).value();
    RawClient client(unit_->address(), listener->local().port);
    client.read_until(k_password_prompt);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(TelnetDoor, restarts_at_xcom_boot) {
    EventLog events(unit_);
    auto const client = log_in();
    client->send("xcom boot\r\n");
    EXPECT_TRUE(client->is_closed());
    EXPECT_TRUE(events.wait_for("boot"));
    EXPECT_EQ(estate_.on_loop([&] { return unit_->boots(); }), 2U);
}

/// The lines of the guides of seed 004, typed as they stand there. Those of the C-series Level 3 guide are lost; they are
/// the Level 4 lines without verification, as in the MXP guide.
TEST_F(TelnetDoor, the_lines_of_the_level_3_guide_land_in_the_system) {
    EventLog events(unit_);
    auto const client = log_in();
    for (auto const line :
         {"xconfig networkservices http mode: off", "xconfig networkservices https mode: on", "xconfig networkservices telnet mode: off",
          "xconfig networkservices snmp mode: off", "xconfig networkservices ssh mode: on",
          "xconfig networkservices https verifyservercertificate: off", "xconfig provisioning externalmanager address: 127.0.0.1",
          "xconfig provisioning externalmanager protocol: https", "xconfig provisioning externalservices mode: off",
          "xconfig phonebook server 1 url: 127.0.0.1"})
        EXPECT_EQ(type(*client, line), "** end\r\n\r\nOK\r\n") << line;
    EXPECT_THAT(call(*client, "xcom systemunit adminpassword set password: superstrongpasswordhere"), HasSubstr("status=OK"));
    client->send("xcom boot\r\n");
    ASSERT_TRUE(events.wait_for("boot"));

    auto const open = estate_.on_loop([&] { return unit_->open_services(); });
    EXPECT_TRUE(open.contains("https"));
    for (auto const service : {"http", "telnet", "snmp"}) EXPECT_FALSE(open.contains(service)) << service;
    EXPECT_THROW(connect(), std::runtime_error) << "Telnet is refused";
    EXPECT_FALSE(estate_.on_loop([&] { return unit_->has_factory_password(); }));
}

TEST_F(TelnetDoor, the_lines_of_the_level_4_guide_land_in_the_system) {
    auto const client = log_in();
    for (auto const line :
         {"xconfig networkservices http mode: off", "xconfig networkservices https mode: on", "xconfig networkservices telnet mode: off",
          "xconfig networkservices snmp mode: off", "xconfig networkservices ssh mode: on",
          "xconfig networkservices https verifyservercertificate: on", "xconfig networkservices ntp mode: on",
          "xconfig networkservices ntp address: 1.pool.ntp.org", "xconfig network 1 dns server 1 address: 10.10.10.2",
          "xconfig network 1 dns domain name: company.com", "xconfig systemunit name: rm204-bld5",
          "xconfig provisioning externalmanager address: 127.0.0.1", "xconfig provisioning externalmanager protocol: https",
          "xconfig provisioning externalservices mode: off", "xconfig phonebook server 1 url: 127.0.0.1"})
        EXPECT_THAT(type(*client, line), ::testing::EndsWith("** end\r\n\r\nOK\r\n")) << line;
    EXPECT_THAT(call(*client, "xcom systemunit adminpassword set password: superstrongpasswordhere"), HasSubstr("status=OK"));

    std::map<std::string, std::string> const expected{{"service.http.mode", "off"},
                                                      {"service.https.mode", "on"},
                                                      {"service.telnet.mode", "off"},
                                                      {"service.snmp.mode", "off"},
                                                      {"service.ssh.mode", "on"},
                                                      {"client.verify", "on"},
                                                      {"time.ntp.mode", "on"},
                                                      {"time.ntp.address", "1.pool.ntp.org"},
                                                      {"name.dns.server.1", "10.10.10.2"},
                                                      {"name.dns.domain", "company.com"},
                                                      {"system.name", "rm204-bld5"},
                                                      {"client.external_manager.address", "127.0.0.1"},
                                                      {"client.external_manager.protocol", "https"},
                                                      {"client.external_services.mode", "off"},
                                                      {"client.phonebook.url", "127.0.0.1"}};
    for (auto const& [canonical, value] : expected) EXPECT_EQ(estate_.stored(unit_, canonical), value) << canonical;
}

}  // namespace
}  // namespace countersign::device
