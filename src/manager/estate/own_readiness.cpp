#include "manager/estate/own_readiness.hpp"

#include "base/text.hpp"
#include "manager/assess/readiness.hpp"
#include "manager/certificates/certificate_watch.hpp"
#include "pki/verify.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {

namespace {

using State = OwnReadiness::State;

constexpr std::uint16_t k_dns_port = 53;
constexpr std::uint16_t k_ntp_port = 123;
/// Certificates begin five minutes before they are made; a clock that is further off would make bad ones.
constexpr std::chrono::seconds k_largest_offset{120};
constexpr net::Milliseconds k_ntp_timeout{3000};

Error missing(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

class Checklist {
public:
    Checklist(Wire wire, OwnState state) : wire_(std::move(wire)), state_(std::move(state)) {}

    net::Task<std::vector<OwnReadiness>> make() {
        name();
        co_await own_dns();
        co_await systems_dns();
        co_await time();
        override_dns();
        one_name();
        certificate();
        staged();
        expiry();
        systems_by_name();
        connections();
        co_return std::move(items_);
    }

private:
    Policy const& policy() const { return state_.policy; }

    OwnReadiness& add(std::string_view id, std::string_view text, SecureOnly needed_for) {
        items_.push_back({.id = std::string(id),
                          .text = std::string(text),
                          .state = State::yes,
                          .evidence = {},
                          .remedy = {},
                          .needed_for = needed_for});
        return items_.back();
    }
    static void no(OwnReadiness& item, Error why, std::string_view remedy) {
        item.state = State::no;
        if (item.evidence.empty()) item.evidence = why.message();
        item.remedy = remedy;
        item.errors.push_back(std::move(why));
    }

    void name() {
        auto& item = add("host_name", "The manager has a fully qualified host name that systems call", SecureOnly::verify);
        auto const& called = policy().manager_host_name;
        constexpr std::string_view remedy =
            "Set it: countersign policy set --manager-host-name NAME. The certificate that the manager serves must have that name.";
        if (called.empty() || is_ip_address(called))
            return no(item, missing("manager_host_name", "systems that verify must call the manager by a host name"), remedy);
        bool const served = state_.own ? pki::matches_name(state_.own->active, called) : iequals(called, state_.settings.host_name);
        if (!served) return no(item, missing("manager_host_name", "the manager's own certificate is not for " + called), remedy);
        item.evidence = called;
        if (!called.contains('.')) {
            item.state = State::unknown;
            item.remedy = "Use a name with its domain, so that it is the same wherever it is asked for.";
        }
    }

    bool has_name() const { return !policy().manager_host_name.empty() && !is_ip_address(policy().manager_host_name); }

    /// As the manager sees it.
    net::Task<> own_dns() {
        auto& item = add("dns", "The manager's name servers know its name", SecureOnly::verify);
        constexpr std::string_view remedy =
            "Enter the name with the manager's address in your DNS, and start the manager with --dns or on a machine with the right "
            "resolv.conf.";
        if (!has_name()) {
            item.state = State::unknown;
            item.evidence = "there is no name to ask for";
            co_return;
        }
        auto known = co_await wire_.resolver->resolve(policy().manager_host_name);
        if (!known) {
            no(item, std::move(known.error().at("the manager's DNS")), remedy);
            co_return;
        }
        item.evidence = policy().manager_host_name + " is " + join(*known, ", ");
        auto const& own = state_.settings.address;
        if (own != "0.0.0.0" && own != "::" && std::ranges::find(*known, own) == known->end()) {
            // A translated address is possible: it stays a hint.
            item.state = State::unknown;
            item.remedy =
                "The manager listens at " + own + ". If that is not reached through the address of the name, correct the name in DNS.";
        }
    }

    /// As the systems will see it through the name servers that they are given.
    net::Task<> systems_dns() {
        auto& item = add("systems_dns", "The name servers that systems are given know the manager's name", SecureOnly::verify);
        if (policy().dns_servers.empty() || !has_name()) {
            item.state = State::unknown;
            item.evidence = policy().dns_servers.empty() ? "the policy gives none; systems keep their own" : "there is no name to ask for";
            item.remedy = "Give systems name servers: countersign policy set --dns-server ADDRESS.";
            co_return;
        }
        net::Resolver::Settings settings{.domain = policy().dns_domain, .bind_address = wire_.bind_address};
        for (auto const& server : policy().dns_servers)
            settings.servers.push_back({server, static_cast<std::uint16_t>(k_dns_port + wire_.port_offset)});
        net::Resolver theirs(std::move(settings));
        auto known = co_await theirs.resolve(policy().manager_host_name);
        if (!known)
            no(item, std::move(known.error().at("the systems' DNS")),
               "Enter the manager's name there, or give systems other name servers.");
        else
            item.evidence = policy().manager_host_name + " is " + join(*known, ", ");
    }

    net::Task<> time() {
        auto& item = add("time", "The manager's clock is right", SecureOnly::verify);
        constexpr std::string_view remedy = "Let this machine take its time from the same servers (chrony, systemd-timesyncd).";
        if (policy().ntp_server.empty()) {
            item.state = State::unknown;
            item.evidence = "the policy names no time server to compare with";
            item.remedy = "Name one: countersign policy set --ntp-server NAME.";
            co_return;
        }
        auto addresses = co_await wire_.resolver->resolve(policy().ntp_server);
        if (!addresses) {
            no(item, std::move(addresses.error().at("ntp_server")), "Correct the name of the time server, or enter it in DNS.");
            co_return;
        }
        net::Endpoint const server{addresses->front(), static_cast<std::uint16_t>(k_ntp_port + wire_.port_offset)};
        auto answer = co_await net::query_ntp(server, wire_.bind_address, k_ntp_timeout);
        if (!answer) {
            no(item, std::move(answer.error().at("ntp_server")),
               "Look whether the time server runs and can be reached from here (UDP port 123).");
            co_return;
        }
        item.evidence = std::to_string(answer->offset.count()) + " ms from " + policy().ntp_server;
        if (std::chrono::abs(answer->offset) > k_largest_offset)
            no(item, missing("ntp_server", "the manager's clock is " + std::to_string(answer->offset.count() / 1000) + " s off its time"),
               remedy);
    }

    void override_dns() {
        auto& item = add("override_dns", "Override DNS is No: systems are told the manager's name, not its address", SecureOnly::on);
        if (state_.network.override_dns)
            no(item, Error(errors::mgr::not_with_secure_only, {{"what", "Override DNS"}}), "countersign network set --override-dns no");
        else
            item.evidence = "No";
    }

    void one_name() {
        auto& item = add("one_name", "Systems inside and outside call the manager by one name", SecureOnly::on);
        auto const& outside = state_.network.public_host_name;
        if (!outside.empty() && !iequals(outside, policy().manager_host_name))
            no(item, Error(errors::mgr::not_with_secure_only, {{"what", "another name for the public network"}}),
               "countersign network set --public-host-name \"\", and enter the one name in both DNS views.");
        else
            item.evidence = policy().manager_host_name;
    }

    void certificate() {
        auto& item = add("certificate", "The manager's HTTPS port serves a certificate that verifies for its name", SecureOnly::verify);
        if (!state_.own_https) {
            no(item, state_.own_https.error(), "See the manager's log; start it again if its certificate was replaced by hand.");
            return;
        }
        auto const root = std::ranges::find_if(
            state_.roots, [this](auto const& one) { return !state_.own || state_.own->internal || one.fingerprint() == state_.own->root; });
        item.evidence = "verified";
        if (root != state_.roots.end()) item.evidence += "; signed by " + root->subject() + ", until " + to_string(root->not_after());
        if (!state_.own || state_.own->internal) return;
        // Names may have changed since it was installed.
        CertificateNeeds const needs{.now = state_.now, .names = state_.own->names, .roots = state_.roots};
        for (auto& fault : certificate_faults(state_.own->chain, needs))
            no(item, std::move(fault), "Install one that is right: countersign own-certificate request.");
    }

    void staged() {
        if (!state_.own || !state_.own->staged) return;
        auto const& waiting = state_.own->staged->waiting_for;
        auto& item = add("certificate_staged", "No certificate of the manager waits to be taken into use", SecureOnly::off);
        item.state = State::no;
        std::vector<std::string> names;
        for (auto const& one : waiting.first)
            if (names.size() < 10) names.push_back(one.name);
        item.evidence = std::to_string(waiting.in_all) + " systems check the manager and do not trust its root yet: " + join(names, ", ");
        item.remedy =
            "Let enforcement reach them (countersign enforce); it is taken into use by itself. Or do without them: countersign "
            "own-certificate activate --accept-consequences.";
    }

    void expiry() {
        if (!state_.own) return;
        auto& item = add("certificate_expiry", "Neither the manager's certificate nor a root of the estate ends soon", SecureOnly::off);
        for (auto const& one : own_expiries(*state_.own, state_.roots, policy().renew_days_before, state_.now)) {
            if (one.rung == 0) continue;
            item.state = State::no;
            item.evidence += (item.evidence.empty() ? "" : "; ") + one.title + " ends at " + to_string(one.end);
            item.remedy += (item.remedy.empty() ? "" : " ") + one.remedy;
        }
        if (item.state == State::yes) item.evidence = "the manager's until " + to_string(state_.own->active.not_after());
    }

    void systems_by_name() {
        auto& item = add("systems_by_host_name", "Every capable system has a host name in its connection settings", SecureOnly::off);
        if (state_.without_name_in_all == 0) {
            item.evidence = "all of them";
            return;
        }
        item.state = State::no;
        item.evidence = std::to_string(state_.without_name_in_all) + " without: " + join(state_.without_name, ", ");
        item.remedy = "Enter it: countersign system set SYSTEM --host-name NAME. Systems without stay below Level 4.";
    }

    void connections() {
        auto& item = add("connections", "The manager has no connection errors to its systems", SecureOnly::off);
        item.evidence = std::to_string(state_.connection_tickets) + " open tickets of connections";
        if (state_.connection_tickets == 0) return;
        item.state = State::no;
        item.remedy = "See countersign ticket list. A system that cannot be reached is updated when it can be.";
    }

    Wire wire_;
    OwnState state_;
    std::vector<OwnReadiness> items_;
};

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::yes: return "yes";
        case State::no: return "no";
        case State::unknown: return "unknown";
    }
    return "";
}

net::Task<std::vector<OwnReadiness>> judge_own_readiness(Wire wire, OwnState state) {
    auto checklist = std::make_unique<Checklist>(std::move(wire), std::move(state));
    co_return co_await checklist->make();
}

net::Task<Result<std::vector<OwnReadiness>>> Network::readiness(Policy policy) {
    OwnState state{.settings = settings_, .network = now(), .policy = std::move(policy), .roots = authority_.roots(), .own_https = {}};
    state.own_https = co_await prove_own_https();
    state.now = wire_.clock->now();
    if (own_ != nullptr) {
        CS_CO_TRY(state.own, co_await own_->show());
    }
    constexpr std::size_t page = 1000;
    constexpr std::size_t most_named = 10;
    SystemFilter filter{.limit = page};
    while (true) {
        CS_CO_TRY(auto systems, co_await store_.list_systems(filter));
        for (auto const& system : systems) {
            if (!system.host_name.empty() || !system.secure_only_capable) continue;
            ++state.without_name_in_all;
            if (state.without_name.size() < most_named) state.without_name.push_back(system.name);
        }
        if (systems.size() < page) break;
        filter.after = systems.back().id;
    }
    CS_CO_TRY(auto const tickets, co_await store_.list_tickets(TicketState::open, 0, 10000));
    constexpr std::array of_connections{TicketType::no_https_response, TicketType::certificate_validation_error,
                                        TicketType::connection_error};
    state.connection_tickets = static_cast<std::size_t>(std::ranges::count_if(
        tickets, [&](Ticket const& ticket) { return std::ranges::find(of_connections, ticket.type) != of_connections.end(); }));
    co_return co_await judge_own_readiness(wire_, std::move(state));
}

net::Task<Result<void>> Network::check_ready_for(Policy policy) {
    auto const mode = policy.secure_only;
    if (mode == SecureOnly::off) {
        if (now().plain_http == PlainDoor::open) co_return Result<void>();
        co_return fail(errors::mgr::restriction_in_force);
    }
    CS_CO_TRY(auto items, co_await readiness(std::move(policy)));
    std::vector<Error> problems;
    for (auto& item : items) {
        bool const needed = item.needed_for == SecureOnly::on || (item.needed_for == SecureOnly::verify && mode == SecureOnly::verify);
        if (!needed || item.state != State::no) continue;
        for (auto& error : item.errors) problems.push_back(std::move(error));
    }
    if (problems.empty()) co_return Result<void>();
    std::string detail;
    for (auto const& problem : problems) detail += (detail.empty() ? "" : "; ") + problem.message();
    Error error(errors::mgr::manager_not_ready, {{"detail", detail}});
    for (auto& problem : problems) error.because(std::move(problem));
    co_return fail(std::move(error));
}

}  // namespace countersign::manager
