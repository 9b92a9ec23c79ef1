#include "dialect/xapi_xml.hpp"

#include "family_fixture.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::xapi {
namespace {

using family::Argument;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

family::Family const& endpoint() { return embedded_family("c-series"); }

std::vector<PathValue> settings_in(std::string_view xml) {
    auto put = parse_put(xml, endpoint());
    if (!put || !std::holds_alternative<ConfigurationRequest>(*put)) return {{"refused", ""}};
    return std::get<ConfigurationRequest>(*put).settings;
}

std::vector<CommandCall> calls_in(std::string_view xml) {
    auto put = parse_put(xml, endpoint());
    if (!put || !std::holds_alternative<CommandRequest>(*put)) return {};
    return std::get<CommandRequest>(*put).calls;
}

TEST(XapiConfiguration, items_become_numbers_in_the_path) {
    EXPECT_THAT(settings_in("<Configuration><Network item=\"1\"><DNS><Server item=\"2\"><Address>192.0.2.53</Address></Server></DNS>"
                            "</Network></Configuration>"),
                ElementsAre(PathValue{"Network 1 DNS Server 2 Address", "192.0.2.53"}));
}

TEST(XapiConfiguration, item_1_on_everything_is_taken_as_old_systems_write_it) {
    EXPECT_THAT(
        settings_in("<Configuration><SystemUnit item=\"1\"><Name item=\"1\">room</Name></SystemUnit>"
                    "<Network item=\"1\"><IPv4 item=\"1\"><Gateway item=\"1\">192.0.2.1</Gateway></IPv4></Network></Configuration>"),
        ElementsAre(PathValue{"SystemUnit Name", "room"}, PathValue{"Network 1 IPv4 Gateway", "192.0.2.1"}));
}

TEST(XapiConfiguration, item_1_may_be_left_out) {
    EXPECT_THAT(settings_in("<Configuration><Network><DNS><Domain><Name>x.test</Name></Domain></DNS></Network></Configuration>"),
                ElementsAre(PathValue{"Network 1 DNS Domain Name", "x.test"}));
}

TEST(XapiConfiguration, words_are_taken_without_case) {
    EXPECT_THAT(settings_in("<configuration/>"), ElementsAre(PathValue{"refused", ""}));
    EXPECT_THAT(settings_in("<Configuration><networkservices><HTTPS><MODE>on</MODE></HTTPS></networkservices></Configuration>"),
                ElementsAre(PathValue{"NetworkServices HTTPS Mode", "on"}));
}

TEST(XapiConfiguration, an_unknown_path_comes_through_as_it_is) {
    EXPECT_THAT(settings_in("<Configuration><Toaster item=\"3\"><Heat>9</Heat></Toaster></Configuration>"),
                ElementsAre(PathValue{"Toaster 3 Heat", "9"}));
}

TEST(XapiConfiguration, an_empty_value_is_a_value) {
    EXPECT_THAT(settings_in("<Configuration><SystemUnit><Name/></SystemUnit></Configuration>"),
                ElementsAre(PathValue{"SystemUnit Name", ""}));
}

TEST(XapiConfiguration, what_the_manager_writes_the_system_reads) {
    std::vector<PathValue> const settings{{"NetworkServices HTTPS Mode", "On"},
                                          {"Network 1 DNS Server 1 Address", "192.0.2.53"},
                                          {"Network 1 DNS Server 2 Address", "192.0.2.54"},
                                          {"SystemUnit Name", "<room & \"board\">"}};
    EXPECT_EQ(settings_in(write_configuration_request(settings)), settings);
}

TEST(XapiConfiguration, too_many_settings_are_refused) {
    std::string xml = "<Configuration>";
    for (int i = 0; i < 1001; ++i) xml += "<A/>";
    auto put = parse_put(xml + "</Configuration>", endpoint());
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().id(), errors::dev::malformed_xml);
}

TEST(XapiConfiguration, another_root_is_refused) {
    auto put = parse_put("<Status/>", endpoint());
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().id(), errors::dev::malformed_xml);
}

TEST(XapiConfiguration, success_and_problems_are_told_apart_by_the_other_side) {
    auto none = parse_configuration_answer(write_configuration_answer({}));
    ASSERT_TRUE(none);
    EXPECT_THAT(*none, IsEmpty());
    std::vector<SettingProblem> const problems{{"NetworkServices HTTPS Mode", "Illegal value"}, {"A B", "No match on address expression"}};
    auto some = parse_configuration_answer(write_configuration_answer(problems));
    ASSERT_TRUE(some);
    EXPECT_EQ(*some, problems);
}

TEST(XapiConfiguration, an_error_without_children_is_a_problem_too) {
    auto some = parse_configuration_answer("<Configuration><Success/><Error>it broke</Error></Configuration>");
    ASSERT_TRUE(some);
    EXPECT_THAT(*some, ElementsAre(SettingProblem{"", "it broke"}));
}

TEST(XapiCommand, a_marked_command_is_read_with_its_arguments) {
    auto const calls = calls_in(
        "<Command><HttpFeedback><Register command=\"True\"><FeedbackSlot>3</FeedbackSlot><ServerUrl>https://m/x</ServerUrl>"
        "<Expression item=\"1\">/Configuration</Expression><Expression "
        "item=\"2\">/Status</Expression></Register></HttpFeedback></Command>");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_TRUE(calls[0].known);
    EXPECT_EQ(calls[0].path, "HttpFeedback Register");
    EXPECT_THAT(calls[0].arguments, ElementsAre(Argument{"FeedbackSlot", "3"}, Argument{"ServerUrl", "https://m/x"},
                                                Argument{"Expression", "/Configuration"}, Argument{"Expression", "/Status"}));
}

TEST(XapiCommand, the_mark_may_be_missing) {
    auto const calls =
        calls_in("<Command><SystemUnit><AdminPassword><Set><Password>x</Password></Set></AdminPassword></SystemUnit></Command>");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].path, "SystemUnit AdminPassword Set");
}

TEST(XapiCommand, several_calls_keep_their_order) {
    auto const calls =
        calls_in("<Command><Boot/><HttpFeedback><Deregister><FeedbackSlot>1</FeedbackSlot></Deregister></HttpFeedback><Boot/></Command>");
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_EQ(calls[0].path, "Boot");
    EXPECT_EQ(calls[1].path, "HttpFeedback Deregister");
    EXPECT_EQ(calls[2].path, "Boot");
}

TEST(XapiCommand, an_unknown_command_is_told_as_unknown) {
    auto const calls = calls_in("<Command><Dial><Number>1</Number></Dial></Command>");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_FALSE(calls[0].known);
    EXPECT_EQ(calls[0].path, "Dial");
}

TEST(XapiCommand, a_branch_of_known_commands_without_one_is_no_command) {
    EXPECT_THAT(calls_in("<Command><HttpFeedback><Nonsense/></HttpFeedback></Command>"), testing::SizeIs(1));
    EXPECT_FALSE(calls_in("<Command><HttpFeedback><Nonsense/></HttpFeedback></Command>").front().known);
}

TEST(XapiCommand, what_the_manager_writes_the_system_reads) {
    std::vector<CommandCall> const calls{
        {"HttpFeedback Register", true, {{"FeedbackSlot", "3"}, {"Expression", "/a"}, {"Expression", "/b"}}, {}},
        {"Boot", true, {}, {}},
        {"SystemUnit AdminPassword Set", true, {{"Password", "a<b>&\"c"}}, "body\nof lines"}};
    EXPECT_EQ(calls_in(write_command_request(calls)), calls);
}

TEST(XapiCommand, results_round_trip) {
    std::vector<CommandResult> results{{"BootResult", Outcome::ok, {}, {}, {}},
                                       {"Result", Outcome::error, "Unknown command", "/Dial", {}},
                                       {"AdminPasswordSetResult", Outcome::parameter_error, "Illegal value", {}, {}}};
    results[0].values.emplace_back("Details", "x");
    auto back = parse_command_answer(write_command_answer(results));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, results);
}

TEST(XapiCommand, errors_of_the_catalogue_get_the_words_of_the_protocol) {
    Error const unknown(errors::dev::unknown_command, {{"path", "Dial"}});
    EXPECT_EQ(result_for(unknown, "Result").reason, "Unknown command");
    EXPECT_EQ(result_for(unknown, "Result").xpath, "/Dial");
    Error const parameter(errors::dev::missing_parameter, {{"parameter", "Password"}, {"path", "X"}});
    EXPECT_EQ(result_for(parameter, "Result").outcome, Outcome::parameter_error);
    EXPECT_THAT(result_for(parameter, "Result").reason, HasSubstr("Password"));
    Error several(errors::gen::several_problems);
    several.because(parameter).because(unknown);
    EXPECT_EQ(result_for(several, "Result").outcome, Outcome::parameter_error);
}

// --- documents ---

std::vector<PathValue> sample() {
    return {{"NetworkServices HTTPS Mode", "On"},
            {"NetworkServices SNMP CommunityName", "secret"},
            {"Network 1 DNS Server 1 Address", "192.0.2.53"},
            {"SystemUnit Name", "room"}};
}

TEST(XapiDocument, the_configuration_document_reads_back_with_passwords_hidden) {
    auto const xml = write_document(configuration_document(endpoint(), sample()), header_of(endpoint()));
    EXPECT_EQ(xml.find("secret"), std::string::npos);
    EXPECT_THAT(xml, HasSubstr("<Mode valueSpaceRef=\"/Valuespace/TTPAR_OffOn\">On</Mode>"));
    auto document = parse_document(xml, endpoint());
    ASSERT_TRUE(document);
    EXPECT_EQ(document->header, header_of(endpoint()));
    EXPECT_EQ(document->find("networkservices https mode"), "On");
    EXPECT_EQ(document->find("NetworkServices SNMP CommunityName"), "***");
    EXPECT_EQ(document->find("Network 1 DNS Server 1 Address"), "192.0.2.53");
    EXPECT_EQ(document->find("Audio Volume"), std::nullopt);
}

TEST(XapiDocument, every_value_space_that_is_referred_to_is_there) {
    auto const spaces = valuespace_document(endpoint());
    std::vector<PathValue> all;
    for (auto const& setting : endpoint().settings) all.push_back({setting.path, setting.default_value});
    auto const xml = write_xml(configuration_document(endpoint(), all));
    std::size_t references = 0;
    for (auto place = xml.find("/Valuespace/"); place != std::string::npos; place = xml.find("/Valuespace/", place + 1), ++references) {
        auto const name = xml.substr(place + 12, xml.find('"', place) - place - 12);
        EXPECT_NE(spaces.child(name), nullptr) << name;
    }
    EXPECT_EQ(references, endpoint().settings.size());
}

TEST(XapiDocument, list_items_of_the_status_keep_their_numbers) {
    std::vector<PathValue> const leaves{
        {"HttpFeedback 3 URL", "https://m/x"}, {"HttpFeedback 3 Expression 1", "/Status"}, {"SystemUnit Software Version", "TC4.1.2"}};
    auto document = parse_document(write_document(build_tree("Status", leaves), {}), endpoint());
    ASSERT_TRUE(document);
    EXPECT_EQ(document->leaves, leaves);
}

TEST(XapiDocument, a_document_of_an_unknown_family_is_read_too) {
    auto document = parse_document(
        "<Status product=\"Cisco Codec\" version=\"ce9\"><SystemUnit item=\"1\"><Uptime item=\"1\">5</Uptime></SystemUnit>"
        "<Call item=\"7\"><A>x</A></Call><Call item=\"8\"><A>y</A></Call></Status>");
    ASSERT_TRUE(document);
    EXPECT_EQ(document->header.product, "Cisco Codec");
    EXPECT_THAT(document->leaves, ElementsAre(PathValue{"SystemUnit Uptime", "5"}, PathValue{"Call 7 A", "x"}, PathValue{"Call 8 A", "y"}));
}

// --- locations ---

std::vector<PathValue> selected(std::string_view location) {
    auto const document = build_tree("Configuration", sample());
    auto parsed = parse_location(location);
    if (!parsed) return {{"refused", ""}};
    return flatten(select(document, *parsed), setting_paths(endpoint()));
}

TEST(Location, names_a_part_with_or_without_the_leading_slash) {
    auto const dns = ElementsAre(PathValue{"Network 1 DNS Server 1 Address", "192.0.2.53"});
    for (auto const* location : {"/Configuration/Network/DNS", "Configuration/Network/DNS", "/Configuration/Network[1]/DNS",
                                 "/Configuration/Network[@item='1']/DNS", "//DNS", "/Configuration//Server", "//Server[1]/Address",
                                 "/configuration/network/dns/", "/Configuration/*/DNS"})
        EXPECT_THAT(selected(location), dns) << location;
}

TEST(Location, the_root_alone_gives_everything) { EXPECT_EQ(selected("/Configuration"), sample()); }

TEST(Location, what_matches_nothing_gives_the_empty_root) {
    for (auto const* location : {"/Status", "/Configuration/Network[2]", "//Toaster", "/Configuration/Network/DNS/Server/Address/More"})
        EXPECT_THAT(selected(location), IsEmpty()) << location;
}

TEST(Location, other_forms_are_refused) {
    for (auto const* location : {"", "/", "//", "///A", "A[", "A[0]", "A[x]", "A[@item=1]", "A[@name='1']", "A B", "/A/../B", "count(//A)"})
        EXPECT_THAT(selected(location), ElementsAre(PathValue{"refused", ""})) << location;
    EXPECT_FALSE(parse_location(std::string(1001, 'a')));
    std::string long_one;
    for (int i = 0; i < 33; ++i) long_one += "/a";
    EXPECT_FALSE(parse_location(long_one));
}

TEST(Location, many_deep_steps_cost_one_walk) {
    std::string location;
    std::string path;
    for (int i = 0; i < 32; ++i) location += "//a";
    for (int i = 0; i < 60; ++i) path += " a";
    auto const document = build_tree("a", {{path, "x"}});
    auto parsed = parse_location(location);
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(select(document, *parsed).children.empty());
}

TEST(Location, feedback_expressions_touch_what_is_below_them) {
    auto const touch = [](std::string_view location, std::string_view path) { return touches(*parse_location(location), path); };
    EXPECT_TRUE(touch("/Status/SystemUnit", "Status SystemUnit Uptime"));
    EXPECT_TRUE(touch("/Status", "Status SystemUnit Uptime"));
    EXPECT_TRUE(touch("//Uptime", "Status SystemUnit Uptime"));
    EXPECT_TRUE(touch("/Configuration/Network[1]/DNS", "Configuration Network 1 DNS Domain Name"));
    EXPECT_FALSE(touch("/Status/Audio", "Status SystemUnit Uptime"));
    EXPECT_FALSE(touch("/Status/SystemUnit/Uptime/Days", "Status SystemUnit Uptime"));
}

}  // namespace
}  // namespace countersign::dialect::xapi
