#pragma once

/// An authority with certificates and an OCSP responder that is `openssl ocsp`, for the tests of OCSP.

#include "pki/ocsp.hpp"
#include "unit/pki/making.hpp"

namespace countersign::pki::making {

inline std::string text_of(Bytes const& bytes) { return {bytes.begin(), bytes.end()}; }
inline Bytes bytes_from(std::string const& text) { return {text.begin(), text.end()}; }

/// An authority of now, one certificate below it, and their files in a folder: ca.pem, ca.key, leaf.pem.
struct Issued {
    UtcTime now = SystemClock().now();
    CertificateAuthority authority;
    Certificate leaf;
    TemporaryFolder folder;

    explicit Issued(KeyType type = KeyType::ec_p256)
        : authority(must(CertificateAuthority::create_root(new_key(type), {.common_name = "Root"}, valid_for(now, std::chrono::days(10))))),
          leaf(making::leaf(authority, "dns:device.example.test", Profile::server, valid_for(now, std::chrono::days(5)))) {
        save("ca.pem", authority.certificate().to_pem());
        save("ca.key", authority.key().to_pem().reveal());
        save("leaf.pem", leaf.to_pem());
    }
    void save(std::string const& name, std::string_view content) const { static_cast<void>(folder.file(name, content)); }
    /// A certificate for signing responses, made by openssl: NAME.pem and NAME.key. `extensions` are lines of a configuration.
    void make_delegate(std::string const& name, std::string const& extensions, std::string const& issuer = "ca",
                       std::string const& options = "-days 3") const {
        save(name + ".cnf", extensions + "\n");
        auto const ran = run_in(folder, "openssl genpkey -quiet -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out " + name +
                                            ".key && openssl req -new -key " + name + ".key -subj '/CN=" + name + "' -out " + name +
                                            ".csr && openssl x509 -req -in " + name + ".csr -CA " + issuer + ".pem -CAkey " + issuer +
                                            ".key -CAcreateserial " + options + " -extfile " + name + ".cnf -out " + name + ".pem");
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
    }
    /// The data base of `openssl ca` with one line: "V", or "R" with "date,reason".
    void write_index(std::string const& state, std::string const& revoked = "") const {
        save("index.txt", state + "\t301231235959Z\t" + revoked + "\t" + to_upper(leaf.serial()) + "\tunknown\t/CN=device\n");
    }
    /// What `openssl ocsp` answers to our request.
    [[nodiscard]] OcspResponse answer_of_openssl(OcspRequest const& request, std::string const& signer,
                                                 std::string const& options = "-ndays 1") const {
        save("request.der", text_of(request.der));
        auto const ran = run_in(folder, "openssl ocsp -index index.txt -CA ca.pem -rsigner " + signer + ".pem -rkey " + signer +
                                            ".key -reqin request.der -respout response.der " + options);
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        return must(OcspResponse::parse_der(bytes_from(folder.read("response.der"))));
    }
};

}  // namespace countersign::pki::making
