#include "pki/token.hpp"

#include "pki/pkcs12.hpp"
#include "support/soft_token.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::HasSubstr;
using testing::k_soft_module;
using testing::SoftToken;

SecretText secret(std::string_view text) { return SecretText(std::string(text)); }

class Token : public ::testing::Test {
protected:
    static void SetUpTestSuite() { SoftToken::get(); }

    static Result<PrivateKey> open(std::string const& uri, std::string_view pin = "1234", std::string const& module = k_soft_module) {
        return open_token_key(uri, module, secret(pin));
    }
    /// The detail of the refusal.
    static std::string refusal(std::string const& uri, std::string_view pin = "1234", std::string const& module = k_soft_module) {
        auto key = open(uri, pin, module);
        EXPECT_FALSE(key) << uri;
        if (key) return {};
        EXPECT_EQ(key.error().id(), crt::token_failed);
        return std::string(key.error().parameter("detail"));
    }
};

TEST_F(Token, gives_a_key_that_signs_requests_roots_certificates_and_lists) {
    for (auto const* object : {"root", "sub"}) {
        auto const key = must(open("pkcs11:token=estate;object=" + std::string(object)));
        EXPECT_FALSE(key.exportable());
        auto const ask = must(CertificateRequest::create(key, {.common_name = "x"}, {}));
        EXPECT_TRUE(CertificateRequest::parse_pem(ask.to_pem())) << "its signature fits";
        auto const top = must(CertificateAuthority::create_root(key, {.common_name = "Token root"}, k_this_decade));
        EXPECT_EQ(top.certificate().public_key_sha256(), key.public_key_sha256());
        EXPECT_TRUE(check_key_matches(top.certificate(), key));
        auto const issued = leaf(top);
        auto const& folder = SoftToken::get().folder();
        static_cast<void>(folder.file("root.pem", top.certificate().to_pem()));
        static_cast<void>(folder.file("leaf.pem", issued.to_pem()));
        static_cast<void>(folder.file("list.pem", must(top.sign_crl({}, 1, k_noon, k_noon + std::chrono::days(1)))));
        auto const verified = run_in(folder, "openssl verify -attime 1780300000 -crl_check -CRLfile list.pem -CAfile root.pem leaf.pem");
        EXPECT_EQ(verified.exit_code, 0) << verified.output;
        EXPECT_TRUE(CertificateAuthority::create(top.certificate(), key)) << "as after a restart";
    }
}

TEST_F(Token, key_has_the_algorithm_size_and_public_part_that_the_token_shows) {
    auto const rsa = must(open("pkcs11:token=estate;object=root"));
    EXPECT_EQ(rsa.algorithm(), "RSA");
    EXPECT_EQ(rsa.bits(), 2048);
    auto const ec = must(open("pkcs11:token=estate;object=twin;id=%04"));
    EXPECT_EQ(ec.algorithm(), "EC");
    EXPECT_EQ(ec.bits(), 384);
    auto const& token = SoftToken::get();
    token.tool("--read-object --type pubkey --label root --output-file root.der");
    auto const hash = run_in(token.folder(), "openssl pkey -pubin -inform DER -in root.der -outform DER -pubout | openssl dgst -sha256 -r");
    EXPECT_THAT(hash.output, HasSubstr(rsa.public_key_sha256()));
}

TEST_F(Token, is_found_by_module_path_and_serial_number) {
    auto const slots =
        run_in(SoftToken::get().folder(), "pkcs11-tool --module " + k_soft_module + " --list-slots | sed -n 's/.*serial num *: *//p'");
    auto const serial = std::string(trim(slots.output.substr(0, slots.output.find('\n'))));
    EXPECT_TRUE(open("pkcs11:serial=" + serial + ";object=sub;type=private?module-path=" + k_soft_module, "1234", ""));
    EXPECT_EQ(refusal("pkcs11:serial=00;object=sub"), "there is no such token");
}

TEST_F(Token, says_what_is_wrong) {
    EXPECT_EQ(refusal("pkcs11:token=estate;object=sub", "1234", "/no/such/module.so"), "there is no such module");
    EXPECT_EQ(refusal("pkcs11:token=estate;object=sub", "1234", SoftToken::get().folder().file("text.so", "text")),
              "the module cannot be loaded");
    EXPECT_EQ(refusal("pkcs11:token=estate;object=sub", "1234", ""), "no module was named, and the address has no module-path");
    EXPECT_EQ(refusal("pkcs11:token=elsewhere;object=sub"), "there is no such token");
    EXPECT_EQ(refusal("pkcs11:token=estate;object=nothing"), "there is no such private key on the token");
    EXPECT_EQ(refusal("pkcs11:token=estate;object=twin"), "more than one private key fits the address");
    EXPECT_EQ(refusal("pkcs11:token=estate;object=sub", ""), "the token needs a PIN and none was given");
}

TEST_F(Token, refuses_a_wrong_pin_once_and_takes_the_right_one_after_it) {
    EXPECT_EQ(refusal("pkcs11:token=estate;object=sub", "4321"), "the token refused the PIN; it was not tried again");
    auto const key = must(open("pkcs11:token=estate;object=sub"));
    EXPECT_EQ(refusal("pkcs11:token=estate;object=root", "4321"), "this PIN is not the one that the token is in use with");
    EXPECT_TRUE(open("pkcs11:token=estate;object=root"));
}

TEST_F(Token, is_closed_when_its_last_key_goes) {
    EXPECT_TRUE(open("pkcs11:token=estate;object=sub"));
    EXPECT_EQ(refusal("pkcs11:token=estate;object=sub", "4321"), "the token refused the PIN; it was not tried again")
        << "nobody is logged in";
}

TEST_F(Token, outlives_the_key_that_opened_it_for_whoever_still_uses_it) {
    auto key = std::make_unique<PrivateKey>(must(open("pkcs11:token=estate;object=sub")));
    auto const top = must(CertificateAuthority::create_root(*key, {.common_name = "Token root"}, k_this_decade));
    key.reset();
    auto second = std::make_unique<PrivateKey>(must(open("pkcs11:token=estate;object=root")));
    second.reset();
    EXPECT_TRUE(top.sign(request(new_key(), "x", "dns:a.test"), Profile::server, k_this_decade));
}

TEST_F(Token, signs_for_several_threads_at_once) {
    auto const key = must(open("pkcs11:token=estate;object=sub"));
    std::atomic<int> good = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&key, &good] {
                auto const own = open("pkcs11:token=estate;object=root");
                for (int n = 0; n < 10; ++n) {
                    auto const ask = CertificateRequest::create(n % 2 == 0 && own ? *own : key, {.common_name = "x"}, {});
                    if (ask && CertificateRequest::parse_pem(ask->to_pem())) ++good;
                }
            });
        }
    }
    EXPECT_EQ(good, 40);
}

TEST_F(Token, key_is_not_written_into_files) {
    auto const key = must(open("pkcs11:token=estate;object=sub"));
    EXPECT_THROW(static_cast<void>(key.to_pem()), std::logic_error);
    EXPECT_THROW(static_cast<void>(key.to_der()), std::logic_error);
    EXPECT_THROW(static_cast<void>(key.to_traditional_pem()), std::logic_error);
    auto const package = write_pkcs12({.key = key}, secret("x"), Pkcs12Ciphers::modern);
    ASSERT_FALSE(package);
    EXPECT_EQ(package.error().id(), crt::token_failed);
}

TEST(TokenUri, is_told_by_its_scheme) {
    EXPECT_TRUE(is_token_uri("pkcs11:token=x"));
    EXPECT_TRUE(is_token_uri("PKCS11:token=x"));
    EXPECT_FALSE(is_token_uri("/etc/pkcs11:x"));
    EXPECT_FALSE(is_token_uri(""));
}

TEST(TokenUri, that_makes_no_sense_is_refused_before_anything_is_loaded) {
    auto refused = [](std::string const& uri) {
        auto key = open_token_key(uri, "/no/such/module.so", secret("1234"));
        EXPECT_FALSE(key);
        return key ? std::string() : std::string(key.error().parameter("detail"));
    };
    EXPECT_EQ(refused("file:x"), "the address does not begin with pkcs11:");
    EXPECT_EQ(refused("pkcs11:token"), "the address has a part without '='");
    EXPECT_EQ(refused("pkcs11:token=%4"), "the address has a '%' without two hexadecimal digits");
    EXPECT_EQ(refused("pkcs11:token=%zz"), "the address has a '%' without two hexadecimal digits");
    EXPECT_EQ(refused("pkcs11:token=a;token=b"), "a part of the address stands twice");
    EXPECT_EQ(refused("pkcs11:id=%01;id=%02"), "a part of the address stands twice");
    EXPECT_EQ(refused("pkcs11:colour=red"), "the address has a part that is not known");
    EXPECT_EQ(refused("pkcs11:type=cert"), "the address is not one of a private key");
    EXPECT_EQ(refused("pkcs11:token=a?pin-value=1234"), "the PIN must not stand in the address");
    EXPECT_EQ(refused("pkcs11:token=a%3Bb"), "there is no such module") << "an encoded ';'";
}

}  // namespace
}  // namespace countersign::pki
