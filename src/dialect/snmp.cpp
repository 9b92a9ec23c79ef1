#include "dialect/snmp.hpp"

#include "base/text.hpp"
#include "dialect/snmp_parts.hpp"

#include "countersign/errors/gen.hpp"

#include <limits>
#include <utility>

namespace countersign::dialect::snmp {
namespace {

constexpr std::uint8_t k_trap_v1 = 0xa4;

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
    CS_CHECK(read_pdu(pdu, message));
    if (!envelope.empty()) return malformed("bytes are left over in the message");
    return message;
}

std::string write_message(Message const& message) { return write_envelope(message.version, message.community, write_pdu(message)); }

std::string write_trap_v1(TrapV1 const& trap) {
    auto const body = write_oid(trap.enterprise) + write_value(trap.agent) + integer(trap.generic) + integer(trap.specific) +
                      write_value(trap.uptime) + write_bindings(trap.bindings);
    return write_envelope(Version::v1, trap.community, element(k_trap_v1, body));
}

std::string write_trap_v2c(std::string_view community, std::int32_t request_id, TimeTicks uptime, Oid const& trap,
                           std::vector<Binding> bindings) {
    bindings.insert(bindings.begin(),
                    {Binding{Oid{{1, 3, 6, 1, 2, 1, 1, 3, 0}}, uptime}, Binding{Oid{{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}}, trap}});
    return write_message({Version::v2c, std::string(community), Operation::trap, request_id, 0, 0, std::move(bindings)});
}

}  // namespace countersign::dialect::snmp
