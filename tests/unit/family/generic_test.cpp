/// [ssh] and [hook] of family files, and how values become parts of command lines.

#include "family/generic.hpp"

#include "base/text.hpp"
#include "family/family.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace countersign::family {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string example(std::string const& name) {
    std::ifstream file(std::string(CS_SOURCE_DIR) + "/examples/families/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
    if (!text.contains(from)) throw std::runtime_error("not in the example: " + std::string(from));
    return replace_all(std::move(text), from, to);
}

std::vector<std::string> problems_of(std::string const& text) {
    auto const family = parse_family(text, "f.toml");
    if (family) return {};
    std::vector<std::string> found;
    for (auto const& one : family.error().causes()) found.push_back(one.message());
    if (found.empty()) found.push_back(family.error().message());
    return found;
}

TEST(GenericFamilies, of_the_examples_say_what_they_can) {
    auto const gateway = parse_family(example("gateway.toml"), "gateway.toml");
    ASSERT_TRUE(gateway) << gateway.error().explanation();
    EXPECT_TRUE((*gateway)->can(Action::install_certificate));
    EXPECT_FALSE((*gateway)->can(Action::install_trust));
    EXPECT_TRUE((*gateway)->can_write("system.name"));
    EXPECT_FALSE((*gateway)->can_write("client.verify"));
    EXPECT_EQ((*gateway)->management_service()->id, "ssh");
    auto const server = parse_family(example("web-server.toml"), "web-server.toml");
    ASSERT_TRUE(server) << server.error().explanation();
    EXPECT_FALSE((*server)->can(Action::restart));
    EXPECT_EQ((*server)->management_service()->id, "https");
}

TEST(GenericFamilies, keep_secrets_off_command_lines) {
    auto const text = changed(example("gateway.toml"), "gateway certificate install /tmp/gateway-upload.pem", "gateway certificate {key}");
    EXPECT_THAT(problems_of(text), Contains(HasSubstr("{key} cannot stand on a command line")));
}

TEST(GenericFamilies, quote_their_values_themselves) {
    for (auto const* wrong :
         {"gateway http \\\"{value}\\\"", "gateway http '{value}'", "gateway http `echo {value}`", "gateway http \\\\{value}"})
        EXPECT_THAT(problems_of(changed(example("gateway.toml"), "gateway http {value}", wrong)),
                    Contains(HasSubstr("stands inside of quotes")))
            << wrong;
    EXPECT_THAT(problems_of(changed(example("gateway.toml"), "gateway http {value}", "gateway http $(echo {value})")), IsEmpty());
}

TEST(GenericFamilies, are_told_of_all_problems_at_once) {
    auto text = changed(example("gateway.toml"), "service = \"ssh\"", "service = \"nothing\"");
    text = changed(std::move(text), "\"system.software\" = '^Software: (\\S+)$', ", "");
    text = changed(std::move(text), "setting = \"system.name\"", "setting = \"system.nome\"");
    auto const problems = problems_of(text);
    EXPECT_THAT(problems, Contains(HasSubstr("there is no service nothing")));
    EXPECT_THAT(problems, Contains(HasSubstr("system.software is not read")));
    EXPECT_THAT(problems, Contains(HasSubstr("there is no setting system.nome")));
}

TEST(GenericFamilies, name_hooks_and_no_paths) {
    for (auto const* wrong : {"../evil", "/bin/sh", ".hidden", ""})
        EXPECT_THAT(problems_of(changed(example("web-server.toml"), "nginx.py", wrong)), ::testing::Not(IsEmpty())) << wrong;
    EXPECT_THAT(problems_of(changed(example("web-server.toml"), "[\"read\", ", "[")), Contains(HasSubstr("read is missing")));
    EXPECT_THAT(problems_of(changed(example("web-server.toml"), "driver = \"hook\"", "driver = \"xapi\"")),
                Contains(HasSubstr("need each other")));
}

TEST(Commands, hold_values_as_one_word_whatever_they_are) {
    auto const command = [](std::string_view value) {
        return *fill_command("set {value} {{x}}", {{"value", std::string(value)}}, Quoting::posix);
    };
    EXPECT_EQ(command("on"), "set 'on' {x}");
    EXPECT_EQ(command("it's; $(rm -rf /) `x` \"y\" \\"), "set 'it'\\''s; $(rm -rf /) `x` \"y\" \\' {x}");
    EXPECT_EQ(command(""), "set '' {x}");
    EXPECT_EQ(command("-3"), "set '-3' {x}");
    EXPECT_EQ(command("{value}"), "set '{value}' {x}");
}

TEST(Commands, refuse_values_that_could_be_more_than_values) {
    auto const refused = [](std::string_view value, Quoting quoting) {
        return !fill_command("set {value}", {{"value", std::string(value)}}, quoting);
    };
    for (auto const* value : {"a\nb", "a\rb", "\x1b[2J", "--force", "-x"}) {
        EXPECT_TRUE(refused(value, Quoting::posix)) << value;
        EXPECT_TRUE(refused(value, Quoting::none)) << value;
    }
    for (auto const* value : {"", "a b", "a;b", "a'b", "$x", "a|b", "*"}) EXPECT_TRUE(refused(value, Quoting::none)) << value;
    EXPECT_FALSE(refused("10.0.0.1:443/x", Quoting::none));
}

}  // namespace
}  // namespace countersign::family
