/// What a person who asks for new keys, or revokes, sets going, and what is said of those that have to wait.

#include "manager/certificates/certification.hpp"

#include "manager/campaign/decide.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/tru.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int k_compromise = 1, k_superseded = 4;

class NewKeys : public testing::StoreTest {
protected:
    void SetUp() override {
        auto opened = wait(InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate"));
        ASSERT_TRUE(opened) << opened.error().explanation();
        authority_ = *std::move(opened);
        get(store_->inventory().note_authorities({{authority_->roots().front(), "root"}, {authority_->issuing().back(), "authority"}}));
        certification_ = std::make_unique<Certification>(
            Certification::Links{.store = *store_,
                                 .authority = *authority_,
                                 .runtime = runtime_,
                                 .clock = clock_,
                                 .enforce = [this](std::vector<SystemId> systems, std::string) -> net::Task<Result<void>> {
                                     enforced_ = std::move(systems);
                                     co_return Result<void>();
                                 },
                                 .announce = [this](std::string const& kind, std::int64_t) { told_.push_back(kind); }});
        say(SecureOnly::verify);
    }
    void say(SecureOnly mode) {
        Policy policy;
        policy.secure_only = mode;
        policy.manager_host_name = "manager.example.test";
        get(store_->set_policy(policy, "admin"));
    }
    /// On its way.
    pki::Certificate issue(SystemId id) {
        auto issued = *wait(authority_->issue_for_system(get(store_->get_system(id)), {}));
        issued.renew_at = clock_->now() + std::chrono::days(200);
        get(store_->set_pending_certificate(id, issued));
        return issued.certificate;
    }
    void serve(SystemId id, pki::Certificate const& one) {
        get(store_->inventory().note_served(id, "https", {one}));
        auto system = get(store_->get_system(id));
        system.certificate_fingerprint = one.fingerprint();
        get(store_->record_assessment(system, {}, {}));
    }
    SystemId served_by(std::string const& name) {
        auto const id = add(name);
        serve(id, issue(id));
        get(store_->clear_pending_certificate(id));
        return id;
    }
    Certification::Rekeyed rekey(std::vector<SystemId> systems) {
        return get(certification_->rekey({.systems = std::move(systems), .issuer = {}, .then_revoke = std::nullopt}, "admin"));
    }
    std::optional<ErrorId> refused(std::string issuer, int reason) {
        return error_of(certification_->rekey({.systems = {}, .issuer = std::move(issuer), .then_revoke = reason}, "admin"));
    }
    CampaignId campaign_of(SystemId id) {
        Campaign campaign;
        campaign.settings.mode = SecureOnly::verify;
        return get(store_->campaigns().add(std::move(campaign), {{.system = id, .name = "c1", .wave = 0}}, "admin"));
    }

    std::unique_ptr<InternalCa> authority_;
    std::unique_ptr<Certification> certification_;
    std::vector<SystemId> enforced_;
    std::vector<std::string> told_;
};

TEST_F(NewKeys, are_made_now_where_nothing_holds_the_system) {
    auto const id = served_by("c1");
    auto const done = rekey({id});
    EXPECT_THAT(done.systems, ElementsAre(id));
    EXPECT_THAT(done.held, IsEmpty());
    EXPECT_THAT(enforced_, ElementsAre(id));
    EXPECT_EQ(error_of(certification_->rekey({.systems = {add("c9")}, .issuer = {}, .then_revoke = std::nullopt}, "admin")),
              errors::mgr::nothing_to_rekey);
}

TEST_F(NewKeys, wait_for_the_campaign_that_changes_the_system_and_it_is_named) {
    auto const one = served_by("c1"), two = served_by("c2");
    auto const campaign = campaign_of(one);
    EXPECT_THAT(rekey({one, two}).held, IsEmpty()) << "its turn has not come";
    get(store_->campaigns().apply(campaign, {.start = {one}}));
    auto const done = rekey({one, two});
    EXPECT_THAT(done.systems, ElementsAre(two));
    ASSERT_THAT(done.held, SizeIs(1));
    EXPECT_EQ(done.held.front().system, one);
    EXPECT_EQ(done.held.front().name, "c1");
    EXPECT_EQ(done.held.front().why, Certification::NotNow::campaign);
    EXPECT_EQ(done.held.front().campaign, campaign);
    EXPECT_THAT(enforced_, ElementsAre(two));
    EXPECT_TRUE(get(store_->inventory().to_replace(one))->at_once) << "it gets its own afterwards";
    get(store_->campaigns().apply(campaign, {.settled = {{.system = one, .from = MemberState::started, .to = MemberState::done}}}));
    EXPECT_THAT(rekey({one}).systems, ElementsAre(one)) << "the campaign goes on, and is done with it";
}

TEST_F(NewKeys, are_not_made_without_secure_only_and_that_is_said) {
    auto const id = served_by("c1");
    say(SecureOnly::off);
    auto const done = rekey({id});
    EXPECT_THAT(done.systems, IsEmpty());
    ASSERT_THAT(done.held, SizeIs(1));
    EXPECT_EQ(done.held.front().why, Certification::NotNow::mode_off);
    EXPECT_THAT(enforced_, IsEmpty());
}

TEST_F(NewKeys, take_the_place_of_our_own_certificates_only_while_nothing_is_verified) {
    auto const ours = served_by("c1"), other = add("c2");
    auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
    auto const request = *pki::CertificateRequest::create(key, {.common_name = "c2"}, {});
    serve(other, *pki::self_sign(request, key, pki::Profile::device, pki::valid_for(clock_->now(), std::chrono::days(100))));
    say(SecureOnly::on);
    auto const done = rekey({ours, other});
    EXPECT_THAT(done.systems, ElementsAre(ours));
    ASSERT_THAT(done.held, SizeIs(1));
    EXPECT_EQ(done.held.front().why, Certification::NotNow::not_ours);
    say(SecureOnly::verify);
    EXPECT_THAT(rekey({other}).systems, ElementsAre(other));
}

TEST_F(NewKeys, are_not_signed_by_the_authority_that_is_given_up) {
    auto const id = served_by("c1");
    auto const issuing = authority_->issuing().back().fingerprint(), root = authority_->roots().front().fingerprint();
    EXPECT_EQ(refused(issuing, k_compromise), errors::tru::same_issuer_again);
    EXPECT_EQ(refused(issuing.substr(0, 16), k_compromise), errors::tru::same_issuer_again);
    EXPECT_EQ(refused(root, k_compromise), errors::tru::same_issuer_again);
    EXPECT_FALSE(get(store_->inventory().to_replace(id))) << "nothing was begun";
    EXPECT_FALSE(refused(issuing, k_superseded));
    ASSERT_TRUE(wait(certification_->revocation().renew_issuing({}, "admin")));
    get(store_->inventory().note_authorities({{authority_->roots().front(), "root"}, {authority_->issuing().back(), "authority"}}));
    EXPECT_FALSE(refused(issuing, k_compromise)) << "another one issues now";
    EXPECT_THAT(enforced_, ElementsAre(id));
    EXPECT_EQ(refused("0123456789", k_compromise), errors::gen::not_found);
}

TEST_F(NewKeys, are_made_for_a_certificate_that_is_revoked_on_its_way) {
    auto const id = add("c1");
    auto const waiting = issue(id);
    get(certification_->revoke(waiting.fingerprint(), k_compromise, "admin"));
    EXPECT_THAT(enforced_, ElementsAre(id));
}

TEST_F(NewKeys, that_are_due_and_held_are_ticketed_and_begun_when_the_campaign_is_done_with_the_system) {
    auto const id = served_by("c1");
    auto const campaign = campaign_of(id);
    get(store_->campaigns().apply(campaign, {.start = {id}}));
    RenewalCalendar calendar(clock_);
    Renewals renewals({.store = *store_,
                       .calendar = calendar,
                       .clock = clock_,
                       .enforce = [this](std::vector<SystemId> systems) -> net::Task<Result<void>> {
                           enforced_ = std::move(systems);
                           co_return Result<void>();
                       },
                       .announce = [this](std::string const& kind, std::int64_t) { told_.push_back(kind); }});
    clock_->advance(std::chrono::days(201));
    EXPECT_EQ(get(renewals.look()), 0U);
    auto const tickets = get(store_->list_tickets(TicketState::open, id, 10));
    ASSERT_THAT(tickets, SizeIs(1));
    EXPECT_THAT(tickets.front().text, HasSubstr("campaign " + std::to_string(campaign) + " has the system in hand"));
    EXPECT_THAT(tickets.front().remedy, HasSubstr("countersign campaign confirm"));
    EXPECT_TRUE(tickets.front().remedy.ends_with("."));
    EXPECT_THAT(told_, ElementsAre("ticket"));
    get(store_->campaigns().apply(campaign, {.settled = {{.system = id, .from = MemberState::started, .to = MemberState::done}}}));
    clock_->advance(std::chrono::days(1));
    EXPECT_EQ(get(renewals.look()), 1U) << "the campaign runs on";
    EXPECT_THAT(enforced_, ElementsAre(id));
}

}  // namespace
}  // namespace countersign::manager
