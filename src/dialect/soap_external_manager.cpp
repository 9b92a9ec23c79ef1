#include "dialect/soap_external_manager.hpp"

#include "base/text.hpp"
#include "dialect/soap_envelope.hpp"
#include "dialect/xapi_json.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>

namespace countersign::dialect::external_manager {
namespace {

using soap::find_in_envelope;
using soap::in_envelope;
using soap::limited;

constexpr std::string_view k_service = "http://www.tandberg.net/2004/11/SystemManagementService/";
constexpr std::size_t k_max_url = 2048;
constexpr std::int64_t k_max_heartbeat = 86'400;

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_xml, {{"detail", detail}}); }

struct NamedField {
    std::string_view name;
    std::string Identification::* field;
};
constexpr std::array<NamedField, 8> k_fields{{{"SystemName", &Identification::system_name},
                                              {"MACAddress", &Identification::mac_address},
                                              {"IPAddress", &Identification::ip_address},
                                              {"ProductType", &Identification::product_type},
                                              {"ProductID", &Identification::product_id},
                                              {"SWVersion", &Identification::software},
                                              {"HWBoard", &Identification::hardware_board},
                                              {"SerialNumber", &Identification::serial_number}}};

XmlElement write_identification(Identification const& identification) {
    XmlElement element("Identification");
    for (auto const& [name, field] : k_fields) element.add(name, identification.*field);
    return element;
}

Identification read_identification(XmlElement const& parent) {
    Identification identification;
    if (auto const* element = parent.child("Identification"))
        for (auto const& [name, field] : k_fields) identification.*field = limited(element->child_text(name));
    return identification;
}

}  // namespace

std::string write_post_event(PostEvent const& event) {
    XmlElement element("PostEvent");
    element.set("xmlns", k_service);
    element.add(write_identification(event.identification));
    element.add("Event", event.event);
    return in_envelope(std::move(element));
}

Result<PostEvent> parse_post_event(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    auto const* element = find_in_envelope(root, "PostEvent");
    if (element == nullptr) return malformed("there is no PostEvent in it");
    PostEvent event{read_identification(*element), limited(element->child_text("Event"))};
    if (event.event.empty()) return fail(errors::gen::missing_field, {{"field", "Event"}});
    return event;
}

std::string write_answer(Answer const& answer, std::string_view name_space) {
    XmlElement response("PostEventResponse");
    response.set("xmlns", k_service);
    auto& result = response.add("PostEventResult");
    auto& management = result.add("Management");
    management.add("Directory");
    if (!answer.settings.empty()) {
        auto configuration = xapi::configuration_element(answer.settings);
        configuration.set("xmlns", name_space);
        management.add(std::move(configuration));
    }
    if (!answer.calls.empty()) {
        auto command = xapi::command_element(answer.calls);
        command.set("xmlns", "");
        management.add(std::move(command));
    }
    if (!answer.documents.empty()) {
        auto& list = management.add("DocumentsToPost");
        for (auto const& document : answer.documents) {
            auto& element = list.add("DocumentToPost");
            element.add("Location", document.location);
            element.add("URL", document.url);
        }
    }
    result.add("HeartBeatInterval", std::to_string(answer.heartbeat.count()));
    return in_envelope(std::move(response));
}

Result<Answer> parse_answer(std::string_view xml, family::Family const& family) {
    CS_TRY(auto const root, parse_xml(xml));
    auto const* response = find_in_envelope(root, "PostEventResponse");
    auto const* result = response == nullptr ? nullptr : response->child("PostEventResult");
    if (result == nullptr) return malformed("there is no PostEventResult in it");
    Answer answer;
    auto const seconds = parse_number<std::int64_t>(result->child_text("HeartBeatInterval"));
    if (seconds && *seconds >= 1 && *seconds <= k_max_heartbeat) answer.heartbeat = std::chrono::seconds(*seconds);
    auto const* management = result->child("Management");
    if (management == nullptr) return answer;
    if (auto const* configuration = management->child("Configuration")) answer.settings = xapi::settings_of(*configuration, family);
    if (auto const* command = management->child("Command")) answer.calls = xapi::calls_of(*command, family);
    if (auto const* list = management->child("DocumentsToPost"))
        for (auto const& element : list->children) {
            auto const url = element.child_text("URL");
            // A cut address would name another place: what is too long is left out.
            if (url.size() <= k_max_url) answer.documents.push_back({limited(element.child_text("Location")), std::string(url)});
        }
    return answer;
}

std::string write_posted_document(Identification const& identification, std::string_view location, XmlElement document) {
    XmlElement root("PostedDocument");
    root.add(write_identification(identification));
    root.add("Location", location);
    root.add(std::move(document));
    return write_xml(root);
}

std::string write_feedback(Identification const& identification, XmlElement subtree) {
    subtree.children.insert(subtree.children.begin(), write_identification(identification));
    return write_xml(subtree);
}

std::string write_feedback_json(Identification const& identification, std::string_view root, std::vector<xapi::TypedValue> const& leaves) {
    std::vector<xapi::TypedValue> all;
    for (auto const& [name, field] : k_fields) all.push_back({"Identification " + std::string(name), identification.*field});
    all.insert(all.end(), leaves.begin(), leaves.end());
    return xapi::format_json_feedback(root, all);
}

Result<FeedbackPost> parse_feedback(std::string_view xml) {
    CS_TRY(auto root, parse_xml(xml));
    auto const name = root.local_name();
    if (name != "Status" && name != "Configuration" && name != "Event") return malformed("the root element is no change of a system");
    FeedbackPost post;
    post.identification = read_identification(root);
    std::erase_if(root.children, [](XmlElement const& child) { return iequals(child.local_name(), "Identification"); });
    post.document.root = name;
    post.document.leaves = xapi::flatten(root);
    return post;
}

}  // namespace countersign::dialect::external_manager
