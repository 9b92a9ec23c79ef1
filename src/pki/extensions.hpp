#pragma once

/// The extensions of certificates that are issued here (RFC 5280 section 4.2). Internal to this room.

#include "pki/format/der_writer.hpp"
#include "pki/issue.hpp"
#include "pki/openssl.hpp"

#include <span>

namespace countersign::pki {

/// Key identifier of a public key: the left-most 160 bits of SHA-256 (RFC 7093 section 2, method 1).
/// `public_key`: SubjectPublicKeyInfo in DER. Throws when it is none.
Bytes key_identifier(std::span<std::uint8_t const> public_key);

/// What an issuer puts into authorityKeyIdentifier: its own subjectKeyIdentifier, or computed when it has none.
Bytes issuer_identifier(X509* issuer);

/// What they say. Borrows everything.
struct ExtensionPlan {
    Profile profile = Profile::server;
    int path_length = 0;                       ///< of an authority
    bool rsa = false;                          ///< the kind of the certificate's key
    std::span<std::uint8_t const> own;         ///< identifier of its key
    std::span<std::uint8_t const> authority;   ///< identifier of the issuer's key
    std::span<AlternativeName const> names;    ///< empty: no subjectAltName
    bool nameless = false;                     ///< the subject is empty
    IssueOptions const* revocation = nullptr;  ///< where to ask for it; null: nowhere
};

/// The SEQUENCE of basic constraints, key usage, extended key usage, both key identifiers, the names, CRL distribution points, authority
/// information access and the TLS feature, as far as the plan asks for them. The names and addresses are checked already.
void write_extensions(DerWriter& out, ExtensionPlan const& plan);

/// CRT-019 for addresses in the options that are no http URL.
Result<void> check_revocation_pointers(IssueOptions const& options);

}  // namespace countersign::pki
