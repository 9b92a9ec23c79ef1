#include "dialect/transactions.hpp"
#include "dialect/web_form.hpp"
#include "manager/drivers/driver.hpp"
#include "manager_fixture.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::ChannelTrust;
using ::testing::ElementsAre;
namespace http = net::http;
namespace tx = dialect::transactions;
using tx::Item;

/// What the system saw and how it answers.
struct Script {
    std::vector<std::string> actions;  ///< "TRANS_MCU/LOGIN POLYCOM", "TRANS_MCU/GET_STATE 7"
    std::int64_t token = 7;
    bool forget_session = false;  ///< once: the session is unknown
    std::string password = "POLYCOM";
    std::string submitted;
    Item newest{};                                     ///< action
    std::optional<pki::CertificateRequest> request{};  ///< that is pending
};

Item state_of_system() {
    return Item::group("MCU_STATE", {Item::leaf("SOFTWARE_VERSION", "8.5.0.145"), Item::leaf("MPL_SERIAL_NUMBER", "SM1"),
                                     Item::leaf("RESTART_PENDING", "true"), Item::leaf("CERTIFICATE_FINGERPRINT", "AB:CD")});
}

tx::Response answer_to(tx::Request const& request, Script& script) {
    tx::Response response{.transaction = request.transaction, .description = "Status OK", .action = Item::group(request.action.name, {})};
    if (request.action.name == "LOGIN") {
        bool const right = request.action.find("PASSWORD") == script.password;
        response.status = right ? tx::Status::ok : tx::Status::login_wrong;
        auto const token = std::to_string(right ? script.token : tx::k_failed_token);
        response.action.children = {Item::leaf("MCU_TOKEN", token), Item::leaf("MCU_USER_TOKEN", token)};
        return response;
    }
    if (std::exchange(script.forget_session, false) || request.token != script.token) {
        response.status = tx::Status::no_session;
        response.description = "User not found";
        return response;
    }
    script.newest = request.action;
    if (request.action.name == "CREATE_REQUEST") {
        auto const key = *pki::PrivateKey::generate(pki::KeyType::ec_p256);
        script.request = *pki::CertificateRequest::create(key, {.common_name = std::string(request.action.find("COMMON_NAME"))}, {});
        response.action.children = {Item::leaf("CERTIFICATE_REQUEST", script.request->to_pem())};
    }
    if (request.action.name == "GET_REPOSITORY") {
        std::vector<Item> services;
        for (std::string const name : {"IP Network Service", "Management Network"}) {
            std::vector<Item> rows{Item::leaf("SERVICE_NAME", name)};
            if (script.request && name == "Management Network") rows.push_back(Item::leaf("CERTIFICATE_REQUEST", script.request->to_pem()));
            services.push_back(Item::group("PERSONAL_CERTIFICATE", std::move(rows)));
        }
        response.action.children = {Item::group("PERSONAL_CERTIFICATE_LS", std::move(services))};
    }
    if (request.action.name == "GET_STATE") response.action.children = {state_of_system()};
    if (request.action.name == "GET_TRIAL") response.action.children = {Item::group("TRIAL", {Item::leaf("ID", "12345678")})};
    if (request.action.name == "RESET") {
        response.status = tx::Status::refused;
        response.description = "A conference is running";
    }
    return response;
}

http::Handler transaction_system(family::FamilyPtr family, std::shared_ptr<Script> script) {
    return [family, script](http::Request request) -> net::Task<http::Response> {
        // A form is posted to its page's path, a slash and its own id.
        bool const submitted = request.method == "POST" && request.path.starts_with("/setup/");
        if (submitted) script->submitted = request.body;
        if (auto const* page = family->find_page(submitted ? request.path.substr(0, request.path.rfind('/')) : request.path)) {
            dialect::web::PageValues values{.settings = {{"service.https.mode", "On"}, {"name.host", "rmx"}}};
            co_return http::Response::html(200, dialect::web::render_page(*family, *page, values));
        }
        auto parsed = tx::parse_request(request.body);
        if (!parsed) co_return http::Response::text(400, "");
        script->actions.push_back(parsed->transaction + "/" + parsed->action.name + " " + std::to_string(parsed->token));
        co_return http::Response::xml(200, tx::write_response(answer_to(*parsed, *script)));
    };
}

class TransactionsDrivers : public ManagerTest {
protected:
    std::unique_ptr<manager::Driver> open(std::string const& address, bool secure, ChannelTrust trust, std::string password) {
        auto family = *families_.get("rmx");
        server_ = open_port(runtime_, {address, 80 + k_offset}, nullptr, recorder_, transaction_system(family, script_));
        http::Client::Settings settings;
        settings.origin = {.scheme = net::Scheme::http, .host = address, .port = 80 + k_offset};
        manager::Channel channel{
            .client = http::Client(std::move(settings)), .secure = secure, .trust = trust, .peer = address, .clock = clock_};
        auto made = manager::make_driver(family, std::move(channel));
        if (!made) throw std::runtime_error(made.error().message());
        (*made)->use_credentials({"POLYCOM", SecretText(std::move(password))});
        return std::move(*made);
    }
    std::shared_ptr<Script> script_ = std::make_shared<Script>();
    std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
    std::unique_ptr<http::Server> server_;
};

TEST_F(TransactionsDrivers, log_in_once_and_read_facts_and_pages) {
    auto talk = open("127.44.2.1", false, ChannelTrust::none, "POLYCOM");
    auto account = get(talk->read_account());
    EXPECT_EQ(account.software, "8.5.0.145");
    EXPECT_EQ(account.serial_number, "SM1");
    EXPECT_TRUE(account.restart_pending);
    EXPECT_EQ(account.certificate_fingerprint, "abcd");
    EXPECT_EQ(account.trial, "12345678");
    EXPECT_EQ(account.settings["service.https.mode"], "on");
    EXPECT_EQ(account.settings["name.host"], "rmx");
    EXPECT_EQ(std::ranges::count(script_->actions, "TRANS_MCU/LOGIN -1"), 1);
    EXPECT_EQ(std::ranges::count(script_->actions, "TRANS_MCU/GET_STATE 7"), 1);
}

TEST_F(TransactionsDrivers, log_in_again_when_the_session_has_ended) {
    auto talk = open("127.44.2.2", false, ChannelTrust::none, "POLYCOM");
    get(talk->cancel_trial());
    script_->token = 8;
    get(talk->cancel_trial());
    EXPECT_THAT(script_->actions, ElementsAre("TRANS_MCU/LOGIN -1", "TRANS_MCU/CANCEL_TRIAL 7", "TRANS_MCU/CANCEL_TRIAL 7",
                                              "TRANS_MCU/LOGIN -1", "TRANS_MCU/CANCEL_TRIAL 8"));
}

TEST_F(TransactionsDrivers, do_not_log_in_for_ever_when_every_session_is_forgotten) {
    auto talk = open("127.44.2.3", false, ChannelTrust::none, "POLYCOM");
    script_->forget_session = true;
    EXPECT_EQ(error_of(talk->cancel_trial()), errors::mgr::refused_by_system);
    EXPECT_EQ(script_->actions.size(), 2U);
}

TEST_F(TransactionsDrivers, say_that_the_password_is_wrong) {
    script_->password = "another";
    auto talk = open("127.44.2.4", false, ChannelTrust::none, "POLYCOM");
    EXPECT_EQ(error_of(talk->read_account()), errors::net::login_refused);
}

TEST_F(TransactionsDrivers, repeat_the_systems_words) {
    auto talk = open("127.44.2.5", false, ChannelTrust::none, "POLYCOM");
    auto done = wait(talk->restart());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().id(), errors::mgr::refused_by_system);
    EXPECT_EQ(done.error().parameter("detail"), "A conference is running");
}

TEST_F(TransactionsDrivers, write_settings_through_the_forms_of_the_pages) {
    auto talk = open("127.44.2.6", false, ChannelTrust::none, "POLYCOM");
    get(talk->apply({{"name.host", "new-name", "rmx"}}));
    auto fields = http::parse_form(script_->submitted);
    ASSERT_TRUE(fields);
    EXPECT_EQ((*fields)["mcu_host_name"], "new-name");
}

TEST_F(TransactionsDrivers, ask_for_a_request_of_the_service_and_answer_it_without_a_key) {
    auto talk = open("127.44.2.9", true, ChannelTrust::pinned, "POLYCOM");
    ASSERT_TRUE(talk->makes_keys());
    EXPECT_EQ(get(talk->pending_key()), "");
    auto const made = wait(
        talk->make_request({.names = {{pki::AlternativeName::Kind::dns, "rmx.example.test"}, {pki::AlternativeName::Kind::ip, "127.0.0.9"}},
                            .key_type = pki::KeyType::rsa_2048}));
    ASSERT_TRUE(made) << made.error().explanation();
    auto const& request = *made;
    EXPECT_EQ(request.public_key_sha256(), script_->request->public_key_sha256());
    auto const& asked = script_->newest;
    EXPECT_EQ(asked.find("SERVICE_NAME"), "Management Network");
    EXPECT_EQ(asked.find("COMMON_NAME"), "rmx.example.test");
    EXPECT_EQ(asked.find("SUBJECT_ALTERNATIVE_NAME"), "dns:rmx.example.test,ip:127.0.0.9");
    EXPECT_EQ(asked.find("KEY_TYPE"), "rsa:2048");
    EXPECT_EQ(asked.find("HASH_METHOD"), "SHA-256");
    EXPECT_EQ(asked.find("REPLACE"), "true");
    EXPECT_EQ(get(talk->pending_key()), request.public_key_sha256());
    auto const chain = authority_.authority.issue("rmx.example.test").chain;
    get(talk->install_answer(chain));
    EXPECT_EQ(script_->newest.name, "SEND_CERTIFICATE");
    EXPECT_EQ(script_->newest.find("SERVICE_NAME"), "Management Network");
    EXPECT_EQ(pki::parse_bundle(script_->newest.find("DATA")).value(), chain);
    EXPECT_FALSE(recorder_->contains("PRIVATE KEY"));
}

TEST_F(TransactionsDrivers, never_send_a_secret_password_in_clear) {
    auto talk = open("127.44.2.7", false, ChannelTrust::none, "a secret");
    get(talk->read_account());  // what the pages show
    EXPECT_EQ(error_of(talk->cancel_trial()), errors::net::insecure_authentication_refused);
    EXPECT_TRUE(script_->actions.empty());
    EXPECT_FALSE(recorder_->contains("a secret"));
    auto unchecked = open("127.44.2.8", true, ChannelTrust::none, "a secret");
    EXPECT_EQ(error_of(unchecked->cancel_trial()), errors::net::insecure_authentication_refused);
    EXPECT_EQ(error_of(unchecked->set_password(SecretText(std::string("another")))), errors::mgr::no_secure_channel);
    EXPECT_FALSE(recorder_->contains("a secret"));
}

}  // namespace
}  // namespace countersign::testing
