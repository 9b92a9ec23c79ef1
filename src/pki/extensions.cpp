#include "pki/extensions.hpp"

#include "base/text.hpp"
#include "pki/format/der_reader.hpp"
#include "pki/names.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

namespace countersign::pki {

namespace {

using View = std::span<std::uint8_t const>;

enum class Criticality { normal, critical };

/// id-ce (2.5.29) with one more arc.
using Ce = std::array<std::uint8_t, 3>;
/// id-pkix (1.3.6.1.5.5.7) with two more arcs.
using Pkix = std::array<std::uint8_t, 8>;

constexpr Ce ce(std::uint8_t last) { return {0x55, 0x1d, last}; }
constexpr Pkix pkix(std::uint8_t arc, std::uint8_t last) { return {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, arc, last}; }

namespace oid {
constexpr Ce subject_key_identifier = ce(14), key_usage = ce(15), subject_alt_name = ce(17), basic_constraints = ce(19),
             crl_distribution_points = ce(31), authority_key_identifier = ce(35), extended_key_usage = ce(37);
constexpr Pkix authority_information_access = pkix(1, 1), tls_feature = pkix(1, 24), server_auth = pkix(3, 1), client_auth = pkix(3, 2),
               ocsp = pkix(48, 1), ca_issuers = pkix(48, 2), ocsp_signing = pkix(3, 9);
/// id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1).
constexpr std::array<std::uint8_t, 9> ocsp_no_check{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05};
}  // namespace oid

template <class Fill>
void add(DerWriter& out, View name, Criticality criticality, Fill fill) {
    out.wrap(der::k_sequence, [&] {
        out.element(der::k_oid, name);
        if (criticality == Criticality::critical) out.boolean(true);
        out.wrap(der::k_octet_string, fill);
    });
}

void add_basic_constraints(DerWriter& out, ExtensionPlan const& plan) {
    add(out, oid::basic_constraints, Criticality::critical, [&] {
        out.wrap(der::k_sequence, [&] {
            if (!profile_row(plan.profile).is_authority) return;
            out.boolean(true);
            out.integer(plan.path_length);
        });
    });
}

/// A BIT STRING without the zeros at its end (RFC 5280 section 4.2.1.3): how many of the last bits do not count, and the bits. All of them
/// stand in one octet, since decipherOnly, the ninth, is in no profile.
std::array<std::uint8_t, 2> key_usage_of(ExtensionPlan const& plan) {
    auto const& row = profile_row(plan.profile);
    unsigned const named = plan.rsa ? row.usage_bits_rsa : row.usage_bits;
    std::uint8_t octet = 0;
    for (unsigned bit = 0; bit < 8; ++bit)
        if ((named & (1U << bit)) != 0) octet |= static_cast<std::uint8_t>(0x80U >> bit);
    return {static_cast<std::uint8_t>(std::countr_zero(octet)), octet};
}

Pkix const& purpose_of(std::string_view name) {
    if (name == "serverAuth") return oid::server_auth;
    if (name == "clientAuth") return oid::client_auth;
    if (name == "OCSPSigning") return oid::ocsp_signing;
    throw std::logic_error("the table of profiles names an unknown purpose");
}

void add_extended_key_usage(DerWriter& out, Profile profile) {
    auto const& row = profile_row(profile);
    if (!row.extended_key_usages.empty())
        add(out, oid::extended_key_usage, Criticality::normal, [&] {
            out.wrap(der::k_sequence, [&] {
                for (auto const name : row.extended_key_usages) out.element(der::k_oid, purpose_of(name));
            });
        });
    if (row.ocsp_no_check) add(out, oid::ocsp_no_check, Criticality::normal, [&] { out.element(der::k_null, {}); });
}

void write_uri(DerWriter& out, std::string const& url) { out.element(der::tagged(6), countersign::bytes_of(url)); }

/// One point with all the addresses as its fullName.
void add_distribution_point(DerWriter& out, std::vector<std::string> const& urls) {
    if (urls.empty()) return;
    add(out, oid::crl_distribution_points, Criticality::normal, [&] {
        out.wrap(der::k_sequence, [&] {
            out.wrap(der::k_sequence, [&] {
                out.wrap(der::wrapped(0), [&] {
                    out.wrap(der::wrapped(0), [&] {
                        for (auto const& url : urls) write_uri(out, url);
                    });
                });
            });
        });
    });
}

void add_access(DerWriter& out, IssueOptions const& options) {
    if (options.ocsp_urls.empty() && options.issuer_urls.empty()) return;
    auto write = [&out](Pkix const& method, std::string const& url) {
        out.wrap(der::k_sequence, [&] {
            out.element(der::k_oid, method);
            write_uri(out, url);
        });
    };
    add(out, oid::authority_information_access, Criticality::normal, [&] {
        out.wrap(der::k_sequence, [&] {
            for (auto const& url : options.ocsp_urls) write(oid::ocsp, url);
            for (auto const& url : options.issuer_urls) write(oid::ca_issuers, url);
        });
    });
}

void add_tls_feature(DerWriter& out, IssueOptions const& options) {
    if (!options.must_staple) return;
    constexpr std::int64_t k_status_request = 5;  // RFC 6066 section 8
    add(out, oid::tls_feature, Criticality::normal, [&] { out.wrap(der::k_sequence, [&] { out.integer(k_status_request); }); });
}

void add_names(DerWriter& out, ExtensionPlan const& plan) {
    if (plan.names.empty()) return;
    // RFC 5280 section 4.2.1.6: critical when there is no subject.
    add(out, oid::subject_alt_name, plan.nameless ? Criticality::critical : Criticality::normal,
        [&] { write_general_names(out, plan.names); });
}

Result<void> check_urls(std::vector<std::string> const& urls) {
    constexpr std::size_t k_longest = 2048;
    constexpr std::string_view k_scheme = "http://";
    for (auto const& url : urls) {
        bool const clean = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f; });
        if (!clean || url.size() > k_longest || url.size() <= k_scheme.size() || !istarts_with(url, k_scheme))
            return fail(errors::crt::invalid_name, {{"field", "address of revocation information"}, {"value", url.substr(0, 200)}});
    }
    return {};
}

}  // namespace

Bytes key_identifier(View public_key) {
    constexpr std::size_t length = 160 / 8;
    std::array<std::uint8_t, 32> digest{};
    auto const whole = DerReader(public_key).next(der::k_sequence);
    DerReader parts(whole ? whole->content : View());
    auto const algorithm = parts.next(der::k_sequence);
    auto const key = parts.next(der::k_bit_string);
    if (!algorithm || !key || key->content.empty()) throw std::logic_error("a public key was expected");
    auto const bits = key->content.subspan(1);
    if (EVP_Digest(bits.data(), bits.size(), digest.data(), nullptr, sha256_method(), nullptr) != 1) {
        throw_openssl_failure("make a key identifier");
    }
    return {digest.begin(), digest.begin() + length};
}

Bytes issuer_identifier(X509* issuer) {
    if (ASN1_OCTET_STRING const* own = X509_get0_subject_key_id(issuer)) {
        auto const bytes = bytes_of(own);
        return {bytes.begin(), bytes.end()};
    }
    return key_identifier(der_of(X509_get_X509_PUBKEY(issuer), i2d_X509_PUBKEY, "encode a public key"));
}

void write_extensions(DerWriter& out, ExtensionPlan const& plan) {
    out.wrap(der::k_sequence, [&] {
        add_basic_constraints(out, plan);
        add(out, oid::key_usage, Criticality::critical, [&] { out.element(der::k_bit_string, key_usage_of(plan)); });
        add_extended_key_usage(out, plan.profile);
        add(out, oid::subject_key_identifier, Criticality::normal, [&] { out.element(der::k_octet_string, plan.own); });
        add(out, oid::authority_key_identifier, Criticality::normal,
            [&] { out.wrap(der::k_sequence, [&] { out.element(der::tagged(0), plan.authority); }); });
        add_names(out, plan);
        if (plan.revocation == nullptr) return;
        add_distribution_point(out, plan.revocation->crl_urls);
        add_access(out, *plan.revocation);
        add_tls_feature(out, *plan.revocation);
    });
}

Result<void> check_revocation_pointers(IssueOptions const& options) {
    CS_CHECK(check_urls(options.crl_urls));
    CS_CHECK(check_urls(options.ocsp_urls));
    CS_CHECK(check_urls(options.issuer_urls));
    return {};
}

}  // namespace countersign::pki
