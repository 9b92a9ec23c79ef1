#include "pki/extensions.hpp"
#include "pki/issue.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

namespace countersign::pki {

namespace {

using IssuingPointPtr = std::unique_ptr<ISSUING_DIST_POINT, Deleter<ISSUING_DIST_POINT_free>>;

// RFC 5280 section 5.3.1
constexpr int k_on_hold = 6;
constexpr int k_unused = 7;
constexpr int k_released = 8;
constexpr int k_last = 10;

enum class Criticality { normal, critical };

Failure refused(std::string_view detail) { return fail(errors::crt::signing_failed, {{"detail", detail}}); }
Failure refused_entry(RevokedEntry const& entry, std::string_view detail) {
    return refused("the entry for serial number " + entry.serial + ' ' + std::string(detail));
}

void add(X509_CRL* crl, int nid, void* value, Criticality criticality) {
    int const critical = criticality == Criticality::critical ? 1 : 0;
    if (X509_CRL_add1_ext_i2d(crl, nid, value, critical, X509V3_ADD_DEFAULT) != 1)
        throw_openssl_failure("add an extension to a revocation list");
}

void add_number(X509_CRL* crl, int nid, std::uint64_t number, Criticality criticality) {
    Asn1IntegerPtr const count(ASN1_INTEGER_new());
    if (!count || ASN1_INTEGER_set_uint64(count.get(), number) != 1) throw_openssl_failure("number a revocation list");
    add(crl, nid, count.get(), criticality);
}

/// Every entry of an indirect list says whose it is: the order in which they stand then has no meaning.
void add_issuer(X509_REVOKED* entry, Certificate const& issuer) {
    GeneralNamesPtr const names(GENERAL_NAMES_new());
    GeneralNamePtr name(GENERAL_NAME_new());
    X509_NAME* const subject = X509_NAME_dup(X509_get_subject_name(issuer.native()));
    if (!names || !name || subject == nullptr) throw_openssl_failure("name the issuer of an entry");
    GENERAL_NAME_set0_value(name.get(), GEN_DIRNAME, subject);
    if (sk_GENERAL_NAME_push(names.get(), name.get()) <= 0) throw_openssl_failure("name the issuer of an entry");
    std::ignore = name.release();  // belongs to the list now
    if (X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names.get(), 1, X509V3_ADD_DEFAULT) != 1)
        throw_openssl_failure("name the issuer of an entry");
}

X509RevokedPtr make_revoked(RevokedEntry const& entry) {
    constexpr std::size_t k_longest_serial = 20;  // RFC 5280 section 4.1.2.2
    auto const serial = from_hex(entry.serial);
    bool const reason_ok = entry.reason >= 0 && entry.reason <= k_last && entry.reason != k_unused;
    if (!serial || serial->empty() || serial->size() > k_longest_serial || !reason_ok) return nullptr;
    BignumPtr const number(BN_bin2bn(serial->data(), static_cast<int>(serial->size()), nullptr));
    Asn1IntegerPtr const integer(BN_to_ASN1_INTEGER(number.get(), nullptr));
    auto const at = time_from(entry.at);
    X509RevokedPtr out(X509_REVOKED_new());
    if (!integer || !at || !out || X509_REVOKED_set_serialNumber(out.get(), integer.get()) != 1 ||
        X509_REVOKED_set_revocationDate(out.get(), at.get()) != 1) {
        return nullptr;
    }
    if (entry.reason == 0) return out;  // "unspecified" is said by leaving it out
    Asn1EnumeratedPtr const reason(ASN1_ENUMERATED_new());
    if (!reason || ASN1_ENUMERATED_set(reason.get(), entry.reason) != 1 ||
        X509_REVOKED_add1_ext_i2d(out.get(), NID_crl_reason, reason.get(), 0, X509V3_ADD_DEFAULT) != 1) {
        return nullptr;
    }
    return out;
}

/// authorityKeyIdentifier with the key identifier only.
AuthorityKeyIdPtr authority_key_id(Bytes const& identifier) {
    AuthorityKeyIdPtr out(AUTHORITY_KEYID_new());
    Asn1OctetStringPtr octets(ASN1_OCTET_STRING_new());
    if (!out || !octets || ASN1_OCTET_STRING_set(octets.get(), identifier.data(), static_cast<int>(identifier.size())) != 1)
        throw_openssl_failure("make a key identifier");
    out->keyid = octets.release();
    return out;
}

/// A list that is about to be signed.
class Draft {
public:
    Draft(Certificate const& authority, PrivateKey const& key) : authority_(authority), key_(key), crl_(X509_CRL_new()) {
        if (!crl_) throw_openssl_failure("make a revocation list");
    }

    Result<void> begin(UtcTime now, UtcTime next_update) {
        if ((X509_get_key_usage(authority_.native()) & KU_CRL_SIGN) == 0)  // all bits when there is no such extension
            return fail(errors::crt::not_an_authority, {{"subject", authority_.subject()}});
        if (next_update <= now) return refused("the next revocation list would be due before this one");
        ErrorQueue errors;
        auto const begin = time_from(now);
        auto const end = time_from(next_update);
        if (!begin || !end || X509_CRL_set_version(crl_.get(), X509_CRL_VERSION_2) != 1 ||
            X509_CRL_set_issuer_name(crl_.get(), X509_get_subject_name(authority_.native())) != 1 ||
            X509_CRL_set1_lastUpdate(crl_.get(), begin.get()) != 1 || X509_CRL_set1_nextUpdate(crl_.get(), end.get()) != 1) {
            return refused(errors.reason());
        }
        return {};
    }
    void take(X509RevokedPtr entry) {
        if (!entry || X509_CRL_add0_revoked(crl_.get(), entry.get()) != 1) throw_openssl_failure("add an entry to a revocation list");
        std::ignore = entry.release();  // belongs to the list now
    }
    [[nodiscard]] X509_CRL* native() const { return crl_.get(); }

    Result<std::string> sign(std::uint64_t number) {
        ErrorQueue errors;
        auto const identifier = authority_key_id(issuer_identifier(authority_.native()));
        add(crl_.get(), NID_authority_key_identifier, identifier.get(), Criticality::normal);
        add_number(crl_.get(), NID_crl_number, number, Criticality::normal);
        if (X509_CRL_sort(crl_.get()) != 1 || X509_CRL_sign(crl_.get(), key_.native(), signing_digest(key_.native())) <= 0)
            return refused(errors.reason());
        return pem_text("X509 CRL", der_of(crl_.get(), i2d_X509_CRL, "encode a revocation list"));
    }

private:
    Certificate const& authority_;
    PrivateKey const& key_;
    X509CrlPtr crl_;
};

int reason_of(X509_REVOKED const* entry) {
    Asn1EnumeratedPtr const reason(static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
    return reason ? static_cast<int>(ASN1_ENUMERATED_get(reason.get())) : 0;
}

/// The number of the list that follows. Nothing when it has more digits than are counted here.
std::optional<std::uint64_t> number_after(Crl const& previous) {
    auto const text = previous.number();
    if (text.empty()) return 1;
    std::uint64_t number = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (code != std::errc() || end != text.data() + text.size() || number == UINT64_MAX) return std::nullopt;
    return number + 1;
}

/// A serial number as Certificate::serial writes it, so that "0F", "f" and "0f" are one.
std::string comparable(RevokedEntry const& entry) {
    auto text = to_lower(entry.serial);
    text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
    return text;
}
std::string comparable(X509_REVOKED const* entry) { return comparable({.serial = integer_text(X509_REVOKED_get0_serialNumber(entry))}); }

}  // namespace

Result<std::string> CertificateAuthority::sign_crl(std::vector<RevokedEntry> const& revoked, std::uint64_t number, UtcTime now,
                                                   UtcTime next_update) const {
    return sign_crl({.revoked = revoked, .number = number, .now = now, .next_update = next_update, .delta_of = std::nullopt});
}

Result<std::string> CertificateAuthority::sign_crl(CrlPlan const& plan) const {
    Draft draft(certificate_, key_);
    CS_CHECK(draft.begin(plan.now, plan.next_update));
    if (plan.delta_of && *plan.delta_of >= plan.number) return refused("a delta list has a higher number than the list it is based on");
    bool const indirect = std::ranges::any_of(plan.revoked, [](auto const& entry) { return entry.issuer.has_value(); });
    ErrorQueue const errors;
    for (auto const& entry : plan.revoked) {
        auto one = make_revoked(entry);
        if (!one || (entry.reason == k_released && !plan.delta_of)) return refused_entry(entry, "is not valid");
        if (indirect) add_issuer(one.get(), entry.issuer.value_or(certificate_));
        draft.take(std::move(one));
    }
    if (plan.delta_of) add_number(draft.native(), NID_delta_crl, *plan.delta_of, Criticality::critical);
    if (indirect) {
        IssuingPointPtr const point(ISSUING_DIST_POINT_new());
        if (!point) throw_openssl_failure("mark an indirect list");
        constexpr int k_true = 0xff;
        point->indirectCRL = k_true;
        add(draft.native(), NID_issuing_distribution_point, point.get(), Criticality::critical);
    }
    return draft.sign(plan.number);
}

Result<std::string> CertificateAuthority::sign_next_crl(Crl const& previous, std::vector<RevokedEntry> const& more, UtcTime now,
                                                        UtcTime next_update) const {
    if (!previous.is_signed_by(certificate_)) return refused("the list before this one was not signed by this authority");
    if (previous.delta_of() || previous.is_indirect()) return refused("only a complete list of this authority alone can be continued");
    auto const number = number_after(previous);
    if (!number) return refused("the number of the list before this one is too large");
    Draft draft(certificate_, key_);
    CS_CHECK(draft.begin(now, next_update));
    ErrorQueue const errors;
    std::map<std::string, RevokedEntry> changes;  // by serial number; the last of equal ones
    for (auto const& entry : more) {
        if (entry.issuer) return refused_entry(entry, "is of another authority");
        changes[comparable(entry)] = entry;
    }
    auto const* listed = X509_CRL_get_REVOKED(previous.native());
    for (int i = 0; i < sk_X509_REVOKED_num(listed); ++i) {
        auto* const entry = sk_X509_REVOKED_value(listed, i);
        auto const change = changes.find(comparable(entry));
        if (change == changes.end()) {
            draft.take(X509RevokedPtr(X509_REVOKED_dup(entry)));
        } else if (change->second.reason == k_released) {
            if (reason_of(entry) != k_on_hold) return refused_entry(change->second, "cannot be released: it is not on hold");
            changes.erase(change);
        } else if (auto const before = time_of(X509_REVOKED_get0_revocationDate(entry))) {
            // What it signed since then is not to be trusted again only because it is revoked a second time.
            change->second.at = std::min(change->second.at, *before);
        }
    }
    for (auto const& [serial, entry] : changes) {
        if (entry.reason == k_released) return refused_entry(entry, "cannot be released: it is not on hold");
        auto one = make_revoked(entry);
        if (!one) return refused_entry(entry, "is not valid");
        draft.take(std::move(one));
    }
    return draft.sign(*number);
}

}  // namespace countersign::pki
