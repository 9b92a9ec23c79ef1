#include "net/ldap.hpp"

#include "countersign/errors/acc.hpp"

#include <gtest/gtest.h>

namespace countersign::net {
namespace {

// RFC 4515 section 4 has the first two.
TEST(LdapFilter, escapes_what_would_be_part_of_the_filter) {
    EXPECT_EQ(escape_ldap_filter("Parens R Us (for all your parenthetical needs)"), "Parens R Us \\28for all your parenthetical needs\\29");
    EXPECT_EQ(escape_ldap_filter("C:\\MyFile"), "C:\\5cMyFile");
    EXPECT_EQ(escape_ldap_filter("*"), "\\2a");
    EXPECT_EQ(escape_ldap_filter(std::string("a\0b", 3)), "a\\00b");
    EXPECT_EQ(escape_ldap_filter("Lu\xc4\x8di\xc4\x87"), "Lu\\c4\\8di\\c4\\87");
    EXPECT_EQ(escape_ldap_filter("anna.smith-1"), "anna.smith-1");
}

// RFC 4514 section 2.4 and 4.
TEST(LdapName, escapes_what_would_end_the_value) {
    EXPECT_EQ(escape_ldap_dn("James \"Jim\" Smith, III"), "James \\\"Jim\\\" Smith\\, III");
    EXPECT_EQ(escape_ldap_dn("a,ou=admins"), "a\\,ou\\=admins");
    EXPECT_EQ(escape_ldap_dn(" #x "), "\\ #x\\ ");
    EXPECT_EQ(escape_ldap_dn("#x"), "\\#x");
    EXPECT_EQ(escape_ldap_dn("\r"), "\\0d");
}

TEST(LdapConnection, is_not_opened_without_roots) {
    auto const opened = LdapConnection::open({.host = "ldap.example.test", .address = "127.0.0.1", .port = 1, .roots = {}});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().id(), errors::acc::directory_failed);
}

}  // namespace
}  // namespace countersign::net
