#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/help/description.hpp"
#include "workbench/workbench.hpp"

#include <boost/json.hpp>

#include <filesystem>

namespace countersign::workbench {
namespace {

Result<int> write_pages(Output const& output, std::string const& folder) {
    CS_CHECK(host::ensure_folder(folder));
    Context context;
    auto const app = make_application(context);
    json::array written;
    for (auto const& page : manual_pages(describe(*app))) {
        auto const file = std::filesystem::path(folder) / page.file;
        CS_CHECK(host::write_file(file, page.text, host::Privacy::shared));
        written.push_back(json::string(file.string()));
    }
    auto const count = written.size();
    if (!output.value(json::object{{"files", std::move(written)}})) output.line(std::to_string(count) + " pages in " + printable(folder));
    return k_holds;
}

}  // namespace

void add_help_commands(CLI::App& app, Context& context) {
    auto shell = std::make_shared<std::string>();
    auto* completion = app.add_subcommand("completion", "Print the completion script of a shell");
    completion->add_option("shell", *shell, "The shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->callback([&context, shell] {
        context.action = [shell](Output& output) -> int {
            Context own;
            auto const program = make_application(own);
            auto const script = completion_script(describe(*program), *shell);
            if (!output.value(json::object{{"shell", *shell}, {"script", script}})) output.line(script.substr(0, script.size() - 1));
            return k_holds;
        };
    });
    auto folder = std::make_shared<std::string>();
    auto* manual = app.add_subcommand("man", "Write the manual pages");
    manual->add_option("--out-dir", *folder, "Folder for countersign.1 and the pages of each group")->required();
    manual->callback([&context, folder] {
        context.action = [folder](Output& output) -> int {
            auto const code = write_pages(output, *folder);
            return code ? *code : output.error(code.error());
        };
    });
}

}  // namespace countersign::workbench
