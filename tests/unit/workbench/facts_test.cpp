#include "workbench/certificates/facts.hpp"

#include "pki/issue.hpp"
#include "pki/make_request.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::workbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStdout;

UtcTime const k_now = *parse_utc_time("2026-11-22T12:00:00Z");

pki::Certificate made(pki::SubjectFields const& subject, pki::Validity validity) {
    auto const key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto const request =
        pki::make_request(key, subject, {{pki::AlternativeName::Kind::dns, "a.company.com"}}, pki::Hash::automatic).value();
    return pki::self_sign(request, key, pki::Profile::server, validity).value();
}

TEST(DaysUntil, counts_whole_days_and_is_negative_when_it_is_over) {
    EXPECT_EQ(days_until(k_now + std::chrono::hours(47), k_now), 1);
    EXPECT_EQ(days_until(k_now + std::chrono::hours(23), k_now), 0);
    EXPECT_EQ(days_until(k_now - std::chrono::hours(1), k_now), -1);
}

TEST(Ending, says_how_long_is_left_or_that_it_is_over) {
    Output const output(Form::text);
    EXPECT_EQ(ending(output, k_now + std::chrono::days(2), k_now), "2026-11-24T12:00:00Z, 2 days left");
    EXPECT_EQ(ending(output, k_now + std::chrono::hours(30), k_now), "2026-11-23T18:00:00Z, 1 day left");
    EXPECT_EQ(ending(output, k_now - std::chrono::days(3), k_now), "2026-11-19T12:00:00Z, ended 3 days ago");
}

TEST(WithColons, puts_one_between_bytes) {
    EXPECT_EQ(with_colons("12abff"), "12:ab:ff");
    EXPECT_EQ(with_colons(""), "");
}

TEST(CertificateFacts, have_no_control_characters_whatever_the_certificate_holds) {
    auto const certificate = made({.common_name = "a"}, {k_now, k_now + std::chrono::days(10)});
    auto const text = json::serialize(json_of(certificate, k_now));
    EXPECT_THAT(text, HasSubstr("\"subject\":\"/CN=a\""));
    EXPECT_THAT(text, HasSubstr("\"days_left\":10"));
    EXPECT_THAT(text, HasSubstr("\"alternative_names\":[\"dns:a.company.com\"]"));
}

TEST(CertificateFacts, say_when_it_is_not_valid_yet) {
    auto const certificate = made({.common_name = "a"}, {k_now + std::chrono::days(1), k_now + std::chrono::days(10)});
    CaptureStdout();
    print(Output(Form::text), certificate, k_now);
    EXPECT_THAT(GetCapturedStdout(), HasSubstr("2026-11-23T12:00:00Z, not valid yet"));
}

TEST(Findings, are_grouped_by_certificate_with_sentence_remedy_and_number) {
    pki::Finding leaf{.kind = pki::Finding::Kind::expired, .rule = "expired", .depth = 0, .subject = "/CN=leaf\x1b[2J"};
    leaf.openssl_code = 10;
    leaf.openssl_name = "CERT_HAS_EXPIRED";
    leaf.text = "It has expired.";
    leaf.remedy = "Renew it.";
    auto second = leaf;
    second.severity = pki::Severity::advice;
    second.text = "It is long.";
    auto root = leaf;
    root.depth = 1;
    root.subject = "/CN=root";
    CaptureStdout();
    print_findings(Output(Form::text), {leaf, second, root});
    auto const text = GetCapturedStdout();
    EXPECT_EQ(text.find("/CN=leaf?[2J"), text.rfind("/CN=leaf")) << "one heading for both";
    EXPECT_THAT(text, HasSubstr("failure  It has expired.\n     What to do: Renew it.\n     (rule expired; OpenSSL 10 CERT_HAS_EXPIRED)"));
    EXPECT_THAT(text, HasSubstr("advice  It is long."));
    EXPECT_LT(text.find("It is long"), text.find("1  /CN=root"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace countersign::workbench
