#include "manager/api/json.hpp"

#include "base/text.hpp"
#include "manager/api/connection_fields.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/renew/hours.hpp"
#include "pki/key.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <limits>

namespace countersign::manager::api {
namespace {

constexpr std::int64_t k_most_folder = std::numeric_limits<std::int64_t>::max();

json::value or_null(std::optional<UtcTime> const& time) { return time ? json::value(to_string(*time)) : json::value(nullptr); }

json::array to_array(std::vector<std::string> const& texts) {
    json::array out;
    for (auto const& text : texts) out.emplace_back(text);
    return out;
}

json::object to_json(Step const& step) {
    json::array settings;
    for (auto const& change : step.settings) {
        settings.push_back(json::object{{"setting", change.canonical}, {"value", change.value}, {"old_value", change.old_value}});
    }
    return {{"kind", to_string(step.kind)},
            {"what", step.what},
            {"why", step.why},
            {"undo", step.undo},
            {"before", step.before},
            {"after", step.after},
            {"channel", to_string(step.channel)},
            {"settings", std::move(settings)},
            {"services", to_array(step.services)}};
}

std::string_view state_name(ReadinessItem::State state) {
    switch (state) {
        case ReadinessItem::State::yes: return "yes";
        case ReadinessItem::State::no: return "no";
        case ReadinessItem::State::unknown: return "unknown";
    }
    return "unknown";
}

}  // namespace

json::object to_json(System const& system) {
    return {{"id", system.id},
            {"name", system.name},
            {"family", system.family},
            {"host_name", system.host_name},
            {"address", system.address},
            {"track_by", to_string(system.track_by)},
            {"https_port", system.https_port},
            {"pins", to_array(system.pins)},
            {"user", system.user},
            {"password_origin", to_string(system.password_origin)},
            {"https_proven", system.https_proven},
            {"serial_number", system.serial_number},
            {"mac_address", system.mac_address},
            {"software", system.software},
            {"secure_only_capable", system.secure_only_capable},
            {"reachability", to_string(system.reachability)},
            {"level", system.level},
            {"observed_at", or_null(system.observed_at)},
            {"certificate_expires", or_null(system.certificate_expires)},
            {"certificate_fingerprint", system.certificate_fingerprint},
            {"last_call_at", or_null(system.last_call_at)},
            {"last_call", system.last_call},
            {"folder", system.folder},
            {"created", to_string(system.created)}};
}

json::object to_json(ProtocolLevel const& row) {
    return {{"id", row.id},
            {"name", row.name},
            {"client", row.client},
            {"open", row.open},
            {"level", row.level},
            {"counts", row.counts},
            {"evidence", row.evidence},
            {"raise_by", row.raise_by},
            {"tls_versions", to_array(row.tls_versions)}};
}

json::object to_json(Assessment const& assessment) {
    json::array protocols;
    for (auto const& row : assessment.protocols) protocols.push_back(to_json(row));
    json::array readiness;
    for (auto const& item : assessment.readiness) {
        readiness.push_back(
            json::object{{"id", item.id}, {"text", item.text}, {"state", state_name(item.state)}, {"evidence", item.evidence}});
    }
    return {{"level", assessment.level},
            {"why", assessment.why},
            {"secure_only_capable", assessment.secure_only_capable},
            {"protocols", std::move(protocols)},
            {"readiness", std::move(readiness)},
            {"findings", to_array(assessment.findings)},
            {"trusted_roots", assessment.trusted_roots ? json::value(to_array(*assessment.trusted_roots)) : json::value(nullptr)}};
}

json::object to_json(Plan const& plan) {
    json::array steps;
    for (auto const& step : plan.steps) steps.push_back(to_json(step));
    json::array blockers;
    for (auto const& blocker : plan.blockers) blockers.push_back(to_json(blocker));
    return {{"system", plan.system},     {"from_level", plan.from_level},   {"goal_level", plan.goal_level},
            {"steps", std::move(steps)}, {"blockers", std::move(blockers)}, {"notes", to_array(plan.notes)}};
}

json::object to_json(Job const& job) {
    return {{"id", job.id},
            {"kind", to_string(job.kind)},
            {"system", job.system},
            {"state", to_string(job.state)},
            {"attempt", job.attempt},
            {"step", job.step},
            {"steps", job.steps},
            {"progress", job.progress},
            {"error_code", job.error_code},
            {"error_text", job.error_text},
            {"not_before", to_string(job.not_before)},
            {"created", to_string(job.created)},
            {"started", or_null(job.started)},
            {"finished", or_null(job.finished)}};
}

json::object to_json(Ticket const& ticket, std::string_view system_name) {
    return {{"id", ticket.id},
            {"system", ticket.system},
            {"system_name", system_name},
            {"type", to_string(ticket.type)},
            {"title", title_of(ticket.type)},
            {"severity", to_string(ticket.severity)},
            {"state", to_string(ticket.state)},
            {"subject", ticket.subject},
            {"text", ticket.text},
            {"remedy", ticket.remedy},
            {"opened", to_string(ticket.opened)},
            {"updated", to_string(ticket.updated)},
            {"closed", or_null(ticket.closed)},
            {"times_seen", ticket.times_seen},
            {"assignee", ticket.assignee},
            {"acknowledged_by", ticket.acknowledged_by},
            {"acknowledged", or_null(ticket.acknowledged)},
            {"snoozed_until", or_null(ticket.snoozed_until)},
            {"snoozed_by", ticket.snoozed_by},
            {"held", ticket.held}};
}

json::object to_json(Policy const& policy) {
    return {{"secure_only", to_string(policy.secure_only)},
            {"keep_ssh", policy.keep_ssh},
            {"dns_servers", to_array(policy.dns_servers)},
            {"dns_domain", policy.dns_domain},
            {"ntp_server", policy.ntp_server},
            {"manager_host_name", policy.manager_host_name},
            {"change_factory_passwords", policy.change_factory_passwords},
            {"renew_days_before", policy.renew_days_before},
            {"trial_seconds", policy.trial_seconds},
            {"certificate_days", policy.certificate_days},
            {"key_type", policy.key_type},
            {"revocation", to_string(policy.revocation)},
            {"renewal_windows", to_array(policy.renewal_windows)},
            {"identities", to_string(policy.identities)}};
}

json::object to_json(AuditRecord const& record) {
    return {{"id", record.id},         {"at", to_string(record.at)}, {"actor", record.actor},
            {"action", record.action}, {"subject", record.subject},  {"detail", record.detail}};
}

json::object to_json(Store::TokenInfo const& token) {
    return {{"id", token.id}, {"name", token.name}, {"created", to_string(token.created)}, {"expires", or_null(token.expires)}};
}

json::object to_json(Store::JobCounts const& counts) {
    return {{"queued", counts.queued},
            {"running", counts.running},
            {"waiting", counts.waiting},
            {"succeeded", counts.succeeded},
            {"failed", counts.failed}};
}

json::object to_json(Error const& error) {
    json::object parameters;
    for (auto const& [name, value] : error.parameters()) parameters[name] = value;
    json::array causes;
    for (auto const& cause : error.causes()) causes.push_back(to_json(cause));
    return {
        {"id", error.entry().code}, {"name", error.entry().name},     {"title", error.entry().title},        {"detail", error.message()},
        {"where", error.where()},   {"remedy", error.entry().remedy}, {"parameters", std::move(parameters)}, {"causes", std::move(causes)}};
}

Result<json::object> parse_object(std::string_view body) {
    boost::system::error_code code;
    json::parse_options options;
    options.max_depth = 32;
    auto value = json::parse(body, code, {}, options);
    if (code) return fail(errors::gen::malformed_json, {{"detail", code.message()}});
    if (!value.is_object()) return fail(errors::gen::malformed_json, {{"detail", "an object is expected"}});
    return std::move(value.get_object());
}

json::value const* Reader::take(std::string_view field) {
    taken_.emplace_back(field);
    auto const* value = object_.if_contains(field);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> Reader::text(std::string_view field, std::size_t longest) {
    auto const* value = take(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        problem(field, "a string is expected");
        return std::nullopt;
    }
    std::string out(value->get_string());
    if (out.size() > longest || !is_utf8(out)) {
        problem(field, "it may have " + std::to_string(longest) + " bytes of UTF-8 at most");
        return std::nullopt;
    }
    return out;
}

std::optional<std::int64_t> Reader::number(std::string_view field, std::int64_t least, std::int64_t most) {
    auto const* value = take(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
        problem(field, "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is expected");
        return std::nullopt;
    }
    return value->get_int64();
}

std::optional<bool> Reader::boolean(std::string_view field) {
    auto const* value = take(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) {
        problem(field, "true or false is expected");
        return std::nullopt;
    }
    return value->get_bool();
}

std::optional<std::vector<std::string>> Reader::texts(std::string_view field, std::size_t most) {
    auto const* value = take(field);
    if (value == nullptr) return std::nullopt;
    std::vector<std::string> out;
    if (value->is_array() && value->get_array().size() <= most) {
        for (auto const& item : value->get_array()) {
            if (!item.is_string() || item.get_string().size() > 255) break;
            out.emplace_back(item.get_string());
        }
        if (out.size() == value->get_array().size()) return out;
    }
    problem(field, "a list of at most " + std::to_string(most) + " strings is expected");
    return std::nullopt;
}

std::optional<std::vector<std::int64_t>> Reader::numbers(std::string_view field, std::size_t most) {
    auto const* value = take(field);
    if (value == nullptr) return std::nullopt;
    std::vector<std::int64_t> out;
    if (value->is_array() && value->get_array().size() <= most) {
        for (auto const& item : value->get_array()) {
            if (!item.is_int64()) break;
            out.push_back(item.get_int64());
        }
        if (out.size() == value->get_array().size()) return out;
    }
    problem(field, "a list of at most " + std::to_string(most) + " whole numbers is expected");
    return std::nullopt;
}

void Reader::required(std::string_view field) {
    auto const* value = object_.if_contains(field);
    if (value == nullptr || value->is_null()) problems_.push_back(Error(errors::gen::missing_field, {{"field", field}}));
}

void Reader::problem(std::string_view field, std::string_view detail) {
    problems_.push_back(Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}}));
}

Result<void> Reader::finish() {
    for (auto const& [name, value] : object_) {
        if (std::ranges::find(taken_, std::string_view(name)) == taken_.end()) problem(name, "there is no such field");
    }
    if (problems_.empty()) return {};
    if (problems_.size() == 1) return fail(problems_.front());
    Error all(errors::gen::several_problems);
    for (auto& one : problems_) all.because(std::move(one));
    return fail(std::move(all));
}

Result<NewSystem> read_new_system(std::string_view body) {
    CS_TRY(auto object, parse_object(body));
    Reader reader(std::move(object));
    NewSystem system;
    system.name = reader.text("name").value_or("");
    system.host_name = reader.text("host_name").value_or("");
    system.address = reader.text("address").value_or("");
    system.family = reader.text("family").value_or("");
    system.user = reader.text("user").value_or("");
    system.folder = reader.number("folder", 1, k_most_folder).value_or(k_root_folder);
    if (auto track_by = reader.text("track_by")) {
        system.track_by = parse_track_by(*track_by);
        if (!system.track_by) reader.problem("track_by", k_ways_to_track);
    }
    if (auto port = reader.number("https_port", 0, 65535)) system.https_port = static_cast<std::uint16_t>(*port);
    system.serial_number = reader.text("serial_number").value_or("");
    system.mac_address = reader.text("mac_address").value_or("");
    read_connection(reader, system.connection);
    if (auto password = reader.text("password", 1024)) system.password = SecretText(*std::move(password));
    system.pins = reader.texts("pins").value_or(std::vector<std::string>());
    CS_CHECK(reader.finish());
    return system;
}

Result<Policy> read_policy_change(Policy policy, std::string_view body) {
    CS_TRY(auto object, parse_object(body));
    Reader reader(std::move(object));
    if (auto mode = reader.text("secure_only")) {
        if (auto parsed = parse_secure_only(*mode))
            policy.secure_only = *parsed;
        else
            reader.problem("secure_only", "off, on or verify is expected");
    }
    if (auto value = reader.boolean("keep_ssh")) policy.keep_ssh = *value;
    if (auto value = reader.boolean("change_factory_passwords")) policy.change_factory_passwords = *value;
    if (auto value = reader.texts("dns_servers", 5)) {
        policy.dns_servers = *value;
        if (!std::ranges::all_of(*value, is_ip_address)) reader.problem("dns_servers", "name servers are IP addresses");
    }
    auto host = [&reader](std::string_view field, std::string& target, bool address_allowed) {
        auto value = reader.text(field);
        if (!value) return;
        target = *value;
        bool good = value->empty() || is_host_name(*value) || (address_allowed && is_ip_address(*value));
        if (!good) reader.problem(field, address_allowed ? "it is neither a host name nor an IP address" : "it is not a host name");
    };
    host("dns_domain", policy.dns_domain, false);
    host("ntp_server", policy.ntp_server, true);
    host("manager_host_name", policy.manager_host_name, false);
    if (auto value = reader.number("renew_days_before", 1, 3650)) policy.renew_days_before = static_cast<int>(*value);
    if (auto value = reader.number("trial_seconds", 0, 3600)) policy.trial_seconds = static_cast<int>(*value);
    if (auto value = reader.number("certificate_days", 1, 3650)) policy.certificate_days = static_cast<int>(*value);
    if (auto value = reader.text("key_type")) {
        policy.key_type = *value;
        if (!pki::parse_key_type(*value)) reader.problem("key_type", "use ec:p256, ec:p384, rsa:2048, rsa:3072, rsa:4096 or ed25519");
    }
    if (auto value = reader.text("revocation")) {
        if (auto parsed = parse_revocation_policy(*value))
            policy.revocation = *parsed;
        else
            reader.problem("revocation", "off, soft or hard is expected");
    }
    if (auto value = reader.text("identities")) {
        if (auto parsed = parse_identities(*value))
            policy.identities = *parsed;
        else
            reader.problem("identities", "one or two is expected");
    }
    if (auto value = reader.texts("renewal_windows", k_most_renewal_windows)) {
        if (auto windows = parse_renewal_windows(*value); !windows) reader.problem("renewal_windows", windows.error().message());
        policy.renewal_windows = *std::move(value);
    }
    CS_CHECK(reader.finish());
    return policy;
}

}  // namespace countersign::manager::api
