// Certificates and requests made to cost time, memory or the program: each ends in a clear error or in what a file of its size may cost.
// The limits: 1 MiB of input, keys of 16,384 bits; nothing grows faster than the input. A breach shows as a test that does not end.

#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <tuple>

namespace countersign::pki {
namespace {

using making::k_this_decade;
using making::must;
using testing::run_in;
using testing::TemporaryFolder;

// --- DER, written by hand: no program makes such things willingly ------------------------------------------------------------

/// Tag and length, in the shortest form, as DER asks.
Bytes header(std::uint8_t tag, std::size_t size) {
    if (size < 0x80) return {tag, static_cast<std::uint8_t>(size)};
    Bytes length;
    for (; size != 0; size >>= 8) length.insert(length.begin(), static_cast<std::uint8_t>(size));
    Bytes out{tag, static_cast<std::uint8_t>(0x80 + length.size())};
    out.insert(out.end(), length.begin(), length.end());
    return out;
}

Bytes tlv(std::uint8_t tag, Bytes const& content) {
    Bytes out = header(tag, content.size());
    out.insert(out.end(), content.begin(), content.end());
    return out;
}

template <class... More>
Bytes join(Bytes first, More const&... more) {
    (first.insert(first.end(), more.begin(), more.end()), ...);
    return first;
}

Bytes hex(std::string_view text) { return from_hex(text).value(); }
Bytes text(std::string_view value) { return {value.begin(), value.end()}; }
Bytes sequence(Bytes const& content) { return tlv(0x30, content); }
Bytes octets(Bytes const& content) { return tlv(0x04, content); }
Bytes bits(Bytes const& content) { return tlv(0x03, join(Bytes{0}, content)); }
Bytes integer(Bytes const& magnitude) { return tlv(0x02, magnitude[0] < 0x80 ? magnitude : join(Bytes{0}, magnitude)); }

Bytes const k_ecdsa_sha256 = sequence(hex("06082a8648ce3d040302"));
Bytes const k_sha256_rsa = sequence(hex("06092a864886f70d01010b0500"));

Bytes name(Bytes const& value) { return sequence(tlv(0x31, sequence(join(hex("0603550403"), tlv(0x0c, value))))); }
Bytes rsa_key(std::size_t bytes, Bytes const& exponent) {
    Bytes modulus(bytes, 0xc5);
    modulus.back() |= 1;
    return sequence(join(sequence(hex("06092a864886f70d0101010500")), bits(sequence(join(integer(modulus), integer(exponent))))));
}
Bytes good_key() {
    auto const request = must(CertificateRequest::create(making::new_key(), {.common_name = "a"}, {})).to_der();
    auto const at = std::ranges::search(request, hex("3059301306072a8648ce3d0201"));
    return {at.begin(), at.begin() + 91};
}

struct Parts {
    Bytes subject = name(text("a.example.com"));
    Bytes key = good_key();
    Bytes extensions;  ///< without their SEQUENCE
    Bytes algorithm = k_ecdsa_sha256;
    std::size_t signature = 64;
};

Bytes certificate(Parts const& parts) {
    Bytes signed_part = join(hex("a003020102"), integer(Bytes{1}), parts.algorithm, name(text("issuer")),
                             sequence(join(tlv(0x17, text("250101000000Z")), tlv(0x17, text("350101000000Z")))), parts.subject, parts.key);
    if (!parts.extensions.empty()) signed_part = join(signed_part, tlv(0xa3, sequence(parts.extensions)));
    return sequence(join(sequence(signed_part), parts.algorithm, bits(Bytes(parts.signature, 0x11))));
}

Bytes request(Parts const& parts) {
    Bytes const asked =
        parts.extensions.empty() ? Bytes() : sequence(join(hex("06092a864886f70d01090e"), tlv(0x31, sequence(parts.extensions))));
    auto const signed_part = sequence(join(hex("020100"), parts.subject, parts.key, tlv(0xa0, asked)));
    return sequence(join(signed_part, parts.algorithm, bits(Bytes(parts.signature, 0x11))));
}

Bytes alternative_names(std::size_t count) {
    Bytes names;
    for (std::size_t i = 0; i < count; ++i) names = join(std::move(names), tlv(0x82, text("a.bc")));
    return sequence(join(hex("0603551d11"), octets(sequence(names))));
}

/// Empty SEQUENCEs in each other.
Bytes nested(std::size_t depth) {
    std::vector<Bytes> headers;
    for (std::size_t size = 0; depth > 0; --depth) {
        headers.push_back(header(0x30, size));
        size += headers.back().size();
    }
    Bytes out;
    for (auto it = headers.rbegin(); it != headers.rend(); ++it) out.insert(out.end(), it->begin(), it->end());
    return out;
}

ErrorId refusal_of_request(Bytes const& der) {
    auto const parsed = CertificateRequest::parse_der(der);
    return parsed ? ErrorId{} : parsed.error().id();
}

// --- certificates -------------------------------------------------------------------------------------------------------------

TEST(HostileCertificate, hundred_thousand_names_are_read_and_compared) {
    auto const parsed = must(Certificate::parse_der(certificate({.extensions = alternative_names(100'000)})));
    EXPECT_EQ(parsed.alternative_names().size(), 100'000U);
    EXPECT_FALSE(matches_name(parsed, "a.example.com"));
    EXPECT_TRUE(matches_name(parsed, "a.bc"));
}

TEST(HostileCertificate, more_than_a_mebibyte_is_refused) {
    auto const parsed = Certificate::parse_der(certificate({.extensions = alternative_names(200'000)}));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().id(), errors::fil::too_large);
}

TEST(HostileCertificate, a_name_of_a_megabyte_is_one_name) {
    auto const parsed = must(Certificate::parse_der(certificate({.subject = name(Bytes(1'000'000, 'a'))})));
    EXPECT_EQ(parsed.common_name().size(), 1'000'000U);
    EXPECT_EQ(parsed.subject().size(), 1'000'004U);
    EXPECT_FALSE(matches_name(parsed, "a.example.com"));
}

TEST(HostileCertificate, ten_thousand_extensions_change_nothing) {
    Bytes extensions;
    for (int i = 0; i < 10'000; ++i) {
        extensions = join(
            std::move(extensions),
            sequence(join(tlv(0x06, Bytes{0x2a, 0x03, static_cast<std::uint8_t>(0x81 + (i >> 7)), static_cast<std::uint8_t>(i & 0x7f)}),
                          octets(hex("0500")))));
    }
    auto const parsed = must(Certificate::parse_der(certificate({.extensions = extensions})));
    EXPECT_FALSE(parsed.is_authority());
    EXPECT_TRUE(parsed.alternative_names().empty());
    EXPECT_TRUE(parsed.allows_server_auth());
}

TEST(HostileCertificate, a_signature_under_a_giant_key_costs_little_and_fits_nothing) {
    Bytes const huge(2000, 0xff);
    for (auto const& key :
         {rsa_key(2048, huge), rsa_key(2048, hex("ffffffffffffffff")), rsa_key(384, Bytes(384, 0xbf)), rsa_key(100'000, hex("010001"))}) {
        auto const issuer = Certificate::parse_der(certificate({.subject = name(text("issuer")), .key = key, .algorithm = k_sha256_rsa}));
        ASSERT_TRUE(issuer);
        auto const leaf =
            must(Certificate::parse_der(certificate({.algorithm = k_sha256_rsa, .signature = key.size() > 50'000 ? 100'000U : 2048U})));
        EXPECT_FALSE(check_order({leaf, *issuer}));
    }
}

TEST(HostileCertificate, hundred_thousand_levels_of_nesting_are_refused_or_passed_over) {
    auto const deep = nested(100'000);
    EXPECT_FALSE(Certificate::parse_der(deep));
    EXPECT_FALSE(Certificate::parse_der(certificate({.subject = deep})));
    EXPECT_FALSE(Certificate::parse_der(certificate({.key = deep})));
    // What nobody looks into: an extension that is not known.
    auto const unknown = sequence(join(hex("06032a0304"), octets(deep)));
    EXPECT_TRUE(Certificate::parse_der(certificate({.extensions = unknown})));
    for (auto const* known : {"0603551d11", "0603551d1e", "0603551d20", "0603551d1f", "0603551d13"}) {
        auto const parsed = Certificate::parse_der(certificate({.extensions = sequence(join(hex(known), octets(deep)))}));
        ASSERT_TRUE(parsed) << "it is decoded when it is asked for";
        EXPECT_TRUE(parsed->alternative_names().empty());
        EXPECT_FALSE(parsed->is_authority());
        EXPECT_FALSE(matches_name(*parsed, "b.example.com"));
    }
}

TEST(HostileCertificate, a_curve_that_is_spelled_out_is_never_relied_on) {
    TemporaryFolder const folder;
    auto const ran =
        run_in(folder,
               "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -nodes -keyout k.pem"
               " -subj /CN=Root -days 3000 -out root.pem &&"
               " openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout l.pem -subj /CN=a.example.com -out l.csr &&"
               " openssl x509 -req -in l.csr -CA root.pem -CAkey k.pem -CAcreateserial -days 3000 -out leaf.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    std::vector const presented{must(Certificate::parse_pem(folder.read("leaf.pem")))};
    auto const verdict = verify_chain({.presented = presented,
                                       .anchors = Anchors({must(Certificate::parse_pem(folder.read("root.pem")))}),
                                       .at = making::day("2027-01-01")});
    EXPECT_FALSE(verdict.verified());
}

// --- requests -----------------------------------------------------------------------------------------------------------------

TEST(HostileRequest, giant_keys_are_refused) {
    EXPECT_EQ(refusal_of_request(request({.key = rsa_key(2049, hex("010001")), .algorithm = k_sha256_rsa, .signature = 2049})),
              errors::crt::broken_request);
    EXPECT_EQ(refusal_of_request(request({.key = rsa_key(2048, Bytes(2000, 0xff)), .algorithm = k_sha256_rsa, .signature = 2048})),
              errors::crt::broken_request);
    EXPECT_EQ(refusal_of_request(request({.key = rsa_key(384, Bytes(384, 0xbf)), .algorithm = k_sha256_rsa, .signature = 384})),
              errors::crt::broken_request);
    auto const giant =
        CertificateRequest::parse_der(request({.key = rsa_key(100'000, hex("010001")), .algorithm = k_sha256_rsa, .signature = 100'000}));
    ASSERT_FALSE(giant);
    EXPECT_THAT(giant.error().explanation(), ::testing::HasSubstr("16384"));
}

TEST(HostileRequest, many_names_long_names_and_deep_nesting_end_in_an_error) {
    // Their signatures do not fit, which is found last: all the rest has been read by then.
    EXPECT_EQ(refusal_of_request(request({.extensions = alternative_names(100'000)})), errors::crt::broken_request);
    EXPECT_EQ(refusal_of_request(request({.extensions = alternative_names(200'000)})), errors::fil::too_large);
    EXPECT_EQ(refusal_of_request(request({.subject = name(Bytes(1'000'000, 'a'))})), errors::crt::broken_request);
    auto const deep = nested(100'000);
    EXPECT_EQ(refusal_of_request(deep), errors::crt::broken_request);
    EXPECT_EQ(refusal_of_request(request({.subject = deep})), errors::crt::broken_request);
    EXPECT_EQ(refusal_of_request(request({.key = deep})), errors::crt::broken_request);
    EXPECT_EQ(refusal_of_request(request({.extensions = deep})), errors::crt::broken_request);
}

TEST(HostileRequest, names_that_are_well_formed_are_signed_however_many) {
    TemporaryFolder const folder;
    std::string names;
    for (int i = 0; i < 5'000; ++i) names += "DNS." + std::to_string(i) + "=n" + std::to_string(i) + ".example.com\n";
    std::ignore = folder.file(
        "many.cnf",
        "[req]\nprompt=no\ndistinguished_name=name\nreq_extensions=more\n[name]\nCN=a.example.com\n[more]\nsubjectAltName=@all\n[all]\n" +
            names);
    auto const ran =
        run_in(folder, "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -config many.cnf -out many.csr");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const parsed = must(CertificateRequest::parse_pem(folder.read("many.csr")));
    EXPECT_EQ(must(making::root().sign(parsed, Profile::device, k_this_decade)).alternative_names().size(), 5'000U);
}

}  // namespace
}  // namespace countersign::pki
