// The form of revocation lists: RFC 5280 sections 5.1 and 5.2.

#include "pki/openssl.hpp"
#include "pki/verify/der.hpp"
#include "pki/verify/revocation.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

struct Found {
    int count = 0;
    bool critical = false;
};

Found find(X509_CRL const* list, int nid) {
    Found out;
    for (int at = X509_CRL_get_ext_by_NID(list, nid, -1); at >= 0; at = X509_CRL_get_ext_by_NID(list, nid, at)) {
        ++out.count;
        out.critical = out.critical || X509_EXTENSION_get_critical(X509_CRL_get_ext(list, at)) == 1;
    }
    return out;
}

/// RFC 5280 section 5.1.1.2. Of lists that are not too large to be encoded again for it.
bool names_one_algorithm(X509_CRL* list) {
    constexpr int largest = 256 * 1024;
    if (i2d_X509_CRL(list, nullptr) > largest) return true;
    Bytes const whole = der_of(list, i2d_X509_CRL, "encode a revocation list");
    der::Reader outer(der::only(whole, der::k_sequence).value_or(der::View()));
    auto const signed_part = outer.expect(der::k_sequence);
    auto const algorithm = outer.expect(der::k_sequence);
    der::Reader inner(signed_part ? signed_part->content : der::View());
    static_cast<void>(inner.take(der::k_integer));
    auto const again = inner.expect(der::k_sequence);
    return algorithm && again && std::ranges::equal(algorithm->whole, again->whole);
}

/// Bits against collisions, of the digests that are known to be weak. DSA with SHA-1 is the business of rules about keys (`old-dsa`).
int digest_strength(X509_CRL const* list) {
    int digest = NID_undef;
    constexpr int enough = 256, bits_of_md5 = 39, bits_of_sha1 = 63;
    int const signature = X509_CRL_get_signature_nid(list);
    if (signature == NID_dsaWithSHA1 || OBJ_find_sigid_algs(signature, &digest, nullptr) != 1) return enough;
    if (digest == NID_md2 || digest == NID_md4 || digest == NID_md5) return bits_of_md5;
    return digest == NID_sha1 || digest == NID_md5_sha1 ? bits_of_sha1 : enough;
}

std::string objection_to_number(X509_CRL* list) {
    auto const number = find(list, NID_crl_number);
    if (number.count != 1) return "it has no CRL number, or two";
    if (number.critical) return "its CRL number is critical";
    Asn1IntegerPtr const value(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
    constexpr int longest = 20;
    if (!value || ASN1_STRING_type(value.get()) == V_ASN1_NEG_INTEGER || ASN1_STRING_length(value.get()) > longest) {
        return "its CRL number is negative, too long or cannot be read";
    }
    return {};
}

std::string objection_to_extensions(X509_CRL* list) {
    auto const key = find(list, NID_authority_key_identifier);
    if (key.count != 1) return "it does not identify the key of its issuer";
    if (key.critical) return "its authority key identifier is critical";
    AuthorityKeyIdPtr const value(
        static_cast<AUTHORITY_KEYID*>(X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
    if (!value || value->keyid == nullptr) return "its authority key identifier names no key";
    auto const delta = find(list, NID_delta_crl);
    if (delta.count > 1 || (delta.count == 1 && !delta.critical)) return "its delta CRL indicator is not critical, or stands there twice";
    auto const scope = find(list, NID_issuing_distribution_point);
    if (scope.count > 1 || (scope.count == 1 && !scope.critical)) {
        return "its issuing distribution point is not critical, or stands there twice";
    }
    auto const freshest = find(list, NID_freshest_crl);
    if (freshest.critical || (freshest.count > 0 && delta.count > 0)) return "its freshest CRL extension is critical or in a delta list";
    return objection_to_number(list);
}

std::string objection_to_entry(X509_REVOKED* entry, bool delta) {
    for (int i = 0; i < X509_REVOKED_get_ext_count(entry); ++i) {
        X509_EXTENSION* const extension = X509_REVOKED_get_ext(entry, i);
        int const nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        bool const critical = X509_EXTENSION_get_critical(extension) == 1;
        if (critical && (nid == NID_crl_reason || nid == NID_invalidity_date)) return "an entry's reason or invalidity date is critical";
        if (!critical && nid == NID_certificate_issuer) return "an entry's certificate issuer is not critical";
        if (X509_REVOKED_get_ext_by_NID(entry, nid, i) >= 0 && nid != NID_undef) return "an entry has one extension twice";
    }
    Asn1EnumeratedPtr const reason(static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
    if (!reason) return X509_REVOKED_get_ext_by_NID(entry, NID_crl_reason, -1) >= 0 ? "an entry's reason cannot be read" : "";
    long const value = ASN1_ENUMERATED_get(reason.get());
    constexpr long unused = 7;
    // RFC 5280 section 5.3.1. OpenSSL would take it for "not revoked".
    if (value == CRL_REASON_REMOVE_FROM_CRL && !delta) return "an entry is said to be removed, in a list that is no delta list";
    return value < 0 || value > 10 || value == unused ? "an entry's reason does not exist" : "";
}

}  // namespace

std::string objection_to_form(X509_crl_st* list, int minimum_digest_strength) {
    ErrorQueue const errors;
    constexpr int version_1 = 0, version_2 = 1;
    auto const version = X509_CRL_get_version(list);
    if (version != version_1 && version != version_2) return "it is neither of version 1 nor 2";
    if (!names_one_algorithm(list)) return "it names two different signature algorithms, or is not DER";
    if (digest_strength(list) < minimum_digest_strength) return "it is signed with a weak digest";
    if (X509_CRL_get0_nextUpdate(list) == nullptr) return "it does not say when the next one comes";
    // RFC 5280 section 5: whoever reads lists must read those of version 1, and they have no extensions.
    if (version == version_1 && X509_CRL_get_ext_count(list) > 0) return "it is of version 1 and has extensions";
    if (version == version_2) {
        if (auto objection = objection_to_extensions(list); !objection.empty()) return objection;
    }
    STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(list);
    if (entries == nullptr) return {};
    if (sk_X509_REVOKED_num(entries) == 0) return "its list of entries is there and empty";
    bool const delta = find(list, NID_delta_crl).count > 0;
    constexpr int most_entries = 2000;
    for (int i = 0; i < std::min(most_entries, sk_X509_REVOKED_num(entries)); ++i) {
        if (auto objection = objection_to_entry(sk_X509_REVOKED_value(entries, i), delta); !objection.empty()) return objection;
    }
    return {};
}

}  // namespace countersign::pki
