#include "manager/assess/readiness.hpp"

#include "base/text.hpp"
#include "manager/assess/configured.hpp"

#include <algorithm>
#include <chrono>

namespace countersign::manager {
namespace {

using State = ReadinessItem::State;

State yes_if(bool holds) { return holds ? State::yes : State::no; }

class Checklist {
public:
    explicit Checklist(AssessInput const& input)
        : input_(input), settings_(input.family, input.observation), account_(input.observation.account) {}

    std::vector<ReadinessItem> make() {
        software();
        feature_key();
        logon();
        password();
        host_name();
        resolves();
        dns();
        time_server();
        clock();
        own_certificate();
        identities();
        trusted_root();
        preconditions();
        return std::move(items_);
    }

private:
    void add(std::string_view id, std::string_view text, State state, std::string evidence) {
        items_.push_back({std::string(id), std::string(text), state, std::move(evidence)});
    }
    /// For what only the system itself can tell.
    void add_unknown(std::string_view id, std::string_view text) {
        add(id, text, State::unknown, "the system's settings could not be read");
    }

    void software() {
        auto const& version = account_ ? account_->software : input_.system.software;
        auto text = "Software is " + input_.family.minimum_secure_only + " or later";
        if (version.empty()) return add_unknown("software", text);
        add("software", text, yes_if(family::compare_versions(version, input_.family.minimum_secure_only) >= 0), version);
    }

    void feature_key() {
        auto const& needed = input_.family.secure_only_feature_keys;
        if (needed.empty()) return;
        auto text = "One of these feature keys is installed: " + join(needed, ", ");
        if (!account_) return add_unknown("feature_key", text);
        auto const& keys = account_->feature_keys;
        add("feature_key", text, yes_if(family::has_feature_key(needed, keys)), keys.empty() ? "no feature key" : join(keys, ", "));
    }

    void logon() {
        auto const& error = input_.observation.account_error;
        if (account_)
            add("logon", "The manager can log in", State::yes,
                "logged in over a channel with trust: " + std::string(to_string(input_.observation.account_channel)));
        else
            add("logon", "The manager can log in", error ? State::no : State::unknown, error ? error->message() : "was not tried");
    }

    void password() {
        constexpr std::string_view text = "The factory password was changed";
        if (!account_) return add_unknown("password", text);
        add("password", text, yes_if(!input_.observation.factory_password),
            input_.observation.factory_password ? "the factory password opens the system" : "the factory password was not used");
    }

    void host_name() {
        auto const& name = input_.system.host_name;
        bool good = is_host_name(name) && !is_ip_address(name) && name.find('.') != std::string::npos;
        add("host_name", "The system has a fully qualified host name", yes_if(good), name.empty() ? "no host name" : name);
    }

    void resolves() {
        constexpr std::string_view text = "The host name resolves to the system's address";
        auto const& name = input_.system.host_name;
        auto const& found = input_.observation.resolved_address;
        if (name.empty()) return add("host_name_resolves", text, State::no, "no host name");
        if (found.empty()) return add("host_name_resolves", text, State::no, name + " is not known to the name servers");
        bool same = input_.system.address.empty() || input_.system.address == found;
        add("host_name_resolves", text, yes_if(same), name + " is " + found + (same ? "" : ", the system is " + input_.system.address));
    }

    void dns() {
        constexpr std::string_view text = "A DNS server is configured";
        auto server = settings_.find("name.dns.server.1");
        if (!server) return add_unknown("dns", text);
        add("dns", text, yes_if(!server->empty()), server->empty() ? "none" : *server);
    }

    void time_server() {
        constexpr std::string_view text = "An NTP server is configured and NTP is on";
        auto server = settings_.find("time.ntp.address");
        if (!server) return add_unknown("ntp", text);
        bool on = settings_.mode("time.ntp.mode") != Switch::off;
        add("ntp", text, yes_if(on && !server->empty()),
            (server->empty() ? "no server" : *server) + std::string(on ? ", NTP is on" : ", NTP is off"));
    }

    void clock() {
        if (!account_ || !account_->clock_offset_seconds) return;
        // The validity of new certificates begins five minutes early; a clock further off refuses them.
        constexpr std::int64_t tolerated = 300;
        auto offset = *account_->clock_offset_seconds;
        add("clock", "The system's clock is right", yes_if(std::abs(offset) <= tolerated),
            std::to_string(offset) + " s from the manager's clock");
    }

    void own_certificate() {
        constexpr std::string_view text = "The system serves a certificate that verifies for its host name";
        auto const* https = served_https(input_.observation);
        if (!https) return add("own_certificate", text, State::no, "HTTPS shows no certificate");
        auto const& leaf = https->presented.front();
        if (https_verified(input_.system, input_.observation))
            return add("own_certificate", text, State::yes,
                       leaf.subject() + ", until " + to_string(leaf.not_after()) + (https->root.empty() ? "" : ", by " + https->root));
        auto why = https->findings.empty() ? std::string("it was not verified for a host name") : https->findings.front().text;
        add("own_certificate", text, State::no, leaf.subject() + ": " + why);
    }

    /// That a family cannot keep two apart is no fault of the system: it has what it can have.
    void identities() {
        if (input_.policy.identities == Identities::one) return;
        constexpr std::string_view text =
            "The system has the certificates that the policy wants: one for its server side, one for its calls";
        if (!account_) return add_unknown("identities", text);
        if (auto why = input_.family.why_one_certificate(software_of(input_.system, account_)); !why.empty())
            return add("identities", text, State::yes, "it keeps one certificate, with both usages: " + why);
        auto const& side = input_.client;
        if (side.installed.empty()) return add("identities", text, State::no, "it has no certificate of its own for its calls");
        bool const shown = shows_client_certificate(side, input_.observation.contact);
        auto evidence = side.certificate ? side.certificate->subject() + ", until " + to_string(side.certificate->not_after())
                                         : "SHA-256 " + side.installed;
        add("identities", text, yes_if(shown), evidence + (shown ? ", shown in its newest call" : ", not shown in its newest call"));
    }

    void trusted_root() {
        constexpr std::string_view text = "The system trusts the estate's roots";
        if (!account_) return add_unknown("trusted_root", text);
        auto const& trusted = account_->trust_fingerprints;
        auto count = std::to_string(trusted.size()) + " trusted roots";
        if (input_.estate_roots.empty()) return add("trusted_root", text, trusted.empty() ? State::no : State::unknown, count);
        auto missing = std::ranges::find_if(input_.estate_roots, [&trusted](pki::Certificate const& root) {
            return std::ranges::find(trusted, root.fingerprint()) == trusted.end();
        });
        bool all = missing == input_.estate_roots.end();
        add("trusted_root", text, yes_if(all), all ? count : "missing: " + missing->subject());
    }

    void preconditions() {
        constexpr std::string_view text = "Verification on the system has all that it needs";
        if (!account_) return add_unknown("verification", text);
        if (!account_->missing_preconditions.empty())
            return add("verification", text, State::no, "missing: " + join(account_->missing_preconditions, ", "));
        bool on = settings_.mode("client.verify") == Switch::on;
        add("verification", text,
            account_->verification_effective ? State::yes
            : on                             ? State::no
                                             : State::unknown,
            account_->verification_effective ? "verification is on and effective"
            : on                             ? "it is on, and not effective"
                                             : "verification is off");
    }

    AssessInput const& input_;
    Configured settings_;
    std::optional<Account> const& account_;
    std::vector<ReadinessItem> items_;
};

}  // namespace

std::vector<ReadinessItem> check_readiness(AssessInput const& input) { return Checklist(input).make(); }

std::int64_t days_until(UtcTime end, UtcTime now) { return std::chrono::floor<std::chrono::days>(end - now).count(); }

bool has_failure(std::vector<pki::Finding> const& findings) {
    return std::ranges::any_of(findings, [](pki::Finding const& finding) { return finding.severity == pki::Severity::failure; });
}

ServiceObservation const* served_https(Observation const& observation) {
    auto const* https = observation.find("https");
    return https && https->state == net::PortState::open && !https->presented.empty() ? https : nullptr;
}

pki::Certificate const* served_leaf(Observation const& observation) {
    auto const* https = served_https(observation);
    return https != nullptr && !https->presented.empty() ? &https->presented.front() : nullptr;
}

bool https_verified(System const& system, Observation const& observation) {
    auto const* https = served_https(observation);
    return https && https->tls_error.empty() && https->trust == ChannelTrust::verified && !has_failure(https->findings) &&
           !system.host_name.empty();
}

}  // namespace countersign::manager
