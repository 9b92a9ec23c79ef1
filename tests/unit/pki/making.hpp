#pragma once

/// Certificates for the tests of this room: quick ones from our own authority, odd ones from openssl.

#include "pki/issue.hpp"
#include "pki/verify.hpp"
#include "support/program.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace countersign::pki::making {

using testing::run_in;
using testing::TemporaryFolder;

inline UtcTime day(std::string_view text) {
    auto const time = parse_utc_time(std::string(text) + "T00:00:00Z");
    EXPECT_TRUE(time) << text;
    return time.value_or(UtcTime());
}

/// The value, or the end of this test with the error's text: what tests are made from is expected to be there.
template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().explanation());
    return *std::move(result);
}

inline Validity const k_this_decade{day("2020-01-01"), day("2030-01-01")};
inline UtcTime const k_noon = day("2026-06-01");

inline PrivateKey new_key(KeyType type = KeyType::ec_p256) { return must(PrivateKey::generate(type)); }

inline CertificateAuthority root(std::string const& name = "Test Root", Validity validity = k_this_decade) {
    return must(CertificateAuthority::create_root(new_key(), {.common_name = name, .organization = "Example"}, validity));
}

inline CertificateRequest request(PrivateKey const& key, std::string const& common_name, std::string_view names = "") {
    return must(CertificateRequest::create(key, {.common_name = common_name}, must(parse_alternative_names(names))));
}

inline Certificate leaf(CertificateAuthority const& authority, std::string_view names = "dns:device.example.test",
                        Profile profile = Profile::server, Validity validity = k_this_decade) {
    return must(authority.sign(request(new_key(), "device", names), profile, validity));
}

inline CertificateAuthority below(CertificateAuthority const& authority, std::string const& name = "Test Intermediate",
                                  Validity validity = k_this_decade) {
    auto key = new_key();
    auto certificate = must(authority.sign(request(key, name), Profile::authority, validity));
    return must(CertificateAuthority::create(std::move(certificate), std::move(key)));
}

/// The files root.pem, root.key, leaf.pem and leaf.key, made by openssl with these arguments.
struct OpensslPair {
    TemporaryFolder folder;
    std::vector<Certificate> chain;  ///< leaf, root
};

struct OpensslWishes {
    std::string root_key = "ec -pkeyopt ec_paramgen_curve:P-256";
    std::string root_options = "";  ///< of `openssl req -x509`
    std::string leaf_key = "ec -pkeyopt ec_paramgen_curve:P-256";
    std::string leaf_options = "";  ///< of `openssl x509 -req`
    std::string extensions = "subjectAltName=DNS:device.example.test";
    std::string leaf_subject = "/CN=device";
};

inline std::unique_ptr<OpensslPair> by_openssl(OpensslWishes const& wishes) {
    auto pair = std::make_unique<OpensslPair>();
    auto const& folder = pair->folder;
    static_cast<void>(folder.file("extensions.cnf", wishes.extensions + "\n"));
    auto const ran =
        run_in(folder, "openssl genpkey -quiet -algorithm " + wishes.root_key + " -out root.key && openssl genpkey -quiet -algorithm " +
                           wishes.leaf_key + " -out leaf.key && openssl req -x509 -new -key root.key -subj '/CN=Root' -days 30 " +
                           wishes.root_options + " -out root.pem && openssl req -new -key leaf.key -subj '" + wishes.leaf_subject +
                           "' -out leaf.csr && openssl x509 "
                           "-req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile extensions.cnf " +
                           wishes.leaf_options + " -out leaf.pem");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    pair->chain = must(parse_bundle(folder.read("leaf.pem") + folder.read("root.pem")));
    return pair;
}

}  // namespace countersign::pki::making
