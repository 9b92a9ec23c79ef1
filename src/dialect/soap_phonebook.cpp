#include "dialect/soap_phonebook.hpp"

#include "base/text.hpp"
#include "dialect/soap_envelope.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace countersign::dialect::phonebook {
namespace {

using soap::limited;

constexpr std::string_view k_service = "http://www.tandberg.net/2004/06/PhoneBookSearch/";
constexpr int k_default_results = 50;
constexpr std::size_t k_max_routes = 20;
constexpr std::size_t k_max_text = 256;

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_xml, {{"detail", detail}}); }

std::string_view to_word(bool value) { return value ? "true" : "false"; }
bool is_true(XmlElement const& parent, std::string_view name) { return iequals(trim(parent.child_text(name)), "true"); }

struct RouteField {
    std::string_view name;
    std::string Route::* field;
};
/// In the order of the protocol.
constexpr std::array<RouteField, 6> k_route_fields{{{"CallType", &Route::call_type},
                                                    {"Protocol", &Route::protocol},
                                                    {"Restrict", &Route::restriction},
                                                    {"DialString", &Route::dial_string},
                                                    {"Description", &Route::description},
                                                    {"SystemType", &Route::system_type}}};

Route read_route(XmlElement const& element) {
    Route route;
    for (auto const& [name, field] : k_route_fields) route.*field = limited(element.child_text(name));
    if (trim(element.child_text("DialString")).size() > k_max_text) route.dial_string.clear();
    return route;
}

Entry read_entry(XmlElement const& element) {
    Entry entry{.name = limited(element.child_text("Name")),
                .id = limited(element.child_text("Id")),
                .is_first = is_true(element, "IsFirst"),
                .is_last = is_true(element, "IsLast"),
                .base_dn = limited(element.child_text("BaseDN")),
                .system_type = limited(element.child_text("SystemType")),
                .routes = {}};
    for (auto const& child : element.children)
        if (iequals(child.local_name(), "Route") && entry.routes.size() < k_max_routes) entry.routes.push_back(read_route(child));
    return entry;
}

void write_entry(XmlElement& parent, Entry const& entry) {
    auto& element = parent.add("Entry");
    element.add("Name", entry.name);
    element.add("Id", entry.id);
    for (auto const& route : entry.routes) {
        auto& child = element.add("Route");
        for (auto const& [name, field] : k_route_fields) child.add(name, route.*field);
    }
    element.add("IsLast", to_word(entry.is_last));
    element.add("IsFirst", to_word(entry.is_first));
    element.add("BaseDN", entry.base_dn);
    element.add("SystemType", entry.system_type);
}

}  // namespace

std::string write_search(Search const& search) {
    XmlElement element("Search");
    element.set("xmlns", k_service);
    element.add("Identification").add("MACAddress", search.mac_address);
    element.add("CaseSensitiveSearch", to_word(search.case_sensitive));
    element.add("SearchPath", search.path);
    element.add("SearchString", search.text);
    element.add("SearchType", "Free");
    element.add("MaxResult", std::to_string(search.max_result));
    if (!search.start_from.empty()) element.add("StartFromId", search.start_from);
    element.add("Scope", search.scope == Scope::subtree ? "SubTree" : "SingleLevel");
    element.add("RangeInclusive", to_word(search.start_inclusive));
    return soap::in_envelope(std::move(element));
}

Result<Search> parse_search(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    auto const* element = soap::find_in_envelope(root, "Search");
    if (element == nullptr) return malformed("there is no Search in it");
    Search search;
    if (auto const* who = element->child("Identification")) search.mac_address = limited(who->child_text("MACAddress"));
    search.text = limited(element->child_text("SearchString"));
    search.case_sensitive = is_true(*element, "CaseSensitiveSearch");
    search.path = limited(element->child_text("SearchPath"));
    search.start_from = limited(element->child_text("StartFromId"));
    search.start_inclusive = is_true(*element, "RangeInclusive");
    search.scope = iequals(trim(element->child_text("Scope")), "SingleLevel") ? Scope::single_level : Scope::subtree;
    auto const asked = parse_number<std::int64_t>(trim(element->child_text("MaxResult"))).value_or(k_default_results);
    search.max_result = static_cast<int>(std::clamp<std::int64_t>(asked, 1, static_cast<std::int64_t>(k_max_items)));
    return search;
}

std::string write_answer(Answer const& answer) {
    XmlElement response("SearchResponse");
    response.set("xmlns", k_service);
    auto& result = response.add("SearchResult");
    result.add("Name", answer.name);
    result.add("Id", answer.id);
    for (auto const& catalog : answer.catalogs) {
        auto& element = result.add("Catalog");
        element.add("Name", catalog.name);
        element.add("Id", catalog.id);
        element.add("IsFirst", to_word(catalog.is_first));
        element.add("IsLast", to_word(catalog.is_last));
    }
    for (auto const& entry : answer.entries) write_entry(result, entry);
    return soap::in_envelope(std::move(response));
}

Result<Answer> parse_answer(std::string_view xml) {
    CS_TRY(auto const root, parse_xml(xml));
    CS_CHECK(soap::refuse_fault(root));
    auto const* response = soap::find_in_envelope(root, "SearchResponse");
    auto const* result = response == nullptr ? nullptr : response->child("SearchResult");
    if (result == nullptr) return malformed("there is no SearchResult in it");
    Answer answer{.name = limited(result->child_text("Name")), .id = limited(result->child_text("Id")), .catalogs = {}, .entries = {}};
    for (auto const& child : result->children) {
        if (answer.catalogs.size() + answer.entries.size() == k_max_items) break;
        if (iequals(child.local_name(), "Catalog"))
            answer.catalogs.push_back(
                {limited(child.child_text("Name")), limited(child.child_text("Id")), is_true(child, "IsFirst"), is_true(child, "IsLast")});
        if (iequals(child.local_name(), "Entry")) answer.entries.push_back(read_entry(child));
    }
    return answer;
}

}  // namespace countersign::dialect::phonebook
