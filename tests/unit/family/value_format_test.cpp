#include "family/value_format.hpp"

#include "family/family.hpp"

#include "countersign/errors/dev.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace countersign::family {
namespace {

struct Cases {
    ValueFormat format;
    std::vector<std::string_view> good;
    std::vector<std::string_view> bad;
};

TEST(ValueFormat, takes_what_is_of_the_form_and_nothing_else) {
    std::vector<Cases> const all{
        {ValueFormat::text, {"a b", "999"}, {}},
        {ValueFormat::ipv4_address,
         {"192.0.2.1", "127.0.0.1", "223.255.255.255"},
         {"banana", "192.0.2", "192.0.2.256", "192.0.2.1.5", "0.0.0.0", "224.0.0.1", "255.255.255.255", "2001:db8::1", "192.0.2.1 x",
          "192.000.002.001x"}},
        {ValueFormat::ip_address,
         {"192.0.2.1", "2001:db8::1", "fe80::1"},
         {"not an ip", "::", "ff02::1", "[2001:db8::1]", "ns.example.com"}},
        {ValueFormat::subnet_mask,
         {"255.255.255.0", "255.0.0.0", "255.255.255.252", "255.255.255.254", "128.0.0.0"},
         {"999", "0.0.0.0", "255.255.255.255", "255.0.255.0", "24", "/24", "0.0.0.255"}},
        {ValueFormat::host_name, {"room", "room.example.com", "3com"}, {"a b", "room.example.com.", "-x", "192.0.2.1", "1.2.3", "a_b"}},
        {ValueFormat::host,
         {"ntp.example.com", "192.0.2.1", "2001:db8::1"},
         {"a b c", "192.0.2.999", "ntp.example.com:123", "http://ntp", "0.0.0.0"}},
        {ValueFormat::server,
         {"tms.example.com", "tms.example.com:8443", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:8443", "127.0.0.1"},
         {"http://foo/bar", "foo/bar", "user@host", "host:99999", "host:0", "host:", "[::1", "[::1]x", "[192.0.2.1]", "-x-", "a b"}},
        {ValueFormat::url,
         {"http://a", "https://a.example.com:8443/x?y=%20", "HTTPS://[2001:db8::1]/", "https://192.0.2.1/a;b"},
         {"ftp://a", "a.example.com", "https://", "https:///x", "https://u@a/", "https://a/%2", "https://a/x y", "https://a:0/",
          "javascript:1"}},
        {ValueFormat::url_path, {"tms/public/x.asmx", "/x?y=1"}, {"a b", "http://x/y", "a\"b", "%zz"}},
    };
    for (auto const& cases : all) {
        for (auto const text : cases.good) EXPECT_TRUE(has_format(cases.format, text)) << describe(cases.format) << ": " << text;
        for (auto const text : cases.bad) EXPECT_FALSE(has_format(cases.format, text)) << describe(cases.format) << ": " << text;
    }
}

TEST(ValueFormat, bytes_after_a_zero_are_not_overlooked) {
    EXPECT_FALSE(has_format(ValueFormat::ipv4_address, std::string_view("192.0.2.1\0x", 11)));
    EXPECT_FALSE(has_format(ValueFormat::ip_address, std::string_view("2001:db8::1\0", 12)));
}

TEST(ValueFormat, of_a_value_space_lets_nothing_and_the_exceptions_pass_and_drops_blanks_around) {
    ValueSpace const space{
        .kind = ValueKind::string, .choices = {}, .maximum_length = 40, .format = ValueFormat::url, .or_else = {"127.0.0.1"}};
    EXPECT_EQ(space.check("x", "").value(), "");
    EXPECT_EQ(space.check("x", "127.0.0.1").value(), "127.0.0.1");
    EXPECT_EQ(space.check("x", " https://a/ ").value(), "https://a/");
    EXPECT_EQ(space.check("x", "127.0.0.2").error().id(), errors::dev::illegal_value);
    EXPECT_FALSE(space.check("x", "https://a.example.com/" + std::string(40, 'x')));
}

}  // namespace
}  // namespace countersign::family
