#include "base/text.hpp"
#include "workbench/commands.hpp"
#include "workbench/help/description.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::workbench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A program small enough to be read here.
struct Example {
    CLI::App app{"Does things.\nReally."};
    std::string to, file;
    bool force = false;
    std::vector<std::string> files;

    Example() {
        app.name("countersign");
        app.add_flag("--json", force, "Print JSON");
        auto* cert = app.add_subcommand("cert", "Certificates");
        auto* convert = cert->add_subcommand("convert", "Convert; don't worry");
        convert->add_option("files", files, "Files")->required();
        convert->add_option("--to", to, "Form: one of two")->check(CLI::IsMember({"pem", "der"}))->required();
        convert->add_option("--out", file, ".dot at the begin");
        convert->add_flag("--force", force, "Replace \\ overwrite");
    }
    CommandDescription described() { return describe(app); }
};

OptionDescription const& option(CommandDescription const& command, std::string const& name) {
    return *std::ranges::find(command.options, name, &OptionDescription::name);
}

TEST(Description, is_what_the_command_line_takes) {
    Example example;
    auto const program = example.described();
    ASSERT_THAT(program.commands, SizeIs(1));
    auto const& convert = program.commands[0].commands.at(0);
    EXPECT_EQ(convert.path, "cert convert");
    EXPECT_THAT(option(convert, "--to").choices, ElementsAre("pem", "der"));
    EXPECT_TRUE(option(convert, "--to").required);
    EXPECT_TRUE(option(convert, "--out").takes_value());
    EXPECT_THAT(option(convert, "--out").choices, IsEmpty());
    EXPECT_FALSE(option(convert, "--force").takes_value());
    EXPECT_TRUE(option(convert, "FILES").positional);
    EXPECT_TRUE(option(convert, "FILES").repeated);
}

TEST(ManualPages, have_every_command_and_option_of_the_program) {
    Context context;
    auto const app = make_application(context);
    auto const program = describe(*app);
    auto const pages = manual_pages(program);
    EXPECT_THAT(pages, SizeIs(program.commands.size() + 1));
    std::string all;
    for (auto const& page : pages) all += page.text;
    for (auto const* command : flattened(program)) {
        for (auto const& one : command->options) {
            if (one.name.starts_with("--help")) continue;
            EXPECT_THAT(all, HasSubstr(replace_all(one.name, "-", "\\-"))) << command->path;
        }
        EXPECT_THAT(all, HasSubstr(replace_all(command->path, "-", "\\-")));
    }
}

TEST(ManualPages, let_no_description_become_a_request_of_roff) {
    Example example;
    auto const pages = manual_pages(example.described());
    EXPECT_THAT(pages.at(1).text, HasSubstr("\n\\&.dot at the begin"));
    EXPECT_THAT(pages.at(1).text, HasSubstr("Replace \\e overwrite"));
}

TEST(Completion, quotes_what_shells_would_read) {
    Example example;
    auto const program = example.described();
    EXPECT_THAT(completion_script(program, "zsh"), HasSubstr("'--to:Form: one of two'"));
    EXPECT_THAT(completion_script(program, "zsh"), HasSubstr("'convert:Convert; don'\\''t worry'"));
    EXPECT_THAT(completion_script(program, "fish"), HasSubstr("-d 'Convert; don\\'t worry'"));
    EXPECT_THAT(completion_script(program, "fish"), HasSubstr("-d 'Replace \\\\ overwrite'"));
    EXPECT_THAT(completion_script(program, "bash"), HasSubstr("'cert convert --to') choices='pem der'"));
}

TEST(Completion, knows_every_command_of_the_program) {
    Context context;
    auto const app = make_application(context);
    auto const program = describe(*app);
    for (auto const* shell : {"bash", "zsh", "fish"}) {
        auto const script = completion_script(program, shell);
        for (auto const* command : flattened(program)) EXPECT_THAT(script, HasSubstr("'" + command->path + "'")) << shell;
    }
}

}  // namespace
}  // namespace countersign::workbench
