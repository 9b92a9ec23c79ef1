#include "dialect/smtp.hpp"

#include "base/text.hpp"
#include "dialect/mail.hpp"

#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

smtp::Reply read(std::string_view text) {
    smtp::ReplyReader reader;
    reader.feed(text);
    auto reply = reader.next();
    EXPECT_TRUE(reply && *reply) << text;
    return reply && *reply ? **reply : smtp::Reply();
}

TEST(SmtpReplies, of_several_lines_are_one_reply) {
    auto const reply = read("250-mail.company.com\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n");
    EXPECT_EQ(reply.code, 250);
    EXPECT_THAT(reply.lines, ElementsAre("mail.company.com", "STARTTLS", "AUTH PLAIN LOGIN"));
    auto const offer = smtp::read_offer(reply);
    EXPECT_TRUE(offer.starttls);
    EXPECT_THAT(offer.login, ElementsAre("LOGIN", "PLAIN"));
}

TEST(SmtpReplies, do_not_offer_by_their_greeting) { EXPECT_FALSE(smtp::read_offer(read("250-STARTTLS\r\n250 SIZE 1\r\n")).starttls); }

TEST(SmtpReplies, come_in_pieces) {
    smtp::ReplyReader reader;
    reader.feed("220 ma");
    EXPECT_FALSE(*reader.next());
    EXPECT_FALSE(reader.empty());
    reader.feed("il\r\n250 next");
    EXPECT_EQ((*reader.next())->text(), "220 mail");
    EXPECT_FALSE(reader.empty()) << "what was said early is seen";
    reader.feed("\n");
    EXPECT_EQ((*reader.next())->code, 250);
    EXPECT_TRUE(reader.empty());
}

TEST(SmtpReplies, that_are_none_are_refused) {
    for (std::string const text : {"HTTP/1.1 400\r\n", "99 x\r\n", "650 x\r\n", "250x\r\n", "250-a\r\n251 b\r\n", "\r\n"}) {
        smtp::ReplyReader reader;
        reader.feed(text);
        auto reply = reader.next();
        ASSERT_FALSE(reply) << text;
        EXPECT_EQ(reply.error().id(), errors::net::smtp_protocol);
    }
    smtp::ReplyReader endless;
    endless.feed("250 " + std::string(smtp::k_line_limit, 'x'));
    EXPECT_FALSE(endless.next()) << "a line without an end";
    smtp::ReplyReader many;
    for (std::size_t i = 0; i < smtp::k_lines_limit + 1; ++i) many.feed("250-x\r\n");
    EXPECT_FALSE(many.next()) << "a reply without an end";
}

TEST(SmtpReplies, cannot_write_to_a_terminal) { EXPECT_EQ(read("550 \x1b[2Jno\x07\r\n").text(), "550 ?[2Jno?"); }

TEST(MailAddresses, are_plain_and_hold_nothing_that_ends_a_line) {
    for (std::string const good : {"alarms@company.com", "a.b+c@mail.company.com", "x@localhost"})
        EXPECT_TRUE(smtp::is_mail_address(good)) << good;
    for (std::string const bad :
         {"", "@company.com", "alarms", "a b@company.com", "a@company.com\r\nRCPT TO:<x@y.z>", "a@company.com>", "<a@company.com",
          ".a@company.com", "a..b@company.com", "a.@company.com", "\"a\"@company.com", "a@[1.2.3.4]", "ä@company.com"})
        EXPECT_FALSE(smtp::is_mail_address(bad)) << bad;
}

TEST(MailData, doubles_dots_and_has_one_end) {
    EXPECT_EQ(smtp::as_data("a\n.\n..b\r\nc"), "a\r\n..\r\n...b\r\nc\r\n.\r\n");
    EXPECT_EQ(smtp::as_data("a\rb"), "a b\r\n.\r\n");
    EXPECT_EQ(smtp::as_data(""), ".\r\n");
}

mail::Message message() {
    return {.from = "alarms@company.com",
            .from_name = "Countersign",
            .to = {"one@company.com", "two@company.com"},
            .subject = "No HTTPS Response: room1",
            .text = "It does not answer.\nSee there.\n",
            .at = *parse_utc_time("2026-11-22T08:05:09Z"),
            .id = "change-7@manager.company.com",
            .thread = "ticket-3@manager.company.com"};
}

TEST(Mail, has_what_mail_programs_expect) {
    auto const text = mail::write(message());
    EXPECT_THAT(text, HasSubstr("Date: Sun, 22 Nov 2026 08:05:09 +0000\r\n"));
    EXPECT_THAT(text, HasSubstr("From: \"Countersign\" <alarms@company.com>\r\n"));
    EXPECT_THAT(text, HasSubstr("To: one@company.com,\r\n two@company.com\r\n"));
    EXPECT_THAT(text, HasSubstr("Message-ID: <change-7@manager.company.com>\r\nReferences: <ticket-3@manager.company.com>\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\n\r\n" + to_base64("It does not answer.\r\nSee there.\r\n") + "\r\n"));
}

TEST(Mail, cannot_be_given_a_header_by_its_subject_or_name) {
    auto evil = message();
    evil.subject = "x\r\nBcc: everybody@company.com\r\n\r\nbody";
    evil.from_name = "a\" <x@y.z>\nBcc: b";
    auto const text = mail::write(evil);
    EXPECT_THAT(text, Not(HasSubstr("\nBcc:")));
    EXPECT_THAT(text, HasSubstr("Subject: x  Bcc: everybody@company.com    body\r\n"));
    EXPECT_THAT(text, HasSubstr("From: \"a <x@y.z> Bcc: b\" <alarms@company.com>\r\n"));
}

TEST(Mail, encodes_what_is_not_ascii_in_words_that_are_short_enough) {
    std::string subject = "Gerät";
    for (int i = 0; i < 30; ++i) subject += " größer";
    auto const encoded = mail::encode_header(subject);
    std::string decoded;
    for (auto line : split(encoded, '\n')) {
        auto word = trim(line);
        EXPECT_LE(word.size(), 75U);
        ASSERT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?="));
        auto const bytes = from_base64(word.substr(10, word.size() - 12));
        ASSERT_TRUE(bytes);
        EXPECT_TRUE(is_utf8(std::string(bytes->begin(), bytes->end()))) << "a character is not cut";
        decoded.append(bytes->begin(), bytes->end());
    }
    EXPECT_EQ(decoded, subject.substr(0, decoded.size()));
    EXPECT_GT(decoded.size(), 100U);
    EXPECT_EQ(mail::encode_header("=?UTF-8?B?eA==?="), "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=") << "not taken for an encoded word";
}

}  // namespace
}  // namespace countersign::dialect
