#include "pki/describe.hpp"

#include "making.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::pki {
namespace {

using making::must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A certificate that openssl made with these lines of extensions.
Certificate with_extensions(std::string const& lines) {
    testing::TemporaryFolder const folder;
    std::ignore = folder.file("x.cnf", "[req]\ndistinguished_name=dn\n[dn]\n[ext]\n" + lines);
    testing::run_in(folder,
                    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout k.pem -out c.pem -subj /CN=x -days 2 "
                    "-config x.cnf -extensions ext");
    return must(Certificate::parse_pem(folder.read("c.pem")));
}

ExtensionText only(Certificate const& certificate, std::string const& name) {
    for (auto& one : describe_extensions(certificate)) {
        if (one.name == name) return one;
    }
    return {};
}

TEST(DescribedExtensions, say_what_the_key_may_be_used_for) {
    auto const made = with_extensions("keyUsage=critical,digitalSignature,keyCertSign\nextendedKeyUsage=serverAuth,1.2.3.4\n");
    auto const usage = only(made, "Key usage");
    EXPECT_TRUE(usage.critical);
    EXPECT_EQ(usage.oid, "2.5.29.15");
    EXPECT_THAT(usage.values, ElementsAre("digital signature", "signing certificates"));
    EXPECT_THAT(only(made, "Extended key usage").values, ElementsAre("TLS server", "1.2.3.4"));
}

TEST(DescribedExtensions, say_what_an_authority_may_issue) {
    auto const made = with_extensions(
        "basicConstraints=CA:TRUE,pathlen:2\nnameConstraints=permitted;DNS:example.com,permitted;IP:10.0.0.0/255.255.0.0,"
        "excluded;IP:10.1.0.0/255.0.255.0,excluded;email:a@b.example\n");
    EXPECT_THAT(only(made, "Basic constraints").values, ElementsAre("authority (CA)", "at most 2 authorities below it"));
    EXPECT_THAT(only(made, "Name constraints").values, ElementsAre("only dns:example.com", "only ip:10.0.0.0/16",
                                                                   "never ip:10.1.0.0 mask 255.0.255.0", "never email:a@b.example"));
}

TEST(DescribedExtensions, show_names_of_every_kind) {
    auto const made = with_extensions(
        "subjectAltName=DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,URI:https://x/,email:a@b.example,RID:1.2.3,"
        "otherName:1.2.3.4;UTF8:me\n");
    EXPECT_THAT(only(made, "Subject alternative names").values,
                ElementsAre("dns:a.example", "ip:192.0.2.1", "ip:2001:db8::1", "uri:https://x/", "email:a@b.example", "id:1.2.3",
                            "other:1.2.3.4=me"));
}

TEST(DescribedExtensions, show_policies_and_where_to_ask) {
    auto const made = with_extensions(
        "certificatePolicies=1.2.3,@p\npolicyConstraints=requireExplicitPolicy:1,inhibitPolicyMapping:0\ninhibitAnyPolicy=2\n"
        "policyMappings=1.2.3:1.2.4\ncrlDistributionPoints=URI:http://crl.example/a.crl\n"
        "authorityInfoAccess=OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/ca.cer\n"
        "[p]\npolicyIdentifier=2.5.29.32.0\nCPS.1=https://cps.example/\n");
    EXPECT_THAT(only(made, "Policies").values, ElementsAre("1.2.3", "any policy, practice statement https://cps.example/"));
    EXPECT_THAT(only(made, "Policy constraints").values,
                ElementsAre("an explicit policy is needed after 1 certificate", "no policy mapping after 0 certificates"));
    EXPECT_THAT(only(made, "Inhibit any policy").values, ElementsAre("\"any policy\" does not count after 2 certificates"));
    EXPECT_THAT(only(made, "Policy mappings").values, ElementsAre("1.2.3 counts as 1.2.4"));
    EXPECT_THAT(only(made, "Revocation lists").values, ElementsAre("http://crl.example/a.crl"));
    EXPECT_THAT(only(made, "Authority information").values, ElementsAre("OCSP http://ocsp.example/", "issuer http://ca.example/ca.cer"));
}

TEST(DescribedExtensions, show_those_that_nobody_knows_and_those_that_are_broken) {
    auto const made = with_extensions("1.2.3.4.5=critical,DER:0102\nkeyUsage=DER:ff\n");
    auto const unknown = only(made, "1.2.3.4.5");
    EXPECT_TRUE(unknown.critical);
    EXPECT_THAT(unknown.values, ElementsAre("2 bytes: 01:02"));
    EXPECT_THAT(only(made, "Key usage").values, ElementsAre("cannot be decoded"));
}

TEST(DescribedExtensions, of_a_request_are_those_that_it_asks_for) {
    auto const request = making::request(making::new_key(), "x", "dns:x.example");
    auto const found = describe_extensions(request);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0].values, ElementsAre("dns:x.example"));
}

TEST(DescribedKey, has_algorithm_size_and_curve) {
    auto const key = describe_key(with_extensions("keyUsage=digitalSignature\n"));
    EXPECT_EQ(key.algorithm, "EC");
    EXPECT_EQ(key.curve, "P-384");
    EXPECT_EQ(key.bits, 384);
    auto const other = describe_key(making::new_key(KeyType::ed25519));
    EXPECT_EQ(other.algorithm, "Ed25519");
    EXPECT_THAT(other.curve, IsEmpty());
    EXPECT_EQ(other.sha256.size(), 64U);
}

}  // namespace
}  // namespace countersign::pki
