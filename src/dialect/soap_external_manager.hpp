#pragma once

/// The call of a system to its external manager and the answer (protocols 1.8), and the bodies that a system posts to a
/// feedback address (protocols 1.6). A manager takes from them only "look at this system again" (design section 7):
/// everything in them is unauthenticated.

#include "dialect/xapi_xml.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::external_manager {

struct Identification {
    std::string system_name;
    std::string mac_address;
    std::string ip_address;
    std::string product_type;
    std::string product_id;
    std::string software;
    std::string hardware_board;
    std::string serial_number;
    bool operator==(Identification const&) const = default;
};

struct PostEvent {
    Identification identification;
    std::string event;  ///< "Register", "Boot", "Beat"
    bool operator==(PostEvent const&) const = default;
};

struct DocumentToPost {
    std::string location;
    std::string url;
    bool operator==(DocumentToPost const&) const = default;
};

/// What the manager answers: settings and commands to carry out, documents it wants to see, when to call again.
struct Answer {
    std::vector<xapi::PathValue> settings;
    std::vector<xapi::CommandCall> calls;
    std::vector<DocumentToPost> documents;
    std::chrono::seconds heartbeat{0};
    bool operator==(Answer const&) const = default;
};

inline constexpr std::string_view k_soap_action = "http://www.tandberg.net/2004/11/SystemManagementService/PostEvent";
inline constexpr std::string_view k_content_type = "text/xml; charset=utf-8";

std::string write_post_event(PostEvent const& event);
/// DEV-008 for broken XML and for an envelope without PostEvent, GEN-002 without event. Texts are cut at 256 bytes.
Result<PostEvent> parse_post_event(std::string_view xml);
/// `name_space` is that of the configuration inside (family::ExternalManager::name_space).
std::string write_answer(Answer const& answer, std::string_view name_space);
/// DEV-008. A heartbeat that is missing, not a number, or outside 1 s to 1 day gives 0.
Result<Answer> parse_answer(std::string_view xml, family::Family const& family);

/// A document that the manager asked for: <PostedDocument> with identification, location and the document.
std::string write_posted_document(Identification const& identification, std::string_view location, XmlElement document);

/// A posted change: the subtree with the system's identification as its first child.
struct FeedbackPost {
    Identification identification;
    xapi::Document document;  ///< root "Status", "Configuration" or "Event"
};
std::string write_feedback(Identification const& identification, XmlElement subtree);
/// The same as one JSON object: {"Status": {"Identification": {"SystemName": {"Value": "x"}, ...}, "Audio": {"Volume": {"Value": "50"}}}}.
/// `root` as above; leaves in the form of a session in JSON mode (xapi_json.hpp).
std::string write_feedback_json(Identification const& identification, std::string_view root, std::vector<xapi::TypedValue> const& leaves);
/// DEV-008.
Result<FeedbackPost> parse_feedback(std::string_view xml);

}  // namespace countersign::dialect::external_manager
