#include "manager/observe/observer.hpp"

#include "manager_fixture.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::ChannelTrust;
using manager::SecureOnly;

class Observation : public ManagerTest {
protected:
    manager::Sighting look(manager::SystemId id) {
        auto question = get(insides_.surveyor.question(id));
        return net::run(runtime_, insides_.observer.observe(std::move(question)));
    }
    void change(manager::SystemId id, std::function<void(manager::System&)> change) {
        get(store_->update_system(
            id,
            [change = std::move(change)](manager::System& known) {
                change(known);
                return std::string();
            },
            "test"));
    }
    /// Why the account was not read; nothing when it was.
    static std::optional<ErrorId> refusal(manager::Sighting const& seen) {
        auto const& error = seen.observation.account_error;
        return error ? std::optional(error->id()) : std::nullopt;
    }
    Insides insides_{*this};
};

TEST_F(Observation, reads_the_account_of_a_factory_fresh_system_over_http) {
    auto system = make_system("127.41.0.1", "SN1");
    system->boot();
    auto seen = look(add_system("127.41.0.1"));
    ASSERT_TRUE(seen.observation.account) << (seen.observation.account_error ? seen.observation.account_error->message() : "");
    EXPECT_EQ(seen.observation.account->serial_number, "SN1");
    EXPECT_EQ(seen.observation.account->settings.at("service.https.mode"), "off");
    EXPECT_EQ(seen.observation.account_channel, ChannelTrust::none);
    EXPECT_TRUE(seen.observation.factory_password);
    EXPECT_TRUE(seen.observation.open("http"));
    EXPECT_FALSE(seen.observation.open("https"));
}

TEST_F(Observation, never_sends_the_password_in_clear) {
    auto system = make_system("127.41.0.2", "SN1");
    system->boot();
    look(add_system("127.41.0.2"));
    EXPECT_TRUE(system->recorder().contains("Digest "));
    EXPECT_FALSE(system->recorder().contains("TANDBERG\""));
    EXPECT_FALSE(system->recorder().contains("Basic "));
}

TEST_F(Observation, believes_a_factory_identity_with_the_serial_number_of_the_system) {
    auto system = make_system("127.41.0.3", "SN3");
    system->set("service.https.mode", "on");
    system->boot();
    auto seen = look(add_system("127.41.0.3"));
    ASSERT_TRUE(seen.observation.account);
    EXPECT_EQ(seen.observation.account_channel, ChannelTrust::factory_identity);
    EXPECT_FALSE(seen.observation.find("https")->findings.empty());
}

TEST_F(Observation, refuses_a_factory_identity_of_another_unit) {
    auto system = make_system("127.41.0.4", "SN-of-a-thief");
    system->set("service.https.mode", "on");
    system->boot();
    auto const id = add_system("127.41.0.4");
    get(store_->update_system(
        id,
        [](manager::System& known) {
            known.serial_number = "SN4";
            return std::string();
        },
        "test"));
    set_mode(SecureOnly::verify);
    auto seen = look(id);
    EXPECT_FALSE(seen.observation.account);
    EXPECT_EQ(seen.observation.account_error->id(), errors::tru::verification_failed);
    EXPECT_TRUE(system->recorder().empty());
}

TEST_F(Observation, gives_a_typed_password_to_no_unit_of_the_vendor_before_it_is_sure_which_it_is) {
    auto system = make_system("127.41.0.13", "SN-of-any-unit");
    system->set("service.https.mode", "on");
    system->set_password("given by a person");
    system->boot();
    auto const id = add_system("127.41.0.13");
    get(store_->set_password(id, SecretText(std::string("given by a person")), manager::PasswordOrigin::given, "test"));
    set_mode(SecureOnly::verify);
    EXPECT_EQ(refusal(look(id)), errors::mgr::no_secure_channel);
    // Heard over HTTP, where anybody could have said it.
    change(id, [](manager::System& known) { known.serial_number = "SN-of-any-unit"; });
    auto seen = look(id);
    ASSERT_EQ(refusal(seen), errors::mgr::no_secure_channel);
    EXPECT_TRUE(system->recorder().empty());
    auto const shown = seen.observation.find("https")->presented.front().fingerprint();
    EXPECT_THAT(seen.observation.account_error->message(), ::testing::HasSubstr(shown)) << "what a person has to compare";
    change(id, [shown](manager::System& known) { known.pins = {shown}; });
    EXPECT_EQ(look(id).observation.account_channel, ChannelTrust::pinned);
}

TEST_F(Observation, tells_a_person_when_a_unit_is_not_known_for_sure) {
    auto system = make_system("127.41.0.14", "SN14");
    system->set("service.https.mode", "on");
    system->boot();
    auto const id = add_system("127.41.0.14");
    get(store_->set_password(id, SecretText(std::string("given by a person")), manager::PasswordOrigin::given, "test"));
    set_mode(SecureOnly::verify);
    get(insides_.surveyor.survey(id));
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(manager::TicketType::connection_error));
}

TEST_F(Observation, tries_only_the_factory_password_with_any_unit_of_the_vendor) {
    auto system = make_system("127.41.0.15", "SN15");
    system->set("service.https.mode", "on");
    system->set_password("candidate");
    system->boot();
    auto const id = add_system("127.41.0.15");
    get(store_->set_candidate_password(id, SecretText(std::string("candidate"))));
    EXPECT_EQ(refusal(look(id)), errors::net::login_refused);
}

TEST_F(Observation, sends_no_password_over_http_that_a_person_gave_a_moment_ago) {
    auto system = make_system("127.41.0.16", "SN16");
    system->set_password("given by a person");
    system->boot();
    auto const id = add_system("127.41.0.16");
    set_mode(SecureOnly::on);
    auto question = get(insides_.surveyor.question(id));
    question.passwords.current = SecretText(std::string("given by a person"));
    auto seen = net::run(runtime_, insides_.observer.observe(std::move(question)));
    EXPECT_EQ(refusal(seen), errors::net::login_refused);
}

TEST_F(Observation, tells_whether_a_system_trusts_the_roots_of_the_estate) {
    auto system = make_system("127.41.0.17", "SN17");
    system->boot();
    auto survey = get(insides_.surveyor.survey(add_system("127.41.0.17")));
    auto const& items = survey.assessment.readiness;
    auto item = std::ranges::find(items, "trusted_root", &manager::ReadinessItem::id);
    ASSERT_NE(item, items.end());
    EXPECT_THAT(item->evidence, ::testing::HasSubstr("missing: "));
}

TEST_F(Observation, logs_in_to_a_pinned_certificate) {
    auto stranger = self_signed("somebody");
    auto system = std::make_shared<ScriptedSystem>(runtime_, *families_.get("c-series"), "127.41.0.5", "SN5", stranger);
    system->set("service.https.mode", "on");
    system->boot();
    auto const id = add_system("127.41.0.5");
    get(store_->update_system(
        id,
        [&stranger](manager::System& known) {
            known.pins = {stranger.chain.front().fingerprint()};
            return std::string();
        },
        "test"));
    set_mode(SecureOnly::on);
    auto seen = look(id);
    ASSERT_TRUE(seen.observation.account);
    EXPECT_EQ(seen.observation.account_channel, ChannelTrust::pinned);
}

TEST_F(Observation, never_falls_back_to_http_while_https_is_open_and_not_trusted) {
    auto system = std::make_shared<ScriptedSystem>(runtime_, *families_.get("c-series"), "127.41.0.6", "SN6", self_signed("somebody"));
    system->set("service.https.mode", "on");
    system->boot();
    set_mode(SecureOnly::on);
    auto seen = look(add_system("127.41.0.6"));
    EXPECT_FALSE(seen.observation.account);
    EXPECT_EQ(seen.observation.account_error->id(), errors::mgr::no_secure_channel);
    EXPECT_TRUE(system->recorder().empty());
}

TEST_F(Observation, never_uses_http_with_a_system_whose_https_was_proven) {
    auto system = make_system("127.41.0.7", "SN7");
    system->boot();
    auto const id = add_system("127.41.0.7");
    get(store_->update_system(
        id,
        [](manager::System& known) {
            known.https_proven = true;
            return std::string();
        },
        "test"));
    auto seen = look(id);
    EXPECT_EQ(seen.observation.account_error->id(), errors::mgr::http_not_allowed);
    EXPECT_TRUE(system->recorder().empty());
}

TEST_F(Observation, sends_no_given_password_over_http_in_secure_mode) {
    auto system = make_system("127.41.0.8", "SN8");
    system->set_password("given by a person");
    system->boot();
    auto const id = add_system("127.41.0.8");
    get(store_->set_password(id, SecretText(std::string("given by a person")), manager::PasswordOrigin::given, "test"));
    set_mode(SecureOnly::on);
    EXPECT_EQ(look(id).observation.account_error->id(), errors::mgr::http_not_allowed);
    EXPECT_TRUE(system->recorder().empty());
    set_mode(SecureOnly::off);
    EXPECT_TRUE(look(id).observation.account);
}

TEST_F(Observation, tries_the_candidate_password_when_the_current_one_is_refused) {
    auto system = make_system("127.41.0.9", "SN9");
    system->set("service.https.mode", "on");
    system->set_password("candidate");
    system->boot();
    auto const id = add_system("127.41.0.9");
    change(id, [](manager::System& known) {
        known.https_proven = true;
        known.serial_number = "SN9";
    });
    get(store_->set_candidate_password(id, SecretText(std::string("candidate"))));
    auto survey = get(insides_.surveyor.survey(id));
    EXPECT_EQ(survey.sighting.opened, manager::Opened::candidate);
    auto passwords = get(store_->get_passwords(id));
    ASSERT_TRUE(passwords.current);
    EXPECT_EQ(passwords.current->reveal(), "candidate");
    EXPECT_FALSE(passwords.candidate);
}

TEST_F(Observation, opens_a_ticket_for_a_wrong_password_and_closes_it_when_it_is_right) {
    auto system = make_system("127.41.0.10", "SN10");
    system->set_password("changed by somebody");
    system->boot();
    auto const id = add_system("127.41.0.10");
    get(insides_.surveyor.survey(id));
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(manager::TicketType::login_failed));
    system->set_password("TANDBERG");
    get(insides_.surveyor.survey(id));
    EXPECT_THAT(open_tickets(id), ::testing::IsEmpty());
}

TEST_F(Observation, keeps_to_one_ticket_when_too_many_wrong_passwords_lock_the_door) {
    auto system = make_system("127.41.0.18", "SN18");
    system->set_password("changed by somebody");
    system->boot();
    auto const id = add_system("127.41.0.18");
    get(insides_.surveyor.survey(id));
    system->power_off();
    auto locked = open_port(
        runtime_, {"127.41.0.18", 80 + k_offset}, nullptr, std::make_shared<Recorder>(),
        [](net::http::Request) -> net::Task<net::http::Response> { co_return net::http::Response::text(429, "Too many failed log-ins"); });
    get(insides_.surveyor.survey(id));
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(manager::TicketType::login_failed));
}

TEST_F(Observation, tickets_a_system_that_nobody_answers_for) {
    auto const id = add_system("127.41.0.11");
    auto survey = get(insides_.surveyor.survey(id));
    EXPECT_EQ(survey.system.reachability, manager::Reachability::unreachable);
    EXPECT_EQ(survey.sighting.observation.account_error->id(), errors::net::connection_refused);
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(manager::TicketType::connection_error));
}

TEST_F(Observation, remembers_what_the_system_is) {
    auto system = make_system("127.41.0.12", "SN12");
    system->boot();
    auto const id = add_system("127.41.0.12");
    get(insides_.surveyor.survey(id));
    auto known = get(store_->get_system(id));
    EXPECT_EQ(known.serial_number, "SN12");
    EXPECT_TRUE(known.secure_only_capable);
    EXPECT_EQ(known.reachability, manager::Reachability::reachable);
    EXPECT_EQ(insides_.directory.find("sn12", "", ""), id);
}

}  // namespace
}  // namespace countersign::testing
