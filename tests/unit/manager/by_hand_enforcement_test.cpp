/// Enforcement where an authority is asked by hand: what waits, what goes on meanwhile, and what an answer sets going.

#include "company_authority.hpp"
#include "manager/certificates/request_desk.hpp"
#include "manager/enforce/enforcer.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/ticket_desk.hpp"
#include "manager_fixture.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::Issuer;
using manager::RequestState;
using manager::SecureOnly;
using manager::TicketType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class ByHandEnforcement : public ManagerTest {
protected:
    ByHandEnforcement() {
        authority_.trust_also({company_.root()}, {});
        say(Issuer::by_hand);
        set_mode(SecureOnly::verify);
    }
    void say(Issuer issuer) {
        manager::FolderPolicyStore::DefaultsChange change;
        change.issuer.emplace(issuer);
        get(store_->folder_policy().change_defaults(manager::k_root_folder, std::move(change), "admin"));
    }
    std::shared_ptr<ScriptedSystem> boot_system(std::string const& address) {
        auto system = make_system(address, "SN1");
        system->on_call = [this](bool https) { insides_->contacts.note(id_, https); };
        system->boot();
        id_ = add_system(address);
        return system;
    }
    std::vector<manager::RequestEntry> open_requests() { return get(store_->requests().list({.state = RequestState::open})); }
    /// The desk of a manager that does nothing else.
    manager::RequestDesk desk() {
        return manager::RequestDesk({.store = *store_,
                                     .authority = authority_,
                                     .pool = runtime_.blocking(),
                                     .clock = clock_,
                                     .enforce = [this](std::vector<manager::SystemId> systems, std::string) -> net::Task<Result<void>> {
                                         enforced_ = std::move(systems);
                                         co_return Result<void>();
                                     },
                                     .announce = [](std::string const&, std::int64_t) {}});
    }
    manager::JudgedAnswers answer(manager::RequestEntry const& request) {
        auto const leaf = company_.sign(*pki::CertificateRequest::parse_pem(request.pem));
        return get(desk().answer({{"answer.pem", company_.bundle(leaf)}}, "ann"));
    }
    manager::Job newest_job() { return get(store_->list_jobs(id_, std::nullopt, 1)).front(); }

    CompanyAuthority company_{clock_->now()};
    std::atomic<manager::SystemId> id_ = 0;
    std::vector<manager::SystemId> enforced_;
    std::unique_ptr<Insides> insides_ = std::make_unique<Insides>(*this);
};

TEST_F(ByHandEnforcement, brings_a_system_as_far_as_it_can_and_waits_without_failing) {
    auto system = boot_system("127.44.0.1");
    auto ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    auto const known = get(store_->get_system(id_));
    EXPECT_EQ(known.level, 3);
    EXPECT_EQ(system->setting("client.verify"), "on");
    EXPECT_EQ(system->setting("service.http.mode"), "off") << "doors are closed as for Level 3";
    EXPECT_THAT(system->trials(), ElementsAre("trial_begin", "trial_confirm")) << "nothing is left on trial while it waits";
    EXPECT_EQ(authority_.issued, 0);
    EXPECT_THAT(newest_job().progress, HasSubstr("Waits for the answer of the authority to certificate request 1"));
    EXPECT_THAT(open_tickets(id_), ElementsAre(TicketType::answer_awaited));
    ASSERT_THAT(open_requests(), SizeIs(1));
    EXPECT_THAT(open_requests().front().names, ElementsAre(host_of("127.44.0.1")));
}

TEST_F(ByHandEnforcement, asks_once_and_again_only_when_the_system_needs_something_else) {
    auto system = boot_system("127.44.0.2");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const first = open_requests();
    insides_ = std::make_unique<Insides>(*this);
    auto const again = enforce(*insides_, id_);
    EXPECT_EQ(again.steps, 0);
    EXPECT_EQ(open_requests().front().id, first.front().id);
    auto policy = get(store_->get_policy());
    policy.key_type = "rsa:2048";
    get(store_->set_policy(policy, "admin"));
    ASSERT_FALSE(enforce(*insides_, id_).error);
    ASSERT_THAT(open_requests(), SizeIs(1));
    EXPECT_NE(open_requests().front().id, first.front().id);
    EXPECT_EQ(get(store_->requests().get(first.front().id)).state, RequestState::superseded);
}

TEST_F(ByHandEnforcement, installs_an_answer_and_proves_it_from_outside) {
    auto system = boot_system("127.44.0.3");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const request = open_requests().front();
    auto const judged = answer(request);
    ASSERT_THAT(judged.taken, SizeIs(1)) << (judged.refused.empty() ? "" : judged.refused.front().error.explanation());
    EXPECT_THAT(enforced_, ElementsAre(id_.load())) << "it goes on by itself";
    EXPECT_THAT(open_tickets(id_), Not(Contains(TicketType::answer_awaited)));
    auto ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    EXPECT_EQ(system->served_fingerprint(), judged.taken.front().chain.front().fingerprint());
    EXPECT_EQ(get(store_->get_system(id_)).level, 4);
    EXPECT_TRUE(get(store_->requests().get(request.id)).installed);
    EXPECT_EQ(enforce(*insides_, id_).steps, 0);
    EXPECT_THAT(open_requests(), SizeIs(0));
    EXPECT_EQ(authority_.issued, 0);
}

TEST_F(ByHandEnforcement, keeps_the_answer_when_the_system_refuses_it_and_tries_again) {
    auto system = boot_system("127.44.0.4");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const request = open_requests().front();
    answer(request);
    system->refuse_uploads = "The file system is full";
    EXPECT_TRUE(enforce(*insides_, id_).error);
    EXPECT_FALSE(get(store_->requests().get(request.id)).installed);
    system->refuse_uploads.clear();
    ASSERT_FALSE(enforce(*insides_, id_).error);
    EXPECT_TRUE(get(store_->requests().get(request.id)).installed);
    EXPECT_THAT(open_requests(), SizeIs(0)) << "nobody was asked again";
}

TEST_F(ByHandEnforcement, gives_the_request_up_when_the_folder_has_the_internal_authority_again) {
    auto system = boot_system("127.44.0.5");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const request = open_requests().front();
    say(Issuer::internal);
    ASSERT_FALSE(enforce(*insides_, id_).error);
    EXPECT_EQ(get(store_->get_system(id_)).level, 4);
    EXPECT_EQ(authority_.issued, 1);
    EXPECT_EQ(get(store_->requests().get(request.id)).state, RequestState::superseded);
    EXPECT_THAT(open_tickets(id_), Not(Contains(TicketType::answer_awaited)));
}

TEST_F(ByHandEnforcement, answers_of_others_change_nothing) {
    auto system = boot_system("127.44.0.6");
    ASSERT_FALSE(enforce(*insides_, id_).error);
    CompanyAuthority const stranger(clock_->now(), "Stranger");
    auto const leaf = stranger.sign(*pki::CertificateRequest::parse_pem(open_requests().front().pem));
    auto const judged = get(desk().answer({{"answer.pem", stranger.bundle(leaf)}}, "ann"));
    EXPECT_THAT(judged.refused, SizeIs(1));
    EXPECT_TRUE(enforced_.empty());
    EXPECT_THAT(open_requests(), SizeIs(1));
    EXPECT_THAT(open_tickets(id_), Contains(TicketType::answer_awaited));
}

}  // namespace
}  // namespace countersign::testing
