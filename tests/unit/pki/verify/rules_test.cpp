// Rules of form, each broken by openssl in an otherwise good certificate.

#include "pki/findings.hpp"
#include "unit/pki/making.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::pki {
namespace {

using namespace making;

constexpr int k_nobody = 0, k_rfc5280 = 1, k_webpki = 2, k_both = 3, k_everybody = 7;

struct Broken {
    std::string rule;
    int refused_by;          ///< profiles in which it is a failure
    std::string extensions;  ///< in place of those of the same name
    std::string subject = "/CN=device.example.test";
    std::string options = "-set_serial 77";
};

std::vector<Broken> const k_cases{
    {"", k_nobody, ""},
    {"aki-critical", k_everybody, "authorityKeyIdentifier=critical,keyid"},
    {"aki-missing", k_both, "authorityKeyIdentifier=none"},
    {"aki-without-key-identifier", k_both, "authorityKeyIdentifier=issuer:always"},
    {"aki-half-issuer", k_both, "authorityKeyIdentifier=DER:3003820101"},
    {"aki-names-issuer", k_webpki, "authorityKeyIdentifier=keyid,issuer:always"},
    {"aki-of-other-key", k_webpki, "authorityKeyIdentifier=DER:30038001ff"},
    {"aki-broken", k_both, "authorityKeyIdentifier=DER:3003ff0101"},
    {"ski-critical", k_everybody, "subjectKeyIdentifier=critical,hash"},
    {"ski-broken", k_both, "subjectKeyIdentifier=DER:020101"},
    {"signs-without-authority", k_both, "keyUsage=digitalSignature,keyCertSign"},
    {"leaf-signs-lists", k_webpki, "keyUsage=digitalSignature,cRLSign"},
    {"key-usage-empty", k_both, "keyUsage=DER:030100"},
    {"key-usage-broken", k_both, "keyUsage=DER:0302000100"},
    {"path-length-without-authority", k_both, "basicConstraints=critical,CA:FALSE,pathlen:0"},
    {"leaf-is-authority", k_webpki, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyCertSign"},
    {"default-written", k_nobody, "basicConstraints=DER:3003010100"},
    {"leaf-without-purpose", k_nobody, "extendedKeyUsage=none"},
    {"leaf-for-any-purpose", k_webpki, "extendedKeyUsage=serverAuth,anyExtendedKeyUsage"},
    {"leaf-purpose-critical", k_webpki, "extendedKeyUsage=critical,serverAuth"},
    {"wrong-purpose", k_both, "extendedKeyUsage=msSGC"},
    {"access-critical", k_everybody, "authorityInfoAccess=critical,OCSP;URI:http://ocsp.example.test/"},
    {"access-broken", k_both, "authorityInfoAccess=DER:3000"},
    {"freshest-list-critical", k_everybody, "freshestCRL=critical,URI:http://crl.example.test/"},
    {"distribution-points-broken", k_both, "crlDistributionPoints=DER:30043002810100"},
    {"distribution-points-critical", k_nobody, "crlDistributionPoints=critical,URI:http://crl.example.test/"},
    {"constraints-without-authority", k_both, "nameConstraints=critical,permitted;DNS:example.test"},
    {"policy-constraints-not-critical", k_webpki, "policyConstraints=requireExplicitPolicy:3"},
    {"policy-constraints-empty", k_both, "policyConstraints=critical,DER:3000"},
    {"inhibit-any-not-critical", k_both, "inhibitAnyPolicy=2"},
    {"policy-twice", k_both, "certificatePolicies=DER:300e300506032a0304300506032a0304"},
    {"policies-broken", k_both, "certificatePolicies=DER:3000"},
    {"policy-maps-any", k_both, "policyMappings=DER:300d300b06032a03040604551d2000"},
    {"unknown-critical-extension", k_everybody, "1.2.3.4=critical,DER:0500"},
    {"leaf-without-san", k_webpki, "subjectAltName=none"},
    {"san-empty", k_both, "subjectAltName=DER:3000"},
    {"san-broken", k_both, "subjectAltName=DER:30038e0161"},
    {"san-wildcard-form", k_both, "subjectAltName=DNS:device.example.test,DNS:a*.example.test"},
    {"san-wildcard-form", k_both, "subjectAltName=DNS:device.example.test,DNS:a.*.example.test"},
    {"san-wildcard-too-wide", k_webpki, "subjectAltName=DNS:device.example.test,DNS:*.test"},
    {"san-dns-is-address", k_both, "subjectAltName=DNS:device.example.test,DNS:192.0.2.1"},
    {"san-dns-form", k_both, "subjectAltName=DNS:device.example.test,DNS:under_score.example.test"},
    {"san-dns-form", k_both, "subjectAltName=DNS:device.example.test,DNS:.example.test"},
    {"san-dns-form", k_both, "subjectAltName=DNS:device.example.test,DNS:example.test."},
    {"san-dns-single-label", k_nobody, "subjectAltName=DNS:device.example.test,DNS:device"},
    {"san-dns-label-reserved", k_webpki, "subjectAltName=DNS:device.example.test,DNS:ab--cd.example.test"},
    {"san-dns-label-reserved", k_webpki, "subjectAltName=DNS:device.example.test,DNS:xn--99999999.example.test"},
    {"san-email-form", k_both, "subjectAltName=DNS:device.example.test,email:nobody"},
    {"san-email-form", k_both, "subjectAltName=DNS:device.example.test,email:a@b@example.test"},
    {"san-uri-form", k_both, "subjectAltName=DNS:device.example.test,URI:relative/path"},
    {"san-kind-unusual", k_nobody, "subjectAltName=DNS:device.example.test,URI:sip:device@example.test"},
    {"san-address-form", k_both, "subjectAltName=DER:30118208612e622e7465737487050a00000100"},
    {"san-critical", k_nobody, "subjectAltName=critical,DNS:device.example.test"},
    {"san-not-critical", k_both, "", "/"},
    {"leaf-without-any-name", k_both, "subjectAltName=none", "/"},
    {"common-name-not-in-san", k_webpki, "", "/CN=other.example.test"},
    {"common-name-not-in-san", k_webpki, "", "/CN=Device.example.test"},
    {"common-name-not-in-san", k_webpki, "", "/CN=0xC0000201"},
    {"common-name-unlisted", k_nobody, "", "/CN=A device"},
    {"common-name-unlisted", k_nobody, "", "/CN=example.test"},
    {"two-common-names", k_webpki, "", "/CN=device.example.test/CN=device.example.test"},
    {"serial-not-positive", k_webpki, "", "/CN=device.example.test", "-set_serial 0"},
    {"serial-too-long", k_both, "", "/CN=device.example.test", "-set_serial 0xff00000000000000000000000000000000000001"},
    {"valid-very-long", k_nobody, "", "/CN=device.example.test", "-set_serial 77 -days 900"},
};

/// The lines of `changes` in place of usual ones of the same name; "name=none" takes one away.
std::string extensions_of(std::string const& changes) {
    std::vector<std::string> lines{"subjectAltName=DNS:device.example.test", "authorityKeyIdentifier=keyid", "subjectKeyIdentifier=hash",
                                   "extendedKeyUsage=serverAuth", "keyUsage=digitalSignature"};
    for (auto const line : split(changes, '\n')) {
        auto const name = line.substr(0, line.find('=') + 1);
        std::erase_if(lines, [name](std::string const& usual) { return !name.empty() && usual.starts_with(name); });
        if (!line.empty() && (!line.ends_with("=none") || line.contains("KeyIdentifier"))) lines.emplace_back(line);
    }
    std::string out;
    for (auto const& line : lines) out += line + "\n";
    return out;
}

struct Made {
    Certificate root;
    std::vector<Certificate> leaves;
};

Made make_all() {
    TemporaryFolder const folder;
    std::string script =
        "openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out k.key && openssl req -x509 -new -key k.key -subj "
        "/CN=Root "
        "-days 1000 -addext keyUsage=critical,keyCertSign,cRLSign -out root.pem";
    for (std::size_t i = 0; i < k_cases.size(); ++i) {
        auto const name = std::to_string(i);
        static_cast<void>(folder.file(name + ".cnf", extensions_of(k_cases[i].extensions)));
        script += " && openssl req -new -key k.key -subj '" + k_cases[i].subject +
                  "' | openssl x509 -req -days 90 -CA root.pem -CAkey k.key " + k_cases[i].options + " -extfile " + name + ".cnf -out " +
                  name + ".pem 2>>errors";
    }
    auto const ran = run_in(folder, script);
    if (ran.exit_code != 0) throw std::runtime_error(ran.output + folder.read("errors"));
    Made out{must(Certificate::parse_pem(folder.read("root.pem"))), {}};
    for (std::size_t i = 0; i < k_cases.size(); ++i)
        out.leaves.push_back(must(Certificate::parse_pem(folder.read(std::to_string(i) + ".pem"))));
    return out;
}

TEST(Rules, of_form_are_found_where_openssl_broke_them) {
    auto const made = make_all();
    constexpr std::array profiles{std::pair("rfc5280", k_rfc5280), std::pair("webpki", k_webpki), std::pair("device-legacy", 4)};
    for (std::size_t i = 0; i < k_cases.size(); ++i) {
        auto const& one = k_cases[i];
        for (auto const& [name, bit] : profiles) {
            auto const verdict = verify_chain({.presented = std::span(&made.leaves[i], 1),
                                               .anchors = Anchors({made.root}),
                                               .at = made.leaves[i].not_before() + std::chrono::hours(1),
                                               .strictness = *Strictness::find(name)});
            std::string all;
            for (auto const& finding : verdict.findings)
                all += (finding.severity == Severity::failure ? "failure " : "advice ") + finding.rule + "; ";
            auto const found = std::ranges::find(verdict.findings, one.rule, &Finding::rule);
            bool const must_refuse = (one.refused_by & bit) != 0;
            if (one.rule.empty()) {
                EXPECT_THAT(verdict.findings, ::testing::IsEmpty()) << name << ": " << all;
                continue;
            }
            if (must_refuse) {
                // In device-legacy OpenSSL says it in its own words.
                bool const said = bit == 4 ? !verdict.verified() : found != verdict.findings.end() && found->severity == Severity::failure;
                EXPECT_TRUE(said) << one.rule << " by " << name << ": " << all;
            } else if (bit != 4 && found != verdict.findings.end()) {
                EXPECT_EQ(found->severity, Severity::advice) << one.rule << " by " << name << ": " << all;
            }
        }
        if (one.rule.empty()) continue;
        auto const verdict = verify_chain({.presented = std::span(&made.leaves[i], 1),
                                           .anchors = Anchors({made.root}),
                                           .at = made.leaves[i].not_before() + std::chrono::hours(1),
                                           .strictness = *Strictness::find("webpki")});
        EXPECT_TRUE(std::ranges::find(verdict.findings, one.rule, &Finding::rule) != verdict.findings.end()) << one.rule;
    }
}

TEST(FindingRules, are_found_by_id_number_and_name) {
    ASSERT_NE(find_finding_rule("leaf-without-san"), nullptr);
    EXPECT_EQ(find_finding_rule("no-such-rule"), nullptr);
    for (auto const* word : {"10", "CERT_HAS_EXPIRED", "X509_V_ERR_CERT_HAS_EXPIRED", "cert_has_expired"}) {
        auto const rules = find_finding_rules(word);
        ASSERT_FALSE(rules.empty()) << word;
        EXPECT_EQ(rules[0]->id, "expired") << word;
        EXPECT_TRUE(rules[0]->openssl_same);
    }
    EXPECT_EQ(find_finding_rules("expired").size(), 1u);
    for (auto const* word : {"", "9999", "-1", "X509_V_ERR_", "10x"}) EXPECT_TRUE(find_finding_rules(word).empty()) << word;
    EXPECT_EQ(rule_of_openssl(23), Rule::revoked);
    EXPECT_EQ(rule_of_openssl(73), Rule::unspecified);
    EXPECT_EQ(rule_of_openssl(-5), Rule::unspecified);
    EXPECT_EQ(finding_rules().size(), k_rule_count);
    EXPECT_EQ(finding_rule(Rule::leaf_without_san).id, "leaf-without-san");
}

TEST(StrictnessProfiles, are_found_by_name) {
    EXPECT_THAT(Strictness::names(), ::testing::ElementsAre("device-legacy", "rfc5280", "webpki"));
    auto const none = Strictness::find("strict");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().entry().code, "CRT-028");
    EXPECT_THAT(none.error().message(), ::testing::HasSubstr("device-legacy, rfc5280, webpki"));
    auto const& webpki = **Strictness::find("webpki");
    EXPECT_EQ(webpki.severity("leaf-without-san"), Severity::failure);
    EXPECT_EQ(webpki.severity("no-such-rule"), Severity::ignored);
    EXPECT_EQ(Strictness::device_legacy().severity(Rule::leaf_without_san), Severity::ignored);
    EXPECT_EQ(webpki.numbers().minimum_ec_bits, 256);
}

}  // namespace
}  // namespace countersign::pki
