#include "host/crypto.hpp"

#include "host/files.hpp"

#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <sys/stat.h>

namespace countersign::host {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Sealing : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "countersign-seal-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    [[nodiscard]] fs::path in(std::string_view name) const { return folder_ / name; }
    [[nodiscard]] Sealer sealer(std::string_view name = "key") const { return Sealer::load_or_create(in(name)).value(); }

private:
    fs::path folder_;
};

void expect_unopened(Result<SecretText> const& opened) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().id(), errors::fil::cannot_unseal);
}

TEST_F(Sealing, gives_back_what_was_sealed) {
    auto one = sealer();
    for (std::string text : {std::string("TANDBERG"), std::string(), std::string("\0\xff", 2), std::string(10'000, 'x')}) {
        EXPECT_EQ(one.open(one.seal(SecretText(text), "system 12 password"), "system 12 password").value().reveal(), text);
    }
}

TEST_F(Sealing, never_writes_the_same_text_twice) {
    auto one = sealer();
    EXPECT_NE(one.seal(SecretText("x"), "a"), one.seal(SecretText("x"), "a"));
}

TEST_F(Sealing, hides_the_text) { EXPECT_THAT(sealer().seal(SecretText(std::string(64, 'A')), "a"), Not(HasSubstr("QUFBQUFB"))); }

TEST_F(Sealing, refuses_another_context) {
    auto one = sealer();
    expect_unopened(one.open(one.seal(SecretText("x"), "system 12 password"), "system 13 password"));
}

TEST_F(Sealing, refuses_another_key) { expect_unopened(sealer("one").open(sealer("two").seal(SecretText("x"), "a"), "a")); }

TEST_F(Sealing, refuses_every_changed_byte) {
    auto one = sealer();
    auto whole = from_base64(one.seal(SecretText("secret"), "a"));
    ASSERT_TRUE(whole);
    for (std::size_t i = 0; i < whole->size(); ++i) {
        auto changed = *whole;
        changed[i] ^= 1;
        expect_unopened(one.open(to_base64(changed), "a"));
    }
}

TEST_F(Sealing, refuses_what_was_never_sealed) {
    auto one = sealer();
    for (auto const* bad : {"", "x", "not Base64!", "AAAA"}) expect_unopened(one.open(bad, "a"));
    auto cut = from_base64(one.seal(SecretText("secret"), "a"));
    ASSERT_TRUE(cut);
    cut->pop_back();
    expect_unopened(one.open(to_base64(*cut), "a"));
}

TEST_F(Sealing, finds_its_key_again) {
    auto sealed = sealer().seal(SecretText("x"), "a");
    EXPECT_EQ(sealer().open(sealed, "a").value().reveal(), "x");
}

TEST_F(Sealing, keeps_its_key_from_others) {
    auto const made = sealer();
    struct stat about{};
    ASSERT_EQ(::stat(in("key").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777U, 0600U);
}

TEST_F(Sealing, refuses_a_broken_key_file_and_leaves_it_alone) {
    for (std::string const broken : {"", "AAAA", "not Base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
        ASSERT_TRUE(write_file(in("key"), broken, Privacy::owner_only, Durability::none));
        auto loaded = Sealer::load_or_create(in("key"));
        ASSERT_FALSE(loaded) << broken;
        EXPECT_EQ(loaded.error().id(), errors::fil::cannot_unseal);
        EXPECT_EQ(read_file(in("key")).value(), broken);
    }
}

TEST_F(Sealing, says_when_the_key_cannot_be_made) { EXPECT_FALSE(Sealer::load_or_create(in("absent/key"))); }

TEST(PasswordHash, matches_its_password_and_no_other) {
    auto hash = hash_password(SecretText("correct horse"));
    ASSERT_TRUE(hash);
    EXPECT_THAT(*hash, StartsWith("$argon2id$"));
    EXPECT_TRUE(password_matches(*hash, SecretText("correct horse")));
    EXPECT_FALSE(password_matches(*hash, SecretText("correct horsf")));
    EXPECT_FALSE(password_matches(*hash, SecretText("")));
}

TEST(PasswordHash, is_salted) { EXPECT_NE(hash_password(SecretText("x")).value(), hash_password(SecretText("x")).value()); }

TEST(PasswordHash, that_is_broken_matches_nothing) {
    for (auto const* broken : {"", "x", "$argon2id$", "$argon2id$v=19$m=65536,t=2,p=1$AAAA$"})
        EXPECT_FALSE(password_matches(broken, SecretText("")));
    EXPECT_FALSE(password_matches(std::string(5000, '$'), SecretText("x")));
}

TEST(TokenHash, is_stable_and_not_the_token) {
    // BLAKE2b-256 of "abc", as `b2sum -l 256` prints it.
    EXPECT_EQ(hash_token("abc"), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    EXPECT_NE(hash_token("abc"), hash_token("abd"));
}

TEST(RandomPassword, uses_only_letters_and_digits_that_cannot_be_mistaken) {
    std::set<char> seen;
    for (char c : random_password(20'000)) seen.insert(c);
    for (char c : std::string("0O1Il")) EXPECT_FALSE(seen.contains(c)) << c;
    // With 20,000 draws an absent letter of the alphabet is no accident.
    EXPECT_EQ(std::string(seen.begin(), seen.end()), "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");
}

TEST(RandomPassword, has_the_length_asked_for_and_differs) {
    EXPECT_EQ(random_password(0), "");
    EXPECT_EQ(random_password(16).size(), 16U);
    EXPECT_NE(random_password(16), random_password(16));
}

TEST(RandomToken, carries_256_bits) {
    EXPECT_EQ(random_token().size(), 43U);
    EXPECT_NE(random_token(), random_token());
    EXPECT_EQ(random_bytes(32).size(), 32U);
}

}  // namespace
}  // namespace countersign::host
