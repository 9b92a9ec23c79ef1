#include "pki/verify.hpp"

#include "unit/pki/making.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace countersign::pki {
namespace {

using namespace making;
using ::testing::ElementsAre;
using Kind = Finding::Kind;

constexpr char const* k_name = "device.example.test";

/// "expired (1) CERT_HAS_EXPIRED 10", one for each finding.
std::vector<std::string> lines(Verdict const& verdict) {
    std::vector<std::string> out;
    for (auto const& finding : verdict.findings) {
        out.push_back(std::string(to_string(finding.kind)) + " (" + std::to_string(finding.depth) + ") " + finding.openssl_name + " " +
                      std::to_string(finding.openssl_code));
        EXPECT_FALSE(finding.text.empty());
        EXPECT_FALSE(finding.remedy.empty());
    }
    return out;
}

Verdict verify(std::vector<Certificate> const& presented, std::vector<Certificate> roots, UtcTime at = k_noon,
               Purpose purpose = Purpose::server, std::string const& name = k_name) {
    return verify_chain({.presented = presented, .anchors = Anchors(std::move(roots)), .purpose = purpose, .host_name = name, .at = at});
}

/// A chain of openssl, at a time at which it is valid.
Verdict verify(OpensslPair const& pair, Purpose purpose = Purpose::server, std::string const& name = k_name) {
    auto const at = pair.chain[0].not_before() + std::chrono::hours(24);
    return verify({pair.chain[0]}, {pair.chain[1]}, at, purpose, name);
}

TEST(VerifyChain, accepts_a_good_chain_and_shows_its_path) {
    auto const top = root();
    auto const middle = below(top);
    auto const end = leaf(middle);
    auto const verdict = verify({end, middle.certificate()}, {root("Other").certificate(), top.certificate()});
    EXPECT_TRUE(verdict.verified()) << verdict.summary();
    EXPECT_THAT(verdict.chain, ElementsAre(end, middle.certificate(), top.certificate()));
}

TEST(VerifyChain, takes_intermediates_in_any_order_and_ignores_strangers) {
    auto const top = root();
    auto const middle = below(top);
    auto const lower = must(CertificateAuthority::create_root(new_key(), {.common_name = "Stranger"}, k_this_decade));
    auto const end = leaf(middle);
    EXPECT_TRUE(verify({end, lower.certificate(), top.certificate(), middle.certificate(), end}, {top.certificate()}).verified());
}

TEST(VerifyChain, without_any_certificate_says_that_it_is_missing) {
    auto const verdict = verify(std::vector<Certificate>{}, {});
    ASSERT_EQ(verdict.findings.size(), 1u);
    EXPECT_EQ(verdict.findings[0].kind, Kind::missing_certificate);
    EXPECT_FALSE(verdict.verified());
}

TEST(VerifyChain, names_the_certificate_whose_issuer_is_missing) {
    auto const top = root();
    auto const middle = below(top);
    auto const verdict = verify({leaf(middle)}, {top.certificate()});
    EXPECT_THAT(lines(verdict), ElementsAre("incomplete_chain (0) UNABLE_TO_GET_ISSUER_CERT_LOCALLY 20"));
    EXPECT_EQ(verdict.findings[0].subject, "/CN=device");
    EXPECT_THAT(verdict.findings[0].text, ::testing::HasSubstr("/CN=Test Intermediate"));
    EXPECT_EQ(verdict.chain.size(), 1u);
    EXPECT_THAT(lines(verify({leaf(middle), middle.certificate()}, {})),
                ElementsAre("incomplete_chain (1) UNABLE_TO_GET_ISSUER_CERT_LOCALLY 20"));
}

TEST(VerifyChain, names_a_root_that_is_not_trusted) {
    auto const top = root();
    EXPECT_THAT(lines(verify({leaf(top), top.certificate()}, {root().certificate()})),
                ElementsAre("untrusted_root (1) SELF_SIGNED_CERT_IN_CHAIN 19"));
}

TEST(VerifyChain, names_a_leaf_that_signed_itself) {
    auto const key = new_key();
    auto const own = must(self_sign(request(key, "x", "dns:device.example.test"), key, Profile::server, k_this_decade));
    EXPECT_THAT(lines(verify({own}, {root().certificate()})), ElementsAre("self_signed (0) DEPTH_ZERO_SELF_SIGNED_CERT 18"));
    EXPECT_THAT(lines(verify({own}, {})), ElementsAre("self_signed (0) DEPTH_ZERO_SELF_SIGNED_CERT 18"));
}

TEST(VerifyChain, accepts_whatever_stands_in_the_trust_store) {
    auto const key = new_key();
    auto const own = must(self_sign(request(key, "x", "dns:device.example.test"), key, Profile::server, k_this_decade));
    EXPECT_TRUE(verify({own}, {own}).verified()) << "a self-signed leaf";
    auto const top = root();
    auto const middle = below(top);
    auto const end = leaf(middle);
    EXPECT_TRUE(verify({end}, {end}).verified()) << "a leaf that is not self-signed";
    EXPECT_TRUE(verify({end}, {middle.certificate()}).verified()) << "an intermediate";
    EXPECT_THAT(lines(verify({leaf(middle)}, {end})), ElementsAre("incomplete_chain (0) UNABLE_TO_GET_ISSUER_CERT_LOCALLY 20"))
        << "another leaf of the same issuer is not meant";
}

TEST(VerifyChain, an_anchor_that_is_trusted_as_a_leaf_must_still_have_good_dates_and_the_name) {
    auto const key = new_key();
    auto const own = must(self_sign(request(key, "x", "dns:other.example.test"), key, Profile::server, k_this_decade));
    EXPECT_THAT(lines(verify({own}, {own}, day("2035-01-01"))),
                ElementsAre("expired (0) CERT_HAS_EXPIRED 10", "name_mismatch (0) HOSTNAME_MISMATCH 62"));
}

TEST(VerifyChain, sees_that_a_signature_does_not_fit) {
    // Two authorities of one name and, as both leave no key identifiers, no way to tell them apart but the signature.
    auto const pair = by_openssl({.root_options = "-addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none",
                                  .extensions = "authorityKeyIdentifier=none\nsubjectAltName=DNS:device.example.test"});
    auto const twin = by_openssl({.root_options = "-addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none"});
    auto const at = pair->chain[0].not_before() + std::chrono::hours(24);
    EXPECT_THAT(lines(verify({pair->chain[0]}, {twin->chain[1]}, at)), ElementsAre("bad_signature (0) CERT_SIGNATURE_FAILURE 7"));
}

TEST(VerifyChain, names_every_expired_certificate_and_not_only_the_first) {
    auto const top = root("Root", {day("2020-01-01"), day("2040-01-01")});
    auto const middle = below(top);
    auto const end = leaf(middle);
    auto const verdict = verify({end, middle.certificate()}, {top.certificate()}, day("2035-01-01"));
    EXPECT_THAT(lines(verdict), ElementsAre("expired (0) CERT_HAS_EXPIRED 10", "expired (1) CERT_HAS_EXPIRED 10"));
    EXPECT_EQ(verdict.findings[1].subject, "/CN=Test Intermediate");
    EXPECT_THAT(verdict.findings[0].text, ::testing::HasSubstr("2030-01-01T00:00:00Z"));
}

TEST(VerifyChain, an_expired_root_is_a_finding_too) {
    auto const top = root();
    EXPECT_THAT(lines(verify({leaf(top)}, {top.certificate()}, day("2030-01-02"))),
                ElementsAre("expired (0) CERT_HAS_EXPIRED 10", "expired (1) CERT_HAS_EXPIRED 10"));
}

TEST(VerifyChain, dates_of_an_incomplete_chain_are_checked_as_well) {
    auto const middle = below(root());
    EXPECT_THAT(lines(verify({leaf(middle), middle.certificate()}, {}, day("2019-01-01"))),
                ElementsAre("not_yet_valid (0) CERT_NOT_YET_VALID 9", "incomplete_chain (1) UNABLE_TO_GET_ISSUER_CERT_LOCALLY 20",
                            "not_yet_valid (1) CERT_NOT_YET_VALID 9"));
}

TEST(VerifyChain, is_valid_in_the_first_and_the_last_second) {
    auto const top = root("Root", {day("2010-01-01"), day("2040-01-01")});
    auto const end = leaf(top);
    auto at = [&](UtcTime time) { return verify({end}, {top.certificate()}, time).summary(); };
    EXPECT_EQ(at(k_this_decade.not_before), "");
    EXPECT_EQ(at(k_this_decade.not_before - std::chrono::seconds(1)), "not_yet_valid (0)");
    EXPECT_EQ(at(k_this_decade.not_after - std::chrono::seconds(1)), "");
    EXPECT_EQ(at(k_this_decade.not_after + std::chrono::seconds(1)), "expired (0)");
}

TEST(VerifyChain, dates_beyond_2050_and_before_1970_are_understood) {
    auto const top = root("Root", {day("1960-01-01"), day("2200-01-01")});
    auto const end = leaf(top, "dns:device.example.test", Profile::server, {day("1965-01-01"), day("2100-01-01")});
    EXPECT_EQ(end.not_before(), day("1965-01-01"));
    EXPECT_EQ(end.not_after(), day("2100-01-01"));
    EXPECT_TRUE(verify({end}, {top.certificate()}, day("2099-06-01")).verified());
    EXPECT_TRUE(verify({end}, {top.certificate()}, day("1969-06-01")).verified());
    EXPECT_EQ(verify({end}, {top.certificate()}, day("2100-06-01")).summary(), "expired (0)");
}

TEST(VerifyChain, names_a_wrong_host_name_and_a_wrong_address) {
    auto const top = root();
    auto const end = leaf(top);
    auto as = [&](std::string const& name) { return lines(verify({end}, {top.certificate()}, k_noon, Purpose::server, name)); };
    EXPECT_THAT(as("other.example.test"), ElementsAre("name_mismatch (0) HOSTNAME_MISMATCH 62"));
    EXPECT_THAT(as("192.0.2.1"), ElementsAre("name_mismatch (0) IP_ADDRESS_MISMATCH 64"));
    EXPECT_THAT(as(""), ElementsAre()) << "no name, no check";
}

TEST(VerifyChain, names_a_certificate_for_another_purpose) {
    auto const top = root();
    auto const client = leaf(top, "dns:device.example.test", Profile::client);
    auto const server = leaf(top);
    auto const device = leaf(top, "dns:device.example.test", Profile::device);
    auto as = [&](Certificate const& end, Purpose purpose) { return lines(verify({end}, {top.certificate()}, k_noon, purpose)); };
    EXPECT_THAT(as(client, Purpose::server), ElementsAre("wrong_purpose (0) INVALID_PURPOSE 26"));
    EXPECT_THAT(as(server, Purpose::client), ElementsAre("wrong_purpose (0) INVALID_PURPOSE 26"));
    EXPECT_THAT(as(client, Purpose::client), ElementsAre());
    EXPECT_THAT(as(client, Purpose::any), ElementsAre());
    EXPECT_THAT(as(device, Purpose::server), ElementsAre());
    EXPECT_THAT(as(device, Purpose::client), ElementsAre());
}

TEST(VerifyChain, an_issuer_that_is_no_authority_is_named) {
    // A leaf signs another leaf: every certificate of the path is genuine, and one may not issue.
    auto const pair = by_openssl({});
    auto const& folder = pair->folder;
    auto const ran =
        run_in(folder,
               "openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out e.key && openssl req -new -key e.key -subj "
               "/CN=evil -out e.csr && openssl x509 -req -in e.csr -CA leaf.pem -CAkey leaf.key -CAcreateserial -days 10 -extfile "
               "extensions.cnf -out e.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const evil = must(Certificate::parse_pem(folder.read("e.pem")));
    auto const at = evil.not_before() + std::chrono::hours(1);
    auto const verdict = verify({evil, pair->chain[0]}, {pair->chain[1]}, at);
    EXPECT_THAT(lines(verdict), ElementsAre("not_an_authority (1) INVALID_CA 79"));
}

TEST(VerifyChain, a_path_longer_than_an_authority_allows_is_named) {
    auto const pair =
        by_openssl({.root_options = "-addext basicConstraints=critical,CA:TRUE,pathlen:0",
                    .extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nsubjectAltName=DNS:device.example.test"});
    auto const& folder = pair->folder;
    auto const ran =
        run_in(folder,
               "openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out e.key && openssl req -new -key e.key -subj "
               "/CN=end -out e.csr && echo subjectAltName=DNS:device.example.test >e.cnf && openssl x509 -req -in e.csr -CA leaf.pem "
               "-CAkey leaf.key -CAcreateserial -days 10 -extfile e.cnf -out e.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const end = must(Certificate::parse_pem(folder.read("e.pem")));
    auto const verdict = verify({end, pair->chain[0]}, {pair->chain[1]}, end.not_before() + std::chrono::hours(1));
    EXPECT_THAT(lines(verdict), ElementsAre("not_an_authority (2) PATH_LENGTH_EXCEEDED 25"));
}

TEST(VerifyChain, names_outside_the_issuers_constraints_are_named) {
    auto const pair = by_openssl({.root_options = "-addext 'nameConstraints=critical,permitted;DNS:allowed.test'"});
    EXPECT_THAT(lines(verify(*pair)), ElementsAre("constraint_violation (0) PERMITTED_VIOLATION 47"));
}

TEST(VerifyChain, weak_keys_are_named_wherever_they_stand) {
    auto const pair = by_openssl({.root_key = "rsa -pkeyopt rsa_keygen_bits:1024", .leaf_key = "rsa -pkeyopt rsa_keygen_bits:1024"});
    auto const verdict = verify(*pair);
    EXPECT_THAT(lines(verdict), ElementsAre("weak_key (0) EE_KEY_TOO_SMALL 66", "weak_key (1) CA_KEY_TOO_SMALL 67"));
    EXPECT_THAT(verdict.findings[0].text, ::testing::HasSubstr("RSA 1024"));
}

TEST(VerifyChain, small_curves_are_weak_keys) {
    auto const pair = by_openssl({.leaf_key = "ec -pkeyopt ec_paramgen_curve:prime192v1"});
    EXPECT_THAT(lines(verify(*pair)), ElementsAre("weak_key (0) EE_KEY_TOO_SMALL 66"));
}

TEST(VerifyChain, weak_signatures_are_named_but_not_those_of_anchors) {
    for (auto const* digest : {"-sha1", "-md5"}) {
        auto const pair = by_openssl({.root_key = "rsa -pkeyopt rsa_keygen_bits:2048", .root_options = digest, .leaf_options = digest});
        EXPECT_THAT(lines(verify(*pair)), ElementsAre("weak_signature (0) CA_MD_TOO_WEAK 68")) << digest;
    }
    auto const anchored = by_openssl({.leaf_options = "-sha1"})->chain[0];
    EXPECT_THAT(lines(verify({anchored}, {anchored}, anchored.not_before() + std::chrono::hours(1))), ElementsAre());
    auto const sound = by_openssl({.root_options = "-sha1"});
    EXPECT_THAT(lines(verify(*sound)), ElementsAre());
}

TEST(VerifyChain, a_critical_extension_that_nobody_knows_is_named) {
    auto const pair = by_openssl({.extensions = "1.2.3.4=critical,DER:0500\nsubjectAltName=DNS:device.example.test"});
    auto const verdict = verify(*pair);
    EXPECT_THAT(lines(verdict), ElementsAre("other (0) UNHANDLED_CRITICAL_EXTENSION 34"));
}

TEST(VerifyChain, a_key_that_cannot_be_decoded_is_named) {
    auto der = leaf(root()).to_der();
    std::string const curve = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";  // prime256v1
    auto const found = std::search(der.begin(), der.end(), curve.begin(), curve.end(),
                                   [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
    ASSERT_NE(found, der.end());
    found[9] = 0x77;  // a curve that does not exist
    auto const broken = must(Certificate::parse_der(der));
    EXPECT_EQ(broken.key_algorithm(), "unknown");
    EXPECT_EQ(broken.key_bits(), 0);
    auto const verdict = verify({broken}, {root().certificate()});
    EXPECT_TRUE(verdict.has(Kind::bad_signature)) << verdict.summary();
    EXPECT_TRUE(verdict.has(Kind::incomplete_chain)) << verdict.summary();
}

TEST(VerifyChain, says_all_that_is_wrong_at_once) {
    auto const pair = by_openssl({.leaf_key = "rsa -pkeyopt rsa_keygen_bits:1024",
                                  .leaf_options = "-sha1",
                                  .extensions = "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:other.example.test"});
    auto const long_after = pair->chain[0].not_after() + std::chrono::days(300);
    auto const verdict = verify({pair->chain[0], pair->chain[1]}, {}, long_after);
    EXPECT_THAT(lines(verdict), ElementsAre("expired (0) CERT_HAS_EXPIRED 10", "name_mismatch (0) HOSTNAME_MISMATCH 62",
                                            "wrong_purpose (0) INVALID_PURPOSE 26", "weak_key (0) EE_KEY_TOO_SMALL 66",
                                            "weak_signature (0) CA_MD_TOO_WEAK 68", "untrusted_root (1) SELF_SIGNED_CERT_IN_CHAIN 19",
                                            "expired (1) CERT_HAS_EXPIRED 10"));
    EXPECT_EQ(verdict.summary(),
              "expired (0), name_mismatch (0), wrong_purpose (0), weak_key (0), weak_signature (0), untrusted_root (1), expired (1)");
}

TEST(VerifyChain, a_path_of_a_hundred_certificates_is_not_followed) {
    TemporaryFolder const folder;
    static_cast<void>(folder.file("ca.cnf", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"));
    auto const ran =
        run_in(folder,
               "openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out k.key && openssl req -x509 -new -key k.key "
               "-subj /CN=0 -days 30 -out 0.pem && for i in $(seq 1 24); do openssl req -new -key k.key -subj /CN=$i | openssl x509 -req "
               "-CA $((i-1)).pem -CAkey k.key -set_serial $i -days 30 -extfile ca.cnf -out $i.pem; done");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    std::vector<Certificate> chain;
    for (int i = 24; i >= 0; --i) chain.push_back(must(Certificate::parse_pem(folder.read(std::to_string(i) + ".pem"))));
    auto const at = chain[0].not_before() + std::chrono::hours(1);
    auto const verdict = verify(chain, {chain.back()}, at, Purpose::any, "");
    EXPECT_TRUE(verdict.has(Kind::not_an_authority)) << verdict.summary();
    chain.erase(chain.begin(), chain.end() - 10);
    EXPECT_TRUE(verify(chain, {chain.back()}, at, Purpose::any, "").verified());
}

TEST(VerifyChain, does_not_fetch_or_believe_an_expired_twin_when_a_good_one_is_there) {
    // Two certificates of one authority key: the old expired, the new valid. Both are offered.
    auto const top = root("Root", {day("2010-01-01"), day("2040-01-01")});
    auto const key = new_key();
    auto const ask = request(key, "Middle");
    auto const old = must(top.sign(ask, Profile::authority, {day("2010-01-01"), day("2020-01-01")}));
    auto const fresh = must(top.sign(ask, Profile::authority, k_this_decade));
    auto const end = leaf(must(CertificateAuthority::create(fresh, key)));
    EXPECT_TRUE(verify({end, old, fresh}, {top.certificate()}).verified());
    EXPECT_TRUE(verify({end, fresh, old}, {top.certificate()}).verified());
    EXPECT_THAT(lines(verify({end, old}, {top.certificate()})), ElementsAre("expired (1) CERT_HAS_EXPIRED 10"));
    EXPECT_TRUE(verify({end}, {old, fresh}).verified());
    EXPECT_THAT(lines(verify({end}, {old})), ElementsAre("expired (1) CERT_HAS_EXPIRED 10"));
}

TEST(VerifyChain, works_in_several_threads_with_shared_values) {
    auto const top = root();
    auto const end = leaf(top);
    auto const key = new_key();
    auto const own = must(self_sign(request(key, "x"), key, Profile::server, k_this_decade));
    Anchors const anchors({top.certificate()});
    std::vector<int> wrong(4, 0);
    {
        std::vector<std::jthread> threads;
        for (auto& count : wrong) {
            threads.emplace_back([&count, &anchors, &end, &own] {
                for (int i = 0; i < 50; ++i) {
                    auto at = [&anchors](Certificate const& one) {
                        return verify_chain({.presented = std::span(&one, 1), .anchors = anchors, .at = k_noon});
                    };
                    if (!at(end).verified()) ++count;
                    if (at(own).summary() != "self_signed (0)") ++count;
                }
            });
        }
    }
    EXPECT_THAT(wrong, ::testing::Each(0));
}

TEST(Anchors, share_one_store_and_know_that_they_are_empty) {
    Anchors const none;
    EXPECT_TRUE(none.empty());
    EXPECT_NE(none.native(), nullptr);
    auto const top = root().certificate();
    Anchors const some({top, top});
    Anchors const copy = some;
    EXPECT_EQ(copy.native(), some.native());
    EXPECT_EQ(copy.roots().size(), 2u);
}

}  // namespace
}  // namespace countersign::pki
