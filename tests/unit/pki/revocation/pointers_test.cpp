#include "pki/revocation_pointers.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>

namespace countersign::pki {
namespace {

using namespace making;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Certificate by_openssl_with(std::string const& extensions) { return by_openssl({.extensions = extensions})->chain.front(); }

TEST(RevocationPointers, are_read_as_openssl_writes_them) {
    auto const found = revocation_pointers(
        by_openssl_with("crlDistributionPoints=a,b\nfreshestCRL=URI:http://a.test/delta.crl\n"
                        "authorityInfoAccess=OCSP;URI:http://ocsp.test/,caIssuers;URI:http://a.test/ca.cer,OCSP;URI:https://ocsp.test/\n"
                        "tlsfeature=status_request\n[a]\nfullname=URI:http://a.test/1.crl,URI:ldap:///cn=x?certificateRevocationList\n"
                        "[b]\nfullname=URI:HTTP://b.test/1.crl,URI:http://a.test/1.crl\nreasons=keyCompromise"));
    EXPECT_THAT(found.crls, ElementsAre("http://a.test/1.crl", "HTTP://b.test/1.crl"));
    EXPECT_THAT(found.delta_crls, ElementsAre("http://a.test/delta.crl"));
    EXPECT_THAT(found.responders, ElementsAre("http://ocsp.test/"));
    EXPECT_THAT(found.issuers, ElementsAre("http://a.test/ca.cer"));
    EXPECT_THAT(found.others, ElementsAre("ldap:///cn=x?certificateRevocationList", "https://ocsp.test/"));
    EXPECT_TRUE(found.must_staple);
    EXPECT_FALSE(found.empty());
}

TEST(RevocationPointers, are_none_without_extensions_or_with_broken_ones) {
    EXPECT_TRUE(revocation_pointers(by_openssl_with("subjectAltName=DNS:a.test")).empty());
    auto const broken = revocation_pointers(
        by_openssl_with("2.5.29.31=DER:3003020101\n1.3.6.1.5.5.7.1.1=DER:0500\n1.3.6.1.5.5.7.1.24=DER:04020101\n2.5.29.46=DER:30"));
    EXPECT_TRUE(broken.empty());
    EXPECT_THAT(broken.others, IsEmpty());
    EXPECT_FALSE(broken.must_staple);
    EXPECT_FALSE(revocation_pointers(by_openssl_with("tlsfeature=status_request_v2")).must_staple);
}

TEST(RevocationPointers, hold_sixteen_at_most_and_nothing_that_is_no_url) {
    std::string many = "crlDistributionPoints=";
    for (int i = 0; i < 40; ++i) many += (i == 0 ? "URI:http://a.test/" : ",URI:http://a.test/") + std::to_string(i);
    EXPECT_THAT(revocation_pointers(by_openssl_with(many)).crls, SizeIs(16));
    auto const odd = revocation_pointers(by_openssl_with("2.5.29.31=DER:30193017a015a0138611687474703a2f2f612e746573742f0d0a78"));
    EXPECT_THAT(odd.crls, IsEmpty());
    EXPECT_THAT(odd.others, ElementsAre("http://a.test/?"
                                        "?x"));
    auto const longest = revocation_pointers(by_openssl_with("crlDistributionPoints=URI:http://a.test/" + std::string(2048, 'a')));
    EXPECT_THAT(longest.crls, IsEmpty());
}

TEST(RevocationPointers, are_put_into_certificates_as_openssl_reads_them) {
    auto const top = root();
    auto const ask = request(new_key(), "device", "dns:a.test");
    auto const made = must(top.sign(ask, Profile::server, k_this_decade,
                                    {.path_length = std::nullopt,
                                     .crl_urls = {"http://a.test/1.crl", "http://b.test/1.crl"},
                                     .ocsp_urls = {"http://ocsp.test/"},
                                     .issuer_urls = {"http://a.test/ca.cer"},
                                     .must_staple = true}));
    TemporaryFolder const folder;
    static_cast<void>(folder.file("c.pem", made.to_pem()));
    auto const text = run_in(folder, "openssl x509 -in c.pem -noout -text").output;
    EXPECT_THAT(text, HasSubstr("X509v3 CRL Distribution Points: \n                Full Name:\n                  URI:http://a.test/1.crl\n"
                                "                  URI:http://b.test/1.crl\n"));
    EXPECT_THAT(text, HasSubstr("OCSP - URI:http://ocsp.test/"));
    EXPECT_THAT(text, HasSubstr("CA Issuers - URI:http://a.test/ca.cer"));
    EXPECT_THAT(text, HasSubstr("TLS Feature: \n                status_request"));
    auto const found = revocation_pointers(made);
    EXPECT_THAT(found.crls, ElementsAre("http://a.test/1.crl", "http://b.test/1.crl"));
    EXPECT_THAT(found.responders, ElementsAre("http://ocsp.test/"));
    EXPECT_THAT(found.issuers, ElementsAre("http://a.test/ca.cer"));
    EXPECT_TRUE(found.must_staple);
    EXPECT_TRUE(revocation_pointers(must(top.sign(ask, Profile::server, k_this_decade))).empty());
}

TEST(RevocationPointers, that_nobody_would_ask_are_not_put_into_certificates) {
    auto const top = root();
    auto const ask = request(new_key(), "device", "dns:a.test");
    for (std::string const url : {"ldap:///cn=x", "https://a.test/1.crl", "http://", "http://a.test/a b", "http://a.test/\n", ""}) {
        IssueOptions options;
        options.crl_urls = {url};
        auto const made = top.sign(ask, Profile::server, k_this_decade, options);
        ASSERT_FALSE(made) << url;
        EXPECT_EQ(made.error().id(), errors::crt::invalid_name);
    }
}

}  // namespace
}  // namespace countersign::pki
