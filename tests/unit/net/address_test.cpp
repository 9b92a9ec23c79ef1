#include "net/address.hpp"

#include "net/http/target.hpp"

#include "countersign/errors/net.hpp"

#include <gtest/gtest.h>

namespace countersign::net {

TEST(Url, takes_the_port_of_its_scheme) {
    auto url = Url::parse("https://m.example.test/a/b?c=d");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, Scheme::https);
    EXPECT_EQ(url->port, 443);
    EXPECT_EQ(url->target, "/a/b?c=d");
    EXPECT_EQ(url->to_string(), "https://m.example.test/a/b?c=d");
    EXPECT_EQ(url->origin(), "https://m.example.test:443");
}

TEST(Url, writes_ipv6_addresses_in_brackets) {
    auto url = Url::parse("http://[2001:db8::1]:8080");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "2001:db8::1");
    EXPECT_EQ(url->target, "/");
    EXPECT_EQ(url->to_string(), "http://[2001:db8::1]:8080/");
}

class BadUrl : public ::testing::TestWithParam<char const*> {};
TEST_P(BadUrl, is_refused) {
    auto url = Url::parse(GetParam());
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().id(), errors::net::invalid_url);
}
INSTANTIATE_TEST_SUITE_P(Url, BadUrl,
                         ::testing::Values("", "m.example.test", "/path", "ftp://a.test/", "https://", "https:///x", "https://u:p@a.test/",
                                           "https://a.test:0/", "https://a.test:70000/", "https://a b/", "https://a.test/ b",
                                           "https://a.test/\r\nX: y", "https://-a.test/"));

TEST(Url, does_not_repeat_a_password_in_its_error) {
    auto url = Url::parse("https://admin:geheim@a.test/");
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().explanation().find("geheim"), std::string::npos);
}

TEST(Url, refuses_more_than_2048_bytes) { EXPECT_FALSE(Url::parse("https://a.test/" + std::string(2048, 'x'))); }

TEST(Target, decodes_the_path_and_the_query) {
    auto target = http::parse_target("/a%20b//c/?x=1%262&y");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a b/c");
    EXPECT_EQ(target->query.at("x"), "1&2");
}

TEST(Target, takes_the_absolute_form) {
    auto target = http::parse_target("http://m.example.test:80/a?b=c");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a");
    EXPECT_EQ(target->query.at("b"), "c");
}

TEST(Target, keeps_a_segment_with_an_encoded_slash_as_it_came) {
    auto target = http::parse_target("/pki/ocsp/ab%2Fcd%3D/e%3D");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/pki/ocsp/ab%2Fcd%3D/e=");
}

class BadTarget : public ::testing::TestWithParam<char const*> {};
TEST_P(BadTarget, is_refused) { EXPECT_FALSE(http::parse_target(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Target, BadTarget,
                         ::testing::Values("a", "/../etc/passwd", "/a/./b", "/%2e%2e/x", "/a/..%2fb", "/a%2f..", "/a%2f%00b", "/a%00",
                                           "/a%0d%0ab", "/a%", "/a?b=%4", "/a%5c..%5cb"));

}  // namespace countersign::net
