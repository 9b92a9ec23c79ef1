#include "device/files/unit_files.hpp"

#include "unit/device/running_unit.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using countersign::testing::Estate;
using countersign::testing::EventLog;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UnitFilesOf : public ::testing::Test {
protected:
    /// What `use` returns for the files as this user sees them.
    template <class Use>
    auto with(std::shared_ptr<Unit> const& unit, std::string const& user, Use use) {
        return estate_.on_loop([&] {
            UnitFiles files(unit, {"ssh", user, "192.0.2.9"});
            return use(files);
        });
    }
    ErrorId refusal(std::shared_ptr<Unit> const& unit, std::string const& user, std::string_view path, std::string content) {
        auto const written = with(unit, user, [&](UnitFiles& files) { return files.write(path, SecretText(std::move(content))); });
        EXPECT_FALSE(written);
        return written ? ErrorId{} : written.error().id();
    }
    Estate estate_;
};

TEST_F(UnitFilesOf, a_system_stand_in_two_folders) {
    auto const unit = estate_.boot("c-series", 1);
    auto const names = [&](std::string_view folder) {
        std::vector<std::string> out;
        for (auto const& entry : with(unit, "admin", [&](UnitFiles& files) { return files.list(folder); }).value())
            out.push_back(entry.path);
        return out;
    };
    EXPECT_THAT(names("/"), ElementsAre("/certificates", "/configuration.xml", "/status.xml"));
    EXPECT_THAT(names("/certificates"), ElementsAre("/certificates/management.pem", "/certificates/trust.pem"));
}

TEST_F(UnitFilesOf, a_system_take_settings_all_or_none_and_tell_it) {
    auto const unit = estate_.boot("c-series", 1);
    EventLog events(unit);
    auto const written = with(unit, "admin", [](UnitFiles& files) {
        return files.write("/configuration.xml",
                           SecretText(std::string("<Configuration><SystemUnit><Name>new</Name></SystemUnit><NetworkServices><SNMP>"
                                                  "<CommunityName>***</CommunityName></SNMP></NetworkServices></Configuration>")));
    });
    EXPECT_TRUE(written) << written.error().message();
    EXPECT_EQ(estate_.effective(unit, "system.name"), "new");
    EXPECT_EQ(estate_.effective(unit, "snmp.community.read"), "public") << "what was never shown is not changed";
    auto const told = events.wait_for("file.written");
    ASSERT_TRUE(told);
    EXPECT_EQ(told->field("user"), "admin");
    EXPECT_EQ(refusal(unit, "admin", "/configuration.xml",
                      "<Configuration><SystemUnit><Name>half</Name></SystemUnit><Nothing>1</Nothing></Configuration>"),
              errors::dev::unknown_setting);
    EXPECT_EQ(refusal(unit, "admin", "/configuration.xml", "<Configuration/>"), errors::gen::invalid_input);
    EXPECT_EQ(refusal(unit, "admin", "/configuration.xml", std::string(k_file_limit + 1, ' ')), errors::fil::too_large);
    EXPECT_EQ(estate_.effective(unit, "system.name"), "new");
    EXPECT_EQ(events.count("file.refused"), 3U);
}

TEST_F(UnitFilesOf, a_system_have_no_other_names) {
    auto const unit = estate_.boot("c-series", 1);
    for (auto const* path : {"/certificates", "/", "/other", "/certificates/management.pem/x", ""})
        EXPECT_NE(refusal(unit, "admin", path, "x"), ErrorId{}) << path;
    EXPECT_EQ(refusal(unit, "admin", "/status.xml", "x"), errors::dev::file_read_only);
}

TEST_F(UnitFilesOf, a_family_without_that_interface_are_read_all_the_same) {
    auto const unit = estate_.boot("rmx", 1);
    auto const text = with(unit, "POLYCOM", [](UnitFiles& files) { return files.read("/configuration.xml"); });
    EXPECT_THAT(text.value(), HasSubstr("<Setting path="));
    EXPECT_EQ(refusal(unit, "POLYCOM", "/configuration.xml", "x"), errors::dev::file_read_only);
}

}  // namespace
}  // namespace countersign::device
