#include "base/text.hpp"

#include <gtest/gtest.h>

namespace countersign {
namespace {

TEST(Text, base64_follows_the_vectors_of_rfc_4648) {
    EXPECT_EQ(to_base64(std::string_view("")), "");
    EXPECT_EQ(to_base64(std::string_view("f")), "Zg==");
    EXPECT_EQ(to_base64(std::string_view("fo")), "Zm8=");
    EXPECT_EQ(to_base64(std::string_view("foobar")), "Zm9vYmFy");
    auto back = from_base64("Zm9vYg==");
    ASSERT_TRUE(back);
    EXPECT_EQ(std::string(back->begin(), back->end()), "foob");
}

TEST(Text, base64_refuses_what_is_not_canonical) {
    for (auto const* bad : {"Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zm 9", "=m9v"}) EXPECT_FALSE(from_base64(bad)) << bad;
}

TEST(Text, utf8_refuses_overlong_forms_and_surrogates) {
    EXPECT_TRUE(is_utf8("Gr\xc3\xbc\xc3\x9f"));
    for (auto const* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x80"}) EXPECT_FALSE(is_utf8(bad));
}

TEST(Text, numbers_are_whole_or_nothing) {
    EXPECT_EQ(parse_number<int>("-12"), -12);
    for (auto const* bad : {"", " 1", "1 ", "+1", "1.0", "99999999999"}) EXPECT_FALSE(parse_number<int>(bad)) << bad;
    EXPECT_FALSE(parse_number<unsigned>("-1"));
}

TEST(Text, host_names_are_told_from_addresses) {
    for (auto const* good : {"a", "rm204-bld5.company.com", "1.pool.ntp.org"}) EXPECT_TRUE(is_host_name(good)) << good;
    for (auto const* bad : {"", "-a", "a-", "a..b", "192.0.2.1", "::1", "a_b", "a.", "a b"}) EXPECT_FALSE(is_host_name(bad)) << bad;
}

TEST(Text, hexadecimal_takes_colons_and_both_cases) {
    EXPECT_EQ(from_hex("0A:ff"), (Bytes{10, 255}));
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_EQ(to_hex(Bytes{10, 255}, ':'), "0a:ff");
}

TEST(Text, an_address_ends_where_its_text_ends) {
    EXPECT_TRUE(is_ip_address("192.0.2.1"));
    EXPECT_TRUE(is_ip_address("2001:db8::1"));
    EXPECT_TRUE(is_ip_address("1111:2222:3333:4444:5555:6666:255.255.255.255"));
    EXPECT_FALSE(is_ip_address(std::string_view("192.0.2.1\0.example.com", 22)));
    EXPECT_FALSE(is_ip_address("192.0.2.1."));
    EXPECT_FALSE(is_ip_address("192.0.02.1"));
    EXPECT_FALSE(is_ip_address("fe80::1%eth0"));
    EXPECT_FALSE(is_ip_address(""));
}

}  // namespace
}  // namespace countersign
