#include "workbench/output.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace countersign::workbench {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

/// What a person sees in a pipe: no colours, no cursor movement.
std::string printed(Table const& table) {
    CaptureStdout();
    Output(Form::text).table(table);
    return GetCapturedStdout();
}

TEST(Table, aligns_columns_to_their_longest_cell) {
    EXPECT_EQ(printed({{"ID", "System"}, {{"1", "codec"}, {"1000", "x"}}}), "ID    System\n1     codec\n1000  x\n");
}

TEST(Table, counts_characters_not_bytes) {
    EXPECT_EQ(printed({{"Room", "Level"}, {{"K\u00f6ln", "4"}, {"Oslo 2", "3"}}}), "Room    Level\nK\u00f6ln    4\nOslo 2  3\n");
}

TEST(Table, prints_its_heading_when_there_are_no_rows) { EXPECT_EQ(printed({{"ID", "System"}, {}}), "ID  System\n"); }

TEST(Table, ignores_cells_beyond_its_heading) { EXPECT_EQ(printed({{"ID"}, {{"1", "more"}}}), "ID\n1\n"); }

TEST(OutputForm, gives_json_only_when_it_was_asked_for) {
    CaptureStdout();
    EXPECT_FALSE(Output(Form::text).value({{"level", 4}}));
    EXPECT_EQ(GetCapturedStdout(), "");
    CaptureStdout();
    EXPECT_TRUE(Output(Form::json).value({{"level", 4}}));
    EXPECT_EQ(json::parse(GetCapturedStdout()), (json::value{{"level", 4}}));
}

TEST(OutputForm, indents_json_and_keeps_the_order_of_fields) {
    CaptureStdout();
    Output(Form::json)
        .value({{"systems", json::array{json::object{{"name", "b"}, {"id", 1}}}}, {"none", json::array{}}, {"next", nullptr}});
    EXPECT_EQ(GetCapturedStdout(),
              "{\n  \"systems\": [\n    {\n      \"name\": \"b\",\n      \"id\": 1\n    }\n  ],\n  \"none\": [],\n  \"next\": null\n}\n");
}

TEST(OutputForm, escapes_what_a_system_said_in_json) {
    CaptureStdout();
    Output(Form::json).value({{"name", "\x1b[2J\"\n"}});
    auto text = GetCapturedStdout();
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(json::parse(text).at("name").as_string(), "\x1b[2J\"\n");
}

TEST(OutputForm, marks_levels_without_colour_in_a_pipe) {
    Output output(Form::text);
    EXPECT_EQ(output.level(4), "4");
    EXPECT_EQ(output.level(0), "?");
    EXPECT_EQ(output.strong("x"), "x");
}

TEST(OutputWarning, stands_on_standard_error_and_cannot_rewrite_the_terminal) {
    CaptureStderr();
    Output(Form::text).warning("two \x1b[2J");
    Output(Form::json).warning("three");
    EXPECT_EQ(GetCapturedStderr(), "countersign: warning: two ?[2J\n{\"warning\":\"three\"}\n");
}

TEST(OutputError, of_several_problems_names_each_with_its_remedy_and_ends_with_the_worst_code) {
    Error error(errors::gen::several_problems);
    error.because(Error(errors::gen::missing_field, {{"field", "vendor"}}));
    error.because(Error(errors::gen::not_found, {{"what", "system"}, {"name", "x"}}));
    CaptureStderr();
    EXPECT_EQ(Output(Form::text).error(error), error_entry(errors::gen::not_found).exit_code);
    auto const text = GetCapturedStderr();
    for (auto const id : {errors::gen::missing_field, errors::gen::not_found})
        EXPECT_NE(text.find(error_entry(id).remedy), std::string::npos) << text;
}

TEST(OutputProgress, prints_a_line_only_when_it_changed) {
    CaptureStderr();
    Output output(Form::text);
    output.progress("1 of 2");
    output.progress("1 of 2");
    output.progress("2 of 2");
    output.progress_done();
    EXPECT_EQ(GetCapturedStderr(), "1 of 2\n2 of 2\n");
}

TEST(OutputError, says_what_is_wrong_and_what_to_do_and_gives_the_exit_code_of_the_catalogue) {
    Error error(errors::gen::invalid_input, {{"field", "host_name"}, {"detail", "it is not a host name"}});
    CaptureStderr();
    EXPECT_EQ(Output(Form::text).error(error), error.entry().exit_code);
    auto text = GetCapturedStderr();
    EXPECT_EQ(text.find("countersign: GEN-001"), 0U) << text;
    EXPECT_NE(text.find("host_name is not valid: it is not a host name"), std::string::npos) << text;
    EXPECT_NE(text.find("What to do: " + std::string(error.entry().remedy)), std::string::npos) << text;
}

TEST(OutputError, has_the_same_fields_as_the_api_in_json) {
    Error error(errors::gen::several_problems);
    error.because(Error(errors::gen::missing_field, {{"field", "vendor"}}).at("body"));
    CaptureStderr();
    EXPECT_EQ(Output(Form::json).error(error), error.entry().exit_code);
    auto const shown = json::parse(GetCapturedStderr()).at("error");
    EXPECT_EQ(shown.at("id").as_string(), "GEN-006");
    EXPECT_EQ(shown.at("remedy").as_string(), error.entry().remedy);
    auto const& cause = shown.at("causes").as_array().at(0);
    EXPECT_EQ(cause.at("id").as_string(), "GEN-002");
    EXPECT_EQ(cause.at("where").as_string(), "body");
    EXPECT_EQ(cause.at("parameters").at("field").as_string(), "vendor");
}

TEST(OutputError, does_not_let_a_parameter_rewrite_the_terminal) {
    CaptureStderr();
    (void)Output(Form::text).error(Error(errors::gen::invalid_input, {{"field", "name"}, {"detail", "\x1b]0;owned\x07"}}));
    auto text = GetCapturedStderr();
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(Printable, leaves_text_of_every_language_alone) {
    for (std::string_view text : {"meeting room 1", "K\u00f6ln", "\u4f1a\u8bae\u5ba4", "\U0001f4de", "\u00a0"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, shows_control_characters_as_question_marks) {
    EXPECT_EQ(printable("a\x1b[2Jb"), "a?[2Jb");
    EXPECT_EQ(printable("a\r\nb\tc\x7f"), "a??b?c?");
    EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
}

TEST(Printable, shows_the_control_characters_above_ascii_as_question_marks) {
    EXPECT_EQ(printable("a\u009b2Jb"), "a?2Jb");
    EXPECT_EQ(printable("a\u0085b"), "a?b");
}

TEST(Printable, does_not_let_a_text_turn_the_direction_of_writing) {
    EXPECT_EQ(printable("a\u202eb\u2066c\u2069\u2028"), "a?b?c??");
    EXPECT_EQ(printable("\u2026\u203a"), "\u2026\u203a");
}

TEST(Printable, shows_broken_utf_8_as_question_marks_and_goes_on_behind_it) {
    EXPECT_EQ(printable("a\x9b"
                        "2J"),
              "a?2J");
    EXPECT_EQ(printable("a\xc3"), "a?");
    EXPECT_EQ(printable("a\xe2\x80z"), "a??z");
    EXPECT_EQ(printable("\xff\xfeK\u00f6ln"), "??K\u00f6ln");
}

TEST(Fields, are_empty_when_absent_or_of_another_kind) {
    json::value const value = {{"name", 3}, {"id", "x"}, {"open", "yes"}, {"list", json::object{}}};
    EXPECT_EQ(text_of(value, "name"), "");
    EXPECT_EQ(number_of(value, "id"), 0);
    EXPECT_FALSE(flag_of(value, "open"));
    EXPECT_TRUE(list_of(value, "list").empty());
    EXPECT_EQ(text_of(json::value(), "name"), "");
}

TEST(Fields, of_text_are_printable) { EXPECT_EQ(text_of({{"name", "a\x1b[0m"}}, "name"), "a?[0m"); }

}  // namespace
}  // namespace countersign::workbench
