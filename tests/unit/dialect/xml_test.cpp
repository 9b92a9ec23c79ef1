#include "dialect/xml.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
    auto parsed = parse_xml(text);
    if (parsed) return "taken";
    EXPECT_EQ(parsed.error().id(), errors::dev::malformed_xml);
    return std::string(parsed.error().parameter("detail"));
}

std::string nested(int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += "<a>";
    for (int i = 0; i < levels; ++i) text += "</a>";
    return text;
}

TEST(Xml, what_is_written_is_read_back_the_same) {
    XmlElement root("Root");
    root.set("a", "1 < 2 & \"3\"\n\ttab").add("Child", "text with <markup> & 'quotes'\nand lines\r\n");
    root.add("Empty");
    root.children.front().set("item", "1");
    auto back = parse_xml(write_xml(root));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, root);
}

TEST(Xml, indentation_changes_nothing_in_the_value) {
    XmlElement root("Root");
    root.add("A").add("B", "x");
    auto back = parse_xml(write_xml(root, XmlStyle::indented));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, root);
}

TEST(Xml, control_characters_never_reach_a_document) {
    auto back = parse_xml(write_xml(XmlElement("A", std::string_view("a\0b\x01", 4))));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->text, "a?b?");
}

TEST(Xml, prefixes_do_not_matter_when_looking_for_elements) {
    auto root = parse_xml("<env:Envelope xmlns:env=\"u\"><env:Body><x>1</x></env:Body></env:Envelope>");
    ASSERT_TRUE(root);
    ASSERT_NE(root->descend({"body", "x"}), nullptr);
    EXPECT_EQ(root->descend({"body", "x"})->text, "1");
    EXPECT_EQ(root->descend({"body", "y"}), nullptr);
}

TEST(Xml, cdata_and_references_are_text) {
    auto root = parse_xml("<a>1<![CDATA[<2>]]>&amp;&#51;&#x34;</a>");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->text, "1<2>&34");
}

TEST(Xml, broken_documents_are_refused_with_their_line) {
    EXPECT_THAT(refusal("<a>\n<b>\n</a>"), HasSubstr("line 3"));
    for (auto const* bad : {"", "   ", "text", "<a", "<a>", "<a></b>", "<a b=>", "<a><!-- </a>", "<a><![CDATA[ </a>"})
        EXPECT_NE(refusal(bad), "taken") << bad;
}

TEST(Xml, two_roots_are_refused) { EXPECT_THAT(refusal("<a/><b/>"), HasSubstr("one root")); }

TEST(Xml, what_is_not_utf8_is_refused) { EXPECT_THAT(refusal("<a>\xc3\x28</a>"), HasSubstr("UTF-8")); }

TEST(Xml, references_to_what_is_no_character_are_refused) {
    EXPECT_THAT(refusal("<a>\n&#2430868;</a>"), HasSubstr("line 2: &#2430868; is no character"));
    for (auto const* bad :
         {"<a>&#0;</a>", "<a>&#x0;</a>", "<a>&#1;</a>", "<a>&#xD800;</a>", "<a>&#xFFFE;</a>", "<a>&#x110000;</a>", "<a b='&#0;'/>",
          "<a>&#4294967361;</a>", "<a><!-- x -->&#0;</a>", "<a><![CDATA[x]]>&#0;</a>", "<a b='<![CDATA['>&#xD800;</a>"})
        EXPECT_THAT(refusal(bad), HasSubstr("character")) << bad;
    for (auto const* good : {"<a>&#9;&#xA;&#13;&#x20;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;</a>", "<a><![CDATA[&#0;]]></a>",
                             "<a><!-- &#0; --></a>", "<a>&#;&#x;&#12</a>"})
        EXPECT_EQ(refusal(good), "taken") << good;
}

TEST(Xml, a_document_type_is_refused) {
    EXPECT_THAT(refusal("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), HasSubstr("document type"));
}

TEST(Xml, a_billion_laughs_are_refused_before_the_first) {
    EXPECT_THAT(refusal("<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">"
                        "<!ENTITY c \"&b;&b;&b;\">]><l>&c;</l>"),
                HasSubstr("document type"));
}

TEST(Xml, an_entity_that_nobody_defined_stays_text) {
    auto root = parse_xml("<a>&xxe;</a>");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->text, "&xxe;");
}

TEST(Xml, depth_is_limited_at_64_levels) {
    EXPECT_EQ(refusal(nested(64)), "taken");
    EXPECT_THAT(refusal(nested(65)), HasSubstr("64 levels"));
}

TEST(Xml, a_depth_bomb_is_refused_and_not_followed) {
    auto const bomb = nested(140'000);
    ASSERT_LT(bomb.size(), k_max_xml_size);
    EXPECT_THAT(refusal(bomb), HasSubstr("64 levels"));
}

TEST(Xml, elements_are_limited) {
    std::string wide = "<a>";
    for (std::size_t i = 0; i < k_max_xml_elements; ++i) wide += "<b/>";
    EXPECT_THAT(refusal(wide + "</a>"), HasSubstr("elements"));
}

TEST(Xml, size_is_limited) { EXPECT_THAT(refusal("<a>" + std::string(k_max_xml_size, 'x') + "</a>"), HasSubstr("bytes")); }

}  // namespace
}  // namespace countersign::dialect
