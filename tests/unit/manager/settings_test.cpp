#include "base/text.hpp"
#include "host/files.hpp"
#include "manager/settings/program_settings.hpp"
#include "support/temporary_folder.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Settings : public ::testing::Test {
protected:
    std::filesystem::path write(std::string const& text) {
        auto const file = folder_.path() / "settings.manager.toml";
        EXPECT_TRUE(host::write_file(file, text, host::Privacy::shared));
        return file;
    }
    SettingsRead read(std::string const& text, GivenOptions const& options = {}) { return read_settings(write(text), options); }
    static std::vector<ErrorId> ids(std::vector<Error> const& problems) {
        std::vector<ErrorId> out;
        for (auto const& one : problems) out.push_back(one.id());
        return out;
    }
    /// Whatever else is asked for: there must be a manager.
    std::string const needed_ = "data = \"state\"\nhost_name = \"manager.company.com\"\n";
    testing::TemporaryFolder folder_;
};

TEST_F(Settings, every_row_of_the_table_has_a_place_that_takes_its_example_and_gives_it_back) {
    std::vector<std::string> rows;
    for (auto const& row : setting_table()) rows.push_back(row.name);
    std::vector<std::string> places;
    for (auto const& place : setting_places()) places.emplace_back(place.name);
    EXPECT_THAT(places, ::testing::UnorderedElementsAreArray(rows));
    for (auto const& place : setting_places()) {
        auto const* row = find_setting(place.name);
        ASSERT_NE(row, nullptr);
        ProgramSettings settings;
        place.put(settings, row->fallback);
        EXPECT_EQ(place.get(settings), row->fallback) << place.name;
        auto const others = [&settings, &place] {
            std::vector<SettingValue> out;
            for (auto const& one : setting_places())
                if (one.name != place.name) out.push_back(one.get(settings));
            return out;
        };
        auto const before = others();
        place.put(settings, row->example);
        EXPECT_EQ(place.get(settings), row->example) << place.name;
        EXPECT_EQ(others(), before) << place.name << " reaches the place of another setting";
    }
}

TEST_F(Settings, defaults_of_the_table_are_those_of_the_structures_that_tests_use) {
    ProgramSettings const made;
    auto read = read_settings({}, {{"data", {"x"}}, {"host_name", {"m.test"}}});
    for (auto const& place : setting_places())
        if (place.name != "data" && place.name != "host_name" && !place.name.starts_with("log_"))
            EXPECT_EQ(place.get(made), read.values.at(std::string(place.name)).value) << place.name;
}

TEST_F(Settings, a_file_is_read_and_says_where_each_value_is_from) {
    auto const got = read(needed_ + "observe_seconds = 60\ndns = [\"192.0.2.1\"]\nhttp = false\n");
    ASSERT_THAT(got.problems, ::testing::IsEmpty());
    EXPECT_EQ(got.values.at("observe_seconds").value, SettingValue(std::int64_t{60}));
    EXPECT_THAT(got.values.at("observe_seconds").origin, ::testing::EndsWith("settings.manager.toml line 3"));
    EXPECT_EQ(got.values.at("enforce_seconds").origin, "default");
    auto const settings = make_program_settings(got);
    ASSERT_TRUE(settings) << settings.error().explanation();
    EXPECT_EQ(settings->manager.observe_interval, std::chrono::seconds(60));
    EXPECT_EQ(settings->manager.data, folder_.path() / "state") << "from the folder of the file";
    EXPECT_FALSE(settings->http);
    EXPECT_THAT(settings->manager.dns_servers, ElementsAre("192.0.2.1"));
}

TEST_F(Settings, options_override_the_file) {
    auto const got = read(needed_ + "concurrency = 10\n", {{"concurrency", {"20"}}, {"http", {"false"}}});
    ASSERT_THAT(got.problems, ::testing::IsEmpty());
    EXPECT_EQ(got.values.at("concurrency").value, SettingValue(std::int64_t{20}));
    EXPECT_EQ(got.values.at("concurrency").origin, "option --concurrency");
    EXPECT_EQ(got.values.at("http").value, SettingValue(false));
}

TEST_F(Settings, every_problem_is_told_at_once_with_its_line) {
    auto const got =
        read("host_nam = \"m.test\"\nhttps_port = 70000\nhttp = \"yes\"\ndns = [1]\nlog_level = \"loud\"\n[directori]\nurl = \"x\"\n",
             {{"threads", {"many"}}});
    using namespace errors;
    EXPECT_THAT(ids(got.problems),
                ::testing::UnorderedElementsAre(set::unknown_setting, set::bad_value, set::bad_value, set::bad_value, set::bad_value,
                                                set::unknown_setting, set::bad_value, set::missing_setting, set::missing_setting));
    auto const& unknown = *std::ranges::find(got.problems, "host_nam", [](Error const& one) { return one.parameter("name"); });
    EXPECT_THAT(unknown.message(), HasSubstr("did you mean host_name?"));
    EXPECT_THAT(unknown.where(), ::testing::EndsWith("line 1"));
    auto const& port = *std::ranges::find(got.problems, "https_port", [](Error const& one) { return one.parameter("name"); });
    EXPECT_THAT(port.message(), HasSubstr("from 1 to 65535"));
    EXPECT_THAT(port.where(), ::testing::EndsWith("line 2"));
    auto const made = make_program_settings(got);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().id(), errors::gen::several_problems);
    EXPECT_EQ(made.error().causes().size(), 9U);
}

TEST_F(Settings, a_name_that_is_like_none_gets_no_guess) {
    EXPECT_EQ(nearest_setting("observe_second"), "observe_seconds");
    EXPECT_EQ(nearest_setting("Log_Level"), "log_level");
    EXPECT_EQ(nearest_setting("zzzzzzzzzzzz"), "");
    EXPECT_EQ(nearest_setting(std::string(100000, 'a')), "");
}

TEST_F(Settings, a_file_that_is_no_toml_or_is_not_there_is_one_problem) {
    EXPECT_THAT(ids(read("data = \n").problems), ::testing::Contains(errors::set::broken_file));
    EXPECT_THAT(ids(read("[!\n").problems), ::testing::Contains(errors::set::broken_file));
    EXPECT_THAT(ids(read("data = \"a\"\ndata = \"b\"\n").problems), ::testing::Contains(errors::set::broken_file));
    EXPECT_THAT(ids(read_settings(folder_.path() / "nowhere.toml", {}).problems), ::testing::Contains(errors::fil::cannot_read));
    EXPECT_THAT(ids(read(std::string(k_settings_file_limit + 1, '#')).problems), ::testing::Contains(errors::fil::too_large));
}

TEST_F(Settings, what_does_not_fit_together_is_told) {
    auto const problem = [this](std::string const& text) {
        auto made = make_program_settings(read(needed_ + text));
        return made ? std::string("none") : made.error().explanation();
    };
    EXPECT_EQ(problem(""), "none");
    EXPECT_THAT(problem("database = \"postgresql://db/x\"\n"), HasSubstr("database_ca_file"));
    EXPECT_THAT(problem("database = \"postgresql://db/x?sslmode=require\"\n"), HasSubstr("STO-004"));
    EXPECT_THAT(problem("https_port = 60000\nport_offset = 10000\n"), HasSubstr("https_port is not valid"));
    EXPECT_THAT(problem("http_port = 443\n"), HasSubstr("http_port is not valid"));
    EXPECT_THAT(problem("listen = \"here\"\n"), HasSubstr("listen is not valid"));
    EXPECT_THAT(problem("hooks = \"nowhere\"\n"), HasSubstr("is not a folder"));
    EXPECT_THAT(problem("database_ca_file = \"nowhere.pem\"\ndatabase = \"postgresql://db/x\"\n"), HasSubstr("is not a file"));
    EXPECT_THAT(problem("database = \"mysql://db/x\"\n"), HasSubstr("postgresql://"));
    auto const shown = problem("database = \"postgresql://me:hidden@db/x\"\n");
    EXPECT_THAT(shown, HasSubstr("database_password_file"));
    EXPECT_THAT(shown, ::testing::Not(HasSubstr("hidden")));
}

TEST_F(Settings, a_password_file_that_others_may_read_is_refused) {
    auto const file = folder_.path() / "password";
    ASSERT_TRUE(host::write_file(file, "secret", host::Privacy::shared));
    auto const text = needed_ + "database = \"postgresql://me@/x?host=/run/postgresql\"\ndatabase_password_file = \"password\"\n";
    auto const open = make_program_settings(read(text));
    ASSERT_FALSE(open);
    EXPECT_THAT(open.error().explanation(), HasSubstr("can be read by others"));
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    auto const closed = make_program_settings(read(text));
    EXPECT_TRUE(closed) << closed.error().explanation();
}

TEST_F(Settings, what_is_printed_can_be_read_again) {
    auto const first = read(needed_ + "dns = [\"192.0.2.1\", \"192.0.2.2\"]\nhttp = false\nsource = \"192.0.2.7\"\n", {{"threads", {"3"}}});
    auto const second = read(print_settings(first));
    EXPECT_THAT(second.problems, ::testing::IsEmpty());
    for (auto const& [name, one] : first.values) EXPECT_EQ(second.values.at(name).value, one.value) << name;
    EXPECT_THAT(print_settings(first), HasSubstr("threads = 3  # option --threads"));
}

TEST_F(Settings, a_change_is_told_apart_by_what_it_takes) {
    auto const before = read(needed_);
    auto const after = read(needed_ + "log_level = \"debug\"\nobserve_seconds = 5\nthreads = 2\n");
    auto const change = compare(before, after);
    EXPECT_THAT(change.reloaded, ElementsAre("observe_seconds", "log_level"));
    EXPECT_THAT(change.need_restart, ElementsAre("threads"));
    EXPECT_THAT(compare(after, after).reloaded, ::testing::IsEmpty());
}

}  // namespace
}  // namespace countersign::manager
