#include "device/virtual/estate.hpp"
#include "net/stream.hpp"
#include "unit/device/certificates_fixture.hpp"
#include "unit/device/unit_fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/fam.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

Actor const k_tester{"test", "tester", "127.0.0.1"};

class RunningUnit : public UnitTest {
protected:
    Result<Outcome> apply(std::shared_ptr<Unit> const& unit, std::vector<Change> changes) {
        return call(unit, [changes](Unit& held) { return held.apply(changes, k_tester); });
    }
    Result<Outcome> install(std::shared_ptr<Unit> const& unit, CertificatePair const& pair, std::string const& trust = {}) {
        return call(unit, [&pair, &trust](Unit& held) {
            Upload upload{.certificate = pki::to_pem(pair.chain), .private_key = pair.key.to_pem(), .passphrase = {}, .trust_store = {}};
            if (!trust.empty()) upload.trust_store = trust;
            return held.install(std::move(upload), k_tester);
        });
    }
    std::string fact(std::shared_ptr<Unit> const& unit, std::string const& name) {
        return call(unit, [&name](Unit& held) { return held.fact(name).value_or("(none)"); });
    }
    void restart(std::shared_ptr<Unit> const& unit) {
        auto booted = await_event(unit, "boot.done");
        call(unit, [](Unit& held) {
            held.request_restart(k_tester);
            return 0;
        });
        ASSERT_TRUE(booted.happened());
    }
    std::string served(Unit const& unit) {
        auto web = client(unit, net::Scheme::https, "admin", unit.family().login.factory_password);
        get(web, "/");
        return web.handshake() && web.handshake()->leaf() ? web.handshake()->leaf()->fingerprint() : "";
    }
};

TEST_F(RunningUnit, has_a_factory_certificate_of_its_own_signed_by_the_vendors_authority) {
    auto one = make("c-series");
    auto two = make("c-series");
    auto certificate = [this](auto const& unit) { return call(unit, [](Unit& held) { return held.certificate(); }); };
    EXPECT_TRUE(certificate(one).factory);
    EXPECT_NE(certificate(one).leaf().public_key_sha256(), certificate(two).leaf().public_key_sha256());
    EXPECT_EQ(certificate(one).leaf().subject_serial_number(), "T1");
    auto root = pki::Certificate::parse_pem(host::read_file(environment_->factory->certificate_file(one->family())).value()).value();
    auto chain = certificate(one).chain;
    auto verdict = pki::verify_chain({.presented = chain, .anchors = pki::Anchors({root}), .host_name = {}, .at = clock_->now()});
    EXPECT_TRUE(verdict.verified()) << verdict.summary();
}

TEST_F(RunningUnit, finds_everything_again_when_it_is_made_anew) {
    TestAuthority authority;
    auto pair = authority.issue();
    {
        auto unit = boot("c-series");
        ASSERT_TRUE(apply(unit, {{"system.name", "Room 1"}, {"snmp.community.read", "hidden"}}));
        ASSERT_TRUE(install(unit, pair, authority.pem()));
        call(unit, [](Unit& held) { return held.set_password(SecretText("new"), k_tester).has_value(); });
        EXPECT_THAT(host::read_file(folder_.path() / "T1" / "state.toml").value(), Not(HasSubstr("hidden")));
        on_unit(*unit, [](auto held) { return held->power_off(); });
        units_.clear();
    }
    auto again = boot("c-series", {.serial = "T1"});
    EXPECT_EQ(fact(again, "system.name"), "Room 1");
    EXPECT_EQ(call(again, [](Unit& held) { return held.stored_canonical("snmp.community.read"); }), "hidden");
    EXPECT_EQ(fact(again, "certificate.fingerprint"), pair.chain.front().fingerprint());
    EXPECT_EQ(call(again, [](Unit& held) { return held.trust().size(); }), 1U);
    EXPECT_FALSE(call(again, [](Unit& held) { return held.has_factory_password(); }));
    EXPECT_EQ(again->boots(), 2U);
}

TEST_F(RunningUnit, falls_back_to_the_factory_certificate_when_the_custom_one_is_damaged) {
    auto unit = boot("c-series");
    ASSERT_TRUE(install(unit, TestAuthority().issue()));
    on_unit(*unit, [](auto held) { return held->power_off(); });
    units_.clear();
    ASSERT_TRUE(host::write_file(folder_.path() / "T1" / "certificate.pem", "scribble", host::Privacy::owner_only));
    auto again = boot("c-series", {.serial = "T1"});
    EXPECT_EQ(fact(again, "certificate.factory"), "True");
    EXPECT_THAT(journal(*again), HasSubstr("certificate.damaged"));
}

TEST_F(RunningUnit, takes_a_change_whole_or_not_at_all_and_names_every_problem) {
    auto unit = boot("c-series");
    auto outcome = apply(unit, {{"system.name", "x"}, {"No Such Setting", "1"}, {"Audio Volume", "900"}});
    ASSERT_FALSE(outcome);
    ASSERT_EQ(outcome.error().causes().size(), 2U);
    EXPECT_EQ(outcome.error().causes()[0].id(), errors::dev::unknown_setting);
    EXPECT_EQ(outcome.error().causes()[1].id(), errors::dev::illegal_value);
    EXPECT_EQ(call(unit, [](Unit& held) { return held.stored_canonical("system.name"); }), "");
}

TEST_F(RunningUnit, refuses_to_lock_everybody_out) {
    auto unit = boot("mcu");
    auto outcome = apply(unit, {{"service.http.mode", "off"}});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().id(), errors::dev::would_lock_out);
    EXPECT_THAT(call(unit, [](Unit& held) { return held.open_services(); }), ::testing::Contains(Key("http")));
}

TEST_F(RunningUnit, does_not_offer_what_needs_a_missing_feature_key) {
    auto unit = boot("mcu", {.feature_keys = std::vector<std::string>{}});
    auto outcome = apply(unit, {{"service.https.mode", "on"}});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().id(), errors::dev::feature_key_needed);
    auto web = client(*unit, net::Scheme::http, "admin", "");
    EXPECT_EQ(get(web, "/network/ssl_certificates").status, 404);
}

TEST_F(RunningUnit, refuses_a_change_whose_port_is_taken_and_keeps_the_old_one_open) {
    auto unit = boot("mcu");
    auto blocker = call(unit, [](Unit& held) {
        return net::listen_tcp(held.executor(), {held.address(), 21443}, [](std::shared_ptr<net::Stream>) -> net::Task<> { co_return; });
    });
    ASSERT_TRUE(blocker);
    auto outcome = apply(unit, {{"service.https.mode", "on"}, {"service.http.mode", "off"}});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().id(), errors::net::cannot_listen);
    EXPECT_EQ(call(unit, [](Unit& held) { return held.stored_canonical("service.https.mode"); }), "off");
    EXPECT_THAT(call(unit, [](Unit& held) { return held.open_services(); }), ::testing::Contains(Key("http")));
    call(unit, [&blocker](Unit&) {
        (*blocker)->close();
        return 0;
    });
}

TEST_F(RunningUnit, asks_for_a_restart_with_a_banner_and_serves_the_new_certificate_after_it) {
    auto unit = boot("mcu");
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    auto factory = fact(unit, "certificate.fingerprint");
    auto pair = TestAuthority().issue();
    auto outcome = install(unit, pair);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->restart_needed);
    EXPECT_EQ(fact(unit, "system.restart_pending"), "True");
    auto web = client(*unit, net::Scheme::http, "admin", "");
    EXPECT_THAT(get(web, "/network/services").body, HasSubstr(unit->family().certificate.banner.substr(0, 40)));
    EXPECT_EQ(served(*unit), factory);
    restart(unit);
    EXPECT_EQ(served(*unit), pair.chain.front().fingerprint());
    EXPECT_EQ(call(unit, [](Unit& held) { return held.banner(); }), "");
}

TEST_F(RunningUnit, changes_nothing_when_an_upload_is_refused) {
    auto unit = boot("c-series");
    auto before = fact(unit, "certificate.fingerprint");
    TestAuthority authority;
    auto pair = authority.issue();
    pair.key = authority.issue().key;
    auto outcome = install(unit, pair, authority.pem());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().id(), errors::crt::key_does_not_match_certificate);
    EXPECT_EQ(fact(unit, "certificate.fingerprint"), before);
    EXPECT_TRUE(call(unit, [](Unit& held) { return held.trust().empty(); }));
}

TEST_F(RunningUnit, deletes_the_custom_certificate_but_not_while_a_service_needs_it) {
    auto unit = boot("mcu");
    EXPECT_EQ(apply(unit, {{"service.sips.mode", "on"}}).error().id(), errors::dev::certificate_needed);
    ASSERT_TRUE(install(unit, TestAuthority().issue()));
    ASSERT_TRUE(apply(unit, {{"service.sips.mode", "on"}}));
    auto remove = [](Unit& held) { return held.delete_certificate(k_tester); };
    EXPECT_EQ(call(unit, remove).error().id(), errors::dev::certificate_needed);
    ASSERT_TRUE(apply(unit, {{"service.sips.mode", "off"}}));
    EXPECT_TRUE(call(unit, remove));
    EXPECT_EQ(fact(unit, "certificate.factory"), "True");
    EXPECT_EQ(call(unit, remove).error().id(), errors::gen::not_found);
}

// --- verify mode (docs/decisions/0005) ---

TEST_F(RunningUnit, takes_verification_says_what_is_missing_and_fails_closed) {
    auto unit = boot("c-series");
    auto outcome = apply(unit, {{"client.verify", "on"}});
    ASSERT_TRUE(outcome);
    ASSERT_EQ(outcome->warnings.size(), 1U);
    EXPECT_EQ(outcome->warnings.front().id(), errors::dev::verification_preconditions_missing);
    EXPECT_THAT(call(unit, [](Unit& held) { return held.verify_state().missing; }),
                ElementsAre("an NTP server", "a DNS server", "trusted roots"));
    auto url = net::Url::parse("https://manager.test/x").value();
    auto settings = call(unit, [&url](Unit& held) { return held.client_settings(url).map([](auto const&) { return 0; }); });
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().id(), errors::dev::verification_preconditions_missing);
}

/// Answers every SNTP question with the machine's time (RFC 4330 section 4).
std::string ntp_answer(std::string_view question) {
    if (question.size() < 48) return {};
    std::string answer(48, '\0');
    answer[0] = 0x24;  // no warning, version 4, server
    answer[1] = 2;     // stratum
    answer.replace(24, 8, question.substr(40, 8));
    auto now = std::chrono::system_clock::now().time_since_epoch();
    auto seconds = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count()) + 2208988800ULL;
    for (int at : {16, 32, 40})
        for (int i = 0; i < 4; ++i) answer[static_cast<std::size_t>(at + i)] = static_cast<char>(seconds >> (24 - 8 * i));
    return answer;
}

TEST_F(RunningUnit, verifies_once_time_names_and_roots_are_there) {
    auto unit = boot("c-series");
    auto server = fresh_address();
    auto ntp = call(unit, [&server](Unit& held) {
        return net::listen_udp(held.executor(), {server, 21123},
                               [](std::string_view question, net::Endpoint) { return ntp_answer(question); });
    });
    ASSERT_TRUE(ntp);
    TestAuthority authority;
    ASSERT_TRUE(install(unit, authority.issue(), authority.pem()));
    auto changed = await_event(unit, "time.changed");
    ASSERT_TRUE(
        apply(unit, {{"client.verify", "on"}, {"time.ntp.mode", "on"}, {"time.ntp.address", server}, {"name.dns.server.1", "127.0.0.1"}}));
    ASSERT_TRUE(changed.happened());
    EXPECT_EQ(fact(unit, "time.ntp.status"), "Synced");
    EXPECT_TRUE(call(unit, [](Unit& held) { return held.verify_state().effective(); }));
    auto url = net::Url::parse("https://manager.test/x").value();
    EXPECT_TRUE(call(unit, [&url](Unit& held) {
        auto settings = held.client_settings(url);
        return settings && settings->policy && std::holds_alternative<net::tls::VerifyChain>(*settings->policy);
    }));
    auto by_address = net::Url::parse("https://10.1.1.1/x").value();
    auto refused = call(unit, [&by_address](Unit& held) { return held.client_settings(by_address).map([](auto const&) { return 0; }); });
    EXPECT_EQ(refused.error().id(), errors::dev::host_name_needed);
    call(unit, [&ntp](Unit&) {
        (*ntp)->close();
        return 0;
    });
}

TEST_F(RunningUnit, refuses_an_address_that_can_never_be_verified) {
    auto unit = boot("c-series");
    ASSERT_TRUE(apply(unit, {{"client.external_manager.address", "10.1.1.1"}}));
    EXPECT_EQ(apply(unit, {{"client.verify", "on"}}).error().id(), errors::dev::host_name_needed);
    ASSERT_TRUE(apply(unit, {{"client.verify", "on"}, {"client.external_manager.address", "manager.test"}}));
    EXPECT_EQ(apply(unit, {{"client.phonebook.url", "http://10.1.1.1/x"}}).error().id(), errors::dev::host_name_needed);
    EXPECT_TRUE(apply(unit, {{"client.phonebook.url", "127.0.0.1"}}));
}

// --- XML-RPC ---

std::string call_xml(std::string const& method, std::string const& user, std::string const& members = {}) {
    return "<methodCall><methodName>" + method +
           "</methodName><params><param><value><struct><member><name>authenticationUser</name><value><string>" + user +
           "</string></value></member><member><name>authenticationPassword</name><value><string></string></value></member>" + members +
           "</struct></value></param></params></methodCall>";
}

TEST_F(RunningUnit, answers_xml_rpc_and_its_faults) {
    auto unit = boot("mcu");
    auto web = client(*unit, net::Scheme::http, "nobody", "");
    auto ask = [this, &web](std::string const& body) { return post(web, "/RPC2", "text/xml", body).body; };
    EXPECT_THAT(ask(call_xml("device.query", "admin")), HasSubstr("<name>serial</name><value><string>T1</string>"));
    EXPECT_THAT(ask(call_xml("device.query", "guest")), HasSubstr("<int>15</int>"));
    EXPECT_THAT(ask(call_xml("no.such.method", "admin")), HasSubstr("<int>1</int>"));
    EXPECT_THAT(ask("<methodCall>"), HasSubstr("<int>103</int>"));
    EXPECT_THAT(ask(call_xml("feedbackReceiver.configure", "admin")), HasSubstr("<int>101</int>"));
    auto url = std::string("<member><name>receiverURI</name><value><string>http://manager.test/RPC2</string></value></member>");
    EXPECT_THAT(ask(call_xml("feedbackReceiver.configure", "admin", url)), HasSubstr("operation successful"));
    EXPECT_THAT(ask(call_xml("feedbackReceiver.query", "admin")), HasSubstr("http://manager.test/RPC2"));
    EXPECT_THAT(ask(call_xml("services.query", "admin")), HasSubstr("<name>enabled</name>"));
    EXPECT_THAT(ask(call_xml("device.network.query", "admin")), HasSubstr(unit->address()));
    EXPECT_THAT(ask(call_xml("device.health.query", "admin")), HasSubstr("<string>active</string>"));
}

TEST_F(RunningUnit, shuts_down_after_it_was_asked_twice_and_can_then_be_restarted) {
    auto unit = boot("mcu");
    auto web = client(*unit, net::Scheme::http, "admin", "");
    auto press = [this, &web](std::string const& target) {
        return post(web, target, "application/x-www-form-urlencoded", "submit=1").status;
    };
    auto page = [this, &web] { return get(web, "/settings/shutdown").body; };
    auto const* shutdown = unit->family().find_form("shutdown").form;
    auto const* again = unit->family().find_form("restart").form;
    EXPECT_EQ(press(again->target), 422);
    EXPECT_EQ(press(shutdown->target), 200);
    EXPECT_EQ(call(unit, [](Unit& held) { return held.running(); }), Running::shutdown_asked);
    EXPECT_THAT(page(), HasSubstr("Shutdown"));
    EXPECT_EQ(press(shutdown->target), 200);
    EXPECT_EQ(call(unit, [](Unit& held) { return held.running(); }), Running::shut_down);
    auto booted = await_event(unit, "boot.done");
    EXPECT_EQ(press(again->target), 200);
    EXPECT_TRUE(booted.happened());
}

// --- estates ---

TEST(Estate, is_the_same_at_every_start_and_has_the_mix_that_was_asked_for) {
    auto mix = parse_mix("c-series=60,mcu=40", families()).value();
    auto estate = generate_estate({.count = 300, .mix = mix}).value();
    EXPECT_EQ(std::ranges::count(estate.systems, "mcu", &UnitSpec::family), 120);
    EXPECT_EQ(estate.systems[254].address, "127.20.2.1");
    EXPECT_EQ(to_toml(estate), to_toml(generate_estate({.count = 300, .mix = mix}).value()));
}

TEST(Estate, reads_back_what_it_prints) {
    auto estate = generate_estate({.count = 3, .mix = parse_mix("mcu", families()).value()}).value();
    preset_network(estate, families(), "127.0.0.53", "127.0.0.123");
    auto read = parse_estate(to_toml(estate), "estate.toml", families());
    ASSERT_TRUE(read) << read.error().explanation();
    EXPECT_EQ(to_toml(*read), to_toml(estate));
    EXPECT_EQ(read->systems.front().settings.at("time.ntp.address"), "127.0.0.123");
}

TEST(Estate, names_every_problem_of_a_list) {
    auto read = parse_estate(
        "[[system]]\nfamily = 'none'\nserial = 'A'\naddress = 'x'\n[[system]]\nfamily = 'mcu'\nserial = 'a'\naddress = '127.1.1.1'\ncolour "
        "= 'red'\n",
        "estate.toml", families());
    ASSERT_FALSE(read);
    std::vector<ErrorId> ids;
    for (auto const& cause : read.error().causes()) ids.push_back(cause.id());
    EXPECT_THAT(
        ids, ElementsAre(errors::gen::invalid_input, errors::fam::unknown_family, errors::gen::invalid_input, errors::gen::invalid_input));
}

TEST(Estate, names_the_line_of_a_list_that_would_end_the_reader) {
    auto read = parse_estate("[[system]]\nserial = 'A'\n[[{system]]\n", "estate.toml", families());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().id(), errors::gen::invalid_input);
    EXPECT_EQ(read.error().parameter("field"), "estate.toml line 3");
}

}  // namespace
}  // namespace countersign::device::testing
