#pragma once

/// What all spellings of the xAPI (terminal text, XML) share: paths with values, command calls and their results.

#include "dialect/xml.hpp"
#include "family/family.hpp"

#include <string>
#include <vector>

namespace countersign::dialect::xapi {

/// One leaf. The path is words and items: "Network 1 DNS Server 1 Address".
struct PathValue {
    std::string path;
    std::string value;
    bool operator==(PathValue const&) const = default;
};

/// A leaf with what is known of its type.
struct TypedValue {
    std::string path;
    std::string value;
    bool number = false;  ///< a whole number in decimal; what does not parse as one stays a text
    bool operator==(TypedValue const&) const = default;
};

/// A call as it came in; nothing is checked yet but the path. Use family::Command::check on the arguments.
struct CommandCall {
    std::string path;    ///< in the family's spelling when `known`, otherwise as it came
    bool known = false;  ///< the family has this command
    std::vector<family::Argument> arguments;
    std::string body;  ///< multi-line argument
    bool operator==(CommandCall const&) const = default;
};

enum class Outcome { ok, error, parameter_error };

struct CommandResult {
    std::string name = "Result";  ///< element name: family::Command::result; "Result" for an unknown command
    Outcome outcome = Outcome::ok;
    std::string reason;  ///< "Unknown command", "Illegal value"
    std::string xpath;
    std::vector<XmlElement> values;  ///< below the result
    bool operator==(CommandResult const&) const = default;
};

/// The words that systems use for errors of the catalogue: DEV-001 "No match on address expression", DEV-002 "Illegal value",
/// DEV-003 "Unknown command", DEV-004 "Missing or invalid parameter"; others their own message.
std::string reason_for(Error const& error);
/// DEV-004 and DEV-002 give parameter_error, everything else error.
CommandResult result_for(Error const& error, std::string_view result_name);

/// "Network 1 DNS" -> elements with item attributes. Leaves of one list stay together.
/// `root` is "Status" or "Configuration" ...
XmlElement build_tree(std::string_view root, std::vector<PathValue> const& leaves);
/// The reverse: every element without children, items as numbers. item="1" is kept only where `known_paths` (or a sibling
/// with another item) shows that it is a list: old systems write item="1" on everything.
std::vector<PathValue> flatten(XmlElement const& root, std::vector<std::string> const& known_paths = {});
/// Paths of all settings, or of all status items, of a family.
std::vector<std::string> setting_paths(family::Family const& family);
std::vector<std::string> status_paths(family::Family const& family);

/// A subset of XPath: words parted by '/', with or without leading '/', '//' for any depth, "[3]" or "[@item='3']", '*'.
struct Location {
    struct Step {
        std::string name;  ///< "*": any
        int item = 0;      ///< 0: any
        bool any_depth = false;
    };
    std::vector<Step> steps;
};
/// DEV-001 for what is not of that form, is longer than 1,000 characters, or has more than 32 steps.
Result<Location> parse_location(std::string_view text);
/// The part of the document that the location names, with its ancestors; the root alone when nothing matches.
XmlElement select(XmlElement const& document, Location const& location);
/// The location touches the path, as feedback expressions do: "/Status/SystemUnit" matches "Status SystemUnit Uptime".
/// `path` begins with the root's name.
bool touches(Location const& location, std::string_view path);

}  // namespace countersign::dialect::xapi
