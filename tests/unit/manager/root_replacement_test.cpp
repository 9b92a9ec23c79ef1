#include "manager/certificates/root_replacement.hpp"

#include "manager/manager.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager/store/ticket_desk.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

#include <condition_variable>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class RootReplacementTest : public testing::StoreTest {
protected:
    void SetUp() override {
        auto opened = wait(InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate"));
        ASSERT_TRUE(opened) << opened.error().explanation();
        authority_ = *std::move(opened);
        settings_.host_name = "manager.example.test";
        note();
        own_ = std::make_unique<OwnCertificate>(OwnCertificate::Links{
            .store = *store_,
            .authority = *authority_,
            .settings = settings_,
            .pool = runtime_.blocking(),
            .clock = clock_,
            .network = [] { return NetworkSettings(); },
            .enforce = [](std::vector<SystemId>, std::string) -> net::Task<Result<void>> { co_return Result<void>(); },
            .roots_changed = []() -> net::Task<Result<void>> { co_return Result<void>(); }});
        replacement_ = std::make_unique<RootReplacement>(
            RootReplacement::Links{.runtime = runtime_,
                                   .store = *store_,
                                   .authority = *authority_,
                                   .own = *own_,
                                   .clock = clock_,
                                   .enforce = [this](std::vector<SystemId> systems, std::string) { return enforced(std::move(systems)); },
                                   .authorities_changed = [this] { return changed(); },
                                   .announce = [this](std::string, std::int64_t) { happened(); }});
    }
    void TearDown() override { wait(replacement_->stop()); }

    void start() { replacement_->start(nullptr); }
    net::Task<Result<void>> enforced(std::vector<SystemId> systems) {
        {
            std::scoped_lock lock(mutex_);
            asked_.insert(asked_.end(), systems.begin(), systems.end());
        }
        happened();
        co_return Result<void>();
    }
    net::Task<Result<void>> changed() {
        std::vector<InventoryStore::Authority> all;
        for (auto& one : authority_->roots()) all.push_back({std::move(one), "root"});
        for (auto& one : authority_->issuing()) all.push_back({std::move(one), "authority"});
        co_return co_await store_->inventory().note_authorities(std::move(all));
    }
    void note() { get(changed()); }
    void happened() {
        std::scoped_lock lock(mutex_);
        ++events_;
        news_.notify_all();
    }
    /// Looks again after each thing that happened.
    template <class Condition>
    bool until(Condition condition) {
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (true) {
            int seen = 0;
            {
                std::scoped_lock lock(mutex_);
                seen = events_;
            }
            if (condition()) return true;
            std::unique_lock lock(mutex_);
            if (!news_.wait_until(lock, end, [&] { return events_ != seen; })) return condition();
        }
    }
    std::vector<SystemId> asked() {
        std::scoped_lock lock(mutex_);
        return asked_;
    }
    std::optional<ReplacementPhase> phase() {
        auto const kept = get(store_->certificates().authorities().replacement());
        return kept ? std::optional(kept->phase) : std::nullopt;
    }
    /// What a look at the system found.
    void trusts(SystemId id, std::vector<pki::Certificate> const& roots) {
        std::vector<std::string> trusted;
        for (auto const& one : roots) trusted.push_back(one.fingerprint());
        get(store_->certificates().note_trust({.system = id, .trusted = std::move(trusted), .verifies = true}));
        replacement_->wake();
    }
    void serves(SystemId id, PendingCertificate const& one) {
        get(store_->inventory().note_served(id, "https", authority_->chain_of(one.certificate)));
        replacement_->wake();
    }
    PendingCertificate issue(SystemId id) { return *wait(authority_->issue_for_system(get(store_->get_system(id)), {})); }
    pki::Certificate own() { return wait(own_->identity())->chain.front(); }

    ManagerSettings settings_;
    std::unique_ptr<InternalCa> authority_;
    std::unique_ptr<OwnCertificate> own_;
    std::unique_ptr<RootReplacement> replacement_;
    std::mutex mutex_;
    std::condition_variable news_;
    int events_ = 0;
    std::vector<SystemId> asked_;
};

TEST_F(RootReplacementTest, each_phase_waits_for_every_system_and_then_goes_on_by_itself) {
    auto const one = add("c1"), other = add("c2");
    for (auto id : {one, other}) {
        trusts(id, authority_->roots());
        serves(id, issue(id));
    }
    auto const before = own();
    start();
    ASSERT_TRUE(wait(replacement_->begin({}, "admin")));
    ASSERT_TRUE(until([this] { return asked().size() == 2; }));
    trusts(one, authority_->roots());
    EXPECT_EQ(get(replacement_->show())->waiting_for.in_all, 1U);
    EXPECT_EQ(phase(), ReplacementPhase::distribute);
    EXPECT_EQ(own(), before) << "c2 could not verify another one";
    trusts(other, authority_->roots());
    ASSERT_TRUE(until([this] { return phase() == ReplacementPhase::change; }));
    ASSERT_TRUE(until([this, &before] { return own() != before; }));
    ASSERT_TRUE(until([this] { return asked().size() == 4; }));
    EXPECT_TRUE(pki::check_order({wait(own_->identity())->chain.back(), authority_->roots().front()}));
    serves(one, issue(one));
    EXPECT_EQ(get(replacement_->show())->waiting_for.in_all, 1U);
    EXPECT_THAT(authority_->roots(), SizeIs(2));
    serves(other, issue(other));
    ASSERT_TRUE(until([this] { return phase() == ReplacementPhase::withdraw; }));
    EXPECT_THAT(authority_->roots(), SizeIs(1));
    ASSERT_TRUE(until([this] { return asked().size() == 6; }));
    trusts(one, authority_->roots());
    trusts(other, authority_->roots());
    ASSERT_TRUE(until([this] { return !phase(); }));
    EXPECT_THAT(asked(), ElementsAre(one, other, one, other, one, other));
}

TEST_F(RootReplacementTest, the_managers_own_waits_for_a_system_that_lost_the_new_root) {
    auto const id = add("c1");
    auto const old = authority_->roots();
    trusts(id, old);
    auto const other = add("c2");
    serves(other, issue(other));
    auto const before = own();
    ASSERT_TRUE(wait(replacement_->begin({}, "admin")));
    // Somebody went on without it; it checks the manager by the old root.
    ASSERT_TRUE(wait(replacement_->advance(true, "admin")));
    start();
    ASSERT_TRUE(until([this] { return asked().size() == 1; })) << "it looked";
    auto const state = get(replacement_->show());
    ASSERT_TRUE(state);
    EXPECT_TRUE(state->manager_waits);
    EXPECT_EQ(own(), before);
    clock_->advance(std::chrono::days(300));
    EXPECT_TRUE(pki::check_order({wait(own_->identity())->chain.back(), old.front()})) << "renewed below the root that c1 trusts";
    trusts(id, authority_->roots());
    serves(other, issue(other));
    EXPECT_TRUE(until([this] { return phase() == ReplacementPhase::withdraw; }));
}

TEST_F(RootReplacementTest, a_system_that_cannot_be_reached_has_a_ticket_and_is_asked_again_when_it_is_back) {
    auto const id = add("c1");
    trusts(id, authority_->roots());
    get(store_->open_ticket(id, TicketType::no_https_response, "it is away", ""));
    start();
    ASSERT_TRUE(wait(replacement_->begin({}, "admin")));
    EXPECT_EQ(error_of(replacement_->advance(false, "admin")), errors::mgr::replacement_waits);
    auto const told = [this] {
        return get(store_->tickets().list({.show = TicketFilter::Show::active, .system = SystemId{0}})).size() == 1;
    };
    ASSERT_TRUE(until(told));
    EXPECT_EQ(asked().size(), 1U);
    get(store_->close_ticket(id, TicketType::no_https_response));
    replacement_->wake();
    EXPECT_TRUE(until([this] { return asked().size() == 2; }));
    EXPECT_TRUE(until([&told] { return !told(); }));
}

TEST_F(RootReplacementTest, the_issuing_authority_is_followed_by_another_one_in_time) {
    auto const issuing = [this] { return signing_side(*authority_).hierarchies()->issuing().fingerprint; };
    auto const first = issuing();
    clock_->advance(std::chrono::days(900));
    start();
    wait(replacement_->stop());
    EXPECT_EQ(issuing(), first);
    SetUp();
    clock_->advance(std::chrono::days(300));
    start();
    EXPECT_TRUE(until([&] { return issuing() != first; }));
    EXPECT_THAT(authority_->roots(), SizeIs(1));
}

}  // namespace
}  // namespace countersign::manager
