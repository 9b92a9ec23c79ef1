#include "net/survey/hello.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace countersign::net::survey {
namespace {

using ::testing::ElementsAre;
using State = FlightReader::State;

std::string number(std::size_t value, int bytes) {
    std::string out;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
    return out;
}
std::string field(std::string const& content, int bytes) { return number(content.size(), bytes) + content; }
std::string message(std::size_t type, std::string const& body) { return number(type, 1) + field(body, 3); }
std::string record(std::size_t type, std::string const& content) { return number(type, 1) + number(0x0303, 2) + field(content, 2); }
std::string server_hello(std::size_t version, std::size_t cipher, std::string const& extensions = "") {
    return message(2, number(version, 2) + std::string(32, 'r') + field("", 1) + number(cipher, 2) + number(0, 1) +
                          (extensions.empty() ? "" : field(extensions, 2)));
}
std::string done() { return message(14, ""); }

TEST(ClientHello, carries_what_was_asked_for_and_has_right_lengths) {
    Hello const hello{.version = Version::tls1_2, .ciphers = {0xc02f, 0x0005}, .groups = {29}, .server_name = "a.example.com"};
    auto const bytes = encode(hello, std::string(64, 'x'));
    ASSERT_GT(bytes.size(), 9U);
    EXPECT_EQ(bytes.substr(0, 3), std::string("\x16\x03\x01", 3));
    EXPECT_EQ(bytes.substr(3, 2), number(bytes.size() - 5, 2));
    EXPECT_EQ(bytes.substr(6, 3), number(bytes.size() - 9, 3));
    EXPECT_EQ(bytes.substr(9, 2), number(0x0303, 2));
    EXPECT_TRUE(bytes.contains(field(number(0xc02f, 2) + number(0x0005, 2), 2)));
    EXPECT_TRUE(bytes.contains(field("a.example.com", 2)));
}

TEST(ClientHello, of_ssl_3_has_no_extensions) {
    auto const bytes = encode({.version = Version::ssl3, .ciphers = {0x0005}}, std::string(64, 'x'));
    // Record, message, version, random, no session, two ciphers (the second says RFC 5746), one compression.
    EXPECT_EQ(bytes.size(), 5U + 4 + 2 + 32 + 1 + 2 + 4 + 2);
    EXPECT_EQ(bytes.substr(1, 2), number(0x0300, 2));
}

TEST(ServerFlight, is_read_up_to_its_end) {
    auto const chain = field(field("leaf", 3) + field("issuer", 3), 3);
    auto const extensions = number(0xff01, 2) + field(field("", 1), 2) + number(23, 2) + field("", 2);
    FlightReader reader;
    EXPECT_EQ(reader.feed(record(22, server_hello(0x0303, 0xc02f, extensions) + message(11, chain))), State::more);
    EXPECT_EQ(reader.feed(record(22, message(12, number(3, 1) + number(29, 2) + field("point", 1)) + message(13, "x") + done())),
              State::done);
    auto const& flight = reader.flight();
    EXPECT_TRUE(flight.chosen);
    EXPECT_EQ(flight.version, 0x0303);
    EXPECT_EQ(flight.cipher, 0xc02f);
    EXPECT_EQ(flight.group, 29);
    EXPECT_TRUE(flight.secure_renegotiation);
    EXPECT_TRUE(flight.extended_master_secret);
    EXPECT_TRUE(flight.asks_for_certificate);
    EXPECT_THAT(flight.certificates, ElementsAre("leaf", "issuer"));
}

TEST(ServerFlight, may_come_byte_by_byte_and_cut_anywhere) {
    auto const messages = server_hello(0x0301, 0x0033) + message(11, field(field("leaf", 3), 3)) +
                          message(12, field(std::string(1, '\0') + std::string(96, '\x7f'), 2)) + done();
    auto const bytes = record(22, messages.substr(0, 50)) + record(22, messages.substr(50));
    FlightReader reader;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        EXPECT_EQ(reader.feed(bytes.substr(i, 1)), i + 1 == bytes.size() ? State::done : State::more) << i;
    EXPECT_EQ(reader.flight().dh_bits, 96 * 8 - 1);
}

TEST(ServerFlight, ends_with_the_choice_in_tls_1_3) {
    auto const extensions = number(43, 2) + field(number(0x0304, 2), 2) + number(51, 2) + field(number(24, 2), 2);
    FlightReader reader;
    EXPECT_EQ(reader.feed(record(22, server_hello(0x0303, 0x1301, extensions))), State::done);
    EXPECT_EQ(reader.flight().version, 0x0304);
    EXPECT_EQ(reader.flight().group, 24);
}

TEST(ServerFlight, ends_with_an_alert_but_not_with_the_warning_about_a_name) {
    FlightReader reader;
    EXPECT_EQ(reader.feed(record(21, "\x01\x70")), State::more);
    EXPECT_EQ(reader.feed(record(21, "\x02\x28")), State::done);
    EXPECT_EQ(reader.flight().alert, 40);
    EXPECT_EQ(alert_name(40), "handshake_failure");
}

TEST(ServerFlight, of_another_protocol_is_not_tls) {
    for (std::string_view const text : {"HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-x\r\n", "220 ready\r\n", "\xff\xfd\x18"}) {
        FlightReader reader;
        EXPECT_EQ(reader.feed(text), State::not_tls) << text;
        EXPECT_EQ(reader.first_bytes(), text);
    }
}

TEST(ServerFlight, that_breaks_the_rules_is_malformed) {
    std::string const wrong[] = {
        record(22, message(11, field("", 3))),                                           // a certificate before the choice
        record(22, message(2, "short")),                                                 // cut
        record(22, server_hello(0x0303, 0xc02f, "\xff\xff\xff")),                        // an extension that is longer than all
        record(22, server_hello(0x0303, 0xc02f) + message(11, number(9, 3) + "x")),      // a list that is longer than the message
        record(22, server_hello(0x0303, 0xc02f) + message(11, field(field("", 3), 3))),  // an empty certificate
        record(22, server_hello(0x0303, 0xc02f)) + record(23, "data"),                   // something encrypted
        number(22, 1) + number(0x0303, 2) + number(0xffff, 2),                           // a record that is too long
        record(21, "x"),                                                                 // half an alert
        record(22, number(2, 1) + number(0xffffff, 3) + "x"),                            // a message without end
    };
    for (auto const& bytes : wrong) {
        FlightReader reader;
        EXPECT_EQ(reader.feed(bytes), State::malformed) << to_hex(bytes_of(std::string_view(bytes)));
    }
}

TEST(ServerFlight, stops_at_its_limit) {
    FlightReader reader;
    reader.feed(record(22, server_hello(0x0303, 0xc02f)));
    auto const piece = record(22, message(22, std::string(16000, 'x')));
    std::size_t fed = 0;
    while (reader.state() == State::more && fed < 2 * k_flight_limit) {
        reader.feed(piece);
        fed += piece.size();
    }
    EXPECT_EQ(reader.state(), State::malformed);
    EXPECT_LE(fed, k_flight_limit + piece.size());
}

TEST(Ciphers, are_known_once_each_and_their_weakness_is_read_from_the_name) {
    std::set<std::uint16_t> ids;
    for (auto const& suite : all_ciphers()) EXPECT_TRUE(ids.insert(suite.id).second) << suite.name;
    EXPECT_EQ(weakness_of(0x1301), Weakness::none);
    EXPECT_EQ(weakness_of(0xc02f), Weakness::none);
    EXPECT_EQ(weakness_of(0x009c), Weakness::no_forward_secrecy);
    EXPECT_EQ(weakness_of(0x000a), Weakness::broken);
    EXPECT_EQ(weakness_of(0x0005), Weakness::broken);
    EXPECT_EQ(weakness_of(0x0003), Weakness::exportable);
    EXPECT_EQ(weakness_of(0x0002), Weakness::no_encryption);
    EXPECT_EQ(weakness_of(0x0034), Weakness::anonymous);
    EXPECT_EQ(weakness_of(0xc015), Weakness::anonymous) << "without a certificate it does not matter that nothing is encrypted";
    EXPECT_EQ(cipher_name(0x1a1a), "0x1a1a");
}

TEST(Ciphers, of_old_versions_are_those_that_were_known_then) {
    auto const ssl3 = ciphers_of(Version::ssl3);
    auto const has = [](std::vector<std::uint16_t> const& list, std::uint16_t id) { return std::ranges::find(list, id) != list.end(); };
    EXPECT_TRUE(has(ssl3, 0x0005));
    EXPECT_FALSE(has(ssl3, 0xc013));
    EXPECT_TRUE(has(ciphers_of(Version::tls1_0), 0xc013));
    EXPECT_FALSE(has(ciphers_of(Version::tls1_0), 0xc02f));
    EXPECT_TRUE(has(ciphers_of(Version::tls1_2), 0xc02f));
    EXPECT_FALSE(has(ciphers_of(Version::tls1_2), 0x1301));
    EXPECT_THAT(ciphers_of(Version::tls1_3), ElementsAre(0x1301, 0x1302, 0x1303, 0x1304, 0x1305));
}

}  // namespace
}  // namespace countersign::net::survey
