#include "pki/contents.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Heap {
    TemporaryFolder folder;
    CertificateAuthority top = root();
    CertificateAuthority middle = below(top);
    Certificate own = leaf(middle);
    std::vector<Certificate> all{own, middle.certificate(), top.certificate()};

    Heap() {
        static_cast<void>(folder.file("all.pem", to_pem(all)));
        static_cast<void>(folder.file("list.pem", must(top.sign_crl({}, 1, k_noon, k_noon + std::chrono::days(1)))));
    }
    [[nodiscard]] std::string made(std::string const& command) const {
        auto const ran = run_in(folder, command);
        EXPECT_EQ(ran.exit_code, 0) << command << "\n" << ran.output;
        return folder.read("out");
    }
};

ErrorId refusal(std::string_view bytes) {
    auto read = read_pkcs7(bytes);
    EXPECT_FALSE(read);
    return read ? ErrorId{} : read.error().id();
}

TEST(Pkcs7, of_openssl_and_certtool_is_read) {
    Heap const heap;
    EXPECT_EQ(must(read_pkcs7(heap.made("openssl crl2pkcs7 -nocrl -certfile all.pem -out out"))), heap.all);
    EXPECT_EQ(must(read_pkcs7(heap.made("openssl crl2pkcs7 -nocrl -certfile all.pem -outform DER -out out"))), heap.all);
    EXPECT_THAT(must(read_pkcs7(heap.made("certtool --p7-generate --load-certificate all.pem --outfile out"))), SizeIs(3));
    EXPECT_THAT(must(read_pkcs7(heap.made("certtool --p7-generate --load-certificate all.pem --outder --outfile out"))), SizeIs(3));
    EXPECT_THAT(
        must(read_pkcs7("text before\r\n" + replace_all(heap.made("openssl crl2pkcs7 -nocrl -certfile all.pem -out out"), "\n", "\r\n"))),
        SizeIs(3));
}

TEST(Pkcs7, with_signed_content_is_a_bundle_too) {
    Heap const heap;
    std::string const make =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -subj /CN=s -out s >/dev/null 2>&1 && ";
    EXPECT_THAT(must(read_pkcs7(heap.made(
                    make + "echo hello | openssl smime -sign -signer s -inkey k -certfile all.pem -outform PEM -nodetach -out out"))),
                SizeIs(4));
    EXPECT_THAT(
        must(read_pkcs7(heap.made(make + "echo hello | openssl cms -sign -keyid -signer s -inkey k -outform PEM -nodetach -out out"))),
        SizeIs(1));
    EXPECT_THAT(
        must(read_pkcs7(heap.made(make + "echo hello | openssl cms -sign -signer s -inkey k -outform DER -stream -nodetach -out out"))),
        SizeIs(1))
        << "BER";
}

TEST(Pkcs7, of_ours_is_read_by_openssl_and_certtool) {
    Heap const heap;
    static_cast<void>(heap.folder.file("our.p7b", write_pkcs7_pem(heap.all)));
    auto const der = write_pkcs7_der(heap.all);
    static_cast<void>(heap.folder.file("our.der", {reinterpret_cast<char const*>(der.data()), der.size()}));
    EXPECT_EQ(must(parse_bundle(heap.made("openssl pkcs7 -in our.p7b -print_certs -out out"))), heap.all);
    EXPECT_EQ(must(parse_bundle(heap.made("openssl pkcs7 -inform DER -in our.der -print_certs -out out"))), heap.all);
    EXPECT_THAT(must(parse_bundle(heap.made("certtool --p7-info --infile our.p7b > out"))), SizeIs(3));
    EXPECT_EQ(must(read_pkcs7(write_pkcs7_pem(heap.all))), heap.all);
}

TEST(Pkcs7, with_revocation_lists_gives_them_to_read_contents) {
    Heap const heap;
    auto const contents = must(read_contents(heap.made("openssl crl2pkcs7 -in list.pem -certfile all.pem -out out")));
    EXPECT_THAT(contents.certificates(), SizeIs(3));
    ASSERT_THAT(contents.crls(), SizeIs(1));
    EXPECT_EQ(contents.crls()[0].number(), "01");
    for (auto const& item : contents.items) EXPECT_EQ(item.container, "PKCS#7");
    EXPECT_EQ(refusal(heap.made("openssl crl2pkcs7 -in list.pem -out out")), crt::broken_package) << "only a list";
}

TEST(Pkcs7, that_is_something_else_is_refused_by_name) {
    Heap const heap;
    EXPECT_EQ(
        refusal(heap.made("openssl cms -encrypt -in all.pem -aes128 -secretkey 00112233445566778899aabbccddeeff -secretkeyid 00 -outform "
                          "DER -out out")),
        crt::broken_package);
    EXPECT_EQ(refusal(heap.made("openssl cms -data_create -in all.pem -outform PEM -out out")), crt::broken_package);
    EXPECT_EQ(refusal(heap.own.to_pem()), crt::not_pem);
    EXPECT_EQ(refusal("hello"), crt::not_pem);
    EXPECT_EQ(refusal(""), crt::not_pem);
    auto const der = write_pkcs7_der(heap.all);
    std::string const bytes(der.begin(), der.end());
    EXPECT_EQ(refusal(bytes.substr(0, bytes.size() - 1)), crt::broken_package);
    EXPECT_EQ(refusal(bytes + "x"), crt::broken_package);
    auto const empty = write_pkcs7_der({});
    EXPECT_EQ(refusal({reinterpret_cast<char const*>(empty.data()), empty.size()}), crt::broken_package) << "no certificates";
}

TEST(Pkcs7, inside_a_pkcs7_stays_closed) {
    Heap const heap;
    static_cast<void>(heap.folder.file("inner.pem", to_pem({heap.top.certificate()})));
    auto const nested = heap.made(
        "openssl crl2pkcs7 -nocrl -certfile inner.pem -outform DER -out inner && openssl req -x509 -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes -keyout k -subj /CN=signer -out s >/dev/null 2>&1 && openssl cms -sign -econtent_type "
        "pkcs7-signedData "
        "-in inner -binary -nodetach -signer s -inkey k -outform DER -out out");
    auto const certificates = must(read_pkcs7(nested));
    ASSERT_THAT(certificates, SizeIs(1));
    EXPECT_EQ(certificates[0].common_name(), "signer");
}

}  // namespace
}  // namespace countersign::pki
