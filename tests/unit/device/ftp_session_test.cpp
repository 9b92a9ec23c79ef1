#include "device/services/ftp_session.hpp"

#include "dialect/xml.hpp"
#include "support/program.hpp"
#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using countersign::testing::Estate;
using countersign::testing::k_offset;
using countersign::testing::RawClient;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::uint16_t k_ftp = 21 + k_offset;

/// An MCU at factory defaults: FTP is on, admin has an empty password.
class FtpDoor : public ::testing::Test {
protected:
    countersign::testing::Ran curl(std::string const& arguments, std::string const& path = "/") {
        return run_in(folder_, "curl -sS --max-time 10 " + arguments + " ftp://" + unit_->address() + ":" + std::to_string(k_ftp) + path);
    }
    static std::string say(RawClient& client, std::string_view line) {
        client.send(std::string(line) + "\r\n");
        return client.read_until("\r\n");
    }

    countersign::testing::TemporaryFolder folder_;
    Estate estate_;
    std::shared_ptr<Unit> unit_ = estate_.boot("mcu", 1);
};

TEST_F(FtpDoor, gives_curl_the_listing_and_the_configuration) {
    auto const listing = curl("-u admin:");
    EXPECT_EQ(listing.exit_code, 0) << listing.output;
    EXPECT_THAT(listing.output, HasSubstr("configuration.xml"));
    auto const file = curl("-u admin:", "/configuration.xml");
    EXPECT_EQ(file.exit_code, 0) << file.output;
    EXPECT_THAT(file.output, StartsWith("<?xml"));
    auto const document = dialect::parse_xml(file.output);
    ASSERT_TRUE(document) << document.error().message();
    EXPECT_EQ(document->name, "Configuration");
    EXPECT_THAT(file.output, HasSubstr("<Setting path=\"Network &gt; SNMP &gt; Read only community\">***</Setting>"))
        << "no password is given away";
}

TEST_F(FtpDoor, transfers_over_the_older_passive_mode_and_as_ascii) {
    auto const file = curl("-u admin: --disable-epsv --use-ascii", "/configuration.xml");
    EXPECT_EQ(file.exit_code, 0) << file.output;
    EXPECT_THAT(file.output, HasSubstr("</Configuration>"));
}

TEST_F(FtpDoor, refuses_a_wrong_password) {
    constexpr int k_login_denied = 67;  // of curl
    EXPECT_EQ(curl("-u admin:wrong").exit_code, k_login_denied);
    EXPECT_EQ(curl("-u nobody:").exit_code, k_login_denied);
}

TEST_F(FtpDoor, has_no_other_file) {
    constexpr int k_not_found = 78;  // of curl
    EXPECT_EQ(curl("-u admin:", "/passwords.xml").exit_code, k_not_found);
    EXPECT_NE(curl("-u admin:", "/etc/configuration.xml").exit_code, 0);
}

TEST_F(FtpDoor, shows_the_same_files_as_ssh) {
    EXPECT_THAT(curl("-u admin:", "/certificates/").output, HasSubstr("management.pem"));
    EXPECT_THAT(curl("-u admin:", "/certificates/management.pem").output, StartsWith("-----BEGIN CERTIFICATE-----"));
    EXPECT_THAT(curl("-u admin:", "/certificates/management.pem").output, ::testing::Not(HasSubstr("PRIVATE")));
    EXPECT_THAT(curl("-u admin:", "/status.xml").output, HasSubstr("<Status"));
    RawClient client(unit_->address(), k_ftp);
    client.read_until("\r\n");
    say(client, "USER admin");
    say(client, "PASS ");
    EXPECT_THAT(say(client, "CWD ../../certificates"), StartsWith("250 "));
    EXPECT_THAT(say(client, "PWD"), StartsWith("257 \"/certificates\""));
    EXPECT_THAT(say(client, "SIZE trust.pem"), StartsWith("213 0"));
    EXPECT_THAT(say(client, "CWD trust.pem"), StartsWith("550 "));
    EXPECT_THAT(say(client, "CDUP"), StartsWith("250 "));
    EXPECT_THAT(say(client, "SIZE trust.pem"), StartsWith("550 "));
}

TEST_F(FtpDoor, does_not_take_files) {
    (void)folder_.file("upload.xml", "<x/>");
    EXPECT_NE(curl("-u admin: -T upload.xml", "/configuration.xml").exit_code, 0);
}

TEST_F(FtpDoor, never_connects_to_where_a_client_says) {
    EXPECT_NE(curl("-u admin: -P 127.0.0.1", "/configuration.xml").exit_code, 0);
    RawClient client(unit_->address(), k_ftp);
    EXPECT_THAT(client.read_until("\r\n"), StartsWith("220 "));
    say(client, "USER admin");
    EXPECT_THAT(say(client, "PASS "), StartsWith("230 "));
    EXPECT_THAT(say(client, "PORT 127,0,0,1,4,1"), StartsWith("502 "));
    EXPECT_THAT(say(client, "EPRT |1|127.0.0.1|1025|"), StartsWith("502 "));
}

TEST_F(FtpDoor, offers_nothing_before_log_in) {
    RawClient client(unit_->address(), k_ftp);
    client.read_until("\r\n");
    for (auto const line : {"PASV", "RETR configuration.xml", "LIST", "PWD", "SYST", "STOR x", "SIZE configuration.xml"})
        EXPECT_THAT(say(client, line), StartsWith("530 ")) << line;
    EXPECT_THAT(say(client, "QUIT"), StartsWith("221 "));
    EXPECT_TRUE(client.is_closed());
}

TEST_F(FtpDoor, says_500_to_what_is_no_command_and_502_to_what_is_not_offered) {
    RawClient client(unit_->address(), k_ftp);
    client.read_until("\r\n");
    say(client, "USER admin");
    say(client, "PASS ");
    EXPECT_THAT(say(client, "\x01\x02"), StartsWith("500 "));
    EXPECT_THAT(say(client, std::string(5000, 'x')), StartsWith("500 "));
    for (auto const line : {"STOR x", "DELE configuration.xml", "SITE EXEC id", "MKD x", "RNFR x", "APPE x"})
        EXPECT_THAT(say(client, line), StartsWith("502 ")) << line;
    EXPECT_THAT(say(client, "RETR configuration.xml"), StartsWith("425 ")) << "no PASV before";
    EXPECT_THAT(say(client, "TYPE X"), StartsWith("504 "));
}

TEST_F(FtpDoor, closes_after_three_wrong_passwords) {
    RawClient client(unit_->address(), k_ftp);
    client.read_until("\r\n");
    say(client, "USER admin");
    EXPECT_THAT(say(client, "PASS a"), StartsWith("530 "));
    EXPECT_THAT(say(client, "PASS b"), StartsWith("530 "));
    EXPECT_THAT(say(client, "PASS c"), StartsWith("421 "));
    EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace countersign::device
