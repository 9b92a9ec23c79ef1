#include "pki/names.hpp"

#include "pki/format/der_writer.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/objects.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <tuple>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

using Kind = AlternativeName::Kind;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool has_control(std::string_view text) { return std::ranges::any_of(text, is_control); }
bool is_graphic_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// What can be shown on one line of a terminal or log.
std::string printable(std::string_view raw, std::string_view escaped) {
    bool const utf8 = is_utf8(raw);
    std::string out;
    out.reserve(raw.size());
    for (char c : raw) {
        auto const byte = static_cast<std::uint8_t>(c);
        if (is_control(c) || (byte >= 0x80 && !utf8)) {
            out += "\\x" + to_upper(to_hex(std::span(&byte, 1)));
        } else {
            if (escaped.contains(c)) out.push_back('\\');
            out.push_back(c);
        }
    }
    return out;
}

std::string attribute_name(ASN1_OBJECT const* object) {
    int const nid = OBJ_obj2nid(object);
    if (nid != NID_undef) return OBJ_nid2sn(nid);
    std::array<char, 128> text{};
    OBJ_obj2txt(text.data(), text.size(), object, 1);
    return text.data();
}

bool is_email(std::string_view text) {
    auto const at = text.rfind('@');
    return at != std::string_view::npos && at > 0 && text.size() <= 255 && is_graphic_ascii(text) && is_host_name(text.substr(at + 1));
}

bool is_uri(std::string_view text) {
    auto const colon = text.find(':');
    return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() && is_graphic_ascii(text);
}

bool is_dns_pattern(std::string_view text) {
    if (text.starts_with("*.")) return is_host_name(text.substr(2)) && text.size() <= 253;
    return is_host_name(text);
}

std::string_view kind_text(Kind kind) {
    switch (kind) {
        case Kind::dns: return "dns";
        case Kind::ip: return "ip";
        case Kind::email: return "email";
        case Kind::uri: return "uri";
    }
    return "";
}

Bytes address_bytes(std::string const& text) {
    Bytes bytes(16);
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
    bytes.resize(4);
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes;
    return {};
}

std::string address_text(std::span<std::uint8_t const> bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (bytes.size() == 4 && inet_ntop(AF_INET, bytes.data(), text.data(), text.size()) != nullptr) return text.data();
    if (bytes.size() == 16 && inet_ntop(AF_INET6, bytes.data(), text.data(), text.size()) != nullptr) return text.data();
    return {};
}

/// One field of SubjectFields: its attribute and upper bound (RFC 5280 appendix A.1).
struct Attribute {
    int nid;
    std::string_view field;
    std::string SubjectFields::* value;
    std::size_t longest;
};

/// In the order in which the devices of the seeds write them.
constexpr std::array<Attribute, 8> k_attributes{{
    {NID_countryName, "country", &SubjectFields::country, 2},
    {NID_stateOrProvinceName, "state", &SubjectFields::state, 128},
    {NID_localityName, "locality", &SubjectFields::locality, 128},
    {NID_organizationName, "organization", &SubjectFields::organization, 64},
    {NID_organizationalUnitName, "unit", &SubjectFields::unit, 64},
    {NID_commonName, "common name", &SubjectFields::common_name, 64},
    {NID_serialNumber, "serial number", &SubjectFields::serial_number, 64},
    {NID_pkcs9_emailAddress, "email", &SubjectFields::email, 255},
}};

/// Characters, not bytes: the bounds of RFC 5280 count those.
std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_printable_string(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(" '()+,-./:=?").contains(c);
    });
}

bool fits(Attribute const& attribute, std::string const& value) {
    if (!is_utf8(value) || has_control(value) || characters(value) > attribute.longest) return false;
    switch (attribute.nid) {
        case NID_countryName: return value.size() == 2 && std::ranges::all_of(value, [](char c) { return c >= 'A' && c <= 'Z'; });
        case NID_pkcs9_emailAddress: return is_email(value);
        case NID_serialNumber: return is_printable_string(value);
        default: return trim(value) == value;
    }
}

GeneralNamePtr make_general_name(AlternativeName const& name) {
    GeneralNamePtr out(GENERAL_NAME_new());
    bool const address = name.kind == Kind::ip;
    ASN1_STRING* value = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    if (!out || value == nullptr) throw_openssl_failure("make a general name");
    Bytes const packed = address ? address_bytes(name.value) : Bytes();
    void const* data = address ? static_cast<void const*>(packed.data()) : name.value.data();
    auto const size = static_cast<int>(address ? packed.size() : name.value.size());
    int type = GEN_DNS;
    if (address) type = GEN_IPADD;
    if (name.kind == Kind::email) type = GEN_EMAIL;
    if (name.kind == Kind::uri) type = GEN_URI;
    bool const done = ASN1_STRING_set(value, data, size) == 1;
    GENERAL_NAME_set0_value(out.get(), type, value);
    if (!done) throw_openssl_failure("make a general name");
    return out;
}

}  // namespace

std::string raw_value(ASN1_STRING const* string) {
    unsigned char* data = nullptr;
    int const size = ASN1_STRING_to_UTF8(&data, string);
    if (size < 0) return std::string(view_of(string));
    std::unique_ptr<unsigned char, Deleter<free_openssl>> const owner(data);
    return {reinterpret_cast<char const*>(data), static_cast<std::size_t>(size)};
}

std::string name_text(X509_NAME const* name) {
    ErrorQueue const errors;
    std::string out;
    int last_set = -1;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        X509_NAME_ENTRY const* entry = X509_NAME_get_entry(name, i);
        int const set = X509_NAME_ENTRY_set(entry);
        out += set == last_set ? '+' : '/';
        last_set = set;
        out += attribute_name(X509_NAME_ENTRY_get_object(entry)) + "=";
        out += printable(raw_value(X509_NAME_ENTRY_get_data(entry)), "/\\");
    }
    return out;
}

std::string first_value(X509_NAME const* name, int nid) {
    ErrorQueue const errors;
    int const at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0) return {};
    return printable(raw_value(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))), "");
}

Result<X509NamePtr> make_name(SubjectFields const& subject) {
    ErrorQueue errors;
    X509NamePtr name(X509_NAME_new());
    if (!name) throw_openssl_failure("make a name");
    auto add = [&name](Attribute const& attribute, std::string const& value) -> Result<void> {
        if (value.empty()) return {};
        auto const* data = reinterpret_cast<unsigned char const*>(value.data());
        if (!fits(attribute, value) ||
            X509_NAME_add_entry_by_NID(name.get(), attribute.nid, MBSTRING_UTF8, data, static_cast<int>(value.size()), -1, 0) != 1) {
            return fail(crt::invalid_name, {{"field", attribute.field}, {"value", printable(value, "")}});
        }
        return {};
    };
    for (auto const& attribute : k_attributes) {
        CS_CHECK(add(attribute, subject.*attribute.value));
        if (attribute.nid != NID_organizationalUnitName) continue;
        for (auto const& unit : subject.more_units) CS_CHECK(add(attribute, unit));
    }
    return name;
}

Result<void> check_name(X509_NAME const* name) {
    ErrorQueue const errors;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        X509_NAME_ENTRY const* entry = X509_NAME_get_entry(name, i);
        std::string const value = raw_value(X509_NAME_ENTRY_get_data(entry));
        if (!is_utf8(value) || has_control(value)) {
            return fail(crt::invalid_name, {{"field", attribute_name(X509_NAME_ENTRY_get_object(entry))}, {"value", printable(value, "")}});
        }
    }
    return {};
}

Result<void> check_alternative_name(AlternativeName const& name) {
    bool good = false;
    switch (name.kind) {
        case Kind::dns: good = is_dns_pattern(name.value); break;
        case Kind::ip: good = is_ip_address(name.value) && !address_bytes(name.value).empty(); break;
        case Kind::email: good = is_email(name.value); break;
        case Kind::uri: good = is_uri(name.value); break;
    }
    if (good) return {};
    return fail(crt::invalid_name,
                {{"field", "subject alternative name " + std::string(kind_text(name.kind))}, {"value", printable(name.value, "")}});
}

Result<GeneralNamesPtr> make_general_names(std::vector<AlternativeName> const& names) {
    ErrorQueue const errors;
    GeneralNamesPtr out(sk_GENERAL_NAME_new_null());
    if (!out) throw_openssl_failure("make general names");
    for (auto const& name : names) {
        CS_CHECK(check_alternative_name(name));
        auto one = make_general_name(name);
        if (sk_GENERAL_NAME_push(out.get(), one.get()) <= 0) throw_openssl_failure("make general names");
        std::ignore = one.release();  // the stack owns it now
    }
    return out;
}

void write_general_names(DerWriter& out, std::span<AlternativeName const> names) {
    out.wrap(der::k_sequence, [&] {
        for (auto const& name : names) {
            switch (name.kind) {
                case Kind::email: out.element(der::tagged(GEN_EMAIL), countersign::bytes_of(name.value)); break;
                case Kind::dns: out.element(der::tagged(GEN_DNS), countersign::bytes_of(name.value)); break;
                case Kind::uri: out.element(der::tagged(GEN_URI), countersign::bytes_of(name.value)); break;
                case Kind::ip: out.element(der::tagged(GEN_IPADD), address_bytes(name.value)); break;
            }
        }
    });
}

std::vector<AlternativeName> alternative_names_of(GENERAL_NAMES const* names) {
    std::vector<AlternativeName> out;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        GENERAL_NAME const* name = sk_GENERAL_NAME_value(names, i);
        int type = 0;
        auto const* value = static_cast<ASN1_STRING const*>(GENERAL_NAME_get0_value(name, &type));
        switch (type) {
            case GEN_DNS: out.push_back({Kind::dns, printable(view_of(value), "")}); break;
            case GEN_EMAIL: out.push_back({Kind::email, printable(view_of(value), "")}); break;
            case GEN_URI: out.push_back({Kind::uri, printable(view_of(value), "")}); break;
            case GEN_IPADD:
                if (auto text = address_text(bytes_of(value)); !text.empty()) out.push_back({Kind::ip, std::move(text)});
                break;
            default: break;
        }
    }
    return out;
}

Result<std::vector<AlternativeName>> parse_alternative_names(std::string_view text) {
    std::vector<AlternativeName> out;
    if (trim(text).empty()) return out;
    for (auto part : split(text, ',')) {
        part = trim(part);
        auto const colon = part.find(':');
        auto const kind = part.substr(0, std::min(colon, part.size()));
        auto const value = colon == std::string_view::npos ? std::string_view() : trim(part.substr(colon + 1));
        bool known = false;
        for (auto candidate : {Kind::dns, Kind::ip, Kind::email, Kind::uri}) {
            if (!iequals(kind, kind_text(candidate))) continue;
            out.push_back({candidate, std::string(value)});
            known = true;
        }
        if (!known) return fail(crt::invalid_name, {{"field", "subject alternative name"}, {"value", printable(part, "")}});
        CS_CHECK(check_alternative_name(out.back()));
    }
    return out;
}

}  // namespace countersign::pki
