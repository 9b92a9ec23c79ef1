#include "dialect/web_form.hpp"

#include "family_fixture.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::web {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

family::Family const& bridge() { return embedded_family("mcu"); }
family::Family const& endpoint() { return embedded_family("c-series"); }

PageValues with_keys() {
    PageValues values;
    values.system_name = "bridge";
    values.feature_keys = bridge().factory_feature_keys;
    for (auto const& setting : bridge().settings) values.settings[setting.canonical] = setting.default_value;
    return values;
}

HtmlPage drawn(family::Family const& family, std::string_view path, PageValues const& values) {
    auto const* page = family.find_page(path);
    if (page == nullptr) {
        ADD_FAILURE() << "no page " << path;
        return {};
    }
    auto read = parse_page(render_page(family, *page, values));
    if (!read) {
        ADD_FAILURE() << read.error().message();
        return {};
    }
    return *read;
}

std::map<std::string, std::string> as_map(std::vector<std::pair<std::string, std::string>> const& fields) {
    return {fields.begin(), fields.end()};
}

TEST(WebPage, every_page_of_every_family_is_read_back_with_all_its_fields) {
    auto families = family::Families::load_embedded();
    ASSERT_TRUE(families);
    for (auto const& family : families->all())
        for (auto const& page : family->pages) {
            SCOPED_TRACE(family->id + page.path);
            PageValues values;
            values.feature_keys = family->factory_feature_keys;
            auto const read = drawn(*family, page.path, values);
            for (auto const& form : page.forms) {
                if (!form.needs_state.empty() && form.needs_state.front() != "running") continue;
                auto const* html = read.find_form(form.id);
                ASSERT_NE(html, nullptr) << form.id;
                EXPECT_EQ(html->action, form.target);
                EXPECT_EQ(html->multipart, form.multipart);
                for (auto const& field : form.fields) {
                    ASSERT_NE(html->find(field.name), nullptr) << field.name;
                    EXPECT_EQ(html->find(field.name)->label, field.label);
                }
            }
        }
}

TEST(WebPage, current_values_are_shown) {
    auto values = with_keys();
    values.settings["service.https.mode"] = "On";
    values.settings["service.http.port"] = "8080";
    auto const page = drawn(bridge(), "/network/services", values);
    auto const* form = page.find_form("services");
    EXPECT_TRUE(form->find("https_a")->checked);
    EXPECT_FALSE(form->find("https_b")->checked);
    EXPECT_EQ(form->find("http_a_port")->value, "8080");
}

TEST(WebPage, everything_foreign_is_escaped) {
    auto values = with_keys();
    std::string const evil = "\"><script>alert('1')</script>&amp;";
    values.system_name = evil;
    values.banner = evil;
    values.alarms = {evil};
    values.notice = evil;
    values.problems = {evil, evil};
    values.settings["system.name"] = evil;
    values.hidden = {{"token", evil}};
    values.tables["local_certificate"] = {{{"subject", evil}}};
    for (auto const* path : {"/network/snmp", "/network/ssl_certificates"}) {
        auto const html = render_page(bridge(), *bridge().find_page(path), values);
        EXPECT_THAT(html, Not(HasSubstr("<script")));
        auto const page = parse_page(html);
        ASSERT_TRUE(page);
        EXPECT_EQ(page->banner, evil);
        EXPECT_EQ(page->alarms, std::vector<std::string>{evil});
        EXPECT_EQ(page->notice, evil);
        EXPECT_THAT(page->problems, ElementsAre(evil, evil));
    }
    EXPECT_EQ(drawn(bridge(), "/network/snmp", values).find_form("snmp")->find("name")->value, evil);
    EXPECT_EQ(drawn(bridge(), "/network/snmp", values).find_form("snmp")->find("token")->value, evil);
    EXPECT_EQ(drawn(bridge(), "/network/ssl_certificates", values).find_table("local_certificate")->cell(0, "Subject"), evil);
}

TEST(WebPage, passwords_are_never_shown) {
    auto values = with_keys();
    values.settings["snmp.community.read"] = "hidden-community";
    EXPECT_THAT(render_page(bridge(), *bridge().find_page("/network/snmp"), values), Not(HasSubstr("hidden-community")));
}

TEST(WebPage, the_certificate_tables_are_read_by_column) {
    auto values = with_keys();
    values.tables["local_certificate"] = {{{"subject", "/CN=mcu.company.com"}, {"key_match", "Key matches certificate"}}};
    values.tables["trust_store"] = {{{"subject", "/CN=Root 1"}}, {{"subject", "/CN=Root 2"}}};
    auto const page = drawn(bridge(), "/network/ssl_certificates", values);
    auto const* own = page.find_table("local_certificate");
    ASSERT_NE(own, nullptr);
    EXPECT_EQ(own->caption, "Local certificate");
    EXPECT_EQ(own->cell(0, "private key"), "Key matches certificate");
    EXPECT_EQ(own->cell(0, "Colour"), std::nullopt);
    EXPECT_EQ(own->cell(1, "Subject"), std::nullopt);
    EXPECT_EQ(page.find_table("trust_store")->cell(1, "Subject"), "/CN=Root 2");
}

TEST(WebPage, what_needs_a_feature_key_is_not_offered_without_it) {
    auto values = with_keys();
    values.feature_keys.clear();
    auto const page = drawn(bridge(), "/network/services", values);
    EXPECT_EQ(page.find_form("services")->find("https_a"), nullptr);
    EXPECT_NE(page.find_form("services")->find("http_a"), nullptr);
    EXPECT_THAT(page.links, Not(Contains(Pair("/network/ssl_certificates", testing::_))));
}

TEST(WebPage, pages_and_forms_follow_the_software_of_the_unit) {
    auto family = bridge();
    auto& page = family.pages.front();
    page.forms.front().software.from = "8.1";
    family.pages.back().software.before = "8.1";
    auto const last = "href=\"" + family.pages.back().path + "\"";
    auto const form = "<form id=\"" + page.forms.front().id + "\"";
    PageValues values;
    values.feature_keys = {"encryption"};
    values.software = "7.6";
    EXPECT_THAT(render_page(family, page, values), AllOf(Not(HasSubstr(form)), HasSubstr(last)));
    values.software = "8.1";
    EXPECT_THAT(render_page(family, page, values), AllOf(HasSubstr(form), Not(HasSubstr(last))));
    values.software.clear();
    EXPECT_THAT(render_page(family, page, values), AllOf(HasSubstr(form), HasSubstr(last)));
}

TEST(WebPage, forms_follow_the_state_of_the_unit) {
    auto values = with_keys();
    EXPECT_NE(drawn(bridge(), "/settings/shutdown", values).find_form("shutdown"), nullptr);
    EXPECT_EQ(drawn(bridge(), "/settings/shutdown", values).find_form("restart"), nullptr);
    values.state = "shut_down";
    EXPECT_EQ(drawn(bridge(), "/settings/shutdown", values).find_form("shutdown"), nullptr);
    EXPECT_NE(drawn(bridge(), "/settings/shutdown", values).find_form("restart"), nullptr);
}

// --- filling in and decoding ---

TEST(Submission, an_untouched_form_changes_nothing) {
    auto const values = with_keys();
    auto const page = drawn(bridge(), "/network/services", values);
    auto const* form = bridge().find_target("/network/services").form;
    auto decoded = decode_submission(bridge(), *form, as_map(page.find_form("services")->submission({})));
    ASSERT_TRUE(decoded) << decoded.error().explanation();
    EXPECT_EQ(decoded->changes.size(), form->fields.size());
    for (auto const& change : decoded->changes) EXPECT_EQ(change.value, values.settings.at(change.canonical)) << change.path;
}

TEST(Submission, the_guides_step_selects_secure_web_and_deselects_web) {
    auto const page = drawn(bridge(), "/network/services", with_keys());
    auto const sent = page.find_form("services")->submission({{"https_a", "on"}, {"http_a", ""}});
    EXPECT_THAT(sent, Contains(Pair("https_a", "on")));
    EXPECT_THAT(sent, Not(Contains(Pair("http_a", testing::_))));
    auto decoded = decode_submission(bridge(), *bridge().find_target("/network/services").form, as_map(sent));
    ASSERT_TRUE(decoded);
    EXPECT_THAT(decoded->changes, Contains(Submission::Change{"service.http.mode", "Network > Services > Port A > Web", "Off"}));
    EXPECT_THAT(decoded->changes, Contains(Submission::Change{"service.https.mode", "Network > Services > Port A > Secure web", "On"}));
}

TEST(Submission, illegal_values_are_all_named_and_nothing_is_decoded) {
    auto decoded = decode_submission(bridge(), *bridge().find_target("/network/services").form,
                                     {{"http_a_port", "0"}, {"https_a_port", "99999"}, {"ftp_a_port", "21"}});
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().id(), errors::gen::several_problems);
    ASSERT_EQ(decoded.error().causes().size(), 2U);
    EXPECT_EQ(decoded.error().causes()[0].id(), errors::dev::illegal_value);
    EXPECT_THAT(decoded.error().causes()[0].where(), HasSubstr("http_a_port"));
}

TEST(Submission, files_and_passphrases_come_by_their_role) {
    auto const place = endpoint().find_form("upload_certificate");
    ASSERT_TRUE(place);
    auto decoded =
        decode_submission(endpoint(), *place.form, {{"certificate", "CERT"}, {"privkey", "KEY"}, {"passphrase", ""}, {"other", "x"}});
    ASSERT_TRUE(decoded);
    EXPECT_THAT(decoded->changes, IsEmpty());
    ASSERT_EQ(decoded->roles.size(), 2U);
    EXPECT_EQ(decoded->roles.find("private_key")->second.reveal(), "KEY");
    EXPECT_EQ(decoded->roles.count("passphrase"), 0U);
}

TEST(Submission, an_empty_password_field_leaves_the_password_alone) {
    auto const* form = bridge().find_target("/network/snmp").form;
    auto decoded = decode_submission(bridge(), *form, {{"name", "  bridge "}, {"read_community", ""}});
    ASSERT_TRUE(decoded);
    EXPECT_THAT(decoded->changes, ElementsAre(Submission::Change{"system.name", "Network > SNMP > Name", "bridge"}));
}

// --- pages that others wrote ---

HtmlPage read(std::string_view html) {
    auto page = parse_page(html);
    return page ? *page : HtmlPage{};
}

TEST(PageReader, reads_forms_written_by_hand) {
    auto const page = read(R"(<HTML><Title>A &amp; B</title><FORM Action='/x' ENCTYPE=multipart/form-data id=f>
        <label>Name <input name=n value="1 &lt; 2"></label>
        <label for=c>Check</label><INPUT TYPE=checkbox NAME=c ID=c checked>
        <select name=s><option>one<option selected>two<option value=3>three</select>
        <textarea name=t>lines
        </textarea><input type=hidden name=h value=token><input type=submit name=go value=Go><input type=submit name=no value=No></form>)");
    EXPECT_EQ(page.title, "A & B");
    ASSERT_EQ(page.forms.size(), 1U);
    auto const& form = page.forms.front();
    EXPECT_TRUE(form.multipart);
    EXPECT_EQ(form.find("n")->label, "Name");
    EXPECT_EQ(form.find("n")->value, "1 < 2");
    EXPECT_EQ(form.find("c")->label, "Check");
    EXPECT_EQ(form.find("s")->value, "two");
    EXPECT_THAT(form.find("s")->options, ElementsAre("one", "two", "3"));
    EXPECT_THAT(form.submission({{"n", "x"}, {"c", ""}}),
                ElementsAre(Pair("n", "x"), Pair("s", "two"), Pair("t", HasSubstr("lines")), Pair("h", "token"), Pair("go", "Go")));
}

TEST(PageReader, reads_tables_without_closing_tags) {
    auto const page = read("<table id=t><tr><th>Subject<th>Issuer<tr><td>/CN=a<td>/CN=b</table>");
    ASSERT_EQ(page.tables.size(), 1U);
    EXPECT_THAT(page.tables[0].columns, ElementsAre("Subject", "Issuer"));
    EXPECT_EQ(page.tables[0].cell(0, "Issuer"), "/CN=b");
}

TEST(PageReader, passes_over_scripts_styles_and_comments) {
    auto const page = read("<script>'<form id=no>'</script><!-- <form id=no> --><style><form id=no></style><form id=yes></form>");
    ASSERT_EQ(page.forms.size(), 1U);
    EXPECT_EQ(page.forms[0].id, "yes");
}

TEST(PageReader, survives_what_is_no_html) {
    for (std::string_view text :
         {"", "<", "</", "<a", "<a href", "<a href=", "<a href='", "<!--", "<!", "&#x110000;&#xD800;&#0;&", "<form><input",
          "</form></table></td>", "<td><tr>", "<table><td>x", "<select><option>", "<option>x</option>", "a < b > c"})
        EXPECT_TRUE(parse_page(text)) << text;
}

TEST(PageReader, has_limits) {
    EXPECT_FALSE(parse_page(std::string(1024 * 1024 + 1, 'x')));
    EXPECT_FALSE(parse_page("\xff"));
    std::string many = "<form>";
    for (int i = 0; i < 1001; ++i) many += "<input>";
    EXPECT_FALSE(parse_page(many));
    std::string cells = "<table><tr>";
    for (int i = 0; i < 10'001; ++i) cells += "<td>";
    EXPECT_FALSE(parse_page(cells));
}

TEST(PageReader, a_hostile_nest_is_read_in_one_walk) {
    std::string nest;
    for (int i = 0; i < 20'000; ++i) nest += "<label><a href=x><p class=banner>";
    EXPECT_TRUE(parse_page(nest));
}

}  // namespace
}  // namespace countersign::dialect::web
