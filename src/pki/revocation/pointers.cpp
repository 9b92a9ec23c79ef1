#include "pki/openssl.hpp"
#include "pki/revocation_pointers.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

constexpr std::size_t k_most = 16;
constexpr std::size_t k_longest_url = 2048;

using DistributionPointsPtr = std::unique_ptr<CRL_DIST_POINTS, Deleter<CRL_DIST_POINTS_free>>;
using AccessPtr = std::unique_ptr<AUTHORITY_INFO_ACCESS, Deleter<AUTHORITY_INFO_ACCESS_free>>;
using FeaturesPtr = std::unique_ptr<TLS_FEATURE, Deleter<TLS_FEATURE_free>>;

template <class Owner>
Owner decode(X509* certificate, int nid) {
    // Looked for by number first: that is a walk over a short list, and most certificates of an estate have none of these.
    if (X509_get_ext_by_NID(certificate, nid, -1) < 0) return nullptr;
    ErrorQueue const errors;
    return Owner(static_cast<typename Owner::pointer>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr)));
}

void add(std::vector<std::string>& list, std::string text) {
    if (list.size() < k_most && std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

/// http URLs into `list`, others into `others`.
void add_name(std::vector<std::string>& list, std::vector<std::string>& others, GENERAL_NAME const* name) {
    if (name == nullptr || name->type != GEN_URI) return;
    std::string text(view_of(name->d.uniformResourceIdentifier).substr(0, k_longest_url + 1));
    bool const clean = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
    if (clean && text.size() <= k_longest_url && istarts_with(text, "http://")) return add(list, std::move(text));
    for (char& c : text) {
        if (c < 0x20 || c == 0x7f) c = '?';
    }
    add(others, std::move(text));
}

void add_points(std::vector<std::string>& list, std::vector<std::string>& others, CRL_DIST_POINTS const* points) {
    for (int i = 0; i < sk_DIST_POINT_num(points); ++i) {
        auto const* name = sk_DIST_POINT_value(points, i)->distpoint;
        constexpr int k_full_name = 0;  // 1: relative to the issuer's name, a place in a directory
        if (name == nullptr || name->type != k_full_name) continue;
        for (int k = 0; k < sk_GENERAL_NAME_num(name->name.fullname); ++k)
            add_name(list, others, sk_GENERAL_NAME_value(name->name.fullname, k));
    }
}

bool demands_staple(X509* certificate) {
    constexpr long k_status_request = 5;  // RFC 6066 section 8
    auto const features = decode<FeaturesPtr>(certificate, NID_tlsfeature);
    for (int i = 0; i < sk_ASN1_INTEGER_num(features.get()); ++i) {
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == k_status_request) return true;
    }
    return false;
}

}  // namespace

RevocationPointers revocation_pointers(Certificate const& certificate) {
    X509* const native = certificate.native();
    RevocationPointers out;
    if (auto const points = decode<DistributionPointsPtr>(native, NID_crl_distribution_points))
        add_points(out.crls, out.others, points.get());
    if (auto const points = decode<DistributionPointsPtr>(native, NID_freshest_crl)) add_points(out.delta_crls, out.others, points.get());
    auto const access = decode<AccessPtr>(native, NID_info_access);
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
        auto const* one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
        auto const method = OBJ_obj2nid(one->method);
        if (method == NID_ad_OCSP) add_name(out.responders, out.others, one->location);
        if (method == NID_ad_ca_issuers) add_name(out.issuers, out.others, one->location);
    }
    out.must_staple = demands_staple(native);
    return out;
}

}  // namespace countersign::pki
