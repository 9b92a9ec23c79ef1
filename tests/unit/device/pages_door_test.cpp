#include "base/text.hpp"
#include "device/safety.hpp"
#include "device/safety/foresight.hpp"
#include "device/services/http_door.hpp"
#include "device/services/log_in_pages.hpp"
#include "device/services/page_files.hpp"
#include "unit/device/certificates_fixture.hpp"
#include "unit/device/unit_fixture.hpp"

#include "countersign/errors/dev.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto* k_form = "application/x-www-form-urlencoded";

/// A browser as its requests look: it says over TLS what they are for, and keeps one cookie.
class PagesDoor : public UnitTest {
protected:
    std::shared_ptr<Unit> with_https(std::string const& family, std::string const& serial = "T1") {
        return boot(family, {.serial = serial, .settings = {{"service.https.mode", "on"}}});
    }
    net::http::Client stranger(Unit const& unit, net::Scheme scheme = net::Scheme::https) {
        net::http::Client::Settings settings;
        settings.origin = {scheme, unit.address(), static_cast<std::uint16_t>((scheme == net::Scheme::https ? 443 : 80) + 21000), "/"};
        if (scheme == net::Scheme::https) settings.policy = net::tls::AcceptAny{};
        return net::http::Client(std::move(settings));
    }
    net::http::Response open(net::http::Client& client, std::string const& target) {
        return send(client, {.method = "GET", .target = target, .fields = navigating(), .body = {}});
    }
    net::http::Response submit(net::http::Client& client, std::string const& target, std::string const& body) {
        auto fields = navigating();
        fields.set("Content-Type", k_form);
        fields.set("Sec-Fetch-Site", "same-origin");
        return send(client, {.method = "POST", .target = target, .fields = fields, .body = body});
    }
    net::http::Response log_in(net::http::Client& client, std::string const& body) {
        auto response = submit(client, "/-/log-in", body);
        auto const set = std::string(response.fields.get("Set-Cookie"));
        if (!set.empty()) cookie_ = set.substr(0, set.find(';'));
        return response;
    }
    /// What the system says about a form before it is sent.
    std::string check(net::http::Client& client, std::string const& form, std::string const& body) {
        auto const response = submit(client, "/-/check?form=" + net::http::url_encode(form), body);
        EXPECT_EQ(response.status, 200) << response.body;
        return response.body;
    }

    std::string cookie_;

private:
    net::http::Fields navigating() const {
        net::http::Fields fields{
            {"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Site", "none"}};
        if (!cookie_.empty()) fields.set("Cookie", cookie_);
        return fields;
    }
};

TEST_F(PagesDoor, serves_the_look_to_everybody_compressed_and_not_again) {
    auto unit = with_https("mcu");
    auto web = stranger(*unit);
    for (std::string const name : {"page.css", "page.js", "icon.svg"}) {
        auto const plain = get(web, "/-/" + name);
        ASSERT_EQ(plain.status, 200) << name;
        EXPECT_THAT(std::string(plain.fields.get("Content-Security-Policy")),
                    AllOf(HasSubstr("script-src 'self'"), Not(HasSubstr("unsafe"))));
        auto const small = send(web, {.method = "GET", .target = "/-/" + name, .fields = {{"Accept-Encoding", "gzip, br"}}, .body = {}});
        EXPECT_EQ(small.fields.get("Content-Encoding"), "br");
        EXPECT_LT(small.body.size(), plain.body.size());
        auto const refused = send(web, {.method = "GET", .target = "/-/" + name, .fields = {{"Accept-Encoding", "br;q=0"}}, .body = {}});
        EXPECT_FALSE(refused.fields.has("Content-Encoding"));
        auto const again =
            send(web, {.method = "GET", .target = "/-/" + name, .fields = {{"If-None-Match", plain.fields.get("ETag")}}, .body = {}});
        EXPECT_EQ(again.status, 304);
        EXPECT_EQ(again.fields.get("Cache-Control"), "no-cache");
        EXPECT_THAT(again.body, IsEmpty());
    }
    // The pages name the content, and a browser keeps it: its next page may be one whose connection is closed already.
    auto const kept = get(web, page_file_addresses().style);
    EXPECT_EQ(kept.status, 200);
    EXPECT_THAT(std::string(kept.fields.get("Cache-Control")), HasSubstr("immutable"));
    EXPECT_THAT(open(web, "/-/log-in").body, HasSubstr("href=\"" + page_file_addresses().style + "\""));
    EXPECT_EQ(get(web, "/-/page.map").status, 401);
    EXPECT_EQ(page_files().size(), 3U);
}

TEST_F(PagesDoor, no_family_has_pages_below_the_agents_own_places) {
    for (auto const& family : families().all())
        for (auto const& page : family->pages) EXPECT_FALSE(page.path.starts_with(k_own_places)) << page.path;
}

TEST_F(PagesDoor, programs_get_the_challenge_as_ever_and_browsers_a_form) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    for (auto const& fields : {net::http::Fields{}, net::http::Fields{{"Accept", "text/html"}}}) {
        auto const program = send(web, {.method = "GET", .target = "/web/misc", .fields = fields, .body = {}});
        EXPECT_EQ(program.status, 401);
        EXPECT_THAT(std::string(program.fields.get("WWW-Authenticate")), StartsWith("Digest"));
    }
    auto const browser = open(web, "/web/misc");
    EXPECT_EQ(browser.status, 303);
    EXPECT_EQ(browser.fields.get("Location"), "/-/log-in?to=%2Fweb%2Fmisc");
    auto const page = open(web, "/-/log-in?to=/web/misc");
    EXPECT_THAT(page.body, AllOf(HasSubstr("name=\"password\""), HasSubstr("value=\"/web/misc\""), Not(HasSubstr(unit->name()))));
    // Over HTTP a form would send the password in clear; digest does not.
    auto plain = stranger(*unit, net::Scheme::http);
    EXPECT_THAT(std::string(open(plain, "/web/misc").fields.get("WWW-Authenticate")), StartsWith("Digest"));
    EXPECT_EQ(submit(plain, "/-/log-in", "user=x&password=TANDBERG").status, 401);
    EXPECT_FALSE(submit(plain, "/-/log-in", "user=x&password=TANDBERG").fields.has("Set-Cookie"));
    EXPECT_THAT(get(web, "/status.xml").fields.get("WWW-Authenticate"), StartsWith("Digest"));
}

TEST_F(PagesDoor, a_log_in_opens_the_pages_until_the_log_out) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    auto const refused = log_in(web, "user=anybody&password=guess&to=/web/misc");
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(refused.body, AllOf(HasSubstr("DEV-010"), HasSubstr("value=\"anybody\""), Not(HasSubstr("guess"))));
    EXPECT_THAT(std::string(refused.fields.get("WWW-Authenticate")), StartsWith("Form "));
    auto const right = log_in(web, "user=anybody&password=TANDBERG&to=/web/misc");
    EXPECT_EQ(right.status, 303);
    EXPECT_EQ(right.fields.get("Location"), "/-/log-in?to=%2Fweb%2Fmisc&why=in");
    EXPECT_EQ(open(web, "/-/log-in?to=%2Fweb%2Fmisc&why=in").fields.get("Location"), "/web/misc");
    EXPECT_THAT(open(web, "/web/misc").body, AllOf(HasSubstr("Log out"), HasSubstr("anybody")));
    EXPECT_EQ(get(web, "/status.xml").status, 401) << "without the cookie";
    EXPECT_EQ(submit(web, "/-/log-out", "").status, 303);
    EXPECT_EQ(open(web, "/web/misc").status, 303);
    EXPECT_THAT(journal(*unit),
                AllOf(HasSubstr(" login.failed door=\"https\" user=\"anybody\""), HasSubstr(" login door=\"https\" user=\"anybody\""),
                      HasSubstr(" logout door=\"https\" user=\"anybody\"")));
}

TEST_F(PagesDoor, leads_back_to_places_of_its_own_only) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    for (std::string const to : {"//evil.test/", "https://evil.test/", "/\\evil.test", "/a%0d%0aSet-Cookie:%20x=y", ""})
        EXPECT_EQ(
            log_in(web, "user=x&password=TANDBERG&to=" + net::http::url_encode(*net::http::url_decode(to, false))).fields.get("Location"),
            "/-/log-in?to=%2F&why=in")
            << to;
}

TEST_F(PagesDoor, a_cookie_changes_nothing_for_a_request_that_is_not_said_to_come_from_a_page_of_ours) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    log_in(web, "user=x&password=TANDBERG");
    net::http::Request request{
        .method = "POST", .target = "/web/misc/time", .fields = {{"Cookie", cookie_}, {"Content-Type", k_form}}, .body = "ntp_mode=Off"};
    EXPECT_EQ(send(web, request).status, 401);
    request.fields.set("Sec-Fetch-Site", "cross-site");
    EXPECT_EQ(send(web, request).status, 403);
    request.fields.set("Sec-Fetch-Site", "same-origin");
    EXPECT_EQ(send(web, request).status, 200);
    // An older browser names its origin alone.
    request.fields.remove("Sec-Fetch-Site");
    auto const here = unit->address() + ":21443";
    for (auto const& other :
         {"http://" + here, std::string("https://evil.test"), "https://" + here + "0", std::string("https://"), std::string("null")}) {
        request.fields.set("Origin", other);
        EXPECT_EQ(send(web, request).status, 403) << other;
    }
    request.fields.set("Origin", "");
    EXPECT_EQ(send(web, request).status, 401) << "it is there and says nothing";
    request.fields.set("Origin", "https://" + here);
    EXPECT_EQ(send(web, request).status, 200);
    auto plain = client(*unit);
    request.fields.remove("Cookie");
    request.fields.set("Origin", "https://" + unit->address() + ":21080");
    EXPECT_EQ(send(plain, request).status, 403);
    request.fields.set("Origin", "http://" + unit->address() + ":21080");
    EXPECT_EQ(send(plain, request).status, 200);
}

TEST_F(PagesDoor, an_origin_leaves_out_the_port_of_its_scheme) {
    net::http::Request request{
        .method = "POST", .target = "/", .fields = {{"Host", "codec.test:443"}, {"Origin", "https://codec.test"}}, .body = {}};
    request.secure = true;
    EXPECT_EQ(forged_from(request), std::nullopt);
    request.fields.set("Host", "codec.test:80");
    EXPECT_TRUE(forged_from(request));
}

TEST_F(PagesDoor, a_browser_that_keeps_no_cookie_is_told_so) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    auto const right = log_in(web, "user=x&password=TANDBERG&to=/web/misc");
    auto const next = std::string(right.fields.get("Location"));
    cookie_.clear();
    auto const told = open(web, next);
    EXPECT_EQ(told.status, 200);
    EXPECT_THAT(told.body, AllOf(HasSubstr("did not keep your log-in"), HasSubstr("cookies"), HasSubstr("value=\"/web/misc\"")));
}

TEST_F(PagesDoor, a_new_log_in_ends_the_one_before_in_the_same_browser) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    log_in(web, "user=x&password=TANDBERG");
    auto const before = cookie_;
    EXPECT_EQ(log_in(web, "user=x&password=guess").status, 401);
    EXPECT_EQ(open(web, "/web/misc").status, 200) << "a wrong password ends nothing";
    log_in(web, "user=y&password=TANDBERG");
    EXPECT_NE(cookie_, before);
    EXPECT_EQ(open(web, "/web/misc").status, 200);
    cookie_ = before;
    EXPECT_EQ(open(web, "/web/misc").status, 303);
}

TEST_F(PagesDoor, systems_that_share_a_host_name_keep_their_cookies_apart) {
    auto const name_of = [this](std::shared_ptr<Unit> const& unit) {
        auto web = stranger(*unit);
        cookie_.clear();
        log_in(web, "user=x&password=TANDBERG");
        return cookie_.substr(0, cookie_.find('='));
    };
    auto const first = name_of(with_https("c-series", "T1"));
    auto const second = name_of(with_https("c-series", "T2"));
    EXPECT_THAT(first, StartsWith("__Host-"));
    EXPECT_NE(first, second);
}

TEST_F(PagesDoor, the_old_password_is_not_guessed_with_a_log_in_that_is_open) {
    auto unit = with_https("rmx");
    auto web = stranger(*unit);
    log_in(web, "user=POLYCOM&password=POLYCOM");
    auto const* form = families().get("rmx").value()->find_form("set_password").form;
    auto const ask = [&](std::string const& old) {
        auto const fresh = std::string("&new_password=superstrongpasswordhere&confirm_password=superstrongpasswordhere");
        return submit(web, form->target, old + fresh);
    };
    EXPECT_EQ(ask("").status, 401) << "not sent: not known";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ask("old_password=guess").status, 401);
    auto const locked = ask("old_password=POLYCOM");
    EXPECT_EQ(locked.status, 429);
    EXPECT_THAT(locked.body, HasSubstr("ACC-003"));
    EXPECT_THAT(journal(*unit), AllOf(HasSubstr(" login.locked door=\"https\""), Not(HasSubstr("password.changed"))));
    clock_->advance(std::chrono::seconds(61));
    EXPECT_EQ(ask("old_password=POLYCOM").status, 200);
}

TEST_F(PagesDoor, guessing_in_the_form_locks_out_and_a_log_in_that_is_there_stays) {
    auto unit = with_https("c-series");
    auto inside = stranger(*unit);
    log_in(inside, "user=x&password=TANDBERG");
    auto guessing = stranger(*unit);
    auto const held = std::exchange(cookie_, "");
    for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in(guessing, "user=x&password=guess").status, 401);
    auto const locked = log_in(guessing, "user=x&password=TANDBERG");
    EXPECT_EQ(locked.status, 429);
    EXPECT_TRUE(locked.fields.has("Retry-After"));
    EXPECT_THAT(locked.body, HasSubstr("ACC-003"));
    cookie_ = held;
    EXPECT_EQ(open(inside, "/web/misc").status, 200);
    clock_->advance(std::chrono::seconds(31));
    cookie_.clear();
    EXPECT_EQ(log_in(guessing, "user=x&password=TANDBERG").status, 303);
}

TEST_F(PagesDoor, a_new_password_ends_every_log_in) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    log_in(web, "user=x&password=TANDBERG");
    EXPECT_EQ(submit(web, "/web/password", "new_password=superstrongpasswordhere&confirm_password=superstrongpasswordhere").status, 200);
    auto const ended = submit(web, "/web/misc/time", "ntp_mode=Off");
    EXPECT_EQ(ended.status, 303);
    EXPECT_EQ(ended.fields.get("Location"), "/-/log-in?to=%2Fweb%2Fmisc&why=ended");
    auto const script =
        send(web, {.method = "GET", .target = "/web/misc", .fields = {{"Cookie", cookie_}, {"Countersign-Page", "live"}}, .body = {}});
    EXPECT_EQ(script.status, 401);
    EXPECT_THAT(std::string(script.fields.get("WWW-Authenticate")), StartsWith("Form ")) << "no browser opens a dialog of its own for it";
}

TEST_F(PagesDoor, a_session_of_the_xml_interface_opens_pages_in_a_browser_too) {
    auto unit = boot("roomos");
    auto program = client(*unit, net::Scheme::https, "admin", "");
    auto const begun = post(program, "/xmlapi/session/begin", "text/xml", "");
    ASSERT_EQ(begun.status, 204);
    auto const set = std::string(begun.fields.get("Set-Cookie"));
    auto web = stranger(*unit);
    EXPECT_EQ(open(web, "/web/misc").status, 303);
    cookie_ = set.substr(0, set.find(';'));
    EXPECT_EQ(open(web, "/web/misc").status, 200);
}

TEST_F(PagesDoor, a_log_in_at_the_pages_is_none_for_the_xml_interface) {
    auto unit = boot("roomos");
    auto web = stranger(*unit);
    log_in(web, "user=admin&password=");
    ASSERT_EQ(open(web, "/web/misc").status, 200);
    for (std::string const place : {"/xmlapi/session/begin", "/xmlapi/session/end", "/putxml", "/formputxml", "/getxml"}) {
        auto const refused = submit(web, place, "xmldoc=<Configuration/>&location=/Status");
        EXPECT_EQ(refused.status, 401) << place;
        EXPECT_FALSE(refused.fields.has("Set-Cookie")) << place;
        EXPECT_THAT(std::string(refused.fields.get("WWW-Authenticate")), StartsWith("Basic")) << "as programs are asked";
    }
    for (std::string const place : {"/status.xml", "/configuration.xml", "/valuespace.xml", "/getxml?location=/Status"})
        EXPECT_EQ(open(web, place).status, 401) << place;
    auto program = client(*unit, net::Scheme::https, "admin", "");
    EXPECT_EQ(get(program, "/status.xml").status, 200);
}

TEST_F(PagesDoor, a_large_log_in_is_not_read) {
    auto unit = with_https("c-series");
    auto web = stranger(*unit);
    EXPECT_EQ(submit(web, "/-/log-in", "password=" + std::string(5000, 'x')).status, 413);
}

TEST_F(PagesDoor, says_what_a_change_does_to_the_connection_and_changes_nothing) {
    auto unit = with_https("mcu");
    auto http = client(*unit, net::Scheme::http, "admin", "");
    auto const ask = [&](std::string const& body) { return check(http, "/network/services", body); };
    EXPECT_THAT(ask("http_a=on&https_a=on"), HasSubstr(R"("effects":[])"));
    auto const closes = ask("https_a=on");
    EXPECT_THAT(closes, AllOf(HasSubstr("HTTP Server, which you are using, closes at once."), HasSubstr(R"("refused":[])"),
                              HasSubstr("https://" + unit->address() + ":21443/")));
    EXPECT_THAT(ask("http_a=on&http_a_port=8080&https_a=on"), HasSubstr("from port 80 to port 8080"));
    EXPECT_THAT(ask(""), HasSubstr(R"("id":"DEV-005")"));
    EXPECT_THAT(check(http, "/settings/security", "redirect_http=on"), HasSubstr("nothing but the way to HTTPS"));
    EXPECT_THAT(ask("https_a=on"),
                HasSubstr(R"("trial":{"target":"/settings/safety/trial_begin","field":"seconds","seconds":300,"needed":false})"));
    EXPECT_THAT(journal(*unit), Not(HasSubstr("setting.changed")));
    EXPECT_THAT(call(unit, [](Unit& u) { return u.open_services(); }), ::testing::Contains(::testing::Key("http")));
    EXPECT_EQ(submit(http, "/-/check?form=/nowhere", "").status, 404);
}

TEST_F(PagesDoor, the_picture_of_a_chain_ends_in_the_root_that_comes_with_it) {
    auto unit = with_https("mxp");
    auto web = stranger(*unit);
    log_in(web, "user=admin&password=TANDBERG");
    TestAuthority const authority;
    auto const pair = authority.issue();
    std::vector<pki::Certificate> const leaf{pair.chain.front()};
    auto const* form = families().get("mxp").value()->find_form("upload_certificate").form;
    auto const ask = [&](std::string const& root) {
        return check(web, form->target,
                     net::http::encode_form({{form->find_role("certificate")->name, pki::to_pem(leaf)},
                                             {form->find_role("private_key")->name, pair.key.to_pem().reveal()},
                                             {form->find_role("trust_store")->name, root}}));
    };
    EXPECT_THAT(ask(""), HasSubstr("CN=Test Root, is not here."));
    EXPECT_THAT(ask(authority.pem()),
                AllOf(HasSubstr(R"("kind":"Root","name":"Test Root")"),
                      HasSubstr("It ends in a certificate that comes with it, to be trusted."), Not(HasSubstr("is not here"))));
    EXPECT_THAT(ask(TestAuthority("Another Root").pem()), HasSubstr("CN=Test Root, is not here."));
}

TEST_F(PagesDoor, a_check_of_files_says_what_the_upload_would_and_keeps_nothing) {
    auto unit = with_https("vcs");
    auto web = stranger(*unit);
    log_in(web, "user=admin&password=TANDBERG");
    TestAuthority const authority;
    auto const pair = authority.issue();
    auto const other = authority.issue();
    auto const* form = families().get("vcs").value()->find_form("upload_certificate").form;
    auto const ask = [&](std::string const& certificate, std::string const& key) {
        return check(
            web, form->target,
            net::http::encode_form({{form->find_role("certificate")->name, certificate}, {form->find_role("private_key")->name, key}}));
    };
    auto const right = ask(pki::to_pem(pair.chain), pair.key.to_pem().reveal());
    EXPECT_THAT(right,
                AllOf(HasSubstr(R"("refused":[])"), HasSubstr(R"("kind":"Certificate for this system","name":"unit.estate.test")"),
                      HasSubstr(R"("kind":"Root","name":"Test Root")"), HasSubstr("shows the certificate of unit.estate.test at once."),
                      HasSubstr("This certificate is not for " + unit->address()), Not(HasSubstr("PRIVATE KEY"))));
    EXPECT_THAT(ask(pki::to_pem(pair.chain), other.key.to_pem().reveal()),
                AllOf(HasSubstr(R"("id":"CRT-014")"), HasSubstr(R"("effects":[])")));
    EXPECT_THAT(ask("", ""), HasSubstr(R"("id":"GEN-002")"));
    EXPECT_TRUE(call(unit, [](Unit& u) { return u.certificate().factory; }));
    EXPECT_THAT(journal(*unit), AllOf(Not(HasSubstr("certificate.installed")), Not(HasSubstr("certificate.refused"))));
}

TEST_F(PagesDoor, shows_the_chain_up_to_the_root_that_the_system_trusts) {
    auto unit = with_https("vcs");
    auto web = stranger(*unit);
    log_in(web, "user=admin&password=TANDBERG");
    EXPECT_THAT(open(web, "/security").body, HasSubstr(", is not here. Who connects must have it."));
    TestAuthority const authority;
    auto const pair = authority.issue();
    auto const taken = call(unit, [&](Unit& u) {
        return u.install({.certificate = pair.chain.front().to_pem(),
                          .private_key = pair.key.to_pem(),
                          .passphrase = {},
                          .trust_store = authority.pem()},
                         {"https", "admin", "127.0.0.1"});
    });
    ASSERT_TRUE(taken);
    EXPECT_THAT(open(web, "/security").body,
                AllOf(HasSubstr("<p class=\"name\">unit.estate.test</p>"), HasSubstr("<p class=\"name\">Test Root</p>"),
                      HasSubstr("It ends in a certificate that this system trusts.")));
}

TEST_F(PagesDoor, every_family_has_a_place_for_its_status_and_one_to_confirm_a_change) {
    for (auto const& family : families().all()) {
        SCOPED_TRACE(family->id);
        EXPECT_TRUE(std::ranges::any_of(family->pages, [](auto const& page) {
            return std::ranges::find(page.tables, "status", &family::PageTable::id) != page.tables.end();
        }));
        for (auto const* action : {"trial_begin", "trial_confirm", "trial_cancel", "restore_factory"})
            EXPECT_TRUE(family->find_form(action)) << action;
    }
    auto unit = boot("mcu");
    auto http = client(*unit, net::Scheme::http, "admin", "");
    EXPECT_THAT(open(http, "/status/general").body, HasSubstr(">T1</td>"));
}

TEST_F(PagesDoor, what_waits_for_the_restart_stands_beside_its_button) {
    auto unit = boot("c-series");
    auto http = client(*unit);
    EXPECT_THAT(open(http, "/web/restart").body, HasSubstr("Nothing waits for a restart."));
    EXPECT_THAT(check(http, "/web/misc/services", "http_mode=Off&https_mode=On"), HasSubstr("closes at the next restart."));
    EXPECT_EQ(submit(http, "/web/misc/services", "http_mode=Off&https_mode=On").status, 200);
    EXPECT_THAT(open(http, "/web/restart").body,
                AllOf(HasSubstr("NetworkServices HTTP Mode: On becomes Off"), HasSubstr("NetworkServices HTTPS Mode: Off becomes On")));
    auto const told = check(http, "/web/restart", "");
    EXPECT_THAT(told,
                AllOf(HasSubstr("comes back by itself"), HasSubstr("closes at the next restart"), HasSubstr("https://" + unit->address())));
}

TEST_F(PagesDoor, asks_over_which_connection_a_trial_is_confirmed) {
    auto unit = with_https("mcu");
    auto http = client(*unit, net::Scheme::http, "admin", "");
    EXPECT_THAT(open(http, "/network/services").body, Not(HasSubstr("Are you still here?")));
    EXPECT_EQ(submit(http, "/settings/safety/trial_begin", "seconds=300").status, 200);
    EXPECT_THAT(open(http, "/network/services").body, AllOf(HasSubstr("Are you still here?"), HasSubstr("Yes, keep the changes")));
    auto const closed = submit(http, "/network/services", "https_a=on").body;
    EXPECT_THAT(closed,
                AllOf(HasSubstr("HTTP Server, which you are using, is not open after the change."), Not(HasSubstr("Yes, keep the changes")),
                      HasSubstr("Confirm it over the new connection: <a href=\"https://" + unit->address() + ":21443/\">")));
    auto secure = stranger(*unit);
    log_in(secure, "user=admin&password=");
    auto const page = open(secure, "/network/services");
    EXPECT_EQ(page.fields.get("Connection"), "close") << "the next request proves the new connection";
    auto const name = call(unit, [](Unit& u) { return u.trial().current()->id; });
    EXPECT_THAT(page.body, AllOf(HasSubstr("Yes, keep the changes"), HasSubstr("name=\"trial\" value=\"" + name + "\"")));
    EXPECT_THAT(submit(secure, "/settings/safety/trial_confirm", "trial=" + name).body, HasSubstr("The change was confirmed."));
    EXPECT_THAT(open(secure, "/network/services").body, Not(HasSubstr("Are you still here?")));
}

TEST_F(PagesDoor, a_service_that_only_sends_on_proves_nothing) {
    auto unit = with_https("mcu");
    auto http = client(*unit, net::Scheme::http, "admin", "");
    EXPECT_EQ(submit(http, "/settings/safety/trial_begin", "seconds=300").status, 200);
    EXPECT_THAT(submit(http, "/settings/security", "redirect_http=on").body,
                AllOf(HasSubstr("HTTP Server, which you are using, answers with nothing but the way to HTTPS after the change."),
                      Not(HasSubstr("Yes, keep the changes")), HasSubstr("https://" + unit->address() + ":21443/")));
    auto const confirm = [&](std::string const& door) {
        return call(unit, [door](Unit& u) { return u.trial().confirm(u.trial().current()->id, {door, "admin", "127.0.0.1"}); });
    };
    auto const refused = confirm("http");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::dev::trial_not_proven);
    EXPECT_TRUE(confirm("https"));
}

/// Confirmed by whoever could connect before the change, a trial would lock out whoever can connect only after it.
TEST_F(PagesDoor, a_certificate_on_trial_is_confirmed_over_a_connection_that_shows_it) {
    auto unit = with_https("vcs");
    auto const* form = families().get("vcs").value()->find_form("upload_certificate").form;
    auto web = client(*unit, net::Scheme::https);
    auto bystander = client(*unit, net::Scheme::https);
    auto const shown = [](net::http::Client const& one) { return one.handshake()->leaf()->fingerprint(); };
    TestAuthority const authority;
    auto const install = [&](CertificatePair const& pair) {
        return post(web, form->target, k_form,
                    net::http::encode_form({{form->find_role("certificate")->name, pki::to_pem(pair.chain)},
                                            {form->find_role("private_key")->name, std::string(pair.key.to_pem().reveal())}}));
    };
    auto const first = authority.issue();
    auto const taken = install(first);
    EXPECT_EQ(taken.status, 200);
    EXPECT_NE(taken.fields.get("Connection"), "close") << "without a trial connections go on";
    get(bystander, "/status.xml");
    get(web, "/status.xml");
    EXPECT_NE(shown(web), first.chain.front().fingerprint());

    ASSERT_TRUE(call(unit, [](Unit& u) { return u.trial().begin(std::chrono::seconds(300), {"https", "admin", "127.0.0.1"}); }));
    auto const second = authority.issue();
    auto const answer = install(second);
    EXPECT_EQ(answer.status, 200) << "the answer gets out first";
    EXPECT_EQ(answer.fields.get("Connection"), "close");
    get(bystander, "/status.xml");
    EXPECT_EQ(shown(bystander), second.chain.front().fingerprint()) << "the connection from before the change has ended";
    auto const id = call(unit, [](Unit& u) { return u.trial().current()->id; });
    auto const* confirm = families().get("vcs").value()->find_form("trial_confirm").form;
    EXPECT_EQ(post(web, confirm->target, k_form, net::http::encode_form({{confirm->find_role("trial_id")->name, id}})).status, 200);
    EXPECT_EQ(shown(web), second.chain.front().fingerprint());
    EXPECT_FALSE(call(unit, [](Unit& u) { return u.trial().current().has_value(); }));
}

TEST_F(PagesDoor, other_versions_of_tls_on_trial_end_the_connections_and_other_settings_do_not) {
    auto unit = boot("roomos");
    auto web = client(*unit, net::Scheme::https, "admin", "");
    auto const set = [&](std::string const& canonical, std::string const& value) {
        auto const path = call(unit, [&](Unit& u) { return u.family().find_canonical(canonical)->path; });
        std::string open;
        std::string close;
        for (auto const word : split(path, ' ')) {
            open += "<" + std::string(word) + ">";
            close = "</" + std::string(word) + ">" + close;
        }
        auto const answer = post(web, "/putxml", "text/xml", "<Configuration>" + open + value + close + "</Configuration>");
        EXPECT_THAT(answer.body, HasSubstr("<Success")) << answer.body;
        return std::string(answer.fields.get("Connection"));
    };
    EXPECT_NE(set("service.https.tls_profile", "TLSv1.3"), "close") << "no trial";
    ASSERT_TRUE(call(unit, [](Unit& u) { return u.trial().begin(std::chrono::seconds(300), {"https", "admin", "127.0.0.1"}); }));
    EXPECT_NE(set("system.name", "other"), "close");
    EXPECT_EQ(set("service.https.tls_profile", "TLSv1.2"), "close");
    EXPECT_NE(set("service.https.tls_profile", "TLSv1.1"), "close") << "the same offer by another name";
}

TEST_F(PagesDoor, an_address_in_brackets_is_an_address) {
    auto unit = with_https("vcs");
    auto const authority = pki::CertificateAuthority::create_root(pki::PrivateKey::generate(pki::KeyType::ec_p256).value(),
                                                                  {.common_name = "Root"}, pki::valid_for(today(), std::chrono::hours(24)))
                               .value();
    auto const key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto const request = pki::CertificateRequest::create(key, {.common_name = "unit"}, {{pki::AlternativeName::Kind::ip, "::1"}}).value();
    auto const leaf = authority.sign(request, pki::Profile::device, pki::valid_for(today(), std::chrono::hours(24))).value();
    auto const told = [&](std::string const& host) {
        return call(unit, [&](Unit& u) {
            Foresight const foresight(u, *u.family().find_service("https"), host);
            std::string all;
            for (auto const& effect : foresight.pair({leaf}, "").effects) all += effect + "\n";
            return all;
        });
    };
    EXPECT_THAT(told("[::1]"), AllOf(HasSubstr("shows the certificate of unit"), Not(HasSubstr("is not for"))));
    EXPECT_THAT(told("[::2]"), HasSubstr("This certificate is not for [::2]"));
}

}  // namespace
}  // namespace countersign::device::testing
