// Writing PKCS#12, laid out as OpenSSL and Windows do: certificates in an encrypted part, the key in a shrouded bag.

#include "pki/format/pkcs12_types.hpp"
#include "pki/pkcs12.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/gen.hpp"

#include <array>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

struct Scheme {
    int encryption;
    int rounds;  ///< of each of the three derivations; .NET refuses packages with more than 600,000 in all
    EVP_MD const* mac;
};

Scheme scheme_of(Pkcs12Ciphers ciphers) {
    constexpr int rounds_now = 100'000;
    constexpr int rounds_then = 2048;
    if (ciphers == Pkcs12Ciphers::legacy) return {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, rounds_then, EVP_sha1()};
    return {NID_aes_256_cbc, rounds_now, EVP_sha256()};
}

[[noreturn]] void failed() { throw_openssl_failure("make a PKCS#12 package"); }

/// localKeyID: ties the key to its certificate. The SHA-1 of the certificate, as everybody does.
void describe(PKCS12_SAFEBAG* bag, Certificate const* own, std::string const& name) {
    if (own != nullptr) {
        auto id = from_hex(own->fingerprint_sha1()).value_or(Bytes());
        if (PKCS12_add_localkeyid(bag, id.data(), static_cast<int>(id.size())) != 1) failed();
    }
    if (name.empty()) return;
    // Not PKCS12_add_friendlyname_utf8: it refuses what takes two units of UTF-16.
    unsigned char* utf16 = nullptr;
    int size = 0;
    if (OPENSSL_utf82uni(name.data(), static_cast<int>(name.size()), &utf16, &size) == nullptr) failed();
    std::unique_ptr<unsigned char, Deleter<free_openssl>> const owner(utf16);
    constexpr int end_mark = 2;
    if (PKCS12_add_friendlyname_uni(bag, utf16, size - end_mark) != 1) failed();
}

void add_safe(SafesPtr& safes, STACK_OF(PKCS12_SAFEBAG) * bags, int encryption, int rounds, char const* passphrase) {
    STACK_OF(PKCS7)* list = safes.release();
    bool const added = PKCS12_add_safe(&list, bags, encryption, rounds, passphrase) == 1;
    safes.reset(list);
    if (!added) failed();
}

}  // namespace

Result<Secret<Bytes>> write_pkcs12(Pkcs12Contents const& contents, SecretText const& passphrase, Pkcs12Ciphers ciphers) {
    if (contents.key && !contents.key->exportable())
        return fail(crt::token_failed, {{"detail", "the key stays on its token and cannot be put into a package"}});
    if (!is_utf8(contents.friendly_name) || contents.friendly_name.contains('\0'))
        return fail(errors::gen::invalid_input, {{"field", "friendly name"}, {"detail", "it is not UTF-8 text"}});
    if (passphrase.reveal().contains('\0'))
        return fail(errors::gen::invalid_input, {{"field", "passphrase"}, {"detail", "there is a zero byte in it"}});
    Certificate const* own = nullptr;
    if (contents.key && !contents.certificates.empty()) {
        own = &contents.certificates.front();
        CS_CHECK(check_key_matches(*own, *contents.key));
    }
    ErrorQueue const errors;
    auto const scheme = scheme_of(ciphers);
    char const* const secret = passphrase.reveal().c_str();
    SafesPtr safes;
    if (!contents.certificates.empty()) {
        STACK_OF(PKCS12_SAFEBAG)* list = nullptr;
        for (auto const& certificate : contents.certificates) {
            bool const first = list == nullptr;
            PKCS12_SAFEBAG* const bag = PKCS12_add_cert(&list, certificate.native());
            if (bag == nullptr) failed();
            if (first) describe(bag, own, contents.friendly_name);
        }
        BagsPtr const bags(list);
        add_safe(safes, bags.get(), scheme.encryption, scheme.rounds, secret);
    }
    if (contents.key) {
        STACK_OF(PKCS12_SAFEBAG)* list = nullptr;
        PKCS12_SAFEBAG* const bag = PKCS12_add_key(&list, contents.key->native(), 0, scheme.rounds, scheme.encryption, secret);
        if (bag == nullptr) failed();
        BagsPtr const bags(list);
        describe(bag, own, contents.friendly_name);
        add_safe(safes, bags.get(), -1, 0, nullptr);  // the key is encrypted by itself
    }
    Pkcs12Ptr const package(PKCS12_add_safes(safes.get(), 0));
    if (!package ||
        PKCS12_set_mac(package.get(), secret, static_cast<int>(passphrase.reveal().size()), nullptr, 0, scheme.rounds, scheme.mac) != 1)
        failed();
    return Secret<Bytes>(der_of(package.get(), i2d_PKCS12, "encode a PKCS#12 package"));
}

}  // namespace countersign::pki
