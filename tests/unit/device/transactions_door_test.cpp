#include "device/services/transaction_sessions.hpp"
#include "dialect/transactions.hpp"
#include "unit/device/unit_fixture.hpp"

namespace countersign::device::testing {
namespace {

namespace tx = dialect::transactions;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr std::string_view k_path = "/Receiver.asp";

class TransactionsDoor : public UnitTest {
protected:
    /// A client without credentials of its own: they stand in the document.
    net::http::Client plain(Unit const& unit, net::Scheme scheme = net::Scheme::http) {
        net::http::Client::Settings settings;
        settings.origin = {scheme, unit.address(), static_cast<std::uint16_t>((scheme == net::Scheme::https ? 443 : 80) + 21000), "/"};
        if (scheme == net::Scheme::https) settings.policy = net::tls::AcceptAny{};
        return net::http::Client(std::move(settings));
    }
    tx::Response ask(net::http::Client& web, tx::Request const& request, std::string_view path = k_path) {
        auto response = post(web, std::string(path), "application/x-www-form-urlencoded", tx::write_request(request));
        EXPECT_EQ(response.status, 200) << response.body;
        auto answer = tx::parse_response(response.body);
        if (!answer) throw std::runtime_error(answer.error().message() + response.body);
        return *answer;
    }
    static tx::Request login(std::string_view user = "POLYCOM", std::string_view password = "POLYCOM") {
        tx::Request request;
        request.transaction = "TRANS_MCU";
        request.echo = {.your_token1 = 4, .your_token2 = 5, .message_id = 6};
        request.action = tx::Item::group("LOGIN", {tx::Item::leaf("USER_NAME", user), tx::Item::leaf("PASSWORD", password)});
        return request;
    }
    static tx::Request action(tx::Response const& session, std::string_view name, std::vector<tx::Item> parameters = {},
                              std::string_view transaction = "TRANS_MCU") {
        auto token = std::stoll(std::string(session.action.find("MCU_TOKEN")));
        tx::Request request;
        request.transaction = transaction;
        request.token = request.user_token = token;
        request.action = tx::Item::group(name, std::move(parameters));
        return request;
    }
};

TEST_F(TransactionsDoor, logs_in_and_says_who_it_is) {
    auto unit = boot("rmx");
    auto web = plain(*unit);
    auto session = ask(web, login());
    EXPECT_EQ(session.status, tx::Status::ok);
    EXPECT_EQ(session.description, "Status OK");
    EXPECT_EQ(session.echo, (tx::Echo{.your_token1 = 4, .your_token2 = 5, .message_id = 6}));
    EXPECT_GT(std::stoll(std::string(session.action.find("MCU_TOKEN"))), 0);
    EXPECT_EQ(session.action.find("MCU_USER_TOKEN"), session.action.find("MCU_TOKEN"));
    EXPECT_EQ(session.action.find("MAIN"), "8");
    EXPECT_EQ(session.action.find("MAJOR"), "5");
    EXPECT_EQ(session.action.find("PRODUCT_TYPE"), "Rmx_2000");
    auto state = ask(web, action(session, "GET_STATE"), "/");
    EXPECT_EQ(state.status, tx::Status::ok);
    EXPECT_EQ(state.action.find("MPL_SERIAL_NUMBER"), "T1");
    EXPECT_EQ(ask(web, action(session, "GET_TIME")).action.find("MCU_BASE_TIME").size(), std::string_view("2026-01-01T00:00:00").size());
}

TEST_F(TransactionsDoor, gives_no_token_for_a_wrong_password_and_locks_out_who_guesses) {
    auto unit = boot("rmx");
    auto web = plain(*unit);
    for (int i = 0; i < 5; ++i) {
        auto refused = ask(web, login("POLYCOM", "guess"));
        EXPECT_EQ(refused.status, tx::Status::login_wrong);
        EXPECT_EQ(refused.action.find("MCU_TOKEN"), "0");
        EXPECT_THAT(refused.detail, HasSubstr("DEV-010"));
    }
    EXPECT_THAT(ask(web, login()).detail, HasSubstr("ACC-003"));
    clock_->advance(std::chrono::seconds(31));
    EXPECT_EQ(ask(web, login()).status, tx::Status::ok);
}

TEST_F(TransactionsDoor, does_nothing_without_a_session_and_counts_guessed_tokens) {
    auto unit = boot("rmx");
    auto web = plain(*unit);
    auto session = ask(web, login());
    tx::Request without;
    without.transaction = "TRANS_MCU";
    without.action.name = "RESET";
    for (int i = 0; i < 10; ++i) {
        auto refused = ask(web, without);
        EXPECT_EQ(refused.status, tx::Status::no_session);
        EXPECT_EQ(refused.description, "User not found");
    }
    EXPECT_EQ(ask(web, action(session, "GET_STATE")).status, tx::Status::ok) << "who has no token has not guessed";
    without.token = without.user_token = 12345;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(web, without).status, tx::Status::no_session);
    EXPECT_EQ(ask(web, action(session, "GET_STATE")).status, tx::Status::login_wrong) << "locked out";
    EXPECT_THAT(journal(*unit), Not(HasSubstr("restart.requested")));
}

TEST_F(TransactionsDoor, ends_a_session_at_log_out_and_with_a_new_password) {
    auto unit = boot("rmx");
    auto web = plain(*unit);
    auto first = ask(web, login());
    EXPECT_EQ(ask(web, action(first, "LOGOUT")).status, tx::Status::ok);
    EXPECT_EQ(ask(web, action(first, "GET_STATE")).status, tx::Status::no_session);
    auto second = ask(web, login());
    auto changed = ask(web, action(second, "CHANGE_PASSWORD", {tx::Item::leaf("PASSWORD", "n3w one")}, "TRANS_OPERATOR"));
    EXPECT_EQ(changed.status, tx::Status::ok) << changed.detail;
    EXPECT_EQ(ask(web, action(second, "GET_STATE")).status, tx::Status::no_session);
    EXPECT_EQ(ask(web, login("POLYCOM", "n3w one")).status, tx::Status::ok);
}

TEST_F(TransactionsDoor, refuses_what_it_does_not_know_by_name) {
    auto unit = boot("rmx");
    auto web = plain(*unit);
    auto session = ask(web, login());
    EXPECT_EQ(ask(web, action(session, "DANCE")).status, tx::Status::unknown_action);
    EXPECT_EQ(ask(web, action(session, "GET_STATE", {tx::Item::leaf("COLOUR", "red")})).status, tx::Status::wrong_parameter);
    EXPECT_EQ(ask(web, action(session, "CHANGE_PASSWORD", {}, "TRANS_OPERATOR")).status, tx::Status::wrong_parameter);
    auto broken = post(web, std::string(k_path), "text/xml", "<TRANS_MCU><ACTION>");
    auto answer = tx::parse_response(broken.body);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, tx::Status::malformed);
    EXPECT_THAT(answer->detail, HasSubstr("DEV-008"));
}

TEST_F(TransactionsDoor, is_no_door_for_another_site_s_page) {
    auto unit = boot("rmx");
    auto web = plain(*unit);
    net::http::Request forged{.method = "POST",
                              .target = std::string(k_path),
                              .fields = {{"Content-Type", "text/plain"}, {"Origin", "http://evil.test"}},
                              .body = tx::write_request(login())};
    EXPECT_EQ(send(web, forged).status, 403);
}

/// REQ RMX-7: one switch closes 80 and opens 443; a session of the one is none of the other.
TEST_F(TransactionsDoor, moves_from_http_to_https_with_one_switch) {
    auto unit = boot("rmx");
    EXPECT_THAT(call(unit, [](Unit& u) { return u.open_services(); }), UnorderedElementsAre(Key("http")));
    auto web = plain(*unit);
    auto session = ask(web, login());
    auto pages = client(*unit, net::Scheme::http, "POLYCOM", "POLYCOM");
    auto answer = post(pages, "/setup/management_network/security", "application/x-www-form-urlencoded", "secured_communication=on");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(call(unit, [](Unit& u) { return u.open_services(); }), UnorderedElementsAre(Key("https")));
    auto secure = plain(*unit, net::Scheme::https);
    EXPECT_EQ(ask(secure, action(session, "GET_STATE")).status, tx::Status::no_session);
    EXPECT_EQ(ask(secure, login()).status, tx::Status::ok);
    auto refused = net::run(runtime_, web.send({.method = "GET", .target = "/", .fields = {}, .body = {}}));
    EXPECT_FALSE(refused) << "port 80 rejects";
}

// --- sessions, without a socket ---

using Sessions = TransactionSessions;
constexpr Sessions::Time k_start{std::chrono::hours(1000)};

TEST(TransactionSessions, belong_to_the_address_that_logged_in) {
    Sessions sessions;
    auto token = sessions.open("u", "192.0.2.1", SecretText("p"), k_start);
    EXPECT_GT(token, 0);
    EXPECT_LT(token, std::int64_t{1} << 31U);
    EXPECT_NE(sessions.find(token, "192.0.2.1", k_start), nullptr);
    EXPECT_EQ(sessions.find(token, "192.0.2.2", k_start), nullptr);
    EXPECT_NE(sessions.find(token, "192.0.2.1", k_start), nullptr) << "a stranger does not end it";
}

TEST(TransactionSessions, end_when_they_are_idle_for_too_long) {
    Sessions sessions;
    auto token = sessions.open("u", "a", SecretText("p"), k_start);
    EXPECT_NE(sessions.find(token, "a", k_start + Sessions::k_idle), nullptr) << "in use, it lives on";
    EXPECT_NE(sessions.find(token, "a", k_start + 2 * Sessions::k_idle), nullptr);
    EXPECT_EQ(sessions.find(token, "a", k_start + 3 * Sessions::k_idle + std::chrono::seconds(1)), nullptr);
    EXPECT_EQ(sessions.size(), 0U);
}

TEST(TransactionSessions, are_limited_and_the_longest_idle_makes_room) {
    Sessions sessions;
    std::vector<std::int64_t> tokens;
    for (std::size_t i = 0; i < Sessions::k_most; ++i)
        tokens.push_back(sessions.open("u", "a", SecretText("p"), k_start + std::chrono::seconds(i)));
    ASSERT_NE(sessions.find(tokens[0], "a", k_start + std::chrono::seconds(100)), nullptr);
    sessions.open("u", "a", SecretText("p"), k_start + std::chrono::seconds(101));
    EXPECT_EQ(sessions.size(), Sessions::k_most);
    EXPECT_NE(sessions.find(tokens[0], "a", k_start + std::chrono::seconds(102)), nullptr);
    EXPECT_EQ(sessions.find(tokens[1], "a", k_start + std::chrono::seconds(102)), nullptr);
}

}  // namespace
}  // namespace countersign::device::testing
