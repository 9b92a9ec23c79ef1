#include "dialect/transactions.hpp"

#include "dialect/xml.hpp"

#include "countersign/errors/dev.hpp"

#include <gtest/gtest.h>

namespace countersign::dialect::transactions {
namespace {

/// As a public client of this interface sends it (protocols section 4).
constexpr std::string_view k_login = R"(<TRANS_MCU><TRANS_COMMON_PARAMS><MCU_TOKEN>-1</MCU_TOKEN><MCU_USER_TOKEN>-1</MCU_USER_TOKEN>
 <ASYNC><YOUR_TOKEN1>7</YOUR_TOKEN1><YOUR_TOKEN2>8</YOUR_TOKEN2></ASYNC><MESSAGE_ID>9</MESSAGE_ID></TRANS_COMMON_PARAMS>
<ACTION><LOGIN><MCU_IP><IP>10.0.0.1</IP><LISTEN_PORT>80</LISTEN_PORT><HOST_NAME/></MCU_IP>
 <USER_NAME>u</USER_NAME><PASSWORD>p &amp; q</PASSWORD><STATION_NAME>host</STATION_NAME></LOGIN></ACTION></TRANS_MCU>)";

TEST(Transactions, a_log_in_is_read_as_clients_send_it) {
    auto request = parse_request(k_login);
    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->transaction, "TRANS_MCU");
    EXPECT_EQ(request->action.name, "LOGIN");
    EXPECT_EQ(request->token, k_no_token);
    EXPECT_EQ(request->user_token, k_no_token);
    EXPECT_EQ(request->echo, (Echo{.your_token1 = 7, .your_token2 = 8, .message_id = 9}));
    EXPECT_EQ(request->action.find("USER_NAME"), "u");
    EXPECT_EQ(request->action.find("PASSWORD"), "p & q");
    EXPECT_EQ(request->action.find("LISTEN_PORT"), "80") << "found below its group";
    EXPECT_EQ(leaves_of(request->action).size(), 6U);
}

/// Some clients leave everything out but the tokens, which are empty before the log-in, or send SYNC instead of ASYNC.
TEST(Transactions, what_clients_leave_out_has_a_default) {
    auto request = parse_request(
        "<TRANS_MCU><TRANS_COMMON_PARAMS><MCU_TOKEN/><MCU_USER_TOKEN></MCU_USER_TOKEN><SYNC/></TRANS_COMMON_PARAMS>"
        "<ACTION><GET_STATE/></ACTION></TRANS_MCU>");
    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->token, k_no_token);
    EXPECT_EQ(request->echo, Echo{});
    auto bare = parse_request("<trans_mcu><action><logout/></action></trans_mcu>");
    ASSERT_TRUE(bare) << bare.error().message();
    EXPECT_EQ(bare->transaction, "TRANS_MCU");
    EXPECT_EQ(bare->action.name, "LOGOUT");
}

TEST(Transactions, requests_round_trip) {
    Request const request{.transaction = "TRANS_CERTIFICATE",
                          .token = 145,
                          .user_token = 146,
                          .echo = {.your_token1 = 1, .your_token2 = 2, .message_id = 3},
                          .action = Item::group("SEND_CERTIFICATE", {Item::leaf("SERVICE_NAME", "Management Network"),
                                                                     Item::group("DATA", {Item::leaf("TEXT", "a\nb <c>\n")})})};
    auto back = parse_request(write_request(request));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, request);
}

TEST(Transactions, responses_round_trip_and_have_the_vendor_s_form) {
    Response const response{.transaction = "TRANS_MCU",
                            .status = Status::refused,
                            .description = "Chain is not trusted",
                            .detail = "CRT-007: ...",
                            .echo = {.your_token1 = 1, .your_token2 = 2, .message_id = 3},
                            .action = Item::group("LOGIN", {Item::leaf("MCU_TOKEN", "0")})};
    auto const text = write_response(response);
    auto back = parse_response(text);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, response);
    auto root = parse_xml(text);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->name, "RESPONSE_TRANS_MCU");
    ASSERT_NE(root->child("RETURN_STATUS"), nullptr);
    EXPECT_EQ(root->child("RETURN_STATUS")->child_text("ID"), "6");
    ASSERT_NE(root->descend({"ACTION", "LOGIN", "MCU_TOKEN"}), nullptr);
}

TEST(Transactions, a_status_of_a_real_system_that_we_do_not_know_is_a_refusal) {
    auto response = parse_response(
        "<RESPONSE_TRANS_MCU><RETURN_STATUS><ID>501</ID><DESCRIPTION>x</DESCRIPTION></RETURN_STATUS><ACTION/></RESPONSE_TRANS_MCU>");
    ASSERT_TRUE(response) << response.error().message();
    EXPECT_EQ(response->status, Status::refused);
    EXPECT_TRUE(response->action.name.empty());
}

class MalformedTransaction : public testing::TestWithParam<std::string_view> {};

TEST_P(MalformedTransaction, is_refused) {
    auto request = parse_request(GetParam());
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().id(), errors::dev::malformed_xml);
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedTransaction,
    testing::Values("", "<LOGIN/>", "<TRANS_MCU/>", "<TRANS_MCU><ACTION/></TRANS_MCU>", "<TRANS_MCU><ACTION><A/><B/></ACTION></TRANS_MCU>",
                    "<TRANS_MCU><ACTION><a.b/></ACTION></TRANS_MCU>", "<TRANS_MCU><ACTION><A><x:y/></A></ACTION></TRANS_MCU>",
                    "<TRANS_MCU><TRANS_COMMON_PARAMS><MCU_TOKEN>x</MCU_TOKEN></TRANS_COMMON_PARAMS><ACTION><A/></ACTION></TRANS_MCU>",
                    "<TRANS_MCU><TRANS_COMMON_PARAMS><MCU_TOKEN>99999999999999999999</MCU_TOKEN></TRANS_COMMON_PARAMS>"
                    "<ACTION><A/></ACTION></TRANS_MCU>",
                    "<!DOCTYPE TRANS_MCU><TRANS_MCU><ACTION><A/></ACTION></TRANS_MCU>"));

TEST(Transactions, names_of_facts_are_spelt_in_upper_case_with_underscores) {
    EXPECT_EQ(upper_snake("servedCertificateFingerprint"), "SERVED_CERTIFICATE_FINGERPRINT");
    EXPECT_EQ(upper_snake("Served Certificate"), "SERVED_CERTIFICATE");
    EXPECT_EQ(upper_snake("MCU_STATE"), "MCU_STATE");
    EXPECT_EQ(upper_snake("keyMatch2 "), "KEY_MATCH2");
    EXPECT_EQ(upper_snake(""), "");
}

}  // namespace
}  // namespace countersign::dialect::transactions
