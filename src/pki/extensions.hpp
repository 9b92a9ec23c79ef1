#pragma once

/// The extensions of certificates that are issued here (RFC 5280 section 4.2). Internal to this room.

#include "pki/issue.hpp"
#include "pki/openssl.hpp"

namespace countersign::pki {

/// Key identifier of a public key: the left-most 160 bits of SHA-256 (RFC 7093 section 2, method 1).
Asn1OctetStringPtr key_identifier(X509_PUBKEY const* key);

/// What an issuer puts into authorityKeyIdentifier: its own subjectKeyIdentifier, or computed when it has none.
Asn1OctetStringPtr issuer_identifier(X509* issuer);

/// Basic constraints, key usage, extended key usage, both key identifiers and the names.
/// `path_length` is for Profile::authority. The public key and subject must be set. Throws only when memory runs out.
struct ExtensionPlan {
    Profile profile = Profile::server;
    int path_length = 0;
    ASN1_OCTET_STRING const* authority = nullptr;
    GENERAL_NAMES* names = nullptr;  ///< null or empty: no subjectAltName
};
void add_extensions(X509* certificate, ExtensionPlan const& plan);

/// CRL distribution points, authority information access and the TLS feature, as far as `options` ask for them. CRT-019.
Result<void> add_revocation_pointers(X509* certificate, IssueOptions const& options);

/// authorityKeyIdentifier with the key identifier only.
AuthorityKeyIdPtr authority_key_id(ASN1_OCTET_STRING const* identifier);

}  // namespace countersign::pki
