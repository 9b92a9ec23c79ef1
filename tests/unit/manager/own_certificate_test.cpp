#include "manager/certificates/own_certificate.hpp"

#include "company_authority.hpp"
#include "manager/certificates/certificate_watch.hpp"
#include "manager/certificates/certification.hpp"
#include "manager/certificates/estate_roots.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "manager/estate/network.hpp"
#include "manager/server.hpp"
#include "manager/store/ticket_desk.hpp"
#include "net/http/client.hpp"
#include "net/stream.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <unistd.h>

namespace countersign::testing {
namespace {

using manager::CertificateUpload;
using manager::OwnCertificate;
using manager::OwnCertificateState;
using manager::Server;
using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string const k_host = "manager.example.test";

/// The whole manager with its port, and a company's authority beside it.
class OwnCertificateTest : public ::testing::Test {
protected:
    OwnCertificateTest() {
        runtime_.start();
        start();
    }
    ~OwnCertificateTest() override { server_->stop(); }

    void start() {
        if (server_) server_->stop();
        server_.reset();
        manager::ManagerSettings settings;
        settings.data = folder_.path();
        settings.host_name = k_host;
        settings.address = address_;
        settings.https_port = 24643;  // the manager calls itself there
        settings.dns_servers = {address_};
        auto started = Server::start(runtime_, settings, family::Families::load_embedded().value(), manager::PlainHttp::closed, clock_);
        if (!started) throw std::runtime_error(started.error().explanation());
        server_ = *std::move(started);
    }
    OwnCertificate& own() { return server_->manager().own_certificate(); }
    manager::Store& store() { return server_->manager().store(); }
    template <class T>
    T get(net::Task<Result<T>> task) {
        auto result = net::run(runtime_, std::move(task));
        if (!result) throw std::runtime_error(result.error().explanation());
        if constexpr (!std::is_void_v<T>) return *std::move(result);
    }
    template <class T>
    std::optional<ErrorId> error_of(net::Task<Result<T>> task) {
        auto result = net::run(runtime_, std::move(task));
        return result ? std::optional<ErrorId>() : result.error().id();
    }
    std::string served() {
        net::ProbeRequest request;
        request.where = server_->https();
        request.server_name = k_host;
        request.tls = net::tls::VerifyChain{pki::Anchors(server_->manager().authority().roots()), {}, false};
        request.at = clock_->now();
        auto report = net::run(runtime_, net::probe(request));
        if (!report.tls || !report.tls->accepted) throw std::runtime_error("no handshake that verifies");
        return report.tls->leaf()->fingerprint();
    }
    CertificateUpload pair_of(CompanyAuthority::Pair const& pair) {
        return {.certificate = company_.bundle(pair.certificate), .key = SecretText(pair.key.to_pem().reveal()), .passphrase = {}};
    }
    /// A system that checks the manager's certificate with these roots.
    manager::SystemId verifying_system(std::string const& name, std::vector<std::string> trusted) {
        manager::System system;
        system.name = name;
        system.family = "c-series";
        system.host_name = name + ".example.test";
        system.address = "127.46.1." + std::to_string(++systems_);
        auto const id = get(store().add_system(system, std::nullopt, "test"));
        see(id, std::move(trusted));
        return id;
    }
    void see(manager::SystemId id, std::vector<std::string> trusted) {
        get(store().certificates().note_trust({.system = id, .served_root = {}, .trusted = std::move(trusted), .verifies = true}));
    }
    std::string internal_root() { return server_->manager().authority().roots().front().fingerprint(); }

    /// Other tests run at the same time.
    std::string const address_ = "127.46." + std::to_string(128 + ::getpid() / 250 % 128) + "." + std::to_string(1 + ::getpid() % 250);
    TemporaryFolder folder_;
    net::Runtime runtime_{1};
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(SystemClock().now());
    CompanyAuthority company_{SystemClock().now()};
    std::unique_ptr<Server> server_;
    int systems_ = 0;
};

TEST_F(OwnCertificateTest, the_answer_to_its_request_is_served_at_once_and_after_a_restart) {
    auto const request = get(own().make_request({.subject = {.organization = "Company"}, .more_names = {"alias.example.test"}}, "admin"));
    EXPECT_TRUE(request.request.subject().contains(k_host)) << request.request.subject();
    EXPECT_EQ(error_of(own().make_request({}, "admin")), ErrorId(errors::crt::request_pending));
    start();
    auto const leaf = company_.sign(get(own().show()).request->request);
    EXPECT_EQ(error_of(own().install({.certificate = company_.bundle(leaf), .key = {}, .passphrase = {}}, false, "admin")),
              ErrorId(errors::mgr::root_not_trusted));
    auto const state = get(own().install({.certificate = company_.bundle(leaf), .key = {}, .passphrase = {}}, true, "admin"));
    EXPECT_FALSE(state.internal);
    EXPECT_FALSE(state.request);
    EXPECT_EQ(served(), leaf.fingerprint());
    start();
    EXPECT_EQ(served(), leaf.fingerprint());
}

TEST_F(OwnCertificateTest, a_refused_upload_changes_nothing) {
    auto const before = served();
    EXPECT_EQ(error_of(own().install(pair_of(company_.issue("other.example.test", pki::Profile::server)), true, "admin")),
              ErrorId(errors::gen::several_problems));
    EXPECT_EQ(served(), before);
    EXPECT_THAT(get(server_->manager().roots().list(1)), SizeIs(1)) << "its root is not trusted either";
}

TEST_F(OwnCertificateTest, open_connections_go_on) {
    net::http::Client::Settings settings;
    settings.origin = {.scheme = net::Scheme::https, .host = k_host, .port = server_->https().port};
    settings.address = server_->https().address;
    settings.policy = net::tls::Pinned{{served()}};
    net::http::Client client(std::move(settings));
    ASSERT_EQ(get(client.get("/ca.pem")).status, 200);
    get(own().install(pair_of(company_.issue(k_host)), true, "admin"));
    auto const after = get(client.get("/ca.pem"));
    EXPECT_EQ(after.status, 200) << "over the connection of before: a new one would not show the pinned certificate";
    EXPECT_TRUE(after.body.contains(company_.root().to_pem()));
}

TEST_F(OwnCertificateTest, waits_until_every_system_that_checks_it_has_the_root) {
    auto const one = verifying_system("one", {internal_root()});
    auto const two = verifying_system("two", {internal_root()});
    auto const before = served();
    auto const pair = company_.issue(k_host);
    auto const state = get(own().install(pair_of(pair), true, "admin"));
    ASSERT_TRUE(state.staged);
    EXPECT_EQ(state.staged->waiting_for.in_all, 2U);
    EXPECT_EQ(served(), before);
    EXPECT_EQ(error_of(own().activate(false, "admin")), ErrorId(errors::mgr::would_lock_out));
    see(one, {internal_root(), company_.root().fingerprint()});
    EXPECT_FALSE(get(own().advance()));
    start();
    EXPECT_THAT(get(own().show()).staged->waiting_for.first, SizeIs(1)) << "kept over a restart";
    see(two, {company_.root().fingerprint()});
    get(own().advance());
    EXPECT_EQ(served(), pair.certificate.fingerprint());
}

TEST_F(OwnCertificateTest, does_not_wait_when_a_person_accepts_who_is_left_out) {
    verifying_system("away", {internal_root()});
    auto const pair = company_.issue(k_host);
    get(own().install(pair_of(pair), true, "admin"));
    auto const state = get(own().activate(true, "admin"));
    EXPECT_FALSE(state.staged);
    EXPECT_EQ(served(), pair.certificate.fingerprint());
    auto const trail = get(store().list_audit(20, 0));
    EXPECT_TRUE(std::ranges::any_of(trail, [](auto const& one) { return one.action == "own_certificate.activate_accepted"; }));
}

TEST_F(OwnCertificateTest, a_system_that_does_not_check_is_not_waited_for) {
    auto const id = verifying_system("careless", {});
    get(store().certificates().note_trust({.system = id, .served_root = {}, .trusted = {}, .verifies = false}));
    EXPECT_FALSE(get(own().install(pair_of(company_.issue(k_host)), true, "admin")).staged);
}

TEST_F(OwnCertificateTest, a_system_that_could_not_call_before_is_not_waited_for) {
    verifying_system("stranger", {});
    EXPECT_FALSE(get(own().install(pair_of(company_.issue(k_host)), true, "admin")).staged);
}

TEST_F(OwnCertificateTest, what_a_system_says_while_it_is_on_trial_is_not_relied_on) {
    auto const company = company_.root().fingerprint();
    auto const try_out = [this](manager::SystemId id, std::vector<std::string> trusted, bool verifies) {
        get(store().certificates().note_trust(
            {.system = id, .served_root = {}, .trusted = std::move(trusted), .verifies = verifies, .on_trial = true}));
    };
    auto const adds = verifying_system("adds", {internal_root()});
    try_out(adds, {internal_root(), company}, true);
    auto const stops = verifying_system("stops", {internal_root()});
    try_out(stops, {internal_root()}, false);
    auto const begins = verifying_system("begins", {internal_root()});
    get(store().certificates().note_trust({.system = begins, .served_root = {}, .trusted = {{internal_root()}}, .verifies = false}));
    try_out(begins, {internal_root()}, true);
    auto const state = get(own().install(pair_of(company_.issue(k_host)), true, "admin"));
    ASSERT_TRUE(state.staged);
    EXPECT_EQ(state.staged->waiting_for.in_all, 3U);
    see(adds, {internal_root(), company});
    get(store().certificates().note_trust({.system = stops, .served_root = {}, .trusted = {}, .verifies = false}));
    EXPECT_EQ(get(own().show()).staged->waiting_for.in_all, 1U) << "what is confirmed counts";
}

TEST_F(OwnCertificateTest, a_system_that_trusts_the_certificate_itself_is_waited_for) {
    verifying_system("leafy", {served()});
    EXPECT_TRUE(get(own().install(pair_of(company_.issue(k_host)), true, "admin")).staged);
}

TEST_F(OwnCertificateTest, goes_one_step_back_and_back_to_the_internal_one) {
    auto const internal = served();
    EXPECT_EQ(error_of(own().roll_back("admin")), ErrorId(errors::mgr::no_previous_certificate));
    EXPECT_EQ(error_of(own().use_internal("admin")), ErrorId(errors::mgr::internal_in_use));
    auto const first = company_.issue(k_host);
    auto const second = company_.issue(k_host);
    get(own().install(pair_of(first), true, "admin"));
    get(own().install(pair_of(second), false, "admin"));
    get(own().roll_back("admin"));
    EXPECT_EQ(served(), first.certificate.fingerprint());
    get(own().roll_back("admin"));
    EXPECT_EQ(served(), second.certificate.fingerprint());
    get(own().use_internal("admin"));
    EXPECT_EQ(served(), internal);
    get(own().roll_back("admin"));
    EXPECT_EQ(served(), second.certificate.fingerprint());
}

TEST_F(OwnCertificateTest, a_root_in_use_is_not_removed) {
    auto& roots = server_->manager().roots();
    auto const fingerprint = company_.root().fingerprint();
    EXPECT_EQ(error_of(roots.remove(internal_root(), true, "admin")), ErrorId(errors::mgr::internal_root));
    EXPECT_EQ(error_of(roots.remove(fingerprint, true, "admin")), ErrorId(errors::gen::not_found));
    get(own().install(pair_of(company_.issue(k_host)), true, "admin"));
    EXPECT_EQ(error_of(roots.remove(fingerprint, true, "admin")), ErrorId(errors::mgr::root_in_use));
    get(own().use_internal("admin"));
    EXPECT_EQ(error_of(roots.remove(fingerprint, false, "admin")), ErrorId(errors::mgr::root_in_use)) << "the one before needs it";
    get(roots.remove(fingerprint, true, "admin"));
    EXPECT_FALSE(get(own().show()).previous);
    EXPECT_THAT(server_->manager().authority().roots(), SizeIs(1));
    EXPECT_THAT(server_->manager().authority().withdrawn(), ElementsAre(fingerprint));
    EXPECT_EQ(error_of(roots.add(company_.intermediate().to_pem(), "admin")), ErrorId(errors::mgr::not_a_root));
    EXPECT_THAT(get(roots.add(company_.root().to_pem(), "admin")), SizeIs(1));
    EXPECT_EQ(error_of(roots.add(company_.root().to_pem(), "admin")), ErrorId(errors::mgr::root_known));
    EXPECT_THAT(server_->manager().authority().withdrawn(), SizeIs(0));
}

TEST_F(OwnCertificateTest, systems_below_a_root_are_named_before_it_is_removed) {
    auto& roots = server_->manager().roots();
    get(roots.add(company_.root().to_pem(), "admin"));
    auto const id = verifying_system("signed", {internal_root()});
    get(store().certificates().note_trust({.system = id, .served_root = company_.root().fingerprint(), .trusted = {}, .verifies = {}}));
    auto const refused = net::run(runtime_, roots.remove(company_.root().fingerprint(), false, "admin"));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message().contains("signed")) << refused.error().message();
    get(roots.remove(company_.root().fingerprint(), true, "admin"));
}

TEST_F(OwnCertificateTest, nobody_is_refused_for_the_certificate_that_he_shows) {
    auto const company = company_.issue("room.example.test");
    auto const stranger = CompanyAuthority(SystemClock().now(), "Stranger").issue("room.example.test");
    get(server_->manager().roots().add(company_.root().to_pem(), "admin"));
    for (auto const& pair : {company, stranger}) {
        net::http::Client::Settings settings;
        settings.origin = {.scheme = net::Scheme::https, .host = k_host, .port = server_->https().port};
        settings.address = server_->https().address;
        settings.policy = net::tls::Pinned{{served()}};
        settings.identity = net::tls::ClientIdentity{{pair.certificate, company_.intermediate()}, pair.key};
        net::http::Client client(std::move(settings));
        EXPECT_EQ(get(client.get("/ca.pem")).status, 200);
    }
}

TEST_F(OwnCertificateTest, readiness_says_who_signed_it_what_is_staged_and_that_it_ends) {
    auto const item = [&](std::string const& id) {
        manager::Policy policy;
        policy.manager_host_name = k_host;
        for (auto const& one : get(server_->manager().network().readiness(policy)))
            if (one.id == id) return one;
        return manager::OwnReadiness{};
    };
    using State = manager::OwnReadiness::State;
    EXPECT_EQ(item("certificate_staged").id, "");
    verifying_system("away", {internal_root()});
    get(own().install(pair_of(company_.issue(k_host, pki::Profile::device, std::chrono::days(90))), true, "admin"));
    EXPECT_EQ(item("certificate_staged").state, State::no);
    EXPECT_TRUE(item("certificate_staged").evidence.contains("away"));
    get(own().activate(true, "admin"));
    EXPECT_EQ(item("certificate").state, State::yes) << item("certificate").evidence;
    EXPECT_TRUE(item("certificate").evidence.contains("Company Root")) << item("certificate").evidence;
    EXPECT_EQ(item("certificate_expiry").state, State::yes);
    clock_->advance(std::chrono::days(70));
    EXPECT_EQ(item("certificate_expiry").state, State::no);
    EXPECT_FALSE(item("certificate_expiry").remedy.empty());
}

TEST_F(OwnCertificateTest, tickets_tell_that_it_ends_and_close_when_it_was_replaced) {
    get(own().install(pair_of(company_.issue(k_host, pki::Profile::device, std::chrono::days(90))), true, "admin"));
    manager::CertificateWatch watch({.runtime = runtime_,
                                     .store = store(),
                                     .own = own(),
                                     .authority = server_->manager().authority(),
                                     .clock = clock_,
                                     .announce = [](std::string const&, std::int64_t) {}});
    auto const open = [&] {
        get(watch.judge());
        return get(store().tickets().list({.show = manager::TicketFilter::Show::open, .system = manager::SystemId{0}}));
    };
    EXPECT_THAT(open(), SizeIs(0));
    clock_->advance(std::chrono::days(70));
    auto const tickets = open();
    ASSERT_THAT(tickets, SizeIs(1));
    EXPECT_EQ(tickets.front().ticket.subject, "own certificate");
    EXPECT_TRUE(tickets.front().ticket.remedy.contains("own-certificate request"));
    get(own().use_internal("admin"));
    EXPECT_THAT(open(), SizeIs(0));
}

TEST_F(OwnCertificateTest, tickets_tell_that_the_list_of_a_root_elsewhere_is_nearly_over) {
    auto& authority = server_->manager().authority();
    auto& offline = server_->manager().certification().offline_root();
    auto const root = *manager::signing_side(authority).hierarchies()->root().signer;
    auto const file = get(offline.export_root(SecretText("correct horse battery"), "admin"));
    get(offline.take_offline(file, SecretText("correct horse battery"), "admin"));
    auto const bring = [&](std::uint64_t number) {
        auto const list = root.sign_crl({}, number, clock_->now(), clock_->now() + std::chrono::days(30));
        ASSERT_TRUE(list) << list.error().explanation();
        get(offline.bring_list(*list, "admin"));
    };
    manager::CertificateWatch watch({.runtime = runtime_,
                                     .store = store(),
                                     .own = own(),
                                     .authority = authority,
                                     .clock = clock_,
                                     .announce = [](std::string const&, std::int64_t) {}});
    auto const open = [&] {
        get(watch.judge());
        return get(store().tickets().list({.show = manager::TicketFilter::Show::open, .system = manager::SystemId{0}}));
    };
    bring(1);
    EXPECT_THAT(open(), SizeIs(0));
    clock_->advance(std::chrono::days(22));
    auto const tickets = open();
    ASSERT_THAT(tickets, SizeIs(1));
    EXPECT_TRUE(tickets.front().ticket.subject.starts_with("list ")) << tickets.front().ticket.subject;
    EXPECT_TRUE(tickets.front().ticket.remedy.contains("upload-crl"));
    bring(2);
    EXPECT_THAT(open(), SizeIs(0));
}

}  // namespace
}  // namespace countersign::testing
