// SNMP version 3: what an engine reads before it knows who sent it, and what it reads after that.

#include "dialect/snmp_v3.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    if (auto const parsed = snmp::v3::parse(text)) {
        auto const& message = parsed->message;
        must_hold(snmp::v3::is_version_3(text), "what is read as version 3 says so");
        must_hold(text.substr(parsed->authentication_at, message.authentication.size()) == message.authentication,
                  "the code stands where it is said to");
        auto const written = snmp::v3::write(message);
        auto const again = snmp::v3::parse(written.datagram);
        must_hold(again.has_value() && again->message == message, "a message is written as it was read");
        must_hold(again->authentication_at == written.authentication_at, "the code stands where it was written");
        (void)snmp::v3::parse_scoped(message.data);
    }
    if (auto const scoped = snmp::v3::parse_scoped(text)) {
        auto const again = snmp::v3::parse_scoped(snmp::v3::write_scoped(*scoped));
        must_hold(again.has_value() && *again == *scoped, "an operation is written as it was read");
    }
    return 0;
}
