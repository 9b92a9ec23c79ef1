#include "manager/certificates/signing_authority.hpp"
#include "manager/renew/decide.hpp"
#include "manager/renew/renewals.hpp"
#include "store_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

namespace countersign::manager {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

UtcTime const k_begin = *parse_utc_time("2026-11-21T12:00:00Z");
int nothing_planned(std::int64_t) { return 0; }

TEST(ChooseRenewal, lies_in_the_tenth_after_two_thirds_of_the_life) {
    auto const end = k_begin + days(90);
    for (double const chance : {0.0, 0.3, 0.999, 1.0})
        EXPECT_THAT(choose_renewal(k_begin, end, nothing_planned, 0, chance),
                    AllOf(Ge(k_begin + days(60) - hours(1)), Le(k_begin + days(69))));
    EXPECT_NE(choose_renewal(k_begin, end, nothing_planned, 0, 0.1), choose_renewal(k_begin, end, nothing_planned, 0, 0.9));
}

TEST(ChooseRenewal, takes_the_quietest_hour) {
    auto const end = k_begin + days(90);
    auto const quiet = (k_begin + days(64)).time_since_epoch().count() / 3600;
    auto const load = [quiet](std::int64_t hour) { return hour == quiet ? 0 : 1; };
    auto const chosen = choose_renewal(k_begin, end, load, 200, 0.5);
    EXPECT_EQ(chosen.time_since_epoch().count() / 3600, quiet);
}

TEST(ChooseRenewal, goes_earlier_when_the_preferred_hours_are_crowded_and_never_later) {
    auto const end = k_begin + days(47);
    auto const from = (k_begin + days(31)).time_since_epoch().count() / 3600;
    auto const load = [from](std::int64_t hour) { return hour >= from ? 9 : 0; };
    EXPECT_THAT(choose_renewal(k_begin, end, load, 1000, 0.5), AllOf(Ge(k_begin + days(18)), Le(k_begin + days(32))));
}

TEST(ChooseRenewal, stays_within_the_life_however_short_it_is) {
    for (auto const life : {std::chrono::seconds(0), std::chrono::seconds(1), std::chrono::seconds(3600), std::chrono::seconds(86400)})
        EXPECT_THAT(choose_renewal(k_begin, k_begin + life, nothing_planned, 5, 0.7), AllOf(Ge(k_begin), Le(k_begin + life)));
}

TEST(NextRenewalTry, waits_longer_each_time_and_never_more_than_a_quarter_of_what_is_left) {
    auto const end = k_begin + days(30);
    EXPECT_EQ(next_renewal_try(k_begin, end, 1), k_begin + hours(1));
    EXPECT_EQ(next_renewal_try(k_begin, end, 3), k_begin + hours(4));
    EXPECT_EQ(next_renewal_try(k_begin, end, 50), k_begin + days(1));
    EXPECT_EQ(next_renewal_try(k_begin, k_begin + hours(8), 50), k_begin + hours(2));
    EXPECT_EQ(next_renewal_try(k_begin, k_begin - days(1), 1), k_begin + std::chrono::minutes(10)) << "also after its end";
}

TEST(LatestRenewal, is_a_part_of_short_lives) {
    EXPECT_EQ(latest_renewal(k_begin, k_begin + days(365), 30), days(30));
    EXPECT_EQ(latest_renewal(k_begin, k_begin + days(50), 30), days(10));
}

/// A system as renewals see it: what is sent to it is served from then on, unless something is wrong with it.
struct SimulatedSystem {
    enum class Fault { none, keeps_the_old_one, refuses };
    SystemId id = 0;
    Fault fault = Fault::none;
    UtcTime away_until{};
    std::optional<pki::Certificate> served;
    bool ever_expired = false;
    int tries = 0;
};

/// Forty thousand commits of a simulated year: their durability is not what is tried here.
class InMemory {
protected:
    InMemory() {
        if (auto const* before = std::getenv("TMPDIR")) before_ = before;
        if (std::filesystem::is_directory("/dev/shm")) setenv("TMPDIR", "/dev/shm", 1);
    }
    ~InMemory() { before_.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before_.c_str(), 1); }

private:
    std::string before_;
};

class RenewalYear : InMemory, public testing::StoreTest {
protected:
    void SetUp() override {
        auto opened = wait(InternalCa::open(*store_, runtime_.blocking(), clock_, "Example Estate"));
        ASSERT_TRUE(opened) << opened.error().explanation();
        authority_ = *std::move(opened);
        get(store_->inventory().note_authorities({{authority_->roots().front(), "root"}}));
        signing_side(*authority_).use_calendar([this](pki::Certificate const& fresh) { return calendar_.choose(fresh); });
        policy_.certificate_days = 47;
    }

    void set_up(int count) {
        for (int i = 0; i < count; ++i) {
            SimulatedSystem system;
            system.id = add("s" + std::to_string(i));
            systems_[system.id] = system;
            enforce(system.id);
        }
        renewed_.clear();
    }

    /// What the steps of an enforcement do with the store, and no more of it than the system takes part in.
    void enforce(SystemId id) {
        auto& system = systems_.at(id);
        ++system.tries;
        if (clock_->now() < system.away_until) return;
        if (system.served && !get(store_->inventory().to_replace(id))) return;
        auto pending = get(store_->get_pending_certificate(id));
        if (!pending) {
            pending = *wait(authority_->issue_for_system(get(store_->get_system(id)), policy_));
            get(store_->set_pending_certificate(id, *pending));
        }
        if (system.fault != SimulatedSystem::Fault::none) return;
        // Between two looks it may have ended, and been replaced by now.
        system.ever_expired = system.ever_expired || (system.served && system.served->not_after() <= clock_->now());
        system.served = pending->certificate;
        get(store_->inventory().note_served(id, "https", {*system.served}));
        get(store_->clear_pending_certificate(id));
        renewed_.push_back(clock_->now());
    }

    void live(UtcTime end, std::chrono::seconds step) {
        Renewals renewals({.store = *store_,
                           .calendar = calendar_,
                           .clock = clock_,
                           .enforce = [this](std::vector<SystemId> due) -> net::Task<Result<void>> {
                               due_ = std::move(due);
                               co_return Result<void>();
                           }});
        while (clock_->now() < end) {
            clock_->advance(step);
            due_.clear();
            get(renewals.look());
            for (auto id : due_) enforce(id);
            for (auto& [id, system] : systems_)
                if (system.served->not_after() <= clock_->now()) system.ever_expired = true;
        }
    }

    [[nodiscard]] double peak_of_mean(UtcTime begin, UtcTime end) const {
        std::map<std::int64_t, int> by_hour;
        for (auto const& at : renewed_) ++by_hour[at.time_since_epoch().count() / 3600];
        int peak = 0;
        for (auto const& [hour, count] : by_hour) peak = std::max(peak, count);
        return peak / (static_cast<double>(renewed_.size()) * 3600.0 / static_cast<double>((end - begin).count()));
    }

    std::unique_ptr<InternalCa> authority_;
    RenewalCalendar calendar_{clock_};
    Policy policy_;
    std::map<SystemId, SimulatedSystem> systems_;
    std::vector<SystemId> due_;
    std::vector<UtcTime> renewed_;
};

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CS_SHORT_YEAR
#endif
#endif
/// Under the thread sanitizer a year takes ten minutes; what runs at the same time is the same in a month.
#ifdef CS_SHORT_YEAR
constexpr days k_year{30};
#else
constexpr days k_year{365};
#endif

TEST_F(RenewalYear, a_thousand_systems_set_up_in_one_hour_never_serve_an_expired_certificate_and_never_storm) {
    set_up(1000);
    auto const begin = clock_->now();
    // Hour by hour, from a full hour on: what an hour has is what the calendar put into it.
    live(begin + k_year, hours(1));
    for (auto const& [id, system] : systems_) EXPECT_FALSE(system.ever_expired) << id;
    if (k_year < days(365)) return;
    EXPECT_THAT(renewed_.size(), Ge(10000U));
    EXPECT_THAT(renewed_.size(), Le(16000U)) << "nothing is renewed much more often than it has to be";
    EXPECT_LE(peak_of_mean(begin, begin + days(365)), 3.0);
}

TEST_F(RenewalYear, systems_that_are_away_or_do_not_take_it_are_tried_again_and_keep_the_old_one) {
    set_up(20);
    auto const begin = clock_->now();
    auto& away = systems_.begin()->second;
    auto& keeps = std::next(systems_.begin())->second;
    auto& refuses = std::next(systems_.begin(), 2)->second;
    away.away_until = begin + days(42);  // three weeks, from before its renewal on
    keeps.fault = SimulatedSystem::Fault::keeps_the_old_one;
    refuses.fault = SimulatedSystem::Fault::refuses;
    auto const old = keeps.served->fingerprint();
    live(begin + days(46), std::chrono::seconds(1200));
    for (auto const& [id, system] : systems_) EXPECT_FALSE(system.ever_expired) << id;
    EXPECT_GT(away.served->not_before(), begin + days(41)) << "renewed as soon as it came back";
    EXPECT_EQ(get(store_->inventory().find(old)).entry.state, CertificateState::served) << "in place until another one is proven";
    EXPECT_THAT(keeps.tries, AllOf(Ge(10), Le(60))) << "again and again, and not all the time";
    keeps.fault = SimulatedSystem::Fault::none;
    live(clock_->now() + hours(20), std::chrono::seconds(1200));
    EXPECT_EQ(get(store_->inventory().find(old)).entry.state, CertificateState::replaced);
    EXPECT_EQ(get(store_->list_issued(keeps.id)).size(), 2U) << "the certificate that waited was used, no further one was made";
}

TEST_F(RenewalYear, a_next_life_of_the_program_goes_on_with_what_is_stored) {
    set_up(50);
    auto const planned = get(store_->inventory().planned_renewals());
    int count = 0;
    for (auto const& [hour, in_it] : planned) count += in_it;
    EXPECT_EQ(count, 50);
    clock_->advance(days(40));
    reopen();
    EXPECT_EQ(get(store_->inventory().due_renewals(100)).size(), 50U);
}

}  // namespace
}  // namespace countersign::manager
