#include "manager_fixture.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

namespace countersign::testing {
namespace {

using manager::SecureOnly;
using manager::TicketType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A system that was brought to verified HTTPS; then somebody else answers at its address.
class Impostor : public ManagerTest {
protected:
    void SetUp() override {
        set_mode(SecureOnly::verify);
        good_ = std::make_shared<ScriptedSystem>(runtime_, *families_.get("c-series"), address_, "SN1",
                                                 authority_.authority.issue(host_of(address_)));
        good_->set("service.https.mode", "on");
        good_->set("service.http.mode", "off");
        good_->boot();
        id_ = add_system(address_);
        get(store_->set_password(id_, SecretText(std::string(k_password)), manager::PasswordOrigin::managed, "test"));
        good_->set_password(k_password);
        get(insides_.surveyor.survey(id_));
        ASSERT_TRUE(get(store_->get_system(id_)).https_proven);
    }

    /// The impostor answers on both ports and would take anything.
    void expect_nothing_is_given_to(TestIdentity const& identity,
                                    std::vector<TicketType> const& tickets = {TicketType::certificate_validation_error}) {
        good_->power_off();
        auto const before = get(store_->get_system(id_));
        auto const restarts = good_->restarts();
        {
            auto https = open_port(runtime_, {address_, 443 + k_offset}, server_context(identity), recorder_, accept_all());
            auto http = open_port(runtime_, {address_, 80 + k_offset}, nullptr, recorder_, accept_all());
            get(insides_.surveyor.survey(id_));
            EXPECT_THAT(open_tickets(id_), ::testing::UnorderedElementsAreArray(tickets));
            auto ended = enforce(insides_, id_);
            EXPECT_TRUE(ended.error);
            EXPECT_THAT(recorder_->list(), IsEmpty());
            auto const after = get(store_->get_system(id_));
            EXPECT_EQ(after.serial_number, before.serial_number);
            EXPECT_EQ(after.password_origin, before.password_origin);
            EXPECT_EQ(authority_.issued, 0);
            EXPECT_FALSE(get(store_->get_passwords(id_)).candidate);
        }
        EXPECT_EQ(good_->restarts(), restarts);
        good_->boot();
        get(insides_.surveyor.survey(id_));
        EXPECT_THAT(open_tickets(id_), IsEmpty());
    }

    static net::http::Handler accept_all() {
        return [](net::http::Request) -> net::Task<net::http::Response> { co_return net::http::Response::text(200, "yes"); };
    }

    /// Of this process alone: these tests run beside each other.
    std::string const address_ = "127.42." + std::to_string(getpid() / 60 % 2) + "." + std::to_string(getpid() % 60 + 1);
    static constexpr char const* k_password = "a secret of this system";
    std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
    std::shared_ptr<ScriptedSystem> good_;
    manager::SystemId id_ = 0;
    Insides insides_{*this};
};

TEST_F(Impostor, with_a_certificate_of_another_authority_gets_nothing) {
    expect_nothing_is_given_to(TestAuthority("Somebody else").issue(host_of(address_)));
}

TEST_F(Impostor, with_an_expired_certificate_gets_nothing) {
    expect_nothing_is_given_to(authority_.authority.issue_expired(host_of(address_)));
}

TEST_F(Impostor, with_a_right_certificate_for_another_name_gets_nothing) {
    expect_nothing_is_given_to(authority_.authority.issue("other.example.test"));
}

TEST_F(Impostor, with_a_self_signed_certificate_gets_nothing) { expect_nothing_is_given_to(self_signed(host_of(address_))); }

TEST_F(Impostor, with_the_factory_identity_of_another_unit_gets_nothing) {
    expect_nothing_is_given_to(factory_identity(vendor_, "SN-other"),
                               {TicketType::certificate_validation_error, TicketType::system_replaced});
}

TEST_F(Impostor, that_offers_http_only_gets_nothing_and_is_ticketed) {
    good_->power_off();
    {
        auto http = open_port(runtime_, {address_, 80 + k_offset}, nullptr, recorder_, accept_all());
        get(insides_.surveyor.survey(id_));
        EXPECT_THAT(open_tickets(id_), ElementsAre(TicketType::no_https_response));
        EXPECT_THAT(recorder_->list(), IsEmpty());
    }
    good_->boot();
    get(insides_.surveyor.survey(id_));
    EXPECT_THAT(open_tickets(id_), IsEmpty());
}

}  // namespace
}  // namespace countersign::testing
