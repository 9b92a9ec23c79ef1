#pragma once

/// Cases of assess and plan: tests/cases/assess/<name>/ and tests/cases/plan/<name>/ with input.json and expected.json.
///
/// An input names a base of tests/cases/bases and changes it as a JSON merge patch does (RFC 7386: null removes). Certificates
/// are PEM files of tests/cases/certificates, or of the case itself. COUNTERSIGN_REBASELINE=1 writes expected.json anew:
/// look at the difference before it is committed.

#include "family/family.hpp"
#include "manager/plan/plan.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace countersign::testing {

namespace fs = std::filesystem;
namespace json = boost::json;

inline fs::path cases_folder() { return fs::path(CS_SOURCE_DIR) / "tests" / "cases"; }

inline std::string read_text(fs::path const& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The folders of a kind, sorted.
inline std::vector<std::string> case_names(std::string const& kind) {
    std::vector<std::string> out;
    for (auto const& entry : fs::directory_iterator(cases_folder() / kind))
        if (entry.is_directory()) out.push_back(entry.path().filename().string());
    std::ranges::sort(out);
    return out;
}

inline void merge(json::value& target, json::value const& patch) {
    if (!patch.is_object()) {
        target = patch;
        return;
    }
    if (!target.is_object()) target = json::object();
    for (auto const& [key, value] : patch.as_object()) {
        if (value.is_null())
            target.as_object().erase(key);
        else
            merge(target.as_object()[key], value);
    }
}

/// Bases may have bases.
inline json::value read_with_base(fs::path const& file) {
    auto own = json::parse(read_text(file));
    if (!own.is_object()) throw std::runtime_error(file.string() + " is not an object");
    auto const* base = own.as_object().if_contains("base");
    if (!base) return own;
    auto merged = read_with_base(cases_folder() / "bases" / (std::string(base->as_string()) + ".json"));
    own.as_object().erase("base");
    merge(merged, own);
    return merged;
}

/// Everything that an AssessInput and a PlanInput point at.
struct ManagerCase {
    family::FamilyPtr family;
    manager::System system;
    manager::Observation observation;
    manager::Policy policy;
    std::vector<pki::Certificate> estate_roots;
    std::string external_manager_path;
    UtcTime now{};
    manager::ByHand by_hand{};
};

class CaseReader {
public:
    explicit CaseReader(fs::path folder) : folder_(std::move(folder)) {}

    ManagerCase read() {
        auto input = read_with_base(folder_ / "input.json");
        auto const& root = input.as_object();
        ManagerCase out;
        auto families = family::Families::load_embedded();
        if (!families) throw std::runtime_error(families.error().explanation());
        out.family = families->get(text(root, "family")).value();
        out.now = time(root, "now").value();
        out.external_manager_path = text(root, "external_manager_path");
        out.estate_roots = certificates(root, "estate_roots");
        out.system = read_system(object(root, "system"));
        out.policy = read_policy(object(root, "policy"));
        out.by_hand = read_by_hand(object(root, "by_hand"));
        out.observation = read_observation(object(root, "observation"));
        out.observation.at = out.now;
        return out;
    }

private:
    static json::object object(json::object const& in, std::string_view key) {
        auto const* found = in.if_contains(key);
        return found ? found->as_object() : json::object();
    }
    static std::string text(json::object const& in, std::string_view key) {
        auto const* found = in.if_contains(key);
        return found ? std::string(found->as_string()) : std::string();
    }
    static bool flag(json::object const& in, std::string_view key, bool otherwise = false) {
        auto const* found = in.if_contains(key);
        return found ? found->as_bool() : otherwise;
    }
    static std::vector<std::string> texts(json::object const& in, std::string_view key) {
        std::vector<std::string> out;
        if (auto const* found = in.if_contains(key))
            for (auto const& item : found->as_array()) out.emplace_back(item.as_string());
        return out;
    }
    static std::optional<UtcTime> time(json::object const& in, std::string_view key) { return parse_utc_time(text(in, key)); }

    pki::Certificate certificate(std::string const& name) const {
        auto here = folder_ / name;
        auto parsed = pki::Certificate::parse_pem(read_text(fs::exists(here) ? here : cases_folder() / "certificates" / name));
        if (!parsed) throw std::runtime_error(name + ": " + parsed.error().message());
        return *parsed;
    }
    std::vector<pki::Certificate> certificates(json::object const& in, std::string_view key) const {
        std::vector<pki::Certificate> out;
        for (auto const& name : texts(in, key)) out.push_back(certificate(name));
        return out;
    }

    static manager::System read_system(json::object const& in) {
        manager::System system;
        system.id = 1;
        system.name = text(in, "name");
        system.family = text(in, "family");
        system.host_name = text(in, "host_name");
        system.address = text(in, "address");
        system.track_by = manager::parse_track_by(text(in, "track_by")).value_or(manager::TrackBy::address);
        system.https_proven = flag(in, "https_proven");
        system.software = text(in, "software");
        system.secure_only_capable = flag(in, "secure_only_capable");
        return system;
    }

    static manager::Policy read_policy(json::object const& in) {
        manager::Policy policy;
        policy.secure_only = manager::parse_secure_only(text(in, "secure_only")).value();
        policy.keep_ssh = flag(in, "keep_ssh");
        policy.dns_servers = texts(in, "dns_servers");
        policy.dns_domain = text(in, "dns_domain");
        policy.ntp_server = text(in, "ntp_server");
        policy.manager_host_name = text(in, "manager_host_name");
        policy.change_factory_passwords = flag(in, "change_factory_passwords", true);
        if (auto key_type = text(in, "key_type"); !key_type.empty()) policy.key_type = key_type;
        if (auto issuer = text(in, "issuer"); !issuer.empty()) policy.issuer = manager::parse_issuer(issuer).value();
        return policy;
    }

    /// {"request": 12, "answer": "c1-company.pem"}
    manager::ByHand read_by_hand(json::object const& in) const {
        manager::ByHand out;
        if (auto const* request = in.if_contains("request")) out.request = request->to_number<std::int64_t>();
        out.made = *parse_utc_time("2026-11-30T12:00:00Z");
        if (auto answer = text(in, "answer"); !answer.empty()) out.answer = certificate(answer);
        return out;
    }

    manager::Observation read_observation(json::object const& in) const {
        manager::Observation out;
        out.called = text(in, "called");
        out.resolved_address = text(in, "resolved_address");
        out.account_channel = trust(text(in, "account_channel"));
        out.factory_password = flag(in, "factory_password");
        for (auto const& [name, value] : object(in, "services")) out.services.push_back(read_service(std::string(name), value));
        for (auto const& [name, value] : object(in, "elsewhere")) out.elsewhere.push_back(read_service(std::string(name), value));
        if (in.contains("account")) out.account = read_account(object(in, "account"));
        if (auto error = object(in, "account_error"); !error.empty()) out.account_error = read_error(error);
        auto contact = object(in, "contact");
        out.contact = {time(contact, "at"), flag(contact, "https"), flag(contact, "verified_us")};
        return out;
    }

    /// "open", "refused", ... or an object with the details of TLS.
    manager::ServiceObservation read_service(std::string name, json::value const& value) const {
        manager::ServiceObservation out;
        out.service = std::move(name);
        auto in = value.is_string() ? json::object{{"state", value.as_string()}} : value.as_object();
        for (auto state : {net::PortState::open, net::PortState::refused, net::PortState::silent, net::PortState::unreachable})
            if (text(in, "state") == name_of(state)) out.state = state;
        if (auto const* port = in.if_contains("port")) out.port = port->to_number<std::uint16_t>();
        out.tls_version = text(in, "tls_version");
        out.tls_error = text(in, "tls_error");
        out.old_versions = texts(in, "old_versions");
        out.trust = trust(text(in, "trust"));
        out.presented = certificates(in, "presented");
        if (auto const* findings = in.if_contains("findings"))
            for (auto const& item : findings->as_array()) out.findings.push_back(read_finding(std::string(item.as_string())));
        return out;
    }

    static std::string_view name_of(net::PortState state) {
        switch (state) {
            case net::PortState::open: return "open";
            case net::PortState::refused: return "refused";
            case net::PortState::silent: return "silent";
            case net::PortState::unreachable: return "unreachable";
        }
        return "";
    }

    static pki::Finding read_finding(std::string const& kind) {
        for (int i = 0; i <= static_cast<int>(pki::Finding::Kind::other); ++i) {
            auto candidate = static_cast<pki::Finding::Kind>(i);
            if (kind == pki::to_string(candidate)) return {.kind = candidate, .text = kind};
        }
        throw std::runtime_error("no such finding: " + kind);
    }

    static manager::ChannelTrust trust(std::string const& name) {
        using enum manager::ChannelTrust;
        for (auto candidate : {none, pinned, factory_identity, verified})
            if (name == manager::to_string(candidate)) return candidate;
        return none;
    }

    manager::Account read_account(json::object const& in) const {
        manager::Account out;
        out.software = text(in, "software");
        out.feature_keys = texts(in, "feature_keys");
        for (auto const& [key, value] : object(in, "settings")) out.settings[std::string(key)] = std::string(value.as_string());
        out.restart_pending = flag(in, "restart_pending");
        out.verification_effective = flag(in, "verification_effective");
        out.missing_preconditions = texts(in, "missing_preconditions");
        for (auto const& root : certificates(in, "trust")) out.trust_fingerprints.push_back(root.fingerprint());
        if (auto const* offset = in.if_contains("clock_offset_seconds")) out.clock_offset_seconds = offset->as_int64();
        return out;
    }

    static Error read_error(json::object const& in) {
        auto const* entry = find_error_entry(text(in, "id"));
        if (!entry) throw std::runtime_error("no such error: " + text(in, "id"));
        Error error(entry->id);
        for (auto const& [name, value] : object(in, "parameters")) error.with(name, std::string_view(value.as_string()));
        return error;
    }

    fs::path folder_;
};

/// One value a line and sorted as given, so that differences are readable.
inline void print(std::string& out, json::value const& value, std::size_t depth = 0) {
    std::string indent(2 * (depth + 1), ' ');
    auto items = [&out, &indent, depth](auto const& container, char open, char close, auto print_item) {
        if (container.empty()) {
            out += open;
            out += close;
            return;
        }
        out += open;
        bool first = true;
        for (auto const& item : container) {
            out += first ? "\n" : ",\n";
            out += indent;
            print_item(item);
            first = false;
        }
        out += '\n' + std::string(2 * depth, ' ');
        out += close;
    };
    if (value.is_object()) {
        items(value.as_object(), '{', '}', [&out, depth](auto const& item) {
            out += json::serialize(json::string(item.key())) + ": ";
            print(out, item.value(), depth + 1);
        });
    } else if (value.is_array()) {
        items(value.as_array(), '[', ']', [&out, depth](auto const& item) { print(out, item, depth + 1); });
    } else {
        out += json::serialize(value);
    }
}

inline std::string printed(json::value const& value) {
    std::string out;
    print(out, value);
    return out + "\n";
}

/// The text to compare with; writes it first when that was asked for.
inline std::string expected_text(fs::path const& folder, std::string const& actual) {
    auto file = folder / "expected.json";
    if (std::getenv("COUNTERSIGN_REBASELINE") != nullptr) std::ofstream(file, std::ios::binary) << actual;
    return fs::exists(file) ? read_text(file) : "(there is no expected.json; COUNTERSIGN_REBASELINE=1 writes it)";
}

}  // namespace countersign::testing
