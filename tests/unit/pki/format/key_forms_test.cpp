// Private keys in every form that is still around: DER, traditional, and encrypted with what old programs used.

#include "pki/key.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::HasSubstr;
using ::testing::StartsWith;

SecretText secret(std::string_view text) { return SecretText(std::string(text)); }

ErrorId refusal(std::string_view bytes, std::string_view passphrase = "") {
    auto key = PrivateKey::parse(bytes, secret(passphrase));
    EXPECT_FALSE(key);
    return key ? ErrorId{} : key.error().id();
}

/// What openssl writes into `out`; "pass:opensesame" is the passphrase.
std::string made(std::string const& command) {
    TemporaryFolder const folder;
    auto const ran = run_in(folder, command);
    EXPECT_EQ(ran.exit_code, 0) << command << "\n" << ran.output;
    return folder.read("out");
}

std::string_view text_of(Secret<Bytes> const& bytes) {
    return {reinterpret_cast<char const*>(bytes.reveal().data()), bytes.reveal().size()};
}

class PlainKey : public ::testing::TestWithParam<char const*> {};

TEST_P(PlainKey, is_read_whatever_its_form) { EXPECT_TRUE(must(PrivateKey::parse(made(GetParam()))).exportable()); }

INSTANTIATE_TEST_SUITE_P(Forms, PlainKey,
                         ::testing::Values("openssl genpkey -algorithm rsa -outform DER -out out",
                                           "openssl genpkey -algorithm ed25519 -outform DER -out out",
                                           "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -outform DER -out out",
                                           "openssl genrsa -traditional -out k && openssl rsa -in k -traditional -outform DER -out out",
                                           "openssl ecparam -name secp384r1 -genkey -out k && openssl ec -in k -outform DER -out out",
                                           "openssl ecparam -name prime256v1 -genkey -out out && grep -q 'EC PARAMETERS' out",
                                           "openssl ecparam -name prime256v1 -genkey -param_enc explicit -out out",
                                           "openssl ecparam -name brainpoolP256r1 -genkey -noout -out out",
                                           "certtool --generate-privkey --key-type rsa --outfile out",
                                           "certtool --generate-privkey --key-type ecdsa --outfile out",
                                           "certtool --generate-privkey --key-type ed25519 --outfile out",
                                           "certtool --generate-privkey --key-type ecdsa --pkcs8 --password '' --outfile out"));

class SealedKey : public ::testing::TestWithParam<std::string> {};

TEST_P(SealedKey, is_opened_by_its_passphrase_and_by_no_other) {
    auto const file = made(GetParam());
    EXPECT_TRUE(PrivateKey::parse(file, secret("opensesame")));
    EXPECT_EQ(refusal(file), crt::passphrase_needed);
    EXPECT_EQ(refusal(file, "wrong"), crt::wrong_passphrase);
}

std::string pkcs8(std::string const& options) {
    return "openssl genpkey -algorithm ed25519 -out k && openssl pkcs8 -topk8 -in k -passout pass:opensesame -out out -provider legacy "
           "-provider "
           "default " +
           options;
}

INSTANTIATE_TEST_SUITE_P(Pbes1, SealedKey,
                         ::testing::Values(pkcs8("-v1 PBE-MD5-DES"), pkcs8("-v1 PBE-MD5-RC2-64"), pkcs8("-v1 PBE-SHA1-DES"),
                                           pkcs8("-v1 PBE-SHA1-RC2-64"), pkcs8("-v1 PBE-SHA1-RC4-128"), pkcs8("-v1 PBE-SHA1-3DES"),
                                           pkcs8("-v1 PBE-SHA1-2DES"), pkcs8("-v1 PBE-SHA1-RC2-128"), pkcs8("-v1 PBE-SHA1-RC2-40")));
INSTANTIATE_TEST_SUITE_P(Pbes2, SealedKey,
                         ::testing::Values(pkcs8("-v2 aes-128-cbc"), pkcs8("-v2 aes-256-cbc -v2prf hmacWithSHA512"), pkcs8("-v2 des3"),
                                           pkcs8("-v2 des"), pkcs8("-v2 rc2"), pkcs8("-v2 aes-256-cbc -v2prf hmacWithSHA1"),
                                           pkcs8("-scrypt"), pkcs8("-v2 camellia-256-cbc"), pkcs8("-v2 aes256 -outform DER"),
                                           "certtool --generate-privkey --key-type ecdsa --pkcs8 --password opensesame --outfile out",
                                           "certtool --generate-privkey --key-type ecdsa --pkcs8 --password opensesame --pkcs-cipher "
                                           "3des-pkcs12 --outfile out"));

std::string traditional(std::string const& cipher) {
    return "openssl genrsa -traditional -out k 1024 && openssl rsa -in k -traditional -passout pass:opensesame -out out -provider legacy "
           "-provider default -" +
           cipher + " && grep -q DEK-Info out";
}

INSTANTIATE_TEST_SUITE_P(Traditional, SealedKey,
                         ::testing::Values("openssl genrsa -traditional -des3 -passout pass:opensesame -out out 2048",  // seed 002
                                           traditional("des"), traditional("des3"), traditional("aes128"), traditional("aes192"),
                                           traditional("aes256"), traditional("camellia256"), traditional("bf"), traditional("cast"),
                                           traditional("seed"), traditional("rc2"),
                                           "openssl ecparam -name prime256v1 -genkey -out k && openssl ec -in k -des3 -passout "
                                           "pass:opensesame -out out"));

TEST(SealedKey, whose_decrypted_bytes_are_no_sound_key_is_broken_and_not_a_wrong_passphrase) {
    // A traditional key of a right length, whose content is not one of RSA.
    auto const file = made(
        "printf '0\\006\\002\\001\\000\\002\\001\\000' > k && iv=0011223344556677 && "
        "key=$({ printf opensesame; printf '\\000\\021\\042\\063\\104\\125\\146\\167'; } | openssl md5 -r | cut -c1-16) && { "
        "printf -- '-----BEGIN RSA PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: DES-CBC,'$iv'\\n\\n'; "
        "openssl enc -provider legacy -provider default -des-cbc -K $key -iv $iv -in k -base64; "
        "printf -- '-----END RSA PRIVATE KEY-----\\n'; } > out");
    EXPECT_EQ(refusal(file, "opensesame"), crt::broken_key);
    EXPECT_EQ(refusal(file, "wrong"), crt::wrong_passphrase);
}

TEST(SealedKey, in_a_cipher_that_nobody_knows_says_which) {
    // PBES2 with an object identifier of nobody for the cipher.
    auto const der = made(pkcs8("-v2 aes-256-cbc -outform DER"));
    Bytes const aes{0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a};
    auto changed = der;
    auto const found = changed.find(std::string(aes.begin(), aes.end()));
    ASSERT_NE(found, std::string::npos);
    changed[found + aes.size() - 1] = 0x7f;
    EXPECT_EQ(refusal(changed, "opensesame"), crt::unsupported_key_type);
}

TEST(PrivateKeyForm, of_windows_and_old_macs_is_read) {
    auto const pem = made("openssl genrsa -traditional -des3 -passout pass:opensesame -out out 2048");
    for (auto const* line_end : {"\r\n", "\r"}) EXPECT_TRUE(PrivateKey::parse(replace_all(pem, "\n", line_end), secret("opensesame")));
    EXPECT_TRUE(PrivateKey::parse("\xef\xbb\xbf" + pem, secret("opensesame"))) << "byte order mark";
}

TEST(PrivateKeyForm, of_dsa_is_refused_by_name) {
    auto named = [](std::string const& file, std::string_view passphrase = "") {
        auto key = PrivateKey::parse(file, secret(passphrase));
        EXPECT_FALSE(key);
        if (key) return std::string();
        EXPECT_EQ(key.error().id(), crt::unsupported_key_type);
        return std::string(key.error().parameter("type"));
    };
    std::string const make = "openssl dsaparam -genkey -out k 1024 2>/dev/null && openssl dsa -in k ";
    EXPECT_EQ(named(made(make + "-out out")), "DSA");
    EXPECT_EQ(named(made(make + "-outform DER -out out")), "DSA");
    EXPECT_EQ(named(made(make + "| openssl pkcs8 -topk8 -nocrypt -out out")), "DSA");
    EXPECT_EQ(named(made(make + "| openssl pkcs8 -topk8 -passout pass:opensesame -out out"), "opensesame"), "DSA");
    EXPECT_EQ(named(made(make + "-traditional -aes128 -passout pass:opensesame -out out"), "opensesame"), "DSA");
}

TEST(PrivateKeyForm, that_is_no_key_is_refused) {
    auto const key = new_key();
    std::string const der(text_of(key.to_der()));
    EXPECT_TRUE(PrivateKey::parse(der));
    EXPECT_EQ(refusal(der + "x"), crt::broken_key);
    EXPECT_EQ(refusal(der.substr(0, der.size() - 1)), crt::broken_key);
    EXPECT_EQ(refusal("0"), crt::not_pem);
    auto const certificate = root().certificate().to_der();
    EXPECT_EQ(refusal({reinterpret_cast<char const*>(certificate.data()), certificate.size()}), crt::not_pem);
    EXPECT_EQ(refusal(std::string(1024 * 1024 + 1, '0')), errors::fil::too_large);
}

TEST(PrivateKeyForm, written_as_der_is_read_by_openssl) {
    for (auto const type : {KeyType::rsa_2048, KeyType::ec_p384, KeyType::ed25519}) {
        auto const key = new_key(type);
        TemporaryFolder const folder;
        static_cast<void>(folder.file("k.der", text_of(key.to_der())));
        auto const ran = run_in(folder,
                                "openssl pkey -inform DER -in k.der -check -noout && openssl pkey -inform DER -in k.der -outform DER "
                                "-pubout | openssl dgst -sha256 -r");
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        EXPECT_THAT(ran.output, HasSubstr(key.public_key_sha256()));
    }
}

TEST(PrivateKeyForm, for_old_equipment_is_read_by_openssl_certtool_and_ourselves) {
    for (auto const type : {KeyType::rsa_2048, KeyType::ec_p256}) {
        auto const key = new_key(type);
        for (auto const* passphrase : {"", "open sesame"}) {
            auto const pem = must(key.to_traditional_pem(secret(passphrase)));
            EXPECT_THAT(pem.reveal(),
                        StartsWith(type == KeyType::rsa_2048 ? "-----BEGIN RSA PRIVATE KEY-----\n" : "-----BEGIN EC PRIVATE KEY-----\n"));
            EXPECT_EQ(pem.reveal().contains("DEK-Info: DES-EDE3-CBC,"), *passphrase != 0);
            EXPECT_EQ(must(PrivateKey::parse(pem.reveal(), secret(passphrase))).public_key_sha256(), key.public_key_sha256());
            TemporaryFolder const folder;
            static_cast<void>(folder.file("k.pem", pem.reveal()));
            auto const theirs = run_in(folder, std::string("openssl pkey -in k.pem -check -noout -passin 'pass:") + passphrase + "'");
            EXPECT_EQ(theirs.exit_code, 0) << theirs.output;
            auto const gnutls = run_in(folder, std::string("certtool --key-info --infile k.pem --password '") + passphrase + "'");
            EXPECT_EQ(gnutls.exit_code, 0) << gnutls.output;
        }
    }
    auto const none = new_key(KeyType::ed25519).to_traditional_pem();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().id(), crt::unsupported_key_type);
}

TEST(PrivateKeyForm, opened_with_an_old_cipher_brings_the_cipher_nowhere_else) {
    EXPECT_TRUE(PrivateKey::parse(made(pkcs8("-v1 PBE-SHA1-RC2-40")), secret("opensesame")));
    EXPECT_EQ(EVP_CIPHER_fetch(nullptr, "RC2-40-CBC", nullptr), nullptr) << "the legacy provider is in the context of everybody";
}

}  // namespace
}  // namespace countersign::pki
