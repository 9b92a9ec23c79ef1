/// The commands of the guides' chapters on classic systems, letter by letter, mean the settings that they are about.

#include "dialect/xapi_text.hpp"
#include "family_fixture.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::xapi {
namespace {

struct Line {
    std::string_view family;
    std::string_view line;
    std::string_view canonical;
    std::string_view value;
};

void PrintTo(Line const& guide, std::ostream* out) { *out << guide.family << ": " << guide.line; }

class ClassicGuideLines : public testing::TestWithParam<Line> {};

TEST_P(ClassicGuideLines, mean_their_canonical_setting) {
    auto const& [id, line, canonical, value] = GetParam();
    auto const& family = embedded_family(id);
    auto const request = parse_line(line, family);
    ASSERT_TRUE(request) << request.error().message();
    auto const* set = std::get_if<SetSetting>(&request->what);
    ASSERT_NE(set, nullptr);
    auto const* setting = family.find_setting(set->path);
    ASSERT_NE(setting, nullptr);
    EXPECT_EQ(setting->canonical, canonical);
    auto const checked = setting->space.check(set->path, set->value);
    ASSERT_TRUE(checked) << checked.error().message();
    EXPECT_EQ(setting->to_canonical(*checked), value);
}

INSTANTIATE_TEST_SUITE_P(
    Mxp, ClassicGuideLines,
    testing::Values(Line{"mxp", "xconfiguration https mode: on", "service.https.mode", "on"},
                    Line{"mxp", "xconfiguration http mode: off", "service.http.mode", "off"},
                    Line{"mxp", "xconfiguration ssh mode: on", "service.ssh.mode", "on"},
                    Line{"mxp", "xconfiguration telnet mode: off", "service.telnet.mode", "off"},
                    Line{"mxp", "xconfiguration telnetchallenge mode: off", "service.telnet_challenge.mode", "off"},
                    Line{"mxp", "xconfiguration snmp mode: off", "service.snmp.mode", "off"},
                    Line{"mxp", "xconfiguration ftp mode: off", "service.ftp.mode", "off"},
                    Line{"mxp", "xconfiguration externalmanager protocol: HTTPS", "client.external_manager.protocol", "https"},
                    Line{"mxp", "xconfiguration externalservice protocol: HTTPS", "client.external_services.protocol", "https"},
                    Line{"mxp", "xconfiguration corporatedirectory protocol: HTTP", "client.phonebook.protocol", "http"},
                    Line{"mxp", "xconfiguration https verifyservercertificate: on", "client.verify", "on"},
                    Line{"mxp", "xconfig ntp mode: on", "time.ntp.mode", "on"},
                    Line{"mxp", "xconfig ntp address: 1.pool.ntp.org", "time.ntp.address", "1.pool.ntp.org"},
                    Line{"mxp", "xconfig ip dns server 1 address: 10.10.10.2", "name.dns.server.1", "10.10.10.2"},
                    Line{"mxp", "xconfig ip dns domain name: company.com", "name.dns.domain", "company.com"},
                    Line{"mxp", "xconfig systemunit name: rm204-bld5", "system.name", "rm204-bld5"},
                    Line{"mxp", "xconfig externalmanager address: 127.0.0.1", "client.external_manager.address", "127.0.0.1"},
                    Line{"mxp", "xconfig externalservices mode: off", "client.external_services.mode", "off"},
                    Line{"mxp", "xconfig corporatedirectory mode: off", "client.phonebook.mode", "off"}));

INSTANTIATE_TEST_SUITE_P(
    Mps, ClassicGuideLines,
    testing::Values(Line{"mps", "xconfiguration https mode: on", "service.https.mode", "on"},
                    Line{"mps", "xconfiguration ssh mode: on", "service.ssh.mode", "on"},
                    Line{"mps", "xconfiguration externalmanager protocol: HTTPS", "client.external_manager.protocol", "https"},
                    Line{"mps", "xConfiguration ExternalManager Server Certificate Verify Mode: on", "client.verify", "on"},
                    Line{"mps", "xconfig https verifyservercertificates: off", "client.verify", "off"},
                    Line{"mps", "xconfig ntp address: 1.pool.ntp.org", "time.ntp.address", "1.pool.ntp.org"},
                    Line{"mps", "xconfig ip dns server 1 address: 10.10.10.2", "name.dns.server.1", "10.10.10.2"},
                    Line{"mps", "xconfig systemunit name: mps-204", "system.name", "mps-204"}));

INSTANTIATE_TEST_SUITE_P(
    Vcs, ClassicGuideLines,
    testing::Values(Line{"vcs", "xconfiguration administration https mode: on", "service.https.mode", "on"},
                    Line{"vcs", "xconfiguration administration http mode: off", "service.http.mode", "off"},
                    Line{"vcs", "xconfiguration administration ssh mode: on", "service.ssh.mode", "on"},
                    Line{"vcs", "xconfiguration administration telnet mode: off", "service.telnet.mode", "off"},
                    Line{"vcs", "xconfiguration snmp mode: off", "service.snmp.mode", "off"},
                    Line{"vcs", "xconfiguration externalmanager protocol: HTTPS", "client.external_manager.protocol", "https"},
                    Line{"vcs", "xConfiguration ExternalManager Server Certificate Verify Mode: on", "client.verify", "on"},
                    Line{"vcs", "xConfiguration ExternalManager Server Certificate Verification Mode: on", "client.verify", "on"}));

TEST(ClassicGuideTypos, are_no_paths) {
    for (auto const* line : {"xconfiguration feedbackregister", "xconfig https verifyservercertificates: on"}) {
        auto const request = parse_line(line, embedded_family("mxp"));
        ASSERT_FALSE(request) << line;
        EXPECT_EQ(request.error().id(), errors::dev::unknown_setting);
    }
    auto const request = parse_line("xconfigure externalmanager", embedded_family("mps"));
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().id(), errors::dev::unknown_command);
}

TEST(OtherSpellings, are_taken_and_never_given) {
    auto const& family = embedded_family("mps");
    auto const request = parse_line("xconfig https", family);
    ASSERT_TRUE(request);
    EXPECT_THAT(std::get<GetSettings>(request->what).paths,
                testing::ElementsAre("HTTPS Mode", "ExternalManager Server Certificate Verify Mode"));
}

}  // namespace
}  // namespace countersign::dialect::xapi
