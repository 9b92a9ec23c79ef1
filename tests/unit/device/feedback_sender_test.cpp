#include "device/clients/feedback_sender.hpp"

#include "dialect/xml_rpc.hpp"
#include "unit/device/client_fixture.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::device {
namespace {

using namespace std::chrono_literals;
using countersign::testing::ClientTest;
using countersign::testing::EventLog;
using countersign::testing::k_http;
using countersign::testing::k_https;
using countersign::testing::k_offset;
using countersign::testing::RecordingServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace xml_rpc = dialect::xml_rpc;

class FeedbackSender : public ClientTest {
protected:
    void enrol(std::shared_ptr<Unit> const& unit, FeedbackSlot slot) {
        auto const done = estate_.on_loop([&] { return unit->set_feedback(slot, {"test", "admin", ""}); });
        ASSERT_TRUE(done) << done.error().message();
    }
};

std::vector<std::string> events_of(net::http::Request const& request) {
    auto const call = xml_rpc::parse_call(request.body).value();
    EXPECT_EQ(call.method, "eventNotification");
    std::vector<std::string> out;
    for (auto const& event : *call.parameters.at(0).member("events")->as<xml_rpc::Array>()) out.push_back(event.to_text());
    return out;
}

TEST_F(FeedbackSender, posts_changed_settings_that_the_server_asked_for) {
    auto const receiver = server(k_http);
    auto const unit = estate_.boot("c-series", 1);
    enrol(unit, {3, "http://" + servers() + "/tms/public/feedback/code.aspx", {"/Configuration/SystemUnit"}, ""});
    estate_.apply(unit, {{"Audio Volume", "60"}, {"SystemUnit Name", "Room 204"}});
    auto const requests = receiver->wait_for(1);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].path, "/tms/public/feedback/code.aspx");
    EXPECT_EQ(requests[0].peer.address, unit->address());
    auto const post = dialect::external_manager::parse_feedback(requests[0].body).value();
    EXPECT_EQ(post.identification.serial_number, "TEST1");
    EXPECT_EQ(post.document.find("SystemUnit Name"), "Room 204");
    EXPECT_FALSE(post.document.find("Audio Volume"));
}

TEST_F(FeedbackSender, posts_json_where_that_was_asked_for) {
    auto const receiver = server(k_http);
    auto const unit = estate_.boot("roomos", 1);
    estate_.apply(unit, {{"client.verify", "off"}, {"client.feedback.verify", "off"}, {"client.phonebook.verify", "off"}});
    enrol(unit, {1, "http://" + servers() + "/feedback", {"/Configuration/SystemUnit"}, "", "JSON"});
    EXPECT_EQ(estate_.fact(unit, "client.feedback.format"), "JSON");
    estate_.apply(unit, {{"SystemUnit Name", "Room \"204\""}});
    auto const requests = receiver->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_EQ(requests[0].fields.get("Content-Type"), "application/json");
    EXPECT_THAT(requests[0].body, HasSubstr(R"({"Configuration":{"Identification":{"SystemName":{"Value":"Room \"204\""})"));
    EXPECT_THAT(requests[0].body, HasSubstr(R"("SystemUnit":{"Name":{"Value":"Room \"204\""}}})"));
}

TEST_F(FeedbackSender, verifies_by_its_own_switch_where_the_family_has_one) {
    auto const receiver = server(k_https, countersign::testing::self_signed("whoever"));
    auto const unit = estate_.boot("roomos", 1);
    EventLog events(unit);
    ASSERT_EQ(estate_.effective(unit, "client.verify"), "on");
    estate_.apply(unit, {{"HttpFeedback TlsVerify", "Off"}});
    enrol(unit, {1, "https://" + servers() + "/feedback", {"/Configuration/SystemUnit"}, ""});
    estate_.apply(unit, {{"SystemUnit Name", "First"}});
    ASSERT_FALSE(receiver->wait_for(1).empty());
    EXPECT_EQ(estate_.fact(unit, "client.verify.active"), "False") << "not every client verifies";
    estate_.on_loop([&] { (void)unit->set_feedback({1, "", {}, ""}, {"test", "admin", ""}); });
    estate_.apply(unit, {{"HttpFeedback TlsVerify", "On"}});
    enrol(unit, {1, "https://manager.example.test/feedback", {"/Configuration/SystemUnit"}, ""});
    estate_.apply(unit, {{"SystemUnit Name", "Second"}});
    EXPECT_TRUE(events.wait_for([](Event const& event) { return event.id == "feedback.status" && event.field("status") == "Failed"; }));
    EXPECT_EQ(receiver->wait_for(1).size(), 1U);
}

TEST_F(FeedbackSender, posts_status_that_changes_and_list_items_that_go) {
    auto const receiver = server(k_http);
    auto const unit = estate_.boot("c-series", 1);
    enrol(unit, {1, "http://" + servers() + "/feedback", {"/Status/HttpFeedback", "/Configuration/Audio"}, ""});
    enrol(unit, {2, "http://" + estate_.address(101) + "/feedback", {"/Event/Nothing"}, ""});
    auto const came = receiver->wait_for([](auto const& request) { return request.body.contains("/Event/Nothing"); });
    ASSERT_TRUE(came);
    EXPECT_THAT(came->body, HasSubstr("<Status><Identification><SystemName>"));
    EXPECT_THAT(came->body, HasSubstr("<Expression item=\"1\">/Event/Nothing</Expression>"));
    enrol(unit, {2, "", {}, ""});
    EXPECT_TRUE(receiver->wait_for([](auto const& request) { return request.body.contains("<HttpFeedback item=\"2\" ghost=\"True\"/>"); }));
    estate_.apply(unit, {{"Audio Volume", "61"}});
    EXPECT_TRUE(receiver->wait_for([](auto const& request) { return request.body.contains("<Volume>61</Volume>"); }));
}

TEST_F(FeedbackSender, of_what_went_and_came_again_the_last_counts) {
    auto const unit = estate_.boot("c-series", 1);
    FeedbackSlot const slot{1, "http://x.test/", {"/Status"}, ""};
    FeedbackItem const there{"Status", {{"HttpFeedback 2 URL", "http://y.test/"}}};
    FeedbackItem const gone{"Status", {{"HttpFeedback 2 ghost", "True"}}};
    auto const body = [&](std::vector<FeedbackItem> const& items) {
        return estate_.on_loop([&] { return feedback_body(*unit, slot, items); });
    };
    EXPECT_THAT(body({there, gone}), HasSubstr("<HttpFeedback item=\"2\" ghost=\"True\"/>"));
    EXPECT_THAT(body({gone, there}), HasSubstr("<HttpFeedback item=\"2\"><URL>http://y.test/</URL></HttpFeedback>"));
}

TEST_F(FeedbackSender, classic_systems_watch_twenty_expressions_for_all_servers) {
    auto const unit = estate_.boot("mxp", 1);
    std::vector<std::string> const fifteen(15, "/Status/Call");
    enrol(unit, {1, "http://" + servers() + "/a", fifteen, ""});
    auto const more = [&](std::vector<std::string> expressions, int number = 2) {
        return estate_.on_loop(
            [&] { return unit->set_feedback({number, "http://" + servers() + "/b", expressions, ""}, {"test", "admin", ""}); });
    };
    EXPECT_EQ(more(std::vector<std::string>(6, "/Status")).error().id(), errors::dev::too_many_registered_expressions);
    EXPECT_TRUE(more(std::vector<std::string>(5, "/Status")));
    EXPECT_TRUE(more(fifteen, 1)) << "what is replaced does not count";
    EXPECT_EQ(more({"/Status"}, 3).error().id(), errors::dev::too_many_registered_expressions);
}

TEST_F(FeedbackSender, keeps_changes_while_the_server_is_away_and_posts_the_newest_value) {
    auto const unit = estate_.boot("c-series", 1);
    EventLog events(unit);
    enrol(unit, {1, "http://" + servers() + "/feedback", {"/Configuration"}, ""});
    estate_.apply(unit, {{"SystemUnit Name", "First"}});
    ASSERT_TRUE(events.wait_for([](Event const& event) { return event.id == "feedback.status" && event.field("status") == "Failed"; }));
    EXPECT_EQ(estate_.fact(unit, "client.feedback.status"), "Failed");
    estate_.apply(unit, {{"SystemUnit Name", "Second"}});
    auto const receiver = server(k_http);
    auto const requests = receiver->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_THAT(requests[0].body, HasSubstr("<Name>Second</Name>"));
    EXPECT_TRUE(events.wait_for([](Event const& event) { return event.id == "feedback.status" && event.field("status") == "OK"; }));
}

/// The companions of a unit go and come with a restart, as its process would.
TEST_F(FeedbackSender, keeps_what_waits_over_a_restart_in_its_order) {
    auto const unit = estate_.boot("c-series", 1);
    enrol(unit, {1, "http://" + servers() + "/feedback", {"/Configuration", "/Event"}, ""});
    EventLog events(unit);
    estate_.apply(unit, {{"SystemUnit Name", "Before"}});
    for (auto const id : {"first", "second"})
        estate_.on_loop([&] { unit->report("alarm.raised", {{"id", id}, {"subject", "management"}, {"text", "It ends"}}); });
    ASSERT_TRUE(events.wait_for([](Event const& event) { return event.id == "feedback.status" && event.field("status") == "Failed"; }));
    estate_.on_loop([&] { unit->request_restart({"test", "admin", ""}); });
    ASSERT_TRUE(events.wait_for("boot.done"));
    auto const receiver = server(k_http);
    auto const requests = receiver->wait_for(3);
    ASSERT_GE(requests.size(), 3U);
    EXPECT_THAT(requests[0].body, HasSubstr("<Name>Before</Name>"));
    EXPECT_THAT(requests[1].body, HasSubstr("<Event><Identification>"));
    EXPECT_THAT(requests[1].body, HasSubstr("<AlarmRaised><Id>first</Id><Subject>management</Subject><Text>It ends</Text></AlarmRaised>"));
    EXPECT_THAT(requests[2].body, HasSubstr("<Id>second</Id>"));
}

TEST_F(FeedbackSender, is_taken_up_at_once_when_it_is_enabled_again) {
    auto const unit = estate_.boot("c-series", 1);
    enrol(unit, {1, "http://" + servers() + "/feedback", {"/Configuration"}, ""});
    EventLog events(unit);
    estate_.apply(unit, {{"SystemUnit Name", "Changed"}});
    ASSERT_TRUE(events.wait_for([](Event const& event) { return event.id == "feedback.status" && event.field("status") == "Failed"; }));
    auto const receiver = server(k_http);
    auto const enable = [&](std::string const& slot) {
        return estate_.run(unit->run_command("HttpFeedback Enable", {{"FeedbackSlot", slot}}, "", {"test", "admin", ""}));
    };
    EXPECT_TRUE(enable("1"));
    EXPECT_EQ(enable("2").error().id(), errors::gen::not_found);
    ASSERT_FALSE(receiver->wait_for(1).empty());
    EXPECT_TRUE(events.wait_for("feedback.enabled"));
}

TEST_F(FeedbackSender, forgets_what_waited_for_another_server) {
    auto const unit = estate_.boot("c-series", 1);
    EventLog events(unit);
    enrol(unit, {1, "http://" + estate_.address(101) + "/feedback", {"/Configuration"}, ""});
    estate_.apply(unit, {{"SystemUnit Name", "For the first"}});
    ASSERT_TRUE(events.wait_for("feedback.status"));
    auto const receiver = server(k_http);
    enrol(unit, {1, "http://" + servers() + "/feedback", {"/Configuration"}, ""});
    estate_.apply(unit, {{"SystemUnit Name", "For the second"}});
    auto const requests = receiver->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_THAT(requests[0].body, HasSubstr("For the second"));
    EXPECT_THAT(requests[0].body, ::testing::Not(HasSubstr("For the first")));
}

TEST_F(FeedbackSender, posts_to_an_https_url_over_https_only) {
    auto const plain = server(k_http);
    auto const unit = estate_.boot("c-series", 1);
    EventLog events(unit);
    enrol(unit, {1, "https://" + servers() + "/feedback", {"/Configuration"}, ""});
    estate_.apply(unit, {{"SystemUnit Name", "Changed"}});
    ASSERT_TRUE(events.wait_for("feedback.status"));
    auto const secure = server(k_https, countersign::testing::self_signed("whoever"));
    ASSERT_FALSE(secure->wait_for(1).empty());
    EXPECT_TRUE(plain->wait_for(0).empty());
}

TEST_F(FeedbackSender, shows_no_password_in_feedback) {
    auto const receiver = server(k_http);
    auto const unit = estate_.boot("c-series", 1);
    enrol(unit, {1, "http://" + servers() + "/feedback", {"/Configuration"}, ""});
    estate_.apply(unit, {{"snmp.community.read", "hidden"}});
    auto const requests = receiver->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_THAT(requests[0].body, ::testing::Not(HasSubstr("hidden")));
}

TEST_F(FeedbackSender, notifies_registered_receivers_of_registration_and_restart) {
    auto const receiver = server(k_http);
    auto const unit = estate_.boot("mcu", 1);
    enrol(unit, {1, "http://" + servers() + "/RPC2", {}, "unit one"});
    auto const requests = receiver->wait_for(1);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_THAT(events_of(requests[0]), ElementsAre("configureAck"));
    EXPECT_EQ(xml_rpc::parse_call(requests[0].body).value().parameters.at(0).text("sourceIdentifier"), "unit one");

    estate_.on_loop([&] { unit->request_restart({"test", "admin", ""}); });
    // Before it goes down, or when it is back, whatever comes first; and then that it is back.
    auto const says = [](std::string const& event) {
        return [event](auto const& request) {
            auto const said = events_of(request);
            return std::ranges::find(said, event) != said.end();
        };
    };
    EXPECT_TRUE(receiver->wait_for(says("rebooting")));
    EXPECT_TRUE(receiver->wait_for(says("restart")));
}

TEST_F(FeedbackSender, names_itself_by_its_hardware_address_without_an_identifier) {
    auto const receiver = server(k_http);
    auto const unit = estate_.boot("mcu", 1, [](UnitSpec& spec) { spec.mac = "00:0D:7C:00:0C:66"; });
    enrol(unit, {1, "http://" + servers() + "/RPC2", {}, ""});
    auto const requests = receiver->wait_for(1);
    ASSERT_FALSE(requests.empty());
    EXPECT_EQ(xml_rpc::parse_call(requests[0].body).value().parameters.at(0).text("sourceIdentifier"), "000D7C000C66");
}

TEST_F(FeedbackSender, sends_only_the_events_that_were_asked_for) {
    auto const receiver = server(k_http);
    auto const unit = estate_.boot("mcu", 1);
    enrol(unit, {1, "http://" + servers() + "/RPC2", {"servicesChanged"}, ""});
    estate_.apply(unit, {{"service.ftp.mode", "off"}});
    auto const changed = receiver->wait_for([](auto const& request) { return request.body.contains("servicesChanged"); });
    ASSERT_TRUE(changed);
}

/// The MCU's side of the impostor tests: an anonymous receiver with a certificate that nobody vouches for.
TEST_F(FeedbackSender, sends_nothing_to_a_receiver_that_cannot_prove_who_it_is) {
    countersign::testing::TestAuthority const authority;
    countersign::testing::NameServer const names("example.test", {{"manager.example.test", servers()}, {"ntp.example.test", servers()}},
                                                 servers(), 53 + k_offset);
    countersign::testing::TimeServer const time(servers(), 123 + k_offset);
    countersign::testing::TlsRecorder impostor({servers(), k_https}, countersign::testing::self_signed("manager.example.test"));

    auto const unit = estate_.boot("mcu", 1, [this](UnitSpec& spec) {
        spec.settings = {{"name.dns.server.1", servers()}, {"time.ntp.mode", "On"}, {"time.ntp.address", "ntp.example.test"}};
    });
    EventLog events(unit);
    estate_.trust(unit, authority.root());
    estate_.apply(unit, {{"client.verify", "Outgoing connections only"}});
    enrol(unit, {1, "https://manager.example.test/RPC2", {}, ""});
    ASSERT_TRUE(events.wait_for("tls.failed"));
    EXPECT_EQ(impostor.received(), "");

    impostor.stop();
    auto const right = server(k_https, authority.issue("manager.example.test"));
    ASSERT_FALSE(right->wait_for(1).empty());
    EXPECT_TRUE(events.wait_for([](Event const& event) { return event.id == "feedback.status" && event.field("status") == "OK"; }));
}

}  // namespace
}  // namespace countersign::device
