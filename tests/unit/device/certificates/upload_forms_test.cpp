#include "device/repository/upload_check.hpp"
#include "pki/contents.hpp"
#include "pki/pkcs12.hpp"
#include "unit/device/certificates_fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

std::vector<ErrorId> ids(Result<CheckedUpload> const& checked) {
    if (checked) return {};
    if (checked.error().id() != errors::gen::several_problems) return {checked.error().id()};
    std::vector<ErrorId> out;
    for (auto const& cause : checked.error().causes()) out.push_back(cause.id());
    return out;
}

family::CertificateRules rules(std::vector<std::string> formats = {"pem", "der", "pfx", "pkcs7"}) {
    return {.formats = std::move(formats), .key_types = {"rsa", "ecdsa", "ed25519"}};
}

std::string text_of(Bytes const& bytes) { return {bytes.begin(), bytes.end()}; }

Upload files(std::string certificate, SecretText key = SecretText(), std::string_view passphrase = {}) {
    Upload upload{.certificate = std::move(certificate), .private_key = {}, .passphrase = {}, .trust_store = {}};
    if (!key.empty()) upload.private_key = std::move(key);
    if (!passphrase.empty()) upload.passphrase = SecretText(std::string(passphrase));
    return upload;
}

std::string package_of(CertificatePair const& pair, std::string const& password, pki::Pkcs12Ciphers ciphers = pki::Pkcs12Ciphers::legacy) {
    auto made = pki::write_pkcs12({pair.key, pair.chain, "unit"}, SecretText(password), ciphers).value();
    return text_of(made.reveal());
}

Upload pem_of(CertificatePair const& pair) { return files(pki::to_pem(pair.chain), pair.key.to_pem()); }

TEST(UploadForms, takes_certificate_key_and_chain_out_of_a_package) {
    auto const pair = TestAuthority().issue();
    for (auto ciphers : {pki::Pkcs12Ciphers::legacy, pki::Pkcs12Ciphers::modern}) {
        auto checked = check_upload(files(package_of(pair, "secret", ciphers), SecretText(), "secret"), rules(), {.now = today()});
        ASSERT_TRUE(checked) << checked.error().explanation();
        EXPECT_EQ(checked->pair->chain, pair.chain);
        EXPECT_EQ(checked->pair->key.public_key_sha256(), pair.key.public_key_sha256());
    }
}

TEST(UploadForms, says_that_the_packages_password_is_wrong_at_the_passphrase_field) {
    auto checked = check_upload(files(package_of(TestAuthority().issue(), "secret"), SecretText(), "other"), rules(), {.now = today()});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().id(), errors::crt::wrong_passphrase);
    EXPECT_EQ(checked.error().where(), "passphrase");
}

TEST(UploadForms, takes_a_package_even_where_keys_must_not_be_encrypted) {
    auto strict = rules();
    strict.passphrase_allowed = false;
    EXPECT_THAT(ids(check_upload(files(package_of(TestAuthority().issue(), "secret"), SecretText(), "secret"), strict, {.now = today()})),
                ElementsAre());
}

TEST(UploadForms, refuses_an_encrypted_key_where_none_is_taken_with_or_without_its_passphrase) {
    auto const pair = TestAuthority().issue();
    auto strict = rules();
    strict.passphrase_allowed = false;
    auto upload = files(pki::to_pem(pair.chain), pair.key.to_pem(SecretText("secret")));
    EXPECT_THAT(ids(check_upload(upload, strict, {.now = today()})), ElementsAre(errors::crt::encrypted_key_not_taken));
}

TEST(UploadForms, refuses_forms_that_the_family_does_not_take) {
    auto const pair = TestAuthority().issue();
    auto const only_pem = rules({"pem"});
    auto refused = [&only_pem](Upload const& upload) { return ids(check_upload(upload, only_pem, {.now = today()})); };
    EXPECT_THAT(refused(files(package_of(pair, "secret"), SecretText(), "secret")), ElementsAre(errors::crt::format_not_taken));
    EXPECT_THAT(refused(files(text_of(pair.chain.front().to_der()), pair.key.to_pem())), ElementsAre(errors::crt::format_not_taken));
    EXPECT_THAT(refused(files(pki::write_pkcs7_pem(pair.chain), pair.key.to_pem())), ElementsAre(errors::crt::format_not_taken));
    Upload roots;
    roots.trust_store = text_of(pair.chain.back().to_der());
    EXPECT_THAT(refused(roots), ElementsAre(errors::crt::format_not_taken));
}

TEST(UploadForms, takes_der_of_both_certificate_and_key) {
    auto const pair = TestAuthority().issue();
    auto upload = files(text_of(pair.chain.front().to_der()), SecretText(text_of(pair.key.to_der().reveal())));
    auto checked = check_upload(upload, rules(), {.now = today()});
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_EQ(checked->pair->chain.front(), pair.chain.front());
}

TEST(UploadForms, orders_a_bundle_which_has_no_order_of_its_own) {
    auto const pair = TestAuthority().issue();
    std::vector<pki::Certificate> const reversed(pair.chain.rbegin(), pair.chain.rend());
    auto checked = check_upload(files(pki::write_pkcs7_pem(reversed), pair.key.to_pem()), rules(), {.now = today()});
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_EQ(checked->pair->chain, pair.chain);
}

TEST(UploadForms, reads_roots_of_every_form_without_duplicates) {
    TestAuthority const one("One");
    TestAuthority const two("Two");
    EXPECT_EQ(read_roots(one.pem() + two.pem() + one.pem(), rules()).value().size(), 2U);
    EXPECT_EQ(read_roots(text_of(one.certificate().to_der()), rules()).value().size(), 1U);
    EXPECT_EQ(read_roots(text_of(pki::write_pkcs7_der({one.certificate(), two.certificate()})), rules()).value().size(), 2U);
}

// --- what else is checked (REQ CRT-3) ---

TEST(UploadChecks, refuses_a_certificate_that_was_signed_with_a_broken_digest) {
    TestAuthority const authority;
    auto key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto request = pki::CertificateRequest::create(key, {.common_name = "unit"}, {}).value();
    auto leaf = authority.authority()
                    .sign(request, pki::Profile::device, pki::valid_for(today(), std::chrono::hours(24)), {.hash = pki::Hash::sha1})
                    .value();
    EXPECT_THAT(ids(check_upload(pem_of({{leaf, authority.certificate()}, key}), rules(), {.now = today()})),
                ElementsAre(errors::crt::weak_signature));
}

TEST(UploadChecks, wants_the_identitys_name_where_the_family_asks_for_it) {
    auto const pair = TestAuthority().issue();
    auto named = rules();
    named.name_must_match = true;
    UploadNeeds needs{.now = today(), .host_name = "other.estate.test", .service = "IP Network Services"};
    auto refused = check_upload(pem_of(pair), named, needs);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::crt::name_does_not_match);
    EXPECT_EQ(refused.error().parameter("service"), "IP Network Services");
    needs.host_name = "unit.estate.test";
    EXPECT_TRUE(check_upload(pem_of(pair), named, needs));
    needs.host_name = "other.estate.test";
    EXPECT_TRUE(check_upload(pem_of(pair), rules(), needs)) << "the family does not ask";
}

TEST(UploadChecks, wants_both_purposes_where_the_identity_calls_servers_too) {
    auto const pair = TestAuthority().issue({.profile = pki::Profile::server});
    EXPECT_THAT(ids(check_upload(pem_of(pair), rules(), {.now = today()})), ElementsAre());
    EXPECT_THAT(ids(check_upload(pem_of(pair), rules(), {.now = today(), .client_too = true})), ElementsAre(errors::crt::wrong_purpose));
}

TEST(UploadChecks, refuses_a_key_that_every_system_of_the_vendor_has) {
    auto const pair = TestAuthority().issue();
    auto shared = rules();
    shared.shared_keys = {pair.key.public_key_sha256()};
    EXPECT_THAT(ids(check_upload(pem_of(pair), shared, {.now = today()})), ElementsAre(errors::crt::shared_key));
}

TEST(UploadChecks, refuses_an_issuer_in_the_chain_that_may_not_issue) {
    auto const pair = TestAuthority().issue();
    auto chain = pair.chain;
    chain.insert(chain.begin(), pair.chain.front());  // its own issuer, it says
    EXPECT_THAT(ids(check_upload(pem_of({chain, pair.key}), rules(), {.now = today()})), Contains(errors::crt::not_an_authority));
}

// REQ RMX-10: software before 8.5 wanted a common name there.
TEST(UploadChecks, takes_a_certificate_whose_issuer_has_no_common_name) {
    auto root = pki::CertificateAuthority::create_root(pki::PrivateKey::generate(pki::KeyType::ec_p256).value(),
                                                       {.organization = "Example", .unit = "Network"},
                                                       pki::valid_for(today(), std::chrono::hours(24 * 365)))
                    .value();
    auto key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto request = pki::CertificateRequest::create(key, {.common_name = "unit.estate.test"}, {}).value();
    auto leaf = root.sign(request, pki::Profile::device, pki::valid_for(today(), std::chrono::hours(24))).value();
    EXPECT_THAT(ids(check_upload(pem_of({{leaf, root.certificate()}, key}), rules(), {.now = today()})), ElementsAre());
}

// --- answers to a request (REQ RMX-3) ---

TEST(Answers, tell_a_request_a_broken_text_and_another_key_apart) {
    TestAuthority const authority;
    auto const key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto const request = pki::CertificateRequest::create(key, {.common_name = "unit"}, {}).value();
    auto refused = [&key](std::string const& text) { return check_answer(text, key, rules(), {.now = today()}).error().id(); };
    EXPECT_EQ(refused(request.to_pem()), errors::crt::request_instead_of_certificate);
    EXPECT_EQ(refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), errors::crt::broken_certificate);
    EXPECT_EQ(refused("what was copied"), errors::crt::certificate_missing);
    EXPECT_EQ(refused(pki::to_pem(authority.issue().chain)), errors::crt::answer_of_another_request);
    auto const with_key = authority.issue();
    EXPECT_EQ(refused(pki::to_pem(with_key.chain) + with_key.key.to_pem().reveal()), errors::crt::answer_of_another_request);
    EXPECT_TRUE(check_answer(authority.answer(request.to_pem()), key, rules({"pfx"}), {.now = today()}))
        << "a pasted answer may be PEM whatever files the product takes";
}

}  // namespace
}  // namespace countersign::device::testing
