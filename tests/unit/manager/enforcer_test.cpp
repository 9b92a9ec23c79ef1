#include "manager/enforce/enforcer.hpp"

#include "manager/store/network_store.hpp"
#include "manager_fixture.hpp"

#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace countersign::testing {
namespace {

using manager::SecureOnly;

class Enforcement : public ManagerTest {
protected:
    std::shared_ptr<ScriptedSystem> boot_system(std::string const& address) {
        auto system = make_system(address, "SN1");
        system->on_call = [this](bool https) {
            if (calls_) note_call(https);
        };
        system->boot();
        id_ = add_system(address);
        return system;
    }
    void note_call(bool https) {
        std::scoped_lock lock(mutex_);
        if (insides_) insides_->contacts.note(id_, https);
    }
    void begin_new_life() {
        std::scoped_lock lock(mutex_);
        insides_.reset();
        reopen();
        insides_ = std::make_unique<Insides>(*this);
    }

    std::atomic<bool> calls_ = true;
    std::atomic<manager::SystemId> id_ = 0;
    std::mutex mutex_;
    std::unique_ptr<Insides> insides_ = std::make_unique<Insides>(*this);
};

TEST_F(Enforcement, brings_a_factory_fresh_system_to_verified_https) {
    auto system = boot_system("127.43.0.1");
    set_mode(SecureOnly::verify);
    auto ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    auto known = get(store_->get_system(id_));
    EXPECT_TRUE(known.https_proven);
    EXPECT_EQ(known.track_by, manager::TrackBy::host_name);
    EXPECT_EQ(known.password_origin, manager::PasswordOrigin::managed);
    EXPECT_EQ(known.level, 4);
    EXPECT_EQ(known.certificate_fingerprint, system->served_fingerprint());
    EXPECT_EQ(system->setting("service.http.mode"), "off");
    EXPECT_EQ(system->setting("client.verify"), "on");
    EXPECT_EQ(authority_.issued, 1);
    EXPECT_THAT(open_tickets(id_), ::testing::IsEmpty());
}

TEST_F(Enforcement, stores_the_password_that_the_system_took) {
    auto system = boot_system("127.43.0.2");
    set_mode(SecureOnly::on);
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto passwords = get(store_->get_passwords(id_));
    ASSERT_TRUE(passwords.current);
    EXPECT_EQ(passwords.current->reveal(), system->password());
    EXPECT_NE(system->password(), "TANDBERG");
    EXPECT_FALSE(passwords.candidate);
}

TEST_F(Enforcement, asks_of_a_system_behind_a_firewall_only_what_its_software_can) {
    id_ = add_system("127.43.0.59");
    set_mode(SecureOnly::on);
    get(store_->network().set_connection(id_, {.connectivity = manager::Connectivity::behind_firewall}, "test"));
    get(store_->record_contact(id_, {.at = clock_->now(), .https = false}, "Beat"));
    auto const with_software = [this](std::string const& software, bool capable) {
        get(store_->update_system(
            id_,
            [software, capable](manager::System& stored) {
                stored.software = software;
                stored.secure_only_capable = capable;
                return std::string();
            },
            "test"));
        return enforce(*insides_, id_).error;
    };
    EXPECT_FALSE(with_software("TC2.1.0", false)) << "not capable: it calls over HTTP as before (REQ MGR-3)";
    auto const waits = with_software("TC7.3.0", true);
    ASSERT_TRUE(waits);
    EXPECT_EQ(waits->id(), errors::mgr::behind_firewall);
}

TEST_F(Enforcement, does_nothing_the_second_time) {
    auto system = boot_system("127.43.0.3");
    set_mode(SecureOnly::verify);
    ASSERT_FALSE(enforce(*insides_, id_).error);
    auto const restarts = system->restarts();
    auto again = enforce(*insides_, id_);
    EXPECT_FALSE(again.error);
    EXPECT_EQ(again.steps, 0);
    EXPECT_EQ(system->restarts(), restarts);
    EXPECT_EQ(authority_.issued, 1);
}

TEST_F(Enforcement, sends_no_password_and_no_key_over_http) {
    auto system = boot_system("127.43.0.4");
    set_mode(SecureOnly::verify);
    ASSERT_FALSE(enforce(*insides_, id_).error);
    for (auto const& request : system->recorder().list()) {
        if (!request.contains(":" + std::to_string(80 + k_offset))) continue;
        EXPECT_FALSE(request.contains("PRIVATE KEY"));
        EXPECT_FALSE(request.contains(system->password()));
    }
    EXPECT_TRUE(system->recorder().contains("PRIVATE KEY"));
}

TEST_F(Enforcement, puts_its_changes_on_trial_and_confirms_them_when_all_is_proven) {
    auto system = boot_system("127.43.0.7");
    set_mode(SecureOnly::verify);
    ASSERT_FALSE(enforce(*insides_, id_).error);
    EXPECT_THAT(system->trials(), ::testing::ElementsAre("trial_begin", "trial_confirm"));
    EXPECT_EQ(get(store_->get_system(id_)).trial, "");
}

TEST_F(Enforcement, cancels_the_trial_when_a_step_fails) {
    auto system = boot_system("127.43.0.8");
    system->refuse_uploads = "The file system is full";
    set_mode(SecureOnly::verify);
    ASSERT_TRUE(enforce(*insides_, id_).error);
    EXPECT_THAT(system->trials(), ::testing::ElementsAre("trial_begin", "trial_cancel"));
    EXPECT_EQ(get(store_->get_system(id_)).trial, "");
}

TEST_F(Enforcement, leaves_a_system_alone_while_somebody_else_has_a_change_on_trial) {
    auto system = boot_system("127.43.0.9");
    system->begin_trial("12345678");
    set_mode(SecureOnly::verify);
    auto ended = enforce(*insides_, id_);
    ASSERT_TRUE(ended.error);
    EXPECT_EQ(ended.error->id(), errors::mgr::trial_of_somebody);
    EXPECT_EQ(system->setting("service.https.mode"), "off");
    EXPECT_TRUE(system->trials().empty());
}

TEST_F(Enforcement, keeps_the_old_door_open_when_the_certificate_is_refused) {
    auto system = boot_system("127.43.0.5");
    system->refuse_uploads = "The file system is full";
    set_mode(SecureOnly::verify);
    auto ended = enforce(*insides_, id_);
    ASSERT_TRUE(ended.error);
    EXPECT_EQ(ended.error->id(), errors::mgr::step_failed);
    EXPECT_THAT(ended.error->explanation(), ::testing::HasSubstr("The file system is full"));
    EXPECT_EQ(system->setting("service.http.mode"), "on");
}

TEST_F(Enforcement, uses_the_stored_certificate_and_password_after_a_crash_at_any_request) {
    int attempts = 0;
    for (int request = 3; request < 40; request += 4) {
        auto const address = "127.43.1." + std::to_string(request);
        auto system = boot_system(address);
        get(store_->update_system(
            id_,
            [request](manager::System& known) {
                known.name = "system " + std::to_string(request);
                return std::string();
            },
            "test"));
        set_mode(SecureOnly::verify);
        auto const issued = authority_.issued.load();
        system->fails_after = request;
        auto first = enforce(*insides_, id_);
        begin_new_life();
        if (first.error) {
            ++attempts;
            system->fails_after = 0;
            system->power_off();
            system->boot();
            // The system that came back calls until it gets an answer, as real ones do.
            auto const calling = std::make_shared<std::atomic<bool>>(true);
            net::spawn(
                runtime_.executor(0),
                [this, calling]() -> net::Task<> {
                    while (*calling) {
                        note_call(true);
                        co_await net::sleep_for(net::Milliseconds(100));
                    }
                },
                "calls of a system");
            auto second = enforce(*insides_, id_);
            *calling = false;
            ASSERT_FALSE(second.error) << "after request " << request << ": " << second.error->explanation();
        }
        EXPECT_EQ(authority_.issued, issued + 1) << "after request " << request;
        auto passwords = get(store_->get_passwords(id_));
        ASSERT_TRUE(passwords.current);
        EXPECT_EQ(passwords.current->reveal(), system->password());
        EXPECT_EQ(get(store_->get_system(id_)).level, 4);
        get(store_->remove_system(id_, "test"));
        system->power_off();
    }
    EXPECT_GT(attempts, 3);
}

TEST_F(Enforcement, fails_with_what_was_not_proven_when_the_system_never_calls) {
    contact_timeout_ = net::Milliseconds(300);
    insides_ = std::make_unique<Insides>(*this);
    calls_ = false;
    auto system = boot_system("127.43.0.7");
    set_mode(SecureOnly::verify);
    auto ended = enforce(*insides_, id_);
    ASSERT_TRUE(ended.error);
    ASSERT_FALSE(ended.error->causes().empty());
    EXPECT_EQ(ended.error->causes().front().id(), errors::mgr::not_proven);
}

/// A port that answers whatever the system says of it.
class StrayPort {
public:
    StrayPort(std::string const& address, std::uint16_t port) {
        sockaddr_in where{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
        int const yes = 1;
        ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        bool const open = ::inet_pton(AF_INET, address.c_str(), &where.sin_addr) == 1 &&
                          // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of bind
                          ::bind(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 && ::listen(socket_, 16) == 0;
        if (!open) throw std::runtime_error("cannot listen on " + address);
    }
    StrayPort(StrayPort const&) = delete;
    StrayPort& operator=(StrayPort const&) = delete;
    ~StrayPort() { ::close(socket_); }

private:
    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TEST_F(Enforcement, does_not_believe_that_a_service_is_closed_while_its_port_answers) {
    auto system = boot_system("127.43.0.11");
    StrayPort telnet("127.43.0.11", 23 + k_offset);
    set_mode(SecureOnly::verify);
    auto ended = enforce(*insides_, id_);
    ASSERT_TRUE(ended.error);
    ASSERT_FALSE(ended.error->causes().empty());
    EXPECT_EQ(ended.error->causes().front().id(), errors::mgr::not_proven);
    EXPECT_THAT(ended.error->causes().front().message(), ::testing::HasSubstr("telnet"));
    EXPECT_THAT(system->trials(), ::testing::ElementsAre("trial_begin", "trial_cancel"));
}

TEST_F(Enforcement, waits_for_a_system_that_cannot_be_reached) {
    id_ = add_system("127.43.0.8");
    set_mode(SecureOnly::verify);
    auto ended = enforce(*insides_, id_);
    EXPECT_TRUE(ended.error);
    EXPECT_TRUE(ended.unreachable);
}

TEST_F(Enforcement, turns_back_to_http_towards_the_manager_and_closes_no_door) {
    auto system = boot_system("127.43.0.9");
    set_mode(SecureOnly::verify);
    ASSERT_FALSE(enforce(*insides_, id_).error);
    set_mode(SecureOnly::off);
    auto ended = enforce(*insides_, id_);
    ASSERT_FALSE(ended.error) << ended.error->explanation();
    EXPECT_EQ(system->setting("client.external_manager.protocol"), "http");
    EXPECT_EQ(system->setting("client.verify"), "off");
    EXPECT_EQ(system->setting("service.https.mode"), "on");
}

}  // namespace
}  // namespace countersign::testing
