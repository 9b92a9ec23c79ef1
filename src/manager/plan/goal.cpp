#include "manager/plan/goal.hpp"

#include "base/text.hpp"
#include "manager/assess/readiness.hpp"
#include "manager/observe/wire.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr std::string_view k_phonebook = "phonebook";

std::string name_of(System const& system) {
    if (!system.host_name.empty()) return system.host_name;
    return system.address.empty() ? system.name : system.address;
}

bool is_name(std::string const& text) { return is_host_name(text) && !is_ip_address(text); }

/// "ec:p256" is a key of kind "ecdsa" in family files.
std::string key_kind(std::string_view key_type) {
    auto kind = key_type.substr(0, key_type.find(':'));
    return kind == "ec" ? "ecdsa" : std::string(kind);
}

std::string without_slash(std::string path) {
    if (path.starts_with('/')) path.erase(0, 1);
    return path;
}

class Blockers {
public:
    Blockers(PlanInput const& input, Configured const& settings)
        : in_(input), settings_(settings), mode_(input.policy.secure_only), name_(name_of(input.system)) {}

    std::vector<Error> find() {
        // Nothing is decided about a unit that nobody accepted.
        if (!in_.observation.other_unit.empty())
            return {Error(errors::mgr::system_replaced, {{"system", name_}, {"detail", in_.observation.other_unit}})};
        if (!in_.observation.account) no_account();
        if (mode_ == SecureOnly::off) {
            if (in_.observation.account && in_.family.find_client("external_manager")) name_servers();
            return std::move(out_);
        }
        if (in_.policy.manager_host_name.empty()) not_ready("it has no host name that systems could call it by");
        if (mode_ == SecureOnly::verify) verify();
        if (in_.observation.account) {
            feature_key();
            way_to_https();
            name_servers();
        }
        return std::move(out_);
    }

private:
    void not_ready(std::string_view detail) { out_.push_back(Error(errors::mgr::manager_not_ready, {{"detail", detail}})); }
    void no_channel(std::string_view detail) {
        out_.push_back(Error(errors::mgr::no_secure_channel, {{"system", name_}, {"detail", detail}}));
    }

    void no_account() {
        if (in_.observation.account_error)
            out_.push_back(*in_.observation.account_error);
        else
            no_channel("the system was not logged in to");
    }

    void verify() {
        auto const& system = in_.system;
        if (!is_name(system.host_name))
            out_.push_back(Error(errors::mgr::host_name_required, {{"system", name_}}));
        else if (in_.observation.resolved_address.empty())
            out_.push_back(Error(errors::net::unknown_host, {{"name", system.host_name}, {"servers", "those of the manager"}}));
        if (!in_.policy.manager_host_name.empty() && !is_name(in_.policy.manager_host_name))
            not_ready("systems must call it by a host name, not by " + in_.policy.manager_host_name);
        if (in_.estate_roots.empty()) out_.push_back(Error(errors::tru::no_trusted_roots, {{"system", name_}}));
        auto const& takes = in_.family.certificate.key_types;
        if (std::ranges::find(takes, key_kind(in_.policy.key_type)) == takes.end())
            out_.push_back(Error(errors::crt::unsupported_key_type, {{"type", in_.policy.key_type}, {"family", in_.family.name}}));
        if (in_.observation.account && in_.policy.ntp_server.empty() && lacks("time.ntp.address"))
            not_ready("its policy names no NTP server, and the system has none");
    }

    /// The family has the setting and the system left it empty.
    bool lacks(std::string_view canonical) const { return in_.family.find_canonical(canonical) && settings_.value(canonical).empty(); }

    void name_servers() {
        bool calls_by_name = mode_ == SecureOnly::verify || is_name(in_.policy.manager_host_name);
        if (calls_by_name && in_.policy.dns_servers.empty() && lacks("name.dns.server.1"))
            not_ready("its policy names no DNS server, and the system has none");
    }

    void feature_key() {
        auto const* https = in_.family.find_service("https");
        auto const& keys = in_.observation.account->feature_keys;
        auto const& needed = https && !https->needs_feature_key.empty() ? https->needs_feature_key : in_.family.secure_only_feature_keys;
        if (!family::has_feature_key(needed, keys))
            out_.push_back(Error(errors::dev::feature_key_needed, {{"key", join(needed, " or ")}, {"system", name_}}));
    }

    /// The first contact is the only one that may go over HTTP, and only with a password that is no secret.
    void way_to_https() {
        auto const& seen = in_.observation;
        if (managed_over_ssh(in_.family)) return;  // no account without a host key that is pinned
        if (!seen.open("https")) {
            closed_https();
        } else if (seen.account_channel < ChannelTrust::pinned) {
            no_channel("its certificate is neither verified nor pinned, nor the factory's");
        }
    }

    void closed_https() {
        auto const* https = in_.family.find_service("https");
        if (in_.system.https_proven) {
            out_.push_back(Error(errors::mgr::http_not_allowed, {{"system", name_}}));
        } else if (!in_.observation.factory_password) {
            no_channel("HTTPS is off, and its password is not sent over HTTP; switch HTTPS on at the system");
        } else if (https && settings_.mode(*https, https->mode_setting) == Switch::on && !restart_pending(in_.observation) &&
                   !settings_.other_port(*https, in_.system)) {
            out_.push_back(Error(errors::net::connection_refused, {{"peer", name_ + ":" + std::to_string(https->port)},
                                                                   {"detail", "HTTPS is switched on and does not answer"}}));
        }
    }

    PlanInput const& in_;
    Configured const& settings_;
    SecureOnly mode_;
    std::string name_;
    std::vector<Error> out_;
};

/// The client's own place at the manager.
std::string url_of(PlanInput const& input, std::string_view scheme, family::Client const& client) {
    return std::string(scheme) + "://" + input.policy.manager_host_name + "/" + without_slash(client.default_path);
}

void want_client(PlanInput const& input, Configured const& settings, std::string_view scheme, family::Client const& client,
                 std::vector<Wanted>& out) {
    bool has_name = !input.policy.manager_host_name.empty();
    if (auto url = Configured::url_setting(client); !url.empty()) {
        // A directory that nobody uses is left alone; the manager's own registration is made.
        bool ours = !client.register_command.empty() || (client.id == k_phonebook && input.phonebook);
        if (has_name && (ours || settings.in_use(client))) out.push_back({url, url_of(input, scheme, client)});
        return;
    }
    if (!client.address.empty() && has_name) {
        out.push_back({client.address, input.policy.manager_host_name});
        // A phone book is searched at a place of its own.
        bool const own_path = input.external_manager_path.empty() || client.id == k_phonebook;
        auto path = own_path ? client.default_path : input.external_manager_path;
        // "/tms/..." and "tms/..." are one path: the family's spelling stays.
        if (!client.path.empty() && without_slash(settings.value(client.path)) != without_slash(path))
            out.push_back({client.path, without_slash(path)});
    }
    bool known = std::ranges::any_of(out, [&client](Wanted const& wanted) { return wanted.canonical == client.protocol; });
    if (!client.protocol.empty() && !known) out.push_back({client.protocol, std::string(scheme)});
}

}  // namespace

int goal_level(SecureOnly mode) {
    switch (mode) {
        case SecureOnly::off: return 2;
        case SecureOnly::on: return 3;
        case SecureOnly::verify: return 4;
    }
    return 2;
}

namespace {

std::vector<Wanted> wanted_name_servers(PlanInput const& input, Configured const& settings) {
    std::vector<Wanted> out;
    auto const& policy = input.policy;
    if (settings.value("name.dns.server.1").empty())
        for (std::size_t i = 0; i < policy.dns_servers.size(); ++i)
            out.push_back({"name.dns.server." + std::to_string(i + 1), policy.dns_servers[i]});
    return out;
}

}  // namespace

std::vector<Wanted> wanted_to_find_manager(PlanInput const& input, Configured const& settings) {
    bool const calls_by_name = is_name(input.policy.manager_host_name) && input.family.find_client("external_manager") != nullptr;
    return calls_by_name ? wanted_name_servers(input, settings) : std::vector<Wanted>();
}

std::vector<Wanted> wanted_basics(PlanInput const& input, Configured const& settings) {
    auto out = wanted_name_servers(input, settings);
    auto const& policy = input.policy;
    if (!policy.dns_domain.empty() && settings.value("name.dns.domain").empty()) out.push_back({"name.dns.domain", policy.dns_domain});
    if (!policy.ntp_server.empty()) {
        out.push_back({"time.ntp.address", policy.ntp_server});
        out.push_back({"time.ntp.mode", "on"});
    }
    return out;
}

std::vector<Wanted> wanted_clients(PlanInput const& input, Configured const& settings) {
    std::vector<Wanted> out;
    std::string_view scheme = input.policy.secure_only == SecureOnly::off ? "http" : "https";
    for (auto const& client : input.family.clients) want_client(input, settings, scheme, client, out);
    return out;
}

namespace {

std::vector<std::string> verification_switches(PlanInput const& input) {
    std::vector<std::string> out{"client.verify"};
    for (auto const& client : input.family.clients)
        if (!client.verify.empty()) out.push_back(client.verify);
    return out;
}

bool is_off(Configured const& settings, std::string const& name) {
    auto const stored = settings.value(name);
    return stored.empty() || iequals(stored, "off");
}

}  // namespace

bool is_verification(PlanInput const& input, Configured const& settings, std::string_view wanted) {
    return std::ranges::all_of(verification_switches(input),
                               [&](std::string const& name) { return is_off(settings, name) == (wanted == "off"); });
}

std::vector<Wanted> wanted_verification(PlanInput const& input, Configured const& settings, std::string_view wanted) {
    std::vector<Wanted> out;
    for (auto const& name : verification_switches(input))
        if (is_off(settings, name) != (wanted == "off")) out.push_back({name, std::string(wanted)});
    return out;
}

std::vector<Wanted> wanted_when_calling(PlanInput const& input) {
    Configured const settings(input.family, input.observation);
    auto out = wanted_basics(input, settings);
    for (auto& one : wanted_clients(input, settings)) out.push_back(std::move(one));
    for (auto const& [canonical, value] : input.persistent) out.push_back({canonical, value});
    std::erase_if(out, [&input](Wanted const& one) { return input.family.find_canonical(one.canonical) == nullptr; });
    return out;
}

std::vector<Error> find_blockers(PlanInput const& input, Configured const& settings) { return Blockers(input, settings).find(); }

std::string why_left_alone(PlanInput const& input) {
    auto const& account = input.observation.account;
    if (!account) return {};
    // A restarting system may answer without its version: then what was known before counts.
    auto const& software = account->software.empty() ? input.system.software : account->software;
    if (software.empty()) return "The system does not say which software it runs. It is left as it is.";
    if (family::compare_versions(software, input.family.minimum_secure_only) >= 0) return {};
    return "Not capable of Secure-Only: software " + software + " is older than " + input.family.minimum_secure_only +
           ". The system is left as it is.";
}

}  // namespace countersign::manager
