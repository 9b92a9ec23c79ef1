#include "net/survey/start_tls.hpp"

#include "countersign/errors/gen.hpp"

#include <gtest/gtest.h>

namespace countersign::net::survey {
namespace {

using State = StartTlsDialogue::State;

TEST(StartTls, of_mail_waits_for_the_last_line_and_for_the_offer) {
    StartTlsDialogue dialogue(StartTls::smtp, "mail.example.com");
    EXPECT_EQ(dialogue.begin().say, "");
    EXPECT_EQ(dialogue.feed("220-hel").say, "");
    EXPECT_EQ(dialogue.feed("lo\r\n220 ready\r\n").say, "EHLO countersign.invalid\r\n");
    EXPECT_EQ(dialogue.feed("250-mail\r\n250-starttls\r\n").say, "");
    EXPECT_EQ(dialogue.feed("250 SIZE\r\n").say, "STARTTLS\r\n");
    EXPECT_EQ(dialogue.feed("220 go\r\n").state, State::ready);
}

TEST(StartTls, that_is_not_offered_is_not_asked_for) {
    StartTlsDialogue dialogue(StartTls::smtp, "");
    dialogue.feed("220 ready\r\n");
    auto const step = dialogue.feed("250-NOSTARTTLS\r\n250 SIZE\r\n");
    EXPECT_EQ(step.state, State::refused);
    EXPECT_EQ(step.say, "");
    EXPECT_EQ(dialogue.last_words(), "250 SIZE");
}

TEST(StartTls, of_imap_passes_over_what_is_no_answer) {
    StartTlsDialogue dialogue(StartTls::imap, "");
    EXPECT_EQ(dialogue.feed("* OK ready\r\n").say, "a1 STARTTLS\r\n");
    EXPECT_EQ(dialogue.feed("* CAPABILITY IMAP4rev1\r\n").state, State::more);
    EXPECT_EQ(dialogue.feed("a1 OK go\r\n").state, State::ready);
}

TEST(StartTls, of_xmpp_puts_no_markup_of_the_name_into_its_stream) {
    StartTlsDialogue dialogue(StartTls::xmpp, "a'><x");
    EXPECT_EQ(dialogue.begin().say.find("a'><x"), std::string::npos);
    EXPECT_EQ(dialogue.feed("<stream:features><starttls/>").say, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    EXPECT_EQ(dialogue.feed("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'").state, State::more);
    EXPECT_EQ(dialogue.feed("/>").state, State::ready);
}

TEST(StartTls, of_a_directory_is_ready_on_success_only) {
    // ExtendedResponse with resultCode 0; the second with lengths of the long form; the third says 53, unwillingToPerform.
    std::string const good("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00", 14);
    std::string const longer("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00", 22);
    std::string const bad("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x35\x04\x00\x04\x00", 14);
    EXPECT_EQ(StartTlsDialogue(StartTls::ldap, "").feed(good).state, State::ready);
    EXPECT_EQ(StartTlsDialogue(StartTls::ldap, "").feed(longer).state, State::ready);
    EXPECT_EQ(StartTlsDialogue(StartTls::ldap, "").feed(bad).state, State::refused);
    EXPECT_EQ(StartTlsDialogue(StartTls::ldap, "").feed("HTTP/1.1").state, State::refused);
    StartTlsDialogue cut(StartTls::ldap, "");
    EXPECT_EQ(cut.feed(good.substr(0, 1)).state, State::more);
    EXPECT_EQ(cut.feed(good.substr(1, 8)).state, State::more);
    EXPECT_EQ(cut.feed(good.substr(9)).state, State::ready);
}

TEST(StartTls, of_postgres_is_one_letter) {
    EXPECT_EQ(StartTlsDialogue(StartTls::postgres, "").begin().say, std::string("\x00\x00\x00\x08\x04\xd2\x16\x2f", 8));
    EXPECT_EQ(StartTlsDialogue(StartTls::postgres, "").feed("S").state, State::ready);
    EXPECT_EQ(StartTlsDialogue(StartTls::postgres, "").feed("N").state, State::refused);
}

TEST(StartTls, ends_when_a_server_talks_without_end) {
    StartTlsDialogue dialogue(StartTls::pop3, "");
    EXPECT_EQ(dialogue.feed(std::string(60'000, 'x')).state, State::more);
    EXPECT_EQ(dialogue.feed(std::string(10'000, 'x')).state, State::refused);
    EXPECT_LE(dialogue.last_words().size(), 256U);
}

TEST(StartTls, has_names) {
    for (auto const& name : start_tls_names()) {
        auto const protocol = parse_start_tls(name);
        ASSERT_TRUE(protocol) << name;
        EXPECT_EQ(to_string(*protocol), name);
    }
    EXPECT_EQ(parse_start_tls("gopher").error().id(), errors::gen::invalid_input);
    EXPECT_EQ(usual_port(StartTls::ldap), 389);
}

}  // namespace
}  // namespace countersign::net::survey
