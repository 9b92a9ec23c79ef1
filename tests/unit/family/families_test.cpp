#include "base/text.hpp"
#include "family/family.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fam.hpp"
#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace countersign::family {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

FamilyPtr embedded(std::string_view id) {
    auto families = Families::load_embedded();
    if (!families) {
        ADD_FAILURE() << families.error().explanation();
        return std::make_shared<Family>();
    }
    auto family = families->get(id);
    if (!family) {
        ADD_FAILURE() << family.error().message();
        return std::make_shared<Family>();
    }
    return *family;
}

TEST(Families, the_embedded_files_load_without_a_problem) {
    auto families = Families::load_embedded();
    ASSERT_TRUE(families) << families.error().explanation();
    EXPECT_GE(families->all().size(), 2U);
}

TEST(Families, an_unknown_family_is_refused_by_name) {
    auto families = Families::load_embedded();
    ASSERT_TRUE(families);
    auto family = families->get("toaster");
    ASSERT_FALSE(family);
    EXPECT_EQ(family.error().id(), errors::fam::unknown_family);
    EXPECT_EQ(family.error().parameter("name"), "toaster");
}

TEST(Families, a_folder_of_the_repository_gives_the_same_families) {
    auto families = Families::load_folder(std::filesystem::path(CS_SOURCE_DIR) / "families");
    ASSERT_TRUE(families) << families.error().explanation();
    EXPECT_TRUE(families->get("mcu"));
}

TEST(Families, a_folder_that_does_not_exist_is_refused) {
    auto families = Families::load_folder("/nonexistent/families");
    ASSERT_FALSE(families);
    EXPECT_EQ(families.error().id(), errors::fil::cannot_read);
}

TEST(Families, a_system_is_recognised_by_what_it_shows_before_log_in) {
    auto families = Families::load_embedded();
    ASSERT_TRUE(families);
    auto family = families->recognise({{"realm", "Codian MCU"}, {"page_title", "Home"}});
    ASSERT_NE(family, nullptr);
    EXPECT_EQ(family->id, "mcu");
    EXPECT_EQ(families->recognise({{"realm", "Toaster"}}), nullptr);
}

TEST(Versions, are_compared_number_by_number) {
    EXPECT_TRUE(compare_versions("TC3.0.0", "TC4.1.2.257695") < 0);
    EXPECT_TRUE(compare_versions("2.4", "4.5(1.45)") < 0);
    EXPECT_TRUE(compare_versions("2.10", "2.9") > 0);
    EXPECT_TRUE(compare_versions("F7", "F7.0") == 0);
    EXPECT_TRUE(compare_versions("1.007", "1.7") == 0);
    EXPECT_TRUE(compare_versions("1.99999999999999999999999", "1.100000000000000000000000") < 0);
}

TEST(SoftwareRange, begins_with_its_first_version_and_ends_before_its_last) {
    SoftwareRange const range{"8.1", "8.5"};
    EXPECT_FALSE(range.holds("8.0.9"));
    EXPECT_TRUE(range.holds("8.1.0"));
    EXPECT_TRUE(range.holds("8.4.99"));
    EXPECT_FALSE(range.holds("8.5.0.145"));
    EXPECT_TRUE(range.holds("")) << "not known: everything";
    EXPECT_TRUE(SoftwareRange().holds("1"));
}

TEST(Rmx, has_other_rules_for_certificates_with_each_software) {
    auto const family = embedded("rmx");
    auto const of = [&family](std::string_view software) { return family->certificate.for_software(software); };
    EXPECT_THAT(of("7.6.1").formats, ElementsAre("pem", "pfx"));
    EXPECT_THAT(of("8.1").formats, ElementsAre("pem", "der", "pfx", "pkcs7"));
    EXPECT_FALSE(of("8.4").nameless_issuers);
    EXPECT_TRUE(of("8.5").nameless_issuers);
    EXPECT_TRUE(embedded("mcu")->certificate.for_software("1.0").nameless_issuers);
    auto const& signalling = *family->find_identity("ip_network_service");
    EXPECT_EQ(signalling.effect_in("7.6", family->certificate.effect), CertificateEffect::now);
    EXPECT_EQ(signalling.effect_in("8.1", family->certificate.effect), CertificateEffect::restart_banner);
    EXPECT_EQ(family->identities.front().effect_in("8.1", family->certificate.effect), CertificateEffect::now);
}

TEST(SecureOnly, wants_the_version_and_where_needed_a_feature_key) {
    auto const endpoint = embedded("c-series");
    EXPECT_TRUE(endpoint->supports_secure_only("TC3.0.0", {}));
    EXPECT_FALSE(endpoint->supports_secure_only("TC2.1.4", {}));
    auto const bridge = embedded("mcu");
    std::vector<std::string> const encryption{"encryption"};
    EXPECT_FALSE(bridge->supports_secure_only("4.5(1.45)", {}));
    EXPECT_TRUE(bridge->supports_secure_only("4.5(1.45)", encryption));
    EXPECT_FALSE(bridge->supports_secure_only("2.3", encryption));
}

TEST(CSeries, leaves_the_factory_with_everything_on_but_https_and_ssh) {
    auto const family = embedded("c-series");
    for (auto const* name : {"http", "telnet", "snmp"})
        EXPECT_EQ(family->find_canonical("service." + std::string(name) + ".mode")->default_value, "On");
    for (auto const* name : {"https", "ssh"})
        EXPECT_EQ(family->find_canonical("service." + std::string(name) + ".mode")->default_value, "Off");
}

TEST(CSeries, switches_services_at_a_restart_and_settings_at_once) {
    auto const family = embedded("c-series");
    for (auto const& service : family->services)
        if (service.door != "none" && !service.mode_setting.empty())
            EXPECT_EQ(family->find_canonical(service.mode_setting)->effect, Effect::restart) << service.id;
    EXPECT_EQ(family->find_canonical("time.ntp.address")->effect, Effect::now);
}

TEST(CSeries, has_the_levels_of_the_guide) {
    auto const family = embedded("c-series");
    EXPECT_EQ(family->find_service("http")->level, Level::protected_password);
    EXPECT_EQ(family->find_service("https")->level, Level::verified);
    EXPECT_EQ(family->find_service("https")->level_unverified, Level::encrypted);
    EXPECT_EQ(family->find_service("telnet")->level, Level::password_only);
    EXPECT_EQ(family->find_service("ssh")->level_unverified, Level::encrypted);
    EXPECT_FALSE(family->find_service("sip")->counts_for_level);
}

TEST(Mcu, switches_services_at_once_and_asks_for_a_restart_after_a_certificate) {
    auto const family = embedded("mcu");
    for (auto const& service : family->services)
        if (!service.mode_setting.empty()) EXPECT_EQ(family->find_canonical(service.mode_setting)->effect, Effect::now) << service.id;
    EXPECT_EQ(family->certificate.effect, CertificateEffect::restart_banner);
    EXPECT_FALSE(family->certificate.banner.empty());
}

TEST(Mcu, has_the_ports_of_the_guide) {
    auto const family = embedded("mcu");
    std::map<std::string, int> const ports{{"http", 80},   {"https", 443}, {"h323", 1720},         {"sip", 5060},      {"sips", 5061},
                                           {"bfcp", 5070}, {"ftp", 21},    {"streaming_wm", 1755}, {"streaming", 554}, {"snmp", 161}};
    for (auto const& [id, port] : ports) {
        ASSERT_NE(family->find_service(id), nullptr) << id;
        EXPECT_EQ(family->find_service(id)->port, port);
        EXPECT_EQ(family->find_canonical("service." + id + ".port")->default_value, std::to_string(port));
    }
}

TEST(Mcu, offers_secure_web_and_its_certificate_page_only_with_a_feature_key) {
    auto const family = embedded("mcu");
    EXPECT_FALSE(family->find_service("https")->needs_feature_key.empty());
    EXPECT_FALSE(family->find_page("/network/ssl_certificates")->needs_feature_key.empty());
    EXPECT_FALSE(has_feature_key(family->find_service("https")->needs_feature_key, {}));
    EXPECT_TRUE(has_feature_key(family->find_service("https")->needs_feature_key, family->factory_feature_keys));
}

TEST(Mcu, translates_its_verification_settings) {
    auto const family = embedded("mcu");
    auto const* setting = family->find_canonical("client.verify");
    EXPECT_EQ(setting->to_canonical("Outgoing connections only"), "on");
    EXPECT_EQ(*setting->from_canonical("on"), "Outgoing connections only");
    EXPECT_EQ(*setting->from_canonical("outgoing"), "Outgoing connections only");
    EXPECT_EQ(*setting->from_canonical("all"), "Outgoing connections and incoming calls");
    EXPECT_EQ(*setting->from_canonical("none"), "No verification");
}

TEST(OneSwitch, may_open_one_service_and_close_another) {
    auto const family = embedded("rmx");
    auto const* http = family->find_service("http");
    auto const* https = family->find_service("https");
    EXPECT_EQ(http->mode_setting, https->mode_setting);
    for (auto const* on : {"on"}) {
        EXPECT_TRUE(https->is_on(on));
        EXPECT_FALSE(http->is_on(on));
    }
    EXPECT_FALSE(https->is_on("off"));
    EXPECT_TRUE(http->is_on("Off"));
    EXPECT_EQ(http->closed_by(), "on");
    EXPECT_EQ(https->closed_by(), "off");
}

TEST(Forms, are_found_by_what_they_do_and_by_where_they_are_posted) {
    auto const family = embedded("mcu");
    auto const services = family->find_form("apply_settings", "service.https.mode");
    ASSERT_TRUE(services);
    EXPECT_EQ(services.page->path, "/network/services");
    EXPECT_EQ(services.form->target, "/network/services");
    auto const upload = family->find_form("upload_certificate");
    ASSERT_TRUE(upload);
    EXPECT_EQ(upload.form->target, "/network/ssl_certificates/upload_certificate");
    EXPECT_EQ(family->find_target(upload.form->target).form, upload.form);
    EXPECT_FALSE(family->find_target("/nowhere"));
}

TEST(EveryFamily, can_be_brought_to_level_four_in_canonical_words) {
    auto families = Families::load_embedded();
    ASSERT_TRUE(families);
    for (auto const& family : families->all()) {
        SCOPED_TRACE(family->id);
        for (auto const* name : {"client.verify", "time.ntp.address", "name.dns.server.1", "name.dns.domain", "system.name"})
            EXPECT_NE(family->find_canonical(name), nullptr) << name;
        for (auto const* id : {"http", "https"}) {
            auto const* service = family->find_service(id);
            ASSERT_NE(service, nullptr) << id;
            EXPECT_NE(family->find_canonical(service->mode_setting), nullptr) << id;
        }
        for (auto const* value : {"off", "on"}) EXPECT_TRUE(family->find_canonical("client.verify")->from_canonical(value));
        EXPECT_TRUE(family->find_form("upload_certificate"));
        EXPECT_TRUE(family->find_form("set_password"));
        EXPECT_TRUE(family->find_form("restart"));
    }
}

TEST(Services, are_on_at_the_values_that_their_family_names) {
    auto const family = embedded("roomos");
    auto const is_on = [&family](std::string_view id, std::string_view mode) { return family->find_service(id)->is_on(mode); };
    EXPECT_TRUE(is_on("http", "http+https"));
    EXPECT_TRUE(is_on("https", "http+https"));
    EXPECT_FALSE(is_on("http", "https"));
    EXPECT_TRUE(is_on("https", "HTTPS"));
    EXPECT_FALSE(is_on("https", "off"));
    EXPECT_TRUE(is_on("ssh", "on"));
    EXPECT_FALSE(is_on("ssh", "off"));
    EXPECT_FALSE(is_on("ssh", ""));
}

TEST(Identities, are_kept_apart_for_calls_where_the_product_can_and_else_it_is_said_why_not) {
    auto const all = Families::load_embedded();
    ASSERT_TRUE(all);
    for (auto const& family : all->all()) {
        SCOPED_TRACE(family->id);
        auto const* own = family->client_identity("");
        EXPECT_EQ(own == nullptr, family->id != "roomos");
        EXPECT_EQ(family->why_one_certificate("").empty(), own != nullptr);
        if (own == nullptr) {
            EXPECT_FALSE(family->certificate.one_certificate_because.empty()) << "with its source";
            continue;
        }
        EXPECT_TRUE(own->client_only);
        for (auto const& client : family->clients) EXPECT_EQ(client.identity, own->id) << client.id;
        for (auto const& service : family->services) EXPECT_NE(service.identity, own->id) << service.id;
        EXPECT_NE(family->find_identity(own->falls_back_to), own);
    }
    auto const family = embedded("roomos");
    EXPECT_EQ(family->client_identity("ce9.6.1"), nullptr);
    EXPECT_NE(family->client_identity("ce9.15.17.4"), nullptr);
    EXPECT_NE(family->why_one_certificate("ce9.6.1").find("older than ce9.15"), std::string::npos);
}

// --- values ---

Setting const& setting_of(FamilyPtr const& family, std::string_view canonical) { return *family->find_canonical(canonical); }

TEST(Values, literals_are_taken_without_case_and_kept_in_the_familys_spelling) {
    auto const family = embedded("c-series");
    auto const value = setting_of(family, "service.https.mode").space.check("NetworkServices HTTPS Mode", "oN");
    ASSERT_TRUE(value);
    EXPECT_EQ(*value, "On");
}

TEST(Values, a_refusal_names_the_path_the_value_and_what_is_allowed) {
    auto const family = embedded("c-series");
    auto const value = setting_of(family, "service.https.mode").space.check("NetworkServices HTTPS Mode", "perhaps");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().id(), errors::dev::illegal_value);
    EXPECT_EQ(value.error().parameter("value"), "perhaps");
    EXPECT_EQ(value.error().parameter("allowed"), "Off/On");
}

TEST(Values, a_refused_password_is_not_repeated) {
    auto const family = embedded("c-series");
    auto const* command = family->find_behaviour("set_password");
    auto const checked = command->check({{"Password", std::string(65, 'x')}});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message().find("xxx"), std::string::npos);
}

TEST(Values, integers_are_whole_and_in_range) {
    auto const family = embedded("mcu");
    auto const& port = setting_of(family, "service.https.port");
    EXPECT_TRUE(port.space.check(port.path, "65535"));
    for (auto const* bad : {"0", "65536", "", "44 3", "443x", "-1"}) EXPECT_FALSE(port.space.check(port.path, bad)) << bad;
}

TEST(Values, texts_are_limited_in_length_and_carry_no_control_characters) {
    auto const family = embedded("c-series");
    auto const& name = setting_of(family, "system.name");
    EXPECT_TRUE(name.space.check(name.path, std::string(50, 'a')));
    EXPECT_FALSE(name.space.check(name.path, std::string(51, 'a')));
    EXPECT_FALSE(name.space.check(name.path, "a\nb"));
    EXPECT_FALSE(name.space.check(name.path, "\xc3"));
}

TEST(Commands, name_every_wrong_argument_at_once) {
    auto const family = embedded("c-series");
    auto const checked = family->find_command("HttpFeedback Register")->check({{"FeedbackSlot", "9"}, {"Nonsense", "1"}});
    ASSERT_FALSE(checked);
    std::vector<std::string> about;
    for (auto const& cause : checked.error().causes())
        about.emplace_back(cause.id() == errors::dev::illegal_value ? cause.parameter("path") : cause.parameter("parameter"));
    EXPECT_THAT(about, ElementsAre("HttpFeedback Register FeedbackSlot", "Nonsense", "ServerUrl", "Expression"));
}

TEST(Commands, take_names_without_case_and_fill_in_defaults) {
    auto const family = embedded("mcu");
    auto const checked = family->find_command("feedbackReceiver.configure")->check({{"receiveruri", "https://m/RPC2"}});
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_THAT(*checked, ElementsAre(Argument{"receiverURI", "https://m/RPC2"}, Argument{"receiverIndex", "1"}));
}

TEST(Commands, results_are_named_after_the_last_two_words) {
    auto const family = embedded("c-series");
    EXPECT_EQ(family->find_command("Boot")->result, "BootResult");
    EXPECT_EQ(family->find_command("systemunit adminpassword set")->result, "AdminPasswordSetResult");
}

}  // namespace
}  // namespace countersign::family
