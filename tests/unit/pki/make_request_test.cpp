#include "pki/make_request.hpp"

#include "pki/issue.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::pki {
namespace {

UtcTime const k_now = *parse_utc_time("2026-11-22T00:00:00Z");

PrivateKey new_key() { return PrivateKey::generate(KeyType::ec_p256).value(); }

TEST(RenewRequest, asks_for_the_subject_and_names_of_the_certificate_again_with_the_key_it_is_given) {
    auto const old = new_key();
    auto const request = CertificateRequest::create(
        old,
        {.common_name = "room1.company.com", .organization = "Company", .country = "GB", .email = "it@company.com", .serial_number = "A1"},
        {{AlternativeName::Kind::dns, "room1.company.com"}, {AlternativeName::Kind::ip, "192.0.2.7"}});
    ASSERT_TRUE(request);
    auto const certificate = self_sign(*request, old, Profile::server, valid_for(k_now, std::chrono::days(10)));
    ASSERT_TRUE(certificate);

    auto const fresh = new_key();
    auto const again = renew_request(fresh, *certificate, Hash::automatic);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->subject(), certificate->subject());
    EXPECT_EQ(again->alternative_names(), certificate->alternative_names());
    EXPECT_EQ(again->public_key_sha256(), fresh.public_key_sha256());
    EXPECT_TRUE(CertificateRequest::parse_pem(again->to_pem())) << "its signature holds";
}

TEST(LegacyKey, is_short_rsa_and_nothing_else) {
    auto const key = generate_legacy_key("RSA:1024");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->bits(), 1024);
    EXPECT_EQ(key->algorithm(), "RSA");
    EXPECT_EQ(generate_legacy_key("rsa:512").error().id(), errors::crt::unsupported_key_type);
    EXPECT_EQ(generate_legacy_key("rsa:2048").error().id(), errors::crt::unsupported_key_type);
}

TEST(LegacyKey, is_vouched_for_only_where_the_smallest_size_was_lowered) {
    auto const key = generate_legacy_key("rsa:1024").value();
    auto const request = make_request(key, {.common_name = "mcu"}, {}, Hash::sha1).value();
    auto const validity = valid_for(k_now, std::chrono::days(10));
    EXPECT_EQ(self_sign(request, key, Profile::server, validity).error().id(), errors::crt::key_too_weak);
    auto const made = self_sign(request, key, Profile::server, validity, {.hash = Hash::sha1, .minimum_rsa_bits = 1024});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->signature_algorithm(), "sha1WithRSAEncryption");
}

TEST(HashChoice, is_what_the_certificate_is_signed_with) {
    auto const key = new_key();
    auto const request = make_request(key, {.common_name = "a"}, {}, Hash::sha512).value();
    auto const made = self_sign(request, key, Profile::server, valid_for(k_now, std::chrono::days(1)), {.hash = Hash::sha384});
    EXPECT_EQ(made.value().signature_algorithm(), "ecdsa-with-SHA384");
}

TEST(HashChoice, does_not_matter_to_a_key_that_has_its_own) {
    auto const key = PrivateKey::generate(KeyType::ed25519).value();
    EXPECT_TRUE(make_request(key, {.common_name = "a"}, {}, Hash::sha512));
}

TEST(HashChoice, is_refused_when_it_is_not_known) {
    EXPECT_EQ(parse_hash("SHA256").value(), Hash::sha256);
    EXPECT_EQ(parse_hash("md5").error().id(), errors::gen::invalid_input);
}

TEST(PathLength, is_what_was_asked_for_and_never_more_than_the_issuer_may_give) {
    auto const key = new_key();
    auto const validity = valid_for(k_now, std::chrono::days(10));
    auto const request = make_request(key, {.common_name = "Root"}, {}, Hash::automatic).value();
    auto const root = self_sign(request, key, Profile::authority, validity, {.path_length = 2}).value();
    auto const authority = CertificateAuthority::create(root, key).value();
    auto const below = make_request(new_key(), {.common_name = "Below"}, {}, Hash::automatic).value();
    EXPECT_TRUE(authority.sign(below, Profile::authority, validity, {.path_length = 1}));
    EXPECT_EQ(authority.sign(below, Profile::authority, validity, {.path_length = 2}).error().id(), errors::crt::not_an_authority);
}

}  // namespace
}  // namespace countersign::pki
