#pragma once

/// How a session of the dataport is answered. What is said is the same in all of them: Dataport (device) decides that and knows no
/// form. Here stand the forms: *modern* text for people (C-series and later), *classic* text (MXP, MPS, VCS), XML and JSON for
/// programs; a family has the first or the second, `xPreferences` chooses. All text ends with LF.

#include "dialect/xapi.hpp"
#include "dialect/xapi_xml.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::xapi {

enum class OutputMode { terminal, xml, json };

/// What `xPreferences` changes; it belongs to one session. All but `mode` are of the classic style (protocols 2.2).
struct Preferences {
    OutputMode mode = OutputMode::terminal;
    bool xpath_write = true;     ///< "//" and shortened paths may stand where a value is set
    int detail_level = 2;        ///< 1: of status, only the first two levels below an element
    bool item_numbers = false;   ///< also where there is one item only
    bool complete_path = false;  ///< every line of status begins with its whole path
    bool xml_configuration_feedback = false;
    bool xml_status_feedback = false;
    bool xml_command_result = false;
    bool operator==(Preferences const&) const = default;
};

/// `outputmode xml` and its like, names and values shortened or not. DEV-002 for a value, DEV-012 for a name that the family's style
/// does not have, DEV-031. Nothing changes then.
Result<void> set_preference(Preferences& preferences, std::string_view name, std::string_view value, family::Family const& family);
/// "xpreferences xpathwrite <on/off>", one form a line.
std::vector<std::string> preference_usage(family::Family const& family);
/// Names, or the values of the preference that `name` stands for.
std::vector<std::string> preference_words(std::string_view name, family::Family const& family);

enum class Root { configuration, status, event };
std::string_view to_string(Root root);  ///< "Configuration", "Status", "Event"

/// `result_id` is that of the request, empty when it had none.
class Writer {
public:
    virtual ~Writer() = default;

    /// To echo, xPreferences, syslog and their like: it was done.
    [[nodiscard]] virtual std::string done(std::string_view result_id) const = 0;
    /// To a change of the session's feedback expressions.
    [[nodiscard]] virtual std::string registered(std::string_view result_id) const = 0;
    /// The change was taken. Warnings name what it still needs (REQ TRU-4).
    [[nodiscard]] virtual std::string setting_taken(PathValue const& setting, std::vector<Error> const& warnings,
                                                    std::string_view result_id) const = 0;
    /// The change of this setting was refused.
    [[nodiscard]] virtual std::string setting_refused(std::string_view path, Error const& error, std::string_view result_id) const = 0;
    [[nodiscard]] virtual std::string settings(std::vector<PathValue> const& values, std::string_view result_id) const = 0;
    [[nodiscard]] virtual std::string status(std::vector<PathValue> const& values, std::string_view result_id) const = 0;
    [[nodiscard]] virtual std::string result(CommandResult const& result, std::string_view result_id) const = 0;
    /// `verb` is that of the request ("xConfiguration"), empty when there was none.
    [[nodiscard]] virtual std::string error(Error const& error, std::string_view verb, std::string_view result_id) const = 0;
    /// Text for people: help, lists.
    [[nodiscard]] virtual std::string lines(std::vector<std::string> const& lines, std::string_view result_id) const = 0;
    /// The session's feedback expressions, in the order of their numbers.
    [[nodiscard]] virtual std::string expressions(std::vector<std::string> const& expressions, std::string_view result_id) const {
        std::vector<std::string> shown;
        for (auto const& one : expressions) shown.push_back("*xf " + one);
        return lines(shown, result_id);
    }
    /// The answer to xGetxml: an XML document, in JSON mode as a text.
    [[nodiscard]] virtual std::string document(XmlElement const& root, std::string_view result_id) const = 0;

    // --- what nobody asked for at that moment ---

    /// Something changed that the session registered for. `removed` are list items that are gone: "Call 2".
    [[nodiscard]] virtual std::string feedback(Root root, std::vector<PathValue> const& values,
                                               std::vector<std::string> const& removed) const = 0;
    /// One line of syslog. Empty where the form has no place for it.
    [[nodiscard]] virtual std::string note(std::string_view line) const = 0;
};

/// Null for a mode that the family does not have. `family` must outlive it.
std::unique_ptr<Writer const> make_writer(family::Family const& family, Preferences const& preferences);
/// The form for OutputMode::json (xapi_json_writer.cpp).
std::unique_ptr<Writer const> make_json_writer(family::Family const& family);

}  // namespace countersign::dialect::xapi
