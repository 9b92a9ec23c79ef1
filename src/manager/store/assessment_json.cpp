#include "manager/store/assessment_json.hpp"

#include "countersign/errors/sto.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::manager::store {
namespace json = boost::json;
namespace {

json::array array_of(std::vector<std::string> const& texts) {
    json::array out;
    for (auto const& text : texts) out.emplace_back(text);
    return out;
}

std::string text_of(json::object const& object, std::string_view field) {
    auto const* found = object.if_contains(field);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

int number_of(json::object const& object, std::string_view field, int otherwise) {
    auto const* found = object.if_contains(field);
    return found && found->is_int64() ? static_cast<int>(found->as_int64()) : otherwise;
}

bool flag_of(json::object const& object, std::string_view field, bool otherwise) {
    auto const* found = object.if_contains(field);
    return found && found->is_bool() ? found->as_bool() : otherwise;
}

std::vector<std::string> texts_of(json::value const* value) {
    std::vector<std::string> out;
    if (!value || !value->is_array()) return out;
    for (auto const& item : value->as_array())
        if (item.is_string()) out.emplace_back(item.as_string());
    return out;
}

/// Calls `take` with each object of the list `field`.
template <class Take>
void for_each_object(json::object const& object, std::string_view field, Take take) {
    auto const* found = object.if_contains(field);
    if (!found || !found->is_array()) return;
    for (auto const& item : found->as_array())
        if (item.is_object()) take(item.as_object());
}

Result<json::value> parse(std::string_view document) {
    boost::system::error_code error;
    auto value = json::parse(document, error);
    if (error) return fail(errors::sto::query_failed, {{"detail", "a stored document is damaged: " + error.message()}});
    return value;
}

Result<json::object> parse_object(std::string_view document) {
    CS_TRY(auto value, parse(document));
    if (!value.is_object()) return fail(errors::sto::query_failed, {{"detail", "a stored document is damaged: not an object"}});
    return std::move(value.as_object());
}

std::string_view name_of(ReadinessItem::State state) {
    if (state == ReadinessItem::State::yes) return "yes";
    return state == ReadinessItem::State::no ? "no" : "unknown";
}

ReadinessItem::State state_of(std::string_view name) {
    if (name == "yes") return ReadinessItem::State::yes;
    return name == "no" ? ReadinessItem::State::no : ReadinessItem::State::unknown;
}

}  // namespace

std::string to_document(Assessment const& assessment) {
    json::array protocols;
    for (auto const& row : assessment.protocols) {
        protocols.push_back(json::object{{"id", row.id},
                                         {"name", row.name},
                                         {"client", row.client},
                                         {"open", row.open},
                                         {"level", row.level},
                                         {"counts", row.counts},
                                         {"evidence", row.evidence},
                                         {"raise_by", row.raise_by},
                                         {"tls_versions", array_of(row.tls_versions)}});
    }
    json::array readiness;
    for (auto const& item : assessment.readiness) {
        readiness.push_back(
            json::object{{"id", item.id}, {"text", item.text}, {"state", name_of(item.state)}, {"evidence", item.evidence}});
    }
    json::array old_tls;
    for (auto const& one : assessment.old_tls)
        old_tls.push_back(json::object{{"service", one.service},
                                       {"port", one.port},
                                       {"versions", array_of(one.versions)},
                                       {"asked", to_string(one.asked)},
                                       {"certificate", one.certificate},
                                       {"software", one.software}});
    return json::serialize(json::object{
        {"old_tls", std::move(old_tls)},
        {"level", assessment.level},
        {"why", assessment.why},
        {"protocols", std::move(protocols)},
        {"readiness", std::move(readiness)},
        {"findings", array_of(assessment.findings)},
        {"secure_only_capable", assessment.secure_only_capable},
        {"trusted_roots", assessment.trusted_roots ? json::value(array_of(*assessment.trusted_roots)) : json::value(nullptr)}});
}

Result<Assessment> parse_assessment(std::string_view document) {
    CS_TRY(auto object, parse_object(document));
    Assessment out;
    out.level = number_of(object, "level", 0);
    out.why = text_of(object, "why");
    out.findings = texts_of(object.if_contains("findings"));
    out.secure_only_capable = flag_of(object, "secure_only_capable", false);
    // Documents of earlier versions have no such field.
    if (auto const* roots = object.if_contains("trusted_roots"); roots && roots->is_array()) out.trusted_roots = texts_of(roots);
    for_each_object(object, "protocols", [&out](json::object const& row) {
        out.protocols.push_back({text_of(row, "id"), text_of(row, "name"), flag_of(row, "client", false), flag_of(row, "open", false),
                                 number_of(row, "level", 0), flag_of(row, "counts", true), text_of(row, "evidence"),
                                 text_of(row, "raise_by"), texts_of(row.if_contains("tls_versions"))});
    });
    for_each_object(object, "old_tls", [&out](json::object const& row) {
        // A time that cannot be read is long ago: it is asked again.
        out.old_tls.push_back({.service = text_of(row, "service"),
                               .port = static_cast<std::uint16_t>(number_of(row, "port", 0)),
                               .versions = texts_of(row.if_contains("versions")),
                               .asked = parse_utc_time(text_of(row, "asked")).value_or(UtcTime{}),
                               .certificate = text_of(row, "certificate"),
                               .software = text_of(row, "software")});
    });
    for_each_object(object, "readiness", [&out](json::object const& item) {
        out.readiness.push_back({text_of(item, "id"), text_of(item, "text"), state_of(text_of(item, "state")), text_of(item, "evidence")});
    });
    return out;
}

std::string to_document(Policy const& policy) {
    return json::serialize(json::object{{"secure_only", to_string(policy.secure_only)},
                                        {"keep_ssh", policy.keep_ssh},
                                        {"dns_servers", array_of(policy.dns_servers)},
                                        {"dns_domain", policy.dns_domain},
                                        {"ntp_server", policy.ntp_server},
                                        {"manager_host_name", policy.manager_host_name},
                                        {"change_factory_passwords", policy.change_factory_passwords},
                                        {"renew_days_before", policy.renew_days_before},
                                        {"trial_seconds", policy.trial_seconds},
                                        {"certificate_days", policy.certificate_days},
                                        {"key_type", policy.key_type},
                                        {"revocation", to_string(policy.revocation)},
                                        {"renewal_windows", array_of(policy.renewal_windows)},
                                        {"identities", to_string(policy.identities)}});
}

Result<Policy> parse_policy(std::string_view document) {
    CS_TRY(auto object, parse_object(document));
    Policy out;
    // A mode that this program does not know must not silently become "off".
    auto mode = parse_secure_only(text_of(object, "secure_only"));
    if (!mode) return fail(errors::sto::query_failed, {{"detail", "the stored policy has an unknown secure_only mode"}});
    out.secure_only = *mode;
    out.keep_ssh = flag_of(object, "keep_ssh", out.keep_ssh);
    out.dns_servers = texts_of(object.if_contains("dns_servers"));
    out.dns_domain = text_of(object, "dns_domain");
    out.ntp_server = text_of(object, "ntp_server");
    out.manager_host_name = text_of(object, "manager_host_name");
    out.change_factory_passwords = flag_of(object, "change_factory_passwords", out.change_factory_passwords);
    out.renew_days_before = number_of(object, "renew_days_before", out.renew_days_before);
    out.trial_seconds = number_of(object, "trial_seconds", out.trial_seconds);
    out.certificate_days = number_of(object, "certificate_days", out.certificate_days);
    if (auto key_type = text_of(object, "key_type"); !key_type.empty()) out.key_type = std::move(key_type);
    if (auto const text = text_of(object, "revocation"); !text.empty()) {
        auto const revocation = parse_revocation_policy(text);
        if (!revocation) return fail(errors::sto::query_failed, {{"detail", "the stored policy has an unknown mode of revocation"}});
        out.revocation = *revocation;
    }
    out.renewal_windows = texts_of(object.if_contains("renewal_windows"));
    // Policies from before there were two have one.
    out.identities = parse_identities(text_of(object, "identities")).value_or(Identities::one);
    return out;
}

std::string to_document(std::vector<std::string> const& lines) { return json::serialize(array_of(lines)); }

Result<std::vector<std::string>> parse_lines(std::string_view document) {
    CS_TRY(auto value, parse(document));
    return texts_of(&value);
}

}  // namespace countersign::manager::store
