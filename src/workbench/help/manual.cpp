#include "base/text.hpp"
#include "workbench/help/description.hpp"

namespace countersign::workbench {
namespace {

/// Text for a line of man(7): nothing of it is taken for a request, and hyphens of options can be copied.
std::string roff(std::string_view text) {
    std::string out = replace_all(replace_all(std::string(text), "\\", "\\e"), "-", "\\-");
    // Each line break of a description begins a new line here as well.
    std::string safe;
    for (auto const line : split(out, '\n')) {
        if (!safe.empty()) safe += "\n.br\n";
        bool const request = line.starts_with('.') || line.starts_with('\'');
        safe += (request ? "\\&" : "") + std::string(line);
    }
    return safe;
}

std::string title(std::string const& name, std::string_view text) {
    // .TH has no date: the same program makes the same page on every day.
    return ".TH " + to_upper(roff(name)) + " 1 \"\" \"Countersign\" \"Countersign\"\n.SH NAME\n" + roff(name) + " \\- " +
           roff(std::string_view(text).substr(0, text.find('\n'))) + "\n";
}

std::string synopsis(CommandDescription const& command) {
    std::string out = ".B countersign " + roff(command.path) + "\n";
    for (auto const& one : command.options) {
        if (one.positional) {
            out +=
                (one.required ? "\\fI" + roff(one.name) + "\\fR" : "[\\fI" + roff(one.name) + "\\fR]") + (one.repeated ? " ...\n" : "\n");
        } else if (one.required) {
            out += "\\fB" + roff(one.name) + "\\fR \\fI" + roff(one.value) + "\\fR\n";
        }
    }
    if (!command.commands.empty()) out += "\\fICOMMAND\\fR\n";
    out += "[\\fIOPTIONS\\fR]\n";
    return out;
}

std::string entry(OptionDescription const& option) {
    std::string heading = option.positional ? "\\fI" + roff(option.name) + "\\fR" : "\\fB" + roff(option.name) + "\\fR";
    if (!option.short_name.empty()) heading = "\\fB" + roff(option.short_name) + "\\fR, " + heading;
    if (option.takes_value() && !option.positional) heading += " \\fI" + roff(option.value) + "\\fR";
    std::string out = ".TP\n" + heading + "\n" + roff(option.text);
    if (!option.choices.empty()) out += " (one of: " + roff(join(option.choices, ", ")) + ")";
    if (!option.fallback.empty()) out += " (default: " + roff(option.fallback) + ")";
    if (option.required) out += " (required)";
    return out + "\n";
}

std::string entries(CommandDescription const& command) {
    std::string out;
    for (auto const& one : command.options) {
        if (one.name != "--help" && one.name != "--help-all") out += entry(one);
    }
    return out;
}

constexpr std::string_view k_common =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nIt is done, or it holds.\n"
    ".TP\n.B 1\nThe command line or the input is wrong; nothing was changed.\n"
    ".TP\n.B 2\nThe answer is no: it does not hold. Findings are printed.\n"
    ".TP\n.B 3\nIt could not be done.\n"
    ".SH SEE ALSO\n";

/// One section for each command below, however deep.
std::string sections(CommandDescription const& group) {
    std::string out;
    for (auto const& command : group.commands) {
        out += ".SS " + roff(command.path) + "\n" + synopsis(command) + ".PP\n" + roff(command.text) + ".\n" + entries(command);
        out += sections(command);
    }
    return out;
}

std::string group_page(CommandDescription const& group) {
    std::string out = title("countersign-" + group.name, group.text) + ".SH SYNOPSIS\n" + synopsis(group);
    out += ".SH DESCRIPTION\n" + roff(group.text) + ".\nEvery command takes\n.BR \\-\\-json .\n";
    if (auto const own = entries(group); !own.empty()) out += ".SH OPTIONS\n" + own;
    if (!group.commands.empty()) out += ".SH COMMANDS\n";
    return out + sections(group) + std::string(k_common) + ".BR countersign (1)\n";
}

std::string main_page(CommandDescription const& program) {
    std::string out = title("countersign", "certificate work, and the client of the manager") + ".SH SYNOPSIS\n.B countersign\n" +
                      "\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n" + roff(program.text) + "\n.SH COMMANDS\n";
    for (auto const& one : program.commands)
        out += ".TP\n\\fB" + roff(one.name) + "\\fR\n" + roff(one.text) + "; see\n.BR countersign\\-" + roff(one.name) + " (1)\n";
    out += ".SH OPTIONS\nThey stand before or after the command.\n" + entries(program);
    out +=
        ".SH ENVIRONMENT\n"
        ".TP\n.B COUNTERSIGN_CONFIG\nFile with the manager's address and token.\n"
        ".TP\n.B COUNTERSIGN_URL, COUNTERSIGN_ADDRESS, COUNTERSIGN_CA, COUNTERSIGN_PIN, COUNTERSIGN_TOKEN\nIn the place of that file.\n"
        ".TP\n.B SSL_CERT_FILE\nWhat \\fBcert trusted \\-\\-host\\-store\\fR takes for the roots of this host.\n"
        ".TP\n.B NO_COLOR\nNo colours on a terminal.\n";
    out += k_common;
    for (std::size_t i = 0; i < program.commands.size(); ++i)
        out += ".BR countersign\\-" + roff(program.commands[i].name) + " (1)" + (i + 1 < program.commands.size() ? "," : "") + "\n";
    return out;
}

}  // namespace

std::vector<ManualPage> manual_pages(CommandDescription const& program) {
    std::vector<ManualPage> out{{.file = "countersign.1", .text = main_page(program)}};
    for (auto const& group : program.commands) out.push_back({.file = "countersign-" + group.name + ".1", .text = group_page(group)});
    return out;
}

}  // namespace countersign::workbench
