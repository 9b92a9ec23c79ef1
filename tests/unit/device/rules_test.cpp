#include "device/tree/rules.hpp"

#include "device/lifecycle/journal.hpp"
#include "device/tree/setting_tree.hpp"
#include "device/tree/unit_file.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HostOf, reads_urls_addresses_and_bare_names) {
    EXPECT_EQ(host_of("https://manager.test:8443/path?x"), "manager.test");
    EXPECT_EQ(host_of("10.0.0.1"), "10.0.0.1");
    EXPECT_EQ(host_of("10.0.0.1:80"), "10.0.0.1");
    EXPECT_EQ(host_of("[2001:db8::1]:443"), "2001:db8::1");
    EXPECT_EQ(host_of("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(host_of(""), "");
}

TEST(HostOf, takes_the_guides_word_for_no_server_as_none) {
    EXPECT_FALSE(is_unverifiable_host("127.0.0.1", "127.0.0.1"));
    EXPECT_TRUE(is_unverifiable_host("http://10.1.1.1/x", "127.0.0.1"));
    EXPECT_FALSE(is_unverifiable_host("manager.test", "127.0.0.1"));
}

/// A family in memory: one switch per service, verification, a server address.
class Rules : public ::testing::Test {
protected:
    Rules() {
        add("HTTP", "service.http.mode", "way_in_left");
        add("HTTPS", "service.https.mode", "way_in_left");
        add("SIPS", "service.sips.mode", "certificate_needed");
        add("Verify", "client.verify", "verification_preconditions");
        family_.settings.push_back({.path = "Address", .canonical = "server", .check = "host_name_when_verifying"});
        family_.settings.push_back({.path = "NTP", .canonical = "time.ntp.address"});
        family_.settings.push_back({.path = "DNS", .canonical = "name.dns.server.1"});
        family_.services.push_back(
            {.id = "http", .title = "HTTP", .door = "http", .dialects = {"pages"}, .mode_setting = "service.http.mode"});
        family_.services.push_back({.id = "https",
                                    .title = "HTTPS",
                                    .door = "https",
                                    .dialects = {"pages"},
                                    .mode_setting = "service.https.mode",
                                    .needs_certificate = true});
        family_.services.push_back({.id = "sips",
                                    .title = "SIPS",
                                    .door = "none",
                                    .mode_setting = "service.sips.mode",
                                    .management = false,
                                    .needs_certificate = true});
    }
    void add(std::string path, std::string canonical, std::string check) {
        family_.settings.push_back({.path = std::move(path),
                                    .canonical = std::move(canonical),
                                    .space = {.kind = family::ValueKind::literal, .choices = {{"Off", "off"}, {"On", "on"}}},
                                    .check = std::move(check)});
    }
    Prospect state(std::map<std::string, std::string> values) {
        return {.family = &family_,
                .value =
                    [values](family::Setting const& setting) {
                        auto found = values.find(setting.path);
                        return found == values.end() ? std::string(setting.space.kind == family::ValueKind::literal ? "Off" : "")
                                                     : found->second;
                    },
                .feature_keys = {},
                .has_door = [](family::Service const& service) { return service.door != "none"; },
                .certificate_usable = [](auto const&) { return true; },
                .custom_certificate = [](auto const&) { return false; }};
    }
    std::vector<ErrorId> judged(Prospect const& before, Prospect const& after) {
        std::set<family::Setting const*> all;
        for (auto const& setting : family_.settings) all.insert(&setting);
        std::vector<ErrorId> out;
        for (auto const& problem : judge(before, after, all)) out.push_back(problem.id());
        return out;
    }
    family::Family family_;
};

TEST_F(Rules, a_client_may_verify_by_a_switch_of_its_own) {
    add("FeedbackVerify", "client.feedback.verify", "verification_preconditions");
    family_.clients.push_back({.id = "feedback", .address = "server", .verify = "client.feedback.verify"});
    family_.clients.push_back({.id = "phonebook"});
    auto const own = state({{"FeedbackVerify", "On"}});
    EXPECT_TRUE(own.verifying("feedback"));
    EXPECT_FALSE(own.verifying("phonebook"));
    EXPECT_FALSE(own.verifying());
    EXPECT_TRUE(own.verifying_anywhere());
    auto const others = state({{"Verify", "On"}});
    EXPECT_FALSE(others.verifying("feedback"));
    EXPECT_TRUE(others.verifying("phonebook"));
    EXPECT_THAT(judged(state({{"HTTP", "On"}}), state({{"HTTP", "On"}, {"FeedbackVerify", "On"}, {"Address", "192.0.2.1"}})),
                ElementsAre(errors::dev::host_name_needed));
    EXPECT_THAT(judged(state({{"HTTP", "On"}}), state({{"HTTP", "On"}, {"Verify", "On"}, {"Address", "192.0.2.1"}})), IsEmpty());
}

TEST_F(Rules, refuse_to_switch_the_last_way_in_off) {
    auto before = state({{"HTTP", "On"}});
    EXPECT_THAT(judged(before, state({})), ElementsAre(errors::dev::would_lock_out));
    EXPECT_THAT(judged(before, state({{"HTTPS", "On"}})), IsEmpty());
}

TEST_F(Rules, do_not_count_a_service_whose_callers_can_have_no_trusted_certificate) {
    add("Callers", "service.https.verify_callers", "way_in_left");
    family_.services.at(1).verify_clients = "service.https.verify_callers";
    auto before = state({{"HTTPS", "On"}});
    auto after = state({{"HTTPS", "On"}, {"Callers", "On"}});
    EXPECT_TRUE(after.verifies_callers(family_.services.at(1)));
    EXPECT_FALSE(before.verifies_callers(family_.services.at(1)));
    EXPECT_FALSE(state({{"Callers", "On"}}).verifies_callers(family_.services.at(1))) << "it is off";
    EXPECT_THAT(judged(before, after), ElementsAre(errors::dev::would_lock_out));
    after.has_roots = true;
    EXPECT_THAT(judged(before, after), IsEmpty());
}

TEST_F(Rules, do_not_count_https_as_a_way_in_without_a_usable_certificate) {
    auto after = state({{"HTTPS", "On"}});
    after.certificate_usable = [](auto const&) { return false; };
    EXPECT_THAT(judged(state({{"HTTP", "On"}}), after), ElementsAre(errors::dev::would_lock_out, errors::dev::certificate_needed));
}

TEST_F(Rules, do_not_count_a_service_that_only_sends_people_on) {
    family_.services.front().redirect_to = "https";
    auto before = state({{"HTTP", "On"}, {"HTTPS", "On"}});
    EXPECT_THAT(judged(before, state({{"HTTP", "On"}})), ElementsAre(errors::dev::would_lock_out));
}

TEST_F(Rules, let_other_changes_through_where_the_last_way_in_was_lost_already) {
    auto before = state({{"HTTPS", "On"}});
    before.certificate_usable = [](auto const&) { return false; };
    auto after = state({{"HTTPS", "On"}, {"NTP", "ntp.test"}});
    after.certificate_usable = [](auto const&) { return false; };
    EXPECT_THAT(judged(before, after), IsEmpty());
    auto worse = state({{"NTP", "ntp.test"}});
    worse.certificate_usable = [](auto const&) { return false; };
    EXPECT_THAT(judged(before, worse), ElementsAre(errors::dev::would_lock_out));
}

TEST_F(Rules, refuse_two_services_on_one_port) {
    for (auto& service : family_.services) {
        service.transport = "tcp";
        service.port = 80;
    }
    EXPECT_THAT(judged(state({{"HTTP", "On"}}), state({{"HTTP", "On"}, {"HTTPS", "On"}})), ElementsAre(errors::dev::port_clash));
    EXPECT_THAT(judged(state({{"HTTP", "On"}, {"HTTPS", "On"}}), state({{"HTTP", "On"}, {"HTTPS", "On"}, {"NTP", "x"}})), IsEmpty());
    family_.services[1].transport = "udp";
    EXPECT_THAT(judged(state({{"HTTP", "On"}}), state({{"HTTP", "On"}, {"HTTPS", "On"}})), IsEmpty());
}

TEST_F(Rules, want_an_own_certificate_where_the_switch_asks_for_it) {
    auto before = state({{"HTTP", "On"}});
    auto after = state({{"HTTP", "On"}, {"SIPS", "On"}});
    EXPECT_THAT(judged(before, after), ElementsAre(errors::dev::certificate_needed));
    after.custom_certificate = [](auto const&) { return true; };
    EXPECT_THAT(judged(before, after), IsEmpty());
}

TEST_F(Rules, judge_server_addresses_on_the_resulting_state) {
    auto before = state({{"HTTP", "On"}, {"Address", "10.1.1.1"}});
    EXPECT_THAT(judged(before, state({{"HTTP", "On"}, {"Address", "10.1.1.1"}, {"Verify", "On"}})),
                ElementsAre(errors::dev::host_name_needed));
    EXPECT_THAT(judged(before, state({{"HTTP", "On"}, {"Address", "manager.test"}, {"Verify", "On"}})), IsEmpty());
    EXPECT_THAT(judged(before, state({{"HTTP", "On"}, {"Address", "127.0.0.1"}, {"Verify", "On"}})), IsEmpty());
}

TEST_F(Rules, list_what_verification_still_needs) {
    EXPECT_THAT(missing_for_verification(state({}), {}), ElementsAre("an NTP server", "a DNS server", "trusted roots"));
    auto set = state({{"NTP", "ntp.test"}, {"DNS", "10.0.0.53"}});
    EXPECT_THAT(missing_for_verification(set, {.time_is_synchronised = false, .has_roots = true, .server_urls = {}}),
                ElementsAre("an active NTP source"));
    EXPECT_THAT(missing_for_verification(set, {.time_is_synchronised = true, .has_roots = true, .server_urls = {}}), IsEmpty());
    EXPECT_THAT(missing_for_verification(set, {.time_is_synchronised = true, .has_roots = true, .server_urls = {"https://10.0.0.9/x"}}),
                ElementsAre("a host name in https://10.0.0.9/x"));
}

TEST(SettingTree, keeps_only_what_differs_and_waits_for_the_boot) {
    auto family = std::make_shared<family::Family>();
    family->settings.push_back({.path = "Name", .default_value = "{serial}"});
    SettingTree tree(family, {.serial = "S1", .name = {}, .address = {}, .product_id = {}}, {});
    auto const& name = family->settings.front();
    EXPECT_EQ(tree.stored(name), "S1");
    auto next = tree.stored_values();
    tree.set(next, name, "new");
    tree.commit(next, tree.effective_values());
    EXPECT_EQ(tree.effective(name), "S1");
    EXPECT_TRUE(tree.pending());
    tree.make_effective();
    EXPECT_EQ(tree.effective(name), "new");
    EXPECT_FALSE(tree.pending());
    tree.set(next, name, "S1");
    EXPECT_THAT(next, IsEmpty());
}

TEST(UnitFile, reads_back_what_it_wrote) {
    UnitFile file{.boots = 7,
                  .sealed_password = "abc",
                  .settings = {{"A B", "x \"y\"\n"}},
                  .feedback = {{2, "https://m.test/x", {"/Status"}, "mac"}}};
    auto read = UnitFile::parse(file.to_text(), "state.toml");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->boots, 7U);
    EXPECT_EQ(read->sealed_password, "abc");
    EXPECT_EQ(read->settings, file.settings);
    EXPECT_EQ(read->feedback, file.feedback);
}

TEST(UnitFile, refuses_a_damaged_file) { EXPECT_FALSE(UnitFile::parse("boots = = 3", "state.toml")); }

TEST(UnitFile, says_in_which_line_it_is_broken) {
    auto const read = UnitFile::parse("boots = 3\n[settings]\nname = = 1\n", "state.toml");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().parameter("field"), "state.toml line 3");
}

TEST(UnitFile, refuses_a_file_that_would_end_the_reader) { EXPECT_FALSE(UnitFile::parse("boots = 3\n[!]\n", "state.toml")); }

TEST(JournalLine, keeps_one_event_on_one_line) {
    EXPECT_EQ(journal_line(UtcTime{}, "x", {{"a", "b\n\"c\""}}), "1970-01-01T00:00:00Z x a=\"b \\\"c\\\"\"\n");
}

}  // namespace
}  // namespace countersign::device::testing
