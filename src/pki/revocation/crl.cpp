#include "pki/crl.hpp"

#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

using IssuingPointPtr = std::unique_ptr<ISSUING_DIST_POINT, Deleter<ISSUING_DIST_POINT_free>>;

constexpr std::string_view k_label = "X509 CRL";

/// RFC 5280 section 5.3.1; 7 is not used.
constexpr std::array<std::string_view, 11> k_reasons{"unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
                                                     "superseded",    "cessationOfOperation", "certificateHold", "",
                                                     "removeFromCRL", "privilegeWithdrawn",   "aACompromise"};

Error broken(std::string detail) { return Error(errors::crt::broken_crl, {{"detail", std::move(detail)}}); }

std::string extension_number(X509_CRL const* crl, int nid) {
    Asn1IntegerPtr const number(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, nid, nullptr, nullptr)));
    return number ? integer_text(number.get()) : std::string();
}

}  // namespace

Crl::Crl(X509_crl_st* crl) : crl_(crl, Deleter<X509_CRL_free>()) {}

Result<Crl> Crl::parse_der(std::span<std::uint8_t const> der) {
    if (der.size() > k_crl_limit)
        return fail(Error(errors::fil::too_large, {{"file", "the revocation list"}, {"limit", std::to_string(k_crl_limit)}}));
    ErrorQueue errors;
    auto const* at = der.data();
    X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    if (!crl) return fail(broken(errors.reason()));
    if (at != der.data() + der.size()) return fail(broken("there are bytes after its end"));
    if (!time_of(X509_CRL_get0_lastUpdate(crl.get()))) return fail(broken("its thisUpdate is not a date"));
    if (auto const* next = X509_CRL_get0_nextUpdate(crl.get()); next != nullptr && !time_of(next))
        return fail(broken("its nextUpdate is not a date"));
    return Crl(crl.release());
}

Result<Crl> Crl::parse(std::string_view bytes) {
    if (bytes.size() > 2 * k_crl_limit)
        return fail(Error(errors::fil::too_large, {{"file", "the revocation list"}, {"limit", std::to_string(k_crl_limit)}}));
    if (!bytes.contains("-----BEGIN ")) return parse_der({reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size()});
    for (auto const& block : scan_pem(bytes)) {
        if (block.label != k_label) continue;
        auto const der = block.complete ? decode_body(block.body) : std::nullopt;
        if (!der) return fail(broken("its Base64 is damaged, or its END line is missing"));
        return parse_der(*der);
    }
    return fail(broken("there is no block \"X509 CRL\""));
}

std::string Crl::issuer() const { return name_text(X509_CRL_get_issuer(crl_.get())); }
UtcTime Crl::this_update() const { return time_of(X509_CRL_get0_lastUpdate(crl_.get())).value_or(UtcTime()); }
std::optional<UtcTime> Crl::next_update() const {
    auto const* next = X509_CRL_get0_nextUpdate(crl_.get());
    return next == nullptr ? std::nullopt : time_of(next);
}
std::string Crl::number() const { return extension_number(crl_.get(), NID_crl_number); }
std::optional<std::string> Crl::delta_of() const {
    if (X509_CRL_get_ext_by_NID(crl_.get(), NID_delta_crl, -1) < 0) return std::nullopt;
    return extension_number(crl_.get(), NID_delta_crl);
}
bool Crl::is_indirect() const {
    IssuingPointPtr const point(
        static_cast<ISSUING_DIST_POINT*>(X509_CRL_get_ext_d2i(crl_.get(), NID_issuing_distribution_point, nullptr, nullptr)));
    return point && point->indirectCRL > 0;
}

bool Crl::is_signed_by(Certificate const& authority) const {
    ErrorQueue const errors;
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl_.get()), X509_get_subject_name(authority.native())) != 0) return false;
    EVP_PKEY* const key = X509_get0_pubkey(authority.native());
    return key != nullptr && X509_CRL_verify(crl_.get(), key) == 1;
}

std::string Crl::signature_algorithm() const { return OBJ_nid2ln(X509_CRL_get_signature_nid(crl_.get())); }

std::size_t Crl::size() const {
    auto const* entries = X509_CRL_get_REVOKED(crl_.get());
    return static_cast<std::size_t>(std::max(0, sk_X509_REVOKED_num(entries)));
}

std::vector<Crl::Entry> Crl::entries(std::size_t limit) const {
    std::vector<Entry> out;
    auto const* list = X509_CRL_get_REVOKED(crl_.get());
    auto const count = std::min(size(), limit);
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto const* entry = sk_X509_REVOKED_value(list, static_cast<int>(i));
        Entry read{.serial = integer_text(X509_REVOKED_get0_serialNumber(entry)),
                   .at = time_of(X509_REVOKED_get0_revocationDate(entry)).value_or(UtcTime())};
        Asn1EnumeratedPtr const reason(static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
        if (reason) read.reason = static_cast<int>(ASN1_ENUMERATED_get(reason.get()));
        out.push_back(std::move(read));
    }
    return out;
}

Bytes Crl::to_der() const { return der_of(crl_.get(), i2d_X509_CRL, "encode a revocation list"); }
std::string Crl::to_pem() const { return pem_text(k_label, to_der()); }

std::string_view reason_name(int reason) {
    if (reason < 0 || static_cast<std::size_t>(reason) >= k_reasons.size()) return k_reasons[0];
    auto const name = k_reasons[static_cast<std::size_t>(reason)];
    return name.empty() ? k_reasons[0] : name;
}

std::optional<int> parse_reason(std::string_view name) {
    auto const found = std::ranges::find(k_reasons, name);
    if (name.empty() || found == k_reasons.end()) return std::nullopt;
    return static_cast<int>(found - k_reasons.begin());
}

}  // namespace countersign::pki
