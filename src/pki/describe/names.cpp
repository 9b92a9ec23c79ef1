#include "pki/describe/names.hpp"

#include "pki/names.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <bit>

namespace countersign::pki {
namespace {

std::string address(std::span<std::uint8_t const> bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    int const family = bytes.size() == 4 ? AF_INET : AF_INET6;
    if ((bytes.size() == 4 || bytes.size() == 16) && inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr)
        return text.data();
    return to_hex(bytes, ':') + " (no address)";
}

/// "/24", or the mask itself where it is no prefix.
std::string prefix(std::span<std::uint8_t const> mask) {
    int length = 0;
    bool ended = false;
    for (auto const byte : mask) {
        auto const ones = std::countl_one(byte);
        if ((ended && byte != 0) || std::popcount(byte) != ones) return " mask " + address(mask);
        ended = ended || ones < 8;
        length += ones;
    }
    return "/" + std::to_string(length);
}

}  // namespace

std::string dotted(ASN1_OBJECT const* object) {
    std::array<char, 256> text{};
    int const size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
    return size > 0 ? std::string(text.data()) : std::string("unknown");
}

std::string object_text(ASN1_OBJECT const* object) {
    int const nid = OBJ_obj2nid(object);
    return nid == NID_undef ? dotted(object) : OBJ_nid2ln(nid);
}

std::string utf8_text(ASN1_STRING const* string) { return raw_value(string); }

std::string general_name_text(GENERAL_NAME const* name, AddressForm form) {
    switch (name->type) {
        case GEN_DNS: return "dns:" + std::string(view_of(name->d.dNSName));
        case GEN_EMAIL: return "email:" + std::string(view_of(name->d.rfc822Name));
        case GEN_URI: return "uri:" + std::string(view_of(name->d.uniformResourceIdentifier));
        case GEN_DIRNAME: return "directory:" + name_text(name->d.directoryName);
        case GEN_RID: return "id:" + dotted(name->d.registeredID);
        case GEN_IPADD: {
            auto const bytes = pki::bytes_of(name->d.iPAddress);
            if (form == AddressForm::single || bytes.size() % 8 != 0) return "ip:" + address(bytes);
            return "ip:" + address(bytes.first(bytes.size() / 2)) + prefix(bytes.last(bytes.size() / 2));
        }
        case GEN_OTHERNAME: {
            auto const* other = name->d.otherName;
            auto const* value = other->value;
            bool const text = value != nullptr && (value->type == V_ASN1_UTF8STRING || value->type == V_ASN1_IA5STRING);
            return "other:" + object_text(other->type_id) + (text ? "=" + utf8_text(value->value.asn1_string) : "");
        }
        default: return "a name of another kind";
    }
}

}  // namespace countersign::pki
