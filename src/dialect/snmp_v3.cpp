#include "dialect/snmp_v3.hpp"

#include "base/text.hpp"
#include "dialect/snmp_parts.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::dialect::snmp::v3 {
namespace {

constexpr std::int32_t k_version = 3;
constexpr std::int32_t k_user_based = 3;
constexpr std::size_t k_longest_engine = 32;
constexpr std::size_t k_shortest_engine = 5;
constexpr std::size_t k_longest_user = 32;
constexpr std::size_t k_longest_context = 255;
constexpr std::size_t k_longest_code = 48;  // SHA-512's; ours have 12 and 24
constexpr std::size_t k_longest_salt = 8;

Result<std::int32_t> next_number(Reader& reader, std::string_view what) {
    CS_TRY(auto const octets, reader.next(k_integer, what));
    CS_TRY(auto const value, read_integer(octets));
    if (value < 0) return malformed(std::string(what) + " is negative");
    return value;
}

Result<std::string> next_octets(Reader& reader, std::string_view what, std::size_t limit) {
    CS_TRY(auto const octets, reader.next(k_octets, what));
    if (octets.size() > limit) return malformed(std::string(what) + " is too long");
    return std::string(octets);
}

Result<std::string> next_engine(Reader& reader, std::string_view what) {
    CS_TRY(auto engine, next_octets(reader, what, k_longest_engine));
    if (!engine.empty() && engine.size() < k_shortest_engine) return malformed(std::string(what) + " is too short");
    return engine;
}

Result<void> read_header(std::string_view content, Message& message) {
    Reader header(content);
    CS_TRY(message.id, next_number(header, "the message id"));
    CS_TRY(message.max_size, next_number(header, "the largest size"));
    if (message.max_size < k_smallest_maximum) return malformed("the largest size is below 484");
    CS_TRY(auto const flags, next_octets(header, "the flags", 1));
    if (flags.size() != 1) return malformed("there are no flags");
    message.flags = static_cast<std::uint8_t>(flags[0]) & (k_authenticated | k_private | k_reportable);
    // RFC 3412 section 7.2 (5d)
    if ((message.flags & (k_authenticated | k_private)) == k_private) return malformed("it is private but not authenticated");
    CS_TRY(auto const model, next_number(header, "the security model"));
    if (model != k_user_based) return fail(errors::net::snmp_security_model, {{"model", std::to_string(model)}});
    if (!header.empty()) return malformed("bytes are left over in the header");
    return {};
}

Result<std::string_view> read_security(std::string_view content, Message& message) {
    Reader outer(content);
    CS_TRY(auto const inner, outer.next(k_sequence, "the security parameters"));
    if (!outer.empty()) return malformed("bytes are left over behind the security parameters");
    Reader fields(inner);
    CS_TRY(message.engine, next_engine(fields, "the engine id"));
    CS_TRY(message.boots, next_number(fields, "the engine's boots"));
    CS_TRY(message.time, next_number(fields, "the engine's time"));
    CS_TRY(message.user, next_octets(fields, "the user name", k_longest_user));
    CS_TRY(auto const code, fields.next(k_octets, "the authentication code"));
    if (code.size() > k_longest_code) return malformed("the authentication code is too long");
    message.authentication = code;
    CS_TRY(message.privacy, next_octets(fields, "the salt", k_longest_salt));
    if (!fields.empty()) return malformed("bytes are left over in the security parameters");
    return code;
}

}  // namespace

Result<Parsed> parse(std::string_view datagram) {
    if (datagram.size() > k_max_datagram) return malformed("it is larger than a datagram");
    Reader outer(datagram);
    CS_TRY(auto const content, outer.next(k_sequence, "the message"));
    if (!outer.empty()) return malformed("bytes are left over behind the message");
    Reader envelope(content);
    CS_TRY(auto const version, next_number(envelope, "the version"));
    if (version != k_version) return malformed("the version is not 3");
    Parsed parsed;
    CS_TRY(auto const header, envelope.next(k_sequence, "the header"));
    CS_CHECK(read_header(header, parsed.message));
    CS_TRY(auto const security, envelope.next(k_octets, "the security parameters"));
    CS_TRY(auto const code, read_security(security, parsed.message));
    parsed.authentication_at = static_cast<std::size_t>(code.data() - datagram.data());
    bool const encrypted = (parsed.message.flags & k_private) != 0;
    CS_TRY(auto const data, envelope.next(encrypted ? k_octets : k_sequence, "the content"));
    parsed.message.data = encrypted ? std::string(data) : element(k_sequence, data);
    if (!envelope.empty()) return malformed("bytes are left over in the message");
    return parsed;
}

Written write(Message const& message) {
    auto const header =
        element(k_sequence, integer(message.id) + integer(message.max_size) +
                                element(k_octets, std::string(1, static_cast<char>(message.flags))) + integer(k_user_based));
    auto const tail = element(k_octets, message.privacy);
    auto const fields = element(k_octets, message.engine) + integer(message.boots) + integer(message.time) +
                        element(k_octets, message.user) + element(k_octets, message.authentication) + tail;
    auto const security = element(k_octets, element(k_sequence, fields));
    bool const encrypted = (message.flags & k_private) != 0;
    auto const data = encrypted ? element(k_octets, message.data) : message.data;
    Written written{.datagram = element(k_sequence, integer(k_version) + header + security + data)};
    // The code is the last but one of the security parameters: counted from behind, no length in front of it matters.
    written.authentication_at = written.datagram.size() - data.size() - tail.size() - message.authentication.size();
    return written;
}

Result<ScopedPdu> parse_scoped(std::string_view data) {
    Reader outer(data);
    CS_TRY(auto const content, outer.next(k_sequence, "the content"));
    // Ciphers of blocks may leave padding behind it (RFC 3414 section 8.1.1.2): not looked at.
    Reader fields(content);
    ScopedPdu scoped;
    CS_TRY(scoped.context_engine, next_octets(fields, "the context engine id", k_longest_engine));
    CS_TRY(scoped.context_name, next_octets(fields, "the context name", k_longest_context));
    CS_TRY(auto const pdu, fields.next());
    CS_CHECK(read_pdu(pdu, scoped.pdu));
    if (!fields.empty()) return malformed("bytes are left over behind the operation");
    return scoped;
}

std::string write_scoped(ScopedPdu const& pdu) {
    return element(k_sequence, element(k_octets, pdu.context_engine) + element(k_octets, pdu.context_name) + write_pdu(pdu.pdu));
}

bool is_version_3(std::string_view datagram) {
    Reader outer(datagram);
    auto const content = outer.next(k_sequence, "");
    if (!content) return false;
    Reader envelope(*content);
    auto const octets = envelope.next(k_integer, "");
    return octets && *octets == std::string_view("\x03", 1);
}

Binding counter_of(Statistic statistic, std::uint32_t value) {
    return {Oid{{1, 3, 6, 1, 6, 3, 15, 1, 1, static_cast<std::uint32_t>(std::to_underlying(statistic)), 0}}, Counter32{value}};
}

std::string engine_id(std::uint32_t enterprise, std::string_view mac, std::string_view otherwise) {
    constexpr char k_mac_format = 3;
    constexpr char k_text_format = 4;
    constexpr std::size_t k_longest_text = 27;
    std::string id;
    auto const head = enterprise | 0x8000'0000U;
    for (int i = 3; i >= 0; --i) id += static_cast<char>(head >> (8 * i) & 0xff);
    auto const bytes = from_hex(replace_all(std::string(mac), ":", ""));
    if (bytes && bytes->size() == 6) return id + k_mac_format + std::string(bytes->begin(), bytes->end());
    auto const text = otherwise.substr(0, k_longest_text);
    return id + k_text_format + std::string(text.empty() ? std::string_view("?") : text);
}

}  // namespace countersign::dialect::snmp::v3
