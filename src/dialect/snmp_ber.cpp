#include "base/text.hpp"
#include "dialect/snmp_parts.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace countersign::dialect::snmp {

Failure malformed(std::string_view detail) { return fail(errors::net::malformed_snmp, {{"detail", detail}}); }

Result<Element> Reader::next() {
    if (rest_.size() < 2) return malformed("it is cut off");
    Element element;
    element.tag = byte(0);
    std::size_t length = byte(1);
    std::size_t head = 2;
    if (length == 0x80) return malformed("a length is indefinite");
    if (length > 0x80) {
        std::size_t const octets = length & 0x7f;
        if (octets > 4 || rest_.size() < 2 + octets) return malformed("a length is too long");
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) length = length << 8 | byte(2 + i);
        head += octets;
    }
    if (length > rest_.size() - head) return malformed("it is cut off");
    element.content = rest_.substr(head, length);
    rest_.remove_prefix(head + length);
    return element;
}

Result<std::string_view> Reader::next(std::uint8_t tag, std::string_view what) {
    CS_TRY(auto const element, next());
    if (element.tag != tag) return malformed(std::string(what) + " is of another type");
    return element.content;
}

Result<std::int32_t> read_integer(std::string_view content) {
    if (content.empty() || content.size() > 4) return malformed("a number does not fit 32 bits");
    // Sign extension: begin with all bits of the sign.
    std::uint32_t value = (static_cast<std::uint8_t>(content[0]) & 0x80) != 0 ? 0xffff'ffffU : 0U;
    for (char const c : content) value = value << 8 | static_cast<std::uint8_t>(c);
    return static_cast<std::int32_t>(value);
}

namespace {

/// Unsigned types travel as two's complement: a leading zero octet stands before a set top bit.
Result<std::uint64_t> read_unsigned(std::string_view content, std::size_t octets) {
    if (content.size() == octets + 1 && content[0] == 0) content.remove_prefix(1);
    if (content.empty() || content.size() > octets) return malformed("a counter does not fit its type");
    std::uint64_t value = 0;
    for (char const c : content) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
}

Result<std::uint32_t> read_unsigned32(std::string_view content) {
    CS_TRY(auto const value, read_unsigned(content, 4));
    return static_cast<std::uint32_t>(value);
}

Result<Oid> read_oid(std::string_view content) {
    if (content.empty()) return malformed("an object identifier is empty");
    Oid oid;
    std::uint64_t part = 0;
    bool within = false;
    for (char const c : content) {
        auto const octet = static_cast<std::uint8_t>(c);
        if (!within && octet == 0x80) return malformed("an object identifier has a padded part");
        part = part << 7 | (octet & 0x7fU);
        if (part > std::numeric_limits<std::uint32_t>::max()) return malformed("a part of an object identifier does not fit 32 bits");
        within = (octet & 0x80) != 0;
        if (within) continue;
        if (oid.parts.empty()) {
            // The first two parts share one number (X.690 section 8.19.4).
            auto const first = std::min<std::uint64_t>(part / 40, 2);
            oid.parts.push_back(static_cast<std::uint32_t>(first));
            part -= first * 40;
        }
        oid.parts.push_back(static_cast<std::uint32_t>(part));
        if (oid.parts.size() > k_max_oid_parts) return malformed("an object identifier is too long");
        part = 0;
    }
    if (within) return malformed("an object identifier is cut off");
    return oid;
}

template <class T>
Result<Value> read_32(std::string_view content) {
    CS_TRY(auto const value, read_unsigned32(content));
    return Value(T{value});
}

Result<Value> read_value(Element const& element) {
    switch (element.tag) {
        case k_integer: return read_integer(element.content).map([](std::int32_t v) { return Value(v); });
        case k_octets: return Value(std::string(element.content));
        case k_oid: return read_oid(element.content).map([](Oid v) { return Value(std::move(v)); });
        case k_counter32: return read_32<Counter32>(element.content);
        case k_gauge32: return read_32<Gauge32>(element.content);
        case k_time_ticks: return read_32<TimeTicks>(element.content);
        case k_opaque: return Value(Opaque{std::string(element.content)});
        case k_counter64: return read_unsigned(element.content, 8).map([](std::uint64_t v) { return Value(Counter64{v}); });
        case k_ip_address: {
            if (element.content.size() != 4) return malformed("an address does not have 4 octets");
            IpAddress address;
            for (std::size_t i = 0; i < 4; ++i) address.bytes[i] = static_cast<std::uint8_t>(element.content[i]);
            return Value(address);
        }
        case k_null:
        case std::to_underlying(Absence::no_such_object):
        case std::to_underlying(Absence::no_such_instance):
        case std::to_underlying(Absence::end_of_view):
            if (!element.content.empty()) return malformed("an empty value has content");
            if (element.tag == k_null) return Value(Null{});
            return Value(static_cast<Absence>(element.tag));
        default: return malformed("a value has an unknown type");
    }
}

Result<std::vector<Binding>> read_bindings(std::string_view content) {
    std::vector<Binding> bindings;
    Reader list(content);
    while (!list.empty()) {
        if (bindings.size() == k_max_bindings) return malformed("there are too many bindings");
        CS_TRY(auto const pair, list.next(k_sequence, "a binding"));
        Reader reader(pair);
        CS_TRY(auto const name, reader.next(k_oid, "a name"));
        CS_TRY(auto oid, read_oid(name));
        CS_TRY(auto const element, reader.next());
        CS_TRY(auto value, read_value(element));
        if (!reader.empty()) return malformed("a binding has bytes left over");
        bindings.push_back({std::move(oid), std::move(value)});
    }
    return bindings;
}

std::optional<Operation> operation_of(std::uint8_t tag, Version version) {
    switch (static_cast<Operation>(tag)) {
        case Operation::get:
        case Operation::get_next:
        case Operation::response:
        case Operation::set: return static_cast<Operation>(tag);
        case Operation::get_bulk:
        case Operation::inform:
        case Operation::trap:
        case Operation::report: return version == Version::v2c ? std::optional(static_cast<Operation>(tag)) : std::nullopt;
    }
    return std::nullopt;
}

/// The shortest two's complement form (X.690 section 8.3.2).
std::string signed_octets(std::int64_t value) {
    int octets = 1;
    while (octets < 8 && (value < -(std::int64_t{1} << (8 * octets - 1)) || value >= std::int64_t{1} << (8 * octets - 1))) ++octets;
    std::string out;
    for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
    return out;
}

/// With a leading zero octet when the top bit is set, so that it does not read as negative.
std::string unsigned64_octets(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return signed_octets(static_cast<std::int64_t>(value));
    std::string out(1, '\0');
    for (int i = 7; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
    return out;
}

void append_part(std::string& out, std::uint64_t part) {
    int groups = 1;
    while (part >> (7 * groups) != 0) ++groups;
    for (int i = groups - 1; i >= 0; --i) out += static_cast<char>((part >> (7 * i) & 0x7f) | (i > 0 ? 0x80 : 0));
}

}  // namespace

Result<void> read_pdu(Element const& pdu, Message& message) {
    auto const operation = operation_of(pdu.tag, message.version);
    if (!operation) return malformed("the operation does not exist in this version");
    message.operation = *operation;
    Reader body(pdu.content);
    for (auto* number : {&message.request_id, &message.error_status, &message.error_index}) {
        CS_TRY(auto const octets, body.next(k_integer, "a number of the head"));
        CS_TRY(*number, read_integer(octets));
    }
    CS_TRY(auto const list, body.next(k_sequence, "the list of bindings"));
    CS_TRY(message.bindings, read_bindings(list));
    if (!body.empty()) return malformed("bytes are left over behind the bindings");
    return {};
}

std::string element(std::uint8_t tag, std::string_view content) {
    std::string out(1, static_cast<char>(tag));
    std::size_t const length = content.size();
    if (length < 0x80) {
        out += static_cast<char>(length);
    } else {
        int octets = 1;
        while (length >> (8 * octets) != 0) ++octets;
        out += static_cast<char>(0x80 | octets);
        for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(length >> (8 * i) & 0xff);
    }
    out += content;
    return out;
}

std::string integer(std::int32_t value) { return element(k_integer, signed_octets(value)); }

std::string write_oid(Oid const& oid) {
    std::string content;
    auto const part = [&oid](std::size_t i) -> std::uint64_t { return i < oid.parts.size() ? oid.parts[i] : 0; };
    append_part(content, part(0) * 40 + part(1));
    for (std::size_t i = 2; i < oid.parts.size(); ++i) append_part(content, oid.parts[i]);
    return element(k_oid, content);
}

namespace {

struct ValueWriter {
    std::string operator()(Null) const { return element(k_null, {}); }
    std::string operator()(std::int32_t v) const { return integer(v); }
    std::string operator()(std::string const& v) const { return element(k_octets, v); }
    std::string operator()(Oid const& v) const { return write_oid(v); }
    std::string operator()(IpAddress const& v) const { return element(k_ip_address, std::string(v.bytes.begin(), v.bytes.end())); }
    std::string operator()(Counter32 v) const { return element(k_counter32, signed_octets(v.value)); }
    std::string operator()(Gauge32 v) const { return element(k_gauge32, signed_octets(v.value)); }
    std::string operator()(TimeTicks v) const { return element(k_time_ticks, signed_octets(v.value)); }
    std::string operator()(Opaque const& v) const { return element(k_opaque, v.bytes); }
    std::string operator()(Counter64 v) const { return element(k_counter64, unsigned64_octets(v.value)); }
    std::string operator()(Absence v) const { return element(std::to_underlying(v), {}); }
};

}  // namespace

std::string write_value(Value const& value) { return std::visit(ValueWriter{}, value); }

std::string write_bindings(std::vector<Binding> const& bindings) {
    std::string list;
    for (auto const& binding : bindings) list += element(k_sequence, write_oid(binding.name) + write_value(binding.value));
    return element(k_sequence, list);
}

std::string write_pdu(Message const& message) {
    return element(std::to_underlying(message.operation), integer(message.request_id) + integer(message.error_status) +
                                                              integer(message.error_index) + write_bindings(message.bindings));
}

}  // namespace countersign::dialect::snmp
