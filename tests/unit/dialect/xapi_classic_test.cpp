/// The classic style of the dataport (protocols 2.2): what it reads, and the form of its answers.

#include "dialect/xapi_text.hpp"
#include "dialect/xapi_writer.hpp"
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
using testing::Not;

family::Family const& endpoint() { return embedded_family("mxp"); }

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

Error refusal(std::string_view line) {
    auto request = parse_line(line, endpoint());
    EXPECT_FALSE(request) << line;
    return request ? Error(ErrorId{}) : request.error();
}

std::string typed_wrong(std::string_view line) {
    auto const request = parse_line(line, endpoint());
    if (request) return "(taken)";
    return make_writer(endpoint(), {})->error(request.error(), verb_of(line, endpoint()), {});
}

TEST(ClassicDataport, takes_items_behind_a_dot_and_unique_beginnings_of_names) {
    auto const call =
        ask<CallCommand>("xcommand feedbackregister url:http://10.47.14.185:8000 expression.2:status/conference expression.1:status/call");
    EXPECT_EQ(call.call.path, "FeedbackRegister");
    EXPECT_THAT(call.call.arguments, ElementsAre(Argument{"URL", "http://10.47.14.185:8000"}, Argument{"Expression", "status/call"},
                                                 Argument{"Expression", "status/conference"}));
    EXPECT_THAT(ask<CallCommand>("xcom feedbackreg u:http://x e:status").call.arguments,
                ElementsAre(Argument{"URL", "http://x"}, Argument{"Expression", "status"}));
}

TEST(ClassicDataport, asks_for_documents_of_the_family) {
    EXPECT_EQ(ask<GetDocument>("xhistory").root, "History");
    EXPECT_EQ(ask<GetDocument>("xhi call").path, "call");
    EXPECT_THAT(ask<Help>("xhistory ?").lines, Contains(HasSubstr("xhistory <path>")));
    EXPECT_FALSE(parse_line("xhistory", embedded_family("c-series"))) << "which has no such document";
}

TEST(ClassicDataport, takes_values_in_the_order_of_the_parameters) {
    EXPECT_THAT(ask<CallCommand>("xcommand feedbackderegister 2").call.arguments, ElementsAre(Argument{"ID", "2"}));
    EXPECT_THAT(ask<CallCommand>("xcommand feedbackregister url:http://x 3").call.arguments,
                ElementsAre(Argument{"URL", "http://x"}, Argument{"ID", "3"}));
    EXPECT_EQ(refusal("xcommand boot 1 2 3").id(), errors::dev::malformed_command);
}

TEST(ClassicDataport, addresses_all_items_when_the_number_is_left_out) {
    EXPECT_THAT(ask<GetSettings>("xconfiguration ip dns server address").paths,
                ElementsAre("IP DNS Server 1 Address", "IP DNS Server 2 Address", "IP DNS Server 3 Address"));
    EXPECT_EQ(refusal("xconfiguration ip dns server address: 192.0.2.1").id(), errors::dev::unknown_setting);
}

TEST(ClassicDataport, says_which_words_an_abbreviation_stands_for) {
    EXPECT_EQ(ask<GetSettings>("xconfiguration externals").paths.size(), 4U);
    auto const two = refusal("xconfiguration external address");
    EXPECT_EQ(two.id(), errors::dev::ambiguous_word);
    EXPECT_EQ(two.parameter("candidates"), "ExternalManager, ExternalServices");
}

TEST(ClassicDataport, helps_at_every_level) {
    EXPECT_THAT(ask<Help>("xcommand feedbackregister ?").lines, ElementsAre("*h xCommand FeedbackRegister", HasSubstr("ID: <1..3>"),
                                                                            HasSubstr("URL(r): <S: "), HasSubstr("Expression.1..15")));
    EXPECT_THAT(ask<Help>("xconfiguration https mode ?").lines, ElementsAre("*h xConfiguration HTTPS Mode: <Off/On>"));
    EXPECT_THAT(ask<Help>("xpreferences ?").lines,
                ElementsAre("usage: xpreferences xpathwrite <on/off>", "or:    xpreferences detaillevel <1..2>",
                            "or:    xpreferences xmlconfigfeedback <on/off>", "or:    xpreferences xmlstatusfeedback <on/off>",
                            "or:    xpreferences xmlcommandresult <on/off>", "or:    xpreferences itemnumber <on/off>",
                            "or:    xpreferences completepath <on/off>"));
    EXPECT_THAT(ask<Help>("certificate ?").lines, ElementsAre("usage: certificate <list>/<del> [<cert/root>]"));
    EXPECT_THAT(ask<Help>("?").lines, testing::AllOf(Contains("certificate"), Contains("services"), Not(Contains("xEvent"))));
    EXPECT_THAT(ask<Help>("help certificate").lines, Contains(HasSubstr("[<cert/root>]")));
}

TEST(ClassicDataport, reads_the_old_words) {
    EXPECT_TRUE(ask<CertificateWord>("certificate del root").remove);
    EXPECT_EQ(ask<CertificateWord>("cert list cert").what, CertificateWord::What::server);
    EXPECT_EQ(ask<CertificateWord>("certificate list").what, CertificateWord::What::both);
    auto const wanted = ask<SwitchService>("services telnetchallenge enable 57");
    EXPECT_EQ(wanted.service, "telnet_challenge");
    EXPECT_EQ(wanted.value, "on");
    EXPECT_EQ(wanted.port, "57");
    EXPECT_EQ(ask<ChangePassword>("ippassword a b?").password, "a b?");
    EXPECT_FALSE(ask<Syslog>("syslog off").on);
    for (auto const* wrong :
         {"certificate", "certificate burn", "services toaster enable", "services http maybe", "services http enable x", "syslog perhaps"})
        EXPECT_EQ(refusal(wrong).id(), errors::dev::malformed_command) << wrong;
    EXPECT_FALSE(parse_line("certificate list", embedded_family("c-series"))) << "a word that this family does not have";
}

TEST(ClassicDataport, answers_errors_in_one_line_of_its_own) {
    EXPECT_EQ(typed_wrong("xconfiguration toaster heat: 9"), "ERROR: No match on address expression: \"toaster heat\"\n");
    EXPECT_EQ(typed_wrong("nonsense"), "ERROR: Unknown command: \"nonsense\"\n");
    EXPECT_EQ(typed_wrong("xcommand toast"),
              "*r Result (status=Error):\n    Cause: 2\n    Description: \"Unknown command: /toast\"\n*r/end\n\nERROR\n");
    auto const writer = make_writer(endpoint(), {});
    auto const refused = [&](std::string_view path, std::string_view value) {
        auto const checked = endpoint().find_setting(path)->space.check(path, value);
        return checked ? std::string("(taken)") : writer->setting_refused(path, checked.error(), {});
    };
    EXPECT_EQ(refused("HTTPS Mode", "maybe"), "ERROR: Illegal value: \"maybe\", allowed: <Off/On>\n");
    EXPECT_EQ(refused("Audio Volume", "900"),
              "ERROR: Value out of range: \"900\", allowed: " + endpoint().find_setting("Audio Volume")->space.notation() + "\n");
}

TEST(ClassicDataport, writes_results_settings_and_status_as_the_vendor_does) {
    auto const writer = make_writer(endpoint(), {});
    CommandResult result;
    result.values.emplace_back("ID", "2");
    EXPECT_EQ(writer->result(result, {}), "*r Result (status=OK):\n    ID: 2\n*r/end\n\nOK\n");
    EXPECT_EQ(writer->settings({{"HTTPS Mode", "On"}, {"SystemUnit Name", "a"}, {"SNMP CommunityName", "public"}}, {}),
              "*c xConfiguration HTTPS Mode: On\n*c xConfiguration SystemUnit Name: \"a\"\n"
              "*c xConfiguration SNMP CommunityName: \"***\"\n\nOK\n");
    EXPECT_EQ(writer->status({{"IP Address", "10.0.0.1"}, {"SystemUnit Software Version", "F9"}, {"SystemUnit Uptime", "5"}}, {}),
              "*s IP: /\n    Address: \"10.0.0.1\"\n*s/end\n*s SystemUnit: /\n    Software: /\n      Version: \"F9\"\n    Uptime: "
              "5\n*s/end\n\nOK\n");
    EXPECT_EQ(writer->expressions({"status/call", "configuration"}, {}),
              "Registered XPath feedback expressions:\n*xf 1 status/call\n*xf 2 configuration\n\nOK\n");
}

TEST(ClassicDataport, shows_status_as_the_session_prefers) {
    std::vector<PathValue> const values{{"Feedback 1 URL", "http://x"}, {"Feedback 1 Expression 1", "a"}};
    auto const shown = [&](std::string_view name, std::string_view value) {
        Preferences preferences;
        EXPECT_TRUE(set_preference(preferences, name, value, endpoint()));
        return make_writer(endpoint(), preferences)->status(values, {});
    };
    EXPECT_EQ(make_writer(endpoint(), {})->status(values, {}),
              "*s Feedback: /\n    URL: \"http://x\"\n    Expression: \"a\"\n*s/end\n\nOK\n");
    EXPECT_THAT(shown("itemnumber", "on"), HasSubstr("*s Feedback 1: /\n    URL 1: \"http://x\"\n    Expression 1: \"a\""));
    EXPECT_THAT(shown("completepath", "on"), HasSubstr("*s Feedback URL: \"http://x\"\n*s Feedback Expression: \"a\"\n*s/end"));
    EXPECT_THAT(shown("detail", "1"), HasSubstr("URL"));
}

TEST(ClassicDataport, writes_feedback_and_results_as_xml_where_the_session_prefers) {
    Preferences preferences;
    for (auto const* name : {"xmlconfigfeedback", "xmlstatusfeedback", "xmlcommandresult"})
        EXPECT_TRUE(set_preference(preferences, name, "on", endpoint()));
    auto const writer = make_writer(endpoint(), preferences);
    EXPECT_THAT(writer->feedback(Root::configuration, {{"HTTPS Mode", "On"}}, {}), HasSubstr("<Mode"));
    EXPECT_THAT(writer->feedback(Root::status, {{"IP Address", "x"}}, {}), HasSubstr("<Address>x</Address>"));
    EXPECT_THAT(writer->result({}, {}), HasSubstr("<Result item=\"1\" status=\"OK\""));
    EXPECT_EQ(make_writer(endpoint(), {})->feedback(Root::configuration, {{"HTTPS Mode", "On"}}, {}), "*c xConfiguration HTTPS Mode: On\n");
}

TEST(DataportPreferences, are_refused_without_a_change_when_the_style_has_no_such) {
    Preferences preferences;
    EXPECT_EQ(set_preference(preferences, "outputmode", "xml", endpoint()).error().id(), errors::dev::malformed_command);
    EXPECT_EQ(set_preference(preferences, "itemnumber", "7", endpoint()).error().id(), errors::dev::illegal_value);
    EXPECT_EQ(preferences, Preferences{});
    EXPECT_TRUE(set_preference(preferences, "out", "x", embedded_family("c-series")));
    EXPECT_EQ(preferences.mode, OutputMode::xml);
}

TEST(XmlDataport, wraps_answers_and_prints_no_ok) {
    auto const& family = embedded_family("c-series");
    auto const writer = make_writer(family, {.mode = OutputMode::xml});
    EXPECT_EQ(writer->setting_taken({"SystemUnit Name", "x"}, {}, "7"),
              "<XmlDoc resultId=\"7\"><Configuration><Success/></Configuration></XmlDoc>\n");
    EXPECT_EQ(writer->status({{"Audio Volume", "50"}}, {}),
              "<XmlDoc resultId=\"\"><Status><Audio><Volume>50</Volume></Audio></Status></XmlDoc>\n");
    EXPECT_THAT(writer->error(Error(errors::dev::unknown_command, {{"path", "Dila"}}), "xCommand", "1"),
                HasSubstr("<Result status=\"Error\"><Reason>Unknown command</Reason>"));
    EXPECT_THAT(writer->feedback(Root::status, {}, {"Call 2"}), HasSubstr("<Call item=\"2\" ghost=\"True\"/>"));
}

TEST(DataportCompletion, offers_the_words_that_may_stand_there) {
    EXPECT_THAT(complete_line("xp", endpoint()), ElementsAre("xPreferences"));
    EXPECT_THAT(complete_line("xconf ip d", endpoint()), ElementsAre("DNS"));
    EXPECT_THAT(complete_line("xconf external", endpoint()), ElementsAre("ExternalManager", "ExternalServices"));
    EXPECT_THAT(complete_line("xcommand feedbackr", endpoint()), ElementsAre("FeedbackRegister"));
    EXPECT_THAT(complete_line("certificate ", endpoint()), ElementsAre("list", "del"));
    EXPECT_THAT(complete_line("xpref xpath", endpoint()), ElementsAre("xpathwrite"));
    EXPECT_THAT(complete_line("xconf systemunit name: ", endpoint()), testing::IsEmpty());
}

}  // namespace
}  // namespace countersign::dialect::xapi
