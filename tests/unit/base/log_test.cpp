#include "base/log.hpp"

#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace countersign {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string written(log::Format format, auto act) {
    log::configure(log::Level::info, format);
    ::testing::internal::CaptureStderr();
    act();
    auto text = ::testing::internal::GetCapturedStderr();
    log::configure(log::Level::info, log::Format::text);
    return text;
}

TEST(Redaction, hides_values_with_the_name_of_a_secret) {
    for (auto const* name : {"password", "new_password", "Passphrase", "api_token", "client-secret", "Authorization", "Set-Cookie",
                             "private_key", "privkey", "HttpPasswd"}) {
        EXPECT_EQ(log::redact(name, "hunter2"), "[redacted]") << name;
    }
}

TEST(Redaction, hides_credentials_whatever_their_name) {
    for (auto const* value :
         {"Basic YWRtaW46", "digest username=\"admin\"", "BEARER abc", "GET / HTTP/1.1\r\nAuthorization: Basic YWRtaW46",
          "Proxy-Authorization: Digest x", "set-cookie: session=1"}) {
        EXPECT_EQ(log::redact("header", value), "[redacted]") << value;
    }
}

TEST(Redaction, hides_pem_blocks_wherever_they_begin) {
    EXPECT_EQ(log::redact("body", "x\n-----BEGIN EC PRIVATE KEY-----\nMHcC"), "[PEM redacted]");
}

TEST(Redaction, leaves_ordinary_values_alone) {
    EXPECT_EQ(log::redact("system", "c1.example.test"), "c1.example.test");
    EXPECT_EQ(log::redact("fingerprint", "9f:3c"), "9f:3c");
}

TEST(Redaction, cuts_long_values) { EXPECT_EQ(log::redact("body", std::string(5000, 'x')), std::string(2000, 'x') + "..."); }

TEST(Log, quotes_values_that_would_break_the_line) {
    auto line =
        written(log::Format::text, [] { log::info("started", {{"port", 443}, {"path", "a b"}, {"forged", "x\nerror all is lost"}}); });
    EXPECT_THAT(line, HasSubstr("started port=443 path=\"a b\" forged=\"x\\nerror all is lost\"\n"));
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

TEST(Log, writes_json_with_control_characters_escaped) {
    auto line = written(log::Format::json, [] { log::warning("refused", {{"detail", "a\"b\\\x01"}}); });
    EXPECT_THAT(line, StartsWith("{\"time\":\"2"));
    EXPECT_THAT(line, HasSubstr(R"("level":"warning","event":"refused","detail":"a\"b\\\u0001"})"));
}

TEST(Log, redacts_fields_of_both_formats) {
    for (auto format : {log::Format::text, log::Format::json}) {
        auto line = written(format, [] { log::info("login", {{"password", "hunter2"}, {"sent", "Basic aHVudGVyMg=="}}); });
        EXPECT_THAT(line, Not(HasSubstr("hunter2")));
        EXPECT_THAT(line, Not(HasSubstr("aHVudGVyMg")));
    }
}

TEST(Log, tells_an_error_with_its_causes) {
    Error why(errors::gen::internal);
    why.because(Error(errors::gen::missing_field, {{"field", "name"}}));
    auto line = written(log::Format::text, [&] { log::error("failed", why, {{"system", "c1"}}); });
    EXPECT_THAT(line, HasSubstr("because GEN-002: name is required."));
    EXPECT_THAT(line, HasSubstr("[system c1]"));
}

TEST(Log, leaves_out_what_is_below_its_level) {
    EXPECT_EQ(written(log::Format::text, [] { log::debug("detail", {{"a", 1}}); }), "");
}

TEST(LogLevel, falls_back_to_info) {
    EXPECT_EQ(log::parse_level("debug"), log::Level::debug);
    EXPECT_EQ(log::parse_level("error"), log::Level::error);
    EXPECT_EQ(log::parse_level("loud"), log::Level::info);
}

}  // namespace
}  // namespace countersign
