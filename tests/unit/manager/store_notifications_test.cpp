/// Channels and their outbox: what is told, to whom, once; and what survives.

#include "manager/store/folder_store.hpp"
#include "manager/store/notification_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace countersign::manager {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = TicketEventKind;

class Outbox : public testing::StoreTest {
protected:
    NotificationStore& channels() { return store_->notifications(); }
    TicketDesk& desk() { return store_->tickets(); }
    NotificationChannel make(NotificationChannel channel) {
        if (channel.name.empty()) channel.name = "one";
        channel.settings = WebhookSettings{"https://hook.example.test/"};
        return get(channels().add(std::move(channel), SecretText(std::string(k_secret)), "admin"));
    }
    void see(TicketSeverity severity = TicketSeverity::critical, int rung = 0) {
        get(desk().see({.system = system_,
                        .type = TicketType::certificate_expiring,
                        .severity = severity,
                        .rung = rung,
                        .text = "seen",
                        .remedy = "look"}));
    }
    void settle() { get(desk().settle(system_, TicketType::certificate_expiring, "", "")); }
    /// Takes all that waits.
    std::vector<Kind> told(ChannelId id) {
        std::vector<Kind> out;
        while (auto message = get(channels().next(id))) {
            out.push_back(message->notification.change);
            get(channels().sent(id, message->id));
        }
        return out;
    }

    static constexpr std::string_view k_secret = "a secret that stays in here";
    SystemId system_ = add("c1");
};

TEST_F(Outbox, tells_each_change_once_and_not_what_people_do) {
    auto const id = make({}).id;
    see(TicketSeverity::warning, 1);
    see(TicketSeverity::warning, 1);
    auto const ticket = get(desk().list({})).at(0).ticket.id;
    get(desk().change(ticket, {.acknowledged = true, .assignee = "Bert", .comment = "hm", .snoozed_until = clock_->now() + 1h}, "anna"));
    see(TicketSeverity::critical, 2);
    see(TicketSeverity::critical, 2);
    see(TicketSeverity::warning, 1);
    settle();
    settle();
    clock_->advance(1min);
    see();
    EXPECT_THAT(told(id), ElementsAre(Kind::opened, Kind::escalated, Kind::closed, Kind::reopened));
}

TEST_F(Outbox, says_everything_as_it_was_then) {
    auto const id = make({}).id;
    see();
    get(store_->update_system(
        system_,
        [](System& system) {
            system.name = "renamed";
            return std::string("name");
        },
        "admin"));
    auto const waiting = get(channels().next(id));
    ASSERT_TRUE(waiting);
    EXPECT_EQ(waiting->notification.system_name, "c1");
    EXPECT_EQ(waiting->notification.host_name, "c1.example.test");
    EXPECT_EQ(waiting->notification.folder, "/");
    EXPECT_EQ(waiting->notification.ticket.text, "seen");
    EXPECT_EQ(waiting->notification.at, clock_->now());
    EXPECT_EQ(to_document(*parse_notification(to_document(waiting->notification))), to_document(waiting->notification));
}

TEST_F(Outbox, goes_to_channels_that_want_to_hear_of_it) {
    auto const berlin = get(store_->folders().ensure("/Europe/Berlin", "admin")).id;
    auto const europe = get(store_->folders().find("/Europe"))->id;
    auto const asia = get(store_->folders().ensure("/Asia", "admin")).id;
    get(store_->folders().move_systems({system_}, berlin, "admin"));
    auto const critical = make({.name = "critical", .least = TicketSeverity::critical}).id;
    auto const other_type = make({.name = "type", .types = {TicketType::login_failed}}).id;
    auto const in_europe = make({.name = "europe", .folder = europe}).id;
    auto const in_asia = make({.name = "asia", .folder = asia}).id;
    auto const off = make({.name = "off", .enabled = false}).id;
    auto const all = make({.name = "all"}).id;
    see(TicketSeverity::warning, 1);
    EXPECT_THAT(told(critical), IsEmpty());
    EXPECT_THAT(told(other_type), IsEmpty());
    EXPECT_THAT(told(in_europe), ElementsAre(Kind::opened));
    EXPECT_THAT(told(in_asia), IsEmpty());
    EXPECT_THAT(told(off), IsEmpty());
    EXPECT_THAT(told(all), ElementsAre(Kind::opened));
    see(TicketSeverity::critical, 2);
    EXPECT_THAT(told(critical), ElementsAre(Kind::escalated));
    get(store_->folders().remove(asia, std::nullopt, "admin"));
    settle();
    EXPECT_THAT(told(in_asia), ElementsAre(Kind::closed)) << "rather too much than nothing";
}

TEST_F(Outbox, does_not_tell_a_channel_that_it_fails_itself) {
    auto const first = make({.name = "first"}).id, second = make({.name = "second"}).id;
    get(desk().see(
        {.type = TicketType::notification_failed, .subject = channel_subject(first), .severity = TicketSeverity::critical, .text = "no"}));
    EXPECT_THAT(told(first), IsEmpty());
    EXPECT_THAT(told(second), ElementsAre(Kind::opened));
}

TEST_F(Outbox, survives_a_restart_in_its_order) {
    auto const id = make({}).id;
    see();
    settle();
    reopen();
    EXPECT_EQ(get(channels().get(id)).waiting, 2);
    EXPECT_EQ(get(channels().secret(id))->reveal(), k_secret);
    EXPECT_THAT(told(id), ElementsAre(Kind::opened, Kind::closed));
}

TEST_F(Outbox, waits_after_a_failure_and_is_due_again_after_a_change) {
    auto const id = make({}).id;
    EXPECT_THAT(get(channels().due()), IsEmpty());
    see();
    EXPECT_THAT(get(channels().due()), SizeIs(1));
    get(channels().failed(id, Error(errors::net::connection_refused, {{"peer", "hook"}}), clock_->now() + 10s));
    EXPECT_THAT(get(channels().due()), IsEmpty());
    EXPECT_EQ(get(channels().get(id)).failures, 1);
    EXPECT_EQ(get(channels().get(id)).error_code, "NET-001");
    clock_->advance(10s);
    EXPECT_THAT(get(channels().due()), SizeIs(1));
    get(channels().failed(id, Error(errors::net::connection_refused, {{"peer", "hook"}}), clock_->now() + 10min));
    get(channels().change(id, [](NotificationChannel& channel) { channel.least = TicketSeverity::warning; }, std::nullopt, "admin"));
    EXPECT_THAT(get(channels().due()), SizeIs(1));
    EXPECT_THAT(told(id), SizeIs(1));
    EXPECT_EQ(get(channels().get(id)).error_code, "");
    EXPECT_EQ(get(channels().get(id)).last_sent, clock_->now());
}

TEST_F(Outbox, tells_the_end_of_the_tickets_of_a_system_that_is_removed) {
    auto const id = make({}).id;
    see();
    get(store_->remove_system(system_, "admin"));
    EXPECT_THAT(told(id), ElementsAre(Kind::opened, Kind::closed));
}

TEST_F(Outbox, goes_with_its_channel) {
    auto const id = make({}).id;
    see();
    get(channels().remove(id, "admin"));
    EXPECT_EQ(error_of(channels().get(id)), errors::gen::not_found);
    EXPECT_THAT(get(channels().due()), IsEmpty());
}

TEST_F(Outbox, keeps_secrets_sealed_and_names_unique) {
    auto const id = make({}).id;
    EXPECT_EQ(error_of(channels().add({.name = "one", .settings = SyslogSettings{.host = "log"}}, std::nullopt, "admin")),
              errors::mgr::channel_exists);
    make({.name = "two"});
    EXPECT_EQ(error_of(channels().change(
                  id, [](NotificationChannel& channel) { channel.name = "two"; }, std::nullopt, "admin")),
              errors::mgr::channel_exists);
    EXPECT_EQ(get(channels().get(id)).name, "one");
    store_.reset();
    std::ifstream in(file(), std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    ASSERT_THAT(bytes, HasSubstr("hook.example.test"));
    EXPECT_THAT(bytes, Not(HasSubstr(k_secret)));
    reopen();
}

}  // namespace
}  // namespace countersign::manager
