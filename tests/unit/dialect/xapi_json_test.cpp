#include "dialect/xapi_json.hpp"

#include "family_fixture.hpp"

#include "countersign/errors/dev.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace countersign::dialect::xapi {
namespace {

family::Family const& endpoint() { return embedded_family("c-series"); }

TEST(JsonTree, terminal_form_wraps_every_value_and_gives_items_an_id) {
    auto const tree = json_tree({{"Audio Volume", "50", true}, {"Network 1 DNS Domain Name", "x.test"}}, JsonForm::terminal);
    EXPECT_EQ(json::serialize(tree),
              R"({"Audio":{"Volume":{"Value":"50"}},"Network":[{"id":"1","DNS":{"Domain":{"Name":{"Value":"x.test"}}}}]})");
}

TEST(JsonTree, plain_form_has_numbers_where_they_are_known) {
    auto const tree = json_tree({{"Audio Volume", "50", true}, {"SystemUnit Serial", "0050"}, {"Network 2 Mac", "a"}}, JsonForm::plain);
    EXPECT_EQ(json::serialize(tree), R"({"Audio":{"Volume":50},"SystemUnit":{"Serial":"0050"},"Network":[{"id":2,"Mac":"a"}]})");
}

TEST(JsonTree, items_of_one_list_stay_together) {
    auto const tree =
        json_tree({{"HttpFeedback 1 URL", "a"}, {"HttpFeedback 2 URL", "b"}, {"HttpFeedback 1 Status", "OK"}}, JsonForm::plain);
    EXPECT_EQ(json::serialize(tree), R"({"HttpFeedback":[{"id":1,"URL":"a","Status":"OK"},{"id":2,"URL":"b"}]})");
}

TEST(JsonTree, an_item_that_is_a_leaf_has_its_value_beside_the_id) {
    EXPECT_EQ(json::serialize(json_tree({{"Expression 1", "/Status"}}, JsonForm::terminal)),
              R"({"Expression":[{"id":"1","Value":"/Status"}]})");
}

TEST(JsonTree, elements_with_items_are_lists) {
    XmlElement result("ServicesShowResult");
    result.add("Details").set("item", "1").add("Fingerprint", "ab");
    result.add("Details").set("item", "2").add("Fingerprint", "cd");
    result.add("Format", "Text");
    EXPECT_EQ(json::serialize(json_below(result, JsonForm::plain)),
              R"({"Details":[{"Fingerprint":"ab","id":1},{"Fingerprint":"cd","id":2}],"Format":"Text"})");
}

TEST(JsonTree, what_is_no_utf8_is_written_all_the_same) {
    auto const text = json::serialize(json_tree({{"SystemUnit Name", "a\xFFz"}}, JsonForm::plain));
    EXPECT_EQ(text, R"({"SystemUnit":{"Name":"a?z"}})");
}

// The answers that jsxapi's own tests have (protocols 1.4).
TEST(JsonSession, a_status_is_wrapped_with_its_result_id) {
    EXPECT_EQ(format_json_tree("Status", {{"Audio Volume", "50", true}}, "1"),
              "{\"Status\":{\"Audio\":{\"Volume\":{\"Value\":\"50\"}}},\"ResultId\":\"1\"}\n");
}

TEST(JsonSession, a_change_is_answered_with_the_result_id_alone) { EXPECT_EQ(format_json_done("2"), "{\"ResultId\":\"2\"}\n"); }

TEST(JsonSession, a_warning_stands_at_the_setting_that_was_changed) {
    EXPECT_EQ(format_json_done("2", "Audio Volume", "5", {"careful"}),
              "{\"Configuration\":{\"Audio\":{\"Volume\":{\"Value\":\"5\",\"warning\":\"careful\"}}},\"ResultId\":\"2\"}\n");
}

TEST(JsonSession, a_command_answers_below_command_response) {
    EXPECT_EQ(format_json_result({.name = "CAAddResult"}, "4"),
              "{\"CommandResponse\":{\"CAAddResult\":{\"status\":\"OK\"}},\"ResultId\":\"4\"}\n");
}

TEST(JsonSession, an_unknown_command_has_a_reason_and_a_path) {
    EXPECT_EQ(
        format_json_error(Error(errors::dev::unknown_command, {{"path", "Dila"}}), "xCommand", "8"),
        R"({"CommandResponse":{"Result":{"status":"Error","Reason":{"Value":"Unknown command"},"XPath":{"Value":"/Dila"}}},"ResultId":"8"})"
        "\n");
}

TEST(JsonSession, an_unknown_status_says_so_below_status) {
    EXPECT_EQ(
        format_json_error(Error(errors::dev::unknown_setting, {{"path", "Wrong"}}), "xStatus", "9"),
        R"({"Status":{"status":"Error","Reason":{"Value":"No match on address expression"},"XPath":{"Value":"Status/Wrong"}},"ResultId":"9"})"
        "\n");
}

TEST(JsonSession, a_refused_value_is_marked_at_its_leaf) {
    Error const error(errors::dev::illegal_value, {{"path", "Audio DefaultVolume"}, {"value", "x"}, {"allowed", "0..100"}});
    EXPECT_EQ(format_json_refusal("Audio DefaultVolume", error, "10"),
              R"({"Configuration":{"Audio":{"DefaultVolume":{"error":"True","Value":"Illegal value"}}},"ResultId":"10"})"
              "\n");
}

TEST(JsonSession, a_wrong_parameter_is_a_parameter_error) {
    auto const text = format_json_error(Error(errors::dev::missing_parameter, {{"parameter", "Number"}, {"path", "Dial"}}), "xCommand", "");
    auto const answer = json::parse(text).as_object();
    EXPECT_EQ(answer.at("CommandResponse").at("Result").at("status"), json::value("ParameterError"));
    EXPECT_FALSE(answer.contains("ResultId"));
}

TEST(JsonSession, feedback_has_no_result_id) {
    EXPECT_EQ(format_json_feedback("Configuration", {{"SystemUnit Name", "x"}}),
              "{\"Configuration\":{\"SystemUnit\":{\"Name\":{\"Value\":\"x\"}}}}\n");
}

TEST(JsonSettings, passwords_read_back_as_stars) {
    auto const typed =
        typed_settings(endpoint(), {{"NetworkServices SNMP CommunityName", "secret"}, {"Audio Volume", "50"}, {"SystemUnit Name", "12"}});
    EXPECT_EQ(typed,
              (std::vector<TypedValue>{
                  {"NetworkServices SNMP CommunityName", "***", false}, {"Audio Volume", "50", true}, {"SystemUnit Name", "12", false}}));
}

TEST(JsonSchema, tells_value_spaces_and_parameters) {
    auto const settings = json_schema(endpoint(), "Configuration");
    EXPECT_EQ(json::serialize(settings.at("Audio").at("Volume").at("ValueSpace")),
              R"({"type":"Integer","Min":"0","Max":"100","Step":"1"})");
    auto const commands = json_schema(endpoint(), "Command");
    auto const& registration = commands.at("HttpFeedback").at("Register");
    EXPECT_EQ(registration.at("command"), json::value("True"));
    EXPECT_EQ(registration.at("ServerUrl").at("required"), json::value("True"));
}

}  // namespace
}  // namespace countersign::dialect::xapi
