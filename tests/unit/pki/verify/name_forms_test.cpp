#include "pki/verify/name_forms.hpp"

#include <gtest/gtest.h>

#include <array>

namespace countersign::pki {
namespace {

TEST(NameForms, of_hosts) {
    for (auto const* good : {"a", "a.example", "xn--bcher-kva.example", "1.2.3.example", "A-b.Example"})
        EXPECT_TRUE(is_dns_name(good)) << good;
    for (auto const* bad : {"", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b.c", "a b", "b\xc3\xbc.de", "*.a"})
        EXPECT_FALSE(is_dns_name(bad)) << bad;
    EXPECT_FALSE(is_dns_name(std::string(64, 'a')));
    EXPECT_TRUE(is_wildcard("*.example.test"));
    for (auto const* bad : {"*", "*.", "**.a", "a*.b", "*a.b", "*.*.a"}) EXPECT_FALSE(is_wildcard(bad)) << bad;
}

TEST(NameForms, of_labels_that_look_internationalised) {
    for (auto const* good : {"xn--bcher-kva.example", "xn--n3h.com", "a-b.c", "XN--N3H.com"})
        EXPECT_FALSE(has_reserved_label(good)) << good;
    for (auto const* bad : {"xn--.com", "ab--c.com", "xn--a-.com", "xn--99999999.com", "xn--a-b-.com"})
        EXPECT_TRUE(has_reserved_label(bad)) << bad;
}

TEST(NameForms, of_addresses_in_any_notation) {
    for (auto const* good : {"192.0.2.1", "192.168.001.001", "0xC0A80101", "3232235777", "127.1", "2001:db8::1", "[::1]", "fe80::1%eth0"}) {
        EXPECT_TRUE(looks_like_address(good)) << good;
    }
    for (auto const* bad : {"", "a.example", "1.2.3.4.5", "0xg", "192.0.2.x", "::g"}) EXPECT_FALSE(looks_like_address(bad)) << bad;
    std::array<std::uint8_t, 16> const six{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    EXPECT_EQ(address_text(six), "2001:db8::1:0:0:1");
    EXPECT_EQ(address_text(std::span(six).first(5)), std::nullopt);
}

TEST(NameForms, of_mailboxes) {
    for (auto const* good : {"a@b.test", "**@example.com", "a.b+c@example.com", "\"a b\"@example.com", "a@[192.0.2.1]", "a@[IPv6:::1]"}) {
        EXPECT_TRUE(is_mailbox(good)) << good;
    }
    for (auto const* bad : {"", "a", "@b.test", "a@", "a@b@c.test", "a..b@c.test", ".a@b.test", "\"@b.test", "a@b_c.test", "<a@b.test>"}) {
        EXPECT_FALSE(is_mailbox(bad)) << bad;
    }
}

TEST(NameForms, of_uris) {
    auto const host = uri_host("https://user@host.example.test:443/path?q#f");
    EXPECT_TRUE(host.valid && host.has_authority && !host.is_address);
    EXPECT_EQ(host.host, "host.example.test");
    EXPECT_TRUE(uri_host("sip:a@b.test").valid);
    EXPECT_FALSE(uri_host("sip:a@b.test").has_authority);
    EXPECT_TRUE(uri_host("http://192.0.2.1/").is_address);
    EXPECT_TRUE(uri_host("http://[::1]:80/").is_address);
    for (auto const* bad : {"", "path", "//host/", ":a", "1http://a", "http://a b/", "http://[::1", "http://a_b/", "http:"}) {
        EXPECT_FALSE(uri_host(bad).valid) << bad;
    }
}

TEST(NameForms, of_constraints) {
    for (auto const* good : {"", "example.test", "a"}) EXPECT_TRUE(is_dns_constraint(good)) << good;
    for (auto const* bad : {".example.test", "*.example.test", "a..b", "192.0.2.1"}) EXPECT_FALSE(is_dns_constraint(bad)) << bad;
    for (auto const* good : {"example.test", ".example.test", "a@example.test", "**@example.test"})
        EXPECT_TRUE(is_email_constraint(good)) << good;
    for (auto const* bad : {"", "@example.test", "a@b@c", "*.example.test"}) EXPECT_FALSE(is_email_constraint(bad)) << bad;
    for (auto const* good : {"example.test", ".example.test"}) EXPECT_TRUE(is_uri_constraint(good)) << good;
    for (auto const* bad : {"", "http://a.test", "192.0.2.1", "*.a"}) EXPECT_FALSE(is_uri_constraint(bad)) << bad;
    EXPECT_TRUE(is_address_constraint(std::array<std::uint8_t, 8>{192, 0, 2, 0, 255, 255, 255, 0}));
    EXPECT_TRUE(is_address_constraint(std::array<std::uint8_t, 8>{0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_FALSE(is_address_constraint(std::array<std::uint8_t, 8>{192, 0, 2, 0, 255, 0, 255, 0}));
    EXPECT_FALSE(is_address_constraint(std::array<std::uint8_t, 4>{192, 0, 2, 0}));
}

TEST(NameForms, within_is_by_whole_labels) {
    EXPECT_TRUE(is_within("a.Example.test", "example.TEST"));
    EXPECT_TRUE(is_within("example.test", "example.test"));
    EXPECT_TRUE(is_within("anything", ""));
    EXPECT_FALSE(is_within("notexample.test", "example.test"));
    EXPECT_FALSE(is_within("test", "example.test"));
}

TEST(NameForms, are_shown_without_control_characters) {
    EXPECT_EQ(for_showing(std::string_view("a\0\n\\b", 5)), "a\\x00\\x0a\\x5cb");
    EXPECT_EQ(for_showing(std::string(200, 'a')).size(), 103u);
}

}  // namespace
}  // namespace countersign::pki
