#include "dialect/snmp.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace countersign::dialect::snmp {
namespace {

// Tags of X.690 and RFC 2578.
constexpr std::uint8_t k_integer = 0x02;
constexpr std::uint8_t k_octets = 0x04;
constexpr std::uint8_t k_null = 0x05;
constexpr std::uint8_t k_oid = 0x06;
constexpr std::uint8_t k_sequence = 0x30;
constexpr std::uint8_t k_ip_address = 0x40;
constexpr std::uint8_t k_counter32 = 0x41;
constexpr std::uint8_t k_gauge32 = 0x42;
constexpr std::uint8_t k_time_ticks = 0x43;
constexpr std::uint8_t k_opaque = 0x44;
constexpr std::uint8_t k_counter64 = 0x46;
constexpr std::uint8_t k_trap_v1 = 0xa4;

Failure malformed(std::string_view detail) { return fail(errors::net::malformed_snmp, {{"detail", detail}}); }

// --- reading ---

struct Element {
    std::uint8_t tag = 0;
    std::string_view content;
};

/// Walks over the elements of one level. Never reads past its end, whatever lengths the elements claim.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }

    Result<Element> next() {
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

    Result<std::string_view> next(std::uint8_t tag, std::string_view what) {
        CS_TRY(auto const element, next());
        if (element.tag != tag) return malformed(std::string(what) + " is of another type");
        return element.content;
    }

private:
    [[nodiscard]] std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(rest_[at]); }
    std::string_view rest_;
};

Result<std::int32_t> read_integer(std::string_view content) {
    if (content.empty() || content.size() > 4) return malformed("a number does not fit 32 bits");
    // Sign extension: begin with all bits of the sign.
    std::uint32_t value = (static_cast<std::uint8_t>(content[0]) & 0x80) != 0 ? 0xffff'ffffU : 0U;
    for (char const c : content) value = value << 8 | static_cast<std::uint8_t>(c);
    return static_cast<std::int32_t>(value);
}

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

// --- writing ---

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

std::string integer(std::int32_t value) { return element(k_integer, signed_octets(value)); }

void append_part(std::string& out, std::uint64_t part) {
    int groups = 1;
    while (part >> (7 * groups) != 0) ++groups;
    for (int i = groups - 1; i >= 0; --i) out += static_cast<char>((part >> (7 * i) & 0x7f) | (i > 0 ? 0x80 : 0));
}

std::string write_oid(Oid const& oid) {
    std::string content;
    auto const part = [&oid](std::size_t i) -> std::uint64_t { return i < oid.parts.size() ? oid.parts[i] : 0; };
    append_part(content, part(0) * 40 + part(1));
    for (std::size_t i = 2; i < oid.parts.size(); ++i) append_part(content, oid.parts[i]);
    return element(k_oid, content);
}

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

std::string write_bindings(std::vector<Binding> const& bindings) {
    std::string list;
    for (auto const& binding : bindings) list += element(k_sequence, write_oid(binding.name) + std::visit(ValueWriter{}, binding.value));
    return element(k_sequence, list);
}

std::string write_envelope(Version version, std::string_view community, std::string_view pdu) {
    return element(k_sequence, integer(std::to_underlying(version)) + element(k_octets, community) + std::string(pdu));
}

}  // namespace

Result<Oid> parse_oid(std::string_view text) {
    auto const bad = [text](std::string_view why) { return fail(errors::gen::invalid_input, {{"field", text}, {"detail", why}}); };
    if (text.starts_with('.')) text.remove_prefix(1);
    Oid oid;
    for (auto const word : split(text, '.')) {
        auto const part = parse_number<std::uint32_t>(word);
        if (!part) return bad("an object identifier is numbers with dots between them");
        oid.parts.push_back(*part);
        if (oid.parts.size() > k_max_oid_parts) return bad("it has more than 128 parts");
    }
    if (oid.parts.size() < 2 || oid.parts[0] > 2 || (oid.parts[0] < 2 && oid.parts[1] > 39)) return bad("its first two parts do not exist");
    // The two share one number of 32 bits on the wire.
    if (oid.parts[1] > std::numeric_limits<std::uint32_t>::max() - 80) return bad("its second part is too large");
    return oid;
}

std::string to_string(Oid const& oid) {
    std::string out;
    for (auto const part : oid.parts) {
        if (!out.empty()) out += '.';
        out += std::to_string(part);
    }
    return out;
}

Result<Message> parse_message(std::string_view datagram) {
    if (datagram.size() > k_max_datagram) return malformed("it is larger than a datagram");
    Reader outer(datagram);
    CS_TRY(auto const content, outer.next(k_sequence, "the message"));
    if (!outer.empty()) return malformed("bytes are left over behind the message");

    Reader envelope(content);
    CS_TRY(auto const version_octets, envelope.next(k_integer, "the version"));
    CS_TRY(auto const version, read_integer(version_octets));
    if (version != 0 && version != 1) return malformed("the version is neither 1 nor 2c");
    Message message;
    message.version = static_cast<Version>(version);
    CS_TRY(auto const community, envelope.next(k_octets, "the community"));
    message.community = community;
    CS_TRY(auto const pdu, envelope.next());
    auto const operation = operation_of(pdu.tag, message.version);
    if (!operation) return malformed("the operation does not exist in this version");
    message.operation = *operation;
    if (!envelope.empty()) return malformed("bytes are left over in the message");

    Reader body(pdu.content);
    for (auto* number : {&message.request_id, &message.error_status, &message.error_index}) {
        CS_TRY(auto const octets, body.next(k_integer, "a number of the head"));
        CS_TRY(*number, read_integer(octets));
    }
    CS_TRY(auto const list, body.next(k_sequence, "the list of bindings"));
    CS_TRY(message.bindings, read_bindings(list));
    if (!body.empty()) return malformed("bytes are left over behind the bindings");
    return message;
}

std::string write_message(Message const& message) {
    auto const body =
        integer(message.request_id) + integer(message.error_status) + integer(message.error_index) + write_bindings(message.bindings);
    return write_envelope(message.version, message.community, element(std::to_underlying(message.operation), body));
}

std::string write_trap_v1(TrapV1 const& trap) {
    ValueWriter const value;
    auto const body = write_oid(trap.enterprise) + value(trap.agent) + integer(trap.generic) + integer(trap.specific) + value(trap.uptime) +
                      write_bindings(trap.bindings);
    return write_envelope(Version::v1, trap.community, element(k_trap_v1, body));
}

std::string write_trap_v2c(std::string_view community, std::int32_t request_id, TimeTicks uptime, Oid const& trap,
                           std::vector<Binding> bindings) {
    bindings.insert(bindings.begin(),
                    {Binding{Oid{{1, 3, 6, 1, 2, 1, 1, 3, 0}}, uptime}, Binding{Oid{{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}}, trap}});
    return write_message({Version::v2c, std::string(community), Operation::trap, request_id, 0, 0, std::move(bindings)});
}

}  // namespace countersign::dialect::snmp
