#pragma once

/// Whatever a file of this field may hold, recognised by its content and never by its name: PEM with any blocks and text
/// between them, or DER of one certificate, request, list, key, PKCS#7 bundle or PKCS#12 package.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"
#include "pki/key.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::pki {

/// A key that needs a passphrase which was not given.
struct LockedKey {
    std::string form;  ///< "PKCS#8, AES-256-CBC", "traditional, DES-EDE3-CBC" ...
};
/// A package that needs a passphrase which was not given.
struct LockedPackage {};
/// A bare public key: its algorithm and size, and the SHA-256 of the SubjectPublicKeyInfo.
struct PublicKey {
    std::string algorithm;
    int bits = 0;
    std::string sha256;
};

struct Item {
    std::variant<Certificate, CertificateRequest, PrivateKey, Crl, PublicKey, LockedKey, LockedPackage> value;
    std::string container;     ///< "PEM", "DER", "Base64" (without BEGIN lines), "PKCS#7", "PKCS#12"
    std::size_t position = 0;  ///< of its block in the file, counted from 1
    std::string name;          ///< friendly name of a package; else empty
};

struct Contents {
    std::vector<Item> items;
    std::vector<Error> problems;  ///< blocks that could not be read, each with its place; the others are there
    [[nodiscard]] std::vector<Certificate> certificates() const;
    [[nodiscard]] std::vector<Crl> crls() const;
};

struct ContentsLimits {
    std::size_t bytes = 16 * 1024 * 1024;
    std::size_t items = 20'000;        ///< blocks of the file, and what is found in them
    std::int64_t rounds = 10'000'000;  ///< of hashing, over all that is encrypted in the file
};

/// An error only when nothing at all can be read: CRT-001 when it is none of the kinds, FIL-003 and CRT-016 over the limits,
/// or the problem itself when the file holds one thing that is broken (GEN-006 with all of them as its causes when it holds
/// several). A wrong passphrase is CRT-005, CRT-026 when opening would take more than some seconds of hashing.
/// Text between blocks, byte order marks, UTF-16 text, every kind of line end and Base64 without BEGIN and END lines are
/// accepted; blocks of parameters are skipped; what stands inside the signed content of a PKCS#7 bundle is not looked into.
/// The work grows with the size of the file and no faster.
Result<Contents> read_contents(std::string_view bytes, SecretText const& passphrase = SecretText(), ContentsLimits limits = {});

/// Which of the forms that are exchanged it is, told by its beginning alone; what is in it may be broken all the same.
enum class FileForm { pem, der, pkcs7, pkcs12, unknown };  ///< pkcs7: PEM or DER
FileForm form_of(std::string_view bytes);

/// Certificates of a PKCS#7 bundle (RFC 5652 SignedData; signatures are not looked at), PEM or DER. For showing and
/// converting. CRT-025 when it is broken, another type of content or holds no certificate, CRT-001 without such a block,
/// CRT-002 with the index of a broken certificate; FIL-003 and CRT-016 over the default limits of read_contents.
Result<std::vector<Certificate>> read_pkcs7(std::string_view bytes);
Bytes write_pkcs7_der(std::vector<Certificate> const& certificates);
std::string write_pkcs7_pem(std::vector<Certificate> const& certificates);

/// Orders a heap of certificates into one path, leaf first, root last if it is there: duplicates and strangers are left out.
/// The leaf is the one with `leaf_key`; else the one that issued none of the others, ends of chains before authorities. Of
/// several paths (cross-signed authorities) the shortest to a self-signed root is taken, else the longest.
/// CRT-030 when there is no single leaf, or when the path ends before a root although other authorities are left over: the
/// error says which issuer is missing. Checks names, key identifiers and signatures, not dates. One signature for each step of
/// the way; CRT-030, too, when it takes more than k_most_signature_checks: heaps in which everybody has the same name.
inline constexpr std::size_t k_most_signature_checks = 2'000;
struct OrderedChain {
    std::vector<Certificate> chain;
    std::vector<Certificate> left_out;
    bool reaches_root = false;
};
Result<OrderedChain> order_chain(std::vector<Certificate> const& heap, PrivateKey const* leaf_key = nullptr);

}  // namespace countersign::pki
