#include "pki/verify/anatomy.hpp"

#include "pki/openssl.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

using der::Reader;

bool read_extensions(der::View list, Anatomy& out) {
    Reader reader(list);
    while (reader.more()) {
        auto const one = reader.expect(der::k_sequence);
        if (!one) return false;
        Reader parts(one->content);
        auto const oid = parts.expect(der::k_oid);
        auto const critical = parts.take(der::k_boolean);
        auto const value = parts.expect(der::k_octet_string);
        if (!oid || !value || !parts.done() || !der::is_oid(oid->content)) return false;
        if (critical && !der::is_boolean(critical->content)) return false;
        if (critical && critical->content[0] == 0) out.writes_defaults = true;
        out.extensions.push_back({oid->content, value->content, critical && critical->content[0] != 0});
    }
    return reader.done();
}

bool read_key(der::View key, Anatomy& out) {
    Reader parts(key);
    auto const algorithm = parts.expect(der::k_sequence);
    if (!algorithm || !parts.expect(der::k_bit_string) || !parts.done()) return false;
    Reader inside(algorithm->content);
    auto const oid = inside.expect(der::k_oid);
    if (!oid) return false;
    out.key_algorithm = oid->content;
    if (inside.more()) {
        auto const parameters = inside.next();
        if (!parameters) return false;
        out.key_parameters = parameters->whole;
    }
    return inside.done();
}

bool read_validity(der::View validity, Anatomy& out) {
    Reader parts(validity);
    auto const begin = parts.next();
    auto const end = parts.next();
    if (!begin || !end || !parts.done()) return false;
    out.not_before = *begin;
    out.not_after = *end;
    return true;
}

bool read_version(Reader& reader, Anatomy& out) {
    auto const wrapper = reader.take(der::wrapped(0));
    if (!wrapper) return reader.ok();
    auto const number = der::only(wrapper->content, der::k_integer);
    if (!number || number->size() != 1 || (*number)[0] > 2) return false;
    out.version = (*number)[0] + 1;
    if (out.version == 1) out.writes_defaults = true;
    return true;
}

bool read(Anatomy& out) {
    auto const certificate = der::only(out.bytes, der::k_sequence);
    if (!certificate) return false;
    Reader outer(*certificate);
    auto const signed_part = outer.expect(der::k_sequence);
    auto const algorithm = outer.expect(der::k_sequence);
    if (!signed_part || !algorithm || !outer.expect(der::k_bit_string) || !outer.done()) return false;
    out.outer_algorithm = algorithm->whole;
    Reader reader(signed_part->content);
    if (!read_version(reader, out)) return false;
    auto const serial = reader.expect(der::k_integer);
    auto const inner = reader.expect(der::k_sequence);
    auto const issuer = reader.expect(der::k_sequence);
    auto const validity = reader.expect(der::k_sequence);
    auto const subject = reader.expect(der::k_sequence);
    auto const key = reader.expect(der::k_sequence);
    if (!key || !der::is_integer(serial->content) || !read_validity(validity->content, out) || !read_key(key->content, out)) return false;
    out.serial = serial->content;
    out.inner_algorithm = inner->whole;
    out.issuer = issuer->content;
    out.subject = subject->content;
    bool const issuer_id = reader.take(der::tagged(1)).has_value();
    bool const subject_id = reader.take(der::tagged(2)).has_value();
    out.has_unique_identifiers = issuer_id || subject_id;
    if (auto const wrapper = reader.take(der::wrapped(3))) {
        auto const list = der::only(wrapper->content, der::k_sequence);
        if (!list || !read_extensions(*list, out)) return false;
        out.has_extensions = true;
    }
    return reader.done();
}

}  // namespace

Anatomy::Anatomy(Certificate const& certificate) : bytes(certificate.to_der()) { readable = read(*this); }

ExtensionBytes const* Anatomy::find(der::View oid) const {
    auto const found = std::ranges::find_if(extensions, [oid](auto const& extension) { return std::ranges::equal(extension.oid, oid); });
    return found == extensions.end() ? nullptr : &*found;
}

std::string oid_text(der::View oid) {
    std::string out;
    std::uint64_t part = 0;
    for (auto const octet : oid) {
        if (part > (UINT64_MAX >> 7)) return "an identifier with huge parts";
        part = (part << 7) | (octet & 0x7f);
        if ((octet & 0x80) != 0) continue;
        if (out.empty()) {
            auto const first = std::min<std::uint64_t>(part / 40, 2);
            out = std::to_string(first) + "." + std::to_string(part - first * 40);
        } else {
            out += "." + std::to_string(part);
        }
        part = 0;
    }
    return out;
}

std::optional<unsigned> parse_key_usage(der::View value) {
    auto const bits = der::only(value, der::k_bit_string);
    if (!bits || bits->empty() || bits->size() > 3 || (*bits)[0] > 7) return std::nullopt;
    auto const octets = bits->subspan(1);
    unsigned const unused = (*bits)[0];
    if (octets.empty()) return unused == 0 ? std::optional(0U) : std::nullopt;
    if ((octets.back() & ((1U << unused) - 1)) != 0) return std::nullopt;
    unsigned out = 0;
    for (std::size_t i = 0; i < octets.size() * 8; ++i) {
        if ((octets[i / 8] & (0x80U >> (i % 8))) != 0) out |= 1U << i;
    }
    return out;
}

std::optional<BasicConstraintsValue> parse_basic_constraints(der::View value) {
    auto const content = der::only(value, der::k_sequence);
    if (!content) return std::nullopt;
    BasicConstraintsValue out;
    Reader reader(*content);
    if (auto const authority = reader.take(der::k_boolean)) {
        if (!der::is_boolean(authority->content)) return std::nullopt;
        out.authority = authority->content[0] != 0;
        out.writes_default = !out.authority;
    }
    if (auto const length = reader.take(der::k_integer)) {
        if (!der::is_integer(length->content) || (length->content[0] & 0x80) != 0) return std::nullopt;
        out.has_path_length = true;
    }
    return reader.done() ? std::optional(out) : std::nullopt;
}

std::optional<AuthorityKeyIdentifier> parse_authority_key_identifier(der::View value) {
    auto const content = der::only(value, der::k_sequence);
    if (!content) return std::nullopt;
    AuthorityKeyIdentifier out;
    Reader reader(*content);
    if (auto const key = reader.take(der::tagged(0))) out.key = key->content;
    if (auto const issuer = reader.take(der::wrapped(1))) out.issuer = issuer->content;
    if (auto const serial = reader.take(der::tagged(2))) out.serial = serial->content;
    return reader.done() ? std::optional(out) : std::nullopt;
}

}  // namespace countersign::pki
