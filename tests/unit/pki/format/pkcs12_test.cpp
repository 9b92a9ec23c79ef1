#include "pki/pkcs12.hpp"

#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

SecretText secret(std::string_view text) { return SecretText(std::string(text)); }
Result<Pkcs12Contents> read(std::string_view package, std::string_view passphrase) {
    return read_pkcs12(bytes_of(package), secret(passphrase));
}
ErrorId refusal(std::string_view package, std::string_view passphrase) {
    auto contents = read(package, passphrase);
    EXPECT_FALSE(contents);
    return contents ? ErrorId{} : contents.error().id();
}
std::string_view text_of(Secret<Bytes> const& bytes) {
    return {reinterpret_cast<char const*>(bytes.reveal().data()), bytes.reveal().size()};
}

/// root.pem, sub.pem, leaf.pem, leaf.key, and the rest of the chain in chain.pem (root first, to be put in order).
struct Identity {
    TemporaryFolder folder;
    CertificateAuthority top = root();
    CertificateAuthority middle = below(top);
    PrivateKey key = new_key();
    Certificate own = must(middle.sign(request(key, "mps.example.test", "dns:mps.example.test"), Profile::server, k_this_decade));

    Identity() {
        static_cast<void>(folder.file("leaf.key", key.to_pem().reveal()));
        static_cast<void>(folder.file("leaf.pem", own.to_pem()));
        static_cast<void>(folder.file("chain.pem", top.certificate().to_pem() + middle.certificate().to_pem()));
    }
    [[nodiscard]] std::vector<Certificate> chain() const { return {own, middle.certificate(), top.certificate()}; }
    [[nodiscard]] Pkcs12Contents contents(std::string name = "Conference room 7") const {
        return {.key = key, .certificates = chain(), .friendly_name = std::move(name)};
    }
    /// What a command writes into out.p12.
    [[nodiscard]] std::string made_by(std::string const& command) const {
        auto const ran = run_in(folder, command);
        EXPECT_EQ(ran.exit_code, 0) << command << "\n" << ran.output;
        return folder.read("out.p12");
    }
};

std::string const k_export =
    "openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile chain.pem -name 'Conference room 7' -out out.p12 ";

/// Packages of other people's programs, with the passphrase "opensesame".
class ForeignPackage : public ::testing::TestWithParam<std::string> {};

TEST_P(ForeignPackage, gives_key_chain_and_name_and_tells_a_wrong_password) {
    Identity const identity;
    auto const package = identity.made_by(GetParam());
    auto const contents = must(read(package, "opensesame"));
    ASSERT_TRUE(contents.key);
    EXPECT_EQ(contents.key->public_key_sha256(), identity.key.public_key_sha256());
    EXPECT_EQ(contents.certificates, identity.chain());
    EXPECT_EQ(contents.friendly_name, "Conference room 7");
    EXPECT_EQ(refusal(package, "wrong"), crt::wrong_passphrase);
    EXPECT_EQ(refusal(package, ""), crt::wrong_passphrase);
    EXPECT_EQ(refusal(package.substr(0, package.size() - 1), "opensesame"), crt::broken_package);
}

INSTANTIATE_TEST_SUITE_P(OpenSsl, ForeignPackage,
                         ::testing::Values(k_export + "-passout pass:opensesame", k_export + "-passout pass:opensesame -legacy",
                                           k_export + "-passout pass:opensesame -legacy -keypbe PBE-SHA1-RC2-40 -certpbe PBE-SHA1-RC2-40",
                                           k_export + "-passout pass:opensesame -legacy -keypbe PBE-SHA1-RC4-128 -certpbe PBE-SHA1-RC4-40",
                                           k_export + "-passout pass:opensesame -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-2DES",
                                           k_export + "-passout pass:opensesame -keypbe AES-128-CBC -certpbe NONE -macalg SHA512",
                                           k_export +
                                               "-passout pass:opensesame -keypbe DES-EDE3-CBC -certpbe CAMELLIA-256-CBC -macalg SHA384",
                                           k_export + "-passout pass:opensesame -iter 100000 -maciter",
                                           k_export + "-passout pass:opensesame -noiter -nomaciter",
                                           k_export + "-passout pass:opensesame -nomac"));

std::string certtool(std::string const& cipher) {
    return "cat leaf.pem chain.pem > all.pem && certtool --to-p12 --load-certificate all.pem --load-privkey leaf.key --password opensesame "
           "--p12-name 'Conference room 7' --outder --outfile out.p12 --pkcs-cipher " +
           cipher;
}

INSTANTIATE_TEST_SUITE_P(GnuTls, ForeignPackage,
                         ::testing::Values(certtool("aes-256"), certtool("aes-128"), certtool("3des"), certtool("3des-pkcs12"),
                                           certtool("rc2-40"), certtool("arcfour")));

class OurPackage : public ::testing::TestWithParam<Pkcs12Ciphers> {};

TEST_P(OurPackage, is_read_by_openssl_and_certtool_and_ourselves) {
    Identity const identity;
    auto const package = must(write_pkcs12(identity.contents(), secret("open sesame"), GetParam()));
    auto const again = must(read(text_of(package), "open sesame"));
    EXPECT_EQ(again.key->public_key_sha256(), identity.key.public_key_sha256());
    EXPECT_EQ(again.certificates, identity.chain());
    EXPECT_EQ(again.friendly_name, "Conference room 7");
    EXPECT_EQ(refusal(text_of(package), "wrong"), crt::wrong_passphrase);

    auto const& folder = identity.folder;
    static_cast<void>(folder.file("our.p12", text_of(package)));
    auto const all = run_in(folder, "openssl pkcs12 -in our.p12 -passin 'pass:open sesame' -nodes -out all.pem && cat all.pem");
    EXPECT_EQ(all.exit_code, 0) << all.output;
    EXPECT_THAT(all.output, HasSubstr("friendlyName: Conference room 7"));
    EXPECT_THAT(all.output, HasSubstr("localKeyID: "));
    EXPECT_EQ(must(PrivateKey::parse(folder.read("all.pem"))).public_key_sha256(), identity.key.public_key_sha256());
    EXPECT_THAT(must(parse_bundle(folder.read("all.pem"))), SizeIs(3));
    EXPECT_NE(run_in(folder, "openssl pkcs12 -in our.p12 -passin pass:wrong -nodes").exit_code, 0);

    auto const gnutls = run_in(folder, "certtool --p12-info --inder --infile our.p12 --password 'open sesame'");
    EXPECT_EQ(gnutls.exit_code, 0) << gnutls.output;
    EXPECT_THAT(gnutls.output, HasSubstr("Friendly name: Conference room 7"));
    EXPECT_THAT(gnutls.output, Not(HasSubstr("MAC could not be verified")));
}

TEST_P(OurPackage, uses_the_ciphers_it_was_asked_for) {
    Identity const identity;
    auto const package = must(write_pkcs12(identity.contents(), secret("x"), GetParam()));
    static_cast<void>(identity.folder.file("our.p12", text_of(package)));
    auto const info = run_in(identity.folder, "openssl pkcs12 -in our.p12 -passin pass:x -info -noout").output;
    if (GetParam() == Pkcs12Ciphers::modern) {
        EXPECT_THAT(info, HasSubstr("MAC: sha256, Iteration 100000"));
        EXPECT_THAT(info, HasSubstr("Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256"));
        EXPECT_THAT(info, HasSubstr("PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC"));
    } else {
        EXPECT_THAT(info, HasSubstr("MAC: sha1, Iteration 2048"));
        EXPECT_THAT(info, HasSubstr("Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048"));
        EXPECT_THAT(info, HasSubstr("PKCS7 Encrypted data: pbeWithSHA1And3-KeyTripleDES-CBC"));
    }
}

TEST_P(OurPackage, keeps_names_and_passwords_of_any_language) {
    Identity const identity;
    std::string const name = "Sitzungssaal Zürich 会議室 🎥";
    auto const package = must(write_pkcs12(identity.contents(name), secret("Schlüssel🔑"), GetParam()));
    EXPECT_EQ(must(read(text_of(package), "Schlüssel🔑")).friendly_name, name);
    static_cast<void>(identity.folder.file("our.p12", text_of(package)));
    // openssl pkcs12 shows names byte by byte, certtool as they are.
    EXPECT_EQ(run_in(identity.folder, "openssl pkcs12 -in our.p12 -passin 'pass:Schlüssel🔑' -nodes").exit_code, 0);
    auto const shown = run_in(identity.folder, "certtool --p12-info --inder --infile our.p12 --password 'Schlüssel🔑'");
    EXPECT_THAT(shown.output, HasSubstr("Friendly name: " + name + "\n"));
}

TEST_P(OurPackage, without_a_password_is_read_without_one) {
    Identity const identity;
    auto const package = must(write_pkcs12(identity.contents(), secret(""), GetParam()));
    EXPECT_TRUE(must(read(text_of(package), "")).key);
    EXPECT_EQ(refusal(text_of(package), "x"), crt::wrong_passphrase);
    static_cast<void>(identity.folder.file("our.p12", text_of(package)));
    EXPECT_EQ(run_in(identity.folder, "openssl pkcs12 -in our.p12 -passin pass: -nodes").exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(Pkcs12, OurPackage, ::testing::Values(Pkcs12Ciphers::modern, Pkcs12Ciphers::legacy));

TEST(Pkcs12, of_openssl_with_an_empty_password_or_none_is_read_without_one) {
    Identity const identity;
    EXPECT_TRUE(must(read(identity.made_by(k_export + "-passout pass:"), "")).key);
    EXPECT_TRUE(must(read(identity.made_by(k_export + "-passout pass: -keypbe NONE -certpbe NONE -nomac"), "")).key);
    auto const null =
        "cat leaf.pem chain.pem > all.pem && certtool --to-p12 --load-certificate all.pem --load-privkey leaf.key "
        "--null-password --p12-name x --outder --outfile out.p12";
    EXPECT_TRUE(must(read(identity.made_by(null), "")).key);
}

TEST(Pkcs12, whose_password_was_written_byte_by_byte_by_old_programs_is_opened) {
    Identity const identity;
    // OpenSSL before 1.1.0 took the two bytes of "ü" for the characters "Ã" and "¼".
    auto const package = identity.made_by(k_export + "-passout pass:SchlÃ¼ssel -legacy");
    EXPECT_TRUE(must(read(package, "Schlüssel")).key);
    EXPECT_EQ(refusal(package, "Schlussel"), crt::wrong_passphrase);
}

TEST(Pkcs12, with_certificates_only_is_read_and_written) {
    Identity const identity;
    auto const theirs = must(read(identity.made_by("openssl pkcs12 -export -nokeys -in chain.pem -passout pass:x -out out.p12"), "x"));
    EXPECT_FALSE(theirs.key);
    EXPECT_EQ(theirs.certificates, (std::vector{identity.middle.certificate(), identity.top.certificate()})) << "in the order of a chain";
    auto const ours =
        must(write_pkcs12({.certificates = identity.chain(), .friendly_name = "anchors"}, secret("x"), Pkcs12Ciphers::modern));
    auto const again = must(read(text_of(ours), "x"));
    EXPECT_FALSE(again.key);
    EXPECT_EQ(again.certificates, identity.chain());
    EXPECT_EQ(again.friendly_name, "anchors");
    static_cast<void>(identity.folder.file("our.p12", text_of(ours)));
    auto const shown = run_in(identity.folder, "openssl pkcs12 -in our.p12 -passin pass:x -nodes");
    EXPECT_EQ(shown.exit_code, 0) << shown.output;
    EXPECT_THAT(shown.output, Not(HasSubstr("PRIVATE KEY")));
}

TEST(Pkcs12, with_strangers_keeps_them_after_the_chain) {
    Identity const identity;
    auto const stranger = root("Somebody else").certificate();
    auto const package = must(write_pkcs12(
        {.key = identity.key, .certificates = {identity.own, stranger, identity.top.certificate(), identity.middle.certificate()}},
        secret("x"), Pkcs12Ciphers::legacy));
    auto const contents = must(read(text_of(package), "x"));
    EXPECT_EQ(contents.certificates, (std::vector{identity.own, identity.middle.certificate(), identity.top.certificate(), stranger}));
    EXPECT_EQ(contents.friendly_name, "");
}

TEST(Pkcs12, with_several_keys_is_refused_by_name) {
    Identity const identity;
    // certtool takes no second key: the bags of two packages in one, put together with OpenSSL through Python.
    static_cast<void>(identity.folder.file("other.key", new_key().to_pem().reveal()));
    auto const package = identity.made_by(
        "openssl pkcs12 -export -inkey leaf.key -in leaf.pem -passout pass:x -nomac -keypbe NONE -certpbe NONE -out a.p12 && "
        "openssl pkcs8 -topk8 -nocrypt -in leaf.key -outform DER -out a.der && openssl pkcs8 -topk8 -nocrypt -in other.key -outform DER "
        "-out "
        "b.der && python3 -c '\n"
        "def tlv(tag, body):\n"
        "    n = len(body)\n"
        "    size = bytes([n]) if n < 128 else bytes([0x82, n >> 8, n & 255])\n"
        "    return bytes([tag]) + size + body\n"
        "oid = lambda text: tlv(6, bytes.fromhex(text))\n"
        "bag = lambda key: tlv(0x30, oid(\"2a864886f70d010c0a0101\") + tlv(0xa0, open(key, \"rb\").read()))\n"
        "data = lambda body: tlv(0x30, oid(\"2a864886f70d010701\") + tlv(0xa0, tlv(4, body)))\n"
        "safe = tlv(0x30, bag(\"a.der\") + bag(\"b.der\"))\n"
        "open(\"out.p12\", \"wb\").write(tlv(0x30, tlv(2, b\"\\x03\") + data(tlv(0x30, data(safe)))))\n'");
    ASSERT_EQ(run_in(identity.folder, "openssl pkcs12 -in out.p12 -passin pass: -nodes").exit_code, 0);
    auto const contents = read(package, "");
    ASSERT_FALSE(contents);
    EXPECT_EQ(contents.error().id(), crt::several_keys);
    EXPECT_EQ(contents.error().parameter("count"), "2");
}

TEST(Pkcs12, that_was_damaged_is_not_taken_for_a_wrong_password) {
    Identity const identity;
    auto package = identity.made_by(k_export + "-passout pass:opensesame -certpbe NONE");
    // A byte of the last certificate's signature, in the clear: everything still decodes, and the key still opens.
    auto const signature = identity.top.certificate().to_der();
    auto const found = package.find(std::string(signature.end() - 8, signature.end()));
    ASSERT_NE(found, std::string::npos);
    package[found] = static_cast<char>(package[found] ^ 1);
    EXPECT_EQ(refusal(package, "opensesame"), crt::broken_package);
    EXPECT_EQ(refusal(package, "wrong"), crt::wrong_passphrase);
}

TEST(Pkcs12, is_refused_for_what_it_is_not) {
    Identity const identity;
    EXPECT_EQ(refusal("", "x"), crt::broken_package);
    EXPECT_EQ(refusal("hello", "x"), crt::broken_package);
    auto const der = identity.own.to_der();
    EXPECT_EQ(refusal({reinterpret_cast<char const*>(der.data()), der.size()}, "x"), crt::broken_package);
    EXPECT_EQ(refusal(std::string(1024 * 1024 + 1, '0'), "x"), errors::fil::too_large);
    auto const package = identity.made_by(k_export + "-passout pass:x");
    EXPECT_EQ(refusal(package + "x", "x"), crt::broken_package) << "bytes after its end";
}

TEST(Pkcs12, is_not_written_with_what_does_not_belong_together) {
    Identity const identity;
    auto contents = identity.contents();
    contents.certificates = {identity.middle.certificate(), identity.own};
    auto refused = write_pkcs12(contents, secret("x"), Pkcs12Ciphers::modern);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), crt::key_does_not_match_certificate);
    refused = write_pkcs12(identity.contents("\xff"), secret("x"), Pkcs12Ciphers::modern);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::gen::invalid_input);
    refused = write_pkcs12(identity.contents(), secret(std::string_view("a\0b", 3)), Pkcs12Ciphers::modern);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::gen::invalid_input);
}

}  // namespace
}  // namespace countersign::pki
