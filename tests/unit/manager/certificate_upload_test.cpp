#include "manager/certificates/certificate_upload.hpp"

#include "company_authority.hpp"
#include "pki/contents.hpp"
#include "pki/pkcs12.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::testing {
namespace {

using manager::CertificateNeeds;
using manager::CertificateUpload;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::string const k_host = "manager.example.test";

class CertificateUploadTest : public ::testing::Test {
protected:
    [[nodiscard]] CertificateNeeds needs() const { return {.now = now_, .names = {k_host}, .roots = {company_.root()}}; }
    static std::vector<ErrorId> ids_of(Error const& error) {
        if (error.causes().empty() || error.id() != errors::gen::several_problems) return {error.id()};
        std::vector<ErrorId> out;
        for (auto const& one : error.causes()) out.push_back(one.id());
        return out;
    }
    static std::vector<ErrorId> refusal(CertificateUpload const& upload, CertificateNeeds const& needs) {
        auto checked = manager::check_certificate(upload, needs);
        return checked ? std::vector<ErrorId>() : ids_of(checked.error());
    }
    [[nodiscard]] CertificateUpload pair_of(CompanyAuthority::Pair const& pair) const {
        return {.certificate = company_.bundle(pair.certificate), .key = SecretText(pair.key.to_pem().reveal()), .passphrase = {}};
    }

    UtcTime now_ = *parse_utc_time("2026-11-21T12:00:00Z");
    CompanyAuthority company_{now_};
};

TEST_F(CertificateUploadTest, takes_a_pair_in_pem_with_its_chain_in_any_order) {
    auto const pair = company_.issue(k_host);
    CertificateUpload const upload{.certificate = pki::to_pem({company_.root(), pair.certificate, company_.intermediate()}),
                                   .key = SecretText(pair.key.to_pem(SecretText("secret")).reveal()),
                                   .passphrase = SecretText("secret")};
    auto const checked = manager::check_certificate(upload, needs());
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_THAT(checked->chain, ElementsAre(pair.certificate, company_.intermediate(), company_.root()));
    EXPECT_FALSE(checked->answers_request);
}

TEST_F(CertificateUploadTest, takes_a_package) {
    auto const pair = company_.issue(k_host);
    auto package = pki::write_pkcs12({.key = pair.key, .certificates = {pair.certificate, company_.intermediate()}, .friendly_name = "m"},
                                     SecretText("secret"), pki::Pkcs12Ciphers::modern);
    ASSERT_TRUE(package);
    auto const& bytes = package->reveal();
    CertificateUpload upload{.certificate = std::string(bytes.begin(), bytes.end()), .key = {}, .passphrase = SecretText("secret")};
    auto const checked = manager::check_certificate(upload, needs());
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_EQ(checked->chain.back(), company_.root()) << "the root of the list ends the chain though the package has none";
    upload.passphrase = SecretText("wrong");
    EXPECT_THAT(refusal(upload, needs()), ElementsAre(ErrorId(errors::crt::wrong_passphrase)));
}

TEST_F(CertificateUploadTest, takes_the_answer_to_its_request_as_a_bundle) {
    auto const pair = company_.issue(k_host);
    auto const der = pki::write_pkcs7_der({company_.intermediate(), pair.certificate});
    auto needed = needs();
    CertificateUpload const upload{.certificate = std::string(der.begin(), der.end()), .key = {}, .passphrase = {}};
    EXPECT_THAT(refusal(upload, needed), ElementsAre(ErrorId(errors::crt::no_request_pending)));
    needed.pending = &pair.key;
    auto const checked = manager::check_certificate(upload, needed);
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_TRUE(checked->answers_request);
    auto const other = company_.issue(k_host);
    needed.pending = &other.key;
    EXPECT_THAT(refusal(upload, needed), ElementsAre(ErrorId(errors::crt::answer_of_another_request)));
}

TEST_F(CertificateUploadTest, refuses_the_key_of_another_certificate) {
    auto upload = pair_of(company_.issue(k_host));
    upload.key = SecretText(company_.issue(k_host).key.to_pem().reveal());
    EXPECT_THAT(refusal(upload, needs()), ElementsAre(ErrorId(errors::crt::key_does_not_match_certificate)));
}

TEST_F(CertificateUploadTest, names_everything_that_is_wrong_at_once) {
    auto needed = needs();
    needed.names = {k_host, "outside.example.test", "192.0.2.1"};
    EXPECT_THAT(refusal(pair_of(company_.issue("other.example.test", pki::Profile::server)), needed),
                UnorderedElementsAre(ErrorId(errors::mgr::name_not_covered), ErrorId(errors::mgr::name_not_covered),
                                     ErrorId(errors::mgr::name_not_covered), ErrorId(errors::crt::wrong_purpose)));
}

TEST_F(CertificateUploadTest, refuses_a_chain_without_its_intermediate) {
    auto const pair = company_.issue(k_host);
    CertificateUpload const upload{
        .certificate = pair.certificate.to_pem(), .key = SecretText(pair.key.to_pem().reveal()), .passphrase = {}};
    EXPECT_THAT(refusal(upload, needs()), ElementsAre(ErrorId(errors::mgr::chain_incomplete)));
}

TEST_F(CertificateUploadTest, trusts_the_root_of_the_upload_only_when_it_is_told_to) {
    auto const upload = pair_of(company_.issue(k_host));
    auto needed = needs();
    needed.roots = {CompanyAuthority(now_, "Somebody").root()};
    EXPECT_THAT(refusal(upload, needed), ElementsAre(ErrorId(errors::mgr::root_not_trusted)));
    needed.trust_root = true;
    auto const checked = manager::check_certificate(upload, needed);
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_EQ(checked->new_root, company_.root());
}

TEST_F(CertificateUploadTest, refuses_what_ended_and_what_is_an_authority) {
    auto needed = needs();
    needed.now = now_ + std::chrono::days(30);
    EXPECT_THAT(refusal(pair_of(company_.issue(k_host, pki::Profile::device, std::chrono::days(7))), needed),
                ElementsAre(ErrorId(errors::crt::expired)));
    auto const authority = company_.issue(k_host, pki::Profile::device);
    CertificateUpload const request{.certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                    .key = SecretText(authority.key.to_pem().reveal()),
                                    .passphrase = {}};
    EXPECT_THAT(refusal(request, needs()), ElementsAre(ErrorId(errors::crt::broken_certificate)));
}

TEST_F(CertificateUploadTest, roots_are_roots_and_nothing_else) {
    auto const good = manager::read_roots(pki::to_pem({company_.root(), company_.root()}), now_);
    ASSERT_TRUE(good) << good.error().explanation();
    EXPECT_THAT(*good, SizeIs(1));
    auto const der = company_.root().to_der();
    EXPECT_TRUE(manager::read_roots(std::string(der.begin(), der.end()), now_));
    auto const pair = company_.issue(k_host);
    auto const bad = manager::read_roots(company_.bundle(pair.certificate), now_);
    ASSERT_FALSE(bad);
    EXPECT_THAT(ids_of(bad.error()), ElementsAre(ErrorId(errors::mgr::not_a_root), ErrorId(errors::mgr::not_a_root)))
        << "the leaf and the intermediate, each by name";
    auto const ended = manager::read_roots(company_.root().to_pem(), now_ + std::chrono::days(4000));
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().id(), errors::crt::expired);
    EXPECT_FALSE(manager::read_roots(pair.key.to_pem().reveal(), now_));
}

}  // namespace
}  // namespace countersign::testing
