// Requests that somebody else made and that ask for more than it seems. They are written element by element and signed with their key: no
// program makes most of them.

#include "pki/foreign_request.hpp"

#include "pki/format/der_writer.hpp"
#include "pki/openssl.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>

namespace countersign::pki {
namespace {

using making::must;
using ::testing::HasSubstr;

/// Elements one after the other.
Bytes operator+(Bytes left, Bytes const& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}
Bytes element(std::uint8_t tag, Bytes const& content) {
    DerWriter out(content.size() + 4);
    out.element(tag, content);
    return std::move(out).take();
}
Bytes text(std::uint8_t tag, std::string_view value) { return element(tag, Bytes(value.begin(), value.end())); }
/// Its encoded form, by OpenSSL's name or in digits.
Bytes oid(char const* name) {
    std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>> const object(OBJ_txt2obj(name, 0));
    if (!object) throw std::runtime_error(std::string("no object identifier: ") + name);
    auto const* data = OBJ_get0_data(object.get());
    return element(der::k_oid, Bytes(data, data + OBJ_length(object.get())));
}

Bytes rdn(char const* type, std::string_view value) {
    return element(der::k_set, element(der::k_sequence, oid(type) + text(der::k_utf8_string, value)));
}
Bytes attribute(char const* type, Bytes const& values) { return element(der::k_sequence, oid(type) + element(der::k_set, values)); }
Bytes extension(char const* type, Bytes const& value) { return element(der::k_sequence, oid(type) + element(der::k_octet_string, value)); }
Bytes extensions(Bytes const& list) { return element(der::k_sequence, list); }

Bytes const k_host = text(der::tagged(GEN_DNS), "a.example.com");
Bytes names(Bytes const& list) { return extension("subjectAltName", element(der::k_sequence, list)); }
Bytes usages(Bytes const& list) { return extension("extendedKeyUsage", element(der::k_sequence, list)); }
Bytes const k_authority = extension("basicConstraints", element(der::k_sequence, element(der::k_boolean, Bytes{0xff})));  // cA
Bytes const k_no_authority = extension("basicConstraints", element(der::k_sequence, {}));
constexpr char const* k_pkcs9 = "1.2.840.113549.1.9.14";
constexpr char const* k_windows = "1.3.6.1.4.1.311.2.1.14";

CertificateRequest request(Bytes const& subject, Bytes const& attributes) {
    static PrivateKey const key = making::new_key();
    unsigned char* data = nullptr;
    int const size = i2d_PUBKEY(key.native(), &data);
    Bytes const public_key(data, data + size);
    OPENSSL_free(data);
    auto const info = element(der::k_sequence, element(der::k_integer, Bytes{0}) + element(der::k_sequence, subject) + public_key +
                                                   element(der::wrapped(0), attributes));
    MdCtxPtr const context(EVP_MD_CTX_new());
    Bytes signature(256);
    auto length = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.native()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &length, info.data(), info.size()) != 1)
        throw std::runtime_error("the request was not signed");
    signature.resize(length);
    auto const whole = element(
        der::k_sequence, info + element(der::k_sequence, oid("ecdsa-with-SHA256")) + element(der::k_bit_string, Bytes{0} + signature));
    return must(CertificateRequest::parse_der(whole));
}

/// Of a request with these attributes, and a good subject.
std::string rights(Bytes const& attributes) {
    auto const judged = check_is_no_authority(request(rdn("CN", "a.example.com"), attributes));
    if (judged) return "good";
    EXPECT_EQ(judged.error().id(), errors::crt::broken_request);
    return std::string(judged.error().parameter("detail"));
}
std::string rights_of_extensions(Bytes const& list) { return rights(attribute(k_pkcs9, extensions(list))); }

std::string plain(Bytes const& subject, Bytes const& attributes) {
    auto const judged = check_names_are_plain(request(subject, attributes));
    if (judged) return "good";
    EXPECT_EQ(judged.error().id(), errors::crt::broken_request);
    return std::string(judged.error().parameter("detail"));
}
std::string plain_names(Bytes const& list) { return plain(rdn("CN", "a.example.com"), attribute(k_pkcs9, extensions(names(list)))); }

TEST(ForeignRequest, with_what_servers_need_is_good) {
    EXPECT_EQ(rights({}), "good");
    EXPECT_EQ(rights_of_extensions(names(k_host) + k_no_authority + usages(oid("serverAuth") + oid("clientAuth"))), "good");
    EXPECT_EQ(rights(attribute(k_windows, extensions(names(k_host)))), "good");
    EXPECT_EQ(
        rights(attribute("challengePassword", text(der::k_utf8_string, "of the vendor")) + attribute(k_pkcs9, extensions(names(k_host)))),
        "good");
}

TEST(ForeignRequest, for_other_usages_than_those_of_tls_is_refused) {
    for (auto const* usage : {"OCSPSigning", "anyExtendedKeyUsage", "codeSigning", "emailProtection", "timeStamping", "1.2.3.4"})
        EXPECT_THAT(rights_of_extensions(usages(oid("serverAuth") + oid(usage))), HasSubstr("extended key usage")) << usage;
    EXPECT_THAT(rights_of_extensions(extension("extendedKeyUsage", text(der::k_utf8_string, "serverAuth"))), HasSubstr("decoded"));
}

TEST(ForeignRequest, that_asks_for_extensions_in_two_places_is_refused) {
    auto const good = extensions(names(k_host)), bad = extensions(k_authority);
    EXPECT_THAT(rights(attribute(k_windows, good) + attribute(k_pkcs9, bad)), HasSubstr("more than once"));
    EXPECT_THAT(rights(attribute(k_pkcs9, good) + attribute(k_pkcs9, bad)), HasSubstr("more than once"));
    EXPECT_THAT(rights(attribute(k_pkcs9, good + bad)), HasSubstr("more than once"));
    EXPECT_THAT(rights_of_extensions(names(k_host) + names(text(der::tagged(GEN_DNS), "b.example.com"))), HasSubstr("twice"));
    EXPECT_THAT(rights_of_extensions(k_no_authority + k_authority), HasSubstr("twice"));
}

TEST(ForeignRequest, with_something_hidden_behind_a_value_is_refused) {
    auto const list = element(der::k_sequence, k_host);
    EXPECT_THAT(rights_of_extensions(extension("subjectAltName", list + list)), HasSubstr("decoded"));
    EXPECT_THAT(rights_of_extensions(extension("basicConstraints", element(der::k_sequence, {}) + element(der::k_sequence, {}))),
                HasSubstr("decoded"));
}

TEST(ForeignRequest, with_other_attributes_is_refused) {
    EXPECT_THAT(rights(attribute("unstructuredName", text(der::k_utf8_string, "b.example.com"))), HasSubstr("attribute"));
    EXPECT_THAT(rights(attribute("1.3.6.1.4.1.311.13.2.1", element(der::k_sequence, {}))), HasSubstr("attribute"));
}

TEST(ForeignRequest, for_host_names_and_addresses_is_plain) {
    EXPECT_EQ(plain(rdn("CN", "a.example.com"), {}), "good");
    EXPECT_EQ(plain_names(k_host + element(der::tagged(GEN_IPADD), Bytes{192, 0, 2, 1}) + element(der::tagged(GEN_IPADD), Bytes(16))),
              "good");
}

TEST(ForeignRequest, for_names_of_other_kinds_is_refused) {
    auto const other = element(der::wrapped(GEN_OTHERNAME),
                               oid("1.3.6.1.4.1.311.20.2.3") + element(der::wrapped(0), text(der::k_utf8_string, "admin@example.com")));
    auto const directory = element(der::wrapped(GEN_DIRNAME), element(der::k_sequence, rdn("CN", "admin")));
    auto const registered = element(der::tagged(GEN_RID), Bytes{0x2a, 0x03});
    for (auto const& name :
         {other, directory, registered, text(der::tagged(GEN_EMAIL), "a@example.com"), text(der::tagged(GEN_URI), "https://a.example.com"),
          element(der::tagged(GEN_IPADD), Bytes(5)), element(der::tagged(GEN_IPADD), Bytes(8))})
        EXPECT_THAT(plain_names(k_host + name), HasSubstr("neither a host name nor an address"));
    EXPECT_THAT(plain(rdn("CN", "a.example.com"), attribute(k_pkcs9, extensions(extension("subjectAltName", k_host)))),
                HasSubstr("decoded"));
}

TEST(ForeignRequest, with_more_than_a_common_name_is_refused) {
    auto const name = rdn("CN", "a.example.com");
    auto const both = element(der::k_set, element(der::k_sequence, oid("CN") + text(der::k_utf8_string, "a.example.com")) +
                                              element(der::k_sequence, oid("CN") + text(der::k_utf8_string, "b.example.com")));
    for (auto const& subject : {name + rdn("CN", "b.example.com"), name + rdn("emailAddress", "a@example.com"), name + rdn("O", "Example"),
                                both, rdn("O", "Example"), Bytes()})
        EXPECT_THAT(plain(subject, {}), HasSubstr("not one common name alone"));
}

}  // namespace
}  // namespace countersign::pki
