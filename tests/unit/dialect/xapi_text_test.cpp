#include "dialect/xapi_text.hpp"

#include "dialect/line_reader.hpp"
#include "family_fixture.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::xapi {
namespace {

using family::Argument;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

family::Family const& endpoint() { return embedded_family("c-series"); }

/// What the line asks for; the test fails when it is something else.
template <class Kind>
Kind ask(std::string_view line) {
    auto request = parse_line(line, endpoint());
    if (!request) {
        ADD_FAILURE() << line << ": " << request.error().message();
        return {};
    }
    if (!std::holds_alternative<Kind>(request->what)) {
        ADD_FAILURE() << line << " is another kind of request";
        return {};
    }
    return std::get<Kind>(request->what);
}

ErrorId refusal(std::string_view line) {
    auto request = parse_line(line, endpoint());
    EXPECT_FALSE(request) << line;
    return request ? ErrorId{} : request.error().id();
}

/// Canonical setting and canonical value that a line stands for.
std::pair<std::string, std::string> meaning(std::string_view line) {
    auto const set = ask<SetSetting>(line);
    auto const* setting = endpoint().find_setting(set.path);
    if (setting == nullptr) return {"unknown", set.path};
    auto const value = setting->space.check(set.path, set.value);
    return {setting->canonical, value ? setting->to_canonical(*value) : "illegal"};
}

struct GuideLine {
    std::string_view line;
    std::string_view canonical;
    std::string_view value;
};

void PrintTo(GuideLine const& guide, std::ostream* out) { *out << guide.line; }

class GuideLines : public testing::TestWithParam<GuideLine> {};

TEST_P(GuideLines, mean_their_canonical_setting) {
    auto const& [line, canonical, value] = GetParam();
    EXPECT_EQ(meaning(line), (std::pair<std::string, std::string>(canonical, value)));
}

// The commands of the C-series chapter, letter by letter: the reference part and the Level 4 guide.
INSTANTIATE_TEST_SUITE_P(
    CSeries, GuideLines,
    testing::Values(GuideLine{"xconfiguration networkservices https mode: on", "service.https.mode", "on"},
                    GuideLine{"xconfiguration networkservices http mode: off", "service.http.mode", "off"},
                    GuideLine{"xconfiguration networkservices ssh mode: on", "service.ssh.mode", "on"},
                    GuideLine{"xconfiguration networkservices telnet mode: off", "service.telnet.mode", "off"},
                    GuideLine{"xconfiguration networkservices snmp mode: off", "service.snmp.mode", "off"},
                    GuideLine{"xconfiguration provisioning externalmanager protocol: HTTPS", "client.external_manager.protocol", "https"},
                    GuideLine{"xconfiguration phonebook server 1 url: https://tms.company.com/tms/x", "client.phonebook.url",
                              "https://tms.company.com/tms/x"},
                    GuideLine{"xconfiguration networkservices https verifyservercertificate: on", "client.verify", "on"},
                    GuideLine{"xconfig networkservices http mode: off", "service.http.mode", "off"},
                    GuideLine{"xconfig networkservices https mode: on", "service.https.mode", "on"},
                    GuideLine{"xconfig networkservices telnet mode: off", "service.telnet.mode", "off"},
                    GuideLine{"xconfig networkservices snmp mode: off", "service.snmp.mode", "off"},
                    GuideLine{"xconfig networkservices ssh mode: on", "service.ssh.mode", "on"},
                    GuideLine{"xconfig networkservices https verifyservercertificate: on", "client.verify", "on"},
                    GuideLine{"xconfig networkservices ntp mode: on", "time.ntp.mode", "on"},
                    GuideLine{"xconfig networkservices ntp address: 1.pool.ntp.org", "time.ntp.address", "1.pool.ntp.org"},
                    GuideLine{"xconfig network 1 dns server 1 address: 10.10.10.2", "name.dns.server.1", "10.10.10.2"},
                    GuideLine{"xconfig network 1 dns domain name: company.com", "name.dns.domain", "company.com"},
                    GuideLine{"xconfig systemunit name: rm204-bld5", "system.name", "rm204-bld5"},
                    GuideLine{"xconfig provisioning externalmanager address: 127.0.0.1", "client.external_manager.address", "127.0.0.1"},
                    GuideLine{"xconfig provisioning externalmanager protocol: https", "client.external_manager.protocol", "https"},
                    GuideLine{"xconfig provisioning externalservices mode: off", "client.external_services.mode", "off"},
                    GuideLine{"xconfig phonebook server 1 url: 127.0.0.1", "client.phonebook.url", "127.0.0.1"}));

TEST(Dataport, the_guides_way_to_set_the_password_is_understood) {
    auto const call = ask<CallCommand>("xcom systemunit adminpassword set password: superstrongpasswordhere");
    EXPECT_EQ(call.call.path, "SystemUnit AdminPassword Set");
    EXPECT_THAT(call.call.arguments, ElementsAre(Argument{"Password", "superstrongpasswordhere"}));
}

TEST(Dataport, the_guides_way_to_restart_is_understood) {
    EXPECT_EQ(ask<CallCommand>("xcom boot").call.path, "Boot");
    EXPECT_EQ(ask<CallCommand>("xCommand Boot").call.path, "Boot");
}

TEST(Dataport, feedback_is_registered_with_several_expressions) {
    auto const call = ask<CallCommand>(
        "xcommand httpfeedback register feedbackslot: 3 serverurl: https://m.test:8443/tms?x=1 expression: /Configuration "
        "expression: \"/Status/System Unit\"");
    EXPECT_THAT(call.call.arguments, ElementsAre(Argument{"FeedbackSlot", "3"}, Argument{"ServerUrl", "https://m.test:8443/tms?x=1"},
                                                 Argument{"Expression", "/Configuration"}, Argument{"Expression", "/Status/System Unit"}));
}

TEST(Dataport, a_branch_lists_all_settings_below_it) {
    EXPECT_THAT(ask<GetSettings>("xconfiguration provisioning externalmanager").paths,
                ElementsAre("Provisioning ExternalManager Address", "Provisioning ExternalManager AlternateAddress",
                            "Provisioning ExternalManager Path", "Provisioning ExternalManager Protocol"));
    EXPECT_THAT(ask<GetSettings>("xconfiguration phonebook").paths, Contains("Phonebook Server 1 URL"));
    EXPECT_THAT(ask<GetSettings>("xconfiguration network 1 ipv4").paths, testing::SizeIs(4));
    EXPECT_EQ(ask<GetSettings>("xconfiguration").paths.size(), endpoint().settings.size());
}

TEST(Dataport, an_exact_word_wins_over_those_that_only_begin_so) {
    EXPECT_EQ(ask<SetSetting>("xConfiguration NetworkServices HTTP Mode: On").path, "NetworkServices HTTP Mode");
    EXPECT_THAT(ask<GetSettings>("xconfiguration network").paths, testing::Each(testing::StartsWith("Network 1 ")));
}

TEST(Dataport, words_may_be_shortened_while_they_are_unambiguous) {
    EXPECT_EQ(ask<SetSetting>("xconf networks https verify: off").path, "NetworkServices HTTPS VerifyServerCertificate");
    EXPECT_EQ(refusal("xconfig networkservices s mode: on"), errors::dev::ambiguous_word);    // SSH, SNMP, SIP
    EXPECT_EQ(refusal("xconfig networkservices htt mode: on"), errors::dev::ambiguous_word);  // HTTP, HTTPS
    EXPECT_EQ(refusal("xco boot"), errors::dev::ambiguous_word);                              // xCommand, xConfiguration
}

TEST(Dataport, slashes_and_brackets_are_another_way_to_write_a_path) {
    EXPECT_EQ(ask<SetSetting>("xconfiguration /Network[1]/DNS/Server[2]/Address: 192.0.2.1").path, "Network 1 DNS Server 2 Address");
}

TEST(Dataport, two_slashes_search_at_any_depth) {
    EXPECT_THAT(ask<GetSettings>("xconfiguration //ntp").paths, ElementsAre("NetworkServices NTP Mode", "NetworkServices NTP Address"));
    EXPECT_THAT(ask<GetSettings>("xConfiguration // HTTPS // Mode").paths, ElementsAre("NetworkServices HTTPS Mode"));
    EXPECT_EQ(refusal("xconfiguration //toaster"), errors::dev::unknown_setting);
}

TEST(Dataport, a_question_mark_tells_what_may_be_set) {
    EXPECT_THAT(ask<Help>("xConfiguration // SystemUnit Name ?").lines, ElementsAre("*? xConfiguration SystemUnit Name: <S: 0, 50>"));
    EXPECT_THAT(ask<Help>("xconfiguration networkservices https mode ?").lines,
                ElementsAre("*? xConfiguration NetworkServices HTTPS Mode: <Off/On>"));
    EXPECT_THAT(ask<Help>("xcommand ?").lines, Contains("*? xCommand Boot"));
    EXPECT_THAT(ask<Help>("?").lines, Contains("xConfiguration"));
    EXPECT_THAT(ask<Help>("help").lines, Contains("xStatus"));
}

TEST(Dataport, values_may_be_quoted_and_then_carry_anything) {
    EXPECT_EQ(ask<SetSetting>(R"(xConfiguration SystemUnit Name: "a \"b\" | c: \\d")").value, R"(a "b" | c: \d)");
    EXPECT_EQ(ask<SetSetting>("xConfiguration SystemUnit Name: board room 7").value, "board room 7");
    EXPECT_EQ(ask<SetSetting>("xConfiguration SystemUnit Name:").value, "");
}

TEST(Dataport, the_result_id_is_cut_off_and_kept) {
    auto request = parse_line(R"(xConfiguration SystemUnit Name: "x" | resultId="7")", endpoint());
    ASSERT_TRUE(request);
    EXPECT_EQ(request->result_id, "7");
    EXPECT_EQ(std::get<SetSetting>(request->what).value, "x");
}

TEST(Dataport, an_unknown_path_is_refused_with_the_path) {
    auto request = parse_line("xconfiguration toaster heat: 9", endpoint());
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().id(), errors::dev::unknown_setting);
    EXPECT_EQ(request.error().parameter("path"), "toaster heat");
}

TEST(Dataport, a_value_for_a_branch_is_refused) {
    EXPECT_EQ(refusal("xconfiguration networkservices https: on"), errors::dev::unknown_setting);
    EXPECT_EQ(refusal("xconfiguration systemunit name too: x"), errors::dev::unknown_setting);
    EXPECT_EQ(refusal("xconfiguration: x"), errors::dev::unknown_command);
}

TEST(Dataport, commands_are_refused_for_each_reason_with_its_own_error) {
    EXPECT_EQ(refusal("xcommand dial number: 1"), errors::dev::unknown_command);
    EXPECT_EQ(refusal("xcommand httpfeedback"), errors::dev::unknown_command);
    EXPECT_EQ(refusal("xcommand boot delay: 1"), errors::dev::missing_parameter);
    EXPECT_EQ(refusal("xcommand systemunit adminpassword set password: two words"), errors::dev::malformed_command);
    EXPECT_EQ(refusal("xcommand boot \"now"), errors::dev::malformed_command);
    EXPECT_EQ(refusal("reboot"), errors::dev::unknown_command);
    EXPECT_EQ(refusal("xconfiguration systemunit name: \"open"), errors::dev::malformed_command);
    EXPECT_EQ(refusal(std::string(9000, 'x')), errors::dev::malformed_command);
    EXPECT_EQ(refusal("xconfiguration systemunit name: \xff"), errors::dev::malformed_command);
}

TEST(Dataport, the_other_verbs_are_read) {
    EXPECT_EQ(ask<GetStatus>("xstatus systemunit software").path, "SystemUnit Software");
    EXPECT_EQ(ask<GetStatus>("xstatus httpfeedback 3 url").path, "HttpFeedback 3 URL");
    EXPECT_EQ(ask<GetStatus>("xstatus").path, "");
    EXPECT_EQ(refusal("xstatus toaster"), errors::dev::unknown_setting);
    EXPECT_EQ(ask<Feedback>("xfeedback register /Status/SystemUnit").expression, "/Status/SystemUnit");
    EXPECT_EQ(ask<Feedback>("xfeedback list").kind, Feedback::Kind::list);
    EXPECT_EQ(ask<Feedback>("xFeedback DeregisterAll").kind, Feedback::Kind::deregister_all);
    EXPECT_EQ(ask<GetXml>("xgetxml /Status").location, "/Status");
    EXPECT_EQ(ask<Preference>("xpreferences outputmode xml").value, "xml");
    EXPECT_FALSE(ask<Echo>("echo off").on);
    ask<Bye>("bye");
    ask<EmptyLine>("   ");
}

TEST(Dataport, colons_end_names_only_outside_quotes_and_values) {
    auto const tokens = tokenise(R"(a b: http://x:80/ c:"d: e")");
    ASSERT_TRUE(tokens);
    ASSERT_EQ(tokens->size(), 5U);
    EXPECT_TRUE((*tokens)[1].name);
    EXPECT_EQ((*tokens)[2].text, "http://x:80/");
    EXPECT_TRUE((*tokens)[3].name);
    EXPECT_EQ((*tokens)[4].text, "d: e");
}

// --- answers ---

TEST(DataportAnswer, settings_are_quoted_as_their_kind_asks) {
    EXPECT_EQ(format_settings(endpoint(),
                              {{"SystemUnit Name", "a \"b\""},
                               {"NetworkServices HTTPS Mode", "On"},
                               {"Audio Volume", "50"},
                               {"NetworkServices SNMP CommunityName", "public"}},
                              "7"),
              "*c xConfiguration SystemUnit Name: \"a \\\"b\\\"\"\n*c xConfiguration NetworkServices HTTPS Mode: On\n"
              "*c xConfiguration Audio Volume: 50\n*c xConfiguration NetworkServices SNMP CommunityName: \"***\"\n"
              "** resultId: \"7\"\n** end\n\nOK\n");
}

TEST(DataportAnswer, settings_are_read_back_by_the_other_side) {
    std::vector<PathValue> const values{{"SystemUnit Name", "a \"b\": c"}, {"NetworkServices HTTPS Mode", "On"}};
    auto answer = parse_answer(format_settings(endpoint(), values));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->ok);
    EXPECT_EQ(answer->values, values);
}

TEST(DataportAnswer, a_command_result_tells_its_status) {
    auto ok = parse_answer(format_command_result({"BootResult", Outcome::ok, {}, {}, {}}));
    ASSERT_TRUE(ok);
    EXPECT_TRUE(ok->ok);
    EXPECT_EQ(ok->status, "OK");
    EXPECT_THAT(format_command_result({"BootResult", Outcome::ok, {}, {}, {}}), HasSubstr("*r BootResult (status=OK):\n** end\n"));
}

TEST(DataportAnswer, errors_follow_the_style_of_their_verb) {
    Error const unknown(errors::dev::unknown_setting, {{"path", "toaster heat"}});
    EXPECT_EQ(format_error(unknown, "xConfiguration"),
              "*c Configuration (status=Error):\n*c Configuration Reason: \"No match on address expression\"\n"
              "*c Configuration XPath: \"Configuration/toaster/heat\"\n** end\n\nERROR\n");
    Error const command(errors::dev::unknown_command, {{"path", "Dial"}});
    auto answer = parse_answer(format_error(command, "xCommand", "3"));
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->ok);
    EXPECT_EQ(answer->status, "Error");
    EXPECT_EQ(answer->reason, "Unknown command");
}

TEST(DataportAnswer, an_answer_without_end_is_no_answer) { EXPECT_FALSE(parse_answer("*c xConfiguration SystemUnit Name: \"x\"\n")); }

TEST(DataportAnswer, every_line_ends_with_a_plain_line_feed) {
    EXPECT_EQ(format_welcome("room", endpoint(), "TC4").find('\r'), std::string::npos);
    EXPECT_THAT(format_welcome("room", endpoint(), "TC4"), HasSubstr("\nOK\n"));
}

TEST(DataportAnswer, what_the_manager_writes_the_system_reads) {
    EXPECT_EQ(ask<SetSetting>(write_set({"SystemUnit Name", "a \"b\" | resultId=\"1\""})).value, "a \"b\" | resultId=\"1\"");
    CommandCall const call{"SystemUnit AdminPassword Set", true, {{"Password", "p: \"q\" \\ r"}}, {}};
    EXPECT_EQ(ask<CallCommand>(write_call(call)).call, call);
}

TEST(TextAnswers, hold_pem_text_in_lines_of_its_own) {
    std::string const pem = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n";
    auto const text = format_command_result({.name = "CSRCreateResult",
                                             .outcome = Outcome::ok,
                                             .reason = {},
                                             .xpath = {},
                                             .values = {XmlElement("CSR", pem), XmlElement("After", "x")}});
    EXPECT_THAT(text, ::testing::HasSubstr("*r CSRCreateResult CSR: \"\n" + pem + "\"\n"));
    auto const answer = parse_answer(text).value();
    EXPECT_THAT(answer.values, ::testing::ElementsAre(PathValue{"CSRCreateResult CSR", pem}, PathValue{"CSRCreateResult After", "x"}));
    EXPECT_FALSE(parse_answer("*r X CSR: \"\n-----BEGIN X-----\nOK\n")) << "which never ends";
}

}  // namespace
}  // namespace countersign::dialect::xapi
