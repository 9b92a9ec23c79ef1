#include "pki/ocsp.hpp"
#include "unit/pki/making.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::pki {
namespace {

using namespace making;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// root, intermediate, leaf; lists of both authorities.
struct Estate {
    CertificateAuthority top = root();
    CertificateAuthority middle = below(top);
    Certificate end = leaf(middle);
    std::vector<Certificate> chain{end, middle.certificate()};

    static Crl list(CertificateAuthority const& by, std::vector<RevokedEntry> const& entries = {}, std::uint64_t number = 1,
                    UtcTime now = k_noon - std::chrono::hours(1), std::chrono::hours length = std::chrono::hours(24)) {
        return must(Crl::parse(must(by.sign_crl(entries, number, now, now + length))));
    }
    [[nodiscard]] std::vector<std::string> verify(RevocationPolicy policy, std::vector<Crl> const& lists,
                                                  std::vector<OcspResponse> const& responses = {}) const {
        auto const verdict = verify_chain({.presented = chain,
                                           .anchors = Anchors({top.certificate()}),
                                           .host_name = "device.example.test",
                                           .at = k_noon,
                                           .revocation = {.policy = policy, .lists = lists, .responses = responses}});
        std::vector<std::string> out;
        for (auto const& finding : verdict.findings) {
            out.push_back((finding.severity == Severity::failure ? "" : "advice ") + finding.rule + " (" + std::to_string(finding.depth) +
                          ")");
        }
        return out;
    }
    [[nodiscard]] OcspResponse response(Certificate const& about, CertificateAuthority const& by, RevocationState state) const {
        auto const asked = make_ocsp_request(about, by.certificate(), false);
        auto const state_of = [&](std::string const&) { return OcspStatus{.state = state, .revoked_at = k_noon, .reason = 1}; };
        return must(OcspResponse::parse_der(
            must(answer_ocsp_request(asked.der, by.certificate(), by.certificate(), by.key(), state_of, k_noon, std::chrono::hours(1)))));
    }
};

constexpr auto off = RevocationPolicy::off;
constexpr auto soft = RevocationPolicy::soft_fail;
constexpr auto hard = RevocationPolicy::hard_fail;

TEST(RevocationCheck, off_looks_at_nothing) {
    Estate const estate;
    EXPECT_THAT(estate.verify(off, {estate.list(estate.middle, {{estate.end.serial(), k_noon, 1}})}), IsEmpty());
}

TEST(RevocationCheck, hard_fail_wants_a_list_for_every_certificate_below_the_root) {
    Estate const estate;
    EXPECT_THAT(estate.verify(hard, {}), ElementsAre("no-revocation-list (0)", "no-revocation-list (1)"));
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.middle)}), ElementsAre("no-revocation-list (1)"));
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top), estate.list(estate.middle)}), IsEmpty());
}

TEST(RevocationCheck, soft_fail_only_advises_where_nothing_is_known) {
    Estate const estate;
    EXPECT_THAT(estate.verify(soft, {}), ElementsAre("advice no-revocation-list (0)", "advice no-revocation-list (1)"));
}

TEST(RevocationCheck, what_is_revoked_is_a_failure_under_both_and_says_since_when_and_why) {
    Estate const estate;
    auto const list = estate.list(estate.middle, {{estate.end.serial(), day("2026-05-05"), 1}});
    EXPECT_THAT(estate.verify(soft, {list}), ElementsAre("revoked (0)", "advice no-revocation-list (1)"));
    EXPECT_THAT(estate.verify(hard, {list, estate.list(estate.top)}), ElementsAre("revoked (0)"));
    auto const verdict = verify_chain({.presented = estate.chain,
                                       .anchors = Anchors({estate.top.certificate()}),
                                       .at = k_noon,
                                       .revocation = {.policy = soft, .lists = std::span(&list, 1)}});
    EXPECT_EQ(verdict.findings[0].kind, Finding::Kind::revoked);
    EXPECT_EQ(verdict.findings[0].openssl_name, "CERT_REVOKED");
    EXPECT_THAT(verdict.findings[0].text, ::testing::HasSubstr("since 2026-05-05T00:00:00Z, keyCompromise"));
}

TEST(RevocationCheck, an_intermediate_can_be_revoked_too) {
    Estate const estate;
    auto const list = estate.list(estate.top, {{estate.middle.certificate().serial(), k_noon, 2}});
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.middle), list}), ElementsAre("revoked (1)"));
}

TEST(RevocationCheck, a_list_that_is_out_of_date_or_not_yet_valid_says_so) {
    Estate const estate;
    auto const old = estate.list(estate.middle, {}, 1, day("2026-01-01"));
    auto const early = estate.list(estate.middle, {}, 1, day("2026-12-01"));
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top), old}), ElementsAre("list-expired (0)"));
    EXPECT_THAT(estate.verify(soft, {estate.list(estate.top), old}), ElementsAre("advice list-expired (0)"));
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top), early}), ElementsAre("list-not-yet-valid (0)"));
    EXPECT_THAT(estate.verify(hard, {old, estate.list(estate.middle), estate.list(estate.top)}), IsEmpty()) << "a current one is there too";
}

TEST(RevocationCheck, a_list_counts_until_the_second_of_its_next_update) {
    Estate const estate;
    constexpr std::chrono::seconds second{1};
    auto const begin = k_noon - std::chrono::hours(24);
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top), estate.list(estate.middle, {}, 1, begin)}), IsEmpty());
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top), estate.list(estate.middle, {}, 1, begin - second)}),
                ElementsAre("list-expired (0)"));
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top), estate.list(estate.middle, {{estate.end.serial(), begin, 1}}, 1, begin)}),
                ElementsAre("revoked (0)"));
}

TEST(RevocationCheck, a_forged_list_neither_revokes_nor_pushes_aside_the_good_one) {
    Estate const estate;
    // The same name, another key; newer than the good list.
    auto const stranger = must(CertificateAuthority::create_root(new_key(), {.common_name = "Test Intermediate"}, k_this_decade));
    auto const forged = estate.list(stranger, {{estate.end.serial(), k_noon, 1}}, 9, k_noon - std::chrono::minutes(1));
    auto const good = estate.list(estate.middle);
    auto const above = estate.list(estate.top);
    EXPECT_THAT(estate.verify(hard, {forged, good, above}), ElementsAre("advice list-bad-signature (0)"));
    EXPECT_THAT(estate.verify(hard, {good, above, forged}), ElementsAre("advice list-bad-signature (0)"));
    EXPECT_THAT(estate.verify(hard, {forged, above}), ElementsAre("no-revocation-list (0)"))
        << "it is of another authority, and revokes nobody";
    EXPECT_THAT(estate.verify(soft, {forged, above}), ElementsAre("advice no-revocation-list (0)"));
}

TEST(RevocationCheck, a_response_stands_for_a_list) {
    Estate const estate;
    auto const good = estate.response(estate.end, estate.middle, RevocationState::good);
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top)}, {good}), IsEmpty());
    auto const above = estate.response(estate.middle.certificate(), estate.top, RevocationState::good);
    EXPECT_THAT(estate.verify(hard, {}, {above, good}), IsEmpty()) << "in any order";
    EXPECT_THAT(estate.verify(hard, {}, {good}), ElementsAre("no-revocation-list (1)"));
}

TEST(RevocationCheck, a_response_that_says_revoked_is_believed_under_both_policies) {
    Estate const estate;
    auto const bad = estate.response(estate.end, estate.middle, RevocationState::revoked);
    EXPECT_THAT(estate.verify(hard, {estate.list(estate.top), estate.list(estate.middle)}, {bad}), ElementsAre("revoked (0)"));
    EXPECT_THAT(estate.verify(soft, {}, {bad}), ElementsAre("revoked (0)", "advice no-revocation-list (1)"));
}

TEST(RevocationCheck, a_list_that_revokes_is_believed_against_a_good_response) {
    Estate const estate;
    auto const good = estate.response(estate.end, estate.middle, RevocationState::good);
    auto const list = estate.list(estate.middle, {{estate.end.serial(), k_noon, 1}});
    EXPECT_THAT(estate.verify(hard, {list, estate.list(estate.top)}, {good}), ElementsAre("revoked (0)"));
}

TEST(RevocationCheck, a_responder_that_does_not_know_the_certificate_is_no_answer) {
    Estate const estate;
    auto const unknown = estate.response(estate.end, estate.middle, RevocationState::unknown);
    auto const above = estate.list(estate.top);
    EXPECT_THAT(estate.verify(hard, {above, estate.list(estate.middle)}, {unknown}), ElementsAre("revocation-answer-unknown (0)"));
    EXPECT_THAT(estate.verify(soft, {above, estate.list(estate.middle)}, {unknown}), ElementsAre("advice revocation-answer-unknown (0)"));
}

}  // namespace
}  // namespace countersign::pki
