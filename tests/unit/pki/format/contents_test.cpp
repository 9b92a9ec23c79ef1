#include "pki/contents.hpp"

#include "pki/pkcs12.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SecretText secret(std::string_view text) { return SecretText(std::string(text)); }

struct KindOf {
    std::string operator()(Certificate const&) const { return "certificate"; }
    std::string operator()(CertificateRequest const&) const { return "request"; }
    std::string operator()(PrivateKey const&) const { return "key"; }
    std::string operator()(Crl const&) const { return "list"; }
    std::string operator()(PublicKey const& key) const { return "public " + key.algorithm + " " + std::to_string(key.bits); }
    std::string operator()(LockedKey const& key) const { return "locked " + key.form; }
    std::string operator()(LockedPackage const&) const { return "locked package"; }
};

/// "PEM certificate" ... of each item.
std::vector<std::string> kinds(Contents const& contents) {
    std::vector<std::string> out;
    for (auto const& item : contents.items) out.push_back(item.container + " " + std::visit(KindOf(), item.value));
    return out;
}

ErrorId refusal(std::string_view bytes, std::string_view passphrase = "", ContentsLimits limits = {}) {
    auto contents = read_contents(bytes, secret(passphrase), limits);
    EXPECT_FALSE(contents);
    return contents ? ErrorId{} : contents.error().id();
}

/// Files made by openssl in a folder: leaf.key, leaf.pem, leaf.csr, root.pem, root.key.
OpensslPair const& pair() {
    static auto const made = by_openssl({});
    return *made;
}

/// What a command writes into `out`.
std::string made(std::string const& command) {
    auto const ran = run_in(pair().folder, "rm -f out; " + command);
    EXPECT_EQ(ran.exit_code, 0) << command << "\n" << ran.output;
    return pair().folder.read("out");
}

struct Sample {
    std::string command;
    std::string kind;
};

class OneThing : public ::testing::TestWithParam<Sample> {};

TEST_P(OneThing, is_recognised_by_its_content) {
    EXPECT_THAT(kinds(must(read_contents(made(GetParam().command)))), ElementsAre(GetParam().kind));
}

std::string const k_rsa = "openssl genrsa -traditional -out k 2048 2>/dev/null && ";

INSTANTIATE_TEST_SUITE_P(
    Pem, OneThing,
    ::testing::Values(
        Sample{"cp leaf.pem out", "PEM certificate"}, Sample{"openssl x509 -in leaf.pem -text -out out", "PEM certificate"},
        Sample{"openssl x509 -in leaf.pem -trustout -addtrust serverAuth -out out", "PEM certificate"},
        Sample{"sed 's/CERTIFICATE/X509 CERTIFICATE/' leaf.pem > out", "PEM certificate"}, Sample{"cp leaf.csr out", "PEM request"},
        Sample{"openssl req -in leaf.csr -newhdr -out out", "PEM request"}, Sample{"cp leaf.key out", "PEM key"},
        Sample{"openssl ecparam -name prime256v1 -genkey -out out", "PEM key"},
        Sample{"openssl pkey -in leaf.key -pubout -out out", "PEM public EC 256"},
        Sample{k_rsa + "openssl rsa -in k -RSAPublicKey_out -out out", "PEM public RSA 2048"},
        Sample{k_rsa + "openssl rsa -in k -des3 -traditional -passout pass:x -out out", "PEM locked traditional, DES-EDE3-CBC"},
        Sample{"openssl pkcs8 -topk8 -in leaf.key -passout pass:x -out out", "PEM locked PKCS#8, AES-256-CBC"},
        Sample{"openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in leaf.key -passout pass:x -out out", "PEM locked PKCS#8, PBE-SHA1-3DES"},
        Sample{"openssl crl2pkcs7 -nocrl -certfile leaf.pem -out out", "PKCS#7 certificate"},
        Sample{"openssl crl2pkcs7 -nocrl -certfile leaf.pem | sed 's/PKCS7/CMS/' > out", "PKCS#7 certificate"},
        Sample{"certtool --to-p12 --load-certificate leaf.pem --password '' --p12-name x --outfile out", "PKCS#12 certificate"}));

INSTANTIATE_TEST_SUITE_P(
    Der, OneThing,
    ::testing::Values(
        Sample{"openssl x509 -in leaf.pem -outform DER -out out", "DER certificate"},
        Sample{"openssl req -in leaf.csr -outform DER -out out", "DER request"},
        Sample{"openssl req -new -key leaf.key -subj / -outform DER -out out", "DER request"},
        Sample{"openssl pkey -in leaf.key -outform DER -out out", "DER key"},
        Sample{"openssl ec -in leaf.key -outform DER -out out", "DER key"},
        Sample{k_rsa + "openssl rsa -in k -traditional -outform DER -out out", "DER key"},
        Sample{"openssl genpkey -algorithm ed25519 -outform DER -out out", "DER key"},
        Sample{"openssl pkey -in leaf.key -pubout -outform DER -out out", "DER public EC 256"},
        Sample{k_rsa + "openssl rsa -in k -RSAPublicKey_out -outform DER -out out", "DER public RSA 2048"},
        Sample{"openssl pkcs8 -topk8 -in leaf.key -passout pass:x -outform DER -out out", "DER locked PKCS#8, AES-256-CBC"},
        Sample{"openssl crl2pkcs7 -nocrl -certfile leaf.pem -outform DER -out out", "PKCS#7 certificate"},
        Sample{"openssl pkcs12 -export -nokeys -in leaf.pem -passout pass:x -out out", "PKCS#12 locked package"},
        Sample{"openssl req -x509 -new -key leaf.key -subj /CN=v1 -outform DER -x509v1 -out out 2>/dev/null || openssl x509 -req -in "
               "leaf.csr -signkey leaf.key -outform DER -out out",
               "DER certificate"}));

TEST(Contents, of_a_certificate_of_version_1_and_lists_of_both_versions_are_told_apart) {
    EXPECT_THAT(
        kinds(must(read_contents(made("openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -set_serial 1 -outform DER -out out")))),
        ElementsAre("DER certificate"));
    std::string const ca =
        "touch index && printf '[a]\\ndatabase=index\\ndefault_md=sha256\\ncrlnumber=number\\n' > ca.cnf && echo 01 > number && "
        "openssl ca -config ca.cnf -name a -gencrl -keyfile root.key -cert root.pem -crldays 1 -out list.pem && ";
    EXPECT_THAT(kinds(must(read_contents(made(ca + "cp list.pem out")))), ElementsAre("PEM list"));
    EXPECT_THAT(kinds(must(read_contents(made(ca + "openssl crl -in list.pem -outform DER -out out")))), ElementsAre("DER list"));
    auto const v1 =
        "sed -i /crlnumber/d ca.cnf && openssl ca -config ca.cnf -name a -gencrl -keyfile root.key -cert root.pem -crldays 1 -out "
        "list.pem && openssl crl -in list.pem -outform DER -out out";
    EXPECT_THAT(kinds(must(read_contents(made(v1)))), ElementsAre("DER list"));
}

TEST(Contents, of_a_mixed_file_are_all_there_with_their_places) {
    auto const file = made(
        "openssl ecparam -name prime256v1 -genkey -out k && { echo 'some text'; cat k leaf.pem; echo; openssl x509 -in root.pem "
        "-text; cat leaf.csr; } > out");
    auto const contents = must(read_contents(file));
    EXPECT_THAT(kinds(contents), ElementsAre("PEM key", "PEM certificate", "PEM certificate", "PEM request"));
    EXPECT_THAT(contents.problems, IsEmpty());
    EXPECT_EQ(contents.items[0].position, 2U) << "the parameters of the key were the first block";
    EXPECT_EQ(contents.items[3].position, 5U);
    EXPECT_THAT(contents.certificates(), ElementsAre(pair().chain[0], pair().chain[1]));
}

TEST(Contents, of_bag_attributes_are_read_as_openssl_writes_them) {
    auto const file = made(
        "openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile root.pem -name n -passout pass:x -out p && openssl pkcs12 "
        "-in p -passin pass:x -nodes -out out");
    EXPECT_THAT(file, HasSubstr("Bag Attributes"));
    EXPECT_THAT(kinds(must(read_contents(file))), ElementsAre("PEM certificate", "PEM certificate", "PEM key"));
}

TEST(Contents, of_a_package_have_its_names) {
    auto const file =
        made("openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile root.pem -name 'Room 7' -passout pass:x -out out");
    auto const contents = must(read_contents(file, secret("x")));
    EXPECT_THAT(kinds(contents), ElementsAre("PKCS#12 certificate", "PKCS#12 certificate", "PKCS#12 key"));
    EXPECT_EQ(contents.items[0].name, "Room 7");
    EXPECT_EQ(contents.items[2].name, "Room 7");
    EXPECT_EQ(refusal(file, "wrong"), crt::wrong_passphrase);
}

TEST(Contents, that_are_locked_open_with_the_passphrase) {
    auto const file = made("openssl pkcs8 -topk8 -in leaf.key -passout pass:x -out k && cat k leaf.pem > out");
    EXPECT_THAT(kinds(must(read_contents(file))), ElementsAre("PEM locked PKCS#8, AES-256-CBC", "PEM certificate"));
    EXPECT_THAT(kinds(must(read_contents(file, secret("x")))), ElementsAre("PEM key", "PEM certificate"));
    auto const wrong = must(read_contents(file, secret("wrong")));
    EXPECT_THAT(kinds(wrong), ElementsAre("PEM certificate"));
    ASSERT_THAT(wrong.problems, SizeIs(1));
    EXPECT_EQ(wrong.problems[0].id(), crt::wrong_passphrase);
    EXPECT_EQ(wrong.problems[0].where(), "block 1");
}

class Spelling : public ::testing::TestWithParam<std::string> {};

TEST_P(Spelling, of_a_text_makes_no_difference) {
    auto const file = made("cat leaf.key leaf.pem | " + GetParam() + " > out");
    EXPECT_THAT(kinds(must(read_contents(file))), ElementsAre("PEM key", "PEM certificate"));
}

INSTANTIATE_TEST_SUITE_P(Contents, Spelling,
                         ::testing::Values("cat", "sed 's/$/\\r/'", "tr '\\n' '\\r'", "{ printf '\\357\\273\\277'; cat; }",
                                           "{ printf '\\377\\376'; iconv -t UTF-16LE; }", "{ printf '\\376\\377'; iconv -t UTF-16BE; }",
                                           "sed 's/^/  /'", "sed 's/$/  /'", "{ echo '0 is how this text begins'; cat; }",
                                           "{ printf '\\000\\001\\002\\n'; cat; }"));

TEST(Contents, of_base64_without_its_lines_are_recognised) {
    EXPECT_THAT(kinds(must(read_contents(made("grep -v -- ----- leaf.pem > out")))), ElementsAre("Base64 certificate"));
    EXPECT_THAT(kinds(must(read_contents(made("openssl crl2pkcs7 -nocrl -certfile leaf.pem -outform DER | base64 -w0 > out")))),
                ElementsAre("PKCS#7 certificate"));
    EXPECT_EQ(refusal("AAAAAAAA"), crt::not_pem) << "Base64 of nothing that is known";
}

TEST(Contents, with_broken_parts_keep_the_good_ones_and_name_each_problem) {
    auto const good = pair().folder.read("leaf.pem");
    auto const file =
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + good +
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n-----BEGIN PGP MESSAGE-----\nAAAA\n-----END PGP "
        "MESSAGE-----\n-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n-----BEGIN X509 "
        "CRL-----\nAAAA\n-----END X509 CRL-----\n-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n-----BEGIN "
        "CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n"
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nMIIB";
    auto const contents = must(read_contents(file));
    EXPECT_THAT(kinds(contents), ElementsAre("PEM certificate"));
    EXPECT_EQ(contents.items[0].position, 2U);
    std::vector<ErrorId> ids;
    std::vector<std::string> places;
    for (auto const& problem : contents.problems) {
        ids.push_back(problem.id());
        places.push_back(problem.where());
    }
    EXPECT_THAT(ids, ElementsAre(crt::broken_certificate, crt::not_pem, crt::not_pem, crt::unsupported_key_type, crt::broken_crl,
                                 crt::not_pem, crt::broken_request, crt::broken_package, crt::broken_key, crt::not_pem));
    EXPECT_THAT(places, ElementsAre("block 1", "block 3", "block 4", "block 5", "block 6", "block 7", "block 8", "block 9", "block 10",
                                    "block 11"));
}

TEST(Contents, of_nothing_but_broken_parts_are_an_error_with_all_of_them) {
    auto const one = std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_EQ(refusal(one), crt::broken_certificate);
    auto const both = read_contents(one + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    ASSERT_FALSE(both);
    EXPECT_EQ(both.error().id(), errors::gen::several_problems);
    ASSERT_THAT(both.error().causes(), SizeIs(2));
    EXPECT_EQ(both.error().causes()[1].id(), crt::broken_crl);
}

TEST(Contents, of_none_of_the_kinds_say_so) {
    for (std::string const& file : {std::string(), std::string("hello"), std::string("-----BEGIN "), std::string("\x30\x03\x02\x01\x01", 5),
                                    std::string("0"), std::string("\xff\xfe"), std::string("\xef\xbb\xbf"), std::string(100, '\0'),
                                    std::string("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n")})
        EXPECT_EQ(refusal(file), crt::not_pem);
    auto const certificate = made("openssl x509 -in leaf.pem -outform DER -out out");
    for (std::size_t const cut : {std::size_t{20}, certificate.size() / 2, certificate.size() - 1})
        EXPECT_EQ(refusal(certificate.substr(0, cut)), crt::broken_certificate) << "recognised all the same";
}

}  // namespace
}  // namespace countersign::pki
