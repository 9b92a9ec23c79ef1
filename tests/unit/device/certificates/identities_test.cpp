#include "pki/contents.hpp"
#include "unit/device/certificates/certificate_unit.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(CertificateUnit, has_a_factory_pair_for_each_network_service) {
    auto unit = make_of(two_identities());
    EXPECT_TRUE(info(unit, "management").factory);
    EXPECT_TRUE(info(unit, "signalling").factory);
    EXPECT_NE(info(unit, "management").leaf().public_key_sha256(), info(unit, "signalling").leaf().public_key_sha256());
    EXPECT_EQ(with(unit, [](Certificates& held) { return held.info("nobody"); }).error().id(), errors::gen::not_found);
}

TEST_F(CertificateUnit, changes_one_identity_and_no_other_and_keeps_it) {
    auto unit = make_of(two_identities());
    auto const before = info(unit, "management").leaf();
    auto const pair = authority_.issue();
    ASSERT_TRUE(install(unit, pair, "signalling"));
    EXPECT_EQ(info(unit, "signalling").leaf(), pair.chain.front());
    EXPECT_EQ(info(unit, "management").leaf(), before);
    auto again = make_of(two_identities());
    EXPECT_EQ(info(again, "signalling").leaf(), pair.chain.front());
    EXPECT_EQ(info(again, "management").leaf(), before);
}

TEST_F(CertificateUnit, checks_what_the_identity_needs) {
    auto unit = make_of(two_identities());
    auto const pair = authority_.issue({.profile = pki::Profile::server});
    EXPECT_TRUE(install(unit, pair, "management"));
    EXPECT_EQ(install(unit, pair, "signalling").error().id(), errors::crt::wrong_purpose);
}

TEST_F(CertificateUnit, serves_each_service_the_pair_of_its_identity_at_once) {
    auto family = two_identities();
    for (auto& service : family->services)
        if (service.id == "https") service.identity = "signalling";
    auto unit = boot_of(family);
    auto const pair = authority_.issue();
    ASSERT_TRUE(install(unit, authority_.issue(), "management"));
    ASSERT_TRUE(install(unit, pair, "signalling"));
    auto web = client(*unit, net::Scheme::https);
    get(web, "/");
    EXPECT_EQ(web.handshake()->leaf()->fingerprint(), pair.chain.front().fingerprint());
    EXPECT_EQ(info(unit, "signalling").served_fingerprint, pair.chain.front().fingerprint());
}

TEST_F(CertificateUnit, goes_back_one_step) {
    auto unit = make_of(two_identities());
    auto roll_back = [](Certificates& held) { return held.roll_back("signalling", k_tester); };
    EXPECT_EQ(with(unit, roll_back).error().id(), errors::gen::not_found);
    auto const first = authority_.issue();
    ASSERT_TRUE(install(unit, first, "signalling"));
    ASSERT_TRUE(install(unit, authority_.issue(), "signalling"));
    EXPECT_TRUE(info(unit, "signalling").can_roll_back);
    ASSERT_TRUE(with(unit, roll_back));
    EXPECT_EQ(info(unit, "signalling").leaf(), first.chain.front());
    EXPECT_FALSE(info(unit, "signalling").can_roll_back);
}

TEST_F(CertificateUnit, does_not_go_back_to_a_pair_that_has_expired) {
    auto unit = make_of(two_identities());
    ASSERT_TRUE(install(unit, authority_.issue({.until = today() + std::chrono::hours(24)})));
    ASSERT_TRUE(install(unit, authority_.issue()));
    clock_->advance(std::chrono::hours(48));
    EXPECT_EQ(with(unit, [](Certificates& held) { return held.roll_back({}, k_tester); }).error().id(), errors::crt::expired);
}

TEST_F(CertificateUnit, makes_the_factory_pair_anew_when_it_is_damaged) {
    auto unit = make_of(two_identities());
    ASSERT_TRUE(host::write_file(folder_.path() / "T1" / "identity-signalling" / "factory.pem", "scribble", host::Privacy::owner_only));
    auto again = make_of(two_identities());
    EXPECT_TRUE(info(again, "signalling").factory);
    EXPECT_THAT(journal(*again), HasSubstr("certificate.factory_damaged"));
}

TEST_F(CertificateUnit, tells_a_key_that_all_systems_of_the_vendor_share) {
    auto unit = make_of(two_identities());
    auto family = two_identities();
    family->certificate.shared_keys = {info(unit, "management").leaf().public_key_sha256()};
    auto again = make_of(family);
    EXPECT_TRUE(info(again, "management").shared_key);
    EXPECT_FALSE(info(again, "signalling").shared_key);
    EXPECT_EQ(call(again, [](Unit& held) { return held.fact("certificate.shared_key").value_or(""); }), "True");
}

// --- requests ---

TEST_F(CertificateUnit, makes_a_request_whose_key_survives_a_restart_and_takes_the_answer) {
    auto unit = make_of(two_identities());
    RequestFields fields{.country = "GB",
                         .organization = "Example",
                         .units = {"Video", "North"},
                         .names = {{pki::AlternativeName::Kind::dns, "unit.estate.test"}}};
    auto const made = request(unit, "signalling", false, fields);
    ASSERT_TRUE(made) << made.error().explanation();
    EXPECT_EQ(made->subject, "/C=GB/O=Example/OU=Video/OU=North/CN=unit.estate.test") << "the common name is the service's host name";
    auto again = make_of(two_identities());
    auto const pending = with(again, [](Certificates& held) { return held.pending("signalling").value(); });
    ASSERT_TRUE(pending);
    EXPECT_EQ(pending->pem, made->pem);
    auto const answer = authority_.answer(made->pem);
    auto installed = with(again, [&](Certificates& held) { return held.install_answer(answer, "signalling", k_tester); });
    ASSERT_TRUE(installed) << installed.error().explanation();
    EXPECT_EQ(info(again, "signalling").leaf().public_key_sha256(), made->key_sha256);
    EXPECT_FALSE(with(again, [](Certificates& held) { return held.pending("signalling").value(); }));
}

TEST_F(CertificateUnit, takes_an_uploaded_certificate_without_a_key_as_the_answer) {
    auto unit = make_of(two_identities());
    auto const answer = authority_.answer(request(unit).value().pem);
    auto const installed = with(unit, [&](Certificates& held) {
        return held.install({.certificate = pki::write_pkcs7_pem(pki::parse_bundle(answer).value()),
                             .private_key = {},
                             .passphrase = {},
                             .trust_store = {}},
                            {}, k_tester);
    });
    ASSERT_TRUE(installed) << installed.error().explanation();
    EXPECT_EQ(info(unit).chain.size(), 2U);
}

TEST_F(CertificateUnit, refuses_answers_that_are_none_and_changes_nothing) {
    auto unit = make_of(two_identities());
    auto answer = [&](std::string const& text) {
        return with(unit, [&](Certificates& held) { return held.install_answer(text, {}, k_tester); }).error().id();
    };
    EXPECT_EQ(answer(pki::to_pem(authority_.issue().chain)), errors::crt::no_request_pending);
    auto const made = request(unit).value();
    EXPECT_EQ(answer(made.pem), errors::crt::request_instead_of_certificate);
    EXPECT_EQ(answer(pki::to_pem(authority_.issue().chain)), errors::crt::answer_of_another_request);
    EXPECT_TRUE(info(unit).factory);
    EXPECT_EQ(with(unit, [](Certificates& held) { return held.pending({}).value()->pem; }), made.pem);
}

TEST_F(CertificateUnit, replaces_a_pending_request_only_when_that_is_said) {
    auto unit = make_of(two_identities());
    auto const first = request(unit).value();
    EXPECT_EQ(request(unit).error().id(), errors::crt::request_pending);
    EXPECT_NE(request(unit, {}, true).value().key_sha256, first.key_sha256);
    ASSERT_TRUE(with(unit, [](Certificates& held) { return held.discard_request({}, k_tester); }));
    EXPECT_TRUE(request(unit));
}

TEST_F(CertificateUnit, asks_with_sha1_only_when_that_is_meant_and_with_keys_that_the_family_takes) {
    auto unit = make_of(two_identities());
    EXPECT_EQ(request(unit, {}, false, {.digest = "sha1"}).error().id(), errors::crt::legacy_digest);
    EXPECT_EQ(request(unit, {}, false, {.key_type = "ed25519"}).error().id(), errors::crt::unsupported_key_type);
    EXPECT_TRUE(request(unit, {}, false, {.digest = "sha1", .legacy = true}));
}

TEST_F(CertificateUnit, forgets_a_request_that_was_answered_when_it_was_killed_before_it_could) {
    auto unit = make_of(two_identities());
    auto const made = request(unit).value();
    auto const file = folder_.path() / "T1" / "request.pem";
    fs::copy_file(file, folder_.path() / "kept");
    auto const answer = authority_.answer(made.pem);
    ASSERT_TRUE(with(unit, [&](Certificates& held) { return held.install_answer(answer, {}, k_tester); }));
    fs::copy_file(folder_.path() / "kept", file);
    EXPECT_FALSE(with(make_of(two_identities()), [](Certificates& held) { return held.pending({}).value(); }));
}

// --- the list ---

TEST_F(CertificateUnit, keeps_a_list_and_uses_what_is_activated) {
    auto unit = make_of(two_identities());
    auto const pair = authority_.issue();
    auto const added = with(unit, [&](Certificates& held) { return held.add(upload_of(pair), k_tester); });
    ASSERT_TRUE(added);
    EXPECT_THAT(added->used_for, SizeIs(0));
    EXPECT_TRUE(info(unit).factory);
    auto const print = added->chain.front().fingerprint_sha1();
    auto const purpose_error = with(unit, [&](Certificates& held) { return held.activate(print, "Audit", k_tester); });
    EXPECT_EQ(purpose_error.error().id(), errors::dev::unknown_purpose);
    ASSERT_TRUE(with(unit, [&](Certificates& held) { return held.activate(print, "sip", k_tester); }));
    EXPECT_EQ(info(unit, "signalling").leaf(), pair.chain.front());
    EXPECT_TRUE(info(unit, "management").factory);

    auto again = make_of(two_identities());
    auto const listed = with(again, [](Certificates& held) { return held.list(); });
    ASSERT_THAT(listed, SizeIs(2));
    EXPECT_THAT(listed[1].used_for, ElementsAre("SIP"));
    auto forget = [&](Certificates& held) { return held.forget(print, k_tester); };
    EXPECT_EQ(with(again, forget).error().id(), errors::dev::certificate_in_use);
    auto off = [&](Certificates& held) { return held.deactivate(print, "HTTPS", k_tester); };
    EXPECT_EQ(with(again, off).error().id(), errors::dev::certificate_not_active);
    ASSERT_TRUE(with(again, [&](Certificates& held) { return held.deactivate(print, "SIP", k_tester); }));
    EXPECT_TRUE(info(again, "signalling").factory);
    ASSERT_TRUE(with(again, forget));
    EXPECT_EQ(with(again, forget).error().id(), errors::gen::not_found);
}

TEST_F(CertificateUnit, keeps_an_uploaded_pair_in_the_list_when_it_is_deactivated) {
    auto unit = make_of(two_identities());
    auto const pair = authority_.issue();
    ASSERT_TRUE(install(unit, pair));
    auto const print = pair.chain.front().fingerprint();
    ASSERT_TRUE(with(unit, [&](Certificates& held) { return held.deactivate(print, "HTTPS", k_tester); }));
    ASSERT_TRUE(with(unit, [&](Certificates& held) { return held.activate(print, "HTTPS", k_tester); }));
    EXPECT_EQ(info(unit).leaf(), pair.chain.front());
}

}  // namespace
}  // namespace countersign::device::testing
