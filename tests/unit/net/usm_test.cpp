#include "net/tls/usm.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

namespace countersign::net::tls::usm {
namespace {

std::string bytes(std::string_view hex) {
    auto const out = from_hex(hex).value();
    return {out.begin(), out.end()};
}
std::string hex(std::string_view text) { return to_hex(bytes_of(text)); }

/// RFC 3414 appendix A.3.2.
TEST(Usm, makes_the_key_of_the_rfc) {
    auto const key = localized_key(Digest::sha1, SecretText(std::string("maplesyrup")), bytes("000000000000000000000002"));
    EXPECT_EQ(hex(key.reveal()), "6695febc9288e36282235fc7151f128497b38f3f");
}

TEST(Usm, has_no_key_without_a_pass_phrase) { EXPECT_TRUE(localized_key(Digest::sha1, SecretText(std::string()), "engine").empty()); }

TEST(Usm, reads_what_it_encrypted_and_nothing_else) {
    Keys const keys{.digest = Digest::sha256,
                    .authentication = localized_key(Digest::sha256, SecretText(std::string("authentication")), "engine"),
                    .privacy = localized_key(Digest::sha256, SecretText(std::string("private passphrase")), "engine")};
    auto const secret = encrypt(keys, {3, 1000}, "saltsalt", "what nobody reads").value();
    EXPECT_NE(secret, "what nobody reads");
    EXPECT_EQ(decrypt(keys, {3, 1000}, "saltsalt", secret), "what nobody reads");
    EXPECT_NE(decrypt(keys, {4, 1000}, "saltsalt", secret), "what nobody reads") << "of another boot";
    EXPECT_NE(decrypt(keys, {3, 1000}, "saltsalT", secret), "what nobody reads");
    EXPECT_FALSE(decrypt(keys, {3, 1000}, "salt", secret));
    EXPECT_EQ(code_of(keys, "message").size(), code_size(Digest::sha256));
    EXPECT_NE(code_of(keys, "message"), code_of(keys, "messagf"));
}

}  // namespace
}  // namespace countersign::net::tls::usm
