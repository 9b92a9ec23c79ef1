#include "base/text.hpp"
#include "family/family.hpp"

#include "countersign/errors/fam.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace countersign::family {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string good_file() {
    std::ifstream file(std::filesystem::path(CS_SOURCE_DIR) / "families" / "c-series.toml");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// "line: detail" of every problem.
std::vector<std::string> problems_of(std::string const& text) {
    auto family = parse_family(text, "test.toml");
    if (family) return {};
    std::vector<Error> errors = family.error().causes().empty() ? std::vector{family.error()} : family.error().causes();
    std::vector<std::string> result;
    for (auto const& error : errors) {
        EXPECT_EQ(error.id(), errors::fam::invalid_family_file);
        EXPECT_EQ(error.parameter("file"), "test.toml");
        result.push_back(std::string(error.parameter("line")) + ": " + std::string(error.parameter("detail")));
    }
    return result;
}

/// Changes the first occurrence and returns the line where it stands.
std::string edited(std::string text, std::string_view from, std::string_view to, std::size_t* line = nullptr) {
    auto const place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    if (line != nullptr)
        *line = 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
    return text.replace(place, from.size(), to);
}

TEST(BrokenFamilyFile, the_file_that_is_broken_below_is_whole) { EXPECT_THAT(problems_of(good_file()), ElementsAre()); }

TEST(BrokenFamilyFile, broken_toml_is_reported_with_its_line) {
    EXPECT_THAT(problems_of("[family]\nid = \"x\"\nname = \n"), ElementsAre(HasSubstr("3: ")));
}

TEST(BrokenFamilyFile, syntax_that_upsets_the_parser_is_reported_and_not_fatal) {
    for (auto const* text : {"[!]", "[[{", "[a]]", "a.\"", "[[", "[[x]]\nb = [[[", "a = \"\"\"", "a = 1979-13-40", "\xff = 1"})
        EXPECT_FALSE(parse_family(text, "test.toml")) << text;
}

TEST(BrokenFamilyFile, a_misspelt_key_is_reported_where_it_stands) {
    std::size_t line = 0;
    auto const text = edited(good_file(), "any_user = true", "any_usr = true", &line);
    EXPECT_THAT(problems_of(text), ElementsAre(std::to_string(line) + ": login: there is no key \"any_usr\""));
}

TEST(BrokenFamilyFile, every_problem_is_reported_in_one_run) {
    auto text = edited(good_file(), "door = \"telnet\"", "door = \"trapdoor\"");
    text = edited(text, "behaviour = \"restart\"", "behaviour = \"dance\"");
    text = edited(text, "name = \"TelePresence C-series\"\n", "");
    text = edited(text, "check = \"way_in_left\"", "check = \"luck\"");
    auto family = parse_family(text, "test.toml");
    ASSERT_FALSE(family);
    EXPECT_EQ(family.error().id(), errors::gen::several_problems);
    EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("family.name: is missing"), HasSubstr("\"trapdoor\" is not one of"),
                                               HasSubstr("\"luck\" is not one of"), HasSubstr("\"dance\" is not one of")));
}

TEST(BrokenFamilyFile, a_reference_to_a_setting_that_does_not_exist_is_reported) {
    auto const text = edited(good_file(), "mode = \"service.telnet.mode\"", "mode = \"service.telnett.mode\"");
    EXPECT_THAT(problems_of(text), ElementsAre(AllOf(HasSubstr("service telnet"), HasSubstr("service.telnett.mode"))));
}

TEST(BrokenFamilyFile, a_default_outside_its_value_space_is_reported) {
    auto const text = edited(good_file(), "default = \"50\"", "default = \"101\"");
    EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("setting Audio Volume: the default is not allowed: 0..100")));
}

TEST(BrokenFamilyFile, a_default_in_another_spelling_is_reported) {
    auto const text = edited(good_file(), "default = \"HTTP\"", "default = \"http\"");
    EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("the default must be spelt HTTP")));
}

TEST(BrokenFamilyFile, two_settings_of_one_name_are_reported_with_both_lines) {
    std::size_t first = 0;
    edited(good_file(), "[[setting]]\npath = \"Audio Volume\"", "", &first);
    auto const text = good_file() + "\n[[setting]]\npath = \"Audio volume\"\nkind = \"integer\"\nrange = [0, 100]\ndefault = \"50\"\n";
    EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("setting Audio volume stands in line " + std::to_string(first) + " already")));
}

TEST(BrokenFamilyFile, a_file_field_needs_a_multipart_form) {
    auto const text = edited(good_file(), "multipart = true\n", "");
    EXPECT_THAT(problems_of(text), testing::Each(HasSubstr("is a file, but the form is not multipart")));
    EXPECT_EQ(problems_of(text).size(), 3U);
}

TEST(BrokenFamilyFile, values_of_the_wrong_type_are_reported) {
    auto text = edited(good_file(), "port = 80", "port = \"eighty\"");
    text = edited(text, "any_user = true", "any_user = \"yes\"");
    EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("login.any_user: must be true or false"),
                                               HasSubstr("service.port: must be a number from 1 to 65535")));
}

TEST(BrokenFamilyFile, an_empty_file_says_what_is_needed) {
    EXPECT_THAT(problems_of(""), testing::Contains(HasSubstr("file.family: is missing")));
}

TEST(Families, two_files_with_one_id_are_refused) {
    auto const folder = std::filesystem::temp_directory_path() / ("cs-families-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    for (auto const* name : {"a.toml", "b.toml"}) std::ofstream(folder / name) << good_file();
    auto families = Families::load_folder(folder);
    std::filesystem::remove_all(folder);
    ASSERT_FALSE(families);
    EXPECT_EQ(families.error().id(), errors::fam::invalid_family_file);
    EXPECT_THAT(std::string(families.error().parameter("detail")), HasSubstr("c-series"));
}

std::string repository_file() {
    std::ifstream file(std::filesystem::path(CS_SOURCE_DIR) / "families" / "rmx.toml");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(BrokenFamilyFile, ranges_of_software_that_nothing_can_have_are_reported) {
    auto const text = edited(repository_file(), "software_from = \"8.1\"\n", "software_from = \"8.1\"\nsoftware_before = \"8.1\"\n");
    EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("no software would have it")));
    EXPECT_THAT(problems_of(edited(good_file(), "dialect = \"xapi\"\n", "dialect = \"xapi\"\nsoftware_from = \"8.1\"\n")),
                ElementsAre(HasSubstr("only transactions depend on the software")));
    EXPECT_THAT(problems_of(edited(repository_file(), "effect = \"restart_banner\"\neffect_from", "effect_from")),
                ElementsAre(HasSubstr("needs effect")));
}

TEST(BrokenFamilyFile, rules_of_certificates_by_software_are_checked) {
    EXPECT_THAT(problems_of(edited(repository_file(), "formats_from = { der = \"8.1\"", "formats_from = { doc = \"8.1\"")),
                ElementsAre(HasSubstr("is not among formats")));
    EXPECT_THAT(problems_of(edited(repository_file(), "alarms = [\"certificate.factory\"", "alarms = [\"certificate.strange\"")),
                ElementsAre(HasSubstr("certificate.strange is none of")));
}

}  // namespace
}  // namespace countersign::family
