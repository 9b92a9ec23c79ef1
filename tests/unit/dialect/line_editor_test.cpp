#include "dialect/line_editor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view k_up = "\x1b[A";
constexpr std::string_view k_down = "\x1b[B";
constexpr std::string_view k_left = "\x1b[D";

/// What a terminal of one endless line shows after the echo: CR, LF and BS do what they do, the rest is printed.
std::string screen(std::string_view echo) {
    std::vector<std::string> cells;
    std::size_t place = 0;
    for (std::size_t i = 0; i < echo.size(); ++i) {
        if (echo[i] == '\n') {
            cells.clear();
            place = 0;
        } else if (echo[i] == '\b') {
            if (place > 0) --place;
        } else if (echo[i] != '\r') {
            std::size_t length = 1;
            while (i + length < echo.size() && (static_cast<unsigned char>(echo[i + length]) & 0xc0U) == 0x80U) ++length;
            if (place == cells.size()) cells.emplace_back();
            cells[place++] = echo.substr(i, length);
            i += length - 1;
        }
    }
    std::string out;
    for (auto const& cell : cells) out += cell;
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

/// Types keys and then Enter: the line that comes of it.
std::string line_of(std::string_view keys) {
    LineEditor editor;
    auto const output = editor.feed(std::string(keys) + "\r");
    return output.lines.size() == 1 ? output.lines.front().text : "(" + std::to_string(output.lines.size()) + " lines)";
}

TEST(LineEditor, shows_what_is_typed_and_gives_the_line) {
    LineEditor editor;
    EXPECT_EQ(editor.feed("bye").echo, "bye");
    auto const output = editor.feed("\r\n");
    EXPECT_EQ(output.echo, "\r\n");
    EXPECT_THAT(output.lines, ElementsAre(LineEditor::Line{"bye", false}));
}

TEST(LineEditor, takes_every_line_end_once) {
    LineEditor editor;
    std::vector<std::string> lines;
    for (auto const& line : editor.feed(std::string("one\r\ntwo\r\0three\nfour\r", 21)).lines) lines.push_back(line.text);
    EXPECT_THAT(lines, ElementsAre("one", "two", "three", "four"));
}

TEST(LineEditor, edits_in_the_middle_of_a_line) {
    EXPECT_EQ(line_of("xstats" + std::string(k_left) + "u"), "xstatus");
    EXPECT_EQ(line_of("bcd\x01"
                      "a\x05"
                      "e"),
              "abcde");
    EXPECT_EQ(line_of("abc\x1b[H\x1b[3~"), "bc");
    EXPECT_EQ(line_of("abc\x1b[1~\x04"), "bc");
    EXPECT_EQ(line_of("xstatus network\x17name"), "xstatus name");
    EXPECT_EQ(line_of("wrong\x15right"), "right");
    EXPECT_EQ(line_of("abcdef\x1b[D\x1b[D\x0b"), "abcd");
    EXPECT_EQ(line_of("caf\xc3\xa9\x7f"
                      "e"),
              "cafe");
    EXPECT_EQ(line_of("a\x03"
                      "b"),
              "b");
}

TEST(LineEditor, shows_the_line_as_it_is_after_every_key) {
    LineEditor editor;
    std::string shown;
    for (char const key : std::string("network 1 dns\x1b[D\x1b[D\x1b[Dx\x7f\x01>\xc3\xa9\x05!\x17\x15"
                                      "end")) {
        shown += editor.feed({&key, 1}).echo;
        auto text = editor.text();
        while (text.ends_with(' ')) text.pop_back();
        EXPECT_EQ(screen(shown), text);
    }
    EXPECT_EQ(editor.text(), "end");
}

TEST(LineEditor, recalls_lines_that_were_typed_before) {
    LineEditor editor;
    editor.feed("one\rtwo\rtwo\r");
    EXPECT_EQ(editor.feed(k_up).echo, "two");
    editor.feed(k_up);
    EXPECT_EQ(editor.text(), "one");
    editor.feed(k_up);
    EXPECT_EQ(editor.text(), "one") << "there is nothing before";
    editor.feed(k_down);
    editor.feed(k_down);
    EXPECT_EQ(editor.text(), "") << "what was being typed";
}

TEST(LineEditor, remembers_no_passwords_and_so_many_lines) {
    LineEditor editor({.line = 100, .history = 2});
    editor.feed("first\rsecond\rthird\rxcom systemunit adminpassword set password: secret\r");
    editor.show_typing(false);
    EXPECT_EQ(editor.feed("hidden\r").echo, "");
    editor.show_typing(true);
    editor.feed(std::string(k_up) + std::string(k_up) + std::string(k_up));
    EXPECT_EQ(editor.text(), "second");
}

TEST(LineEditor, remembers_no_pass_phrases_and_no_keys) {
    LineEditor editor;
    editor.feed("first\rxcom services add\r-----BEGIN PRIVATE KEY-----\rMIIB\r-----END PRIVATE KEY-----\r.\rxcom user passphrase set x\r");
    std::vector<std::string> remembered;
    for (int i = 0; i < 8; ++i) {
        editor.feed(k_up);
        remembered.push_back(editor.text());
    }
    EXPECT_THAT(remembered,
                ::testing::UnorderedElementsAre(".", "xcom services add", "first", "first", "first", "first", "first", "first"));
}

TEST(LineEditor, completes_the_only_word_and_lists_several) {
    LineEditor editor;
    editor.complete_with([](std::string_view before) -> std::vector<std::string> {
        if (before == "xst") return {"xStatus"};
        if (before == "xc") return {"xConfiguration", "xCommand"};
        return {};
    });
    EXPECT_EQ(screen(editor.feed("xst\t").echo), "xStatus");
    EXPECT_EQ(editor.text(), "xStatus ");
    editor.feed("\x15xc");
    EXPECT_EQ(editor.feed("\t").echo, "\bCo") << "as far as they are alike, as the system spells it";
    editor.feed("\x15nothing\t");
    EXPECT_EQ(editor.text(), "nothing");
}

TEST(LineEditor, lists_words_when_there_is_nothing_to_add) {
    LineEditor editor;
    editor.complete_with([](std::string_view) -> std::vector<std::string> { return {"HTTP", "HTTPS"}; });
    EXPECT_EQ(editor.feed("http\t").echo, "http\r\nHTTP  HTTPS\r\nhttp");
}

TEST(LineEditor, ends_only_on_an_empty_line) {
    LineEditor editor;
    EXPECT_FALSE(editor.feed("x\x04").ended);
    EXPECT_TRUE(editor.feed("\r\x04").ended);
}

TEST(LineEditor, marks_a_line_that_is_too_long_and_takes_the_next) {
    LineEditor editor({.line = 4, .history = 4});
    EXPECT_THAT(editor.feed("12345\r1234\r").lines, ElementsAre(LineEditor::Line{"1234", true}, LineEditor::Line{"1234", false}));
}

TEST(LineEditor, shows_no_byte_that_is_no_character) {
    LineEditor editor;
    EXPECT_EQ(editor
                  .feed("a\xff\x9b"
                        "b")
                  .echo,
              "a??b");
    EXPECT_EQ(editor.feed("\r").lines.front().text,
              "a\xff\x9b"
              "b");
}

TEST(LineEditor, answers_few_bytes_with_few) {
    LineEditor editor;
    editor.feed(std::string(4000, 'x'));
    std::string keys;
    for (int i = 0; i < 1000; ++i) keys += "\x01y";
    EXPECT_LT(editor.feed(keys).echo.size(), 20'000U);
}

}  // namespace
}  // namespace countersign::dialect
