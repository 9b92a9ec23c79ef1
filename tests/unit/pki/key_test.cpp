#include "pki/key.hpp"

#include "support/program.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <algorithm>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using testing::run_in;
using testing::TemporaryFolder;

SecretText secret(std::string_view text) { return SecretText(std::string(text)); }

ErrorId refusal(std::string_view pem, std::string_view passphrase = "") {
    auto key = PrivateKey::parse_pem(pem, secret(passphrase));
    EXPECT_FALSE(key);
    return key ? ErrorId{} : key.error().id();
}

/// What openssl writes with these arguments into key.pem.
std::string made_by_openssl(std::string const& arguments) {
    TemporaryFolder const folder;
    auto ran = run_in(folder, "openssl " + arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    return folder.read("key.pem");
}

class EveryKeyType : public ::testing::TestWithParam<std::string_view> {};

TEST_P(EveryKeyType, is_made_and_read_by_openssl_and_by_us) {
    auto type = parse_key_type(GetParam());
    ASSERT_TRUE(type);
    EXPECT_EQ(to_string(*type), GetParam());
    auto key = PrivateKey::generate(*type);
    ASSERT_TRUE(key);
    TemporaryFolder const folder;
    static_cast<void>(folder.file("key.pem", key->to_pem().reveal()));
    auto check = run_in(folder, "openssl pkey -in key.pem -check -noout");
    EXPECT_EQ(check.exit_code, 0) << check.output;
    auto again = PrivateKey::parse_pem(key->to_pem().reveal());
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->public_key_sha256(), key->public_key_sha256());
}

INSTANTIATE_TEST_SUITE_P(Keys, EveryKeyType, ::testing::Values("ec:p256", "ec:p384", "rsa:2048", "rsa:3072", "ed25519"));

TEST(PrivateKey, names_its_algorithm_and_bits) {
    auto ec = PrivateKey::generate(KeyType::ec_p384);
    ASSERT_TRUE(ec);
    EXPECT_EQ(ec->algorithm(), "EC");
    EXPECT_EQ(ec->bits(), 384);
    auto ed = PrivateKey::generate(KeyType::ed25519);
    ASSERT_TRUE(ed);
    EXPECT_EQ(ed->algorithm(), "Ed25519");
}

TEST(PrivateKey, hashes_the_public_key_as_openssl_does) {
    auto key = PrivateKey::generate(KeyType::ec_p256);
    ASSERT_TRUE(key);
    TemporaryFolder const folder;
    static_cast<void>(folder.file("key.pem", key->to_pem().reveal()));
    auto hash = run_in(folder, "openssl pkey -in key.pem -pubout -outform DER | openssl dgst -sha256 -r");
    EXPECT_TRUE(hash.output.starts_with(key->public_key_sha256())) << hash.output;
}

TEST(PrivateKey, of_a_curve_is_written_as_openssl_writes_it) {
    for (auto const type : {KeyType::ec_p256, KeyType::ec_p384}) {
        // One key in 256 begins with a zero.
        for (int i = 0; i < 600; ++i) {
            auto const made = PrivateKey::generate(type);
            ASSERT_TRUE(made);
            unsigned char* data = nullptr;
            PKCS8_PRIV_KEY_INFO* const info = EVP_PKEY2PKCS8(made->native());
            int const size = i2d_PKCS8_PRIV_KEY_INFO(info, &data);
            PKCS8_PRIV_KEY_INFO_free(info);
            ASSERT_GT(size, 0);
            Bytes const theirs(data, data + size);
            OPENSSL_free(data);
            ASSERT_EQ(made->to_der().reveal(), theirs) << to_string(type) << ", key " << i;
        }
    }
}

TEST(PrivateKey, refuses_key_types_it_does_not_know) {
    for (auto const* bad : {"", "rsa", "rsa:1024", "ec:p521", "dsa:2048"}) {
        auto type = parse_key_type(bad);
        ASSERT_FALSE(type) << bad;
        EXPECT_EQ(type.error().id(), crt::unsupported_key_type);
    }
}

TEST(PrivateKey, encrypted_by_us_is_opened_by_openssl) {
    auto key = PrivateKey::generate(KeyType::ec_p256);
    ASSERT_TRUE(key);
    auto pem = key->to_pem(secret("correct horse"));
    EXPECT_TRUE(pem.reveal().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    TemporaryFolder const folder;
    static_cast<void>(folder.file("key.pem", pem.reveal()));
    EXPECT_EQ(run_in(folder, "openssl pkey -in key.pem -passin 'pass:correct horse' -check -noout").exit_code, 0);
    EXPECT_NE(run_in(folder, "openssl pkey -in key.pem -passin pass:wrong -noout").exit_code, 0);
    auto again = PrivateKey::parse_pem(pem.reveal(), secret("correct horse"));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_key_sha256(), key->public_key_sha256());
}

/// Forms of key files that openssl makes, with the passphrase "opensesame" where encrypted.
class KeyFile : public ::testing::TestWithParam<char const*> {};

TEST_P(KeyFile, made_by_openssl_is_read) {
    auto const pem = made_by_openssl(GetParam());
    auto key = PrivateKey::parse_pem(pem, secret("opensesame"));
    ASSERT_TRUE(key) << key.error().message() << pem;
}

INSTANTIATE_TEST_SUITE_P(Plain, KeyFile,
                         ::testing::Values("genrsa -out key.pem 2048", "genrsa -traditional -out key.pem 2048",
                                           "ecparam -name prime256v1 -genkey -out key.pem", "genpkey -algorithm ed25519 -out key.pem",
                                           "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out key.pem"));

class EncryptedKeyFile : public KeyFile {};

TEST_P(EncryptedKeyFile, is_opened_by_its_passphrase_only) {
    auto const pem = made_by_openssl(GetParam());
    auto key = PrivateKey::parse_pem(pem, secret("opensesame"));
    ASSERT_TRUE(key) << key.error().message() << pem;
    EXPECT_EQ(refusal(pem), crt::passphrase_needed);
    // So many that one in 256 gives good padding by chance: that, too, is a wrong passphrase and not a broken key.
    for (int i = 0; i < 300; ++i) EXPECT_EQ(refusal(pem, "wrong" + std::to_string(i)), crt::wrong_passphrase);
}

INSTANTIATE_TEST_SUITE_P(Traditional, EncryptedKeyFile,
                         ::testing::Values("genrsa -traditional -des3 -passout pass:opensesame -out key.pem 2048",
                                           "genrsa -traditional -aes256 -passout pass:opensesame -out key.pem 2048",
                                           "ecparam -name prime256v1 -genkey | openssl ec -aes128 -passout pass:opensesame -out key.pem"));
INSTANTIATE_TEST_SUITE_P(
    Pkcs8, EncryptedKeyFile,
    ::testing::Values("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:opensesame -out key.pem",
                      "genpkey -algorithm ed25519 -des3 -pass pass:opensesame -out key.pem",
                      "genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:opensesame -out key.pem"));

TEST(PrivateKey, encrypted_with_scrypt_is_read) {
    auto const pem = made_by_openssl("genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -scrypt -passout pass:opensesame -out key.pem");
    EXPECT_TRUE(PrivateKey::parse_pem(pem, secret("opensesame")));
    EXPECT_EQ(refusal(pem, "wrong"), crt::wrong_passphrase);
}

TEST(PrivateKey, that_asks_for_hours_of_work_is_refused_at_once) {
    auto const pem =
        made_by_openssl("genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -iter 300000 -passout pass:opensesame -out key.pem");
    ASSERT_TRUE(PrivateKey::parse_pem(pem, secret("opensesame")));
    // The same file with 2^31 - 1 rounds instead of 300000 (02 03 04 93 e0): the salt gives up a byte for it.
    auto const body_start = pem.find('\n') + 1;
    std::string packed;
    for (char c : pem.substr(body_start, pem.find("-----END") - body_start)) {
        if (c != '\n') packed.push_back(c);
    }
    auto der = from_base64(packed);
    ASSERT_TRUE(der);
    Bytes const rounds{0x04, 0x08};  // OCTET STRING of 8: the salt
    auto const salt = std::ranges::search(*der, rounds).begin();
    ASSERT_NE(salt, der->end());
    auto const integer = salt + 10;
    ASSERT_EQ(Bytes(integer, integer + 5), (Bytes{0x02, 0x03, 0x04, 0x93, 0xe0}));
    Bytes const swapped{0x04, 0x07, 1, 2, 3, 4, 5, 6, 7, 0x02, 0x04, 0x7f, 0xff, 0xff, 0xff};
    std::ranges::copy(swapped, salt);
    auto key = PrivateKey::parse_pem(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + to_base64(*der) + "\n-----END ENCRYPTED PRIVATE KEY-----\n", secret("opensesame"));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().id(), crt::too_expensive);
    EXPECT_EQ(key.error().parameter("rounds"), "2147483647");
}

TEST(PrivateKey, is_found_among_other_blocks_and_text) {
    auto key = PrivateKey::generate(KeyType::ec_p256);
    ASSERT_TRUE(key);
    auto const pem = "Bag Attributes\r\n-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n" +
                     replace_all(key->to_pem().reveal(), "\n", "\r\n") + "trailing";
    EXPECT_TRUE(PrivateKey::parse_pem(pem));
}

TEST(PrivateKey, broken_input_says_what_is_broken) {
    auto key = PrivateKey::generate(KeyType::ec_p256);
    ASSERT_TRUE(key);
    std::string const pem = key->to_pem().reveal();
    EXPECT_EQ(refusal(""), crt::not_pem);
    EXPECT_EQ(refusal("hello"), crt::not_pem);
    EXPECT_EQ(refusal(pem.substr(0, pem.size() - 30)), crt::not_pem) << "no END line";
    EXPECT_EQ(refusal(replace_all(pem, "MIG", "M!G")), crt::not_pem) << "not Base64";
    EXPECT_EQ(refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), crt::not_pem);
    EXPECT_EQ(refusal("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), crt::broken_key);
    EXPECT_EQ(refusal("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"), crt::broken_key);
    EXPECT_EQ(refusal("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "x"), crt::broken_key);
    EXPECT_EQ(refusal(std::string(2 * 1024 * 1024, 'x')), errors::fil::too_large);
}

TEST(PrivateKey, with_an_encryption_nobody_knows_is_not_taken_for_a_wrong_passphrase) {
    auto with = [](std::string const& cipher) {
        return refusal("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: " + cipher +
                           "\n\nAAAAAAAAAAA=\n-----END RSA PRIVATE KEY-----\n",
                       "x");
    };
    EXPECT_EQ(with("NO-SUCH-CIPHER,0011223344556677"), crt::unsupported_key_type);
    EXPECT_EQ(with("AES-256-GCM,001122334455667788990011"), crt::unsupported_key_type) << "a mode that nobody writes";
    EXPECT_EQ(with(",0011223344556677"), crt::broken_key);
    EXPECT_EQ(with("DES-CBC"), crt::broken_key) << "no initial value";
    EXPECT_EQ(with("DES-CBC,0011"), crt::broken_key) << "a short initial value";
    EXPECT_EQ(with("DES-CBC,0011223344556677"), crt::wrong_passphrase) << "a cipher of the legacy provider";
    EXPECT_EQ(
        refusal("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0011223344556677\n\nAAAA\n-----END RSA "
                "PRIVATE KEY-----\n",
                "x"),
        crt::broken_key)
        << "cut off";
}

TEST(PrivateKey, that_is_encrypted_under_a_plain_label_is_broken_and_asks_nobody) {
    auto const pem = made_by_openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:opensesame -out key.pem");
    EXPECT_EQ(refusal(replace_all(pem, "ENCRYPTED ", "EC "), "opensesame"), crt::broken_key);
    EXPECT_EQ(refusal(replace_all(pem, "ENCRYPTED ", ""), "opensesame"), crt::broken_key);
}

TEST(PrivateKey, of_a_kind_that_is_not_supported_says_so) {
    EXPECT_EQ(refusal(made_by_openssl("genpkey -algorithm X25519 -out key.pem")), crt::unsupported_key_type);
    EXPECT_EQ(refusal(made_by_openssl("genpkey -algorithm ed448 -out key.pem")), crt::unsupported_key_type);
    EXPECT_EQ(refusal("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"), crt::unsupported_key_type);
}

}  // namespace
}  // namespace countersign::pki
