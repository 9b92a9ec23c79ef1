// What hostile input costs: counts of work, never time.

#include "support/vectors.hpp"
#include "unit/pki/making.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace countersign::pki {
namespace {

using namespace making;
using Kind = Finding::Kind;

bool has_rule(Verdict const& verdict, std::string_view rule) {
    return std::ranges::any_of(verdict.findings, [rule](Finding const& finding) { return finding.rule == rule; });
}

void expect_within_limits(VerifyWork const& work) {
    EXPECT_LE(work.signatures, k_verify_limits.signatures);
    EXPECT_LE(work.paths, k_verify_limits.paths + 1);
    EXPECT_LE(work.steps, k_verify_limits.steps + 1);
}

/// The certificate with a text replaced by another of the same length, wherever it stands.
Certificate renamed(Certificate const& certificate, std::vector<std::pair<std::string, std::string>> const& changes) {
    auto der = certificate.to_der();
    for (auto const& [from, to] : changes) {
        for (auto at = der.begin();;) {
            at = std::search(at, der.end(), from.begin(), from.end());
            if (at == der.end()) break;
            at = std::copy(to.begin(), to.end(), at);
        }
    }
    return must(Certificate::parse_der(der));
}

/// One certificate with neither key identifier, subject CN=s-0000, issuer CN=i-0000.
Certificate const& nameless_authority() {
    static auto const certificate = [] {
        TemporaryFolder const folder;
        static_cast<void>(folder.file("ca.cnf",
                                      "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nsubjectKeyIdentifier=none\n"
                                      "authorityKeyIdentifier=none\n"));
        auto const ran = run_in(folder,
                                "openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out k.key && openssl req -x509 "
                                "-new -key k.key -subj /CN=i-0000 -days 30 -out i.pem && openssl req -new -key k.key -subj /CN=s-0000 | "
                                "openssl x509 -req -CA i.pem -CAkey k.key -set_serial 1 -days 30 -extfile ca.cnf -out s.pem");
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        return must(Certificate::parse_pem(folder.read("s.pem")));
    }();
    return certificate;
}

/// "s-0042"
std::string numbered(std::string const& prefix, int number) {
    auto const digits = std::to_string(number);
    return prefix + std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits;
}

Certificate link(int number) {
    return renamed(nameless_authority(), {{"s-0000", numbered("s-", number)}, {"i-0000", numbered("s-", number + 1)}});
}

TEST(VerifyLimits, a_path_of_a_thousand_intermediates_is_left_early) {
    std::vector<Certificate> chain;
    for (int i = 0; i < 1000; ++i) chain.push_back(link(i));
    auto const at = chain[0].not_before() + std::chrono::hours(1);
    VerifyWork work;
    auto verdict = verify_chain({.presented = chain, .purpose = Purpose::any, .at = at}, work);
    EXPECT_TRUE(has_rule(verdict, "chain-too-long"));
    EXPECT_EQ(verdict.chain.size(), 18u) << "the leaf, 16 intermediates, and the one that is too many";
    EXPECT_LE(work.signatures, 18u);
    EXPECT_LE(work.steps, 18u);

    work = {};
    verdict = verify_chain({.presented = chain, .purpose = Purpose::any, .at = at, .max_intermediates = 5000}, work);
    EXPECT_EQ(verdict.chain.size(), k_verify_limits.path_certificates);
    EXPECT_TRUE(has_rule(verdict, "chain-too-long"));
    expect_within_limits(work);
}

TEST(VerifyLimits, ten_thousand_strangers_hide_nobody) {
    auto const top = root();
    auto const middle = below(top);
    std::vector<Certificate> heap{leaf(middle)};
    for (int i = 0; i < 9998; ++i) heap.push_back(link(i));
    heap.push_back(middle.certificate());
    VerifyWork work;
    auto const verdict = verify_chain({.presented = heap, .anchors = Anchors({top.certificate()}), .at = k_noon}, work);
    EXPECT_TRUE(verdict.verified()) << verdict.summary();
    EXPECT_LE(work.steps, 4u);
    EXPECT_EQ(work.signatures, 2u);
}

TEST(VerifyLimits, more_certificates_than_that_are_left_out_and_it_is_said) {
    auto const top = root();
    std::vector<Certificate> heap{leaf(top)};
    auto const other = link(7);
    heap.insert(heap.end(), k_verify_limits.certificates, other);
    auto const verdict = verify_chain({.presented = heap, .anchors = Anchors({top.certificate()}), .at = k_noon});
    EXPECT_TRUE(verdict.verified());
    ASSERT_EQ(verdict.findings.size(), 1u);
    EXPECT_EQ(verdict.findings[0].rule, "certificates-left-out");
    EXPECT_EQ(verdict.findings[0].severity, Severity::advice);
}

TEST(VerifyLimits, ten_thousand_issuers_of_one_name_end_the_search) {
    // All have the right name and the leaf was signed by none of them: its signature must be tried against each.
    std::vector<Certificate> heap{link(0)};
    auto const issuer = link(1);
    for (int i = 0; i < 9999; ++i) {
        auto der = issuer.to_der();
        // Another signature, and so another certificate.
        der[der.size() - 3] = static_cast<std::uint8_t>(i);
        der[der.size() - 4] = static_cast<std::uint8_t>(i >> 8);
        heap.push_back(must(Certificate::parse_der(der)));
    }
    VerifyWork work;
    auto const verdict =
        verify_chain({.presented = heap, .purpose = Purpose::any, .at = heap[0].not_before() + std::chrono::hours(1)}, work);
    EXPECT_FALSE(verdict.verified());
    EXPECT_TRUE(has_rule(verdict, "search-ended")) << verdict.summary();
    expect_within_limits(work);
}

TEST(VerifyLimits, authorities_that_all_vouch_for_each_other_end_the_search) {
    auto const key = new_key();
    std::vector<CertificateAuthority> authorities;
    for (int i = 0; i < 12; ++i) {
        authorities.push_back(must(CertificateAuthority::create_root(key, {.common_name = "A" + std::to_string(i)}, k_this_decade)));
    }
    std::vector<Certificate> heap{leaf(authorities[0])};
    for (int i = 0; i < 12; ++i) {
        for (int j = 0; j < 12; ++j) {
            if (i == j) continue;
            auto const& issuer = authorities[static_cast<std::size_t>(j)];
            heap.push_back(must(issuer.sign(request(key, "A" + std::to_string(i)), Profile::authority, k_this_decade)));
        }
    }
    VerifyWork work;
    auto const verdict = verify_chain({.presented = heap, .anchors = Anchors({root().certificate()}), .at = k_noon}, work);
    EXPECT_TRUE(has_rule(verdict, "search-ended")) << verdict.summary();
    EXPECT_TRUE(verdict.has(Kind::incomplete_chain)) << verdict.summary();
    expect_within_limits(work);
}

TEST(VerifyLimits, name_constraints_that_explode_are_not_compared) {
    std::string names, constraints;
    for (int i = 0; i < 3000; ++i) {
        names += "DNS." + std::to_string(i) + " = h" + std::to_string(i) + ".example.test\n";
        constraints += "permitted;DNS." + std::to_string(i) + " = h" + std::to_string(i) + ".example.test\n";
    }
    TemporaryFolder const folder;
    static_cast<void>(
        folder.file("ca.cnf", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nnameConstraints=critical,@n\n[n]\n" + constraints));
    static_cast<void>(folder.file("leaf.cnf", "subjectAltName=@n\n[n]\n" + names));
    auto const ran =
        run_in(folder,
               "openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out k.key && for n in ca leaf; do openssl "
               "req -new -key k.key -subj /CN=$n -out $n.csr; done && openssl x509 -req -in ca.csr -signkey k.key -days 30 "
               "-extfile ca.cnf -out ca.pem && openssl x509 -req -in leaf.csr -CA ca.pem -CAkey k.key -set_serial 2 -days 20 "
               "-extfile leaf.cnf -out leaf.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const end = must(Certificate::parse_pem(folder.read("leaf.pem")));
    auto const top = must(Certificate::parse_pem(folder.read("ca.pem")));
    VerifyWork work;
    auto const verdict = verify_chain({.presented = std::span(&end, 1),
                                       .anchors = Anchors({top}),
                                       .host_name = "h1.example.test",
                                       .at = end.not_before() + std::chrono::hours(1)},
                                      work);
    EXPECT_TRUE(has_rule(verdict, "constraints-too-many")) << verdict.summary();
    EXPECT_EQ(verdict.findings.size(), 1u) << verdict.summary();
    EXPECT_GE(work.name_comparisons, 9'000'000u);
}

TEST(VerifyLimits, a_hundred_intermediates_of_one_name_and_key_cost_next_to_nothing) {
    for (auto const& one : testing::load_limbo(CS_SOURCE_DIR "/tests/cases/limbo.json", SystemClock().now())) {
        if (one.id != "pathological::pathological-chain-same-subject-same-key") continue;
        VerifyWork work;
        EXPECT_FALSE(verify_chain(one.request(Strictness::device_legacy()), work).verified());
        EXPECT_LE(work.signatures, 210u);
        EXPECT_LE(work.steps, 20'000u);
        return;
    }
    FAIL() << "the case is not there";
}

TEST(VerifyLimits, one_path_costs_one_signature_check_for_each_certificate) {
    auto const top = root();
    auto const middle = below(top);
    std::vector<Certificate> const chain{leaf(middle), middle.certificate(), top.certificate()};
    VerifyWork work;
    EXPECT_TRUE(verify_chain({.presented = chain, .anchors = Anchors({top.certificate()}), .at = k_noon}, work).verified());
    EXPECT_EQ(work.signatures, 2u);
    EXPECT_EQ(work.paths, 1u);
}

TEST(VerifyLimits, whatever_is_changed_in_a_certificate_it_comes_to_an_end) {
    auto const cases = testing::load_limbo(CS_SOURCE_DIR "/tests/cases/limbo.json", SystemClock().now());
    std::mt19937 random(20261122);
    std::size_t parsed = 0;
    for (int round = 0; round < 1500; ++round) {
        auto const& one = cases[random() % cases.size()];
        if (one.presented.size() > 10) continue;
        auto presented = one.presented;
        auto& victim = presented[random() % presented.size()];
        auto der = victim.to_der();
        for (int i = 0; i < 3; ++i) der[random() % der.size()] = static_cast<std::uint8_t>(random());
        auto const changed = Certificate::parse_der(der);
        if (!changed) continue;
        ++parsed;
        victim = *changed;
        for (auto const& name : Strictness::names()) {
            auto request = one.request(**Strictness::find(name));
            request.presented = presented;
            auto const verdict = verify_chain(request);
            EXPECT_FALSE(verdict.chain.empty());
        }
    }
    EXPECT_GT(parsed, 300u);
}

}  // namespace
}  // namespace countersign::pki
