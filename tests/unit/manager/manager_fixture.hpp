#pragma once

/// A manager's insides with a real store, an authority made for the test, and scripted systems on 127.x addresses.

#include "manager/enforce/enforcer.hpp"
#include "scripted_peer.hpp"
#include "store_fixture.hpp"
#include "support/name_and_time.hpp"

#include <atomic>

namespace countersign::testing {

/// "127.43.0.1" is called s-127-43-0-1.example.test.
inline std::string host_of(std::string const& address) { return "s-" + replace_all(address, ".", "-") + ".example.test"; }

/// Names for the addresses of these tests, from a real name server.
inline NameServer::Names names_of_tests() {
    NameServer::Names names;
    for (int second = 41; second <= 45; ++second)
        for (int third = 0; third <= 1; ++third)
            for (int last = 1; last <= 60; ++last) {
                auto const address = "127." + std::to_string(second) + "." + std::to_string(third) + "." + std::to_string(last);
                names[host_of(address)] = address;
            }
    return names;
}

/// Issues like the internal authority, and counts.
class CountingAuthority final : public manager::InternalCa {
public:
    [[nodiscard]] std::vector<pki::Certificate> roots() const override {
        std::vector<pki::Certificate> out{authority.root()};
        out.insert(out.end(), others.begin(), others.end());
        return out;
    }
    void trust_also(std::vector<pki::Certificate> trusted, std::vector<std::string> withdrawn) override {
        others = std::move(trusted);
        gone = std::move(withdrawn);
    }
    [[nodiscard]] std::vector<std::string> withdrawn() const override { return gone; }
    net::Task<Result<manager::PendingCertificate>> issue_for_system(manager::System system, manager::Policy, pki::Profile) override {
        ++issued;
        auto identity = authority.issue(system.host_name);
        co_return manager::PendingCertificate{identity.chain.front(), identity.key};
    }
    net::Task<Result<manager::PendingCertificate>> sign_for_system(manager::System system, manager::Policy, pki::Profile profile,
                                                                   pki::CertificateRequest request) override {
        ++issued;
        std::vector<pki::AlternativeName> const names{{pki::AlternativeName::Kind::dns, system.host_name}};
        auto certificate = authority.authority().issue(request, {.common_name = system.host_name}, names, profile,
                                                       pki::valid_for(SystemClock().now(), std::chrono::days(30)));
        if (!certificate) co_return fail(std::move(certificate).error());
        co_return manager::PendingCertificate{.certificate = *std::move(certificate), .key = std::nullopt};
    }
    net::Task<Result<manager::PendingCertificate>> manager_certificate(std::vector<std::string> host_names,
                                                                       std::vector<std::string>) override {
        auto identity = authority.issue(host_names.front());
        co_return manager::PendingCertificate{identity.chain.front(), identity.key};
    }
    TestAuthority authority{"Estate root"};
    std::vector<pki::Certificate> others;
    std::vector<std::string> gone;
    std::atomic<int> issued = 0;
};

class ManagerTest : public StoreTest {
protected:
    ManagerTest() {
        clock_->advance(SystemClock().now() - clock_->now());  // certificates are made by the machine's clock
        get(store_->add_factory_anchor("TANDBERG", vendor_.certificate(), "test"));
    }

public:
    /// The store may be opened anew between two lives of these.
    struct Insides {
        explicit Insides(ManagerTest& test, manager::Announce announce = quiet())
            : observer(wire(test)),
              surveyor(*test.store_, test.authority_, observer, directory, test.families_, test.clock_, std::move(announce)),
              enforcer(*test.store_, test.authority_, observer, surveyor, contacts, test.clock_, quiet(), settings(test)) {}
        static manager::Announce quiet() {
            return [](std::string, std::int64_t) {};
        }
        static manager::Wire wire(ManagerTest& test) {
            return {.resolver =
                        std::make_shared<net::Resolver>(net::Resolver::Settings{.servers = {{test.names_.address(), test.names_.port()}}}),
                    .port_offset = k_offset,
                    .clock = test.clock_,
                    .connect = net::Milliseconds(2000),
                    .exchange = net::Milliseconds(3000),
                    .snmp = net::Milliseconds(300)};
        }
        static manager::Enforcer::Settings settings(ManagerTest& test) {
            return {.contact_timeout = test.contact_timeout_,
                    .restart_timeout = net::Milliseconds(5000),
                    .proof_timeout = net::Milliseconds(2000),
                    .external_manager_path = "tms/public/external/management/SystemManagementService.asmx"};
        }
        manager::Directory directory;
        manager::ContactBoard contacts;
        manager::Observer observer;
        manager::Surveyor surveyor;
        manager::Enforcer enforcer;
    };

protected:
    std::shared_ptr<ScriptedSystem> make_system(std::string const& address, std::string const& serial) {
        auto system =
            std::make_shared<ScriptedSystem>(runtime_, *families_.get("c-series"), address, serial, factory_identity(vendor_, serial));
        return system;
    }
    manager::SystemId add_system(std::string const& address) {
        manager::System system;
        system.name = address;
        system.family = "c-series";
        system.host_name = host_of(address);
        system.address = address;
        return get(store_->add_system(std::move(system), std::nullopt, "test"));
    }
    void set_mode(manager::SecureOnly mode) {
        manager::Policy policy;
        policy.secure_only = mode;
        policy.manager_host_name = "manager.example.test";
        policy.renew_days_before = 1;
        policy.dns_servers = {"127.0.0.1"};
        policy.ntp_server = "ntp.example.test";
        get(store_->set_policy(policy, "test"));
    }
    std::vector<manager::TicketType> open_tickets(manager::SystemId id) {
        std::vector<manager::TicketType> types;
        for (auto const& ticket : get(store_->list_tickets(manager::TicketState::open, id, 100))) types.push_back(ticket.type);
        return types;
    }
    manager::Enforcement enforce(Insides& insides, manager::SystemId id) {
        auto job = get(store_->queue_job(manager::JobKind::enforce, id, "test"));
        auto leased = get(store_->lease_job("test", std::chrono::seconds(60)));
        if (!leased || leased->id != job) ADD_FAILURE() << "the job could not be leased";
        auto ended = get(insides.enforcer.run(*leased));
        get(store_->finish_job(job, ended.error ? manager::JobState::failed : manager::JobState::succeeded, ended.error, clock_->now()));
        return ended;
    }

    NameServer names_{"example.test", names_of_tests()};
    family::Families families_ = *family::Families::load_embedded();
    pki::CertificateAuthority vendor_ = make_authority("Vendor root");
    CountingAuthority authority_;
    net::Milliseconds contact_timeout_{3000};
};

}  // namespace countersign::testing
