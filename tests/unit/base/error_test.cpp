#include "base/error.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace countersign {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ErrorMessage, fills_the_places_of_its_template) {
    Error error(errors::gen::invalid_input, {{"field", "port"}, {"detail", "70000 is more than 65535"}});
    EXPECT_EQ(error.message(), "GEN-001: port is not valid: 70000 is more than 65535.");
}

TEST(ErrorMessage, appends_parameters_that_the_template_does_not_use) {
    Error error(errors::gen::missing_field, {{"field", "name"}, {"row", "3"}, {"note", ""}});
    EXPECT_EQ(error.message(), "GEN-002: name is required (row 3).");
}

TEST(ErrorMessage, uses_the_title_when_there_is_no_template) {
    EXPECT_EQ(Error(errors::gen::internal).message(), "GEN-004: Something went wrong inside the program.");
}

TEST(ErrorMessage, shows_the_name_of_a_place_without_a_parameter) {
    EXPECT_EQ(Error(errors::gen::missing_field).message(), "GEN-002: {field} is required.");
}

TEST(ErrorMessage, does_not_expand_a_value_that_looks_like_a_place) {
    Error error(errors::gen::invalid_input, {{"field", "{detail}"}, {"detail", "{field}{detail}"}});
    EXPECT_EQ(error.message(), "GEN-001: {detail} is not valid: {field}{detail}.");
}

TEST(ErrorMessage, names_the_place_from_the_outside_in) {
    Error error(errors::gen::missing_field, {{"field", "privkey"}});
    error.at("form").at("system c1.example.test");
    EXPECT_EQ(error.message(), "GEN-002 system c1.example.test: form: privkey is required.");
}

TEST(ErrorExplanation, tells_causes_and_what_to_do) {
    Error error(errors::gen::internal);
    error.because(Error(errors::fil::cannot_read, {{"file", "a.pem"}, {"detail", "No such file or directory"}}));
    auto text = error.explanation();
    EXPECT_THAT(text, HasSubstr("GEN-004"));
    EXPECT_THAT(text, HasSubstr("\n  because FIL-001: "));
    EXPECT_THAT(text, HasSubstr("\n  What to do: " + std::string(error.entry().remedy)));
}

TEST(Error, keeps_the_last_value_of_a_parameter) {
    Error error(errors::gen::missing_field, {{"field", "a"}});
    error.with("field", "b");
    EXPECT_EQ(error.parameter("field"), "b");
    EXPECT_EQ(error.parameters().size(), 1U);
    EXPECT_EQ(error.parameter("absent"), "");
}

TEST(Error, equals_only_with_the_same_id_parameters_place_and_causes) {
    Error const one(errors::gen::missing_field, {{"field", "a"}});
    EXPECT_EQ(one, Error(errors::gen::missing_field, {{"field", "a"}}));
    EXPECT_NE(one, Error(errors::gen::missing_field, {{"field", "b"}}));
    EXPECT_NE(one, Error(errors::gen::invalid_input, {{"field", "a"}}));
    EXPECT_NE(one, Error(one).at("form"));
    EXPECT_NE(one, Error(one).because(one));
}

TEST(ErrorCatalogue, finds_entries_by_code_in_any_case_and_by_name) {
    auto const* by_code = find_error_entry("gen-003");
    ASSERT_NE(by_code, nullptr);
    EXPECT_EQ(by_code->id, errors::gen::not_found);
    EXPECT_EQ(find_error_entry("not_found"), by_code);
    EXPECT_EQ(find_error_entry("GEN-999"), nullptr);
    EXPECT_EQ(find_error_entry(""), nullptr);
}

TEST(ErrorCatalogue, is_ordered_complete_and_has_usable_numbers) {
    auto entries = error_entries();
    ASSERT_FALSE(entries.empty());
    EXPECT_TRUE(std::ranges::is_sorted(entries, std::less{}, &ErrorEntry::id));
    std::set<std::string_view> codes;
    for (auto const& entry : entries) {
        EXPECT_TRUE(codes.insert(entry.code).second) << entry.code << " stands twice";
        EXPECT_EQ(&error_entry(entry.id), &entry);
        EXPECT_THAT(entry.title, Not(::testing::AnyOf(::testing::IsEmpty(), ::testing::EndsWith(".")))) << entry.code;
        EXPECT_THAT(entry.cause, ::testing::EndsWith(".")) << entry.code;
        EXPECT_THAT(entry.remedy, ::testing::EndsWith(".")) << entry.code;
        EXPECT_TRUE(entry.http_status >= 400 && entry.http_status <= 599) << entry.code << " HTTP " << entry.http_status;
        EXPECT_TRUE(entry.exit_code >= 1 && entry.exit_code <= 3) << entry.code << " exit " << entry.exit_code;
    }
}

}  // namespace
}  // namespace countersign
