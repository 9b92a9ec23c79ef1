#include "dialect/xml_rpc.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::xml_rpc {
namespace {

Value everything() {
    return Struct{{"text", "a <b> & c"},
                  {"empty", ""},
                  {"number", -17},
                  {"yes", true},
                  {"no", false},
                  {"share", 0.8125},
                  {"when", DateTime{"20260101T12:00:00"}},
                  {"bytes", Bytes{0, 1, 255}},
                  {"list", Array{Value(1), Value("two"), Value(Array{}), Value(Struct{{"x", 3}})}}};
}

TEST(XmlRpc, calls_round_trip_with_every_type) {
    Call const call{"device.query", {everything(), Value(4)}};
    auto back = parse_call(write_call(call));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, call);
}

TEST(XmlRpc, responses_round_trip) {
    auto back = parse_response(write_response(everything()));
    ASSERT_TRUE(back) << back.error().message();
    ASSERT_TRUE(std::holds_alternative<Value>(*back));
    EXPECT_EQ(std::get<Value>(*back), everything());
}

TEST(XmlRpc, faults_round_trip) {
    Fault const fault{15, "insufficient privileges"};
    auto back = parse_response(write_fault(fault));
    ASSERT_TRUE(back);
    ASSERT_TRUE(std::holds_alternative<Fault>(*back));
    EXPECT_EQ(std::get<Fault>(*back), fault);
}

TEST(XmlRpc, the_call_of_the_vendors_guide_is_read) {
    auto call = parse_call(
        "<?xml version='1.0'?><methodCall><methodName>conference.create</methodName><params><param><value><struct>"
        "<member><name>authenticationUser</name><value><string>api_test</string></value></member>"
        "<member><name>authenticationPassword</name><value></value></member>"
        "<member><name>bandwidth</name><value><i4>384</i4></value></member></struct></value></param></params></methodCall>");
    ASSERT_TRUE(call) << call.error().message();
    EXPECT_EQ(call->method, "conference.create");
    EXPECT_EQ(call->parameters.at(0).text("authenticationUser"), "api_test");
    EXPECT_EQ(call->parameters.at(0).text("authenticationPassword"), "");
    EXPECT_EQ(*call->parameters.at(0).member("bandwidth"), Value(384));
}

TEST(XmlRpc, a_value_without_a_type_is_a_string) {
    auto call = parse_call("<methodCall><methodName>m</methodName><params><param><value>plain</value></param></params></methodCall>");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->parameters.at(0), Value("plain"));
}

TEST(XmlRpc, a_call_needs_no_parameters) {
    auto call = parse_call("<methodCall><methodName>m</methodName></methodCall>");
    ASSERT_TRUE(call);
    EXPECT_TRUE(call->parameters.empty());
}

TEST(XmlRpc, members_of_what_is_no_struct_are_absent) {
    EXPECT_EQ(Value(1).member("x"), nullptr);
    EXPECT_EQ(Value(1).text("x"), "");
}

class Malformed : public testing::TestWithParam<char const*> {};

TEST_P(Malformed, values_are_refused) {
    auto call = parse_call("<methodCall><methodName>m</methodName><params><param><value>" + std::string(GetParam()) +
                           "</value></param></params></methodCall>");
    ASSERT_FALSE(call);
    EXPECT_EQ(call.error().id(), errors::dev::malformed_xml);
}

INSTANTIATE_TEST_SUITE_P(XmlRpc, Malformed,
                         testing::Values("<int>x</int>", "<int>2147483648</int>", "<int></int>", "<boolean>2</boolean>",
                                         "<double>nan</double>", "<double>1e999</double>", "<base64>*</base64>",
                                         "<dateTime.iso8601>today</dateTime.iso8601>", "<array/>",
                                         "<array><data><int>1</int></data></array>", "<struct><x/></struct>",
                                         "<struct><member><name>a</name></member></struct>",
                                         "<struct><member><name>a</name><value>1</value></member><member><name>a</name><value>2</value>"
                                         "</member></struct>",
                                         "<int>1</int><int>2</int>", "<nil/>"));

TEST(XmlRpc, deep_arrays_are_refused) {
    std::string value = "x";
    for (int i = 0; i < 30; ++i) value = "<array><data><value>" + value + "</value></data></array>";
    EXPECT_FALSE(
        parse_call("<methodCall><methodName>m</methodName><params><param><value>" + value + "</value></param></params></methodCall>"));
}

TEST(XmlRpc, other_messages_are_refused) {
    for (auto const* bad : {"<methodCall/>", "<methodCall><methodName>a b</methodName></methodCall>", "<other/>", "<methodResponse/>"}) {
        EXPECT_FALSE(parse_call(bad)) << bad;
        EXPECT_FALSE(parse_response(bad)) << bad;
    }
    EXPECT_FALSE(parse_response("<methodResponse><fault><value>1</value></fault></methodResponse>"));
}

}  // namespace
}  // namespace countersign::dialect::xml_rpc
