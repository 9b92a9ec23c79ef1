#include "workbench/help/description.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign::workbench {
namespace {

/// CLI11 writes what may be chosen behind the type: "TEXT:{pem,der}".
void read_type(OptionDescription& out, std::string const& type) {
    auto const colon = type.find(':');
    out.value = type.substr(0, colon);
    auto const open = type.find('{');
    auto const close = type.rfind('}');
    if (open == std::string::npos || close == std::string::npos || close < open) return;
    for (auto const choice : split(std::string_view(type).substr(open + 1, close - open - 1), ',')) out.choices.emplace_back(choice);
}

OptionDescription describe(CLI::Option const& option) {
    OptionDescription out;
    out.positional = option.get_positional();
    if (out.positional) {
        out.name = to_upper(option.get_name(true));
    } else {
        if (!option.get_lnames().empty()) out.name = "--" + option.get_lnames().front();
        if (!option.get_snames().empty()) out.short_name = "-" + option.get_snames().front();
    }
    out.text = option.get_description();
    // A flag expects nothing; its type name is empty or BOOLEAN.
    if (option.get_expected_min() > 0 || out.positional) read_type(out, option.get_type_name());
    if (out.takes_value() || out.positional) out.fallback = option.get_default_str();
    if (out.fallback == "[]" || out.fallback == "\"\"") out.fallback.clear();
    out.group = option.get_group();
    out.required = option.get_required();
    out.repeated = option.get_expected_max() > 1;
    return out;
}

CommandDescription describe(CLI::App const& app, std::string const& path) {
    CommandDescription out{.path = path, .name = app.get_name(), .text = app.get_description(), .options = {}, .commands = {}};
    for (auto const* option : app.get_options()) out.options.push_back(describe(*option));
    for (auto const* command : app.get_subcommands([](CLI::App const*) { return true; }))
        out.commands.push_back(describe(*command, path.empty() ? command->get_name() : path + " " + command->get_name()));
    return out;
}

void add(std::vector<CommandDescription const*>& out, CommandDescription const& command) {
    out.push_back(&command);
    for (auto const& one : command.commands) add(out, one);
}

}  // namespace

CommandDescription describe(CLI::App const& app) { return describe(app, ""); }

std::vector<CommandDescription const*> flattened(CommandDescription const& command) {
    std::vector<CommandDescription const*> out;
    add(out, command);
    return out;
}

}  // namespace countersign::workbench
