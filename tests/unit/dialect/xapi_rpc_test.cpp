#include "dialect/xapi_rpc.hpp"

#include "family_fixture.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::xapi {
namespace {

using testing::ElementsAre;

family::Family const& endpoint() { return embedded_family("c-series"); }

template <class Kind>
Kind ask(std::string_view message) {
    auto request = parse_rpc(message, endpoint());
    if (auto* kind = std::get_if<Kind>(&request.what)) return std::move(*kind);
    auto const* failure = std::get_if<RpcFailure>(&request.what);
    ADD_FAILURE() << message << ": " << (failure != nullptr ? failure->message : "another kind of request");
    return {};
}

int code_of(std::string_view message) {
    auto const request = parse_rpc(message, endpoint());
    auto const* failure = std::get_if<RpcFailure>(&request.what);
    return failure != nullptr ? failure->code : 0;
}

TEST(RpcRequests, get_names_one_place) {
    auto const get = ask<RpcGet>(R"({"jsonrpc":"2.0","id":102,"method":"xGet","params":{"Path":["Configuration","Network",1,"DNS"]}})");
    EXPECT_THAT(get.words, ElementsAre("Configuration", "Network", "1", "DNS"));
    EXPECT_EQ(get.location.steps.at(1).item, 1);
}

TEST(RpcRequests, query_goes_to_any_depth) {
    auto const query = ask<RpcQuery>(R"({"jsonrpc":"2.0","id":1,"method":"xQuery","params":{"Query":["Status","**","DisplayName"]}})");
    ASSERT_EQ(query.location.steps.size(), 2U);
    EXPECT_TRUE(query.location.steps[1].any_depth);
    EXPECT_TRUE(touches(query.location, "Status Call 3 DisplayName"));
    EXPECT_FALSE(touches(query.location, "Configuration Call DisplayName"));
}

TEST(RpcRequests, set_is_spelt_as_the_family_spells_it) {
    auto const set =
        ask<RpcSet>(R"({"jsonrpc":"2.0","id":1,"method":"xSet","params":{"Path":["configuration","systemunit","name"],"Value":"x"}})");
    EXPECT_EQ(set.path, "SystemUnit Name");
    EXPECT_EQ(set.value, "x");
}

TEST(RpcRequests, set_takes_numbers_and_booleans) {
    EXPECT_EQ(
        ask<RpcSet>(R"({"jsonrpc":"2.0","id":1,"method":"xSet","params":{"Path":["Configuration","Audio","Volume"],"Value":7}})").value,
        "7");
    EXPECT_EQ(
        ask<RpcSet>(R"({"jsonrpc":"2.0","id":1,"method":"xSet","params":{"Path":["Configuration","Audio","Volume"],"Value":true}})").value,
        "True");
}

TEST(RpcRequests, only_configuration_can_be_set) {
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xSet","params":{"Path":["Status","Audio","Volume"],"Value":7}})"),
              rpc_code::invalid_path);
}

TEST(RpcRequests, commands_have_arguments_lists_and_a_body) {
    auto const call = ask<RpcCommand>(R"({"jsonrpc":"2.0","id":"a","method":"xCommand/httpfeedback/register",
        "params":{"feedbackslot":1,"ServerUrl":"http://m","Expression":["/Status","/Event"],"body":"two\nlines"}})")
                          .call;
    EXPECT_TRUE(call.known);
    EXPECT_EQ(call.path, "HttpFeedback Register");
    EXPECT_EQ(call.body, "two\nlines");
    EXPECT_THAT(call.arguments, ElementsAre(family::Argument{"FeedbackSlot", "1"}, family::Argument{"ServerUrl", "http://m"},
                                            family::Argument{"Expression", "/Status"}, family::Argument{"Expression", "/Event"}));
}

TEST(RpcRequests, a_command_may_have_no_parameters) {
    EXPECT_EQ(ask<RpcCommand>(R"({"jsonrpc":"2.0","id":"1","method":"xCommand/Boot"})").call.path, "Boot");
}

TEST(RpcRequests, subscriptions_may_ask_for_the_value_of_now) {
    auto const wanted = ask<RpcSubscribe>(
        R"({"jsonrpc":"2.0","id":1,"method":"xFeedback/Subscribe","params":{"Query":["Status","Audio"],"NotifyCurrentValue":true}})");
    EXPECT_TRUE(wanted.notify_current_value);
    EXPECT_EQ(ask<RpcUnsubscribe>(R"({"jsonrpc":"2.0","id":1,"method":"xFeedback/Unsubscribe","params":{"Id":3}})").id, 3);
}

TEST(RpcRequests, documents_are_schemas) {
    EXPECT_THAT(ask<RpcDocument>(R"({"jsonrpc":"2.0","id":1,"method":"xDoc","params":{"Path":["Command"],"Type":"Schema"}})").words,
                ElementsAre("Command"));
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xDoc","params":{"Path":["Command"],"Type":"Picture"}})"),
              rpc_code::invalid_parameters);
}

TEST(RpcRequests, each_malformed_request_has_the_code_of_the_standard) {
    EXPECT_EQ(code_of("{"), rpc_code::parse_error);
    EXPECT_EQ(code_of("[]"), rpc_code::invalid_request);
    EXPECT_EQ(code_of(R"({"id":1,"method":"xGet"})"), rpc_code::invalid_request);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":{},"method":"xGet"})"), rpc_code::invalid_request);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xTake"})"), rpc_code::unknown_method);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xGet","params":[]})"), rpc_code::invalid_parameters);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xGet","params":{"Path":"Status"}})"), rpc_code::invalid_parameters);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xGet","params":{"Path":["Status","**"]}})"), rpc_code::invalid_parameters);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xGet","params":{"Path":[1,"Status"]}})"), rpc_code::invalid_parameters);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xGet","params":{"Path":["Status","a b"]}})"), rpc_code::invalid_parameters);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xCommand/Boot","params":{"a":{}}})"), rpc_code::invalid_parameters);
    EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"xCommand/"})"), rpc_code::unknown_method);
    EXPECT_EQ(code_of(std::string(20, '[') + std::string(20, ']')), rpc_code::parse_error);
    EXPECT_EQ(code_of(std::string(k_max_rpc_message + 1, ' ')), rpc_code::invalid_request);
}

TEST(RpcRequests, the_id_keeps_its_type) {
    EXPECT_EQ(write_rpc_result(parse_rpc(R"({"jsonrpc":"2.0","id":"7","method":"xCommand/Boot"})", endpoint()).id, true),
              R"({"jsonrpc":"2.0","id":"7","result":true})");
    EXPECT_EQ(write_rpc_result(parse_rpc(R"({"jsonrpc":"2.0","id":7,"method":"xCommand/Boot"})", endpoint()).id, true),
              R"({"jsonrpc":"2.0","id":7,"result":true})");
}

TEST(RpcRequests, without_an_id_nothing_is_answered) {
    EXPECT_FALSE(parse_rpc(R"({"jsonrpc":"2.0","method":"xCommand/Boot"})", endpoint()).wants_answer);
    EXPECT_TRUE(parse_rpc("{", endpoint()).wants_answer);
}

TEST(RpcFailures, errors_of_the_catalogue_have_the_clients_codes) {
    auto const path = rpc_failure(Error(errors::dev::unknown_setting, {{"path", "Status Wrong"}}), true);
    EXPECT_EQ(path.code, rpc_code::invalid_path);
    EXPECT_EQ(json::serialize(path.data), R"({"xpath":"Status/Wrong"})");
    Error const value(errors::dev::illegal_value, {{"path", "Audio Volume"}, {"value", "x"}, {"allowed", "0..100"}});
    EXPECT_EQ(rpc_failure(value, true).code, rpc_code::illegal_value);
    EXPECT_EQ(json::serialize(rpc_failure(value, true).data), R"({"Cause":27})");
    EXPECT_EQ(rpc_failure(value, false).code, rpc_code::parameter_error);
    EXPECT_EQ(rpc_failure(Error(errors::dev::unknown_command, {{"path", "Dila"}}), false).code, rpc_code::invalid_path);
    EXPECT_EQ(rpc_failure(Error(errors::dev::would_lock_out, {}), true).code, rpc_code::command_error);
}

TEST(RpcFailures, are_written_with_their_data) {
    EXPECT_EQ(write_rpc_failure(111, {rpc_code::command_error, "Not paired", {{"Cause", 21}}}),
              R"({"jsonrpc":"2.0","id":111,"error":{"code":1,"message":"Not paired","data":{"Cause":21}}})");
    EXPECT_EQ(write_rpc_failure(nullptr, {rpc_code::parse_error, "Parse error"}),
              R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}})");
}

TEST(RpcEvents, name_their_subscription) {
    EXPECT_EQ(write_rpc_event(1, "Status", json_tree({{"Audio Volume", "75", true}}, JsonForm::plain)),
              R"({"jsonrpc":"2.0","method":"xFeedback/Event","params":{"Id":1,"Status":{"Audio":{"Volume":75}}}})");
}

TEST(RpcTrees, are_dug_by_words_and_items) {
    json::object tree;
    tree["Status"] = json_tree({{"Network 1 Mac", "a"}, {"Network 2 Mac", "b"}}, JsonForm::plain);
    auto const* found = dig(tree, {"Status", "Network", "2", "mac"});
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, json::value("b"));
    EXPECT_EQ(dig(tree, {"Status", "Network", "3"}), nullptr);
    EXPECT_EQ(dig(tree, {"Status", "Wrong"}), nullptr);
    EXPECT_EQ(dig(tree, {"Status", "Network", "2", "Mac", "More"}), nullptr);
}

TEST(XDocument, gives_the_schema_with_its_ancestors) {
    auto const answer =
        answer_xdocument(R"(xdocument Format: "JSON" Path: "Configuration/Audio/Volume" Schema: "True" | resultId="7")", endpoint());
    EXPECT_EQ(
        answer.value_or(""),
        R"({"Configuration":{"Audio":{"Volume":{"ValueSpace":{"type":"Integer","Min":"0","Max":"100","Step":"1"},"default":"50"}}},"ResultId":"7"})"
        "\n");
    EXPECT_EQ(answer_xdocument("xstatus", endpoint()), std::nullopt);
    EXPECT_THAT(answer_xdocument(R"(xDocument Path: "Wrong" | resultId="8")", endpoint()).value_or(""),
                testing::HasSubstr("No match on address"));
    EXPECT_THAT(answer_xdocument("xDocument Format: XML Path: Command", endpoint()).value_or(""), testing::HasSubstr("Error"));
}

}  // namespace
}  // namespace countersign::dialect::xapi
