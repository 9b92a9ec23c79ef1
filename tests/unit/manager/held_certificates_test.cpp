/// Enforcement of a system that a campaign holds: its certificate is replaced, and nothing else is touched.

#include "manager/store/campaign_store.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager_fixture.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::SecureOnly;

class HeldCertificates : public ManagerTest {
protected:
    std::shared_ptr<ScriptedSystem> boot_system(std::string const& address) {
        set_mode(SecureOnly::verify);
        auto system = make_system(address, "SN1");
        system->on_call = [this](bool https) { insides_.contacts.note(id_, https); };
        system->boot();
        id_ = add_system(address);
        EXPECT_FALSE(enforce(insides_, id_).error);
        return system;
    }
    void hold() {
        manager::Campaign campaign;
        campaign.settings.mode = SecureOnly::verify;
        get(store_->campaigns().add(std::move(campaign), {{.system = id_, .name = "c1", .wave = 0}}, "admin"));
    }
    /// The policy wants something else of the system than it has.
    void want_another_time_server() {
        auto policy = get(store_->get_policy());
        policy.ntp_server = "other.example.test";
        get(store_->set_policy(policy, "admin"));
    }

    std::atomic<manager::SystemId> id_ = 0;
    Insides insides_{*this};
};

TEST_F(HeldCertificates, are_replaced_and_nothing_else_is_changed) {
    auto system = boot_system("127.44.1.1");
    auto const first = system->served_fingerprint();
    hold();
    want_another_time_server();
    EXPECT_EQ(enforce(insides_, id_).steps, 0);
    get(store_->inventory().rekey({.systems = {id_.load()}, .issuer = {}, .then_revoke = 1}, "admin"));
    auto const ended = enforce(insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    EXPECT_NE(system->served_fingerprint(), first);
    EXPECT_EQ(get(store_->inventory().find(first)).entry.state, manager::CertificateState::revoked);
    EXPECT_EQ(system->setting("time.ntp.address"), "ntp.example.test");
    EXPECT_EQ(enforce(insides_, id_).steps, 0);
    EXPECT_EQ(system->setting("time.ntp.address"), "ntp.example.test");
}

TEST_F(HeldCertificates, leave_tickets_of_the_campaign_open) {
    auto system = boot_system("127.44.1.2");
    hold();
    get(store_->open_ticket(id_, manager::TicketType::enforcement_failed, "a step of the campaign", "look"));
    EXPECT_FALSE(enforce(insides_, id_).error);
    EXPECT_THAT(open_tickets(id_), ::testing::ElementsAre(manager::TicketType::enforcement_failed));
}

TEST_F(HeldCertificates, are_replaced_with_secure_only_on_too) {
    auto system = boot_system("127.44.1.3");
    auto const first = system->served_fingerprint();
    set_mode(SecureOnly::on);
    ASSERT_FALSE(enforce(insides_, id_).error);
    EXPECT_EQ(system->served_fingerprint(), first);
    get(store_->inventory().rekey({.systems = {id_.load()}, .issuer = {}, .then_revoke = std::nullopt}, "admin"));
    auto const ended = enforce(insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    EXPECT_NE(system->served_fingerprint(), first);
    EXPECT_EQ(enforce(insides_, id_).steps, 0);
}

}  // namespace
}  // namespace countersign::testing
