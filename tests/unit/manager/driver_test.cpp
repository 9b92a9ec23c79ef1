#include "manager/drivers/driver.hpp"

#include "dialect/web_form.hpp"
#include "dialect/xml_rpc.hpp"
#include "manager/certificates/system_request.hpp"
#include "manager/drivers/facts.hpp"
#include "manager_fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::ChannelTrust;
namespace http = net::http;
namespace xml_rpc = dialect::xml_rpc;

/// A driver on a plain channel whose trust is what the test says: the drivers decide by it, whatever the wire is.
class Drivers : public ManagerTest {
protected:
    std::unique_ptr<manager::Driver> driver(std::string const& family, std::string const& address, bool secure, ChannelTrust trust) {
        http::Client::Settings settings;
        settings.origin = {.scheme = net::Scheme::http, .host = address, .port = 80 + k_offset};
        manager::Channel channel{
            .client = http::Client(std::move(settings)), .secure = secure, .trust = trust, .peer = address, .clock = clock_};
        auto made = manager::make_driver(*families_.get(family), std::move(channel));
        if (!made) throw std::runtime_error(made.error().message());
        (*made)->use_credentials({"admin", SecretText((*families_.get(family))->login.factory_password)});
        return std::move(*made);
    }
};

TEST_F(Drivers, of_xapi_systems_write_all_settings_in_one_request) {
    auto system = make_system("127.44.0.1", "SN1");
    system->boot();
    auto talk = driver("c-series", "127.44.0.1", false, ChannelTrust::none);
    get(talk->apply({{"service.https.mode", "on", "off"}, {"system.name", "A <b> & \"c\"", ""}}));
    EXPECT_EQ(system->setting("service.https.mode"), "on");
    EXPECT_EQ(system->setting("system.name"), "A <b> & \"c\"");
    EXPECT_EQ(system->recorder().count("<Configuration>"), 2U);  // the first was answered with a challenge
}

TEST_F(Drivers, name_the_setting_that_the_family_does_not_have_and_send_nothing) {
    auto system = make_system("127.44.0.2", "SN1");
    system->boot();
    auto talk = driver("c-series", "127.44.0.2", false, ChannelTrust::none);
    EXPECT_TRUE(error_of(talk->apply({{"no.such.setting", "on", ""}, {"service.https.mode", "on", "off"}})));
    EXPECT_TRUE(system->recorder().empty());
}

TEST_F(Drivers, refuse_to_send_a_password_or_key_below_a_pinned_channel) {
    auto system = make_system("127.44.0.3", "SN1");
    system->boot();
    auto identity = authority_.authority.issue("c1.example.test");
    for (auto const* family : {"c-series", "mcu"}) {
        auto plain = driver(family, "127.44.0.3", false, ChannelTrust::none);
        EXPECT_EQ(error_of(plain->set_password(SecretText(std::string("secret")))), errors::mgr::no_secure_channel);
        EXPECT_EQ(error_of(plain->install_certificate(identity.chain, identity.key)), errors::mgr::no_secure_channel);
        auto unchecked = driver(family, "127.44.0.3", true, ChannelTrust::none);
        EXPECT_EQ(error_of(unchecked->set_password(SecretText(std::string("secret")))), errors::mgr::no_secure_channel);
    }
    EXPECT_TRUE(system->recorder().empty());
}

TEST_F(Drivers, say_that_the_password_is_wrong) {
    auto system = make_system("127.44.0.4", "SN1");
    system->set_password("another");
    system->boot();
    auto talk = driver("c-series", "127.44.0.4", false, ChannelTrust::none);
    EXPECT_EQ(error_of(talk->read_account()), errors::net::login_refused);
}

TEST_F(Drivers, upload_with_the_hidden_fields_of_the_systems_own_page) {
    auto system = make_system("127.44.0.5", "SN1");
    system->boot();
    auto identity = authority_.authority.issue("c1.example.test");
    auto talk = driver("c-series", "127.44.0.5", true, ChannelTrust::pinned);
    get(talk->install_certificate(identity.chain, identity.key));
    EXPECT_EQ(system->installed(), 1);
    auto account = get(talk->read_account());
    EXPECT_EQ(account.certificate_fingerprint, identity.chain.front().fingerprint());
    EXPECT_TRUE(account.restart_pending);
    EXPECT_FALSE(account.factory_certificate);
}

TEST_F(Drivers, repeat_the_systems_words_when_it_refuses_an_upload) {
    auto system = make_system("127.44.0.6", "SN1");
    system->refuse_uploads = "Not a certificate";
    system->boot();
    auto talk = driver("c-series", "127.44.0.6", true, ChannelTrust::pinned);
    auto done = wait(talk->install_trust(authority_.roots()));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().id(), errors::mgr::refused_by_system);
    EXPECT_EQ(done.error().parameter("detail"), "Not a certificate");
}

/// A system that takes certificate commands and writes down what it was sent, in order.
http::Handler command_system(std::shared_ptr<std::vector<std::string>> bodies) {
    return [bodies](http::Request request) -> net::Task<http::Response> {
        bodies->push_back(request.body);
        co_return http::Response::xml(200, "<Command><ServicesResult status=\"OK\"/></Command>");
    };
}

TEST_F(Drivers, give_a_system_its_certificate_for_calls_by_the_products_own_commands) {
    auto bodies = std::make_shared<std::vector<std::string>>();
    auto const server = open_port(runtime_, {"127.44.0.7", 80 + k_offset}, nullptr, std::make_shared<Recorder>(), command_system(bodies));
    auto const identity = authority_.authority.issue("c1.example.test");
    auto const& leaf = identity.chain.front();
    auto talk = driver("roomos", "127.44.0.7", true, ChannelTrust::pinned);
    get(talk->install_client_certificate(identity.chain, identity.key));
    get(talk->remove_client_certificate(leaf.fingerprint()));
    get(talk->forget_client_certificate(leaf.fingerprint()));
    ASSERT_THAT(*bodies, ::testing::SizeIs(4));
    EXPECT_THAT((*bodies)[0],
                ::testing::AllOf(::testing::HasSubstr("<Add"), ::testing::HasSubstr("PRIVATE KEY"), ::testing::HasSubstr("<body>")));
    EXPECT_THAT((*bodies)[1], ::testing::AllOf(::testing::HasSubstr("<Activate"), ::testing::HasSubstr("<Purpose>HttpClient<"),
                                               ::testing::HasSubstr(leaf.fingerprint_sha1())));
    EXPECT_THAT((*bodies)[2], ::testing::AllOf(::testing::HasSubstr("<Deactivate"), ::testing::HasSubstr("<Purpose>HttpClient<"),
                                               ::testing::HasSubstr(leaf.fingerprint())));
    EXPECT_THAT((*bodies)[3], ::testing::AllOf(::testing::HasSubstr("<Delete"), ::testing::Not(::testing::HasSubstr("Purpose"))));
}

TEST_F(Drivers, send_no_key_for_calls_below_a_pinned_channel_and_to_no_family_without_that_identity) {
    auto bodies = std::make_shared<std::vector<std::string>>();
    auto const server = open_port(runtime_, {"127.44.0.8", 80 + k_offset}, nullptr, std::make_shared<Recorder>(), command_system(bodies));
    auto const identity = authority_.authority.issue("c1.example.test");
    auto unchecked = driver("roomos", "127.44.0.8", true, ChannelTrust::none);
    EXPECT_EQ(error_of(unchecked->install_client_certificate(identity.chain, identity.key)), errors::mgr::no_secure_channel);
    for (auto const* family : {"c-series", "mcu", "rmx"}) {
        auto talk = driver(family, "127.44.0.8", true, ChannelTrust::pinned);
        EXPECT_EQ(error_of(talk->install_client_certificate(identity.chain, identity.key)), errors::dev::unknown_command);
    }
    EXPECT_THAT(*bodies, ::testing::IsEmpty());
}

/// A system with commands for keys of its own: each is answered with `result`, and written down.
http::Handler key_system(std::shared_ptr<std::vector<std::string>> bodies, std::map<std::string, std::string> results) {
    return [bodies, results](http::Request request) -> net::Task<http::Response> {
        bodies->push_back(request.body);
        for (auto const& [word, result] : results)
            if (request.body.contains(word)) co_return http::Response::xml(200, "<Command>" + result + "</Command>");
        co_return http::Response::xml(200, "<Command><ServicesResult status=\"OK\"/></Command>");
    };
}

manager::RequestWish wish_for(std::string const& host) { return {.names = {{pki::AlternativeName::Kind::dns, host}}}; }

TEST_F(Drivers, ask_a_system_for_a_request_and_give_it_the_answer_without_a_key) {
    auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
    auto const request = *pki::CertificateRequest::create(key, {.common_name = "c1.example.test"}, {});
    auto bodies = std::make_shared<std::vector<std::string>>();
    auto const server = open_port(
        runtime_, {"127.44.0.30", 80 + k_offset}, nullptr, std::make_shared<Recorder>(),
        key_system(bodies, {{"<Create", "<CSRCreateResult status=\"OK\"><CSR>" + request.to_pem() + "</CSR></CSRCreateResult>"}}));
    auto talk = driver("roomos", "127.44.0.30", true, ChannelTrust::pinned);
    ASSERT_TRUE(talk->makes_keys());
    auto const made = wait(talk->make_request(wish_for("c1.example.test")));
    ASSERT_TRUE(made) << made.error().explanation();
    EXPECT_EQ(made->public_key_sha256(), key.public_key_sha256());
    auto const chain = authority_.authority.issue("c1.example.test").chain;
    get(talk->install_answer(chain));
    get(talk->forget_certificate(chain.front()));
    ASSERT_THAT(*bodies, ::testing::SizeIs(5));
    EXPECT_THAT((*bodies)[1], ::testing::HasSubstr("<Show"));
    bodies->erase(bodies->begin() + 1);
    EXPECT_THAT((*bodies)[0],
                ::testing::AllOf(::testing::HasSubstr("<CommonName>c1.example.test<"), ::testing::HasSubstr("<SanDns>c1.example.test<"),
                                 ::testing::Not(::testing::HasSubstr("KeyType"))));
    EXPECT_THAT((*bodies)[1], ::testing::AllOf(::testing::HasSubstr("<Link"), ::testing::HasSubstr("BEGIN CERTIFICATE"),
                                               ::testing::Not(::testing::HasSubstr("PRIVATE KEY"))));
    EXPECT_THAT((*bodies)[2], ::testing::AllOf(::testing::HasSubstr("<Activate"), ::testing::HasSubstr("<Purpose>HTTPS<"),
                                               ::testing::HasSubstr(chain.front().fingerprint_sha1())));
    EXPECT_THAT((*bodies)[3], ::testing::AllOf(::testing::HasSubstr("<Delete"), ::testing::HasSubstr(chain.front().fingerprint_sha1())));
}

TEST_F(Drivers, put_an_answer_to_use_that_an_earlier_life_had_linked_already) {
    auto bodies = std::make_shared<std::vector<std::string>>();
    auto const chain = authority_.authority.issue("c1.example.test").chain;
    auto const shown = R"(<ServicesShowResult status="OK"><Details item="1"><Fingerprint>)" + chain.front().fingerprint_sha1() +
                       "</Fingerprint></Details></ServicesShowResult>";
    auto const server =
        open_port(runtime_, {"127.44.0.31", 80 + k_offset}, nullptr, std::make_shared<Recorder>(), key_system(bodies, {{"<Show", shown}}));
    auto talk = driver("roomos", "127.44.0.31", true, ChannelTrust::pinned);
    EXPECT_TRUE(get(talk->holds_answer(chain.front())));
    EXPECT_FALSE(get(talk->holds_answer(authority_.roots().front())));
    bodies->clear();
    get(talk->install_answer(chain));
    ASSERT_THAT(*bodies, ::testing::SizeIs(2)) << "shown and activated; linked it was";
    EXPECT_THAT(bodies->back(), ::testing::HasSubstr("<Activate"));
}

TEST_F(Drivers, take_no_request_from_nobody_and_none_without_a_signature_of_its_key) {
    auto bodies = std::make_shared<std::vector<std::string>>();
    auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
    auto der = pki::CertificateRequest::create(key, {.common_name = "c1"}, {})->to_der();
    der.back() ^= 1;
    std::string broken = "-----BEGIN CERTIFICATE REQUEST-----\n";
    auto const text = to_base64(der);
    for (std::size_t at = 0; at < text.size(); at += 64) broken += text.substr(at, 64) + "\n";
    broken += "-----END CERTIFICATE REQUEST-----\n";
    auto const server =
        open_port(runtime_, {"127.44.0.33", 80 + k_offset}, nullptr, std::make_shared<Recorder>(),
                  key_system(bodies, {{"<Create", "<CSRCreateResult status=\"OK\"><CSR>" + broken + "</CSR></CSRCreateResult>"}}));
    auto const chain = authority_.authority.issue("c1.example.test").chain;
    for (auto const* family : {"roomos", "rmx"}) {
        auto unchecked = driver(family, "127.44.0.33", true, ChannelTrust::none);
        EXPECT_EQ(error_of(unchecked->make_request(wish_for("c1.example.test"))), errors::mgr::no_secure_channel);
        EXPECT_EQ(error_of(unchecked->install_answer(chain)), errors::mgr::no_secure_channel);
    }
    for (auto const* family : {"c-series", "mcu"}) {
        auto talk = driver(family, "127.44.0.33", true, ChannelTrust::pinned);
        EXPECT_FALSE(talk->makes_keys());
        EXPECT_EQ(error_of(talk->make_request(wish_for("c1.example.test"))), errors::dev::unknown_command);
        EXPECT_EQ(error_of(talk->install_answer(chain)), errors::dev::unknown_command);
    }
    EXPECT_THAT(*bodies, ::testing::IsEmpty());
    auto talk = driver("roomos", "127.44.0.33", true, ChannelTrust::pinned);
    EXPECT_EQ(error_of(talk->make_request(wish_for("c1.example.test"))), errors::crt::broken_request);
    auto const long_name = wait(talk->make_request(wish_for(std::string(60, 'a') + ".example.test")));
    ASSERT_FALSE(long_name);
    EXPECT_TRUE(manager::says_it_cannot(long_name.error())) << "it takes 64 characters";
}

/// A page system: answers XML-RPC and draws its pages from values.
http::Handler page_system(family::FamilyPtr family, std::map<std::string, std::string> settings, std::shared_ptr<std::string> submitted) {
    return [family, settings, submitted](http::Request request) -> net::Task<http::Response> {
        if (request.path == "/RPC2") {
            auto call = xml_rpc::parse_call(request.body);
            if (!call) co_return http::Response::text(400, "");
            xml_rpc::Struct answer{{"softwareVersion", "4.5(1.45)"},
                                   {"serial", "SM1"},
                                   {"macAddress", "000D7C000C66"},
                                   {"restartPending", true},
                                   {"currentTime", xml_rpc::DateTime{"20261121T12:00:00"}},
                                   {"activatedFeatures", xml_rpc::Array{xml_rpc::Struct{{"feature", "Encryption"}}}}};
            co_return http::Response::xml(200, xml_rpc::write_response(xml_rpc::Value(std::move(answer))));
        }
        auto const* page = family->find_page(request.path);
        if (!page) co_return http::Response::text(404, "");
        if (request.method == "POST") *submitted = request.body;
        dialect::web::PageValues values{.settings = settings, .feature_keys = {"Encryption"}};
        co_return http::Response::html(200, dialect::web::render_page(*family, *page, values));
    };
}

class PageDrivers : public Drivers {
protected:
    std::unique_ptr<manager::Driver> open(std::string const& address, std::map<std::string, std::string> settings) {
        server_ = open_port(runtime_, {address, 80 + k_offset}, nullptr, recorder_,
                            page_system(*families_.get("mcu"), std::move(settings), submitted_));
        return driver("mcu", address, false, ChannelTrust::none);
    }
    std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
    std::shared_ptr<std::string> submitted_ = std::make_shared<std::string>();
    std::unique_ptr<http::Server> server_;
};

TEST_F(PageDrivers, read_facts_by_xml_rpc_and_settings_from_the_pages) {
    auto talk = open("127.44.1.1", {{"service.http.mode", "On"},
                                    {"service.https.mode", "Off"},
                                    {"client.verify", "Outgoing connections only"},
                                    {"time.ntp.address", "ntp.example.test"}});
    auto account = get(talk->read_account());
    EXPECT_EQ(account.software, "4.5(1.45)");
    EXPECT_EQ(account.serial_number, "SM1");
    EXPECT_THAT(account.feature_keys, ::testing::ElementsAre("Encryption"));
    EXPECT_TRUE(account.restart_pending);
    EXPECT_TRUE(account.clock_offset_seconds);
    EXPECT_EQ(account.settings["service.http.mode"], "on");
    EXPECT_EQ(account.settings["service.https.mode"], "off");
    EXPECT_EQ(account.settings["client.verify"], "on");
    EXPECT_EQ(account.settings["time.ntp.address"], "ntp.example.test");
    EXPECT_EQ(account.settings["client.feedback.url"], "");
}

TEST_F(PageDrivers, change_one_field_of_a_form_and_leave_the_others_as_they_are) {
    auto talk =
        open("127.44.1.2",
             {{"service.http.mode", "On"}, {"service.https.mode", "Off"}, {"service.http.port", "80"}, {"service.ftp.mode", "Off"}});
    get(talk->apply({{"service.https.mode", "on", "off"}}));
    auto fields = http::parse_form(*submitted_);
    ASSERT_TRUE(fields);
    EXPECT_EQ((*fields)["https_a"], "on");
    EXPECT_EQ((*fields)["http_a"], "on");
    EXPECT_EQ((*fields)["http_a_port"], "80");
    EXPECT_FALSE(fields->contains("ftp_a"));
}

TEST_F(PageDrivers, never_put_a_secret_password_into_xml_rpc_over_http) {
    auto talk = open("127.44.1.3", {{"service.http.mode", "On"}});
    talk->use_credentials({"admin", SecretText(std::string("a secret"))});
    auto account = get(talk->read_account());
    EXPECT_EQ(account.settings["service.http.mode"], "on");
    EXPECT_TRUE(account.software.empty());
    EXPECT_EQ(error_of(talk->restart()), errors::net::insecure_authentication_refused);
    EXPECT_FALSE(recorder_->contains("a secret"));
    EXPECT_FALSE(recorder_->contains("/RPC2"));
}

TEST(Facts, tell_the_certificates_of_each_purpose_or_of_none) {
    manager::Facts facts{
        {"identity.id", {"https", "http_client"}}, {"identity.fingerprint", {"AB:CD", "ef01"}}, {"identity.factory", {"False", "True"}}};
    manager::Account account;
    fill_account(facts, UtcTime(), account);
    EXPECT_THAT(account.identities, ::testing::ElementsAre(manager::InstalledIdentity{"https", "abcd", false},
                                                           manager::InstalledIdentity{"http_client", "ef01", true}));
    facts["identity.factory"].pop_back();
    manager::Account partly;
    fill_account(facts, UtcTime(), partly);
    EXPECT_THAT(partly.identities, ::testing::IsEmpty());
}

TEST(Facts, read_system_times_of_both_protocols) {
    auto const noon = parse_utc_time("2026-11-21T12:00:00Z");
    EXPECT_EQ(manager::parse_system_time("2026-11-21T12:00:00Z"), noon);
    EXPECT_EQ(manager::parse_system_time("20261121T12:00:00"), noon);
    EXPECT_EQ(manager::parse_system_time("2026-11-21T12:00:00"), noon);
    EXPECT_EQ(manager::parse_system_time("yesterday"), std::nullopt);
    EXPECT_EQ(manager::parse_system_time("20261321T12:00:00"), std::nullopt);
}

TEST(Facts, compare_fingerprints_without_colons_and_case) {
    manager::Account account;
    manager::fill_account({{"certificate.fingerprint", {"AB:CD"}}, {"trust.fingerprint", {"12:EF", "34"}}}, {}, account);
    EXPECT_EQ(account.certificate_fingerprint, "abcd");
    EXPECT_THAT(account.trust_fingerprints, ::testing::ElementsAre("12ef", "34"));
}

}  // namespace
}  // namespace countersign::testing
