// SNMP messages, and what a read-only agent answers to any datagram.

#include "dialect/snmp.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    static auto const table = snmp::system_table({.description = "system", .contact = "c", .name = "n", .location = "l"});
    if (auto const message = snmp::parse_message(text)) {
        auto const again = snmp::parse_message(snmp::write_message(*message));
        must_hold(again.has_value() && *again == *message, "a message is written as it was read");
    }
    if (auto const answer = snmp::answer(text, "public", table)) {
        must_hold(answer->size() <= snmp::k_max_answer, "an answer fits one frame");
        must_hold(snmp::parse_message(*answer).has_value(), "an answer is a message");
    }
    if (auto const oid = snmp::parse_oid(text))
        must_hold(snmp::parse_oid(snmp::to_string(*oid)) == *oid, "an object identifier is written as it was read");
    return 0;
}
