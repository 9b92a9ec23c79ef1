// Other people's cases: NIST PKITS and x509-limbo, every one of them, in every profile. What differs is listed here by rule, and why in
// docs/pki-profile.md.

#include "support/vectors.hpp"

#include "pki/findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace countersign::pki {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using testing::VectorCase;

std::vector<VectorCase> const& pkits() {
    static auto const cases = testing::load_pkits(CS_SOURCE_DIR "/tests/cases/pkits");
    return cases;
}

std::vector<VectorCase> const& limbo() {
    static auto const cases = testing::load_limbo(CS_SOURCE_DIR "/tests/cases/limbo.json", SystemClock().now());
    return cases;
}

struct Outcome {
    std::vector<std::string> accepted_wrongly, accepted_pedantic, refused_wrongly;
    std::set<std::string> rules_of_refusals;  ///< of cases that should have been accepted
    std::size_t right = 0;
};

void check_findings(VectorCase const& one, Verdict const& verdict) {
    std::set<std::pair<std::string, int>> seen;
    int depth = 0;
    for (auto const& finding : verdict.findings) {
        EXPECT_TRUE(seen.emplace(finding.rule, finding.depth).second) << one.id << ": " << finding.rule << " twice";
        EXPECT_GE(finding.depth, depth) << one.id << ": leaf first";
        EXPECT_NE(find_finding_rule(finding.rule), nullptr) << one.id;
        EXPECT_FALSE(finding.text.empty() || finding.remedy.empty() || finding.openssl_name.empty()) << one.id;
        depth = finding.depth;
    }
}

Outcome run(std::vector<VectorCase> const& cases, std::string_view profile) {
    Outcome out;
    auto const& strictness = **Strictness::find(profile);
    for (auto const& one : cases) {
        Verdict verdict;
        bool verified = false;
        if (one.unreadable.empty()) {
            verdict = verify_chain(one.request(strictness));
            verified = verdict.verified();
            check_findings(one, verdict);
        }
        if (verified == one.must_verify) {
            ++out.right;
        } else if (verified) {
            (one.is_pedantic() ? out.accepted_pedantic : out.accepted_wrongly).push_back(one.id);
        } else {
            out.refused_wrongly.push_back(one.id);
            for (auto const& finding : verdict.findings) {
                if (finding.severity == Severity::failure) out.rules_of_refusals.insert(finding.rule);
            }
        }
    }
    return out;
}

TEST(Vectors, are_all_there) {
    EXPECT_EQ(pkits().size(), 249u);
    EXPECT_EQ(limbo().size(), 98u);
    EXPECT_EQ(std::ranges::count_if(pkits(), &VectorCase::must_verify), 114);
    EXPECT_EQ(std::ranges::count_if(limbo(), &VectorCase::must_verify), 28);
    EXPECT_EQ(pkits().front().lists.size(), 173u);
    for (auto const& one : limbo()) EXPECT_TRUE(one.unreadable.empty()) << one.id << ": " << one.unreadable;
}

TEST(Vectors, pkits_is_right_in_every_case_by_rfc5280) {
    auto const outcome = run(pkits(), "rfc5280");
    EXPECT_EQ(outcome.right, 249u);
    EXPECT_THAT(outcome.accepted_wrongly, IsEmpty());
    EXPECT_THAT(outcome.refused_wrongly, IsEmpty());
}

TEST(Vectors, limbo_is_right_by_webpki_but_for_a_pedantic_one) {
    auto const outcome = run(limbo(), "webpki");
    EXPECT_THAT(outcome.accepted_wrongly, IsEmpty());
    EXPECT_THAT(outcome.refused_wrongly, IsEmpty());
    EXPECT_THAT(outcome.accepted_pedantic, UnorderedElementsAre("rfc5280::aki::cross-signed-root-missing-aki"));
}

TEST(Vectors, webpki_accepts_no_bad_case_of_pkits_and_refuses_good_ones_for_known_rules) {
    auto const outcome = run(pkits(), "webpki");
    EXPECT_THAT(outcome.accepted_wrongly, IsEmpty());
    EXPECT_THAT(outcome.rules_of_refusals,
                UnorderedElementsAre("authority-key-too-small", "basic-constraints-not-critical", "date-before-2050-in-long-form",
                                     "key-type-not-allowed", "leaf-key-too-small", "policy-constraints-not-critical", "unique-identifiers",
                                     "weak-digest"));
}

TEST(Vectors, rfc5280_accepts_in_limbo_only_what_the_baseline_requirements_forbid) {
    auto const outcome = run(limbo(), "rfc5280");
    EXPECT_THAT(outcome.refused_wrongly, IsEmpty());
    EXPECT_THAT(outcome.accepted_wrongly,
                UnorderedElementsAre("rfc5280::pc::ica-noncritical-pc", "webpki::aki::root-with-aki-missing-keyidentifier",
                                     "webpki::cn::ipv4-hex-mismatch", "webpki::cn::ipv4-leading-zeros-mismatch",
                                     "webpki::cn::ipv6-non-rfc5952-mismatch", "webpki::cn::punycode-not-in-san", "webpki::cn::not-in-san",
                                     "webpki::ee-basicconstraints-ca"));
}

TEST(Vectors, device_legacy_refuses_no_good_case_but_old_dsa) {
    EXPECT_THAT(run(limbo(), "device-legacy").refused_wrongly, IsEmpty());
    auto const outcome = run(pkits(), "device-legacy");
    EXPECT_THAT(outcome.accepted_wrongly, IsEmpty());
    EXPECT_EQ(outcome.refused_wrongly.size(), 2u);
    EXPECT_THAT(outcome.rules_of_refusals, UnorderedElementsAre("authority-key-too-small", "leaf-key-too-small", "weak-digest"));
}

}  // namespace
}  // namespace countersign::pki
