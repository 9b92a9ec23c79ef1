#include "pki/certificate.hpp"

#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using Kind = AlternativeName::Kind;

template <class T>
ErrorId refusal(Result<T> const& result) {
    EXPECT_FALSE(result);
    return result ? ErrorId{} : result.error().id();
}

/// A self-signed certificate of openssl.
std::string self_signed_by_openssl(std::string const& options, std::string const& key = "ec -pkeyopt ec_paramgen_curve:P-256") {
    TemporaryFolder const folder;
    auto const ran = run_in(
        folder, "openssl genpkey -quiet -algorithm " + key + " -out key.pem && openssl req -x509 -new -key key.pem -out c.pem " + options);
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    return folder.read("c.pem");
}

TEST(Certificate, made_by_openssl_says_the_same_to_us) {
    TemporaryFolder const folder;
    auto const pem = self_signed_by_openssl(
        "-days 30 -set_serial 0x0a1b2c -subj '/C=GB/ST=Berkshire/L=Langley/O=Codian/serialNumber=42/CN=mcu.example.test' -addext "
        "'subjectAltName=DNS:mcu.example.test,DNS:*.example.test,IP:192.0.2.1,IP:2001:db8::1,email:a@example.test,URI:https://example.test/"
        "x'");
    static_cast<void>(folder.file("c.pem", pem));
    auto const certificate = must(Certificate::parse_pem(pem));
    EXPECT_EQ(certificate.subject(), "/C=GB/ST=Berkshire/L=Langley/O=Codian/serialNumber=42/CN=mcu.example.test");
    EXPECT_EQ(certificate.issuer(), certificate.subject());
    EXPECT_EQ(certificate.common_name(), "mcu.example.test");
    EXPECT_EQ(certificate.subject_serial_number(), "42");
    EXPECT_EQ(certificate.serial(), "0a1b2c");
    EXPECT_EQ(certificate.key_algorithm(), "EC");
    EXPECT_EQ(certificate.key_bits(), 256);
    EXPECT_EQ(certificate.signature_algorithm(), "ecdsa-with-SHA256");
    EXPECT_TRUE(certificate.is_authority());
    EXPECT_TRUE(certificate.is_self_issued());
    EXPECT_THAT(
        certificate.alternative_names(),
        ::testing::ElementsAre(AlternativeName{Kind::dns, "mcu.example.test"}, AlternativeName{Kind::dns, "*.example.test"},
                               AlternativeName{Kind::ip, "192.0.2.1"}, AlternativeName{Kind::ip, "2001:db8::1"},
                               AlternativeName{Kind::email, "a@example.test"}, AlternativeName{Kind::uri, "https://example.test/x"}));
    auto fingerprint = [&folder](std::string const& digest) {
        auto out = run_in(folder, "openssl x509 -in c.pem -noout -fingerprint -" + digest).output;
        return to_lower(replace_all(std::string(trim(out.substr(out.find('=') + 1))), ":", ""));
    };
    EXPECT_EQ(certificate.fingerprint(), fingerprint("sha256"));
    EXPECT_EQ(certificate.fingerprint_sha1(), fingerprint("sha1"));
    auto const dates = run_in(folder, "openssl x509 -in c.pem -noout -enddate -dateopt iso_8601").output;
    EXPECT_EQ(trim(dates), "notAfter=" + replace_all(countersign::to_string(certificate.not_after()), "T", " "));
    EXPECT_EQ(certificate.not_after() - certificate.not_before(), std::chrono::days(30));
    EXPECT_EQ(certificate.to_pem(), pem);
}

TEST(Certificate, reads_dates_beyond_2050) {
    auto const certificate = must(Certificate::parse_pem(self_signed_by_openssl("-subj /CN=x -days 20000")));
    EXPECT_GT(certificate.not_after(), day("2075-01-01"));
}

TEST(Certificate, without_common_name_or_subject_is_accepted) {
    auto const no_cn = must(Certificate::parse_pem(self_signed_by_openssl("-subj '/O=Polycom/OU=Bridge'")));
    EXPECT_EQ(no_cn.common_name(), "");
    EXPECT_EQ(no_cn.subject(), "/O=Polycom/OU=Bridge");
    auto const nothing = must(Certificate::parse_pem(self_signed_by_openssl("-subj /")));
    EXPECT_EQ(nothing.subject(), "");
}

TEST(Certificate, subject_text_cannot_be_forged_with_slashes_or_control_characters) {
    auto const certificate =
        must(Certificate::parse_pem(self_signed_by_openssl("-utf8 -subj \"/O=a\\/CN=admin/CN=$(printf 'x\\ny')gr\xc3\xbcn\"")));
    EXPECT_EQ(certificate.subject(), "/O=a\\/CN=admin/CN=x\\x0Aygr\xc3\xbcn");
}

TEST(Certificate, tells_purposes_of_the_extended_key_usage) {
    auto server = must(Certificate::parse_pem(self_signed_by_openssl("-subj /CN=x -addext extendedKeyUsage=serverAuth")));
    EXPECT_TRUE(server.allows_server_auth());
    EXPECT_FALSE(server.allows_client_auth());
    auto any = must(Certificate::parse_pem(self_signed_by_openssl("-subj /CN=x")));
    EXPECT_TRUE(any.allows_server_auth());
    EXPECT_TRUE(any.allows_client_auth());
}

TEST(Certificate, names_rsa_and_ed25519_keys_and_hashes_public_keys_like_the_key_itself) {
    for (auto type : {KeyType::rsa_2048, KeyType::ed25519, KeyType::ec_p384}) {
        auto const key = new_key(type);
        auto const certificate = must(self_sign(request(key, "x"), key, Profile::server, k_this_decade));
        EXPECT_EQ(certificate.key_algorithm(), key.algorithm());
        EXPECT_EQ(certificate.key_bits(), key.bits());
        EXPECT_EQ(certificate.public_key_sha256(), key.public_key_sha256());
    }
}

TEST(Certificate, der_and_pem_are_the_same_certificate) {
    auto const certificate = leaf(root());
    EXPECT_EQ(must(Certificate::parse_der(certificate.to_der())), certificate);
    EXPECT_EQ(must(Certificate::parse_pem("Subject: x\r\n" + replace_all(certificate.to_pem(), "\n", "\r\n") + "\r\nend")), certificate);
}

TEST(Certificate, broken_input_says_what_is_broken) {
    auto const certificate = leaf(root());
    auto const pem = certificate.to_pem();
    auto const ask = request(new_key(), "x").to_pem();
    EXPECT_EQ(refusal(Certificate::parse_pem("")), crt::not_pem);
    EXPECT_EQ(refusal(Certificate::parse_pem("hello")), crt::not_pem);
    EXPECT_EQ(refusal(Certificate::parse_pem(pem.substr(0, pem.size() - 20))), crt::not_pem);
    EXPECT_EQ(refusal(Certificate::parse_pem(replace_all(pem, "MII", "M*I"))), crt::not_pem);
    EXPECT_EQ(refusal(Certificate::parse_pem(ask)), crt::request_instead_of_certificate);
    EXPECT_EQ(refusal(Certificate::parse_pem(new_key().to_pem().reveal())), crt::certificate_missing);
    EXPECT_EQ(refusal(Certificate::parse_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), crt::broken_certificate);
    EXPECT_EQ(refusal(Certificate::parse_pem(pem + pem)), crt::too_many_certificates);
    EXPECT_EQ(refusal(Certificate::parse_pem(std::string(2 * 1024 * 1024, '-'))), errors::fil::too_large);
    auto der = certificate.to_der();
    der.push_back(0);
    EXPECT_EQ(refusal(Certificate::parse_der(der)), crt::broken_certificate);
    der.resize(der.size() / 2);
    EXPECT_EQ(refusal(Certificate::parse_der(der)), crt::broken_certificate);
    EXPECT_EQ(refusal(Certificate::parse_der({})), crt::broken_certificate);
}

TEST(Certificate, with_a_date_that_is_no_date_is_broken) {
    auto der = leaf(root()).to_der();
    std::string const date = "300101000000Z";
    auto const found = std::search(der.begin(), der.end(), date.begin(), date.end());
    ASSERT_NE(found, der.end());
    found[2] = '7';  // month 71
    EXPECT_EQ(refusal(Certificate::parse_der(der)), crt::broken_certificate);
}

TEST(Bundle, keeps_the_order_and_skips_what_is_no_certificate) {
    auto const authority = root();
    auto const first = leaf(authority);
    auto const text = "# roots\n" + first.to_pem() + new_key().to_pem().reveal() + "between" + authority.certificate().to_pem();
    EXPECT_THAT(must(parse_bundle(text)), ::testing::ElementsAre(first, authority.certificate()));
    EXPECT_THAT(must(parse_bundle(to_pem({first, authority.certificate()}))), ::testing::ElementsAre(first, authority.certificate()));
}

TEST(Bundle, that_was_joined_without_a_line_end_is_read) {
    auto const authority = root();
    std::string const joined = std::string(trim(authority.certificate().to_pem())) + leaf(authority).to_pem();
    EXPECT_EQ(must(parse_bundle(joined)).size(), 2u);
}

TEST(Bundle, names_the_index_of_the_broken_certificate) {
    auto const good = root().certificate().to_pem();
    auto const result = parse_bundle(good + good + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + good);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().id(), crt::broken_certificate);
    EXPECT_EQ(result.error().parameter("index"), "2");
}

TEST(Bundle, is_refused_whole_when_empty_cut_off_or_too_long) {
    auto const good = root().certificate().to_pem();
    EXPECT_EQ(refusal(parse_bundle("")), crt::certificate_missing);
    EXPECT_EQ(refusal(parse_bundle(request(new_key(), "x").to_pem())), crt::request_instead_of_certificate);
    EXPECT_EQ(refusal(parse_bundle(good + good.substr(0, 300))), crt::not_pem);
    EXPECT_EQ(refusal(parse_bundle(good + good + good, {.certificates = 2})), crt::too_many_certificates);
    EXPECT_EQ(refusal(parse_bundle(good, {.bytes = 100})), errors::fil::too_large);
}

TEST(Bundle, of_begin_lines_without_end_is_refused_in_no_time) {
    std::string hostile;
    while (hostile.size() < 1'000'000) hostile += "-----BEGIN CERTIFICATE-----\n";
    EXPECT_EQ(refusal(parse_bundle(hostile)), crt::not_pem);
    std::string unlabelled;
    while (unlabelled.size() < 1'000'000) unlabelled += "-----BEGIN \n";
    EXPECT_EQ(refusal(parse_bundle(unlabelled)), crt::not_pem);
}

TEST(KeyMatch, fits_only_the_key_of_the_certificate) {
    auto const key = new_key();
    auto const certificate = must(self_sign(request(key, "x"), key, Profile::server, k_this_decade));
    EXPECT_TRUE(check_key_matches(certificate, key));
    auto const other = new_key();
    auto const result = check_key_matches(certificate, other);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().id(), crt::key_does_not_match_certificate);
    EXPECT_EQ(result.error().parameter("certificate_key"), certificate.public_key_sha256());
    EXPECT_EQ(result.error().parameter("key"), other.public_key_sha256());
    EXPECT_EQ(refusal(check_key_matches(certificate, new_key(KeyType::rsa_2048))), crt::key_does_not_match_certificate);
}

TEST(KeyMatch, sees_a_key_file_whose_halves_are_of_two_keys) {
    auto const key = new_key();
    auto const certificate = must(self_sign(request(key, "x"), key, Profile::server, k_this_decade));
    auto body = [](std::string const& pem) {
        auto const start = pem.find('\n');
        return must(Result<Bytes>(*from_base64(replace_all(pem.substr(start, pem.find("-----END") - start), "\n", ""))));
    };
    // PKCS#8 of P-256: the private number stands at byte 36, 32 bytes long; the public point follows.
    auto mixed = body(key.to_pem().reveal());
    auto const other = body(new_key().to_pem().reveal());
    std::copy_n(other.begin() + 36, 32, mixed.begin() + 36);
    auto const forged = PrivateKey::parse_pem("-----BEGIN PRIVATE KEY-----\n" + to_base64(mixed) + "\n-----END PRIVATE KEY-----\n");
    ASSERT_TRUE(forged) << forged.error().message();
    EXPECT_EQ(refusal(check_key_matches(certificate, *forged)), crt::broken_key);
}

TEST(Order, holds_when_each_is_issued_by_the_next) {
    auto const top = root();
    auto const middle = below(top);
    auto const end = leaf(middle);
    EXPECT_TRUE(check_order({end, middle.certificate(), top.certificate()}));
    EXPECT_TRUE(check_order({end}));
    EXPECT_TRUE(check_order({}));
    auto const result = check_order({end, top.certificate(), middle.certificate()});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().id(), crt::chain_out_of_order);
    EXPECT_EQ(result.error().parameter("index"), "1");
}

TEST(Order, looks_at_the_signature_and_not_only_at_names) {
    auto const result = check_order({leaf(root("Twin")), root("Twin").certificate()});
    EXPECT_EQ(refusal(result), crt::chain_out_of_order);
}

TEST(Request, made_by_us_is_verified_and_shown_by_openssl) {
    for (auto type : {KeyType::ec_p256, KeyType::rsa_2048, KeyType::ed25519}) {
        TemporaryFolder const folder;
        auto const made = must(CertificateRequest::create(
            new_key(type), {.common_name = "c1.example.test", .organization = "Example", .country = "NO", .serial_number = "A1"},
            must(parse_alternative_names("dns:c1.example.test, ip:2001:db8::1,email:a@example.test,uri:https://example.test/"))));
        static_cast<void>(folder.file("r.pem", made.to_pem()));
        auto const shown = run_in(folder, "openssl req -in r.pem -verify -noout -text");
        EXPECT_EQ(shown.exit_code, 0) << shown.output;
        EXPECT_THAT(shown.output, ::testing::HasSubstr("Certificate request self-signature verify OK"));
        EXPECT_THAT(
            shown.output,
            ::testing::HasSubstr("DNS:c1.example.test, IP Address:2001:DB8:0:0:0:0:0:1, email:a@example.test, URI:https://example.test/"));
        EXPECT_THAT(shown.output, ::testing::HasSubstr("C = NO, O = Example, CN = c1.example.test, serialNumber = A1"));
        auto const again = must(CertificateRequest::parse_pem(made.to_pem()));
        EXPECT_EQ(again.subject(), made.subject());
        EXPECT_EQ(again.alternative_names(), made.alternative_names());
        EXPECT_EQ(again.public_key_sha256(), made.public_key_sha256());
    }
}

TEST(Request, made_by_openssl_is_read) {
    TemporaryFolder const folder;
    auto const ran = run_in(folder,
                            "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=mps.example.test -addext "
                            "subjectAltName=DNS:mps.example.test,IP:192.0.2.7 -out r.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const read = must(CertificateRequest::parse_pem(folder.read("r.pem")));
    EXPECT_EQ(read.common_name(), "mps.example.test");
    EXPECT_THAT(read.alternative_names(),
                ::testing::ElementsAre(AlternativeName{Kind::dns, "mps.example.test"}, AlternativeName{Kind::ip, "192.0.2.7"}));
}

TEST(Request, whose_signature_does_not_fit_is_broken) {
    auto const pem = request(new_key(), "x").to_pem();
    auto const start = pem.find('\n');
    auto der = from_base64(replace_all(pem.substr(start, pem.find("-----END") - start), "\n", ""));
    ASSERT_TRUE(der);
    der->back() ^= 1;
    EXPECT_EQ(refusal(CertificateRequest::parse_pem("-----BEGIN CERTIFICATE REQUEST-----\n" + to_base64(*der) +
                                                    "\n-----END CERTIFICATE REQUEST-----\n")),
              crt::broken_request);
    EXPECT_EQ(refusal(CertificateRequest::parse_pem(leaf(root()).to_pem())), crt::not_pem);
    EXPECT_EQ(refusal(CertificateRequest::parse_pem("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")),
              crt::broken_request);
}

TEST(Request, refuses_names_that_cannot_stand_in_a_certificate) {
    auto const key = new_key();
    auto asked = [&key](SubjectFields const& subject) {
        auto result = CertificateRequest::create(key, subject, {});
        EXPECT_FALSE(result);
        return result ? std::string() : std::string(result.error().parameter("field"));
    };
    EXPECT_EQ(asked({.common_name = "x", .country = "Norway"}), "country");
    EXPECT_EQ(asked({.common_name = "x", .country = "no"}), "country");
    EXPECT_EQ(asked({.common_name = std::string("a\0b", 3)}), "common name");
    EXPECT_EQ(asked({.common_name = std::string(65, 'a')}), "common name");
    EXPECT_EQ(asked({.common_name = "\xff"}), "common name");
    EXPECT_EQ(asked({.common_name = "x", .email = "nobody"}), "email");
    EXPECT_EQ(asked({.common_name = "x", .serial_number = "a_b"}), "serial number");
    EXPECT_EQ(asked({}), "subject");
}

TEST(AlternativeNames, are_parsed_or_refused) {
    EXPECT_THAT(must(parse_alternative_names(" DNS:*.example.test , ip:192.0.2.1 ")),
                ::testing::ElementsAre(AlternativeName{Kind::dns, "*.example.test"}, AlternativeName{Kind::ip, "192.0.2.1"}));
    EXPECT_TRUE(must(parse_alternative_names("")).empty());
    for (auto const* bad : {"a.example.test", "dns:", "dns:192.0.2.1", "dns:a b", "dns:a.*.test", "dns:*", "ip:300.0.2.1", "ip:a.test",
                            "email:x", "uri:nothing", "dns:a.test,", "other:x"}) {
        EXPECT_EQ(refusal(parse_alternative_names(bad)), crt::invalid_name) << bad;
    }
}

}  // namespace
}  // namespace countersign::pki
