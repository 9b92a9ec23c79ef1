// What stands in a certificate is what the table of profiles says, read back by OpenSSL.

#include "pki/profiles.hpp"

#include "pki/responder.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <map>

namespace countersign::pki {
namespace {

using namespace making;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::map<std::string_view, std::uint32_t> const k_usage_bits{{"digitalSignature", KU_DIGITAL_SIGNATURE},
                                                             {"keyEncipherment", KU_KEY_ENCIPHERMENT},
                                                             {"keyCertSign", KU_KEY_CERT_SIGN},
                                                             {"cRLSign", KU_CRL_SIGN}};
std::map<std::string_view, std::uint32_t> const k_purpose_bits{
    {"serverAuth", XKU_SSL_SERVER}, {"clientAuth", XKU_SSL_CLIENT}, {"OCSPSigning", XKU_OCSP_SIGN}};

std::uint32_t bits_of(std::span<std::string_view const> names, std::map<std::string_view, std::uint32_t> const& known) {
    std::uint32_t out = 0;
    for (auto const name : names) out |= known.at(name);
    return out;
}

TEST(Profiles, decide_the_usages_of_each_certificate) {
    auto const authority = root();
    for (auto const& row : all_profiles())
        for (auto const type : {KeyType::ec_p256, KeyType::rsa_2048}) {
            SCOPED_TRACE(std::string(row.name) + " " + std::string(to_string(type)));
            auto const made = must(authority.sign(request(new_key(type), "one", "dns:one.example.test"), row.profile, k_this_decade));
            auto usages = bits_of(row.key_usages, k_usage_bits);
            if (type == KeyType::rsa_2048) usages |= bits_of(row.key_usages_rsa, k_usage_bits);
            EXPECT_EQ(X509_get_key_usage(made.native()), usages);
            auto const purposes = X509_get_extended_key_usage(made.native());
            if (row.extended_key_usages.empty())
                EXPECT_EQ(purposes, UINT32_MAX) << "no extension";
            else
                EXPECT_EQ(purposes, bits_of(row.extended_key_usages, k_purpose_bits));
            EXPECT_EQ(made.is_authority(), row.is_authority);
            EXPECT_EQ(X509_get_ext_by_NID(made.native(), NID_id_pkix_OCSP_noCheck, -1) >= 0, row.ocsp_no_check);
        }
}

TEST(Profiles, keep_the_sides_of_a_system_apart) {
    auto const purposes = [](Profile profile) {
        auto const row = profile_row(profile);
        return std::vector<std::string_view>(row.extended_key_usages.begin(), row.extended_key_usages.end());
    };
    EXPECT_THAT(purposes(Profile::device), ElementsAre("serverAuth", "clientAuth"));
    EXPECT_THAT(purposes(Profile::server), ElementsAre("serverAuth"));
    EXPECT_THAT(purposes(Profile::client), ElementsAre("clientAuth"));
    EXPECT_THAT(purposes(Profile::authority), IsEmpty());
    EXPECT_FALSE(profile_row(Profile::client).addresses) << "it is called nowhere";
}

TEST(Profiles, are_found_by_name_and_say_which_there_are) {
    for (auto const& row : all_profiles()) EXPECT_EQ(must(parse_profile(row.name)), row.profile);
    EXPECT_EQ(must(parse_profile("CA")), Profile::authority);
    auto const none = parse_profile("sslserver");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().id(), errors::gen::invalid_input);
    for (auto const& row : all_profiles()) EXPECT_NE(none.error().message().find(row.name), std::string::npos) << row.name;
}

TEST(Profiles, have_limits_that_their_usual_values_keep) {
    for (auto const& row : all_profiles()) {
        SCOPED_TRACE(row.name);
        EXPECT_LE(row.days, row.longest_days);
        EXPECT_TRUE(row.takes_key_type("EC:P256"));
        EXPECT_FALSE(row.takes_key_type("dsa:1024"));
        EXPECT_FALSE(row.why.empty());
        EXPECT_FALSE(row.meant_for.empty());
    }
}

TEST(Profiles, of_the_responder_are_those_of_its_own_function_too) {
    auto const authority = root();
    auto const key = new_key();
    auto const made = must(issue_responder(authority, key, {.common_name = "Responder"}, k_this_decade));
    auto const same =
        must(authority.sign(must(CertificateRequest::create(key, {.common_name = "Responder"}, {})), Profile::responder, k_this_decade));
    EXPECT_EQ(X509_get_extended_key_usage(made.native()), X509_get_extended_key_usage(same.native()));
    EXPECT_EQ(X509_get_key_usage(made.native()), X509_get_key_usage(same.native()));
    EXPECT_GE(X509_get_ext_by_NID(made.native(), NID_id_pkix_OCSP_noCheck, -1), 0);
}

}  // namespace
}  // namespace countersign::pki
