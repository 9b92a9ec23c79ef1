#include "manager/access/people_certificates.hpp"
#include "manager/access/people_directory.hpp"
#include "pki/issue.hpp"
#include "support/identities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::manager {
namespace {

TEST(DirectoryRoles, the_first_rule_that_fits_a_group_counts) {
    std::vector<RoleOfGroup> const rules{*parse_role_of_group("administrator = cn=Admins, ou=Groups,dc=x"),
                                         *parse_role_of_group("viewer = *")};
    EXPECT_EQ(role_of_groups(rules, {"CN=admins,OU=groups,DC=x"}), Role::administrator);
    EXPECT_EQ(role_of_groups(rules, {"cn=admins,ou=groups,dc=y"}), Role::viewer);
    EXPECT_EQ(role_of_groups(rules, {}), Role::viewer);
    EXPECT_EQ(role_of_groups({rules.front()}, {"cn=admins,ou=groups"}), std::nullopt);
}

TEST(DirectoryRoles, a_rule_that_says_nothing_is_refused) {
    for (auto const* text : {"", "administrator", "administrator =", "boss = cn=x", "viewer = x", "= cn=x"})
        EXPECT_FALSE(parse_role_of_group(text)) << text;
}

TEST(DirectoryUrl, is_always_tls) {
    EXPECT_EQ(parse_directory_url("ldaps://LDAP.company.com")->port, 636);
    EXPECT_EQ(parse_directory_url("ldaps://ldap.company.com")->security, net::LdapServer::Security::ldaps);
    auto const plain = parse_directory_url("ldap://192.0.2.1:3389/");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->security, net::LdapServer::Security::start_tls);
    EXPECT_EQ(plain->port, 3389);
    for (auto const* text : {"", "https://x", "ldap://", "ldaps://x:0", "ldaps://x:70000", "ldaps://a b", "ldapi:///run/x"})
        EXPECT_FALSE(parse_directory_url(text)) << text;
}

pki::Certificate person(std::string const& email, std::string const& name) {
    auto const key = *pki::PrivateKey::generate(*pki::parse_key_type("ec:p256"));
    pki::SubjectFields subject;
    subject.common_name = name;
    subject.organization = "Company";
    auto const request = *pki::CertificateRequest::create(key, subject, {{pki::AlternativeName::Kind::email, email}});
    auto const now = SystemClock().now();
    pki::SubjectFields authority;
    authority.common_name = "People CA";
    auto const authority_key = *pki::PrivateKey::generate(*pki::parse_key_type("ec:p256"));
    auto const root = *pki::CertificateAuthority::create_root(authority_key, authority, pki::valid_for(now, std::chrono::days(10)));
    return *root.sign(request, pki::Profile::device, pki::valid_for(now, std::chrono::days(1)));
}

std::optional<std::string> account(std::string const& rule, pki::Certificate const& leaf) {
    auto parsed = parse_account_rule(rule);
    EXPECT_TRUE(parsed) << rule;
    return parsed ? account_of({*parsed}, leaf) : std::nullopt;
}

TEST(AccountRules, say_which_account_a_certificate_is) {
    auto const anna = person("Anna@Company.com", "Anna Smith");
    EXPECT_EQ(account("email:anna@company.com -> boss", anna), "boss");
    EXPECT_EQ(account("email:*@company.com -> *", anna), "anna");
    EXPECT_EQ(account("email:*@company.com and name:Anna * -> *@x", anna), "anna@x");
    EXPECT_EQ(account("issuer:" + anna.issuer() + " and subject:" + anna.subject() + " -> a", anna), "a");
    EXPECT_EQ(account("email:*@company.com and issuer:CN=Another CA -> *", anna), std::nullopt);
    EXPECT_EQ(account("name:Anna -> a", anna), std::nullopt) << "the whole name";
    EXPECT_EQ(account("email:*@ompany.com -> *", anna), std::nullopt);
}

TEST(AccountRules, what_a_star_stands_for_in_an_address_holds_no_at) {
    EXPECT_EQ(account("email:*.com -> *", person("x@company.com", "x")), std::nullopt);
}

TEST(AccountRules, a_rule_for_everybody_or_nobody_is_refused) {
    for (auto const* text : {"", "-> a", "email:* -> a", "email: -> a", "email:x@y.com ->", "email:x@y.com -> *", "mail:x -> a",
                             "name:*a* -> x", "email:x@y.com and -> a"})
        EXPECT_FALSE(parse_account_rule(text)) << text;
}

}  // namespace
}  // namespace countersign::manager
