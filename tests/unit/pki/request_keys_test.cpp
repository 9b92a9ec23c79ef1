// Keys of every kind in requests: read and put into certificates by short ways, which must come out where OpenSSL's long one does.

#include "pki/foreign_request.hpp"
#include "pki/format/request_parts.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace countersign::pki {
namespace {

using making::k_this_decade;
using making::must;
using testing::run_in;
using testing::TemporaryFolder;

std::string openssl(TemporaryFolder const& folder, std::string const& arguments) {
    auto const ran = run_in(folder, "openssl " + arguments);
    EXPECT_EQ(ran.exit_code, 0) << arguments << "\n" << ran.output;
    return ran.output;
}

/// What `openssl genpkey` is asked for.
class KeyOfRequest : public ::testing::TestWithParam<char const*> {};

TEST_P(KeyOfRequest, stands_in_the_certificate_as_openssl_wrote_it) {
    TemporaryFolder const folder;
    openssl(folder, std::string("genpkey -quiet -out key.pem ") + GetParam());
    openssl(folder, "req -new -key key.pem -subj /CN=a.example.com -out request.pem");
    auto const request = must(CertificateRequest::parse_pem(folder.read("request.pem")));
    auto const certificate = must(making::root().sign(request, Profile::device, k_this_decade));
    std::ignore = folder.file("certificate.pem", certificate.to_pem());
    auto const asked = openssl(folder, "req -in request.pem -noout -pubkey");
    EXPECT_EQ(openssl(folder, "x509 -in certificate.pem -noout -pubkey"), asked);
    EXPECT_EQ(openssl(folder, "pkey -in key.pem -pubout"), asked);
    EXPECT_EQ(certificate.public_key_sha256(), request.public_key_sha256());
    EXPECT_EQ(certificate.key_algorithm(), must(Certificate::parse_pem(certificate.to_pem())).key_algorithm());
    EXPECT_EQ(certificate.key_bits(), must(Certificate::parse_pem(certificate.to_pem())).key_bits());
    EXPECT_EQ(openssl(folder, "pkey -in key.pem -pubout -outform der | openssl dgst -sha256 -r").substr(0, 64),
              request.public_key_sha256());
}

INSTANTIATE_TEST_SUITE_P(Every, KeyOfRequest,
                         ::testing::Values("-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
                                           "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
                                           "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
                                           "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
                                           "-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1",
                                           "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt point-format:compressed",
                                           "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
                                           "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "-algorithm ED25519", "-algorithm ED448"));

TEST(RequestKeys, are_told_apart_by_kind_size_and_curve) {
    auto const told = [](std::string const& arguments) {
        TemporaryFolder const folder;
        openssl(folder, "genpkey -quiet -out key.pem " + arguments);
        openssl(folder, "req -new -key key.pem -subj /CN=a.example.com -out request.pem");
        auto const type = key_type_of(must(CertificateRequest::parse_pem(folder.read("request.pem"))));
        if (!type) EXPECT_EQ(type.error().id(), errors::crt::unsupported_key_type);
        return std::string(type ? to_string(*type) : type.error().parameter("type"));
    };
    EXPECT_EQ(told("-algorithm EC -pkeyopt ec_paramgen_curve:P-256"), "ec:p256");
    EXPECT_EQ(told("-algorithm EC -pkeyopt ec_paramgen_curve:P-384"), "ec:p384");
    EXPECT_EQ(told("-algorithm RSA -pkeyopt rsa_keygen_bits:2048"), "rsa:2048");
    EXPECT_EQ(told("-algorithm ED25519"), "ed25519");
    EXPECT_EQ(told("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"), "EC secp256k1") << "as many bits as P-256, and another curve";
    EXPECT_EQ(told("-algorithm RSA -pkeyopt rsa_keygen_bits:1024"), "RSA 1024");
    EXPECT_EQ(told("-algorithm ED448"), "a key of an unknown kind");
}

TEST(RequestKeys, of_requests_that_would_be_authorities_are_found) {
    auto const judged = [](std::string const& extension) {
        TemporaryFolder const folder;
        openssl(folder,
                "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=a.example.com -out request.pem "
                "-addext 'subjectAltName=DNS:a.example.com'" +
                    (extension.empty() ? std::string() : " -addext '" + extension + "'"));
        return check_is_no_authority(must(CertificateRequest::parse_pem(folder.read("request.pem"))));
    };
    for (auto const* good : {"", "basicConstraints=CA:FALSE", "keyUsage=digitalSignature", "extendedKeyUsage=serverAuth,clientAuth"})
        EXPECT_TRUE(judged(good)) << good;
    for (auto const* bad : {"basicConstraints=CA:TRUE", "keyUsage=digitalSignature,keyCertSign", "keyUsage=cRLSign",
                            "nameConstraints=permitted;DNS:example.com", "1.2.3.4=ASN1:UTF8String:anything"}) {
        auto const refused = judged(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().id(), errors::crt::broken_request);
    }
}

TEST(RequestKeys, the_fingerprint_of_a_private_key_is_that_of_openssl) {
    for (auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::rsa_2048, KeyType::ed25519}) {
        TemporaryFolder const folder;
        auto const key = making::new_key(type);
        std::ignore = folder.file("key.pem", key.to_pem().reveal());
        EXPECT_EQ(openssl(folder, "pkey -in key.pem -pubout -outform der | openssl dgst -sha256 -r").substr(0, 64),
                  key.public_key_sha256());
    }
}

TEST(RequestKeys, a_curve_that_is_spelled_out_is_refused) {
    TemporaryFolder const folder;
    openssl(folder, "genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out key.pem");
    openssl(folder, "req -new -key key.pem -subj /CN=a.example.com -out request.pem");
    auto const request = CertificateRequest::parse_pem(folder.read("request.pem"));
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().id(), errors::crt::broken_request);
}

TEST(RequestKeys, a_point_that_is_not_on_the_curve_is_refused) {
    auto const key = making::new_key();
    auto der = must(CertificateRequest::create(key, {.common_name = "a.example.com"}, {})).to_der();
    constexpr std::array<std::uint8_t, 5> header{0x07, 0x03, 0x42, 0x00, 0x04};
    auto const at = std::ranges::search(der, header);
    ASSERT_FALSE(at.empty());
    at.end()[10] ^= 1;
    auto const request = CertificateRequest::parse_der(der);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().id(), errors::crt::broken_request);
    EXPECT_THAT(request.error().explanation(), ::testing::HasSubstr("public key"));
}

TEST(RequestKeys, a_request_whose_extensions_cannot_be_read_is_refused) {
    TemporaryFolder const folder;
    std::ignore = folder.file(
        "request.cnf", "[req]\nprompt=no\ndistinguished_name=name\nattributes=more\n[name]\nCN=a.example.com\n[more]\nextReq=nonsense\n");
    openssl(folder, "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -config request.cnf -out request.pem");
    auto const request = CertificateRequest::parse_pem(folder.read("request.pem"));
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().id(), errors::crt::broken_request);
}

TEST(RequestKeys, a_signature_fits_exactly_when_openssl_says_so) {
    TemporaryFolder const folder;
    for (std::string const curve : {"P-256", "P-384", "P-521"}) {
        for (std::string const digest : {"sha1", "sha224", "sha256", "sha384", "sha512"}) {
            auto const ran = run_in(folder, "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:" + curve + " -nodes -" + digest +
                                                " -keyout k.pem -subj /CN=x -outform der -out r.der");
            ASSERT_EQ(ran.exit_code, 0) << ran.output;
            auto const text = folder.read("r.der");
            Bytes der(text.begin(), text.end());
            EXPECT_TRUE(CertificateRequest::parse_der(der)) << curve << ' ' << digest;
            // The algorithm and the signature are the last bytes.
            for (std::size_t at = der.size() - 160; at < der.size(); ++at) {
                der[at] ^= 0x01;
                auto const parts = RequestParts::decode(der);
                auto const* data = der.data();
                X509ReqPtr const theirs(d2i_X509_REQ(nullptr, &data, static_cast<long>(der.size())));
                bool const fits = theirs && X509_REQ_verify(theirs.get(), X509_REQ_get0_pubkey(theirs.get())) == 1;
                EXPECT_EQ(parts && (*parts)->signature_fits(), fits) << curve << ' ' << digest << " at " << at;
                der[at] ^= 0x01;
            }
        }
    }
}

}  // namespace
}  // namespace countersign::pki
