#include "unit/device/unit_fixture.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class WebDoor : public UnitTest {};

constexpr std::string_view k_https_on = "<Configuration><NetworkServices><HTTPS><Mode>On</Mode></HTTPS></NetworkServices></Configuration>";

TEST_F(WebDoor, asks_for_digest_and_lets_any_user_in_with_the_password) {
    auto unit = boot("c-series");
    auto web = client(*unit, net::Scheme::http, "anybody");
    auto response = get(web, "/status.xml");
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, HasSubstr("<SerialNumber>T1</SerialNumber>"));
}

TEST_F(WebDoor, refuses_a_wrong_password_and_locks_the_address_out_after_five) {
    auto unit = boot("c-series");
    auto wrong = client(*unit, net::Scheme::http, "admin", "guess");
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(net::run(runtime_, wrong.get("/status.xml")));
    auto right = client(*unit);
    EXPECT_EQ(get(right, "/status.xml").status, 429);
    clock_->advance(std::chrono::seconds(31));
    EXPECT_EQ(get(right, "/status.xml").status, 200);
}

TEST_F(WebDoor, opens_https_only_after_the_restart_when_the_family_says_so) {
    auto unit = boot("c-series");
    auto web = client(*unit);
    auto answer = post(web, "/putxml", "text/xml", std::string(k_https_on));
    EXPECT_THAT(answer.body, HasSubstr("<Success"));
    EXPECT_EQ(call(unit, [](Unit& u) { return u.open_services().contains("https"); }), false);
    EXPECT_THAT(get(web, "/getxml?location=/Status/SystemUnit/RestartPending").body, HasSubstr("True"));
    auto booted = await_event(unit, "boot.done");
    auto restarted = post(web, "/putxml", "text/xml", "<Command><Boot command=\"True\"/></Command>");
    EXPECT_THAT(restarted.body, HasSubstr("status=\"OK\""));
    ASSERT_TRUE(booted.happened());
    auto secure = client(*unit, net::Scheme::https);
    EXPECT_EQ(get(secure, "/status.xml").status, 200);
    auto const& report = secure.handshake();
    ASSERT_TRUE(report && report->leaf());
    EXPECT_EQ(report->leaf()->subject_serial_number(), "T1");
}

TEST_F(WebDoor, refuses_a_form_that_another_site_sends) {
    auto unit = boot("c-series");
    auto web = client(*unit);
    net::http::Request forged{.method = "POST",
                              .target = "/putxml",
                              .fields = {{"Content-Type", "text/xml"}, {"Origin", "http://evil.test"}},
                              .body = std::string(k_https_on)};
    EXPECT_EQ(send(web, forged).status, 403);
    EXPECT_EQ(call(unit, [](Unit& u) { return u.stored_canonical("service.https.mode"); }), "off");
}

TEST_F(WebDoor, refuses_broken_xml_and_changes_nothing) {
    auto unit = boot("c-series");
    auto web = client(*unit);
    EXPECT_EQ(post(web, "/putxml", "text/xml", "<Configuration><NetworkServices>").status, 400);
    EXPECT_THAT(journal(*unit), Not(HasSubstr("setting.changed")));
}

TEST_F(WebDoor, switches_services_of_a_page_family_at_once) {
    auto unit = boot("mcu");
    auto web = client(*unit, net::Scheme::http, "admin", "");
    auto page = get(web, "/network/services");
    ASSERT_EQ(page.status, 200);
    auto answer = post(web, "/network/services", "application/x-www-form-urlencoded", "https_a=on&https_a_port=443");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(call(unit, [](Unit& u) { return u.open_services(); }), ::testing::UnorderedElementsAre(::testing::Key("https")));
}

TEST_F(WebDoor, sends_on_to_https_without_asking_for_a_log_in) {
    auto unit = boot("vcs");
    auto web = client(*unit);
    auto const sent_to = [&](net::http::Request request) {
        auto response = send(web, std::move(request));
        EXPECT_FALSE(response.fields.has("WWW-Authenticate"));
        return std::to_string(response.status) + " " + std::string(response.fields.get("Location"));
    };
    auto const port = std::to_string(443 + environment_->port_offset);
    auto const own = unit->address() + ":" + port;
    EXPECT_EQ(sent_to({.method = "GET", .target = "/system?a=b"}), "302 https://" + own + "/system?a=b");
    EXPECT_EQ(sent_to({.method = "POST", .target = "/putxml", .body = "<Configuration/>"}), "307 https://" + own + "/putxml");
    EXPECT_EQ(sent_to({.method = "GET", .target = "/", .fields = {{"Host", "vcs.test:8080"}}}), "302 https://vcs.test:" + port + "/");
    EXPECT_EQ(sent_to({.method = "GET", .target = "/", .fields = {{"Host", "a b@evil"}}}), "302 https://" + own + "/");
}

TEST_F(WebDoor, redirects_when_that_is_switched_on_and_not_while_https_is_off) {
    auto unit = boot("mcu");
    auto web = client(*unit, net::Scheme::http, "admin", "");
    EXPECT_THAT(post(web, "/settings/security", "application/x-www-form-urlencoded", "redirect_http=on").body, HasSubstr("DEV-005"));
    EXPECT_EQ(post(web, "/network/services", "application/x-www-form-urlencoded", "http_a=on&https_a=on").status, 200);
    EXPECT_EQ(post(web, "/settings/security", "application/x-www-form-urlencoded", "redirect_http=on").status, 200);
    EXPECT_EQ(get(web, "/settings/sip").status, 302);
    auto secure = client(*unit, net::Scheme::https, "admin", "");
    EXPECT_EQ(get(secure, "/settings/sip").status, 200);
}

TEST_F(WebDoor, answers_a_location_where_nothing_is_as_the_family_does) {
    auto older = boot("mxp");
    auto web = client(*older);
    auto nowhere = get(web, "/getxml?location=/Status/Nowhere");
    EXPECT_EQ(nowhere.status, 400);
    EXPECT_THAT(nowhere.body, HasSubstr("<XPathError>"));
    EXPECT_THAT(get(web, "/history.xml").body, HasSubstr("<History product="));
    EXPECT_EQ(get(web, "/alternatesconfiguration.xml").status, 404);
    auto newer = boot("c-series", {.serial = "T2"});
    auto other = client(*newer);
    EXPECT_EQ(get(other, "/getxml?location=/Status/Nowhere").status, 200);
}

TEST_F(WebDoor, terminals_ask_for_the_user_name_where_the_web_does_not) {
    auto unit = boot("mps");
    auto const logs_in = [&](std::string door, std::string user) {
        return call(unit, [&](Unit& u) { return u.authenticate(user, SecretText("TANDBERG"), {door, user, "192.0.2.1"}).has_value(); });
    };
    EXPECT_TRUE(logs_in("http", "anything"));
    EXPECT_TRUE(logs_in("telnet", "admin"));
    EXPECT_FALSE(logs_in("telnet", "anything"));
    EXPECT_FALSE(logs_in("ssh", "anything"));
}

}  // namespace
}  // namespace countersign::device::testing
