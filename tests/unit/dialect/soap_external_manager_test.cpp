#include "dialect/soap_external_manager.hpp"

#include "family_fixture.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::external_manager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Identification unit() {
    return {"room <7>",       "A1:B2:C3:D4:E5:F6", "192.0.2.20",    "TANDBERG Codec",
            "TANDBERG Codec", "TC4.1.2.257695",    "101400-5 [08]", "B1AC00A00000"};
}

TEST(PostEvent, round_trips) {
    PostEvent const event{unit(), "Boot"};
    auto back = parse_post_event(write_post_event(event));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, event);
}

TEST(PostEvent, is_read_as_real_systems_write_it) {
    auto event = parse_post_event(
        "<env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\" "
        "xmlns=\"http://www.tandberg.net/2004/11/SystemManagementService/\"><env:Body "
        "xmlns=\"http://www.tandberg.net/2004/11/SystemManagementService/\"><PostEvent><Identification><SystemName/>"
        "<MACAddress>A1:B2:C3:D4:E5:F6</MACAddress><IPAddress>172.16.0.20</IPAddress><SerialNumber>B1AC00A00000</SerialNumber>"
        "</Identification><Event>Register</Event></PostEvent></env:Body></env:Envelope>");
    ASSERT_TRUE(event) << event.error().message();
    EXPECT_EQ(event->event, "Register");
    EXPECT_EQ(event->identification.system_name, "");
    EXPECT_EQ(event->identification.serial_number, "B1AC00A00000");
}

TEST(PostEvent, foreign_text_is_cut_at_a_limit_and_never_inside_a_character) {
    auto event = PostEvent{unit(), "Beat"};
    event.identification.system_name = "x";
    for (int i = 0; i < 200; ++i) event.identification.system_name += "\xc3\xa9";
    auto back = parse_post_event(write_post_event(event));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->identification.system_name.size(), 255U);
}

TEST(PostEvent, is_refused_without_an_event_and_without_an_envelope) {
    auto without = parse_post_event("<Envelope><Body><PostEvent/></Body></Envelope>");
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().id(), errors::gen::missing_field);
    auto other = parse_post_event("<html/>");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().id(), errors::dev::malformed_xml);
}

TEST(Answer, round_trips_with_settings_commands_and_documents) {
    auto const& family = embedded_family("c-series");
    Answer const answer{{{"Provisioning ExternalManager Protocol", "HTTPS"}, {"Network 1 DNS Server 1 Address", "192.0.2.53"}},
                        {{"HttpFeedback Register", true, {{"FeedbackSlot", "3"}, {"ServerUrl", "https://m/x?a=1&b=2"}}, {}}},
                        {{"/Status", "https://m/post"}},
                        std::chrono::seconds(420)};
    auto const xml = write_answer(answer, family.external_manager.name_space);
    EXPECT_THAT(xml, HasSubstr("<Configuration xmlns=\"" + family.external_manager.name_space));
    auto back = parse_answer(xml, family);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, answer);
}

TEST(Answer, without_an_envelope_is_read_too) {
    auto answer = parse_answer(
        "<PostEventResponse><PostEventResult><Management><Directory/></Management><HeartBeatInterval>45</HeartBeatInterval>"
        "</PostEventResult></PostEventResponse>",
        embedded_family("c-series"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->heartbeat, std::chrono::seconds(45));
    EXPECT_THAT(answer->settings, IsEmpty());
}

TEST(Answer, an_impossible_heartbeat_is_ignored) {
    for (auto const* text : {"0", "-5", "86401", "soon", "", "99999999999999999999"}) {
        auto answer = parse_answer("<PostEventResponse><PostEventResult><HeartBeatInterval>" + std::string(text) +
                                       "</HeartBeatInterval></PostEventResult></PostEventResponse>",
                                   embedded_family("c-series"));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->heartbeat, std::chrono::seconds(0)) << text;
    }
}

TEST(Feedback, carries_the_identification_as_the_first_child) {
    auto const xml = write_feedback(unit(), xapi::build_tree("Status", {{"SystemUnit Uptime", "5"}}));
    EXPECT_THAT(xml, HasSubstr("<Status><Identification><SystemName>"));
    auto post = parse_feedback(xml);
    ASSERT_TRUE(post);
    EXPECT_EQ(post->identification, unit());
    EXPECT_EQ(post->document.root, "Status");
    EXPECT_THAT(post->document.leaves, ElementsAre(xapi::PathValue{"SystemUnit Uptime", "5"}));
}

TEST(Feedback, other_documents_are_refused) { EXPECT_FALSE(parse_feedback("<html/>")); }

}  // namespace
}  // namespace countersign::dialect::external_manager
