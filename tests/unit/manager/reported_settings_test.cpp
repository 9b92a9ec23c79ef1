// What a system reports beside what is wanted of it. Pure.

#include "manager/plan/reported_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::manager {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;

class Reported : public ::testing::Test {
protected:
    Reported() {
        account_.settings = {{"service.https.mode", "off"}, {"system.name", "Boardroom"}, {"client.feedback.url", "http://old/"}};
        account_.own_settings = {{"Audio Volume", "70"}};
    }
    static SettingChange change(std::string name, std::string value, std::string old = {}) {
        return {.canonical = std::move(name), .value = std::move(value), .old_value = std::move(old)};
    }
    std::vector<ReportedSetting> all() { return reported_settings(*family_, account_, plan_, kept_); }
    ReportedSetting one(std::string const& name) {
        for (auto& setting : all())
            if (setting.name == name) return setting;
        return {};
    }

    family::Families families_ = *family::Families::load_embedded();
    family::FamilyPtr family_ = *families_.get("c-series");
    Account account_;
    Plan plan_;
    std::map<std::string, std::string> kept_;
};

TEST_F(Reported, what_the_plan_does_not_touch_stays) {
    auto const name = one("system.name");
    EXPECT_EQ(name.value, "Boardroom");
    EXPECT_EQ(name.wanted, std::nullopt);
    EXPECT_EQ(name.kept, std::nullopt);
    EXPECT_FALSE(name.path.empty());
}

TEST_F(Reported, the_last_step_of_the_plan_has_the_last_word) {
    plan_.steps = {{.why = "to get in", .settings = {change("service.https.mode", "on")}},
                   {.why = "as it was", .settings = {change("service.https.mode", "off"), change("system.name", "Hall")}}};
    EXPECT_EQ(one("service.https.mode").wanted, std::nullopt);
    EXPECT_EQ(one("service.https.mode").why, "");
    EXPECT_EQ(one("system.name").wanted, "Hall");
    EXPECT_EQ(one("system.name").why, "as it was");
}

TEST_F(Reported, what_the_system_does_not_say_is_told_apart_from_empty) {
    plan_.steps = {{.why = "ours", .settings = {change("name.dns.domain", "")}}};
    auto const domain = one("name.dns.domain");
    EXPECT_EQ(domain.value, std::nullopt);
    EXPECT_EQ(domain.wanted, "");
    EXPECT_THAT(all(), Not(Contains(Field(&ReportedSetting::name, "name.dns.server.1")))) << "nobody says or wants anything of it";
}

TEST_F(Reported, what_is_kept_stands_there_though_the_unit_is_silent) {
    kept_ = {{"system.name", "Boardroom"}, {"system.contact", "Ann"}};
    EXPECT_EQ(one("system.name").kept, "Boardroom");
    EXPECT_EQ(one("system.contact").kept, "Ann");
}

TEST_F(Reported, the_familys_own_and_registrations_are_there) {
    EXPECT_THAT(all(), Contains(ReportedSetting{.path = "Audio Volume", .value = "70"}));
    plan_.steps = {{.why = "events", .settings = {change("client.feedback.url", "https://new/")}}};
    EXPECT_EQ(one("client.feedback.url").wanted, "https://new/");
    EXPECT_THAT(one("client.feedback.url").path, IsEmpty());
}

}  // namespace
}  // namespace countersign::manager
