#pragma once

/// The xAPI as XML over HTTP: the bodies of getxml, putxml, formputxml, status.xml and configuration.xml (protocols 1.1, 1.2).
/// Both sides: the agent parses requests and writes answers, the manager writes requests and parses answers.

#include "dialect/xapi.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::dialect::xapi {

/// Attributes of the root element of every document that a system writes.
struct DocumentHeader {
    std::string product;
    std::string version;
    std::string api_version;
    bool operator==(DocumentHeader const&) const = default;
};
DocumentHeader header_of(family::Family const& family);

// --- requests (a body posted to /putxml) ---

struct ConfigurationRequest {
    std::vector<PathValue> settings;  ///< paths in the family's spelling when it knows them, otherwise as they came
};
struct CommandRequest {
    std::vector<CommandCall> calls;
};
using PutRequest = std::variant<ConfigurationRequest, CommandRequest>;

/// Root <Configuration> or <Command>; DEV-008 for any other and for broken XML. At most 1,000 settings or 100 calls.
Result<PutRequest> parse_put(std::string_view xml, family::Family const& family);
/// The settings inside a <Configuration> element (also the one in an external manager's answer).
std::vector<PathValue> settings_of(XmlElement const& configuration, family::Family const& family);
/// The calls inside a <Command> element.
std::vector<CommandCall> calls_of(XmlElement const& command, family::Family const& family);

std::string write_configuration_request(std::vector<PathValue> const& settings);
XmlElement configuration_element(std::vector<PathValue> const& settings);
std::string write_command_request(std::vector<CommandCall> const& calls);
XmlElement command_element(std::vector<CommandCall> const& calls);

// --- answers ---

struct SettingProblem {
    std::string path;
    std::string reason;
    bool operator==(SettingProblem const&) const = default;
};
/// <Configuration><Success/></Configuration>, or one <Error> for each problem.
std::string write_configuration_answer(std::vector<SettingProblem> const& problems);
/// The problems that a system reported; empty: it took everything. DEV-008.
Result<std::vector<SettingProblem>> parse_configuration_answer(std::string_view xml);

/// All results in one <Command>, in the order of the calls.
std::string write_command_answer(std::vector<CommandResult> const& results);
/// DEV-008.
Result<std::vector<CommandResult>> parse_command_answer(std::string_view xml);

/// A whole document, or a part selected from it: <Status product="" version="" apiVersion="">...
std::string write_document(XmlElement root, DocumentHeader const& header);
/// The configuration document with valueSpaceRef attributes. Passwords read back as "***", empty ones as "".
XmlElement configuration_document(family::Family const& family, std::vector<PathValue> const& values);
/// /valuespace.xml: the value spaces that the configuration document refers to.
XmlElement valuespace_document(family::Family const& family);

struct Document {
    std::string root;  ///< "Status", "Configuration"
    DocumentHeader header;
    std::vector<PathValue> leaves;  ///< in the family's spelling when it knows the path

    /// Without case; nothing when it is not there.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view path) const;
};
/// DEV-008.
Result<Document> parse_document(std::string_view xml, family::Family const& family);
/// The same when the family is not known yet (recognition).
Result<Document> parse_document(std::string_view xml);

}  // namespace countersign::dialect::xapi
