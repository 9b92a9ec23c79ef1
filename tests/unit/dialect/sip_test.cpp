#include "dialect/sip.hpp"

#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::sip {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

Registration room() {
    Registration registration{.transport = Transport::tls, .registrar = "example.com", .user = "room", .contact_host = "room.example.com"};
    registration.call_id = registration.from_tag = registration.branch = "x";
    return registration;
}

std::string answer(std::string_view more = {}, std::string_view status = "200 OK") {
    return "SIP/2.0 " + std::string(status) + "\r\nVia: SIP/2.0/TLS h;branch=z9hG4bKx\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n" +
           std::string(more) + "Content-Length: 0\r\n\r\n";
}

Message read(std::string_view text) { return take_message(text).value().value().message; }

TEST(Sip, writes_a_registration) {
    auto const text = write_register(room());
    EXPECT_THAT(text, HasSubstr("REGISTER sip:example.com SIP/2.0\r\n"));
    EXPECT_THAT(text, HasSubstr("Via: SIP/2.0/TLS room.example.com:5061;rport;branch=z9hG4bKx\r\n"));
    EXPECT_THAT(text, HasSubstr("Contact: <sip:room@room.example.com:5061;transport=tls>\r\n"));
    EXPECT_THAT(text, HasSubstr("Expires: 3600\r\n"));
    EXPECT_TRUE(text.ends_with("Content-Length: 0\r\n\r\n"));
    EXPECT_EQ(read(text).method, "REGISTER");
}

TEST(Sip, lets_no_setting_become_another_header) {
    auto hostile = room();
    hostile.user = "a b\r\nX-Evil: 1@\"<>";
    hostile.registrar = "example.com\r\nX-Evil: 1";
    hostile.user_agent = "agent\r\nX-Evil: 1";
    auto const text = write_register(hostile);
    EXPECT_THAT(text, Not(HasSubstr("\nX-Evil")));
    EXPECT_THAT(text, HasSubstr("sip:a%20b%0D%0AX-Evil%3A%201%40%22%3C%3E@invalid"));
}

TEST(Sip, writes_addresses_of_both_kinds) {
    auto registration = room();
    registration.registrar = "2001:db8::1";
    registration.contact_host = "192.0.2.1";
    EXPECT_THAT(write_register(registration), HasSubstr("REGISTER sip:[2001:db8::1] SIP/2.0"));
    EXPECT_THAT(write_register(registration), HasSubstr("@192.0.2.1:5061"));
}

TEST(Sip, takes_messages_off_a_stream) {
    auto const first = answer("l: 0\r\n");
    auto const stream = "\r\n\r\n" + first + answer();
    for (std::size_t size = 0; size < first.size() + 4; ++size) EXPECT_FALSE(take_message(stream.substr(0, size)).value()) << size;
    auto const taken = take_message(stream).value().value();
    EXPECT_EQ(taken.size, first.size() + 4);
    EXPECT_EQ(taken.message.status, 200);
    EXPECT_EQ(taken.message.reason, "OK");
}

TEST(Sip, reads_short_and_folded_headers_and_bodies) {
    auto const message =
        read("SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/TCP h\r\nWWW-Authenticate: Digest realm=\"a\",\r\n\tnonce=\"b\"\r\nL: 3\r\n\r\nabc");
    EXPECT_EQ(message.get("Via"), "SIP/2.0/TCP h");
    EXPECT_EQ(message.get("www-authenticate"), "Digest realm=\"a\", nonce=\"b\"");
    EXPECT_EQ(message.body, "abc");
    EXPECT_EQ(read("OPTIONS sip:a SIP/2.0\r\n\r\n").method, "OPTIONS");
}

TEST(Sip, refuses_what_is_none) {
    for (std::string_view const text :
         {"HTTP/1.1 200 OK\r\n\r\n", "SIP/2.0 20 OK\r\n\r\n", "SIP/2.0 999 X\r\n\r\n", "SIP/2.0 200 OK\r\nno colon\r\n\r\n",
          "SIP/2.0 200 OK\r\n: x\r\n\r\n", "SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n",
          "SIP/2.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "SIP/2.0 200 OK\r\n folded\r\n\r\n", "\x16\x03\x01 \n\n"}) {
        auto const taken = take_message(text);
        ASSERT_FALSE(taken) << text;
        EXPECT_EQ(taken.error().id(), errors::net::sip_malformed) << text;
    }
    EXPECT_FALSE(take_message(std::string(k_max_message + 1, 'x'))) << "it never ends";
    EXPECT_FALSE(parse_datagram("SIP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nabc")) << "cut off";
    EXPECT_EQ(parse_datagram("SIP/2.0 200 OK\r\n\r\nabc").value().body, "abc");
}

TEST(Sip, knows_the_answer_to_its_own_request) {
    auto registration = room();
    EXPECT_TRUE(answers(read(answer()), registration));
    EXPECT_FALSE(answers(read(write_register(registration)), registration)) << "a request is no answer";
    registration.sequence = 2;
    EXPECT_FALSE(answers(read(answer()), registration));
    registration = room();
    registration.branch = "y";
    EXPECT_FALSE(answers(read(answer()), registration));
}

TEST(Sip, knows_how_long_it_holds) {
    auto const registration = room();
    std::string const ours = "<sip:room@room.example.com:5061;transport=tls>";
    EXPECT_EQ(granted(read(answer("Contact: " + ours + ";expires=600\r\n")), registration), seconds(600));
    EXPECT_EQ(granted(read(answer("Contact: \"a, b\" <sip:x@h;a=1,2>;expires=5, " + ours + ";q=1;expires=70\r\n")), registration),
              seconds(70));
    EXPECT_EQ(granted(read(answer("Expires: 120\r\nContact: " + ours + "\r\n")), registration), seconds(120));
    EXPECT_EQ(granted(read(answer("Expires: 120\r\n")), registration), seconds(120));
    EXPECT_EQ(granted(read(answer()), registration), seconds(3600));
    EXPECT_EQ(granted(read(answer("Contact: <sip:other@h>;expires=600\r\n")), registration), seconds(0)) << "ours is not among them";
    EXPECT_EQ(granted(read(answer("Expires: 4294967295\r\n")), registration), seconds(7 * 24 * 3600));
    EXPECT_EQ(shortest(read(answer("Min-Expires: 7200\r\n", "423 Interval Too Brief"))), seconds(7200));
    EXPECT_FALSE(shortest(read(answer())));
}

}  // namespace
}  // namespace countersign::dialect::sip
