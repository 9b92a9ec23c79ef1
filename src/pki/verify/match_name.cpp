// Does a certificate belong to the name a peer was called by? RFC 9525 section 6.

#include "pki/verify/match_name.hpp"

#include "pki/names.hpp"
#include "pki/openssl.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace countersign::pki {

namespace {

/// The four or sixteen bytes of an address; size 0 when the text is none.
struct Address {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t size = 0;
};

Address address_of(std::string_view text) {
    Address address;
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size()) return address;
    std::ranges::copy(text, terminated.begin());
    if (inet_pton(AF_INET, terminated.data(), address.bytes.data()) == 1) {
        address.size = 4;
    } else if (inet_pton(AF_INET6, terminated.data(), address.bytes.data()) == 1) {
        address.size = 16;
    }
    return address;
}

/// RFC 9525 section 6.3: labels are compared without regard to case; '*' stands for exactly one whole label, the
/// left-most. Stricter than the RFC: at least two labels must follow it, so that "*.com" matches nothing.
bool matches_pattern(std::string_view pattern, std::string_view name) {
    if (pattern.contains('\0')) return false;
    if (!pattern.starts_with("*.")) return !pattern.empty() && iequals(pattern, name);
    // What stands for '*', and what follows it, must be host names: OpenSSL asks for the same, and "a_b" or "" is none.
    auto const fixed = pattern.substr(1);  // ".example.com"
    auto const dot = name.find('.');
    if (dot == std::string_view::npos || !is_host_name(name.substr(0, dot)) || !is_host_name(fixed.substr(1))) return false;
    bool const two_labels = fixed.find('.', 1) != std::string_view::npos;
    return two_labels && iequals(fixed, name.substr(dot));
}

bool matches_address(GENERAL_NAMES const* names, Address const& address) {
    auto const wanted = std::span(address.bytes).first(address.size);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        GENERAL_NAME const* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_IPADD && std::ranges::equal(pki::bytes_of(name->d.iPAddress), wanted)) return true;
    }
    return false;
}

bool matches_dns(GENERAL_NAMES const* names, std::string_view host_name) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        GENERAL_NAME const* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS && matches_pattern(view_of(name->d.dNSName), host_name)) return true;
    }
    return false;
}

/// Old devices have only a common name. Two common names leave open which one is meant: no match.
bool matches_common_name(X509* certificate, std::string_view host_name) {
    X509_NAME const* subject = X509_get_subject_name(certificate);
    int const at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return false;
    return matches_pattern(raw_value(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))), host_name);
}

}  // namespace

bool matches_name(Certificate const& certificate, std::string_view host_name) {
    return matches_name(certificate, host_name, CommonName::counts);
}

bool matches_name(Certificate const& certificate, std::string_view host_name, CommonName common_name) {
    if (host_name.ends_with('.')) host_name.remove_suffix(1);  // the absolute form of the same name
    if (host_name.empty() || host_name.contains('\0')) return false;
    ErrorQueue const errors;
    X509* const native = certificate.native();
    int found = 0;
    GeneralNamesPtr const names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(native, NID_subject_alt_name, &found, nullptr)));
    auto const address = address_of(host_name);
    if (address.size != 0) return names && matches_address(names.get(), address);
    if (names) return matches_dns(names.get(), host_name);
    // -1: there is no such extension. Anything else: it is there but broken or twice, and then nothing matches.
    return common_name == CommonName::counts && found == -1 && is_host_name(host_name) && matches_common_name(native, host_name);
}

}  // namespace countersign::pki
