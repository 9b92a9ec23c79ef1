#include "manager/tickets/ticket_rules.hpp"

#include "manager/observe/wire.hpp"
#include "manager/store/ticket_desk.hpp"
#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

using What = TicketVerdict::What;

/// What HTTPS showed, or null when the family has none or nothing was looked at.
ServiceObservation const* https_of(AssessInput const& input) {
    auto const* service = https_service(input.family);
    return service ? input.observation.find(service->id) : nullptr;
}

bool answers_https(ServiceObservation const* https) { return https && https->state == net::PortState::open && https->tls_error.empty(); }

/// HTTPS is the only way in which this system may be talked to (REQ MGR-5).
bool needs_https(AssessInput const& input) {
    return input.policy.secure_only != SecureOnly::off && input.system.secure_only_capable && !managed_over_ssh(input.family);
}

TicketVerdict no_https_response(AssessInput const& input) {
    TicketVerdict verdict{.type = TicketType::no_https_response, .what = What::close};
    auto const* https = https_of(input);
    if (!needs_https(input) || answers_https(https)) return verdict;
    // A system that still has to be brought to HTTPS is the business of enforcement, not of this ticket.
    if (!input.system.https_proven && input.observation.account) return verdict;
    verdict.what = What::open;
    verdict.text = "HTTPS does not answer at " + certificate_name(input.system);
    if (https) {
        verdict.text += " (port " + std::to_string(https->port) + ": " + std::string(net::to_string(https->state));
        if (!https->tls_error.empty()) verdict.text += ", " + https->tls_error;
        verdict.text += ")";
    } else if (input.observation.account_error) {
        verdict.text += ": " + input.observation.account_error->message();
    }
    return verdict;
}

TicketVerdict certificate_validation(AssessInput const& input) {
    TicketVerdict verdict{.type = TicketType::certificate_validation_error, .what = What::close};
    // Over SSH the host key decides with whom is talked; what HTTPS shows counts for the level.
    if (effective_mode(input.system, input.policy) != SecureOnly::verify || managed_over_ssh(input.family)) return verdict;
    auto const* https = https_of(input);
    if (!answers_https(https)) {
        verdict.what = What::leave;
        return verdict;
    }
    if (https->trust >= ChannelTrust::pinned) return verdict;
    verdict.what = What::open;
    verdict.text = "The certificate of " + certificate_name(input.system) + " could not be verified. Communication was not continued.";
    for (auto const& finding : https->findings) {
        verdict.text += " " + finding.text;
        if (!verdict.remedy.empty()) verdict.remedy += " ";
        verdict.remedy += finding.remedy;
    }
    return verdict;
}

bool nothing_open(Observation const& observation) {
    return std::ranges::none_of(observation.services, [](ServiceObservation const& seen) { return seen.state == net::PortState::open; });
}

TicketVerdict connection(AssessInput const& input, bool told_by_https_ticket) {
    TicketVerdict verdict{.type = TicketType::connection_error, .what = What::close};
    if (input.observation.account || told_by_https_ticket) return verdict;
    auto const& error = input.observation.account_error;
    bool const refused_password = error && error->id() == errors::net::login_refused;
    auto const* https = https_of(input);
    bool const told_elsewhere = !managed_over_ssh(input.family) && answers_https(https) && https->trust < ChannelTrust::pinned &&
                                effective_mode(input.system, input.policy) == SecureOnly::verify;
    if (!nothing_open(input.observation) && (refused_password || told_elsewhere)) return verdict;
    verdict.what = What::open;
    verdict.text = error ? error->message() : "The system does not answer";
    if (error) verdict.remedy = error->entry().remedy;
    return verdict;
}

TicketVerdict login(AssessInput const& input) {
    TicketVerdict verdict{.type = TicketType::login_failed, .what = What::leave};
    auto const& error = input.observation.account_error;
    if (input.observation.account) verdict.what = What::close;
    if (!error || error->id() != errors::net::login_refused) return verdict;
    verdict.what = What::open;
    verdict.text = error->message();
    return verdict;
}

/// The worst of all that are looked at counts; among those that are alike, the first.
class Expiry {
public:
    explicit Expiry(AssessInput const& input) : input_(input) {}
    void look_at(std::string const& what, pki::Certificate const& one) {
        auto const rung = reached_rung(ladder_, one.not_before(), one.not_after(), input_.now, input_.policy.renew_days_before);
        if (verdict_.what != What::leave && rung <= verdict_.rung) return;
        verdict_.rung = rung;
        verdict_.what = rung > 0 ? What::open : What::close;
        verdict_.text = what + certificate_name(input_.system) + " ends at " + to_string(one.not_after());
        if (rung > 0) verdict_.text += ": " + ladder_[static_cast<std::size_t>(rung) - 1].text;
    }
    [[nodiscard]] TicketVerdict const& verdict() const { return verdict_; }

private:
    AssessInput const& input_;
    TicketVerdict verdict_{.type = TicketType::certificate_expiring, .what = What::leave};
    std::vector<TicketRung> const& ladder_ = ticket_entry(TicketType::certificate_expiring).ladder;
};

TicketVerdict expiry(AssessInput const& input) {
    Expiry expiry(input);
    auto const* https = https_of(input);
    if (!answers_https(https) || https->presented.empty()) return expiry.verdict();
    // What a stranger shows says nothing about the system's certificate.
    if (https->trust < ChannelTrust::pinned && effective_mode(input.system, input.policy) != SecureOnly::off) return expiry.verdict();
    expiry.look_at("The certificate of ", https->presented.front());
    // Its other services, as SIP over TLS, may have pairs of their own. The address is the system's: HTTPS has shown it.
    for (auto const& seen : input.observation.services) {
        if (seen.service == https->service || seen.state != net::PortState::open || seen.presented.empty()) continue;
        auto const* service = input.family.find_service(seen.service);
        expiry.look_at("The certificate of " + (service ? service->title : seen.service) + " at ", seen.presented.front());
    }
    // The one for its calls, where it has two.
    if (auto const& own = input.client.certificate) expiry.look_at("The certificate for the calls of ", *own);
    return expiry.verdict();
}

TicketVerdict replaced(AssessInput const& input) {
    TicketVerdict verdict{.type = TicketType::system_replaced, .what = What::leave};
    if (input.observation.account) verdict.what = What::close;
    if (input.observation.other_unit.empty()) return verdict;
    verdict.what = What::open;
    verdict.text = input.observation.other_unit;
    return verdict;
}

/// Nothing that a port could show is known of it.
std::vector<TicketVerdict> behind_firewall(AssessInput const& input) {
    TicketVerdict calls{.type = TicketType::connection_error, .what = What::close};
    if (!calls_regularly(input.observation, input.now)) {
        auto const& at = input.observation.contact.at;
        calls.what = What::open;
        calls.text = "The system is behind a firewall and has not called " + (at ? "since " + to_string(*at) : std::string("yet"));
    }
    return {TicketVerdict{.type = TicketType::no_https_response, .what = What::close},
            TicketVerdict{.type = TicketType::certificate_validation_error, .what = What::close}, std::move(calls)};
}

}  // namespace

bool calls_regularly(Observation const& observation, UtcTime now) {
    // Systems beat every 15 minutes unless they are told otherwise; we tell 7.
    constexpr std::chrono::minutes longest_silence{35};
    return observation.contact.at && now - *observation.contact.at < longest_silence;
}

std::vector<TicketVerdict> judge_tickets(AssessInput const& input) {
    if (input.observation.behind_firewall) return behind_firewall(input);
    std::vector<TicketVerdict> verdicts;
    verdicts.push_back(no_https_response(input));
    verdicts.push_back(certificate_validation(input));
    verdicts.push_back(connection(input, verdicts.front().what == What::open));
    verdicts.push_back(login(input));
    verdicts.push_back(expiry(input));
    verdicts.push_back(replaced(input));
    return verdicts;
}

TicketVerdict judge_end_of_caller(AssessInput const& input, pki::Certificate const& shown) {
    Expiry expiry(input);
    expiry.look_at("The certificate that is shown in calls of ", shown);
    return expiry.verdict();
}

net::Task<Result<bool>> settle_tickets(Store& store, SystemId system, std::vector<TicketVerdict> verdicts) {
    CS_CO_TRY(auto open, co_await store.list_tickets(TicketState::open, system, 100));
    bool changed = false;
    for (auto& verdict : verdicts) {
        bool const is_open = std::ranges::find(open, verdict.type, &Ticket::type) != open.end();
        if (verdict.what == What::open) {
            auto remedy = ticket_entry(verdict.type).remedy;
            if (!verdict.remedy.empty()) remedy += " " + verdict.remedy;
            auto const& entry = ticket_entry(verdict.type);
            auto const severity = verdict.rung > 0 ? entry.ladder[static_cast<std::size_t>(verdict.rung) - 1].severity : entry.severity;
            CS_CO_CHECK(co_await store.tickets().see({.system = system,
                                                      .type = verdict.type,
                                                      .subject = {},
                                                      .severity = severity,
                                                      .rung = verdict.rung,
                                                      .text = std::move(verdict.text),
                                                      .remedy = std::move(remedy)}));
            changed = true;
        } else if (verdict.what == What::close && is_open) {
            CS_CO_CHECK(co_await store.close_ticket(system, verdict.type));
            changed = true;
        }
    }
    co_return changed;
}

}  // namespace countersign::manager
