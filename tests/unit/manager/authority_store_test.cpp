#include "manager/certificates/signing_authority.hpp"
#include "manager/store/inventory_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class AuthorityStoreTest : public testing::StoreTest {
protected:
    void SetUp() override { open_authority(); }
    void open_authority() {
        auto opened = wait(InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate"));
        ASSERT_TRUE(opened) << opened.error().explanation();
        authority_ = *std::move(opened);
        note();
    }
    void note() {
        std::vector<InventoryStore::Authority> all;
        for (auto& one : authority_->roots()) all.push_back({std::move(one), "root"});
        for (auto& one : authority_->issuing()) all.push_back({std::move(one), "authority"});
        get(store_->inventory().note_authorities(std::move(all)));
    }
    AuthorityStore& authorities() { return store_->certificates().authorities(); }
    SigningAuthority& side() { return signing_side(*authority_); }
    KeptReplacement begin() {
        auto fresh = *wait(side().make_hierarchy({}));
        for (auto& one : fresh) one.state = AuthorityState::next;
        auto made = get(authorities().begin_replacement(std::move(fresh), side().hierarchies()->root().kept.hierarchy, "admin"));
        get(side().reload());
        note();
        return made;
    }
    void enter(ReplacementPhase phase) {
        get(authorities().enter_phase(phase, "test", "manager"));
        get(side().reload());
        note();
    }
    PendingCertificate issue(SystemId id) {
        auto issued = *wait(authority_->issue_for_system(get(store_->get_system(id)), {}));
        get(store_->set_pending_certificate(id, issued));
        return issued;
    }
    std::size_t users(int hierarchy) { return get(authorities().users_of(side().hierarchies()->fingerprints_of(hierarchy), 10)).in_all; }

    std::unique_ptr<InternalCa> authority_;
};

TEST_F(AuthorityStoreTest, a_new_root_is_trusted_at_once_and_issues_in_the_second_phase) {
    auto const old_root = authority_->roots().front();
    auto const old_leaf = issue(add("c1")).certificate;
    begin();
    ASSERT_THAT(authority_->roots(), SizeIs(2));
    EXPECT_EQ(authority_->roots().front(), old_root) << "the first is the one below which is issued";
    EXPECT_TRUE(authority_->is_up_to_date(old_leaf));
    auto const new_root = authority_->roots().back();
    enter(ReplacementPhase::change);
    EXPECT_THAT(authority_->roots(), ElementsAre(new_root, old_root));
    EXPECT_FALSE(authority_->is_up_to_date(old_leaf));
    auto const new_leaf = issue(add("c2")).certificate;
    EXPECT_TRUE(authority_->is_up_to_date(new_leaf));
    EXPECT_EQ(authority_->manager_root(), old_root) << "the manager's own one waits";
    get(authorities().note_manager_moved("test"));
    get(side().reload());
    EXPECT_EQ(authority_->manager_root(), new_root);
    enter(ReplacementPhase::withdraw);
    EXPECT_THAT(authority_->roots(), ElementsAre(new_root));
    EXPECT_THAT(authority_->withdrawn(), ElementsAre(old_root.fingerprint()));
    get(authorities().end_replacement("test", "manager"));
    EXPECT_FALSE(get(authorities().replacement()));
}

TEST_F(AuthorityStoreTest, each_phase_survives_a_restart) {
    begin();
    EXPECT_EQ(error_of(authorities().begin_replacement(*wait(side().make_hierarchy({})), 1, "admin")), errors::mgr::replacement_runs);
    for (auto phase : {ReplacementPhase::distribute, ReplacementPhase::change, ReplacementPhase::withdraw}) {
        enter(phase);
        auto const roots = authority_->roots();
        reopen();
        open_authority();
        EXPECT_EQ(get(authorities().replacement())->phase, phase);
        EXPECT_EQ(authority_->roots(), roots);
    }
}

TEST_F(AuthorityStoreTest, it_is_given_up_in_the_first_phase_only) {
    EXPECT_EQ(error_of(authorities().cancel_replacement("admin")), errors::mgr::no_root_replacement);
    begin();
    auto const new_root = authority_->roots().back();
    get(authorities().cancel_replacement("admin"));
    get(side().reload());
    EXPECT_THAT(authority_->roots(), SizeIs(1));
    EXPECT_THAT(authority_->withdrawn(), ElementsAre(new_root.fingerprint())) << "systems forget it";
    begin();
    enter(ReplacementPhase::change);
    EXPECT_EQ(error_of(authorities().cancel_replacement("admin")), errors::mgr::replacement_too_far);
}

TEST_F(AuthorityStoreTest, whoever_shows_a_certificate_below_a_root_or_is_to_get_one_is_its_user) {
    auto const id = add("c1");
    EXPECT_EQ(users(1), 0U);
    auto const pending = issue(id);
    EXPECT_EQ(users(1), 1U) << "on its way";
    get(store_->inventory().note_served(id, "https", authority_->chain_of(pending.certificate)));
    get(store_->clear_pending_certificate(id));
    EXPECT_EQ(users(1), 1U) << "served";
    begin();
    EXPECT_FALSE(get(store_->inventory().to_replace(id))) << "the new root is not everywhere yet";
    enter(ReplacementPhase::change);
    auto const due = get(store_->inventory().to_replace(id));
    ASSERT_TRUE(due);
    EXPECT_EQ(due->fingerprint, pending.certificate.fingerprint());
    auto const fresh = issue(id);
    get(store_->inventory().note_served(id, "client", {pending.certificate}));
    get(store_->inventory().note_served(id, "https", authority_->chain_of(fresh.certificate)));
    EXPECT_EQ(users(1), 0U) << "what it showed as a caller once is no use of it";
    EXPECT_EQ(users(2), 1U);
    EXPECT_FALSE(get(store_->inventory().to_replace(id)));
}

TEST_F(AuthorityStoreTest, only_lists_of_systems_that_check_the_manager_hold_a_root_back) {
    auto const root = authority_->roots().front().fingerprint();
    auto const one = add("c1"), other = add("c2");
    get(store_->certificates().note_trust({.system = one, .trusted = std::vector{root}, .verifies = true}));
    get(store_->certificates().note_trust({.system = other, .trusted = std::vector{root}, .verifies = false}));
    auto const holding = get(authorities().holding(root, 10));
    ASSERT_THAT(holding.first, SizeIs(1));
    EXPECT_EQ(holding.first.front().id, one);
}

}  // namespace
}  // namespace countersign::manager
