#pragma once

/// What a family file says to the drivers that have no protocol of their own (docs/driver-sdk.md): commands over SSH, or a program
/// that is run. Checked as a whole when the file is loaded: templates hold known placeholders only, no secret stands on a command line,
/// and no placeholder stands where quoting could not protect it.

#include "base/pattern.hpp"

#include <array>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::family {

/// What a driver can be asked to do.
enum class Action {
    read,
    apply,
    set_password,
    install_trust,
    install_certificate,
    restart,
    begin_trial,
    confirm_trial,
    cancel_trial,
    register_feedback
};
inline constexpr std::array<std::string_view, 10> k_action_names{
    "read",    "apply",       "set_password",  "install_trust", "install_certificate",
    "restart", "begin_trial", "confirm_trial", "cancel_trial",  "register_feedback"};
constexpr std::string_view name_of(Action action) { return k_action_names[static_cast<std::size_t>(action)]; }

/// How a value becomes part of a command line.
enum class Quoting {
    posix,  ///< in single quotes, as a POSIX shell reads them: nothing in it means anything to the shell
    none    ///< as it stands, and only if it consists of letters, digits and . _ : / @ + , = % -
};

/// Takes something from an answer.
struct Reading {
    std::string fact;     ///< one of known_facts(); or
    std::string setting;  ///< a canonical name
    Pattern pattern;      ///< its group, in each line that fits; for a setting the first line counts
};

/// One command, or one file.
struct SshStep {
    std::string command;  ///< template; empty for a file
    std::string input;    ///< template of what it reads from standard input
    std::string file;     ///< absolute path, replaced whole over SFTP; empty for a command
    std::string content;  ///< template
    unsigned mode = 0600;
    std::vector<Pattern> expect = {};   ///< each fits some line of the answer
    std::vector<int> exit_status = {};  ///< one of these; empty: only 0
    std::chrono::seconds time_limit{30};
    std::vector<Reading> readings = {};  ///< of Action::read
    std::string setting = {};            ///< canonical, of Action::apply
};

struct SshScript {
    std::string service;  ///< id of the service with the door ssh over which the system is managed
    bool public_key = false;
    bool password = false;
    Quoting quoting = Quoting::posix;
    std::map<Action, std::vector<SshStep>> steps;
};

struct HookProgram {
    std::string service;  ///< id of the service whose identity decides whether the program is given secrets
    std::string program;  ///< file name in the folder of hooks
    std::chrono::seconds time_limit{60};
    std::set<Action> actions;
    std::set<std::string, std::less<>> read_only;  ///< settings that it reads and cannot write
};

/// The placeholders that a template of this action may hold; those that are secret stand in `input` and `content` only.
std::vector<std::string_view> placeholders_of(Action action);
bool is_secret_placeholder(std::string_view name);

/// The values of placeholders.
using Values = std::map<std::string, std::string, std::less<>>;
/// `{name}` becomes its value, `{{` and `}}` a brace. For input and files: nothing is quoted.
std::string fill_template(std::string_view text, Values const& values);
/// The same for a command line: every value is quoted or refused (GEN-001): control characters always, and with Quoting::none all that
/// could mean something to anybody. A value that begins with `-` and is no number is refused, too: programs take it for an option.
Result<std::string> fill_command(std::string_view text, Values const& values, Quoting quoting);

}  // namespace countersign::family
