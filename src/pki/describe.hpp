#pragma once

/// What stands in certificates, requests and lists, in words for people. For showing only: nothing is decided from these texts.
/// Every text comes from outside and may hold anything; control characters of names are escaped as in Certificate::subject, those
/// of other texts are for the printer to replace.

#include "pki/certificate.hpp"
#include "pki/crl.hpp"

#include <string>
#include <vector>

namespace countersign::pki {

struct ExtensionText {
    std::string oid;   ///< "2.5.29.15"
    std::string name;  ///< "Key usage"; OpenSSL's name or the OID for those that are not known here
    bool critical = false;
    std::vector<std::string> values;  ///< "digital signature"; a broken extension has one value that says so; at most 100
};
std::vector<ExtensionText> describe_extensions(Certificate const& certificate);
/// Those that are asked for.
std::vector<ExtensionText> describe_extensions(CertificateRequest const& request);
std::vector<ExtensionText> describe_extensions(Crl const& crl);

struct KeyText {
    std::string algorithm;  ///< "RSA", "EC" ...; "unknown"
    std::string curve;      ///< "P-256" and the like; empty for other keys
    int bits = 0;
    std::string sha256;  ///< of the SubjectPublicKeyInfo
};
KeyText describe_key(Certificate const& certificate);
KeyText describe_key(CertificateRequest const& request);
KeyText describe_key(PrivateKey const& key);

/// 1, 2 or 3.
int version_of(Certificate const& certificate);
std::string signature_algorithm_of(CertificateRequest const& request);
/// "dns:a.example.com" and the like, as parse_alternative_names reads it.
std::string to_string(AlternativeName const& name);

}  // namespace countersign::pki
