// A unit that shows another certificate in its calls than at its server.

#include "unit/device/certificates/certificate_unit.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>

namespace countersign::device::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

/// A family of today that keeps both sides apart.
std::shared_ptr<family::Family> with_client_identity() {
    auto family = two_identities();
    family->identities = {
        {.id = "https", .title = "HTTPS server", .purposes = {"HTTPS"}},
        {.id = "http_client", .title = "HttpClient", .purposes = {"HttpClient"}, .client_only = true, .falls_back_to = "https"}};
    for (auto& client : family->clients) client.identity = "http_client";
    family->certificate.client_identity = "http_client";
    return family;
}

class ClientIdentity : public CertificateUnit {
protected:
    ClientIdentity() : unit_(boot_of(with_client_identity())) {
        // Nobody has to be verified to see what is shown to them.
        EXPECT_TRUE(call(unit_, [](Unit& held) { return held.apply({{"client.verify", "off"}}, k_tester); }));
    }
    /// What the unit would show to a server that it calls.
    std::optional<std::string> shown(std::string client = "external_manager") {
        return call(unit_, [client](Unit& held) -> std::optional<std::string> {
            auto const settings = held.client_settings(net::Url::parse("https://127.0.0.1/").value(), client);
            if (!settings || !settings->identity) return std::nullopt;
            return settings->identity->chain.front().fingerprint();
        });
    }
    Result<StoredPair> add(CertificatePair const& pair) {
        return with(unit_, [&](Certificates& held) { return held.add(upload_of(pair), k_tester); });
    }
    Result<Outcome> activate(CertificatePair const& pair, std::string const& purpose) {
        auto const print = pair.chain.front().fingerprint_sha1();
        return with(unit_, [&](Certificates& held) { return held.activate(print, purpose, k_tester); });
    }
    CertificatePair in_use(pki::Profile profile, std::string const& purpose) {
        auto pair = authority_.issue({.profile = profile});
        EXPECT_TRUE(add(pair));
        EXPECT_TRUE(activate(pair, purpose));
        return pair;
    }
    static std::string print_of(CertificatePair const& pair) { return pair.chain.front().fingerprint(); }

    std::shared_ptr<Unit> unit_;
};

TEST_F(ClientIdentity, shows_one_and_serves_the_other) {
    auto const server = in_use(pki::Profile::server, "HTTPS");
    auto const client = in_use(pki::Profile::client, "HttpClient");
    EXPECT_EQ(shown(), print_of(client));
    EXPECT_EQ(shown("feedback"), print_of(client));
    EXPECT_EQ(info(unit_, "https").served_fingerprint, print_of(server));
    EXPECT_EQ(info(unit_, "http_client").leaf(), client.chain.front());
}

TEST_F(ClientIdentity, shows_the_servers_while_it_has_none_of_its_own) {
    auto const both = in_use(pki::Profile::device, "HTTPS");
    EXPECT_EQ(shown(), print_of(both));
    auto const client = in_use(pki::Profile::client, "HttpClient");
    EXPECT_EQ(shown(), print_of(client));
    auto const off = [&](Certificates& held) { return held.deactivate(print_of(client), "HttpClient", k_tester); };
    ASSERT_TRUE(with(unit_, off));
    EXPECT_EQ(shown(), print_of(both));
}

TEST_F(ClientIdentity, shows_nothing_when_its_servers_may_not_be_used_for_calls) {
    in_use(pki::Profile::server, "HTTPS");
    EXPECT_EQ(shown(), std::nullopt);
}

TEST_F(ClientIdentity, refuses_the_wrong_usage_for_each_side_and_changes_nothing) {
    auto const before = shown();
    auto const server = authority_.issue({.profile = pki::Profile::server});
    auto const client = authority_.issue({.profile = pki::Profile::client});
    ASSERT_TRUE(add(server));
    ASSERT_TRUE(add(client)) << "what it is for is not known yet";
    EXPECT_EQ(activate(server, "HttpClient").error().id(), errors::crt::wrong_purpose);
    EXPECT_EQ(activate(client, "HTTPS").error().id(), errors::crt::wrong_purpose);
    EXPECT_TRUE(info(unit_, "https").factory);
    EXPECT_TRUE(info(unit_, "http_client").factory);
    EXPECT_EQ(shown(), before);
    EXPECT_EQ(add(authority_.issue({.profile = pki::Profile::responder})).error().id(), errors::crt::wrong_purpose);
}

TEST_F(ClientIdentity, keeps_it_over_a_restart) {
    auto const client = in_use(pki::Profile::client, "HttpClient");
    in_use(pki::Profile::server, "HTTPS");
    auto const unit = make_of(with_client_identity());
    EXPECT_EQ(info(unit, "http_client").leaf(), client.chain.front());
}

}  // namespace
}  // namespace countersign::device::testing
