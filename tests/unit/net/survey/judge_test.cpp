#include "net/survey/judge.hpp"

#include "support/identities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::net::survey {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TestAuthority;

/// A server as it should be; tests spoil one thing.
struct Case {
    TestAuthority authority;
    Survey survey;
    JudgeRequest request;

    Case() {
        for (auto version : {Version::ssl3, Version::tls1_0, Version::tls1_1, Version::tls1_2, Version::tls1_3})
            survey.versions.push_back({.version = version});
        survey.contact = Contact::tls;
        accept(Version::tls1_2, {0xc02b});
        accept(Version::tls1_3, {0x1301});
        survey.groups = {29};
        survey.handshake = Handshake{.version = "TLSv1.3"};
        survey.chains.push_back({.certificates = authority.issue("a.example.com").chain});
        request = {.called_name = "a.example.com",
                   .anchors = authority.anchors(),
                   .strictness = *pki::Strictness::find("rfc5280"),
                   .at = SystemClock().now()};
    }
    void accept(Version version, std::vector<std::uint16_t> ciphers) {
        auto& report = survey.versions[static_cast<std::size_t>(version) - 0x0300];
        report.accepted = true;
        report.ciphers = std::move(ciphers);
    }
    void refuse(Version version) { survey.versions[static_cast<std::size_t>(version) - 0x0300] = {.version = version}; }
    [[nodiscard]] Judgement judge() const { return survey::judge(survey, request); }
    [[nodiscard]] std::vector<std::string> rules() const {
        std::vector<std::string> out;
        for (auto const& finding : judge().findings)
            out.push_back(finding.certificate ? std::string(pki::to_string(finding.certificate->kind)) : finding.rule);
        return out;
    }
};

TEST(SurveyJudge, finds_nothing_at_a_good_server) {
    Case const good;
    EXPECT_THAT(good.rules(), IsEmpty());
    EXPECT_TRUE(good.judge().holds());
    EXPECT_EQ(good.judge().level, 4);
    EXPECT_EQ(good.judge().raise_by, "");
}

TEST(SurveyJudge, puts_failures_first) {
    Case one;
    one.refuse(Version::tls1_3);
    one.accept(Version::tls1_0, {0x000a});
    EXPECT_THAT(one.rules(), ElementsAre("tls-old-version", "tls-broken-cipher", "tls-no-tls13"));
    EXPECT_FALSE(one.judge().holds());
}

TEST(SurveyJudge, gives_level_3_when_the_name_is_another) {
    Case one;
    one.request.called_name = "b.example.com";
    EXPECT_THAT(one.rules(), ElementsAre("name_mismatch"));
    EXPECT_EQ(one.judge().level, 3);
    one.request.called_name = "";
    EXPECT_THAT(one.rules(), IsEmpty());
    EXPECT_EQ(one.judge().level, 3) << "nobody knows whether it is the right server";
}

TEST(SurveyJudge, gives_level_3_when_no_handshake_proved_the_key) {
    Case one;
    one.survey.handshake.reset();
    EXPECT_THAT(one.rules(), ElementsAre("tls-handshake-failed"));
    EXPECT_EQ(one.judge().level, 3);
    one.survey.client_certificate = ClientCertificate::required;
    EXPECT_THAT(one.rules(), ElementsAre("tls-client-certificate-required"));
    EXPECT_EQ(one.judge().level, 4);
}

TEST(SurveyJudge, judges_what_is_no_tls_by_what_it_speaks) {
    std::pair<std::string, int> const cases[] = {{"HTTP", 2}, {"SSH", 3}, {"Telnet", 1}, {"", 1}};
    for (auto const& [spoken, level] : cases) {
        Survey survey;
        survey.contact = Contact::not_tls;
        survey.spoken = spoken;
        auto const judgement = survey::judge(survey, {});
        EXPECT_EQ(judgement.level, level) << spoken;
        ASSERT_EQ(judgement.findings.size(), 1U);
        EXPECT_EQ(judgement.findings.front().rule, "tls-not-spoken");
    }
}

TEST(SurveyJudge, tells_a_version_from_a_cipher_that_is_not_common) {
    Case one;
    one.refuse(Version::tls1_2);
    one.refuse(Version::tls1_3);
    for (auto& report : one.survey.versions) report.answer = "alert protocol_version";
    EXPECT_THAT(one.rules(), ElementsAre("tls-no-common-version"));
    one.survey.versions[3].answer = "alert handshake_failure";
    EXPECT_THAT(one.rules(), ElementsAre("tls-no-common-cipher"));
    EXPECT_EQ(one.judge().level, 0);
}

TEST(SurveyJudge, reports_each_weakness_of_the_connection_by_its_own_rule) {
    struct Row {
        void (*spoil)(Case&);
        std::string_view rule;
    };
    Row const rows[] = {
        {[](Case& c) { c.accept(Version::tls1_2, {0xc02b, 0xc018}); }, "tls-anonymous"},
        {[](Case& c) { c.accept(Version::tls1_2, {0xc02b, 0xc006}); }, "tls-no-encryption"},
        {[](Case& c) { c.accept(Version::tls1_2, {0xc02b, 0x0003}); }, "tls-export-cipher"},
        {[](Case& c) { c.accept(Version::tls1_2, {0xc02b, 0xc007}); }, "tls-broken-cipher"},
        {[](Case& c) { c.accept(Version::tls1_2, {0xc02b, 0x009c}); }, "tls-static-rsa"},
        {[](Case& c) {
             c.refuse(Version::tls1_3);
             c.accept(Version::tls1_2, {0x009c});
         },
         "tls-no-forward-secrecy"},
        {[](Case& c) { c.survey.smallest_dh_bits = 1024; }, "tls-weak-dh"},
        {[](Case& c) { c.survey.groups.push_back(19); }, "tls-weak-group"},
        {[](Case& c) { c.survey.compression = true; }, "tls-compression"},
        {[](Case& c) { c.survey.secure_renegotiation = false; }, "tls-no-secure-renegotiation"},
        {[](Case& c) { c.survey.extended_master_secret = false; }, "tls-no-extended-master-secret"},
        {[](Case& c) { c.survey.without_name = WithoutName::refused; }, "tls-refused-without-name"},
        {[](Case& c) { c.survey.complete = false; }, "tls-survey-cut"},
        {[](Case& c) { c.survey.chains.front().error = "cut"; }, "tls-certificate-unreadable"},
        {[](Case& c) { c.survey.client_certificate = ClientCertificate::requested; }, "tls-client-certificate-requested"},
    };
    for (auto const& row : rows) {
        Case one;
        row.spoil(one);
        EXPECT_THAT(one.rules(), Contains(std::string(row.rule)));
    }
}

TEST(SurveyJudge, blames_the_clients_order_only_when_it_matters) {
    Case one;
    one.accept(Version::tls1_2, {0xc02b, 0xc02c});
    one.survey.versions[3].order = Order::client;
    EXPECT_THAT(one.rules(), IsEmpty()) << "all are good";
    one.accept(Version::tls1_2, {0xc02b, 0x009c});
    EXPECT_THAT(one.rules(), Contains("tls-client-order"));
    one.survey.versions[3].order = Order::server;
    EXPECT_THAT(one.rules(), ElementsAre("tls-static-rsa"));
}

TEST(SurveyJudge, judges_the_second_certificate_too) {
    Case one;
    one.survey.chains.push_back({.certificates = one.authority.issue_expired("a.example.com").chain});
    EXPECT_THAT(one.rules(), ElementsAre("expired"));
    EXPECT_EQ(one.judge().findings.front().chain, 1U);
    EXPECT_EQ(one.judge().level, 3);
}

TEST(SurveyJudge, is_as_strict_as_the_profile) {
    Case one;
    one.accept(Version::tls1_0, {0xc009});
    EXPECT_FALSE(one.judge().holds());
    one.accept(Version::tls1_2, {0xc02b, 0x009c});
    one.request.strictness = &pki::Strictness::device_legacy();
    EXPECT_TRUE(one.judge().holds());
    EXPECT_THAT(one.rules(), ElementsAre("tls-old-version"));
}

TEST(SurveyJudge, has_every_rule_once_with_a_remedy) {
    for (auto const& rule : all_rules()) {
        EXPECT_EQ(find_rule(rule.id), &rule);
        EXPECT_TRUE(rule.id.starts_with("tls-"));
        EXPECT_TRUE(rule.remedy.ends_with('.')) << rule.id;
    }
    EXPECT_EQ(find_rule("tls-nonsense"), nullptr);
}

}  // namespace
}  // namespace countersign::net::survey
