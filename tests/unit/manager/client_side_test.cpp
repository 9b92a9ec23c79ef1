// Two identities: what is decided from what is known, and what the plan does about it. Pure.

#include "manager/assess/client_side.hpp"

#include "company_authority.hpp"
#include "manager/assess/readiness.hpp"
#include "manager/certificates/profile_limits.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/plan/plan.hpp"
#include "manager/tickets/ticket_rules.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::manager {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view k_host = "studio.company.com";

/// A system at Level 4 as it was just seen. Each test changes what it is about.
class TwoIdentities : public ::testing::Test {
protected:
    TwoIdentities() {
        system_.id = 1;
        system_.name = "studio";
        system_.host_name = k_host;
        system_.address = "127.0.0.1";
        system_.track_by = TrackBy::host_name;
        system_.https_proven = true;
        policy_.secure_only = SecureOnly::verify;
        policy_.manager_host_name = "manager.company.com";
        policy_.ntp_server = "time.company.com";
        policy_.identities = Identities::two;
        policy_.trial_seconds = 0;
        use_family("roomos");
    }

    void use_family(std::string const& id) {
        family_ = *families_.get(id);
        system_.family = id;
        serve(issue(pki::Profile::server));
        seen_.resolved_address = "127.0.0.1";
        seen_.account_channel = ChannelTrust::verified;
        Account account;
        account.software = family_->software;
        account.feature_keys = family_->secure_only_feature_keys;
        account.verification_effective = true;
        for (auto const& setting : family_->settings)
            if (!setting.canonical.empty()) account.settings[setting.canonical] = setting.to_canonical(setting.default_value);
        account.settings["name.dns.server.1"] = "127.0.0.53";
        account.trust_fingerprints = {company_.root().fingerprint()};
        seen_.account = std::move(account);
        seen_.contact = {.at = now_, .https = true, .verified_us = true, .certificate = {}};
    }
    [[nodiscard]] pki::Certificate issue(pki::Profile profile, int days = 300, std::string const& host = std::string(k_host)) const {
        return company_.issue(host, profile, std::chrono::days(days)).certificate;
    }
    void serve(pki::Certificate leaf) {
        seen_.services = {ServiceObservation{.service = "https",
                                             .port = 443,
                                             .state = net::PortState::open,
                                             .tls_version = "TLSv1.3",
                                             .presented = {std::move(leaf)},
                                             .trust = ChannelTrust::verified}};
        side_.server_of_ours = true;
    }
    /// The system has this one for its calls, and showed it when it called.
    void has(pki::Certificate const& own) {
        side_.installed = own.fingerprint();
        side_.certificate = own;
        side_.renew_days_before = policy_.renew_days_before;
        seen_.contact.certificate = own.fingerprint();
    }
    [[nodiscard]] Plan plan() const {
        Assessment const nothing;
        return make_plan({.family = *family_,
                          .system = system_,
                          .observation = seen_,
                          .assessment = nothing,
                          .policy = policy_,
                          .estate_roots = {company_.root()},
                          .external_manager_path = "path",
                          .now = now_,
                          .client = side_});
    }
    /// Those that are about certificates.
    [[nodiscard]] std::vector<std::string> steps() const {
        std::vector<std::string> out;
        for (auto const& step : plan().steps)
            if (to_string(step.kind).find("certificate") != std::string_view::npos) out.emplace_back(to_string(step.kind));
        return out;
    }
    [[nodiscard]] ReadinessItem readiness() const {
        for (auto& item : check_readiness({.family = *family_,
                                           .system = system_,
                                           .observation = seen_,
                                           .policy = policy_,
                                           .now = now_,
                                           .estate_roots = {company_.root()},
                                           .client = side_}))
            if (item.id == "identities") return item;
        return {};
    }
    [[nodiscard]] std::string fault() const { return client_fault(side_, system_, seen_.contact, now_); }

    UtcTime now_ = SystemClock().now();
    testing::CompanyAuthority company_{now_};
    family::Families families_ = *family::Families::load_embedded();
    family::FamilyPtr family_;
    System system_;
    Policy policy_;
    Observation seen_;
    ClientSide side_;
};

TEST_F(TwoIdentities, a_system_with_one_certificate_gets_the_other_and_keeps_a_server_that_is_one) {
    EXPECT_THAT(steps(), ElementsAre("install_client_certificate", "prove_client_certificate"));
    EXPECT_EQ(readiness().state, ReadinessItem::State::no);
}

TEST_F(TwoIdentities, a_server_that_could_call_too_is_replaced_after_the_client_is_installed) {
    serve(issue(pki::Profile::device));
    EXPECT_THAT(steps(), ElementsAre("install_client_certificate", "install_certificate", "prove_certificate", "prove_client_certificate"));
}

TEST_F(TwoIdentities, both_in_place_and_shown_leave_nothing_to_do) {
    has(issue(pki::Profile::client));
    EXPECT_THAT(steps(), IsEmpty());
    EXPECT_EQ(readiness().state, ReadinessItem::State::yes);
}

TEST_F(TwoIdentities, one_that_is_installed_counts_when_it_was_shown) {
    has(issue(pki::Profile::client));
    seen_.contact.certificate = issue(pki::Profile::device).fingerprint();
    EXPECT_THAT(steps(), ElementsAre("prove_client_certificate"));
    EXPECT_EQ(readiness().state, ReadinessItem::State::no);
    seen_.contact.certificate = side_.installed;
    side_.awaited = side_.installed;
    EXPECT_THAT(steps(), ElementsAre("prove_client_certificate"))
        << "a program that was killed before it wrote the proof down proves again";
}

TEST_F(TwoIdentities, the_clients_one_is_replaced_for_each_fault_of_its_own) {
    struct Case {
        pki::Certificate own;
        std::string_view why;
    };
    for (auto const& [own, why] : {Case{issue(pki::Profile::device), "not the usage"}, Case{issue(pki::Profile::server), "not the usage"},
                                   Case{issue(pki::Profile::client, 300, "other.company.com"), "is not for studio"}}) {
        has(own);
        EXPECT_THAT(fault(), HasSubstr(why));
        EXPECT_THAT(steps(), ElementsAre("install_client_certificate", "prove_client_certificate")) << why;
    }
    has(issue(pki::Profile::client));
    side_.replace = true;
    EXPECT_THAT(fault(), HasSubstr("renewal is due"));
    EXPECT_THAT(steps(), ElementsAre("install_client_certificate", "prove_client_certificate"));
}

TEST_F(TwoIdentities, a_renewal_of_one_side_waits_for_its_hours_and_leaves_the_other_alone) {
    has(issue(pki::Profile::client, 20));
    now_ += std::chrono::days(17);
    ASSERT_THAT(fault(), HasSubstr("ends in"));
    side_.wait = true;
    EXPECT_THAT(fault(), IsEmpty());
}

TEST_F(TwoIdentities, one_of_others_stays_as_long_as_it_is_shown) {
    side_.installed = issue(pki::Profile::client).fingerprint();
    EXPECT_THAT(fault(), HasSubstr("is not the manager's"));
    seen_.contact.certificate = side_.installed;
    EXPECT_THAT(fault(), IsEmpty());
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(TwoIdentities, back_to_one_the_server_may_call_first_and_then_the_other_goes) {
    policy_.identities = Identities::one;
    has(issue(pki::Profile::client));
    EXPECT_THAT(steps(), ElementsAre("install_certificate", "prove_certificate", "remove_client_certificate"));
    bool waits = false;
    for (auto const& step : plan().steps) waits = waits || step.kind == StepKind::await_contact;
    EXPECT_TRUE(waits) << "its next call shows that it still finds its way";
    side_.certificate.reset();
    EXPECT_THAT(steps(), Not(Contains("remove_client_certificate"))) << "what a person installed for its calls stays";
}

TEST_F(TwoIdentities, what_others_issued_for_the_server_is_not_replaced_for_its_usages) {
    serve(issue(pki::Profile::device));
    side_.server_of_ours = false;
    has(issue(pki::Profile::client));
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(TwoIdentities, a_family_that_cannot_keeps_one_and_the_plan_and_the_checklist_say_why) {
    for (auto const* id : {"c-series", "mxp", "mps", "vcs", "mcu", "rmx"}) {
        SCOPED_TRACE(id);
        use_family(id);
        serve(issue(pki::Profile::device));
        EXPECT_FALSE(has_two_identities(*family_, policy_, system_, seen_.account));
        EXPECT_THAT(family_->why_one_certificate(""), Not(IsEmpty()));
        EXPECT_THAT(steps(), IsEmpty());
        auto const made = plan();
        EXPECT_THAT(made.blockers, IsEmpty());
        EXPECT_THAT(made.notes, Contains(HasSubstr("keeps one certificate, with both usages: " + family_->why_one_certificate(""))));
        EXPECT_EQ(readiness().state, ReadinessItem::State::yes);
        EXPECT_THAT(readiness().evidence, HasSubstr(family_->why_one_certificate("")));
    }
}

TEST_F(TwoIdentities, software_from_before_the_purpose_keeps_one) {
    seen_.account->software = "ce9.6.1";
    serve(issue(pki::Profile::device));
    EXPECT_THAT(steps(), IsEmpty());
    EXPECT_THAT(plan().notes, Contains(HasSubstr("software ce9.6.1 is older than ce9.15")));
}

TEST_F(TwoIdentities, without_verification_nothing_is_done_about_them) {
    policy_.secure_only = SecureOnly::on;
    EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(TwoIdentities, an_end_that_comes_near_is_a_ticket_and_a_finding_whichever_side_it_is) {
    has(issue(pki::Profile::client, 3));
    AssessInput const input{.family = *family_,
                            .system = system_,
                            .observation = seen_,
                            .policy = policy_,
                            .now = now_ + std::chrono::hours(62),
                            .client = side_};
    auto const tickets = judge_tickets(input);
    auto const expiring = std::ranges::find(tickets, TicketType::certificate_expiring, &TicketVerdict::type);
    ASSERT_NE(expiring, tickets.end());
    EXPECT_EQ(expiring->what, TicketVerdict::What::open);
    EXPECT_THAT(expiring->text, HasSubstr("for the calls of"));
    EXPECT_THAT(assess(input).findings, Contains(HasSubstr("Calls to the manager: the certificate ends")));
}

TEST(ProfileLimits, a_policy_beyond_them_is_told_of_all_at_once) {
    auto const refused = check_policy({.certificate_days = 900, .key_type = "ed25519"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::gen::several_problems);
    std::vector<ErrorId> ids;
    for (auto const& cause : refused.error().causes()) ids.push_back(cause.id());
    EXPECT_THAT(ids, ElementsAre(errors::mgr::life_beyond_profile, errors::mgr::key_beyond_profile));
    EXPECT_EQ(refused.error().causes().front().parameter("longest"), "825");
    EXPECT_THAT(refused.error().causes().back().parameter("types"), HasSubstr("ec:p256"));
    EXPECT_TRUE(check_policy({.certificate_days = 825, .key_type = "rsa:4096"}));
}

TEST(ProfileLimits, with_two_identities_each_of_them_counts) {
    EXPECT_THAT(beyond_profiles({.certificate_days = 900, .identities = Identities::two}), ::testing::SizeIs(2))
        << "the client's live longer";
    EXPECT_THAT(beyond_profiles({.certificate_days = 1200, .identities = Identities::two}), ::testing::SizeIs(3));
    EXPECT_THAT(beyond_profiles({.key_type = "dsa:1024"}), IsEmpty()) << "whoever reads it says that there is no such type";
}

}  // namespace
}  // namespace countersign::manager
