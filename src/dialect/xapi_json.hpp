#pragma once

/// The xAPI as JSON: what a session of the dataport prints after `xPreferences outputmode json` (protocols 1.4), and the trees that
/// JSON-RPC answers hold (xapi_rpc.hpp).
///
/// Two forms of one tree. *Terminal*: every leaf is {"Value": "50"}, every item {"id": "1", ...}. *Plain*: a leaf is its value, a number
/// where the system knows it to be one, and items have "id": 1. Everything that is written is one object on one line, UTF-8.

#include "dialect/xapi.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::xapi {

namespace json = boost::json;

enum class JsonForm { terminal, plain };

/// "Network 1 DNS" -> {"Network": [{"id": "1", "DNS": ...}]}. Words become keys as they are spelt; of equal paths the last counts.
json::object json_tree(std::vector<TypedValue> const& leaves, JsonForm form);
/// What stands below an element: names become keys, elements with `item` or with the same name lists.
json::object json_below(XmlElement const& element, JsonForm form);

/// What configuration values are, from their value spaces. Passwords read back as "***" and "".
std::vector<TypedValue> typed_settings(family::Family const& family, std::vector<PathValue> const& values);

/// The value spaces and parameters of everything below `root` ("Configuration", "Command", "Status") as xDocument gives them.
json::object json_schema(family::Family const& family, std::string_view root);

// --- answers of a session; all end with LF ---

/// {"Status": {...}, "ResultId": "1"}
std::string format_json_tree(std::string_view root, std::vector<TypedValue> const& leaves, std::string_view result_id);
/// {"ResultId": "2"}: a change or a registration that was carried out. `warnings` stand at the setting that was changed (ours).
std::string format_json_done(std::string_view result_id, std::string_view path = {}, std::string_view value = {},
                             std::vector<std::string> const& warnings = {});
/// {"CommandResponse": {"CAAddResult": {"status": "OK", ...}}, "ResultId": "4"}
std::string format_json_result(CommandResult const& result, std::string_view result_id);
/// A setting that was not taken: {"Configuration": {... "DefaultVolume": {"error": "True", "Value": "Illegal value"}}, "ResultId": "10"}.
std::string format_json_refusal(std::string_view path, Error const& error, std::string_view result_id);
/// In the style of the verb: {"Status": {"status": "Error", "Reason": {"Value": ...}, "XPath": {"Value": "Status/Wrong"}}}.
std::string format_json_error(Error const& error, std::string_view verb, std::string_view result_id);
/// Expressions of a session, and any other lines: {"Result": {"Line": [...]}, "ResultId": "3"} (ours; the terminal form is for people).
std::string format_json_lines(std::vector<std::string> const& lines, std::string_view result_id);
/// Feedback: the changed leaves below "Status", "Configuration" or "Event"; without ResultId.
std::string format_json_feedback(std::string_view root, std::vector<TypedValue> const& leaves);

}  // namespace countersign::dialect::xapi
