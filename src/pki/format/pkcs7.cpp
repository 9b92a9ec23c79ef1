#include "pki/format/pkcs7.hpp"

#include "pki/contents.hpp"
#include "pki/format/der_kind.hpp"
#include "pki/format/sound.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <openssl/cms.h>
#include <openssl/pkcs7.h>

#include <algorithm>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

using CmsPtr = std::unique_ptr<CMS_ContentInfo, Deleter<CMS_ContentInfo_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, Deleter<PKCS7_free>>;
void free_certificates(STACK_OF(X509) * list) { sk_X509_pop_free(list, X509_free); }
void free_crls(STACK_OF(X509_CRL) * list) { sk_X509_CRL_pop_free(list, X509_CRL_free); }

Failure broken(std::string_view detail) { return fail(crt::broken_package, {{"detail", detail}}); }
Failure too_many(std::size_t most) { return fail(crt::too_many_certificates, {{"limit", std::to_string(most)}}); }

std::size_t size_of(int count) { return static_cast<std::size_t>(std::max(0, count)); }

/// SignedData with certificates and nothing signed, as `openssl crl2pkcs7 -nocrl` makes it.
Bytes degenerate(std::vector<Certificate> const& certificates) {
    ErrorQueue const errors;
    Pkcs7Ptr const bundle(PKCS7_new());
    if (!bundle || PKCS7_set_type(bundle.get(), NID_pkcs7_signed) != 1 || PKCS7_content_new(bundle.get(), NID_pkcs7_data) != 1 ||
        PKCS7_set_detached(bundle.get(), 1) != 1)
        throw_openssl_failure("make a PKCS#7 bundle");
    for (auto const& certificate : certificates) {
        if (PKCS7_add_certificate(bundle.get(), certificate.native()) != 1) throw_openssl_failure("make a PKCS#7 bundle");
    }
    return der_of(bundle.get(), i2d_PKCS7, "encode a PKCS#7 bundle");
}

}  // namespace

bool is_signed_data_label(std::string_view label) { return label == "PKCS7" || label == "PKCS #7 SIGNED DATA" || label == "CMS"; }

Result<SignedDataParts> read_signed_data(std::span<std::uint8_t const> der, std::size_t most) {
    ErrorQueue errors;
    auto const* at = der.data();
    CmsPtr const bundle(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(der.size())));
    if (!bundle) return broken(errors.reason());
    if (at != der.data() + der.size()) return broken("there are bytes after its end");
    int const type = OBJ_obj2nid(CMS_get0_type(bundle.get()));
    if (type != NID_pkcs7_signed) {
        return broken(std::string("it is no bundle of certificates but ") + (type == NID_undef ? "of an unknown type" : OBJ_nid2ln(type)));
    }
    std::unique_ptr<STACK_OF(X509), Deleter<free_certificates>> const certificates(CMS_get1_certs(bundle.get()));
    std::unique_ptr<STACK_OF(X509_CRL), Deleter<free_crls>> const crls(CMS_get1_crls(bundle.get()));
    auto const certificate_count = size_of(sk_X509_num(certificates.get()));
    auto const crl_count = size_of(sk_X509_CRL_num(crls.get()));
    if (certificate_count + crl_count > most) return too_many(most);
    if (certificate_count + crl_count == 0) return broken("there are no certificates and no revocation lists in it");

    SignedDataParts out;
    // With the checks of our own parsers, whose promises everybody relies on (dates that are dates).
    auto add = [&out](auto part, std::size_t index, auto& list) {
        if (part) {
            list.push_back(*std::move(part));
        } else {
            out.problems.push_back(part.error().with("index", std::to_string(index)));
        }
    };
    for (std::size_t i = 0; i < certificate_count; ++i) {
        X509* const certificate = sk_X509_value(certificates.get(), static_cast<int>(i));
        X509_up_ref(certificate);
        add(sound_certificate(X509Ptr(certificate)), i, out.certificates);
    }
    for (std::size_t i = 0; i < crl_count; ++i) {
        add(Crl::parse_der(der_of(sk_X509_CRL_value(crls.get(), static_cast<int>(i)), i2d_X509_CRL, "encode a revocation list")), i,
            out.crls);
    }
    return out;
}

Result<std::vector<Certificate>> read_pkcs7(std::string_view bytes) {
    ContentsLimits const limits;
    if (bytes.size() > limits.bytes) return fail(errors::fil::too_large, {{"file", "The bundle"}, {"limit", std::to_string(limits.bytes)}});
    Bytes der;
    if (encoding_of(bytes) == Encoding::der) {
        auto const view = countersign::bytes_of(bytes);
        der.assign(view.begin(), view.end());
    } else {
        auto const blocks = scan_pem(bytes, limits.items);
        auto const found = std::ranges::find_if(blocks, [](PemBlock const& block) { return is_signed_data_label(block.label); });
        if (found == blocks.end()) return fail(crt::not_pem, {{"expected", "PKCS7"}});
        auto body = found->complete ? decode_body(found->body) : std::nullopt;
        if (!body) return fail(crt::not_pem, {{"expected", "PKCS7"}});
        der = *std::move(body);
    }
    CS_TRY(auto parts, read_signed_data(der, limits.items));
    if (!parts.problems.empty()) return fail(parts.problems.front());
    if (parts.certificates.empty()) return broken("there are only revocation lists in it");
    return std::move(parts.certificates);
}

Bytes write_pkcs7_der(std::vector<Certificate> const& certificates) { return degenerate(certificates); }
std::string write_pkcs7_pem(std::vector<Certificate> const& certificates) { return pem_text("PKCS7", degenerate(certificates)); }

}  // namespace countersign::pki
