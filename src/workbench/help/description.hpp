#pragma once

/// The command line as data, read from the tree of CLI11: what completion and manual pages are written from, so that neither can
/// say something else than the program does.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace countersign::workbench {

struct OptionDescription {
    std::string name;        ///< "--type"; of a positional "FILES"
    std::string short_name;  ///< "-h", or empty
    std::string text;
    std::string value;                 ///< "TEXT", "INT"; empty: a flag
    std::string fallback;              ///< the default, or empty
    std::vector<std::string> choices;  ///< empty: anything
    std::string group;
    bool positional = false;
    bool required = false;
    bool repeated = false;
    [[nodiscard]] bool takes_value() const { return !value.empty(); }
};

struct CommandDescription {
    std::string path;  ///< "cert verify"; empty: the program itself
    std::string name;  ///< "verify"
    std::string text;
    std::vector<OptionDescription> options;
    std::vector<CommandDescription> commands;
};

CommandDescription describe(CLI::App const& app);

/// The command and all below it, in the order of the help.
std::vector<CommandDescription const*> flattened(CommandDescription const& command);

/// "bash", "zsh" or "fish".
std::string completion_script(CommandDescription const& program, std::string_view shell);

struct ManualPage {
    std::string file;  ///< "countersign-cert.1"
    std::string text;
};
/// One page for the program and one for each group of commands (man(7) macros).
std::vector<ManualPage> manual_pages(CommandDescription const& program);

}  // namespace countersign::workbench
