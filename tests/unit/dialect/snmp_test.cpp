#include "dialect/snmp.hpp"

#include "base/text.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <gtest/gtest.h>

namespace countersign::dialect::snmp {
namespace {

// The datagrams below were sent by the programs of net-snmp 5.9.3 (snmpget, snmpbulkget, snmpset, snmptrap).
constexpr std::string_view k_get_v1 = "302902010004067075626c6963a01c02042975f2f2020100020100300e300c06082b060102010101000500";
constexpr std::string_view k_get_v2c =
    "303702010104067075626c6963a02a02042eba4443020100020100301c300c06082b060102010101000500300c06082b060102010105000500";
constexpr std::string_view k_bulk =
    "303402010104067075626c6963a527020416ad6da60201010201053019300b06072b0601020101030500300a06062b06010201010500";
constexpr std::string_view k_set =
    "3081ad020101040770726976617465a3819e02046d89cf7602010002010030818f300d06082b06010201010500040178301006082b06010401ab5c014004c000020130"
    "1106082b06010401ab5c02420500ffffffff301006082b06010401ab5c034304075bcd15300e06082b06010401ab5c040202ff7f301106082b06010401ab5c05420500"
    "80000000301606082b06010401ab5c07060a2b060104018fffffff7f300c06082b06010401ab5c080500";
constexpr std::string_view k_trap_v1 =
    "303a02010004067075626c6963a42d06072b06010401ab5c4004c0000207020106020111430212673012301006082b060102010105000404756e6974";
constexpr std::string_view k_trap_v2c =
    "305602010104067075626c6963a74902041ba5cc71020100020100303b300e06082b06010201010300430212673017060a2b06010603010104010006092b0601060301"
    "010501301006082b060102010105000404756e6974";
constexpr std::string_view k_get_v3 =
    "303e020103301102045e4c2659020300ffe30401040201030410300e0400020100020100040004000400301404000400a00e020434b960570201000201003000";

std::string datagram(std::string_view hex) {
    auto const bytes = from_hex(hex).value();
    return {bytes.begin(), bytes.end()};
}

std::string hex(std::string_view bytes) { return to_hex(bytes_of(bytes)); }

Oid oid(std::string_view text) { return parse_oid(text).value(); }

std::vector<Binding> table() {
    return system_table({"Codec", oid("1.3.6.1.4.1.5596"), std::chrono::milliseconds(47'110), "admin@example.test", "c1", "Room 204", 72});
}

Message question(Version version, Operation operation, std::vector<std::string_view> names) {
    Message out{version, "public", operation, 7, 0, 0, {}};
    for (auto const name : names) out.bindings.push_back({oid(name), Null{}});
    return out;
}

Message ask(Message const& message) {
    auto const reply = answer(write_message(message), "public", table());
    EXPECT_TRUE(reply) << reply.error().message();
    return reply ? parse_message(*reply).value() : Message{};
}

TEST(SnmpCodec, reads_what_snmpget_sends) {
    auto const message = parse_message(datagram(k_get_v1)).value();
    EXPECT_EQ(message.version, Version::v1);
    EXPECT_EQ(message.community, "public");
    EXPECT_EQ(message.operation, Operation::get);
    EXPECT_EQ(message.request_id, 0x2975f2f2);
    EXPECT_EQ(message.bindings, (std::vector<Binding>{{system_description_oid(), Null{}}}));
}

TEST(SnmpCodec, reads_every_type_that_snmpset_sends) {
    auto const message = parse_message(datagram(k_set)).value();
    EXPECT_EQ(message.operation, Operation::set);
    std::vector<Binding> const expected{{system_name_oid(), std::string("x")},
                                        {oid("1.3.6.1.4.1.5596.1"), IpAddress{{192, 0, 2, 1}}},
                                        {oid("1.3.6.1.4.1.5596.2"), Gauge32{4'294'967'295}},
                                        {oid("1.3.6.1.4.1.5596.3"), TimeTicks{123'456'789}},
                                        {oid("1.3.6.1.4.1.5596.4"), -129},
                                        {oid("1.3.6.1.4.1.5596.5"), Gauge32{2'147'483'648}},
                                        {oid("1.3.6.1.4.1.5596.7"), oid("1.3.6.1.4.1.4294967295")},
                                        {oid("1.3.6.1.4.1.5596.8"), Null{}}};
    EXPECT_EQ(message.bindings, expected);
}

TEST(SnmpCodec, writes_the_same_bytes_as_net_snmp) {
    for (auto const sent : {k_get_v1, k_get_v2c, k_bulk, k_set, k_trap_v2c})
        EXPECT_EQ(hex(write_message(parse_message(datagram(sent)).value())), sent);
}

TEST(SnmpCodec, writes_a_version_1_trap_like_snmptrap) {
    TrapV1 const trap{
        "public", oid("1.3.6.1.4.1.5596"), {{192, 0, 2, 7}}, 6, 17, TimeTicks{4711}, {{system_name_oid(), std::string("unit")}}};
    EXPECT_EQ(hex(write_trap_v1(trap)), k_trap_v1);
}

TEST(SnmpCodec, writes_a_version_2c_trap_like_snmptrap) {
    EXPECT_EQ(
        hex(write_trap_v2c("public", 0x1ba5cc71, TimeTicks{4711}, oid("1.3.6.1.6.3.1.1.5.1"), {{system_name_oid(), std::string("unit")}})),
        k_trap_v2c);
}

TEST(SnmpCodec, keeps_values_at_the_edges_of_their_types) {
    Message message{Version::v2c, "public", Operation::response, -1, 0, 0, {}};
    auto const name = oid("1.3.6");
    for (auto const& value : {Value(std::numeric_limits<std::int32_t>::min()), Value(std::numeric_limits<std::int32_t>::max()), Value(0),
                              Value(-128), Value(128), Value(Counter64{0}), Value(Counter64{std::numeric_limits<std::uint64_t>::max()}),
                              Value(Counter64{0x8000'0000'0000'0000}), Value(Counter32{0x8000'0000}), Value(Opaque{"\x9f\x78"}),
                              Value(std::string(300, 'x')), Value(Absence::end_of_view), Value(oid("2.100.3")), Value(oid("0.0"))})
        message.bindings.push_back({name, value});
    EXPECT_EQ(parse_message(write_message(message)).value(), message);
}

TEST(SnmpCodec, refuses_version_3) {
    auto const refused = parse_message(datagram(k_get_v3));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::net::malformed_snmp);
}

TEST(SnmpCodec, refuses_every_cut_off_datagram) {
    auto const whole = datagram(k_set);
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_FALSE(parse_message(whole.substr(0, length))) << length << " bytes were taken";
}

TEST(SnmpCodec, never_reads_outside_a_datagram_with_a_changed_byte) {
    auto const whole = datagram(k_bulk);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            auto changed = whole;
            changed[at] = static_cast<char>(value);
            if (auto const message = parse_message(changed)) {
                EXPECT_TRUE(parse_message(write_message(*message))) << "byte " << at << " as " << value;
            }
        }
    }
}

TEST(SnmpCodec, refuses_indefinite_lengths_and_bytes_left_over) {
    auto indefinite = datagram(k_get_v1);
    indefinite[1] = static_cast<char>(0x80);
    EXPECT_FALSE(parse_message(indefinite));
    EXPECT_FALSE(parse_message(datagram(k_get_v1) + "x"));
}

TEST(SnmpCodec, refuses_more_bindings_and_longer_names_than_the_limits) {
    Message message{Version::v2c, "public", Operation::get, 1, 0, 0, {}};
    message.bindings.assign(k_max_bindings, {oid("1.3.6"), Null{}});
    EXPECT_TRUE(parse_message(write_message(message)));
    message.bindings.push_back({oid("1.3.6"), Null{}});
    EXPECT_FALSE(parse_message(write_message(message)));

    Oid longest{std::vector<std::uint32_t>(k_max_oid_parts, 1)};
    message.bindings = {{longest, Null{}}};
    EXPECT_TRUE(parse_message(write_message(message)));
    longest.parts.push_back(1);
    message.bindings = {{longest, Null{}}};
    EXPECT_FALSE(parse_message(write_message(message)));
}

TEST(SnmpOid, takes_only_numbers_with_dots) {
    EXPECT_EQ(to_string(oid(".1.3.6.1.2.1.1.1.0")), "1.3.6.1.2.1.1.1.0");
    for (auto const bad : {"", "1", "1..3", "1.3.x", "3.1", "1.40", "1.3.4294967296", "2.4294967295"}) {
        auto const refused = parse_oid(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().id(), errors::gen::invalid_input);
    }
}

TEST(SnmpAgent, answers_a_get_with_the_value) {
    auto const reply = ask(question(Version::v1, Operation::get, {"1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0"}));
    EXPECT_EQ(reply.operation, Operation::response);
    EXPECT_EQ(reply.request_id, 7);
    EXPECT_EQ(reply.bindings, (std::vector<Binding>{{oid("1.3.6.1.2.1.1.3.0"), TimeTicks{4711}}, {system_name_oid(), std::string("c1")}}));
}

TEST(SnmpAgent, says_no_such_name_with_the_index_in_version_1) {
    auto const sent = question(Version::v1, Operation::get, {"1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.9.0"});
    auto const reply = ask(sent);
    EXPECT_EQ(reply.error_status, 2);
    EXPECT_EQ(reply.error_index, 2);
    EXPECT_EQ(reply.bindings, sent.bindings);
}

TEST(SnmpAgent, tells_an_unknown_object_from_an_unknown_instance_in_version_2c) {
    auto const reply = ask(question(Version::v2c, Operation::get, {"1.3.6.1.2.1.1.9.0", "1.3.6.1.2.1.1.5.1"}));
    EXPECT_EQ(reply.error_status, 0);
    EXPECT_EQ(reply.bindings[0].value, Value(Absence::no_such_object));
    EXPECT_EQ(reply.bindings[1].value, Value(Absence::no_such_instance));
}

TEST(SnmpAgent, walks_the_whole_group_and_ends) {
    std::string_view const start = "1.3.6.1.2.1.1";
    std::vector<std::string> seen;
    auto next = question(Version::v2c, Operation::get_next, {start});
    for (int i = 0; i < 20; ++i) {
        auto const reply = ask(next);
        if (reply.bindings[0].value == Value(Absence::end_of_view)) break;
        seen.push_back(to_string(reply.bindings[0].name));
        next.bindings[0].name = reply.bindings[0].name;
    }
    EXPECT_EQ(seen.size(), 7U);
    EXPECT_EQ(seen.front(), "1.3.6.1.2.1.1.1.0");
    EXPECT_EQ(seen.back(), "1.3.6.1.2.1.1.7.0");
    EXPECT_EQ(ask(question(Version::v1, Operation::get_next, {"1.3.6.1.2.1.1.7.0"})).error_status, 2);
}

TEST(SnmpAgent, repeats_only_the_repeating_part_of_a_get_bulk) {
    auto const reply = parse_message(answer(datagram(k_bulk), "public", table()).value()).value();
    std::vector<std::string> names;
    for (auto const& binding : reply.bindings) names.push_back(to_string(binding.name));
    EXPECT_EQ(names, (std::vector<std::string>{"1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.3.0",
                                               "1.3.6.1.2.1.1.4.0", "1.3.6.1.2.1.1.5.0"}));
}

TEST(SnmpAgent, keeps_a_bulk_answer_within_one_frame_whatever_is_asked) {
    auto sent = question(Version::v2c, Operation::get_bulk, std::vector<std::string_view>(20, "1.3"));
    sent.error_index = std::numeric_limits<std::int32_t>::max();
    auto const reply = answer(write_message(sent), "public", table()).value();
    EXPECT_LE(reply.size(), k_max_answer);
    EXPECT_FALSE(parse_message(reply).value().bindings.empty());
}

TEST(SnmpAgent, says_too_big_when_the_values_do_not_fit) {
    auto rows = table();
    for (auto& row : rows) {
        if (auto* text = std::get_if<std::string>(&row.value)) *text = std::string(255, 'x');
    }
    auto const sent = question(Version::v2c, Operation::get, std::vector<std::string_view>(20, "1.3.6.1.2.1.1.1.0"));
    auto const reply = parse_message(answer(write_message(sent), "public", rows).value()).value();
    EXPECT_EQ(reply.error_status, 1);
    EXPECT_TRUE(reply.bindings.empty());
}

TEST(SnmpAgent, writes_nothing) {
    EXPECT_EQ(ask(question(Version::v2c, Operation::set, {"1.3.6.1.2.1.1.5.0"})).error_status, 6);
    EXPECT_EQ(ask(question(Version::v1, Operation::set, {"1.3.6.1.2.1.1.5.0"})).error_status, 2);
}

TEST(SnmpAgent, is_silent_for_another_community) {
    auto const silent = answer(datagram(k_set), "public", table());
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().id(), errors::acc::wrong_credentials);
}

TEST(SnmpAgent, is_silent_for_what_is_no_question) {
    auto const silent = answer(datagram(k_trap_v2c), "public", table());
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().id(), errors::net::malformed_snmp);
}

TEST(SnmpAgent, cuts_texts_at_the_length_of_a_display_string) {
    auto const rows = system_table({std::string(1000, 'x'), oid("0.0"), {}, {}, {}, {}, 0});
    EXPECT_EQ(std::get<std::string>(rows[0].value).size(), 255U);
}

}  // namespace
}  // namespace countersign::dialect::snmp
