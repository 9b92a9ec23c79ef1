/// Every driver of the registry against a peer that nobody verified or pinned: whatever it is asked to do, and however inviting the
/// peer's answers are, neither a password nor a key arrives there. Every byte inside of the peer's TLS is recorded.

#include "dialect/web_form.hpp"
#include "manager/drivers/driver.hpp"
#include "manager_fixture.hpp"
#include "net/tls/digest.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <unistd.h>

namespace countersign::testing {
namespace {

using manager::ChannelTrust;
using ::testing::HasSubstr;
using ::testing::Not;
namespace http = net::http;

constexpr std::string_view k_password = "Held-For-This-System-4711";
constexpr std::string_view k_new_password = "Made-For-This-System-0815";

/// What the peer invites a careless driver with.
enum class Invitation { basic, digest, welcome };

std::string name_of(Invitation invitation) {
    switch (invitation) {
        case Invitation::basic: return "basic";
        case Invitation::digest: return "digest";
        case Invitation::welcome: return "welcome";
    }
    return "";
}

struct Case {
    std::string driver;
    std::string family;
    Invitation invitation{};
    bool secure = true;
};

void PrintTo(Case const& one, std::ostream* out) { *out << one.driver << " of " << one.family << ", " << name_of(one.invitation); }

/// Each registered driver with each family that has it, over TLS to nobody and over plain HTTP. A driver without a family is in the list
/// too, and its test fails.
std::vector<Case> cases() {
    std::vector<Case> out;
    auto const families = *family::Families::load_embedded();
    auto const direct = manager::direct_driver_names();
    for (auto const driver : manager::driver_names()) {
        // Those talk to other peers than web servers: generic/drivers_test.cpp.
        if (std::ranges::find(direct, driver) != direct.end()) continue;
        bool any = false;
        for (auto const& family : families.all()) {
            if (family->driver != driver) continue;
            any = true;
            for (auto const invitation : {Invitation::basic, Invitation::digest, Invitation::welcome})
                for (bool const secure : {true, false}) out.push_back({std::string(driver), family->id, invitation, secure});
        }
        if (!any) out.push_back({std::string(driver), "", Invitation::welcome, true});
    }
    return out;
}

/// Answers like a system of the family that takes everything.
http::Handler inviting(family::FamilyPtr family, Invitation invitation) {
    return [family, invitation](http::Request request) -> net::Task<http::Response> {
        if (invitation != Invitation::welcome && !request.fields.has("Authorization")) {
            auto refused = http::Response::text(401, "");
            refused.fields.set("WWW-Authenticate", invitation == Invitation::basic
                                                       ? R"(Basic realm="system")"
                                                       : R"(Digest realm="system", nonce="0123456789abcdef", qop="auth", algorithm=MD5)");
            co_return refused;
        }
        auto const path = request.path.substr(0, request.path.rfind('/') == 0 ? request.path.size() : request.path.rfind('/'));
        auto const* page = family->find_page(request.path);
        if (page == nullptr) page = family->find_page(path);
        if (page != nullptr) co_return http::Response::html(200, dialect::web::render_page(*family, *page, {}));
        co_return http::Response::xml(200, "<?xml version=\"1.0\"?><Status/>");
    };
}

class DriverImpostor : public ManagerTest, public ::testing::WithParamInterface<Case> {
protected:
    std::unique_ptr<manager::Driver> driver(family::FamilyPtr const& family) {
        http::Client::Settings settings;
        settings.origin = {.scheme = GetParam().secure ? net::Scheme::https : net::Scheme::http,
                           .host = address_,
                           .port = static_cast<std::uint16_t>((GetParam().secure ? 443 : 80) + k_offset)};
        // The most careless channel that could be opened: anybody is let in, and known to be nobody.
        if (GetParam().secure) settings.policy = net::tls::AcceptAny{};
        auto made = manager::make_driver(family, {.client = http::Client(std::move(settings)),
                                                  .secure = GetParam().secure,
                                                  .trust = ChannelTrust::none,
                                                  .peer = address_,
                                                  .clock = clock_});
        if (!made) throw std::runtime_error(made.error().message());
        (*made)->use_credentials({"administrator", SecretText(std::string(k_password))});
        return std::move(*made);
    }
    /// Everything that a driver can be asked for. What it answers is of no interest here.
    void ask_for_everything(manager::Driver& driver, TestIdentity const& identity) {
        (void)wait(driver.read_account());
        (void)wait(
            driver.apply({{"service.https.mode", "on", "off"}, {"system.name", "x", ""}, {"client.feedback.url", "https://m/", ""}}));
        (void)wait(driver.set_password(SecretText(std::string(k_new_password))));
        (void)wait(driver.install_trust(identity.chain));
        (void)wait(driver.install_certificate(identity.chain, identity.key));
        EXPECT_FALSE(wait(driver.make_request({.names = {{pki::AlternativeName::Kind::dns, "c1.example.test"}}}))) << "nobody's request";
        EXPECT_FALSE(wait(driver.pending_key()));
        EXPECT_FALSE(wait(driver.install_answer(identity.chain)));
        (void)wait(driver.begin_trial(std::chrono::seconds(60)));
        (void)wait(driver.confirm_trial("1"));
        (void)wait(driver.cancel_trial());
        (void)wait(driver.register_feedback("https://m/"));
        (void)wait(driver.restart());
    }

    /// Of this process: its cases run side by side.
    std::string const address_ = "127.46." + std::to_string(::getpid() / 250 % 250) + "." + std::to_string(1 + ::getpid() % 250);
    std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
};

TEST_P(DriverImpostor, gets_no_password_and_no_key) {
    ASSERT_FALSE(GetParam().family.empty()) << "no family has the driver " << GetParam().driver << ": it cannot be tried";
    auto const family = *families_.get(GetParam().family);
    auto const tls = GetParam().secure ? server_context(TestAuthority("Somebody else").issue(host_of(address_))) : nullptr;
    auto const port = static_cast<std::uint16_t>((GetParam().secure ? 443 : 80) + k_offset);
    auto server = open_port(runtime_, {address_, port}, tls, recorder_, inviting(family, GetParam().invitation));
    auto talk = driver(family);
    auto const identity = authority_.authority.issue("c1.example.test");
    ask_for_everything(*talk, identity);
    std::string heard;
    for (auto const& request : recorder_->list()) heard += request + "\n";
    ASSERT_FALSE(heard.empty()) << "the impostor was not even asked: this test proves nothing";
    auto const pem = identity.key.to_pem();
    auto const of_key = pem.reveal().substr(pem.reveal().find('\n') + 1, 60);
    for (std::string const& secret :
         {std::string(k_password), std::string(k_new_password), to_base64("administrator:" + std::string(k_password)),
          to_base64(std::string(k_password)), http::url_encode(k_password), std::string("PRIVATE KEY"), of_key,
          net::tls::hash_hex(net::tls::Hash::md5, k_password), net::tls::hash_hex(net::tls::Hash::sha256, k_password)})
        EXPECT_THAT(heard, Not(HasSubstr(secret)));
    EXPECT_THAT(heard, Not(HasSubstr("Basic ")));
    // Over TLS to nobody, not even what a password could be guessed from.
    if (GetParam().secure) EXPECT_THAT(heard, Not(HasSubstr("Digest ")));
}

INSTANTIATE_TEST_SUITE_P(EveryDriver, DriverImpostor, ::testing::ValuesIn(cases()), [](auto const& info) {
    auto text =
        info.param.driver + "_" + info.param.family + "_" + name_of(info.param.invitation) + (info.param.secure ? "_tls" : "_plain");
    std::ranges::replace_if(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return text;
});

}  // namespace
}  // namespace countersign::testing
