#include "workbench/commands.hpp"

#include "base/text.hpp"
#include "support/temporary_folder.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

namespace countersign::workbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Ran {
    int code = -1;
    std::string out, err;
};

/// The whole program with this command line, away from the configuration of whoever runs the test.
Ran run_with(std::vector<std::string> const& arguments) {
    for (auto const* name : {"COUNTERSIGN_URL", "COUNTERSIGN_ADDRESS", "COUNTERSIGN_CA", "COUNTERSIGN_PIN", "COUNTERSIGN_TOKEN"})
        unsetenv(name);
    setenv("COUNTERSIGN_CONFIG", "/nonexistent/countersign.toml", 1);
    std::vector<char const*> line{"countersign"};
    for (auto const& argument : arguments) line.push_back(argument.c_str());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Ran ran;
    ran.code = run(static_cast<int>(line.size()), line.data());
    ran.out = ::testing::internal::GetCapturedStdout();
    ran.err = ::testing::internal::GetCapturedStderr();
    return ran;
}

/// The names of all commands with their subcommands ("system add"), in the order of the help.
std::vector<std::string> every_command() {
    Context context;
    auto const app = make_application(context);
    std::vector<std::string> out;
    for (auto const* group : app->get_subcommands([](CLI::App const*) { return true; })) {
        auto const inner = group->get_subcommands([](CLI::App const*) { return true; });
        if (inner.empty()) out.push_back(group->get_name());
        for (auto const* command : inner) out.push_back(group->get_name() + " " + command->get_name());
    }
    return out;
}

std::string document(std::string const& name) {
    std::ifstream in(std::string(CS_SOURCE_DIR) + "/" + name);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// --- usage and help ---

TEST(CommandLine, that_is_wrong_ends_with_1_and_says_why_on_standard_error) {
    std::vector<std::vector<std::string>> const lines = {
        {},
        {"nonsense"},
        {"system"},
        {"system", "nonsense"},
        {"system", "show"},
        {"system", "list", "--level", "5"},
        {"system", "list", "--colour"},
        {"secure-only", "set", "perhaps"},
        {"secure-only", "set"},
        {"plan", "show", "--goal", "4"},
        {"job", "list", "--state", "done"},
        {"ticket", "list", "--state", "new"},
        {"login", "--days", "soon"},
        {"policy", "set", "--keep-ssh", "maybe"},
        {"factory-trust", "add", "ca.pem"},
        {"explain"},
    };
    for (auto const& line : lines) {
        auto ran = run_with(line);
        EXPECT_EQ(ran.code, k_usage) << join(line, " ");
        EXPECT_EQ(ran.out, "") << join(line, " ");
        EXPECT_NE(ran.err, "") << join(line, " ");
    }
}

TEST(CommandLine, explains_every_command_on_request) {
    for (auto const& command : every_command()) {
        std::vector<std::string> line;
        for (auto word : words(command)) line.emplace_back(word);
        line.emplace_back("--help");
        auto ran = run_with(line);
        EXPECT_EQ(ran.code, k_holds) << command;
        EXPECT_THAT(ran.out, HasSubstr("Usage:")) << command;
        EXPECT_EQ(ran.err, "") << command;
    }
}

TEST(CommandLine, shows_all_commands_in_the_whole_help) {
    auto ran = run_with({"--help-all"});
    EXPECT_EQ(ran.code, k_holds);
    for (auto const& command : every_command()) EXPECT_THAT(ran.out, HasSubstr(std::string(words(command).back()))) << command;
}

TEST(CommandLine, has_every_command_in_its_document_with_an_example) {
    auto const text = document("docs/workbench.md");
    for (auto const& command : every_command()) {
        EXPECT_THAT(text, HasSubstr("`countersign " + command + "`")) << "no heading";
        EXPECT_THAT(text, HasSubstr("\n    $ countersign " + command)) << "no example";
    }
}

TEST(CommandLine, has_no_command_in_its_document_that_does_not_exist) {
    auto const all = every_command();
    for (auto line : split(document("docs/workbench.md"), '\n')) {
        constexpr std::string_view prompt = "    $ countersign ";
        if (!line.starts_with(prompt)) continue;
        auto const rest = words(line.substr(prompt.size()));
        bool const known = std::ranges::any_of(all, [&](std::string const& command) {
            auto const wanted = words(command);
            return wanted.size() <= rest.size() && std::ranges::equal(wanted, std::span(rest).first(wanted.size()));
        });
        EXPECT_TRUE(known) << line;
    }
}

TEST(CommandLine, has_every_option_in_its_document) {
    auto const text = document("docs/workbench.md");
    std::set<std::string> options;
    for (auto const& command : every_command()) {
        std::vector<std::string> line;
        for (auto word : words(command)) line.emplace_back(word);
        line.emplace_back("--help");
        for (auto word : words(run_with(line).out)) {
            if (word.starts_with("--") && word.size() > 2) options.insert(std::string(word.substr(0, word.find_first_of("=:,.;)"))));
        }
    }
    EXPECT_GE(options.size(), 15U);
    for (auto const& option : options) EXPECT_THAT(text, HasSubstr(option));
}

// --- without a manager ---

TEST(WithoutManager, a_command_says_what_is_missing) {
    auto ran = run_with({"system", "list"});
    EXPECT_EQ(ran.code, error_entry(errors::gen::missing_field).exit_code);
    EXPECT_THAT(ran.err, HasSubstr("COUNTERSIGN_URL"));
    EXPECT_EQ(ran.out, "");
}

TEST(WithoutManager, an_error_is_json_when_json_is_wanted) {
    auto ran = run_with({"system", "list", "--json", "--url", "https://manager.company.com"});
    EXPECT_EQ(json::parse(ran.err).at("error").at("id").as_string(), "TRU-003");
}

TEST(WithoutManager, explain_tells_cause_and_remedy) {
    auto const& entry = error_entry(errors::gen::missing_field);
    auto ran = run_with({"explain", "GEN-002"});
    EXPECT_EQ(ran.code, k_holds);
    EXPECT_THAT(ran.out, HasSubstr(entry.cause));
    EXPECT_THAT(ran.out, HasSubstr(entry.remedy));
}

TEST(WithoutManager, explain_gives_the_whole_entry_as_json) {
    auto ran = run_with({"--json", "explain", "missing_field"});
    EXPECT_EQ(ran.code, k_holds);
    auto const shown = json::parse(ran.out).at("explanations").at(0);
    EXPECT_EQ(shown.at("id").as_string(), "GEN-002");
    EXPECT_EQ(shown.at("exit_code").as_int64(), error_entry(errors::gen::missing_field).exit_code);
}

TEST(WithoutManager, explain_refuses_an_id_that_does_not_exist) {
    auto ran = run_with({"explain", "GEN-999"});
    EXPECT_EQ(ran.code, error_entry(errors::gen::not_found).exit_code);
    EXPECT_THAT(ran.err, HasSubstr("GEN-003"));
}

TEST(WithoutManager, families_are_listed) {
    auto ran = run_with({"family", "list", "--json"});
    EXPECT_EQ(ran.code, k_holds);
    EXPECT_GE(json::parse(ran.out).at("families").as_array().size(), 2U);
}

TEST(WithoutManager, a_secret_is_the_first_line_of_its_file) {
    countersign::testing::TemporaryFolder folder;
    EXPECT_EQ(read_secret_line(folder.file("password", "correct horse \r\nsecond\n"), "Password")->reveal(), "correct horse ");
    EXPECT_FALSE(read_secret_line((folder.path() / "none").string(), "Password"));
}

// --- plans of many systems ---

json::value system_named(std::string const& name, std::string const& host, std::string const& address) {
    return {{"name", name}, {"host_name", host}, {"address", address}, {"family", "f"}};
}

json::value plan_with(std::string const& what, std::string const& why) {
    return {{"from_level", 1},
            {"goal_level", 4},
            {"steps", json::array{json::object{{"what", what}, {"why", why}, {"undo", "Nothing."}}}},
            {"blockers", json::array{}},
            {"notes", json::array{}}};
}

json::value certificate_plan(std::string const& host) {
    return plan_with("Install a new key and certificate for " + host, "No certificate for " + host + " is served.");
}

TEST(PlanGroups, hold_systems_whose_plans_differ_in_their_own_names_only) {
    std::vector<PlanGroup> groups;
    add_to_groups(groups, system_named("a", "a.company.com", "127.0.0.1"), certificate_plan("a.company.com"));
    add_to_groups(groups, system_named("b", "b.company.com", "127.0.0.11"), certificate_plan("b.company.com"));
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_THAT(groups[0].systems, ElementsAre("a", "b"));
    EXPECT_THAT(groups[0].text, HasSubstr("Install a new key and certificate for <its host name>\n"));
    EXPECT_THAT(groups[0].text, HasSubstr("No certificate for <its host name> is served."));
}

TEST(PlanGroups, hold_systems_that_have_addresses_only) {
    std::vector<PlanGroup> groups;
    add_to_groups(groups, system_named("a", "", "127.0.0.1"), plan_with("Call 127.0.0.1 no more", "x"));
    add_to_groups(groups, system_named("b", "", "127.0.0.11"), plan_with("Call 127.0.0.11 no more", "x"));
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_THAT(groups[0].text, HasSubstr("Call <its address> no more"));
}

TEST(PlanGroups, show_the_name_of_a_system_that_is_alone) {
    std::vector<PlanGroup> groups;
    add_to_groups(groups, system_named("a", "a.company.com", ""), certificate_plan("a.company.com"));
    EXPECT_THAT(groups[0].text, HasSubstr("certificate for a.company.com\n"));
    EXPECT_THAT(groups[0].text, HasSubstr("from level 1 to level 4 (f):"));
}

TEST(PlanGroups, keep_systems_apart_that_need_other_steps) {
    std::vector<PlanGroup> groups;
    add_to_groups(groups, system_named("a", "a.company.com", ""), certificate_plan("a.company.com"));
    add_to_groups(groups, system_named("b", "b.company.com", ""), plan_with("Close Telnet", "Level 1"));
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_THAT(groups[1].text, HasSubstr("Close Telnet"));
}

TEST(PlanGroups, do_not_take_a_part_of_another_name_for_the_systems_own) {
    std::vector<PlanGroup> groups;
    for (std::string const host : {"a.company.com", "b.company.com"})
        add_to_groups(groups, system_named(host, host, ""),
                      plan_with("Call spare-" + host + ", x." + host + ", " + host + ".eu and " + host + ".", "x"));
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_THAT(groups[0].common, HasSubstr("Call spare-a.company.com, x.a.company.com, a.company.com.eu and <its host name>.\n"));
}

TEST(PlanGroups, say_when_nothing_is_to_be_done) {
    std::vector<PlanGroup> groups;
    json::value const nothing = {
        {"from_level", 4}, {"goal_level", 4}, {"steps", json::array{}}, {"blockers", json::array{}}, {"notes", json::array{}}};
    add_to_groups(groups, system_named("a", "a.company.com", ""), nothing);
    EXPECT_THAT(groups[0].text, HasSubstr("nothing to do"));
}

}  // namespace
}  // namespace countersign::workbench
