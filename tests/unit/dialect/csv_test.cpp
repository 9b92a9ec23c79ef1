#include "dialect/csv.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gtest/gtest.h>

namespace countersign::testing {
namespace {

namespace csv = dialect::csv;
using Fields = std::vector<std::string>;

std::vector<Fields> fields_of(std::string_view text) {
    std::vector<Fields> out;
    auto records = csv::parse(text);
    if (!records) {
        ADD_FAILURE() << records.error().explanation();
        return out;
    }
    for (auto& record : *records) out.push_back(std::move(record.fields));
    return out;
}

/// "line: id" of what a text is refused for.
std::string refused_at(std::string_view text, csv::Limits const& limits = {}) {
    auto records = csv::parse_table(text, limits);
    if (records) return "taken";
    return records.error().id() == errors::mgr::bad_list ? std::string(records.error().parameter("line")) : records.error().message();
}

TEST(Csv, takes_the_forms_of_rfc_4180) {
    EXPECT_EQ(fields_of("a,b\r\nc,d"), (std::vector<Fields>{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(fields_of("\"a,b\",\"say \"\"hello\"\"\",\"two\r\nlines\"\r\n"),
              (std::vector<Fields>{{"a,b", "say \"hello\"", "two\r\nlines"}}));
    EXPECT_EQ(fields_of("a,,c\n,\n"), (std::vector<Fields>{{"a", "", "c"}, {"", ""}}));
}

TEST(Csv, takes_what_spreadsheets_write) {
    EXPECT_EQ(fields_of("\xEF\xBB\xBFname;number\n\nAnna, A.;4711\n"), (std::vector<Fields>{{"name", "number"}, {"Anna, A.", "4711"}}));
    EXPECT_EQ(fields_of("a\tb\n1\t2\n"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
}

TEST(Csv, knows_the_line_of_each_record) {
    auto records = csv::parse("a\n\n\"two\nlines\"\nlast\n");
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 3U);
    EXPECT_EQ((*records)[1].line, 3U);
    EXPECT_EQ((*records)[2].line, 5U);
}

TEST(Csv, refuses_what_is_broken_with_the_line) {
    EXPECT_EQ(refused_at("a,b\n\"open,1\n"), "2");
    EXPECT_EQ(refused_at("a,b\n\"x\"y,1\n"), "2");
    EXPECT_EQ(refused_at("a,b\nx\"y,1\n"), "2");
    EXPECT_EQ(refused_at("a,b\n1,2\n1,2,3\n"), "3");
    EXPECT_EQ(refused_at("a,b\n\xFF,1\n"), "1");
    EXPECT_EQ(refused_at(""), "1");
    EXPECT_EQ(refused_at("a,A \n1,2\n"), "1") << "one name for two columns";
}

TEST(Csv, tells_every_short_record_at_once) {
    auto table = csv::parse_table("a,b\n1\n2\n3,4\n5\n");
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().id(), errors::gen::several_problems);
    EXPECT_EQ(table.error().causes().size(), 3U);
}

TEST(Csv, has_limits) {
    csv::Limits const small{.bytes = 100, .records = 2, .fields = 3, .field_bytes = 5};
    EXPECT_EQ(refused_at(std::string(101, 'a'), small), "1");
    EXPECT_EQ(refused_at("a\nb\nc\n", small), "3");
    EXPECT_EQ(refused_at("a,b,c,d\n", small), "1");
    EXPECT_EQ(refused_at("a\nbcdefg\n", small), "2");
}

TEST(Csv, names_columns_without_case_and_blanks) {
    auto table = csv::parse_table("Name , Dial String\nAnna,1\n");
    ASSERT_TRUE(table);
    EXPECT_EQ(table->column("dial_string"), 1U);
    EXPECT_EQ(table->column("colour"), std::nullopt);
}

TEST(Csv, writes_what_it_reads_again) {
    std::vector<Fields> const rows{{"a,b", "\"", " blank "}, {"", "\r\n", "=1+1"}, {"\xEF\xBB\xBF", ";", "\t"}};
    EXPECT_EQ(fields_of(csv::write(rows)), rows);
}

}  // namespace
}  // namespace countersign::testing
