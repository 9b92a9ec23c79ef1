#include "base/text.hpp"
#include "workbench/help/description.hpp"

namespace countersign::workbench {
namespace {

/// For between single quotes.
std::string quoted(std::string text) { return replace_all(std::move(text), "'", "'\\''"); }

std::string spaced(std::vector<std::string> const& words) { return join(words, " "); }

/// Options of a command with those of the program, which every command takes.
std::vector<OptionDescription> options_of(CommandDescription const& program, CommandDescription const& command) {
    std::vector<OptionDescription> out = command.options;
    for (auto const& one : program.options) {
        bool const there = std::ranges::any_of(out, [&](OptionDescription const& own) { return own.name == one.name; });
        if (&program != &command && !there) out.push_back(one);
    }
    return out;
}

std::vector<std::string> names_of(std::vector<CommandDescription> const& commands) {
    std::vector<std::string> out;
    for (auto const& one : commands) out.push_back(one.name);
    return out;
}

/// "'key'|'key new'|...": every command there is, as a shell pattern.
std::string pattern_of_all(CommandDescription const& program) {
    std::string out;
    for (auto const* command : flattened(program)) {
        if (!command->path.empty()) out += (out.empty() ? "'" : "|'") + command->path + "'";
    }
    return out;
}

/// Choices of the first positional, when it has some.
std::vector<std::string> positional_choices(CommandDescription const& command) {
    for (auto const& one : command.options) {
        if (one.positional && !one.choices.empty()) return one.choices;
    }
    return {};
}

std::string bash(CommandDescription const& program) {
    std::string values;
    std::string words;
    for (auto const* command : flattened(program)) {
        std::vector<std::string> options;
        for (auto const& one : options_of(program, *command)) {
            if (one.positional || one.name.empty()) continue;
            options.push_back(one.name);
            if (!one.takes_value()) continue;
            auto const answer = one.choices.empty() ? std::string("files=yes") : "choices='" + quoted(spaced(one.choices)) + "'";
            values += "        '" + command->path + " " + one.name + "') " + answer + " ;;\n";
        }
        auto const inner = command->commands.empty() ? positional_choices(*command) : names_of(command->commands);
        words += "        '" + command->path + "') options='" + spaced(options) + "' inner='" + quoted(spaced(inner)) + "' ;;\n";
    }
    return "# bash completion for countersign, made by `countersign completion bash`.\n"
           "# Put it into ~/.local/share/bash-completion/completions/countersign, or source it.\n"
           "_countersign() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    local command='' options='' inner='' choices='' files='' word i\n"
           "    for ((i = 1; i < COMP_CWORD; ++i)); do\n"
           "        word=${COMP_WORDS[i]}\n"
           "        case \"${command:+$command }$word\" in\n"
           "        " +
           pattern_of_all(program) +
           ") command=\"${command:+$command }$word\" ;;\n"
           "        esac\n"
           "    done\n"
           "    case \"$command $previous\" in\n" +
           values +
           "    esac\n"
           "    case \"$command\" in\n" +
           words +
           "    esac\n"
           "    if [[ -n $choices ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$current\")\n"
           "    elif [[ -z $files && $current == -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
           "    elif [[ -z $files && -n $inner ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$inner\" -- \"$current\")\n"
           "    else\n"
           "        compopt -o filenames 2>/dev/null\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
           "    fi\n"
           "}\n"
           "complete -F _countersign countersign\n";
}

/// "'name:text'" for _describe.
std::string zsh_item(std::string const& name, std::string const& text) {
    return " '" + quoted(replace_all(name, ":", "\\:")) + ":" + quoted(text) + "'";
}

std::string zsh(CommandDescription const& program) {
    std::string values;
    std::string words;
    for (auto const* command : flattened(program)) {
        std::string options;
        std::string inner;
        for (auto const& one : options_of(program, *command)) {
            if (one.positional || one.name.empty()) continue;
            options += zsh_item(one.name, one.text);
            if (!one.takes_value()) continue;
            auto const answer = one.choices.empty() ? std::string("_files; return") : "compadd -- " + spaced(one.choices) + "; return";
            values += "        '" + command->path + " " + one.name + "') " + answer + " ;;\n";
        }
        for (auto const& one : command->commands) inner += zsh_item(one.name, one.text);
        for (auto const& one : command->commands.empty() ? positional_choices(*command) : std::vector<std::string>())
            inner += zsh_item(one, "");
        words += "        '" + command->path + "') options=(" + options + " ) inner=(" + inner + " ) ;;\n";
    }
    return "#compdef countersign\n"
           "# zsh completion for countersign, made by `countersign completion zsh`.\n"
           "# Put it into a folder of $fpath as _countersign.\n"
           "_countersign() {\n"
           "    local command='' word i\n"
           "    local -a options inner\n"
           "    for ((i = 2; i < CURRENT; ++i)); do\n"
           "        word=${words[i]}\n"
           "        case \"${command:+$command }$word\" in\n"
           "        " +
           pattern_of_all(program) +
           ") command=\"${command:+$command }$word\" ;;\n"
           "        esac\n"
           "    done\n"
           "    case \"$command ${words[CURRENT-1]}\" in\n" +
           values +
           "    esac\n"
           "    case \"$command\" in\n" +
           words +
           "    esac\n"
           "    if [[ ${words[CURRENT]} == -* ]]; then\n"
           "        _describe option options\n"
           "    elif (( $#inner )); then\n"
           "        _describe command inner\n"
           "    else\n"
           "        _files\n"
           "    fi\n"
           "}\n"
           "_countersign \"$@\"\n";
}

std::string fish_quoted(std::string text) { return "'" + replace_all(replace_all(std::move(text), "\\", "\\\\"), "'", "\\'") + "'"; }

std::string fish(CommandDescription const& program) {
    std::string paths;
    std::string rules;
    for (auto const* command : flattened(program)) {
        if (!command->path.empty()) paths += " " + fish_quoted(command->path);
        auto const here = "complete -c countersign -n " + fish_quoted("__countersign_at " + fish_quoted(command->path));
        for (auto const& one : command->commands) rules += here + " -f -a " + fish_quoted(one.name) + " -d " + fish_quoted(one.text) + "\n";
        for (auto const& one : command->commands.empty() ? positional_choices(*command) : std::vector<std::string>())
            rules += here + " -f -a " + fish_quoted(one) + "\n";
        for (auto const& one : options_of(program, *command)) {
            if (one.positional || one.name.empty()) continue;
            rules += here + " -l " + fish_quoted(one.name.substr(2));
            if (one.takes_value()) rules += one.choices.empty() ? " -r -F" : " -x -a " + fish_quoted(spaced(one.choices));
            rules += " -d " + fish_quoted(one.text) + "\n";
        }
    }
    return "# fish completion for countersign, made by `countersign completion fish`.\n"
           "# Put it into ~/.config/fish/completions/countersign.fish.\n"
           "function __countersign_at\n"
           "    set -l command ''\n"
           "    for word in (commandline -opc)[2..-1]\n"
           "        set -l longer (string trim -- \"$command $word\")\n"
           "        if contains -- $longer" +
           paths +
           "\n"
           "            set command $longer\n"
           "        end\n"
           "    end\n"
           "    test \"$command\" = \"$argv[1]\"\n"
           "end\n" +
           rules;
}

}  // namespace

std::string completion_script(CommandDescription const& program, std::string_view shell) {
    if (shell == "zsh") return zsh(program);
    return shell == "fish" ? fish(program) : bash(program);
}

}  // namespace countersign::workbench
