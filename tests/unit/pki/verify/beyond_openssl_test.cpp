// Where the RFC says other than OpenSSL: policies nobody asked about, hosts of URIs, lists of version 1, entries that are removed.

#include "unit/pki/making.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::pki {
namespace {

using namespace making;

bool fails_for(Verdict const& verdict, std::string_view rule) {
    return std::ranges::any_of(verdict.findings,
                               [rule](Finding const& finding) { return finding.rule == rule && finding.severity == Severity::failure; });
}

std::string const k_identifiers = "\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n";

Verdict judge(std::string const& extensions, std::string const& root_options = "") {
    auto const pair = by_openssl({.root_options = root_options, .extensions = extensions + k_identifiers});
    return verify_chain({.presented = std::span(pair->chain).first(1),
                         .anchors = Anchors({pair->chain[1]}),
                         .at = pair->chain[0].not_before() + std::chrono::hours(1),
                         .strictness = *Strictness::find("rfc5280")});
}

TEST(Policies, are_any_policy_when_nobody_asks_for_one) {
    std::string const demand = "policyConstraints=critical,requireExplicitPolicy:0\nsubjectAltName=DNS:device.example.test";
    EXPECT_FALSE(fails_for(judge(demand + "\ncertificatePolicies=2.23.140.1.2.2"), "no-accepted-policy"));
    EXPECT_TRUE(fails_for(judge(demand), "no-accepted-policy"));
}

TEST(UriConstraints, look_at_the_host_wherever_the_uri_hides_it) {
    std::string const excludes = "-addext 'nameConstraints=critical,excluded;URI:example.test,excluded;URI:.example.net'";
    std::string const permits = "-addext 'nameConstraints=critical,permitted;URI:example.test'";
    for (auto const* uri : {"https://example.test?x", "https://example.test#@good.test", "https://good.test:80@example.test/",
                            "https://EXAMPLE.test:8443/", "https://a.example.net"}) {
        EXPECT_TRUE(fails_for(judge("subjectAltName=URI:" + std::string(uri), excludes), "name-excluded")) << uri;
    }
    for (auto const* uri : {"https://good.test/@example.test", "https://example.net/", "https://an.example.test/"}) {
        EXPECT_FALSE(fails_for(judge("subjectAltName=URI:" + std::string(uri), excludes), "name-excluded")) << uri;
    }
    for (auto const* uri : {"https://example.test:80@good.test/", "https://an.example.test/"}) {
        EXPECT_TRUE(fails_for(judge("subjectAltName=URI:" + std::string(uri), permits), "name-not-permitted")) << uri;
    }
    EXPECT_FALSE(fails_for(judge("subjectAltName=URI:https://example.test/", permits), "name-not-permitted"));
}

TEST(CommonNames, with_a_wildcard_are_held_against_constraints_where_they_count) {
    auto const refused = [](std::string const& constraints) {
        auto const made = by_openssl({.root_options = "-addext 'nameConstraints=critical," + constraints + "'",
                                      .leaf_options = "",
                                      .extensions = "keyUsage=digitalSignature",
                                      .leaf_subject = "/CN=*.example.test"});
        auto const verdict = verify_chain({.presented = std::span(made->chain).first(1),
                                           .anchors = Anchors({made->chain[1]}),
                                           .host_name = "a.example.test",
                                           .at = made->chain[0].not_before() + std::chrono::hours(1)});
        return !verdict.verified();
    };
    EXPECT_TRUE(refused("excluded;DNS:example.test"));
    EXPECT_TRUE(refused("excluded;DNS:a.example.test"));
    EXPECT_TRUE(refused("permitted;DNS:example.net"));
    EXPECT_FALSE(refused("permitted;DNS:test"));
    EXPECT_FALSE(refused("excluded;DNS:example.net"));
}

/// A leaf of serial number 77 and a list that openssl made with this database and these extensions.
Verdict judge_list(std::string const& entry, std::string const& extensions, std::string const& digest = "sha256") {
    auto const pair = by_openssl({.root_options = "-addext keyUsage=critical,keyCertSign,cRLSign",
                                  .leaf_options = "-set_serial 77",
                                  .extensions = "subjectAltName=DNS:device.example.test" + k_identifiers});
    auto const& folder = pair->folder;
    static_cast<void>(folder.file("index.txt", entry));
    static_cast<void>(folder.file("number", "01\n"));
    static_cast<void>(folder.file("ca.cnf", "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=" + digest +
                                                "\n"
                                                "default_crl_days=9\n" +
                                                (extensions.empty() ? "" : "crl_extensions=e\n[e]\n" + extensions)));
    auto const ran = run_in(folder, std::string(extensions.empty() ? "sed -i /crlnumber/d ca.cnf && " : "") +
                                        "openssl ca -gencrl -config ca.cnf -cert root.pem -keyfile root.key -out list.pem");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    std::vector<Crl> const lists{must(Crl::parse(folder.read("list.pem")))};
    return verify_chain({.presented = std::span(pair->chain).first(1),
                         .anchors = Anchors({pair->chain[1]}),
                         .at = pair->chain[0].not_before() + std::chrono::hours(1),
                         .strictness = *Strictness::find("rfc5280"),
                         .revocation = {.policy = RevocationPolicy::hard_fail, .lists = lists}});
}

TEST(RevocationLists, of_version_1_are_read) {
    EXPECT_TRUE(judge_list("", "").verified()) << judge_list("", "").summary();
    EXPECT_TRUE(fails_for(judge_list("R\t400101000000Z\t240101000000Z\t4D\tunknown\t/CN=x\n", ""), "revoked"));
}

TEST(RevocationLists, with_a_weak_digest_are_not_good_enough) {
    auto const weak = judge_list("", "authorityKeyIdentifier=keyid\n", "sha1");
    EXPECT_TRUE(fails_for(weak, "list-form")) << weak.summary();
}

TEST(RevocationLists, that_are_whole_have_no_removed_entries) {
    std::string const whole = "authorityKeyIdentifier=keyid\n";
    EXPECT_TRUE(judge_list("", whole).verified()) << judge_list("", whole).summary();
    auto const removed = judge_list("R\t400101000000Z\t240101000000Z,removeFromCRL\t4D\tunknown\t/CN=x\n", whole);
    EXPECT_TRUE(fails_for(removed, "list-form")) << removed.summary();
}

}  // namespace
}  // namespace countersign::pki
