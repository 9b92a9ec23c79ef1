#include "net/http/server.hpp"
#include "unit/device/certificates/certificate_unit.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TrustUnit : public CertificateUnit {
protected:
    Result<Outcome> add(std::shared_ptr<Unit> const& unit, std::string const& file) {
        return with(unit, [&](Certificates& held) { return held.add_trust(file, k_tester); });
    }
    Result<void> add_list(std::shared_ptr<Unit> const& unit, std::string const& file) {
        return with(unit, [&](Certificates& held) { return held.add_revocation_list(file, k_tester); });
    }
    [[nodiscard]] std::string list_of(TestAuthority const& authority, std::uint64_t number, std::chrono::hours age = std::chrono::hours(1),
                                      std::vector<pki::RevokedEntry> const& revoked = {}) const {
        return authority.authority().sign_crl(revoked, number, today() - age, today() - age + std::chrono::hours(24 * 7)).value();
    }
    auto lists(std::shared_ptr<Unit> const& unit) {
        return with(unit, [](Certificates& held) { return held.revocation_lists(); });
    }
};

TEST_F(TrustUnit, adds_roots_and_removes_one) {
    auto unit = make_of(two_identities());
    TestAuthority const other("Other");
    ASSERT_TRUE(add(unit, authority_.pem()));
    auto const outcome = add(unit, authority_.pem() + other.pem());
    ASSERT_TRUE(outcome);
    EXPECT_THAT(outcome->certificates, ElementsAre(other.certificate().fingerprint()));
    EXPECT_EQ(add(unit, authority_.pem() + other.pem()).error().id(), errors::crt::trusted_already);
    auto const print = authority_.certificate().fingerprint_sha1();
    auto remove = [&](Certificates& held) { return held.remove_trust(print, k_tester); };
    ASSERT_TRUE(with(unit, remove));
    EXPECT_EQ(with(unit, remove).error().id(), errors::gen::not_found);
    auto again = make_of(two_identities());
    EXPECT_THAT(with(again, [](Certificates& held) { return held.trust(); }), ElementsAre(other.certificate()));
}

TEST_F(TrustUnit, keeps_the_newest_list_of_an_issuer_over_a_restart) {
    auto unit = make_of(two_identities());
    ASSERT_TRUE(add_list(unit, list_of(authority_, 1, std::chrono::hours(48)))) << "its issuer is not known yet";
    ASSERT_TRUE(add_list(unit, list_of(authority_, 2)));
    EXPECT_EQ(add_list(unit, list_of(authority_, 1, std::chrono::hours(48))).error().id(), errors::crt::list_is_older);
    auto again = make_of(two_identities());
    auto const kept = lists(again);
    ASSERT_THAT(kept, SizeIs(1));
    EXPECT_EQ(kept.front().number(), "02");
    auto const issuer = kept.front().issuer();
    ASSERT_TRUE(with(again, [&](Certificates& held) { return held.remove_revocation_list(issuer, k_tester); }));
    EXPECT_THAT(lists(make_of(two_identities())), IsEmpty());
}

TEST_F(TrustUnit, refuses_lists_that_are_forged_out_of_date_or_none) {
    auto unit = make_of(two_identities());
    ASSERT_TRUE(add(unit, authority_.pem()));
    TestAuthority const impostor;  // of the same name
    EXPECT_EQ(add_list(unit, list_of(impostor, 1)).error().id(), errors::crt::list_not_signed_by_issuer);
    EXPECT_EQ(add_list(unit, list_of(authority_, 1, std::chrono::hours(24 * 30))).error().id(), errors::crt::list_out_of_date);
    EXPECT_EQ(add_list(unit, authority_.pem()).error().id(), errors::crt::broken_crl);
    EXPECT_THAT(lists(unit), IsEmpty());
}

TEST_F(TrustUnit, keeps_the_revocation_choice_of_each_identity) {
    auto unit = make_of(two_identities());
    auto choose = [&](RevocationChoice const& choice) {
        return with(unit, [&](Certificates& held) { return held.set_revocation(choice, "signalling", k_tester); });
    };
    EXPECT_EQ(choose({.method = RevocationMethod::ocsp}).error().id(), errors::gen::missing_field);
    EXPECT_EQ(choose({.method = RevocationMethod::ocsp, .responder = "ldap://a"}).error().id(), errors::net::invalid_url);
    RevocationChoice const choice{.method = RevocationMethod::ocsp, .allow_when_unreachable = false, .responder = "http://ocsp.test/"};
    ASSERT_TRUE(choose(choice));
    auto again = make_of(two_identities());
    EXPECT_EQ(with(again, [](Certificates& held) { return held.revocation("signalling"); }), choice);
    EXPECT_EQ(with(again, [](Certificates& held) { return held.revocation("management"); }), RevocationChoice());
}

/// A TLS server with the chain of a pair, as the systems call it.
class RevokedPeer : public TrustUnit {
protected:
    /// What a caller with this check says of a server that shows `pair`.
    Result<net::http::Response> call_server_of(CertificatePair const& pair, net::tls::RevocationCheck check) {
        auto const where = fresh_address();
        net::http::Server::Settings server;
        server.where = {where, 0};
        server.tls = net::tls::ServerContext::create({.chain = pair.chain, .key = pair.key}).value();
        auto opened = call(units_.front(), [&](Unit& held) {
            auto router = std::make_shared<net::http::Router>();
            return net::http::Server::listen({held.executor()}, std::move(server), std::move(router));
        });
        auto listening = std::move(opened).value();
        net::http::Client::Settings settings;
        settings.origin = {net::Scheme::https, where, listening->local().port, "/"};
        settings.policy = net::tls::VerifyChain{.anchors = pki::Anchors({authority_.certificate()}),
                                                .expected_name = "unit.estate.test",
                                                .ignore_name = false,
                                                .revocation = std::move(check)};
        net::http::Client web(std::move(settings));
        auto answer = net::run(runtime_, web.send({.method = "GET", .target = "/", .fields = {}, .body = {}}));
        net::run(runtime_, listening->close(net::Milliseconds(0)));
        return answer;
    }
    /// The check that the unit's own calls are made with.
    net::tls::RevocationCheck check_of(std::shared_ptr<Unit> const& unit) {
        return call(unit, [](Unit& held) { return held.revocation_check(""); });
    }
};

TEST_F(RevokedPeer, is_refused_by_the_list_that_was_installed) {
    auto unit = make_of(two_identities());
    auto const good = authority_.issue();
    auto const bad = authority_.issue();
    auto choose = [&](RevocationChoice const& choice) {
        return with(unit, [&](Certificates& held) { return held.set_revocation(choice, {}, k_tester); });
    };
    ASSERT_TRUE(add_list(unit, list_of(authority_, 1, std::chrono::hours(1), {{bad.chain.front().serial(), today(), 1, {}}})));
    EXPECT_TRUE(call_server_of(bad, check_of(unit))) << "nobody asked to look";
    ASSERT_TRUE(choose({.method = RevocationMethod::crl, .allow_when_unreachable = false}));
    EXPECT_TRUE(call_server_of(good, check_of(unit)));
    EXPECT_FALSE(call_server_of(bad, check_of(unit)));
    auto const issuer = lists(unit).front().issuer();
    ASSERT_TRUE(with(unit, [&](Certificates& held) { return held.remove_revocation_list(issuer, k_tester); }));
    EXPECT_FALSE(call_server_of(good, check_of(unit))) << "without any list nobody can say that it is good";
    ASSERT_TRUE(choose({.method = RevocationMethod::crl, .allow_when_unreachable = true}));
    EXPECT_TRUE(call_server_of(good, check_of(unit)));
}

}  // namespace
}  // namespace countersign::device::testing
