#include "dialect/snmp_v3.hpp"

#include "base/text.hpp"

#include "countersign/errors/net.hpp"

#include <gtest/gtest.h>

namespace countersign::dialect::snmp::v3 {
namespace {

/// What snmpget of net-snmp 5.9.3 sends first: it wants to know the engine.
constexpr std::string_view k_discovery =
    "303e020103301102045e4c2659020300ffe30401040201030410300e0400020100020100040004000400301404000400a00e020434b960570201000201003000";

std::string datagram(std::string_view hex) {
    auto const bytes = from_hex(hex).value();
    return {bytes.begin(), bytes.end()};
}

Message message() {
    Message out;
    out.id = 77;
    out.flags = k_authenticated | k_private;
    out.engine = engine_id(5596, "00:50:60:00:00:01", "");
    out.boots = 3;
    out.time = 1000;
    out.user = "auditor";
    out.authentication = std::string(24, 'c');
    out.privacy = "saltsalt";
    out.data = std::string(300, 'x');
    return out;
}

TEST(SnmpV3, reads_what_snmpget_asks_first) {
    auto const bytes = datagram(k_discovery);
    EXPECT_TRUE(is_version_3(bytes));
    auto const parsed = parse(bytes);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->message.flags, k_reportable);
    EXPECT_EQ(parsed->message.engine, "");
    auto const scoped = parse_scoped(parsed->message.data);
    ASSERT_TRUE(scoped) << scoped.error().message();
    EXPECT_EQ(scoped->pdu.operation, Operation::get);
    EXPECT_EQ(scoped->pdu.request_id, 0x34b96057);
    EXPECT_EQ(write(parsed->message).datagram, bytes);
}

TEST(SnmpV3, round_trips_and_knows_where_the_code_stands) {
    auto const written = write(message());
    auto const back = parse(written.datagram);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back->message, message());
    EXPECT_EQ(back->authentication_at, written.authentication_at);
    EXPECT_EQ(written.datagram.substr(written.authentication_at, 24), std::string(24, 'c'));
}

TEST(SnmpV3, refuses_what_a_message_may_not_be) {
    auto const refused = [](auto change) {
        auto wrong = message();
        change(wrong);
        return !parse(write(wrong).datagram).has_value();
    };
    EXPECT_FALSE(refused([](Message&) {}));
    EXPECT_TRUE(refused([](Message& m) { m.flags = k_private; })) << "private but not authenticated";
    EXPECT_TRUE(refused([](Message& m) { m.engine = "four"; }));
    EXPECT_TRUE(refused([](Message& m) { m.engine.assign(33, 'e'); }));
    EXPECT_TRUE(refused([](Message& m) { m.user.assign(33, 'u'); }));
    EXPECT_TRUE(refused([](Message& m) { m.max_size = 483; }));
    EXPECT_TRUE(refused([](Message& m) { m.boots = -1; }));
    EXPECT_TRUE(refused([](Message& m) { m.privacy.assign(9, 's'); }));
}

TEST(SnmpV3, refuses_every_message_that_is_cut_off) {
    auto const whole = write(message()).datagram;
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size))) << size;
}

TEST(SnmpV3, makes_engine_ids_of_numbers_and_addresses) {
    EXPECT_EQ(to_hex(bytes_of(engine_id(5596, "00:50:60:00:00:01", "S1"))), "800015dc03005060000001");
    EXPECT_EQ(to_hex(bytes_of(engine_id(5596, "", "S1"))), "800015dc045331");
    EXPECT_EQ(engine_id(1, "", std::string(99, 's')).size(), 32U);
}

}  // namespace
}  // namespace countersign::dialect::snmp::v3
