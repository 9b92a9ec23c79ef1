#include "device/clients/external_manager_client.hpp"

#include "unit/device/client_fixture.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using namespace std::chrono_literals;
using countersign::testing::ClientTest;
using countersign::testing::EventLog;
using countersign::testing::k_http;
using countersign::testing::k_https;
using countersign::testing::k_offset;
using countersign::testing::NameServer;
using countersign::testing::RecordingServer;
using countersign::testing::TestAuthority;
using countersign::testing::TestIdentity;
using countersign::testing::TimeServer;
using countersign::testing::TlsRecorder;
using ::testing::HasSubstr;
using ::testing::Not;
namespace soap = dialect::external_manager;

constexpr std::string_view k_name = "manager.example.test";

std::string event_of(net::http::Request const& request) { return soap::parse_post_event(request.body).value().event; }

class ExternalManagerClient : public ClientTest {
protected:
    /// A C-series that knows the manager by this address.
    std::shared_ptr<Unit> unit_with(std::string address, std::string protocol, std::map<std::string, std::string> more = {}) {
        return estate_.boot("c-series", 1, [&](UnitSpec& spec) {
            spec.settings = std::move(more);
            spec.settings["client.external_manager.address"] = address;
            spec.settings["client.external_manager.protocol"] = protocol;
        });
    }
    bool wait_for_status(std::shared_ptr<Unit> const& unit, EventLog& events, std::string_view status) {
        return ClientTest::wait_for_status(unit, events, "external_manager", status);
    }
};

TEST_F(ExternalManagerClient, registers_at_its_first_boot_from_its_own_address) {
    auto const server = manager(k_http);
    auto const unit = unit_with(servers(), "HTTP");
    auto const requests = server->wait_for(1);
    ASSERT_EQ(requests.size(), 1U);
    auto const& request = requests.front();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/tms/public/external/management/SystemManagementService.asmx");
    EXPECT_EQ(request.peer.address, unit->address());
    EXPECT_THAT(std::string(request.fields.get("SOAPAction")), HasSubstr("SystemManagementService/PostEvent"));
    auto const event = soap::parse_post_event(request.body).value();
    EXPECT_EQ(event.event, "Register");
    EXPECT_EQ(event.identification.serial_number, "TEST1");
    EXPECT_EQ(event.identification.ip_address, unit->address());
}

TEST_F(ExternalManagerClient, says_boot_after_every_other_boot) {
    auto const server = manager(k_http);
    auto const unit = unit_with(servers(), "HTTP");
    server->wait_for(1);
    estate_.on_loop([&] { unit->request_restart({"test", "admin", ""}); });
    EXPECT_TRUE(server->wait_for([](auto const& request) { return event_of(request) == "Boot"; }));
}

TEST_F(ExternalManagerClient, beats_at_the_interval_that_the_manager_answers) {
    auto const server = manager(k_http, {}, {.settings = {}, .calls = {}, .documents = {}, .heartbeat = 1s});
    auto const unit = unit_with(servers(), "HTTP");
    auto const requests = server->wait_for(3);
    ASSERT_GE(requests.size(), 3U);
    EXPECT_EQ(event_of(requests[0]), "Register");
    EXPECT_EQ(event_of(requests[1]), "Beat");
    EXPECT_EQ(event_of(requests[2]), "Beat");
}

TEST_F(ExternalManagerClient, carries_out_nothing_of_what_an_anonymous_manager_answers) {
    soap::Answer answer;
    answer.settings = {{"SystemUnit Name", "Taken"}, {"NetworkServices HTTPS Mode", "On"}};
    answer.calls = {{"SystemUnit AdminPassword Set", true, {{"Password", "stolen"}}, ""}, {"Boot", true, {}, ""}};
    auto const server = manager(k_http, {}, answer);
    auto const unit = unit_with(servers(), "HTTP");
    EventLog events(unit);
    ASSERT_TRUE(wait_for_status(unit, events, "Active"));
    EXPECT_EQ(estate_.effective(unit, "system.name"), "");
    EXPECT_EQ(estate_.stored(unit, "service.https.mode"), "off");
    EXPECT_EQ(estate_.on_loop([&] { return unit->boots(); }), 1U);
    EXPECT_TRUE(estate_.on_loop([&] { return unit->has_factory_password(); }));
}

TEST_F(ExternalManagerClient, calls_nobody_while_the_address_stands_for_none) {
    for (auto const address : {"", "127.0.0.1"}) {
        auto const unit = unit_with(address, "HTTP");
        EXPECT_EQ(estate_.on_loop([&] { return external_manager_url(*unit).value().has_value(); }), false) << address;
        estate_.run(unit->power_off());
    }
}

TEST_F(ExternalManagerClient, never_gets_an_address_that_is_none) {
    auto const unit = unit_with("127.0.0.1", "HTTP");
    for (auto const address : {"evil.example.test/path", "user@host", "a b", "host:99999", "[::1", "-x-"}) {
        auto const refused = estate_.on_loop([&] { return unit->apply({{"client.external_manager.address", address}}, {"test", "", ""}); });
        ASSERT_FALSE(refused) << address;
        EXPECT_EQ(refused.error().id(), errors::dev::illegal_value) << address;
        EXPECT_EQ(estate_.on_loop([&] { return unit->stored_canonical("client.external_manager.address"); }), "127.0.0.1");
    }
}

TEST_F(ExternalManagerClient, uses_a_port_of_the_address_as_it_stands) {
    auto const unit = unit_with("", "HTTPS");
    auto const url = [&](std::string const& address) {
        estate_.apply(unit, {{"client.external_manager.address", address}});
        return estate_.on_loop([&] { return external_manager_url(*unit).value().value().origin(); });
    };
    EXPECT_EQ(url("manager.example.test"), "https://manager.example.test:20443");
    EXPECT_EQ(url("manager.example.test:8443"), "https://manager.example.test:8443");
    EXPECT_EQ(url("2001:db8::1"), "https://[2001:db8::1]:20443");
}

TEST_F(ExternalManagerClient, registers_when_a_manager_is_configured_while_it_runs) {
    auto const server = manager(k_http);
    auto const unit = unit_with("127.0.0.1", "HTTP");
    estate_.on_loop([&] { unit->request_restart({"test", "admin", ""}); });
    EventLog events(unit);
    ASSERT_TRUE(events.wait_for("boot"));
    estate_.apply(unit, {{"client.external_manager.address", servers()}});
    auto const requests = server->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_EQ(event_of(requests.front()), "Register");
}

TEST_F(ExternalManagerClient, keeps_trying_with_the_same_event_until_the_manager_is_there) {
    auto const unit = unit_with(servers(), "HTTP");
    EventLog events(unit);
    ASSERT_TRUE(wait_for_status(unit, events, "Failed"));
    EXPECT_THAT(estate_.fact(unit, "client.external_manager.diagnosis"), HasSubstr("NET-001"));
    auto const server = manager(k_http);
    auto const requests = server->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_EQ(event_of(requests.front()), "Register");
    EXPECT_TRUE(wait_for_status(unit, events, "Active"));
}

TEST_F(ExternalManagerClient, never_falls_back_from_https_to_http) {
    auto const http = manager(k_http);
    auto const unit = unit_with(servers(), "HTTPS");
    EventLog events(unit);
    ASSERT_TRUE(wait_for_status(unit, events, "Failed"));
    // HTTPS is refused on its port; the second try comes a second later. HTTP has heard nothing of either.
    auto const https = manager(k_https, countersign::testing::self_signed("whoever"));
    ASSERT_FALSE(https->wait_for(1).empty());
    EXPECT_TRUE(http->wait_for(0).empty());
}

TEST_F(ExternalManagerClient, takes_any_certificate_while_verification_is_off) {
    auto const server = manager(k_https, countersign::testing::self_signed("somebody.else.test"));
    auto const unit = unit_with(servers(), "HTTPS");
    auto const requests = server->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_TRUE(requests.front().secure);
}

/// Verify mode with a real name server and a real time server.
class ExternalManagerVerification : public ExternalManagerClient {
protected:
    std::shared_ptr<Unit> verifying_unit(std::string const& protocol = "HTTPS") {
        auto unit = unit_with("127.0.0.1", protocol,
                              {{"name.dns.server.1", servers()}, {"time.ntp.mode", "On"}, {"time.ntp.address", "ntp.example.test"}});
        EventLog events(unit);
        estate_.trust(unit, authority_.root());
        estate_.apply(unit, {{"client.verify", "On"}, {"client.external_manager.address", std::string(k_name)}});
        EXPECT_TRUE(is_ready(unit, events));
        return unit;
    }
    bool is_ready(std::shared_ptr<Unit> const& unit, EventLog& events) {
        auto const ready = [&] { return estate_.on_loop([&] { return unit->verify_state().effective(); }); };
        // Each change of NTP or DNS has the time asked for again; the answer to the last one counts.
        for (std::size_t wanted = 1; wanted < 10; ++wanted) {
            if (ready()) return true;
            // Copied for each look at the log, which begins to count anew.
            auto const synchronised = [count = std::size_t{0}, wanted](Event const& event) mutable {
                return event.id == "time.changed" && event.field("ntp") == "Synced" && ++count == wanted;
            };
            if (!events.wait_for(synchronised)) return false;
        }
        return false;
    }

    TestAuthority authority_;
    NameServer names_{"example.test", {{std::string(k_name), servers()}, {"ntp.example.test", servers()}}, servers(), 53 + k_offset};
    TimeServer time_{servers(), 123 + k_offset};
};

TEST_F(ExternalManagerVerification, calls_a_manager_that_proves_who_it_is) {
    auto const server = manager(k_https, authority_.issue(std::string(k_name)));
    auto const unit = verifying_unit();
    auto const requests = server->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_TRUE(requests.front().secure);
    EXPECT_THAT(names_.questions(), HasSubstr("query[A] manager.example.test from " + unit->address())) << "its own name server was asked";
}

TEST_F(ExternalManagerVerification, carries_out_what_a_manager_answers_that_proved_who_it_is) {
    soap::Answer answer;
    answer.settings = {{"SystemUnit Name", "Named by the manager"}, {"Audio Volume", "70"}};
    auto const server = manager(k_https, authority_.issue(std::string(k_name)), answer);
    auto const unit = verifying_unit();
    EventLog events(unit);
    ASSERT_TRUE(wait_for_status(unit, events, "Active"));
    if (estate_.effective(unit, "system.name").empty())
        ASSERT_TRUE(
            events.wait_for([](Event const& event) { return event.id == "setting.changed" && event.field("door") == "external_manager"; }));
    EXPECT_EQ(estate_.effective(unit, "system.name"), "Named by the manager");
}

TEST_F(ExternalManagerClient, posts_documents_to_the_manager_and_to_nobody_else) {
    RecordingServer other({estate_.address(101), k_http}, {}, [](auto const&) { return RecordingServer::Answer{200, "<OK />"}; });
    soap::Answer answer;
    answer.documents = {{"/Status/SystemUnit", "http://" + estate_.address(101) + "/steal"},
                        {"/Configuration/SystemUnit", "http://" + servers() + "/documents"},
                        {"/Nothing", "http://" + servers() + "/nothing"}};
    auto const server = manager(k_http, {}, answer);
    auto const unit = unit_with("", "HTTP", {{"system.name", "Room 204"}});
    EventLog events(unit);
    estate_.apply(unit, {{"client.external_manager.address", servers()}});
    auto const posted = server->wait_for([](auto const& request) { return request.path == "/documents"; });
    ASSERT_TRUE(posted);
    EXPECT_THAT(posted->body, HasSubstr("<PostedDocument><Identification><SystemName>Room 204</SystemName>"));
    EXPECT_THAT(posted->body, HasSubstr("<Location>/Configuration/SystemUnit</Location>"));
    EXPECT_THAT(posted->body, HasSubstr("<Name"));
    for (auto const url : {"/steal", "/nothing"})
        EXPECT_TRUE(events.wait_for([url](Event const& event) {
            return event.id == "external_manager.not_posted" && std::string(event.field("url")).ends_with(url);
        })) << url;
}

TEST_F(ExternalManagerClient, calls_the_alternate_when_the_manager_does_not_answer) {
    auto const server = manager(k_http);
    auto const unit = unit_with(estate_.address(102), "HTTP", {{"client.external_manager.alternate", servers()}});
    auto const requests = server->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_EQ(event_of(requests.front()), "Register");
}

TEST_F(ExternalManagerVerification, calls_nobody_before_the_time_is_known) {
    time_.process().kill();
    auto const server = manager(k_https, authority_.issue(std::string(k_name)));
    auto const unit = unit_with(
        std::string(k_name), "HTTPS",
        {{"name.dns.server.1", servers()}, {"time.ntp.mode", "On"}, {"time.ntp.address", "ntp.example.test"}, {"client.verify", "On"}});
    EventLog events(unit);
    estate_.trust(unit, authority_.root());
    ASSERT_TRUE(wait_for_status(unit, events, "Failed"));
    EXPECT_THAT(estate_.fact(unit, "client.external_manager.diagnosis"), HasSubstr("DEV-007"));
    EXPECT_TRUE(server->wait_for(0).empty());
}

struct Impostor {
    char const* description;
    std::function<TestIdentity(TestAuthority const&)> identity;
    char const* result;  ///< of OpenSSL
    char const* name_check;
};

void PrintTo(Impostor const& impostor, std::ostream* out) { *out << impostor.description; }

class FalseManager : public ExternalManagerVerification, public ::testing::WithParamInterface<Impostor> {};

TEST_P(FalseManager, gets_no_byte_of_payload_and_contact_is_made_when_the_right_one_is_back) {
    TlsRecorder impostor({servers(), k_https}, GetParam().identity(authority_));
    auto const unit = verifying_unit();
    EventLog events(unit);
    ASSERT_TRUE(wait_for_status(unit, events, "Failed"));
    auto const line = std::string("SSL: socklib_sslHandshake: VerifyResult=") + GetParam().result + ", NameCheck: " + GetParam().name_check;
    auto const refused = events.wait_for([&line](Event const& event) { return event.id == "tls.failed" && event.field("syslog") == line; });
    EXPECT_TRUE(refused) << estate_.fact(unit, "client.external_manager.diagnosis");
    EXPECT_THAT(estate_.fact(unit, "client.external_manager.diagnosis"), HasSubstr(line));
    EXPECT_EQ(impostor.received(), "");
    EXPECT_EQ(estate_.on_loop([&] { return unit->running(); }), Running::running);

    impostor.stop();
    auto const right = manager(k_https, authority_.issue(std::string(k_name)));
    auto const requests = right->wait_for(1);
    ASSERT_FALSE(requests.empty()) << "contact is made again by itself";
    EXPECT_EQ(event_of(requests.front()), "Register");
    EXPECT_TRUE(wait_for_status(unit, events, "Active"));
    EXPECT_EQ(estate_.fact(unit, "client.external_manager.diagnosis"), "");
}

INSTANTIATE_TEST_SUITE_P(
    Certificates, FalseManager,
    ::testing::Values(
        Impostor{"wrong_name", [](TestAuthority const& authority) { return authority.issue("other.example.test"); }, "0=OK", "Mismatch"},
        Impostor{"expired", [](TestAuthority const& authority) { return authority.issue_expired(std::string(k_name)); },
                 "10=CERT_HAS_EXPIRED", "Match"},
        Impostor{"self_signed", [](TestAuthority const&) { return countersign::testing::self_signed(std::string(k_name)); },
                 "18=DEPTH_ZERO_SELF_SIGNED_CERT", "Match"},
        Impostor{"untrusted", [](TestAuthority const&) { return TestAuthority("Somebody else's root").issue(std::string(k_name)); },
                 "20=UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "Match"}),
    [](auto const& info) { return std::string(info.param.description); });

/// The recorder of the tests above would show a payload if one came.
TEST_F(ExternalManagerVerification, the_recorder_of_the_impostor_tests_sees_what_the_right_manager_gets) {
    TlsRecorder const right({servers(), k_https}, authority_.issue(std::string(k_name)));
    auto const unit = verifying_unit();
    right.process().wait_until([&right] { return right.received().contains("PostEvent"); });
}

}  // namespace
}  // namespace countersign::device
