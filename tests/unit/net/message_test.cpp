#include "net/http/message.hpp"

#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::net::http {

using ::testing::ElementsAre;

TEST(Fields, finds_names_without_regard_to_case_and_keeps_the_order) {
    Fields fields{{"Set-Cookie", "a"}, {"Host", "h"}, {"set-cookie", "b"}};
    EXPECT_EQ(fields.get("HOST"), "h");
    EXPECT_THAT(fields.all("Set-cookie"), ElementsAre("a", "b"));
    fields.set("SET-COOKIE", "c");
    EXPECT_THAT(fields.all("Set-Cookie"), ElementsAre("c"));
}

TEST(UrlCoding, decodes_what_it_encodes_for_every_byte) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(url_decode(url_encode(all), true), all);
}

TEST(UrlCoding, refuses_broken_escapes) {
    EXPECT_EQ(url_decode("a%4", false), std::nullopt);
    EXPECT_EQ(url_decode("a%zz", false), std::nullopt);
    EXPECT_EQ(url_decode("%", false), std::nullopt);
}

TEST(UrlCoding, takes_plus_for_a_space_in_forms_only) {
    EXPECT_EQ(url_decode("a+b", true), "a b");
    EXPECT_EQ(url_decode("a+b", false), "a+b");
}

TEST(Form, takes_the_last_of_equal_names) { EXPECT_EQ(parse_form("a=1&b=x%20y&a=2")->at("a"), "2"); }

TEST(Form, takes_a_name_without_a_value) { EXPECT_EQ(parse_form("on&b=1")->at("on"), ""); }

TEST(Form, refuses_more_than_1000_fields) {
    std::string body;
    for (int i = 0; i < 1001; ++i) body += "f" + std::to_string(i) + "=1&";
    EXPECT_EQ(parse_form(body).error().id(), errors::net::malformed_form);
}

TEST(Form, reads_what_it_writes) {
    auto fields = parse_form(encode_form({{"user name", "ä&="}, {"b", ""}}));
    ASSERT_TRUE(fields);
    EXPECT_EQ(fields->at("user name"), "ä&=");
}

TEST(Multipart, reads_what_it_writes_with_binary_content) {
    std::string type;
    std::string binary("\r\n--\0\xff", 6);
    auto body = encode_multipart({{"key", "k \"1\".pem", "application/x-pem-file", binary}, {"plain", "", "", "v"}}, type);
    auto parts = parse_multipart(type, body);
    ASSERT_TRUE(parts) << parts.error().message();
    ASSERT_EQ(parts->size(), 2U);
    EXPECT_EQ(parts->at(0).content, binary);
    EXPECT_EQ(parts->at(0).content_type, "application/x-pem-file");
    EXPECT_EQ(parts->at(1).name, "plain");
    EXPECT_EQ(parts->at(1).content, "v");
}

TEST(Multipart, reads_the_backslashes_that_it_writes) {
    std::string type;
    auto const body = encode_multipart({{"ends with \\", "C:\\keys\\", "", "v"}}, type);
    auto const parts = parse_multipart(type, body);
    ASSERT_TRUE(parts) << parts.error().message();
    EXPECT_EQ(parts->at(0).name, "ends with \\");
    EXPECT_EQ(parts->at(0).file_name, "C:\\keys\\");
}

TEST(Multipart, reads_an_empty_part_and_text_before_the_first_one) {
    auto parts = parse_multipart("multipart/form-data; boundary=\"b b\"",
                                 "preamble\r\n--b b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\r\n--b b--\r\n");
    ASSERT_TRUE(parts) << parts.error().message();
    ASSERT_EQ(parts->size(), 1U);
    EXPECT_EQ(parts->at(0).content, "");
}

struct Broken {
    char const* what;
    char const* type;
    char const* body;
    friend std::ostream& operator<<(std::ostream& out, Broken const& broken) { return out << broken.what; }
};
class BrokenMultipart : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenMultipart, is_refused) {
    auto parts = parse_multipart(GetParam().type, GetParam().body);
    ASSERT_FALSE(parts);
    EXPECT_EQ(parts.error().id(), errors::net::malformed_form);
}

INSTANTIATE_TEST_SUITE_P(
    Multipart, BrokenMultipart,
    ::testing::Values(
        Broken{"no_boundary", "multipart/form-data", "--b--"}, Broken{"other_type", "text/plain; boundary=b", "--b--"},
        Broken{"boundary_absent", "multipart/form-data; boundary=b", "nothing"},
        Broken{"end_missing", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx"},
        Broken{"name_missing", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"},
        Broken{"head_without_end", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\nx\r\n--b--"},
        Broken{"open_quote", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--"}),
    [](auto const& broken) { return broken.param.what; });

TEST(AnyForm, takes_both_kinds_under_the_same_names) {
    Request plain;
    plain.fields.set("Content-Type", "application/x-www-form-urlencoded");
    plain.body = "key=abc";
    EXPECT_EQ(parse_any_form(plain)->at("key").content, "abc");
    Request multipart;
    std::string type;
    multipart.body = encode_multipart({{"key", "key.pem", "", "abc"}}, type);
    multipart.fields.set("Content-Type", type);
    EXPECT_EQ(parse_any_form(multipart)->at("key").content, "abc");
    EXPECT_EQ(parse_any_form(multipart)->at("key").file_name, "key.pem");
}

}  // namespace countersign::net::http
