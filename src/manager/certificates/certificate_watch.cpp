#include "manager/certificates/certificate_watch.hpp"

#include "base/log.hpp"
#include "manager/certificates/signing_authority.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/store/ticket_desk.hpp"
#include "manager/tickets/catalogue.hpp"
#include "pki/crl.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

/// Certificates end by the day: an hour more or less is no matter.
constexpr net::Milliseconds k_interval{std::chrono::hours(1)};
constexpr net::Milliseconds k_grace{2000};
/// A token that is away is asked again.
constexpr net::Milliseconds k_token_interval{60000};
/// Days before its end that a list is to be made anew.
constexpr int k_list_days = 14;
constexpr std::string_view k_token_subject = "authority key";
/// Another manager does it; when that one ends this one may have to.
constexpr net::Milliseconds k_not_leading{5000};

OwnExpiry expiry_of(pki::Certificate const& certificate, int renew_days, UtcTime now) {
    OwnExpiry out{.subject = {}, .title = {}, .begin = certificate.not_before(), .end = certificate.not_after(), .remedy = {}, .rung = 0};
    out.rung = reached_rung(ticket_entry(TicketType::certificate_expiring).ladder, out.begin, out.end, now, renew_days);
    return out;
}

/// Of a root whose key is kept elsewhere, as it was brought. Who checks whole chains believes nothing of the estate once it is over.
OwnExpiry expiry_of_list(HeldAuthority const& root, pki::Crl const& list, UtcTime now) {
    OwnExpiry out{.subject = "list " + root.fingerprint,
                  .title = "The revocation list of " + root.subject,
                  .begin = list.this_update(),
                  .end = list.next_update().value_or(list.this_update()),
                  .remedy =
                      "Make the next one where the root's file is (countersign crl new, countersign crl revoke) and bring it: countersign "
                      "authority upload-crl FILE.",
                  .rung = 0};
    out.rung = reached_rung(ticket_entry(TicketType::certificate_expiring).ladder, out.begin, out.end, now, k_list_days);
    return out;
}

std::string sentence(OwnExpiry const& expiry) {
    auto const& ladder = ticket_entry(TicketType::certificate_expiring).ladder;
    return expiry.title + " ends at " + to_string(expiry.end) + ": " + ladder.at(static_cast<std::size_t>(expiry.rung) - 1).text;
}

}  // namespace

std::vector<OwnExpiry> own_expiries(OwnCertificateState const& own, std::vector<pki::Certificate> const& roots, int renew_days, UtcTime now,
                                    std::size_t internal) {
    std::vector<OwnExpiry> out;
    auto certificate = expiry_of(own.active, renew_days, now);
    certificate.subject = "own certificate";
    certificate.title = "The manager's HTTPS certificate " + own.active.subject();
    certificate.remedy = own.internal
                             ? "The manager renews it by itself: see in its log (manager.certificate_not_replaced) why it could not."
                             : "Make a request, have it signed and install the answer: countersign own-certificate request. Until then "
                               "nothing changes; countersign own-certificate internal goes back to the manager's own authority.";
    out.push_back(std::move(certificate));
    for (auto const& root : roots) {
        auto expiry = expiry_of(root, renew_days, now);
        expiry.subject = "root " + root.fingerprint();
        expiry.title = "The trusted root " + root.subject();
        bool const is_internal = static_cast<std::size_t>(&root - roots.data()) < internal;
        expiry.remedy = is_internal
                            ? "Every certificate below it ends with it. Replace it while there is time, the estate goes on meanwhile: "
                              "countersign authority replace."
                            : "Get the authority's new root and add it now (countersign root add FILE), have certificates below it "
                              "issued, and remove the old one when countersign root list shows that nothing depends on it.";
        out.push_back(std::move(expiry));
    }
    return out;
}

void CertificateWatch::start(std::shared_ptr<void> keep) {
    running_ = true;
    net::spawn(links_.runtime.executor(0), [this, keep = std::move(keep)] { return run(); }, "manager.own_certificate");
}

net::Task<> CertificateWatch::stop() {
    stopping_ = true;
    wake_.raise();
    if (running_) co_await ended_.wait_beyond(0, k_grace);
}

void CertificateWatch::wake(bool everything) {
    if (everything) everything_ = true;
    wake_.raise();
}

net::Task<> CertificateWatch::run() {
    while (!stopping_) {
        auto const seen = wake_.count();
        if (!links_.store.shared().leads()) {
            co_await wake_.wait_beyond(seen, k_not_leading);
            everything_ = true;
            continue;
        }
        auto advanced = co_await links_.own.advance();
        if (!advanced) log::error("own_certificate.not_activated", advanced.error());
        if (advanced && *advanced) {
            everything_ = true;
            links_.announce("policy", 0);
        }
        if (everything_.exchange(false))
            if (auto judged = co_await judge(); !judged) log::error("own_certificate.not_judged", judged.error());
        auto const away = co_await look_at_tokens();
        if (!away) log::error("authority.tokens_not_looked_at", away.error());
        if (!co_await wake_.wait_beyond(seen, away && *away ? k_token_interval : k_interval)) everything_ = true;
    }
    ended_.raise();
}

namespace {

std::vector<HeldAuthority> without_key(Hierarchies const& all) {
    std::vector<HeldAuthority> out;
    for (auto const& one : all.all())
        if (!one.away.empty() && one.kept.state != AuthorityState::withdrawn) out.push_back(one);
    return out;
}

}  // namespace

/// Whether a key of the authority is away; opens and closes the ticket of it.
net::Task<Result<bool>> CertificateWatch::look_at_tokens() {
    auto& side = signing_side(links_.authority);
    auto away = without_key(*side.hierarchies());
    if (!away.empty()) {
        CS_CO_CHECK(co_await side.reload());
        away = without_key(*side.hierarchies());
    }
    auto& tickets = links_.store.tickets();
    if (!away.empty()) {
        auto const& entry = ticket_entry(TicketType::authority_key_away);
        std::string text;
        for (auto const& one : away) text += (text.empty() ? "" : "\n") + why_no_signer(one).message();
        CS_CO_CHECK(co_await tickets.see({.system = 0,
                                          .type = TicketType::authority_key_away,
                                          .subject = std::string(k_token_subject),
                                          .severity = entry.severity,
                                          .text = std::move(text),
                                          .remedy = entry.remedy}));
        links_.announce("ticket", 0);
        co_return true;
    }
    CS_CO_TRY(auto const open,
              co_await tickets.list({.show = TicketFilter::Show::active, .system = SystemId{0}, .type = TicketType::authority_key_away}));
    if (open.empty()) co_return false;
    CS_CO_CHECK(co_await tickets.settle(0, TicketType::authority_key_away, std::string(k_token_subject), "the token gives the key"));
    links_.announce("ticket", 0);
    co_return false;
}

net::Task<Result<void>> CertificateWatch::judge() {
    CS_CO_TRY(auto const own, co_await links_.own.show());
    CS_CO_TRY(auto const policy, co_await links_.store.get_policy());
    auto expiries =
        own_expiries(own, links_.authority.roots(), policy.renew_days_before, links_.clock->now(), links_.authority.own_roots());
    if (auto const issuing = links_.authority.issuing(); !issuing.empty()) {
        auto expiry = expiry_of(issuing.back(), policy.renew_days_before, links_.clock->now());
        expiry.subject = "issuing authority";
        expiry.title = "The issuing authority " + issuing.back().subject();
        expiry.remedy =
            "With the root's key here the manager makes another one by itself, unless this one's key is on a token: make another key there "
            "and "
            "name it, countersign authority renew-intermediate --key. With the root's key elsewhere: countersign authority "
            "request-intermediate.";
        expiries.push_back(std::move(expiry));
    }
    auto const all = signing_side(links_.authority).hierarchies();
    for (auto const& one : all->all()) {
        if (one.kept.list.empty() || one.signer || one.kept.state == AuthorityState::withdrawn) continue;
        CS_CO_TRY(auto const list, pki::Crl::parse(one.kept.list));
        expiries.push_back(expiry_of_list(one, list, links_.clock->now()));
    }
    auto const& entry = ticket_entry(TicketType::certificate_expiring);
    TicketFilter mine{.show = TicketFilter::Show::active, .system = SystemId{0}, .type = TicketType::certificate_expiring};
    mine.limit = 1000;
    CS_CO_TRY(auto const open, co_await links_.store.tickets().list(mine));
    bool changed = false;
    for (auto const& expiry : expiries) {
        if (expiry.rung == 0) continue;
        changed = true;
        CS_CO_CHECK(co_await links_.store.tickets().see({.system = 0,
                                                         .type = TicketType::certificate_expiring,
                                                         .subject = expiry.subject,
                                                         .severity = entry.ladder.at(static_cast<std::size_t>(expiry.rung) - 1).severity,
                                                         .rung = expiry.rung,
                                                         .text = sentence(expiry),
                                                         .remedy = expiry.remedy}));
    }
    for (auto const& one : open) {
        auto const& subject = one.ticket.subject;
        auto const found = std::ranges::find(expiries, subject, &OwnExpiry::subject);
        if (found != expiries.end() && found->rung > 0) continue;
        changed = true;
        auto const* why = found == expiries.end() ? "it is not there any more" : "it was replaced";
        CS_CO_CHECK(co_await links_.store.tickets().settle(0, TicketType::certificate_expiring, subject, why));
    }
    if (changed) links_.announce("ticket", 0);
    co_return Result<void>();
}

}  // namespace countersign::manager
