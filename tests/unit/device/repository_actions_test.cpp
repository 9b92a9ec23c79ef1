/// The certification repository as commands and pages, by software version (REQ RMX-1 to RMX-4, RMX-9, RMX-10).

#include "device/certificates.hpp"
#include "pki/contents.hpp"
#include "pki/pkcs12.hpp"
#include "unit/device/safety_fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view k_host = "rmx.estate.test";

class RepositoryActions : public SafetyTest {
protected:
    std::shared_ptr<Unit> boot_release(std::string software = "8.5.0.145") {
        UnitSpec spec;
        spec.host_name = k_host;
        spec.software = std::move(software);
        return boot("rmx", std::move(spec));
    }
    Result<CommandAnswer> run_action(std::shared_ptr<Unit> const& unit, std::string const& action,
                                     std::vector<family::Argument> arguments = {}, std::string const& body = {}) {
        return net::run(runtime_, unit->run_command("TRANS_CERTIFICATE/" + action, std::move(arguments), body, k_owner));
    }
    static family::Argument management() { return {"SERVICE_NAME", "management network"}; }
    static family::Argument signalling() { return {"SERVICE_NAME", "ip_network_service"}; }
    /// The text of the first node of that name, at any depth.
    static std::string value_of(std::vector<Node> const& nodes, std::string_view name) {
        for (auto const& node : nodes) {
            if (node.name == name) return node.value;
            if (auto inner = value_of(node.children, name); !inner.empty()) return inner;
        }
        return {};
    }
    /// A member of a network service's row in the repository.
    std::string personal(std::shared_ptr<Unit> const& unit, std::string_view title, std::string_view member) {
        for (auto const& row : run_action(unit, "GET_REPOSITORY").value().values.front().children)
            if (value_of(row.children, "SERVICE_NAME") == title) return value_of(row.children, member);
        return "(none)";
    }
    [[nodiscard]] CertificatePair issue(std::string name = std::string(k_host)) const {
        return authority_.issue({.name = std::move(name)});
    }
    static std::string package_of(CertificatePair const& pair, std::string const& password) {
        auto made = pki::write_pkcs12({pair.key, pair.chain, ""}, SecretText(password), pki::Pkcs12Ciphers::modern).value();
        return to_base64(made.reveal());
    }
    std::string banner(std::shared_ptr<Unit> const& unit) {
        return call(unit, [](Unit& held) { return held.banner(); });
    }

    TestAuthority authority_;
};

TEST_F(RepositoryActions, list_the_self_signed_certificate_of_each_network_service) {
    auto unit = boot_release();
    for (auto const* title : {"Management Network", "IP Network Service"}) {
        EXPECT_EQ(personal(unit, title, "SELF_SIGNED"), "true");
        EXPECT_EQ(personal(unit, title, "REQUEST_PENDING"), "false");
        EXPECT_THAT(personal(unit, title, "SUBJECT"), HasSubstr("OU=Self Signed Certificate"));
    }
}

TEST_F(RepositoryActions, make_a_request_and_take_its_answer) {
    auto unit = boot_release();
    auto made = run_action(unit, "CREATE_REQUEST", {management(), {"ORGANIZATION_UNIT", "A"}, {"ORGANIZATION_UNIT", "B"}});
    ASSERT_TRUE(made) << made.error().explanation();
    auto const request = value_of(made->values, "CERTIFICATE_REQUEST");
    EXPECT_THAT(value_of(made->values, "SUBJECT"), AllOf(HasSubstr("OU=A"), HasSubstr("OU=B"), HasSubstr("CN=rmx.estate.test")));
    EXPECT_EQ(personal(unit, "Management Network", "CERTIFICATE_REQUEST"), request);
    EXPECT_EQ(run_action(unit, "CREATE_REQUEST", {management()}).error().id(), errors::crt::request_pending);
    EXPECT_EQ(run_action(unit, "SEND_CERTIFICATE", {management()}, request).error().id(), errors::crt::request_instead_of_certificate);
    EXPECT_EQ(run_action(unit, "SEND_CERTIFICATE", {management()}).error().id(), errors::gen::missing_field);
    EXPECT_EQ(run_action(unit, "SEND_CERTIFICATE", {management()}, pki::to_pem(issue().chain)).error().id(),
              errors::crt::answer_of_another_request);
    EXPECT_EQ(run_action(unit, "SEND_CERTIFICATE", {signalling()}, "x").error().id(), errors::crt::no_request_pending);
    EXPECT_EQ(run_action(unit, "SEND_CERTIFICATE", {{"SERVICE_NAME", "Nowhere"}}, "x").error().id(), errors::gen::not_found);
    EXPECT_EQ(personal(unit, "Management Network", "SELF_SIGNED"), "true") << "what is refused changes nothing";
    auto sent = run_action(unit, "SEND_CERTIFICATE", {management()}, authority_.answer(request));
    ASSERT_TRUE(sent) << sent.error().explanation();
    EXPECT_EQ(value_of(sent->values, "MESSAGE"), "The certificate was created successfully.");
    EXPECT_EQ(value_of(sent->values, "FINGERPRINT"), personal(unit, "Management Network", "FINGERPRINT"));
    EXPECT_EQ(personal(unit, "Management Network", "SELF_SIGNED"), "false");
    EXPECT_EQ(personal(unit, "Management Network", "REQUEST_PENDING"), "false");
    ASSERT_TRUE(run_action(unit, "REMOVE_CERTIFICATE", {management()}));
    EXPECT_EQ(personal(unit, "Management Network", "SELF_SIGNED"), "true");
    ASSERT_TRUE(run_action(unit, "ROLL_BACK_CERTIFICATE", {management()}));
    EXPECT_EQ(personal(unit, "Management Network", "FINGERPRINT"), value_of(sent->values, "FINGERPRINT"));
}

TEST_F(RepositoryActions, take_sha_1_only_when_it_is_meant) {
    auto unit = boot_release();
    family::Argument const old{"HASH_METHOD", "SHA-1"};
    EXPECT_EQ(run_action(unit, "CREATE_REQUEST", {signalling(), old}).error().id(), errors::crt::legacy_digest);
    EXPECT_TRUE(run_action(unit, "CREATE_REQUEST", {signalling(), old, {"LEGACY", "true"}}));
    EXPECT_TRUE(run_action(unit, "CREATE_REQUEST", {signalling(), {"REPLACE", "true"}}));
    EXPECT_TRUE(run_action(unit, "DISCARD_REQUEST", {signalling()}));
    EXPECT_EQ(run_action(unit, "DISCARD_REQUEST", {signalling()}).error().id(), errors::crt::no_request_pending);
}

TEST_F(RepositoryActions, take_certificate_key_and_chain_out_of_a_package_in_one_step) {
    auto unit = boot_release();
    auto const pair = issue();
    EXPECT_EQ(run_action(unit, "SEND_PACKAGE", {signalling(), {"PASSWORD", "wrong"}}, package_of(pair, "secret")).error().id(),
              errors::crt::wrong_passphrase);
    EXPECT_EQ(run_action(unit, "SEND_PACKAGE", {signalling()}, pki::to_pem(issue("a.test").chain) + issue().key.to_pem().reveal())
                  .error()
                  .causes()
                  .size(),
              2U)
        << "another name and another key";
    auto sent = run_action(unit, "SEND_PACKAGE", {signalling(), {"PASSWORD", "secret"}}, package_of(pair, "secret"));
    ASSERT_TRUE(sent) << sent.error().explanation();
    EXPECT_EQ(value_of(sent->values, "MESSAGE"), "Message file transferred successfully");
    EXPECT_EQ(personal(unit, "IP Network Service", "FINGERPRINT"), pair.chain.front().fingerprint());
    EXPECT_EQ(personal(unit, "IP Network Service", "CHAIN_LENGTH"), "2");
    EXPECT_EQ(personal(unit, "Management Network", "SELF_SIGNED"), "true");
}

/// REQ CRT-5: 7.6 needs no restart, 8.1 asks for one for the signalling service, and neither for the management network.
TEST_F(RepositoryActions, ask_for_a_restart_where_the_software_does) {
    for (auto const& [software, asks] : {std::pair("7.6.1.124", false), std::pair("8.1.0.37", true)}) {
        auto unit = boot_release(software);
        auto const pair = issue();
        auto const both = pki::to_pem(pair.chain) + pair.key.to_pem().reveal();
        auto sent = run_action(unit, "SEND_PACKAGE", {management()}, both);
        ASSERT_TRUE(sent) << sent.error().explanation();
        EXPECT_EQ(value_of(sent->values, "RESTART_NEEDED"), "false");
        EXPECT_EQ(banner(unit), "");
        sent = run_action(unit, "SEND_PACKAGE", {signalling()}, both);
        ASSERT_TRUE(sent) << sent.error().explanation();
        EXPECT_EQ(value_of(sent->values, "RESTART_NEEDED"), asks ? "true" : "false") << software;
        EXPECT_EQ(banner(unit).empty(), !asks) << software;
    }
}

TEST_F(RepositoryActions, keep_trusted_certificates_and_revocation_lists) {
    auto unit = boot_release();
    auto added = run_action(unit, "ADD_TRUSTED", {}, to_base64(authority_.certificate().to_der()));
    ASSERT_TRUE(added) << added.error().explanation();
    EXPECT_EQ(run_action(unit, "ADD_TRUSTED", {}, authority_.pem()).error().id(), errors::crt::trusted_already);
    auto const list = authority_.authority().sign_crl({}, 1, today(), today() + std::chrono::hours(48)).value();
    ASSERT_TRUE(run_action(unit, "ADD_CRL", {}, list));
    auto const repository = run_action(unit, "GET_REPOSITORY").value().values;
    EXPECT_EQ(value_of(repository.at(1).children, "FINGERPRINT"), authority_.certificate().fingerprint());
    EXPECT_EQ(value_of(repository.at(2).children, "ISSUER"), "/CN=Test Root");
    ASSERT_TRUE(run_action(unit, "REMOVE_CRL", {{"ISSUER", "/CN=Test Root"}}));
    ASSERT_TRUE(run_action(unit, "REMOVE_TRUSTED", {{"FINGERPRINT", authority_.certificate().fingerprint()}}));
    EXPECT_EQ(run_action(unit, "REMOVE_TRUSTED", {{"FINGERPRINT", "00"}}).error().id(), errors::gen::not_found);
}

TEST_F(RepositoryActions, keep_a_revocation_choice_for_each_network_service) {
    auto unit = boot_release();
    EXPECT_EQ(run_action(unit, "SET_REVOCATION", {signalling(), {"METHOD", "OCSP"}}).error().id(), errors::gen::missing_field);
    ASSERT_TRUE(
        run_action(unit, "SET_REVOCATION",
                   {signalling(), {"METHOD", "OCSP"}, {"GLOBAL_RESPONDER_URL", "http://ocsp.test/"}, {"ALLOW_WHEN_UNREACHABLE", "false"}}));
    auto const refused = run_action(unit, "SET_REVOCATION", {signalling(), {"METHOD", "CRL"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::dev::revocation_list_needed);
    EXPECT_EQ(call(unit, [](Unit& held) { return held.certificates().revocation("ip_network_service"); }).method, RevocationMethod::ocsp);
    ASSERT_TRUE(run_action(unit, "ADD_CRL", {}, authority_.authority().sign_crl({}, 1, today(), today() + std::chrono::hours(48)).value()));
    ASSERT_TRUE(run_action(unit, "SET_REVOCATION", {signalling(), {"METHOD", "CRL"}}));
    auto const choice = call(unit, [](Unit& held) { return held.certificates().revocation("ip_network_service"); });
    EXPECT_EQ(choice, (RevocationChoice{.method = RevocationMethod::crl,
                                        .allow_when_unreachable = false,
                                        .use_named_responder = false,
                                        .responder = "http://ocsp.test/"}))
        << "what is left out stays";
    EXPECT_EQ(call(unit, [](Unit& held) { return held.certificates().revocation("management"); }), RevocationChoice());
}

// --- by version ---

TEST_F(RepositoryActions, have_what_came_with_8_1_from_8_1_on) {
    auto old = boot_release("7.6.1.124");
    auto fresh = boot_release("8.1.0.37");
    for (auto const* action : {"GET_REVOCATION_LS", "ACTIVATE_CERTIFICATE"}) {
        EXPECT_EQ(run_action(old, action).error().id(), errors::dev::unknown_command) << action;
        EXPECT_TRUE(run_action(fresh, action)) << action;
    }
    auto const der = to_base64(authority_.certificate().to_der());
    EXPECT_EQ(run_action(old, "ADD_TRUSTED", {}, der).error().id(), errors::crt::format_not_taken);
    EXPECT_TRUE(run_action(fresh, "ADD_TRUSTED", {}, der));
    auto old_web = client(*old, net::Scheme::http, "POLYCOM", "POLYCOM");
    auto fresh_web = client(*fresh, net::Scheme::http, "POLYCOM", "POLYCOM");
    EXPECT_EQ(get(old_web, "/setup/certification_repository").status, 404);
    EXPECT_EQ(get(fresh_web, "/setup/certification_repository").status, 200);
    EXPECT_THAT(get(old_web, "/setup/ip_network_service").body,
                AllOf(HasSubstr("Certificate Method"), Not(HasSubstr("Revocation Method"))));
    EXPECT_THAT(get(fresh_web, "/setup/ip_network_service").body,
                AllOf(Not(HasSubstr("Certificate Method")), HasSubstr("Revocation Method")));
    std::string const form = "application/x-www-form-urlencoded";
    EXPECT_EQ(post(old_web, "/setup/ip_network_service/revocation", form, "method=crl").status, 404);
    EXPECT_EQ(post(fresh_web, "/setup/ip_network_service/request_method", form, "common_name=a").status, 404);
}

/// REQ RMX-10.
TEST_F(RepositoryActions, take_issuers_without_a_common_name_from_8_5_on) {
    auto const root =
        pki::CertificateAuthority::create_root(pki::PrivateKey::generate(pki::KeyType::ec_p256).value(), {.organization = "Nameless"},
                                               pki::valid_for(today(), std::chrono::hours(24 * 365)))
            .value();
    auto const key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto const request =
        pki::CertificateRequest::create(key, {.common_name = std::string(k_host)}, {{pki::AlternativeName::Kind::dns, std::string(k_host)}})
            .value();
    auto const leaf =
        root.sign(request, pki::Profile::device, {today() - std::chrono::hours(1), today() + std::chrono::hours(24 * 90)}).value();
    auto const both = leaf.to_pem() + key.to_pem().reveal();
    auto refused = run_action(boot_release("8.4.2.110"), "SEND_PACKAGE", {management()}, both);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::crt::issuer_without_common_name);
    EXPECT_EQ(refused.error().parameter("from"), "8.5");
    EXPECT_TRUE(run_action(boot_release("8.5"), "SEND_PACKAGE", {management()}, both));
}

// --- alarms ---

TEST_F(RepositoryActions, tell_of_secured_communication_without_a_certificate) {
    auto unit = boot_release();
    EXPECT_THAT(alarms(unit), Not(Contains("certificate.factory")));
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    EXPECT_EQ(alarm_text(unit, "certificate.factory"), "No certificate is installed: secured communication uses the self-signed one");
    ASSERT_TRUE(install(unit, issue()));
    EXPECT_THAT(alarms(unit), Not(Contains("certificate.factory")));
    clock_->advance(-std::chrono::hours(24));
    look(unit);
    EXPECT_EQ(alarm_text(unit, "certificate.not_yet_valid"), "Security mode failed - Certificate not yet valid");
    clock_->advance(std::chrono::hours(24));
    look(unit);
    EXPECT_THAT(alarms(unit), Not(Contains("certificate.not_yet_valid")));
}

// --- callers with certificates ---

TEST_F(RepositoryActions, ask_callers_for_a_certificate_only_when_nobody_is_locked_out) {
    auto unit = boot_release();
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    Change const ask{"service.https.verify_callers", "on"};
    auto refused = apply(unit, {ask});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().causes().front().id(), errors::dev::would_lock_out) << "no root, so nobody could have one";
    ASSERT_TRUE(run_action(unit, "ADD_TRUSTED", {}, authority_.pem()));
    EXPECT_EQ(apply(unit, {ask}).error().id(), errors::dev::trial_needed);
    auto const https = call(unit, [](Unit& held) { return held.family().find_service("https"); });
    auto context = [&] { return call(unit, [https](Unit& held) { return held.server_context(*https).value(); }); };
    auto const before = context();
    auto trial = call(unit, [](Unit& held) { return held.trial().begin(std::chrono::seconds(300), k_owner); });
    ASSERT_TRUE(trial);
    auto earlier = client(*unit, net::Scheme::https, "POLYCOM", "POLYCOM");
    EXPECT_EQ(get(earlier, "/setup/time").status, 200);
    ASSERT_TRUE(apply(unit, {ask}));
    EXPECT_EQ(get(earlier, "/setup/time").status, 421) << "its connection was opened before, and confirms nothing";
    EXPECT_NE(context(), before);
    auto blind = client(*unit, net::Scheme::https, "POLYCOM", "POLYCOM");
    EXPECT_FALSE(net::run(runtime_, blind.send({.method = "GET", .target = "/", .fields = {}, .body = {}}))) << "it shows no certificate";
    auto const print = authority_.certificate().fingerprint();
    EXPECT_EQ(run_action(unit, "REMOVE_TRUSTED", {{"FINGERPRINT", print}}).error().id(), errors::dev::would_lock_out);
    ASSERT_TRUE(call(unit, [](Unit& held) { return held.trial().cancel(k_owner); }));
    auto again = client(*unit, net::Scheme::https, "POLYCOM", "POLYCOM");
    EXPECT_TRUE(net::run(runtime_, again.send({.method = "GET", .target = "/", .fields = {}, .body = {}})));
}

}  // namespace
}  // namespace countersign::device::testing
