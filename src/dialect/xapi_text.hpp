#pragma once

/// The dataport: lines of a terminal over Telnet, SSH or a serial line (protocols 1.3; REQ DPT-1). Words are taken without
/// case and may be shortened as long as they stay unambiguous. The codec keeps no state: echo, output mode and
/// feedback registrations belong to the session, the value of a setting to the agent.
/// Lines end with LF; a door that has a pseudo terminal turns it into CR LF.

#include "dialect/xapi.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::dialect::xapi {

/// A line may not be longer (bytes).
inline constexpr std::size_t k_max_line = 8192;

struct EmptyLine {};
/// xConfiguration path: value
struct SetSetting {
    std::string path;  ///< the family's spelling; not checked further
    std::string value;
    bool searched = false;  ///< the path was found by "//" (Preferences::xpath_write)
};
/// xConfiguration [path]: everything below, in the order of the family file.
struct GetSettings {
    std::vector<std::string> paths;
};
/// xStatus [path]
struct GetStatus {
    std::string path;                ///< as typed, words completed where the family knows them; may be empty
    std::vector<std::string> items;  ///< not empty: paths of the family's items ("HttpFeedback {n} URL") that are meant instead
};
struct CallCommand {
    CommandCall call;
    bool body_follows = false;  ///< the lines up to one that is "." are the body
};
/// xFeedback register|deregister|list
struct Feedback {
    enum class Kind { register_expression, deregister_expression, deregister_all, list } kind = Kind::list;
    std::string expression;  ///< of deregister also the number in the list
};
/// xPreferences name value
struct Preference {
    std::string name;
    std::string value;
};
/// xHistory, xDirectory: the family's documents that are neither status nor configuration (protocols 2.1).
struct GetDocument {
    std::string root;  ///< "History"
    std::string path;  ///< below it, as typed; empty: all
};
/// xGetxml location
struct GetXml {
    std::string location;
};
/// xEvent [path]: which events there are.
struct ListEvents {
    std::string path;
};
/// A line that ends with '?', "help", or a bare verb that needs more.
struct Help {
    std::vector<std::string> lines;  ///< ready to print
};
struct Echo {
    bool on = true;
};
/// syslog on|off (REQ TRU-6)
struct Syslog {
    bool on = true;
};
/// certificate <list>/<del> [<cert/root>] (REQ CRT-7)
struct CertificateWord {
    enum class What { both, server, root } what = What::both;
    bool remove = false;
};
/// services <service> <enable/disable/read-only> [port] (protocols 2.2)
struct SwitchService {
    std::string service;  ///< family::Service::id
    std::string value;    ///< "on", "off", "read-only"
    std::string port;     ///< decimal, or empty
};
/// ippassword <password>
struct ChangePassword {
    std::string password;
};
/// status | static A <address> <mask> [gateway] | dhcp A | reset_config (docs/dialects.md, "Words of a serial console")
struct ConsoleWord {
    enum class What { status, fixed_address, dhcp, reset } what = What::status;
    std::string address;  ///< IPv4, dotted, like the other two
    std::string mask;
    std::string gateway;  ///< may be empty
};
struct Bye {};

struct TextRequest {
    std::variant<EmptyLine, SetSetting, GetSettings, GetStatus, CallCommand, Feedback, Preference, GetDocument, GetXml, ListEvents, Help,
                 Echo, Syslog, CertificateWord, SwitchService, ChangePassword, ConsoleWord, Bye>
        what;
    std::string verb;       ///< "xConfiguration", "xCommand", "xStatus", ...: names the style of an error
    std::string result_id;  ///< of `| resultId="7"`; repeated in the answer
};

/// DEV-001 (unknown path), DEV-003 (unknown command), DEV-004 (unknown parameter), DEV-012 (not a command line), DEV-031 (a word that may
/// stand for several).
Result<TextRequest> parse_line(std::string_view line, family::Family const& family);
/// The verb that the line would have, completed; empty when there is none. For errors of lines that do not parse.
std::string verb_of(std::string_view line, family::Family const& family);
std::string result_id_of(std::string_view line);
/// Words that may stand where `line` ends, for a person who asks by a key: whole words that begin as the last one does. Sorted as the
/// family lists them; at most 200. Pure: may be called on any thread.
std::vector<std::string> complete_line(std::string_view line, family::Family const& family);

// --- answers of a system; all end with their last LF ---

/// "Welcome to ...", up to the first OK.
std::string format_welcome(std::string_view system_name, family::Family const& family, std::string_view software);
std::string format_ok();
/// The answer to SetSetting: "** end", blank line, OK.
std::string format_set_done(std::string_view result_id = {});
/// "*c xConfiguration SystemUnit Name: "x"" lines. Strings are quoted, literals and integers are not; passwords show "***".
std::string format_settings(family::Family const& family, std::vector<PathValue> const& values, std::string_view result_id = {});
/// "*s SystemUnit ..." lines.
std::string format_status(std::vector<PathValue> const& values, std::string_view result_id = {});
std::string format_command_result(CommandResult const& result, std::string_view result_id = {});
std::string format_help(Help const& help);
/// "*e ..." lines of an event or a change, for sessions with feedback. `kind` 's', 'c' or 'e'.
std::string format_feedback(char kind, std::vector<PathValue> const& values);
/// In the style of the verb, then ERROR. `reason` instead of the error's own words when it is not empty.
std::string format_error(Error const& error, std::string_view verb, std::string_view result_id = {}, std::string_view reason = {});

// --- the other side ---

struct TextAnswer {
    bool ok = true;      ///< OK was seen and no status other than OK
    std::string status;  ///< "OK", "Error", "ParameterError"; empty when the answer carries none
    std::string reason;
    std::vector<PathValue> values;  ///< the path without the leading "*c xConfiguration"
};
/// One answer, up to its closing OK or ERROR. DEV-012 when there is neither.
Result<TextAnswer> parse_answer(std::string_view text);
/// "xConfiguration path: value", quoted and escaped where needed.
std::string write_set(PathValue const& setting);
std::string write_call(CommandCall const& call);

}  // namespace countersign::dialect::xapi
