// Certificates are written without OpenSSL's objects: every one must be what those would have made of it.

#include "pki/to_be_signed.hpp"
#include "unit/pki/making.hpp"
#include "unit/pki/openssl_certificate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

namespace countersign::pki {
namespace {

using namespace making;
using openssl_certificate::Wish;

constexpr std::array k_every_profile{Profile::server, Profile::client, Profile::device, Profile::authority};

/// RSA and EdDSA sign the same bytes in the same way every time, ECDSA does not.
bool signs_alike(PrivateKey const& key) { return key.algorithm() != "EC"; }

void expect_alike(Certificate const& ours, Wish const& wish, std::optional<Certificate> const& issuer, PrivateKey const& key,
                  std::string const& what) {
    SCOPED_TRACE(what);
    auto const theirs = openssl_certificate::make(wish, issuer, key, ours);
    auto const whole = der_of(theirs.get(), i2d_X509, "encode a certificate");
    auto const body = openssl_certificate::body_of(ours.to_der());
    EXPECT_EQ(to_hex(body), to_hex(openssl_certificate::body_of(whole)));
    EXPECT_EQ(X509_verify(ours.native(), key.native()), 1);
    if (signs_alike(key)) {
        EXPECT_EQ(to_hex(ours.to_der()), to_hex(whole));
    }
    // The algorithm stands a second time behind the signed part.
    X509_ALGOR const* first = X509_get0_tbs_sigalg(ours.native());
    X509_ALGOR const* second = nullptr;
    X509_get0_signature(nullptr, &second, ours.native());
    EXPECT_EQ(X509_ALGOR_cmp(first, second), 0);
    // What was written is DER through and through: OpenSSL writes the same again from what it read.
    X509Ptr const copy(X509_dup(ours.native()));
    EXPECT_EQ(i2d_re_X509_tbs(copy.get(), nullptr), static_cast<int>(body.size()));
    EXPECT_EQ(to_hex(der_of(copy.get(), i2d_X509, "encode a certificate")), to_hex(ours.to_der()));
}

void expect_alike(CertificateAuthority const& authority, Wish wish, std::string const& what) {
    auto const ours = authority.sign(wish.request, wish.profile, wish.validity, wish.options);
    ASSERT_TRUE(ours) << what << ": " << ours.error().explanation();
    wish.validity.not_after = std::min(wish.validity.not_after, authority.certificate().not_after());
    wish.path_length = wish.options.path_length.value_or(0);
    expect_alike(*ours, wish, authority.certificate(), authority.key(), what);
}

CertificateAuthority root_with(PrivateKey const& key, Validity validity = k_this_decade) {
    return must(CertificateAuthority::create_root(key, {.common_name = "Root", .organization = "Example", .country = "GB"}, validity));
}

TEST(IssuedBytes, are_openssls_for_every_kind_of_key_and_profile) {
    std::vector<PrivateKey> keys;
    for (auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::rsa_2048, KeyType::rsa_3072, KeyType::ed25519}) {
        keys.push_back(new_key(type));
    }
    for (auto const& issuing : keys) {
        auto const top = root_with(issuing);
        for (auto const& key : keys) {
            for (auto const profile : k_every_profile) {
                auto const ask = request(key, "device", "dns:a.example.test,ip:192.0.2.1");
                expect_alike(top, {.request = ask, .profile = profile, .validity = k_this_decade},
                             issuing.algorithm() + " for " + key.algorithm());
            }
        }
    }
}

TEST(IssuedBytes, are_openssls_for_curves_that_have_no_short_way) {
    TemporaryFolder const folder;
    for (std::string const curve : {"P-521", "secp224r1", "secp256k1", "brainpoolP256r1"}) {
        auto const ran = run_in(folder, "openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:" + curve + " -out k.pem");
        ASSERT_EQ(ran.exit_code, 0) << ran.output;
        auto const key = must(PrivateKey::parse_pem(folder.read("k.pem")));
        auto const top = root_with(key);
        expect_alike(top, {.request = request(key, "device", "dns:a.test"), .validity = k_this_decade}, curve);
        expect_alike(root(), {.request = request(key, "device", "dns:a.test"), .validity = k_this_decade}, curve);
    }
}

TEST(IssuedBytes, keep_a_compressed_point_and_refuse_curves_that_are_spelled_out) {
    TemporaryFolder const folder;
    auto ask = [&folder](std::string const& options) {
        auto const ran = run_in(folder, "openssl ecparam -name prime256v1 -genkey -noout " + options +
                                            " -out k.pem && openssl req -new -key k.pem -subj /CN=x -out r.pem");
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        return CertificateRequest::parse_pem(folder.read("r.pem"));
    };
    auto const compressed = ask("-conv_form compressed");
    ASSERT_TRUE(compressed);
    expect_alike(root(), {.request = *compressed, .validity = k_this_decade}, "compressed");
    EXPECT_FALSE(ask("-param_enc explicit"));
}

TEST(IssuedBytes, are_openssls_when_signed_by_their_own_key) {
    for (auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::rsa_2048, KeyType::ed25519}) {
        auto const key = new_key(type);
        for (auto const profile : k_every_profile) {
            Wish wish{.request = request(key, "own", "dns:a.test"), .profile = profile, .validity = k_this_decade, .path_length = 1};
            expect_alike(must(self_sign(wish.request, key, profile, wish.validity)), wish, std::nullopt, key, key.algorithm());
            wish.path_length = wish.options.path_length.emplace(3);
            expect_alike(must(self_sign(wish.request, key, profile, wish.validity, wish.options)), wish, std::nullopt, key, "length 3");
        }
    }
}

TEST(IssuedBytes, are_openssls_for_every_digest) {
    for (auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::rsa_2048, KeyType::ed25519}) {
        auto const top = root_with(new_key(type));
        auto const ask = request(new_key(), "device", "dns:a.test");
        for (auto hash : {Hash::automatic, Hash::sha1, Hash::sha256, Hash::sha384, Hash::sha512}) {
            expect_alike(top, {.request = ask, .validity = k_this_decade, .options = {.hash = hash}},
                         top.key().algorithm() + " with digest " + std::to_string(static_cast<int>(hash)));
        }
    }
}

TEST(IssuedBytes, are_openssls_for_lists_of_names_of_every_length) {
    auto const top = root_with(new_key(KeyType::ed25519));
    auto const key = new_key();
    std::string names = "dns:a.example.test,dns:*.example.test,ip:192.0.2.1,ip:2001:db8::1,email:a@example.test,uri:http://a.test/x";
    expect_alike(top, {.request = request(key, "device"), .validity = k_this_decade}, "none");
    expect_alike(top, {.request = request(key, "device", names), .validity = k_this_decade}, names);
    for (int i = 0; i < 200; ++i) {
        names += ",dns:device-" + std::to_string(i) + ".example.test";
        auto const ask = must(CertificateRequest::create(key, {.common_name = "device"}, must(parse_alternative_names(names))));
        expect_alike(top, {.request = ask, .validity = k_this_decade}, std::to_string(i));
    }
}

TEST(IssuedBytes, are_openssls_for_every_shape_of_subject) {
    auto const top = root_with(new_key(KeyType::ed25519));
    auto const key = new_key();
    auto const names = must(parse_alternative_names("dns:a.example.test"));
    SubjectFields const all{.common_name = "Gerät ☎",
                            .organization = std::string(64, 'o'),
                            .unit = std::string(64, 'u'),
                            .country = "GB",
                            .state = std::string(128, 's'),
                            .locality = std::string(128, 'l'),
                            .email = "a@example.test",
                            .serial_number = "SM123"};
    for (auto const& subject : {SubjectFields{}, SubjectFields{.common_name = "x"}, all}) {
        auto const ask = must(CertificateRequest::create(key, subject, names));
        expect_alike(top, {.request = ask, .validity = k_this_decade}, ask.subject());
    }
}

TEST(IssuedBytes, keep_subjects_of_other_programs_as_they_stand) {
    TemporaryFolder const folder;
    auto const top = root_with(new_key(KeyType::ed25519));
    for (std::string const options :
         {"-subj '/CN=a+serialNumber=1/O=b'", "-subj /CN=a -nameopt utf8", "-multivalue-rdn -subj '/DC=test/DC=example/CN=a+UID=b'",
          "-subj /CN=Ger\xc3\xa4t -utf8", "-subj /CN=Ger\xc3\xa4t"}) {
        auto const ran = run_in(folder, "openssl req -new -newkey ed25519 -nodes -keyout k.pem -out r.pem " + options);
        ASSERT_EQ(ran.exit_code, 0) << ran.output;
        expect_alike(top, {.request = must(CertificateRequest::parse_pem(folder.read("r.pem"))), .validity = k_this_decade}, options);
    }
}

TEST(IssuedBytes, are_openssls_for_dates_on_both_sides_of_2050) {
    auto const top = root_with(new_key(KeyType::ed25519), {day("1930-01-01"), day("9999-12-31")});
    auto const ask = request(new_key(), "device", "dns:a.test");
    std::vector<UtcTime> const days{day("1940-06-30"), day("1949-12-31"), day("1950-01-01"), day("1999-12-31"), day("2000-02-29"),
                                    day("2026-06-01"), day("2049-12-31"), day("2050-01-01"), day("2051-01-01"), day("9999-12-30")};
    for (std::size_t i = 0; i < days.size(); ++i) {
        for (std::size_t k = i + 1; k < days.size(); ++k) {
            Validity const validity{days[i] + std::chrono::seconds(86'399), days[k] + std::chrono::seconds(1 + 60 * static_cast<int>(k))};
            expect_alike(top, {.request = ask, .validity = validity},
                         countersign::to_string(validity.not_before) + " " + countersign::to_string(validity.not_after));
        }
    }
}

TEST(IssuedBytes, are_openssls_for_path_lengths) {
    auto const key = new_key(KeyType::ed25519);
    IssueOptions deep;
    deep.path_length = 100'000;
    auto const certificate = must(self_sign(request(key, "Deep"), key, Profile::authority, k_this_decade, deep));
    auto const top = must(CertificateAuthority::create(certificate, key));
    auto const ask = request(new_key(), "below");
    for (int length : {0, 1, 2, 127, 128, 255, 256, 32'767, 65'535}) {
        IssueOptions options;
        options.path_length = length;
        expect_alike(top, {.request = ask, .profile = Profile::authority, .validity = k_this_decade, .options = options},
                     std::to_string(length));
    }
}

TEST(IssuedBytes, are_openssls_for_revocation_pointers) {
    auto const top = root_with(new_key(KeyType::rsa_2048));
    auto const ask = request(new_key(), "device", "dns:a.test");
    std::vector<std::string> const one{"http://a.test/1"};
    std::vector<std::string> const many{"http://a.test/1", "http://b.test/" + std::string(200, 'x'), "http://c.test/"};
    for (auto const& crl : {std::vector<std::string>(), one, many}) {
        for (auto const& ocsp : {std::vector<std::string>(), one, many}) {
            for (auto const& issuers : {std::vector<std::string>(), one}) {
                for (bool staple : {false, true}) {
                    IssueOptions const options{.crl_urls = crl, .ocsp_urls = ocsp, .issuer_urls = issuers, .must_staple = staple};
                    expect_alike(top, {.request = ask, .validity = k_this_decade, .options = options}, std::to_string(crl.size()));
                }
            }
        }
    }
}

TEST(IssuedBytes, are_openssls_below_authorities_of_other_programs) {
    for (std::string const options : {"", "-addext subjectKeyIdentifier=none", "-addext subjectKeyIdentifier=0102030405",
                                      "-subj '/C=GB/O=Old+OU=Both/CN=Root' -multivalue-rdn"}) {
        TemporaryFolder const folder;
        auto const ran = run_in(
            folder, "openssl req -x509 -new -newkey ed25519 -nodes -keyout k.pem -subj /CN=Root -days 3000 " + options + " -out c.pem");
        ASSERT_EQ(ran.exit_code, 0) << ran.output;
        auto const top = must(CertificateAuthority::create(must(Certificate::parse_pem(folder.read("c.pem"))),
                                                           must(PrivateKey::parse_pem(folder.read("k.pem")))));
        auto const now = SystemClock().now();
        expect_alike(top, {.request = request(new_key(), "device", "dns:a.test"), .validity = valid_for(now, std::chrono::days(20))},
                     options);
    }
}

TEST(IssuedBytes, have_serial_numbers_of_every_shape) {
    auto const top = root_with(new_key(KeyType::ed25519));
    auto const ask = request(new_key(), "device", "dns:a.test");
    bool high = false;
    bool low = false;
    for (int i = 0; i < 100; ++i) {
        auto const serial = *from_hex(must(top.sign(ask, Profile::server, k_this_decade)).serial());
        ((serial[0] & 0x80) != 0 ? high : low) = true;
        if (high && low) break;
    }
    EXPECT_TRUE(high && low);
    for (int i = 0; i < 20; ++i) expect_alike(top, {.request = ask, .validity = k_this_decade}, "random");
}

TEST(IssuedBytes, have_openssls_serial_numbers_also_where_chance_brings_none) {
    Bytes const null{0x05, 0x00};
    for (Bytes const& serial : {Bytes{1}, Bytes{0x80}, Bytes{0, 0, 0x80}, Bytes{0, 0x7f}, Bytes(20, 0x7f)}) {
        auto const body = write_to_be_signed(
            {.serial = serial, .algorithm = null, .issuer = null, .validity = k_this_decade, .subject = null, .public_key = null});
        ASSERT_TRUE(body);
        BignumPtr const number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
        Asn1IntegerPtr const integer(BN_to_ASN1_INTEGER(number.get(), nullptr));
        auto const expected = der_of(integer.get(), i2d_ASN1_INTEGER, "encode a number");
        auto const whole = DerReader(*body).next(der::k_sequence);
        ASSERT_TRUE(whole);
        DerReader fields(whole->content);
        ASSERT_TRUE(fields.next(der::wrapped(0)));
        auto const written = fields.next(der::k_integer);
        ASSERT_TRUE(written);
        EXPECT_TRUE(std::ranges::equal(written->whole, expected)) << to_hex(serial);
    }
}

TEST(IssuedBytes, are_right_when_several_threads_sign_at_once) {
    auto const top = root();
    auto const ask = request(new_key(), "device", "dns:a.test");
    std::vector<std::vector<Certificate>> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& own : made) {
            threads.emplace_back([&own, copy = top, &ask] {
                for (int i = 0; i < 40; ++i) own.push_back(must(copy.sign(ask, Profile::device, k_this_decade)));
            });
        }
    }
    for (auto const& own : made) {
        EXPECT_EQ(own.size(), 40u);
        for (auto const& one : own) EXPECT_EQ(X509_verify(one.native(), top.key().native()), 1);
    }
}

TEST(IssuedCertificate, is_decoded_once_for_all_threads_that_ask) {
    auto const top = root();
    for (int round = 0; round < 20; ++round) {
        auto const made = leaf(top);
        std::array<x509_st*, 4> seen{};
        std::array<std::string, 4> prints;
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < seen.size(); ++i) {
                threads.emplace_back([&seen, &prints, i, copy = made] {
                    prints[i] = copy.fingerprint();
                    seen[i] = copy.native();
                });
            }
        }
        for (auto* one : seen) EXPECT_EQ(one, seen[0]);
        for (auto const& one : prints) EXPECT_EQ(one, sha256_hex(made.to_der()));
    }
}

TEST(IssuedCertificate, reads_as_if_it_had_come_from_outside) {
    auto const made = leaf(root(), "dns:a.example.test,ip:192.0.2.1", Profile::device);
    auto const read = must(Certificate::parse_der(made.to_der()));
    EXPECT_EQ(made, read);
    EXPECT_EQ(made.subject(), read.subject());
    EXPECT_EQ(made.serial(), read.serial());
    EXPECT_EQ(made.not_after(), read.not_after());
    EXPECT_EQ(made.alternative_names(), read.alternative_names());
    EXPECT_EQ(made.public_key_sha256(), read.public_key_sha256());
    EXPECT_EQ(made.key_bits(), read.key_bits());
    EXPECT_EQ(made.to_pem(), read.to_pem());
}

}  // namespace
}  // namespace countersign::pki
