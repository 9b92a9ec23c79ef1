#include "unit/device/certificates_fixture.hpp"
#include "unit/device/unit_fixture.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::device::testing {
namespace {

class Rollback : public ::testing::Test {
protected:
    TemporaryFolder folder_;
    std::shared_ptr<host::Sealer const> sealer_ =
        std::make_shared<host::Sealer const>(host::Sealer::load_or_create(folder_.path() / "sealing.key").value());
    CertificateRepository repository_{folder_.path(), "unit", sealer_, host::Durability::none};
    TestAuthority authority_;
};

TEST_F(Rollback, leads_from_the_first_upload_to_the_factory_pair) {
    EXPECT_FALSE(repository_.has_previous());
    ASSERT_TRUE(repository_.install(authority_.issue()));
    EXPECT_TRUE(repository_.has_previous());
    EXPECT_FALSE(repository_.load_previous().value()->pair);
    ASSERT_TRUE(repository_.roll_back());
    EXPECT_FALSE(repository_.has_custom());
    EXPECT_EQ(repository_.roll_back().error().id(), errors::gen::not_found);
}

TEST_F(Rollback, leads_one_step_back_and_no_further) {
    auto const first = authority_.issue();
    ASSERT_TRUE(repository_.install(first));
    ASSERT_TRUE(repository_.install(authority_.issue()));
    ASSERT_TRUE(repository_.roll_back());
    EXPECT_EQ(repository_.load_custom().value().chain, first.chain);
    EXPECT_FALSE(repository_.has_previous());
}

TEST_F(Rollback, brings_back_a_pair_that_was_deleted) {
    auto const pair = authority_.issue();
    ASSERT_TRUE(repository_.install(pair));
    ASSERT_TRUE(repository_.remove_custom());
    ASSERT_TRUE(repository_.roll_back());
    EXPECT_EQ(repository_.load_custom().value().chain, pair.chain);
}

// Killed after the previous pair was written and before the current one was replaced.
TEST_F(Rollback, knows_that_a_step_was_begun_and_not_done) {
    ASSERT_TRUE(repository_.install(authority_.issue()));
    fs::copy_file(folder_.path() / "certificate.pem", folder_.path() / "certificate.previous.pem", fs::copy_options::overwrite_existing);
    EXPECT_FALSE(repository_.has_previous());
}

TEST_F(Rollback, keeps_a_pending_key_sealed_and_apart_from_pairs) {
    auto const key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
    auto const request = pki::CertificateRequest::create(key, {.common_name = "x"}, {}).value();
    auto const made = today();
    ASSERT_TRUE(repository_.store_request({key, request, made}));
    EXPECT_EQ(host::read_file(folder_.path() / "request.pem").value().find("PRIVATE KEY"), std::string::npos);
    auto const loaded = repository_.load_request().value();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->key.public_key_sha256(), key.public_key_sha256());
    EXPECT_EQ(loaded->made, made);
    fs::copy_file(folder_.path() / "request.pem", folder_.path() / "certificate.pem");
    EXPECT_FALSE(repository_.load_custom()) << "the file of a request is no pair";
}

}  // namespace
}  // namespace countersign::device::testing
