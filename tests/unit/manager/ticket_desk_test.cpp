/// Tickets as people work with them, and the ladder of what becomes worse with time.

#include "manager/store/ticket_desk.hpp"

#include "manager/tickets/catalogue.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = TicketEventKind;
using Show = TicketFilter::Show;

class Desk : public testing::StoreTest {
protected:
    TicketDesk& desk() { return store_->tickets(); }
    void see(TicketType type = TicketType::connection_error, TicketSeverity severity = TicketSeverity::critical, int rung = 0) {
        get(desk().see({.system = system_, .type = type, .severity = severity, .rung = rung, .text = "seen", .remedy = "look"}));
    }
    void settle(TicketType type = TicketType::connection_error) { get(desk().settle(system_, type, "", "")); }
    std::vector<TicketId> ids(TicketFilter filter) {
        std::vector<TicketId> out;
        for (auto const& one : get(desk().list(filter))) out.push_back(one.ticket.id);
        return out;
    }
    TicketId only() { return ids({.show = Show::all}).at(0); }
    Ticket ticket() { return get(desk().get(only())).ticket; }
    std::vector<Kind> kinds() {
        std::vector<Kind> out;
        for (auto const& event : get(desk().history(only(), 0, 100))) out.push_back(event.kind);
        return out;
    }
    void change(TicketChange wanted) { get(desk().change(only(), std::move(wanted), "anna")); }

    SystemId system_ = add("c1");
};

TEST_F(Desk, remembers_what_happened_to_a_ticket_and_who_did_it) {
    see();
    see();
    change({.acknowledged = true, .assignee = "Bert", .comment = "a cable, I think"});
    settle();
    EXPECT_THAT(kinds(), ElementsAre(Kind::opened, Kind::commented, Kind::assigned, Kind::acknowledged, Kind::closed));
    auto const events = get(desk().history(only(), 0, 100));
    EXPECT_EQ(events[1].text, "a cable, I think");
    EXPECT_EQ(events[2].text, "Bert");
    EXPECT_EQ(events[3].actor, "anna");
    EXPECT_EQ(events[4].actor, "manager");
    EXPECT_EQ(ticket().acknowledged_by, "anna");
}

TEST_F(Desk, opens_the_same_ticket_again_when_its_cause_comes_back_soon) {
    see();
    change({.acknowledged = true, .assignee = "Bert"});
    settle();
    clock_->advance(1h);
    see();
    EXPECT_THAT(kinds(), ElementsAre(Kind::opened, Kind::assigned, Kind::acknowledged, Kind::closed, Kind::reopened));
    EXPECT_EQ(ticket().assignee, "Bert");
    EXPECT_FALSE(ticket().acknowledged) << "what was known was the time before";
    EXPECT_FALSE(ticket().closed);
}

TEST_F(Desk, puts_a_ticket_out_of_sight_until_its_snooze_ends) {
    see();
    change({.snoozed_until = clock_->now() + 2h});
    EXPECT_THAT(ids({}), IsEmpty());
    EXPECT_THAT(ids({.show = Show::snoozed}), SizeIs(1));
    EXPECT_THAT(ids({.show = Show::active}), SizeIs(1));
    see();
    EXPECT_THAT(ids({}), IsEmpty()) << "that its cause is still there is why it was put off";
    EXPECT_THAT(get(desk().wake_due()), IsEmpty());
    clock_->advance(2h);
    EXPECT_THAT(ids({}), SizeIs(1)) << "it is back although nobody looked";
    EXPECT_THAT(get(desk().wake_due()), ElementsAre(system_));
    EXPECT_THAT(get(desk().wake_due()), IsEmpty());
    EXPECT_THAT(kinds(), ElementsAre(Kind::opened, Kind::snoozed, Kind::woken));
}

TEST_F(Desk, ends_a_snooze_and_an_acknowledgement_when_the_ticket_becomes_worse) {
    see(TicketType::certificate_expiring, TicketSeverity::warning, 2);
    change({.acknowledged = true, .snoozed_until = clock_->now() + 48h});
    see(TicketType::certificate_expiring, TicketSeverity::critical, 3);
    EXPECT_THAT(ids({}), SizeIs(1));
    EXPECT_FALSE(ticket().acknowledged);
    see(TicketType::certificate_expiring, TicketSeverity::critical, 4);
    see(TicketType::certificate_expiring, TicketSeverity::notice, 1);
    EXPECT_THAT(kinds(),
                ElementsAre(Kind::opened, Kind::acknowledged, Kind::snoozed, Kind::woken, Kind::escalated, Kind::escalated, Kind::eased));
    EXPECT_EQ(ticket().severity, TicketSeverity::notice);
}

TEST_F(Desk, keeps_a_ticket_open_that_a_person_opened_again) {
    see();
    settle();
    change({.state = TicketState::open});
    EXPECT_TRUE(ticket().held);
    settle();
    EXPECT_EQ(ticket().state, TicketState::open);
    change({.comment = "it is fine now", .state = TicketState::closed});
    EXPECT_EQ(ticket().state, TicketState::closed);
    EXPECT_THAT(kinds(), ElementsAre(Kind::opened, Kind::closed, Kind::reopened, Kind::closed));
    EXPECT_EQ(get(desk().history(only(), 0, 100)).back().text, "it is fine now");
}

TEST_F(Desk, refuses_work_on_a_closed_ticket_and_changes_nothing) {
    see();
    settle();
    EXPECT_EQ(error_of(desk().change(only(), {.acknowledged = true, .comment = "x"}, "anna")), errors::mgr::ticket_closed);
    EXPECT_THAT(kinds(), ElementsAre(Kind::opened, Kind::closed));
    change({.comment = "a comment is taken at any time"});
    EXPECT_EQ(error_of(desk().change(999, {.acknowledged = true}, "anna")), errors::gen::not_found);
    EXPECT_EQ(error_of(desk().history(999, 0, 10)), errors::gen::not_found);
}

TEST_F(Desk, does_not_open_two_tickets_for_the_same) {
    see();
    settle();
    auto const first = only();
    clock_->advance(25h);
    see();
    EXPECT_EQ(error_of(desk().change(first, {.state = TicketState::open}, "anna")), errors::mgr::ticket_open_already);
}

TEST_F(Desk, finds_tickets_by_what_they_are_and_who_works_on_them_in_pages) {
    see();
    see(TicketType::login_failed, TicketSeverity::warning);
    get(desk().see({.type = TicketType::notification_failed, .subject = "channel 1", .severity = TicketSeverity::critical, .text = "no"}));
    get(desk().see({.type = TicketType::notification_failed, .subject = "channel 2", .severity = TicketSeverity::critical, .text = "no"}));
    auto const all = ids({.show = Show::all});
    ASSERT_THAT(all, SizeIs(4));
    get(desk().change(all[0], {.acknowledged = true, .assignee = "Bert"}, "anna"));
    EXPECT_THAT(ids({.system = system_}), SizeIs(2));
    EXPECT_THAT(ids({.system = 0}), ElementsAre(all[0], all[1]));
    EXPECT_THAT(ids({.severity = TicketSeverity::warning}), ElementsAre(all[2]));
    EXPECT_THAT(ids({.type = TicketType::connection_error}), ElementsAre(all[3]));
    EXPECT_THAT(ids({.assignee = "Bert"}), ElementsAre(all[0]));
    EXPECT_THAT(ids({.assignee = ""}), SizeIs(3));
    EXPECT_THAT(ids({.acknowledged = false}), SizeIs(3));
    EXPECT_THAT(ids({.limit = 2}), ElementsAre(all[0], all[1]));
    EXPECT_THAT(ids({.before = all[1], .limit = 2}), ElementsAre(all[2], all[3]));
    auto const counts = get(desk().count({}));
    EXPECT_EQ(counts.open, 4);
    EXPECT_EQ(counts.acknowledged, 1);
    EXPECT_EQ(counts.unassigned, 3);
    EXPECT_EQ(counts.by_severity.front().count, 3);
    EXPECT_THAT(counts.by_type, SizeIs(3));
}

TEST_F(Desk, survives_a_restart_with_everything) {
    see();
    change({.acknowledged = true, .assignee = "Bert", .snoozed_until = clock_->now() + 1h});
    auto const before = ticket();
    reopen();
    auto const after = ticket();
    EXPECT_EQ(after.assignee, before.assignee);
    EXPECT_EQ(after.acknowledged, before.acknowledged);
    EXPECT_EQ(after.snoozed_until, before.snoozed_until);
    EXPECT_THAT(kinds(), SizeIs(4));
}

// --- the ladder ------------------------------------------------------------------------------------------------------------

class Ladder : public ::testing::Test {
protected:
    /// With so many days left of a life of so many days.
    static int rung(int life, double left, int policy = 30) {
        auto const end = UtcTime{} + std::chrono::days(life);
        auto const now = end - std::chrono::seconds(static_cast<std::int64_t>(left * 86400));
        return reached_rung(ticket_entry(TicketType::certificate_expiring).ladder, UtcTime{}, end, now, policy);
    }
    static TicketSeverity severity(int rung) {
        return ticket_entry(TicketType::certificate_expiring).ladder.at(static_cast<std::size_t>(rung) - 1).severity;
    }
};

TEST_F(Ladder, climbs_with_the_days_of_a_long_certificate) {
    EXPECT_EQ(rung(365, 31), 0);
    EXPECT_EQ(rung(365, 29), 1);
    EXPECT_EQ(rung(365, 13), 2);
    EXPECT_EQ(rung(365, 2), 3);
    EXPECT_EQ(rung(365, 0), 4);
    EXPECT_EQ(rung(365, -400), 4);
    EXPECT_EQ(severity(1), TicketSeverity::notice);
    EXPECT_EQ(severity(2), TicketSeverity::warning);
    EXPECT_EQ(severity(4), TicketSeverity::critical);
}

TEST_F(Ladder, climbs_with_the_fraction_of_a_short_certificate) {
    EXPECT_EQ(rung(7, 6.5), 0) << "new, although it ends within a week";
    EXPECT_EQ(rung(7, 2.3), 1);
    EXPECT_EQ(rung(7, 1), 2);
    EXPECT_EQ(rung(7, 0.3), 3);
    EXPECT_EQ(rung(7, 0), 4);
}

TEST_F(Ladder, begins_when_the_policy_wants_the_certificate_replaced) {
    EXPECT_EQ(rung(365, 13, 1), 0);
    EXPECT_EQ(rung(365, 0.5, 1), 3);
    EXPECT_EQ(rung(365, 59, 60), 1);
    EXPECT_EQ(rung(365, 0, 1), 4);
}

}  // namespace
}  // namespace countersign::manager
