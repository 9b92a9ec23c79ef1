// matches_name against X509_check_host and X509_check_ip_asc of OpenSSL. The first line is the name a peer is called by; each line
// after it begins with the kind of a name in the certificate: C common name, D dNSName, I iPAddress (its bytes), E e-mail.
//
// We may refuse what OpenSSL accepts only for a reason of `refused_for`, and never accept what it refuses.

#include "fuzz/target.hpp"
#include "pki/issue.hpp"
#include "pki/openssl.hpp"
#include "pki/verify.hpp"

#include <algorithm>
#include <optional>

using namespace countersign;
using fuzz::must_hold;

namespace {

/// A certificate whose names change from input to input.
X509* the_certificate() {
    static X509* const made = [] {
        auto const key = pki::PrivateKey::generate(pki::KeyType::ec_p256).value();
        pki::Validity const validity{UtcTime(std::chrono::days(20'000)), UtcTime(std::chrono::days(20'010))};
        auto const root = pki::CertificateAuthority::create_root(key, {.common_name = "Fuzz root"}, validity).value();
        return X509_dup(root.certificate().native());
    }();
    return made;
}

struct Names {
    std::vector<std::string_view> common;
    std::vector<std::string_view> dns;
    bool alternative = false;  ///< there is a subjectAltName
};

/// Nothing for names that cannot be written, such as a common name that is no UTF-8: the certificate would keep those of the
/// input before.
std::optional<Names> write_names(X509* certificate, std::vector<std::string_view> const& lines) {
    Names out;
    pki::X509NamePtr const subject(X509_NAME_new());
    pki::GeneralNamesPtr const list(sk_GENERAL_NAME_new_null());
    for (auto line : std::span(lines).subspan(1)) {
        if (line.empty()) continue;
        auto const value = line.substr(1);
        auto const* bytes = reinterpret_cast<unsigned char const*>(value.data());
        auto const length = static_cast<int>(value.size());
        if (line[0] == 'C') {
            if (X509_NAME_add_entry_by_NID(subject.get(), NID_commonName, V_ASN1_UTF8STRING, bytes, length, -1, 0) == 1)
                out.common.push_back(value);
            continue;
        }
        int const type = line[0] == 'D' ? GEN_DNS : line[0] == 'I' ? GEN_IPADD : line[0] == 'E' ? GEN_EMAIL : GEN_URI;
        GENERAL_NAME* const name = GENERAL_NAME_new();
        ASN1_STRING* const text = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
        ASN1_STRING_set(text, bytes, length);
        GENERAL_NAME_set0_value(name, type, text);
        sk_GENERAL_NAME_push(list.get(), name);
        out.alternative = true;
        if (type == GEN_DNS) out.dns.push_back(value);
    }
    if (X509_set_subject_name(certificate, subject.get()) != 1) return std::nullopt;
    for (int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1); at >= 0; at = -1) {
        X509_EXTENSION_free(X509_delete_ext(certificate, at));
    }
    if (out.alternative && X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) != 1)
        return std::nullopt;
    return out;
}

/// Why we are stricter than OpenSSL (pki/verify.hpp, docs/pki-profile.md).
bool refused_for(Names const& names, std::string_view host) {
    bool const host_label = is_host_name(host.substr(0, std::min(host.find('.'), host.size())));
    auto const plain = [&](std::string_view pattern) { return pattern.starts_with("*.") && is_host_name(pattern.substr(2)) && host_label; };
    if (host.starts_with('.')) return true;  // OpenSSL takes it for "any name below"
    // OpenSSL takes the common name as soon as there is no dNSName; we when there is no subjectAltName.
    if (names.dns.empty() && names.alternative) return true;
    auto const& candidates = names.dns.empty() ? names.common : names.dns;
    // Two common names leave open which one is meant; a common name counts for host names only.
    if (names.dns.empty() && (names.common.size() != 1 || !is_host_name(host))) return true;
    // '*' as part of a label ("a*.example.com"), or among or for what are no host names (longer than 63 or 253, "-a").
    return std::ranges::any_of(candidates, [&](std::string_view pattern) { return pattern.contains('*') && !plain(pattern); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    auto const lines = split(fuzz::text_of(data, size), '\n');
    X509* const native = the_certificate();
    pki::ErrorQueue const errors;
    auto const names = write_names(native, lines);
    if (!names) return 0;
    X509_up_ref(native);
    pki::Certificate const certificate(native);
    std::string host(lines[0]);
    bool const ours = pki::matches_name(certificate, host);
    if (host.ends_with('.')) host.pop_back();  // the absolute form of the same name
    if (host.empty() || host.contains('\0')) {
        must_hold(!ours, "no name is matched by nothing");
        return 0;
    }
    if (is_ip_address(host)) {
        must_hold(ours == (X509_check_ip_asc(native, host.c_str(), 0) == 1), "addresses match as in OpenSSL");
        return 0;
    }
    bool const theirs = X509_check_host(native, host.data(), host.size(), 0, nullptr) == 1;
    must_hold(!ours || theirs, "nothing is accepted that OpenSSL refuses");
    must_hold(ours || !theirs || refused_for(*names, host), "what OpenSSL accepts is refused for a reason");
    return 0;
}
