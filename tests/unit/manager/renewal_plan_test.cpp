// What a plan does first when a certificate is to be replaced, and what it does where nothing else may be touched. Pure.

#include "company_authority.hpp"
#include "manager/plan/renewal.hpp"
#include "manager/renew/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::manager {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view k_host = "room1.company.com";

/// A system at Level 4 whose certificate is due, and that lacks another time server. Each test changes what it is about.
class RenewalPlan : public ::testing::Test {
protected:
    RenewalPlan() {
        family_ = *families_.get("c-series");
        system_.id = 1;
        system_.name = "room1";
        system_.host_name = k_host;
        system_.address = "127.0.0.1";
        system_.track_by = TrackBy::host_name;
        system_.https_proven = true;
        policy_.secure_only = SecureOnly::verify;
        policy_.manager_host_name = "manager.company.com";
        policy_.ntp_server = "time.company.com";
        policy_.renew_days_before = k_replace_now;
        policy_.trial_seconds = 0;
        side_.server_of_ours = true;
        Account account;
        account.software = family_->software;
        account.verification_effective = true;
        for (auto const& setting : family_->settings)
            if (!setting.canonical.empty()) account.settings[setting.canonical] = setting.to_canonical(setting.default_value);
        account.settings["name.dns.server.1"] = "127.0.0.53";
        account.trust_fingerprints = {company_.root().fingerprint()};
        seen_.account = std::move(account);
        seen_.account_channel = ChannelTrust::verified;
        seen_.resolved_address = "127.0.0.1";
        seen_.contact = {.at = now_, .https = true, .verified_us = true, .certificate = {}};
        seen_.services = {ServiceObservation{.service = "https",
                                             .port = 443,
                                             .state = net::PortState::open,
                                             .tls_version = "TLSv1.3",
                                             .presented = {company_.issue(std::string(k_host)).certificate},
                                             .trust = ChannelTrust::verified}};
        seen_.services.front().root_sha256 = company_.root().fingerprint();
    }
    [[nodiscard]] Plan plan() const {
        Assessment const nothing;
        return make_plan({.family = *family_,
                          .system = system_,
                          .observation = seen_,
                          .assessment = nothing,
                          .policy = policy_,
                          .estate_roots = roots_,
                          .external_manager_path = "path",
                          .now = now_,
                          .by_hand = by_hand_,
                          .client = side_},
                         {.certificates_only = certificates_only_, .one_trial = one_trial_});
    }
    [[nodiscard]] std::vector<std::string> steps() const {
        std::vector<std::string> out;
        for (auto const& step : plan().steps) out.emplace_back(to_string(step.kind));
        return out;
    }
    [[nodiscard]] std::vector<std::string> first(std::size_t count) const {
        auto all = steps();
        if (all.size() > count) all.resize(count);
        return all;
    }

    UtcTime now_ = SystemClock().now();
    testing::CompanyAuthority company_{now_}, other_{now_, "Other"};
    family::Families families_ = *family::Families::load_embedded();
    family::FamilyPtr family_;
    System system_;
    Policy policy_;
    Observation seen_;
    ClientSide side_;
    ByHand by_hand_;
    std::vector<pki::Certificate> roots_{company_.root()};
    bool certificates_only_ = false, one_trial_ = false;
};

TEST_F(RenewalPlan, comes_before_everything_that_the_certificate_does_not_need) {
    roots_ = {company_.root(), other_.root()};
    EXPECT_THAT(first(5), ElementsAre("install_certificate", "restart", "prove_certificate", "apply_settings", "install_trust"));
    auto const all = steps();
    EXPECT_EQ(std::ranges::count(all, "install_certificate"), 1);
    EXPECT_EQ(std::ranges::count(all, "prove_certificate"), 1);
}

TEST_F(RenewalPlan, comes_after_the_root_that_the_new_certificate_needs) {
    seen_.account->trust_fingerprints = {other_.root().fingerprint()};
    EXPECT_THAT(first(3), ElementsAre("apply_settings", "install_trust", "install_certificate"));
}

TEST_F(RenewalPlan, is_nothing_while_nothing_is_due) {
    policy_.renew_days_before = 5;
    EXPECT_THAT(steps(), Not(Contains("install_certificate")));
    EXPECT_THAT(steps(), Contains("apply_settings"));
}

TEST_F(RenewalPlan, has_a_trial_of_its_own_so_that_it_stays_when_the_rest_goes_back) {
    policy_.trial_seconds = 300;
    EXPECT_THAT(first(7), ElementsAre("begin_trial", "install_certificate", "restart", "prove_certificate", "confirm_trial", "begin_trial",
                                      "apply_settings"));
    EXPECT_EQ(steps().back(), "confirm_trial");
    one_trial_ = true;
    auto const all = steps();
    EXPECT_EQ(std::ranges::count(all, "begin_trial"), 1) << "a campaign takes all of it back, or nothing";
    EXPECT_EQ(all.back(), "confirm_trial");
}

TEST_F(RenewalPlan, of_a_system_that_a_campaign_holds_touches_nothing_else) {
    certificates_only_ = true;
    roots_ = {company_.root(), other_.root()};
    EXPECT_THAT(steps(), ElementsAre("install_certificate", "restart", "prove_certificate"));
    seen_.account->trial = "17";
    EXPECT_THAT(steps(), IsEmpty()) << "what is on trial is left to the campaign";
    seen_.account->trial.clear();
    policy_.renew_days_before = 5;
    EXPECT_THAT(steps(), IsEmpty());
    policy_.renew_days_before = k_replace_now;
    policy_.secure_only = SecureOnly::off;
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(RenewalPlan, without_verification_keeps_what_is_ours_and_gives_nothing_new) {
    policy_.secure_only = SecureOnly::on;
    EXPECT_THAT(first(3), ElementsAre("install_certificate", "restart", "prove_certificate"));
    EXPECT_THAT(steps(), Not(Contains("install_trust")));
    seen_.account->trust_fingerprints.clear();
    EXPECT_THAT(steps(), Contains("install_certificate")) << "it needs no trust for the certificate that it shows";
    side_.server_of_ours = false;
    EXPECT_THAT(steps(), Not(Contains("install_certificate")));
    side_.server_of_ours = true;
    policy_.renew_days_before = 5;
    EXPECT_THAT(steps(), Not(Contains("install_certificate")));
    policy_.secure_only = SecureOnly::off;
    policy_.renew_days_before = k_replace_now;
    EXPECT_THAT(steps(), Not(Contains("install_certificate")));
}

TEST_F(RenewalPlan, by_hand_asks_for_a_request_and_begins_with_the_answer) {
    policy_.issuer = Issuer::by_hand;
    certificates_only_ = true;
    EXPECT_THAT(steps(), ElementsAre("request_certificate"));
    by_hand_.request = 3;
    by_hand_.answer = company_.issue(std::string(k_host)).certificate;
    EXPECT_THAT(steps(), ElementsAre("install_certificate", "restart", "prove_certificate"));
    certificates_only_ = false;
    EXPECT_THAT(first(3), ElementsAre("install_certificate", "restart", "prove_certificate"));
}

}  // namespace
}  // namespace countersign::manager
