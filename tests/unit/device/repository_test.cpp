#include "device/repository/upload_check.hpp"
#include "unit/device/certificates_fixture.hpp"
#include "unit/device/unit_fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <csignal>
#include <random>
#include <sys/wait.h>

namespace countersign::device::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class Repository : public ::testing::Test {
protected:
    TemporaryFolder folder_;
    std::shared_ptr<host::Sealer const> sealer_ =
        std::make_shared<host::Sealer const>(host::Sealer::load_or_create(folder_.path() / "sealing.key").value());
    CertificateRepository open(std::string const& owner = "unit") { return {folder_.path(), owner, sealer_, host::Durability::fsync}; }
};

TEST_F(Repository, keeps_a_pair_in_one_file_with_its_key_sealed) {
    TestAuthority authority;
    auto pair = authority.issue();
    auto repository = open();
    ASSERT_TRUE(repository.install(pair));
    auto text = host::read_file(folder_.path() / "certificate.pem").value();
    EXPECT_EQ(text.find("PRIVATE KEY"), std::string::npos);
    auto loaded = repository.load_custom();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->key.public_key_sha256(), pair.key.public_key_sha256());
    EXPECT_EQ(loaded->chain, pair.chain);
}

TEST_F(Repository, keeps_the_pair_that_was_replaced) {
    TestAuthority authority;
    auto repository = open();
    auto first = authority.issue();
    ASSERT_TRUE(repository.install(first));
    ASSERT_TRUE(repository.install(authority.issue()));
    fs::rename(folder_.path() / "certificate.previous.pem", folder_.path() / "certificate.pem");
    EXPECT_EQ(repository.load_custom().value().chain.front(), first.chain.front());
}

TEST_F(Repository, does_not_open_the_key_of_another_unit) {
    ASSERT_TRUE(open("one").install(TestAuthority().issue()));
    EXPECT_FALSE(open("other").load_custom());
}

// The child does nothing but replace the pair, over and over, until it is killed in the midst of it.
TEST_F(Repository, is_whole_whenever_the_process_is_killed) {
    TestAuthority authority;
    auto a = authority.issue();
    auto b = authority.issue();
    auto repository = open();
    ASSERT_TRUE(repository.install(a));
    // A pair before it, too: a child that is killed at once has written none.
    ASSERT_TRUE(repository.install(b));
    std::mt19937 random(20261121);
    for (int round = 0; round < 30; ++round) {
        auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            for (;;)
                if (!repository.install(b) || !repository.install(a)) ::_exit(1);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<int>(200, 12'000)(random)));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
        auto loaded = repository.load_custom();
        ASSERT_TRUE(loaded) << loaded.error().explanation();
        EXPECT_TRUE(loaded->chain.front() == a.chain.front() || loaded->chain.front() == b.chain.front());
        // The pair before is whole, too, or it is the mark of the factory pair, when the child got nothing done.
        auto previous = repository.load_previous();
        EXPECT_TRUE(previous) << previous.error().explanation();
    }
}

// --- what is checked about an upload ---

std::vector<ErrorId> ids(Result<CheckedUpload> const& checked) {
    if (checked) return {};
    if (checked.error().id() != errors::gen::several_problems) return {checked.error().id()};
    std::vector<ErrorId> out;
    for (auto const& cause : checked.error().causes()) out.push_back(cause.id());
    return out;
}

family::CertificateRules rules() { return {.key_types = {"rsa", "ecdsa", "ed25519"}}; }

Upload upload_of(CertificatePair const& pair, SecretText const& passphrase = SecretText()) {
    return {.certificate = pki::to_pem(pair.chain), .private_key = pair.key.to_pem(passphrase), .passphrase = {}, .trust_store = {}};
}

TEST(UploadCheck, takes_a_chain_with_its_key) {
    EXPECT_THAT(ids(check_upload(upload_of(TestAuthority().issue()), rules(), {.now = today()})), ElementsAre());
}

TEST(UploadCheck, takes_a_key_that_stands_beside_its_certificate) {
    auto pair = TestAuthority().issue();
    Upload upload{
        .certificate = pki::to_pem(pair.chain) + pair.key.to_pem().reveal(), .private_key = {}, .passphrase = {}, .trust_store = {}};
    EXPECT_THAT(ids(check_upload(upload, rules(), {.now = today()})), ElementsAre());
}

TEST(UploadCheck, names_a_key_of_another_certificate) {
    TestAuthority authority;
    auto upload = upload_of(authority.issue());
    upload.private_key = authority.issue().key.to_pem();
    EXPECT_THAT(ids(check_upload(upload, rules(), {.now = today()})), ElementsAre(errors::crt::key_does_not_match_certificate));
}

TEST(UploadCheck, tells_a_missing_passphrase_from_a_wrong_one) {
    auto upload = upload_of(TestAuthority().issue(), SecretText("right"));
    EXPECT_THAT(ids(check_upload(upload, rules(), {.now = today()})), ElementsAre(errors::crt::passphrase_needed));
    upload.passphrase = SecretText("wrong");
    EXPECT_THAT(ids(check_upload(upload, rules(), {.now = today()})), ElementsAre(errors::crt::wrong_passphrase));
    upload.passphrase = SecretText("right");
    EXPECT_THAT(ids(check_upload(upload, rules(), {.now = today()})), ElementsAre());
}

TEST(UploadCheck, says_so_when_the_family_takes_no_encrypted_key) {
    auto upload = upload_of(TestAuthority().issue(), SecretText("right"));
    upload.passphrase = SecretText("right");
    auto strict = rules();
    strict.passphrase_allowed = false;
    EXPECT_THAT(ids(check_upload(upload, strict, {.now = today()})), ElementsAre(errors::crt::encrypted_key_not_taken));
}

TEST(UploadCheck, names_the_order_of_the_chain) {
    TestAuthority authority;
    auto pair = authority.issue();
    pair.chain.back() = TestAuthority("Another").certificate();
    EXPECT_THAT(ids(check_upload(upload_of(pair), rules(), {.now = today()})), ElementsAre(errors::crt::chain_out_of_order));
}

TEST(UploadCheck, finds_everything_that_is_wrong_at_once) {
    auto pair = TestAuthority().issue(
        {.profile = pki::Profile::client, .from = today() - std::chrono::hours(48), .until = today() - std::chrono::hours(1)});
    auto upload = upload_of(pair);
    upload.trust_store = "nothing of the kind";
    EXPECT_THAT(ids(check_upload(upload, rules(), {.now = today()})),
                UnorderedElementsAre(errors::crt::expired, errors::crt::wrong_purpose, errors::crt::certificate_missing));
}

TEST(UploadCheck, refuses_a_certificate_of_tomorrow) {
    auto pair = TestAuthority().issue({.from = today() + std::chrono::hours(24), .until = today() + std::chrono::hours(48)});
    EXPECT_THAT(ids(check_upload(upload_of(pair), rules(), {.now = today()})), ElementsAre(errors::crt::not_yet_valid));
}

TEST(UploadCheck, refuses_a_kind_of_key_that_the_family_does_not_take) {
    auto only_rsa = rules();
    only_rsa.key_types = {"rsa"};
    EXPECT_THAT(ids(check_upload(upload_of(TestAuthority().issue()), only_rsa, {.now = today()})),
                ElementsAre(errors::crt::unsupported_key_type));
}

TEST(UploadCheck, wants_certificate_and_key_together) {
    Upload only_key{.certificate = {}, .private_key = TestAuthority().issue().key.to_pem(), .passphrase = {}, .trust_store = {}};
    EXPECT_THAT(ids(check_upload(only_key, rules(), {.now = today()})), ElementsAre(errors::gen::missing_field));
    EXPECT_THAT(ids(check_upload(Upload{}, rules(), {.now = today()})), ElementsAre(errors::gen::missing_field));
}

TEST(UploadCheck, names_a_request_that_was_given_instead_of_the_certificate) {
    auto pair = TestAuthority().issue();
    auto upload = upload_of(pair);
    upload.certificate = pki::CertificateRequest::create(pair.key, {.common_name = "x"}, {}).value().to_pem();
    EXPECT_THAT(ids(check_upload(upload, rules(), {.now = today()})), ElementsAre(errors::crt::request_instead_of_certificate));
}

}  // namespace
}  // namespace countersign::device::testing
