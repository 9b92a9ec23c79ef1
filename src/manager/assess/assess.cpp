#include "manager/assess/assess.hpp"

#include "base/text.hpp"
#include "manager/assess/configured.hpp"
#include "manager/assess/readiness.hpp"
#include "manager/renew/decide.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {
namespace {

/// What limits the level beyond single protocols.
struct Cap {
    int level = 4;
    std::string why;
};

struct Door {
    bool open = false;
    std::string evidence;
};

bool is_legacy_tls(std::string_view version) {
    constexpr std::array<std::string_view, 4> legacy{"SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"};
    return std::ranges::find(legacy, version) != legacy.end();
}

/// The oldest broken version that the port speaks; empty: it speaks none.
std::string oldest_legacy(ServiceObservation const& seen) {
    if (!seen.old_versions.empty()) return seen.old_versions.front();
    return is_legacy_tls(seen.tls_version) ? seen.tls_version : std::string();
}

class Assessor {
public:
    explicit Assessor(AssessInput const& input) : in_(input), settings_(input.family, input.observation) {}

    Assessment make() {
        out_.secure_only_capable = capable();
        out_.old_tls = in_.observation.old_tls;
        if (in_.observation.account) out_.trusted_roots = in_.observation.account->trust_fingerprints;
        for (auto const& service : in_.family.services) out_.protocols.push_back(row_of(service));
        for (auto const& client : in_.family.clients) out_.protocols.push_back(row_of(client));
        out_.readiness = check_readiness(in_);
        add_findings();
        decide_level();
        return std::move(out_);
    }

private:
    bool capable() const {
        auto const& account = in_.observation.account;
        if (account && !account->software.empty()) return in_.family.supports_secure_only(account->software, account->feature_keys);
        return in_.system.secure_only_capable;
    }

    // --- services ---

    Door look_at(family::Service const& service) const {
        if (service.transport == "none") return {true, "needs physical presence"};
        auto const* seen = in_.observation.find(service.id);
        auto const* there = in_.observation.find_elsewhere(service.id);
        bool const usual_open = seen && seen->state == net::PortState::open;
        auto const other = settings_.other_port(service, in_.system);
        if (!other) return look_at(service, seen);
        if (!there && settings_.mode(service, service.mode_setting) == Switch::on)
            return {true, (usual_open ? port_of(*seen) + " is open, and it is" : "") + "switched on at port " + std::to_string(*other)};
        if (!usual_open) return look_at(service, there ? there : seen);
        auto door = look_at(service, seen);
        if (there && there->state == net::PortState::open) door.evidence += ", and so is " + port_of(*there) + " of its settings";
        return door;
    }

    static std::string port_of(ServiceObservation const& seen) { return "port " + std::to_string(seen.port); }

    Door look_at(family::Service const& service, ServiceObservation const* seen) const {
        auto mode = settings_.any_mode(service);
        if (!seen) {
            if (mode == Switch::on) return {true, "switched on in its settings"};
            return {false, mode == Switch::off ? "switched off in its settings" : "not looked at, settings not known"};
        }
        auto port = port_of(*seen);
        switch (seen->state) {
            case net::PortState::open: return {true, port + " is open"};
            case net::PortState::refused: return refused(service, port);
            case net::PortState::silent:
            case net::PortState::unreachable: break;
        }
        // A filter on the way may hide it from us and from nobody else.
        if (mode == Switch::on) return {true, port + " does not answer from here, but it is switched on in its settings"};
        return {false, port + " does not answer" + (mode == Switch::off ? ", switched off in its settings" : "")};
    }

    Door refused(family::Service const& service, std::string const& port) const {
        if (restart_pending(in_.observation) && settings_.mode(service, service.mode_setting) == Switch::on)
            return {true, port + " is refused now, but switched on: it opens at the next restart"};
        for (auto const& mode : settings_.modes_of(service))
            if (mode != service.mode_setting && settings_.mode(service, mode) == Switch::on)
                return {true, port + " is refused, but " + mode + " is on: it is open on another port of the unit"};
        if (settings_.mode(service, service.mode_setting) != Switch::on) return {false, port + " is refused"};
        if (!family::has_feature_key(service.needs_feature_key, in_.observation.account->feature_keys))
            return {false, port + " is refused; it is switched on, and has no feature key for it"};
        // A filter that rejects looks the same as a port that is closed.
        return {true, port + " is refused from here, but it is switched on in its settings"};
    }

    ProtocolLevel row_of(family::Service const& service) const {
        ProtocolLevel row{.id = service.id, .name = service.title, .counts = service.counts_for_level};
        auto door = look_at(service);
        row.open = door.open;
        row.evidence = std::move(door.evidence);
        if (!row.open) return row;
        auto const* seen = in_.observation.find(service.id);
        auto const* there = in_.observation.find_elsewhere(service.id);
        auto const is_open = [](ServiceObservation const* one) { return one && one->state == net::PortState::open; };
        bool const moved = settings_.other_port(service, in_.system).has_value();
        auto judged = judge(service, moved && !is_open(seen) ? there : seen, row);
        // Open at both: the worse one counts.
        if (is_open(seen) && is_open(there))
            if (auto other = judge(service, there, row); other.level < judged.level) judged = std::move(other);
        if (judged.level < 4 && judged.raise_by.empty()) judged.raise_by = closing_advice(service);
        return judged;
    }

    /// An open door, by what was seen of it; null: nothing.
    ProtocolLevel judge(family::Service const& service, ServiceObservation const* seen, ProtocolLevel row) const {
        if (service.level == service.level_unverified || !service.secure)
            row.level = family::to_int(service.level);
        else if (service.door == "ssh")
            judge_ssh(service, seen, row);
        else
            judge_tls(service, seen, row);
        return row;
    }

    /// REQ LVL-5.
    static void judge_ssh(family::Service const& service, ServiceObservation const* seen, ProtocolLevel& row) {
        bool pinned = seen && (seen->trust == ChannelTrust::pinned || seen->trust == ChannelTrust::verified);
        row.level = family::to_int(pinned ? service.level : service.level_unverified);
        row.evidence += pinned ? "; its host key is the pinned one" : "; its host key is not pinned";
        if (!pinned) row.raise_by = "Pin its host key over a verified channel, or switch " + service.title + " off";
    }

    void judge_tls(family::Service const& service, ServiceObservation const* seen, ProtocolLevel& row) const {
        if (!seen || seen->state != net::PortState::open) {
            row.level = family::to_int(service.level_unverified);
            row.raise_by = "It must be reached before its certificate can be verified";
            return;
        }
        if (!seen->tls_version.empty()) row.tls_versions.push_back(seen->tls_version);
        row.tls_versions.insert(row.tls_versions.end(), seen->old_versions.begin(), seen->old_versions.end());
        auto const oldest = oldest_legacy(*seen);
        if (!seen->tls_error.empty() || seen->presented.empty()) {
            auto const why = seen->tls_error.empty() ? "no certificate" : seen->tls_error;
            // Where it takes a broken version, something is encrypted. Else nobody could show that anything is.
            row.level = oldest.empty() ? 1 : family::to_int(service.level_unverified);
            row.evidence += oldest.empty() ? ", but no TLS conversation is possible: " + why
                                           : ", but it speaks " + join(seen->old_versions, " and ") +
                                                 " and nothing newer: the manager does not use that";
            row.raise_by = oldest.empty() ? "Repair TLS on the system: a certificate and key that belong together, TLS 1.2 or newer"
                                          : newer_tls_advice(service);
            return;
        }
        row.evidence += ", " + seen->tls_version;
        if (!seen->old_versions.empty()) row.evidence += " (it takes " + join(seen->old_versions, " and ") + " too)";
        row.evidence += ", " + seen->presented.front().subject();
        bool verified = seen->trust == ChannelTrust::verified && !has_failure(seen->findings) && !in_.system.host_name.empty();
        row.level = family::to_int(verified && oldest.empty() ? service.level : service.level_unverified);
        if (verified)
            row.evidence += ", verified for " + in_.system.host_name + (seen->root.empty() ? "" : " by the root " + seen->root);
        else if (!seen->findings.empty())
            row.evidence += ", not verified: " + std::string(pki::to_string(seen->findings.front().kind));
        else
            row.evidence += ", not verified";
        if (!oldest.empty())
            row.raise_by = newer_tls_advice(service);
        else if (!verified)
            row.raise_by = in_.system.host_name.empty() ? "Give the system a host name and a certificate for it"
                                                        : "Install a certificate of the estate's authority for " + in_.system.host_name;
    }

    /// Where the family has a setting for it, that is named.
    std::string newer_tls_advice(family::Service const& service) const {
        auto const* setting = in_.family.find_canonical(service.tls_profile.empty() ? "tls.profile" : service.tls_profile);
        if (setting == nullptr)
            return "Switch TLS 1.0 and 1.1 off on the system, and TLS 1.2 or 1.3 on; where it cannot, newer software is needed";
        return "Raise " + setting->path + " on the system to TLS 1.2 or newer";
    }

    static std::string closing_advice(family::Service const& service) {
        if (service.transport == "none") return "Lock the room: it needs physical presence";
        if (service.mode_setting.empty()) return "It cannot be switched off; keep it behind a filter";
        return "Switch " + service.title + " off";
    }

    // --- clients ---

    ProtocolLevel row_of(family::Client const& client) const {
        ProtocolLevel row{.id = client.id, .name = client.title, .client = true};
        if (!in_.observation.account) {
            row.evidence = "not known: the system's settings could not be read";
            return row;
        }
        row.open = settings_.in_use(client);
        if (!row.open) {
            row.evidence = "not in use";
            return row;
        }
        auto url = Configured::url_setting(client);
        bool https = settings_.speaks_https(client);
        row.evidence = url.empty() ? std::string(https ? "protocol is HTTPS" : "protocol is HTTP") : "calls " + settings_.value(url);
        if (!https) {
            row.level = family::to_int(client.level_http);
            row.raise_by = "Let it call over HTTPS";
            return row;
        }
        auto const& account = *in_.observation.account;
        if (!account.verification_effective) {
            row.level = family::to_int(client.level_https);
            row.evidence += ", verification is not in effect";
            row.raise_by = account.missing_preconditions.empty() ? "Switch certificate verification on"
                                                                 : "Verification needs: " + join(account.missing_preconditions, ", ");
        } else {
            row.level = family::to_int(client.level_verified);
            row.evidence += ", verification is in effect";
        }
        if (client.id == "external_manager") weigh_contact(client, row);
        return row;
    }

    /// What the system really did counts more than what it is set to.
    void weigh_contact(family::Client const& client, ProtocolLevel& row) const {
        auto const& contact = in_.observation.contact;
        if (!contact.at) {
            row.evidence += "; it has not called yet";
            return;
        }
        row.evidence += "; last call over " + std::string(contact.https ? "HTTPS" : "HTTP") + " at " + to_string(*contact.at);
        if (!contact.certificate.empty())
            row.evidence += shows_client_certificate(in_.client, contact) ? "; it showed the certificate that it has for its calls alone"
                                                                          : "; it showed its certificate";
        if (contact.https) return;
        row.level = std::min(row.level, family::to_int(client.level_http));
        row.raise_by = "Wait for its next call, which must come over HTTPS";
    }

    // --- the whole ---

    void add_findings() {
        auto& out = out_.findings;
        if (!in_.observation.other_unit.empty()) out.push_back(in_.observation.other_unit);
        for (auto const& exception : in_.policy.exceptions) out.push_back(describe(exception));
        if (in_.observation.factory_password) out.emplace_back("The factory password still opens the system; this caps it at Level 2.");
        for (auto const& seen : in_.observation.services) add_findings_of(seen);
        for (auto const& seen : in_.observation.elsewhere) add_findings_of(seen);
        add_client_side();
        if (auto const& account = in_.observation.account) {
            for (auto const& missing : account->missing_preconditions) out.push_back("Verification on the system needs: " + missing);
            if (account->restart_pending) out.emplace_back("Changes wait for a restart of the system.");
        } else if (in_.observation.account_error) {
            out.push_back("The system's settings could not be read: " + in_.observation.account_error->message());
        }
    }

    void add_findings_of(ServiceObservation const& seen) {
        auto const* service = in_.family.find_service(seen.service);
        auto title = service ? service->title : seen.service;
        for (auto const& finding : seen.findings) out_.findings.push_back(title + ": " + finding.text);
        if (auto const oldest = oldest_legacy(seen); !oldest.empty())
            out_.findings.push_back(title + ": it speaks " + oldest + ", which is broken; this caps it at Level 3.");
        if (!seen.presented.empty()) note_expiry(title, seen.presented.front());
    }

    void add_client_side() {
        auto const& side = in_.client;
        if (side.certificate) {
            auto const left = side.certificate->not_after() - in_.now;
            if (left <= left.zero())
                out_.findings.push_back("The certificate for its calls ended at " + to_string(side.certificate->not_after()));
            else
                note_expiry("Calls to the manager", *side.certificate);
        }
        if (!in_.observation.account || !has_two_identities(in_.family, in_.policy, in_.system, in_.observation.account)) return;
        if (side.installed.empty())
            out_.findings.emplace_back("The policy wants two identities; the system has no certificate for its calls alone.");
        else if (in_.observation.contact.https && !shows_client_certificate(side, in_.observation.contact))
            out_.findings.emplace_back("The system has a certificate for its calls, and did not show it when it called last.");
    }

    void note_expiry(std::string const& title, pki::Certificate const& leaf) {
        auto days = days_until(leaf.not_after(), in_.now);
        auto const left = leaf.not_after() - in_.now;
        if (left > left.zero() && left < latest_renewal(leaf.not_before(), leaf.not_after(), in_.policy.renew_days_before))
            out_.findings.push_back(title + ": the certificate ends in " + std::to_string(days) + " days, at " +
                                    to_string(leaf.not_after()));
    }

    std::vector<Cap> caps() const {
        std::vector<Cap> out;
        if (in_.observation.factory_password) out.push_back({2, "the factory password still opens the system"});
        if (!in_.observation.account) out.push_back({3, "its settings could not be read, so that what its clients do is not known"});
        return out;
    }

    void decide_level() {
        int lowest = 5;
        for (auto const& row : out_.protocols)
            if (row.counts && row.open) lowest = std::min(lowest, row.level);
        if (lowest == 5) {
            out_.why = in_.observation.behind_firewall
                           ? "Level not known: the system is behind a firewall and cannot be looked at from here."
                           : "Level not known: no service of the system answers.";
            return;
        }
        std::vector<std::string> holding;
        for (auto const& row : out_.protocols)
            if (row.counts && row.open && row.level == lowest) holding.push_back(row.name);
        out_.level = lowest;
        out_.why = lowest == 4 ? "Level 4: every open service and every client in use is encrypted and verified."
                               : "Level " + std::to_string(lowest) + ": held there by " + join(holding, ", ") + ".";
        for (auto const& cap : caps()) {
            if (cap.level >= out_.level) continue;
            out_.level = cap.level;
            out_.why = "Level " + std::to_string(cap.level) + ": " + cap.why + ".";
        }
    }

    AssessInput const& in_;
    Configured settings_;
    Assessment out_;
};

}  // namespace

Assessment assess(AssessInput const& input) { return Assessor(input).make(); }

}  // namespace countersign::manager
