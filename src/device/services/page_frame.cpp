#include "device/services/page_frame.hpp"

#include "base/text.hpp"
#include "device/certificates.hpp"
#include "device/repository/pair_file.hpp"
#include "device/safety.hpp"
#include "device/safety/foresight.hpp"
#include "device/services/log_in_pages.hpp"
#include "device/services/page_files.hpp"

#include <algorithm>

namespace countersign::device {

namespace web = dialect::web;

namespace {

constexpr std::string_view k_in_clear =
    "This connection is not encrypted. Whoever listens reads what you see and what you send, private keys and new passwords too.";

std::string field_of(family::Form const& form, std::string_view role) {
    auto const* field = form.find_role(role);
    return field == nullptr ? std::string() : field->name;
}

web::TrialQuestion question(Unit& unit, Trial::State const& state, Foresight const& foresight) {
    auto const left = std::max(state.deadline - unit.environment().clock->now(), std::chrono::seconds(0));
    web::TrialQuestion out{.until = to_compact_string(state.deadline),
                           .seconds_left = left.count(),
                           .who = state.actor + " over " + state.door,
                           .not_here = {},
                           .go_on_at = {},
                           .confirm = {},
                           .cancel = {}};
    auto proof = foresight.proof();
    out.not_here = std::move(proof.not_here);
    out.go_on_at = std::move(proof.go_on_at);
    auto const& family = unit.family();
    if (auto const place = family.find_form("trial_confirm"); place && unit.page_exists(*place.page))
        out.confirm = {place.form->target, {{field_of(*place.form, "trial_id"), state.id}}};
    if (auto const place = family.find_form("trial_cancel"); place && unit.page_exists(*place.page)) out.cancel = {place.form->target, {}};
    return out;
}

void add_chains(Unit const& unit, family::Page const& page, web::Frame& frame) {
    auto const add = [&](family::Identity const& identity) {
        auto const info = unit.certificates().info(identity.id);
        if (!info) return;
        bool const several = unit.family().identities.size() > 1;
        auto const whose = several ? " of " + identity.title : std::string();
        constexpr std::string_view k_own = "Certificate of this system";
        auto const* served = info->restart_pending ? unit.pair_in_effect(identity.id) : nullptr;
        if (served != nullptr)
            frame.chains.push_back(chain_in_words(unit, served->chain, "Chain of the certificate" + whose + " that is in use", k_own));
        auto const when = served != nullptr ? ", from the next restart" : "";
        frame.chains.push_back(chain_in_words(unit, info->chain, "Chain of the certificate" + whose + when, k_own));
    };
    for (auto const& table : page.tables) {
        if (table.id == "local_certificate")
            if (auto const* identity = unit.family().find_identity(table.identity)) add(*identity);
        if (table.id == "identities")
            for (auto const& identity : unit.family().identities) add(identity);
    }
}

/// What the system would write into a request.
void add_known(Unit const& unit, family::Form const& form, web::Frame& frame) {
    if (form.action != "create_request") return;
    auto const name = unit.certificates().host_name(form.identity);
    if (!name || name->empty()) return;
    frame.known.emplace(form.id + "#common_name", *name);
    frame.known.emplace(form.id + "#alternative_names", "dns:" + *name);
    for (auto const& identity : unit.family().identities)
        if (auto const own = unit.certificates().host_name(identity.id)) frame.known_names.emplace(identity.id, *own);
}

}  // namespace

web::ChainLink link_in_words(pki::Certificate const& certificate, std::string_view kind) {
    std::vector<std::string> names;
    for (auto const& name : certificate.alternative_names()) names.push_back(name.value);
    auto name = certificate.common_name();
    return {.kind = std::string(kind),
            .name = name.empty() ? certificate.subject() : std::move(name),
            .subject = certificate.subject(),
            .issuer = certificate.issuer(),
            .from = to_compact_string(certificate.not_before()),
            .until = to_compact_string(certificate.not_after()),
            .names = join(names, ", "),
            .fingerprint = certificate.fingerprint()};
}

web::Chain chain_in_words(Unit const& unit, std::vector<pki::Certificate> chain, std::string title, std::string_view kind_of_leaf,
                          std::vector<pki::Certificate> const& brought) {
    web::Chain out{.title = std::move(title), .links = {}, .end = {}};
    if (chain.empty()) return out;
    auto const& roots = unit.trust();
    auto const is_in = [](std::vector<pki::Certificate> const& some, pki::Certificate const& one) {
        return std::ranges::find(some, one) != some.end();
    };
    for (auto const* some : {&roots, &brought}) {
        if (is_in(roots, chain.back()) || chain.back().is_self_issued()) break;
        auto const issuer = std::ranges::find_if(*some, [&chain](pki::Certificate const& root) {
            return root.subject() == chain.back().issuer() && pki::check_order({chain.back(), root}).has_value();
        });
        if (issuer != some->end()) chain.push_back(*issuer);
    }
    for (auto const& one : chain) {
        std::string_view kind = one.is_self_issued() ? "Root" : "Issuing authority";
        if (&one == &chain.front()) kind = kind_of_leaf;
        out.links.push_back(link_in_words(one, kind));
    }
    if (is_in(roots, chain.back()))
        out.end = "It ends in a certificate that this system trusts.";
    else if (is_in(brought, chain.back()))
        out.end = "It ends in a certificate that comes with it, to be trusted.";
    else if (chain.size() == 1 && chain.back().is_self_issued())
        out.end = "It has signed itself: nobody vouches for it.";
    else if (chain.back().is_self_issued())
        out.end = "It ends in a root that this system does not trust itself.";
    else
        out.end = "Its issuer, " + chain.back().issuer() + ", is not here. Who connects must have it.";
    return out;
}

void fill_frame(Unit& unit, family::Page const& page, PageView const& view, web::PageValues& values) {
    auto& frame = values.frame;
    frame.files = page_file_addresses();
    frame.check = k_check_path;
    if (view.by_form) {
        frame.user = view.user;
        frame.log_out = k_log_out_path;
    }
    if (view.service == nullptr) return;
    Foresight const foresight(unit, *view.service, view.host);
    if (!view.service->secure) {
        frame.in_clear = k_in_clear;
        if (unit.family().login.scheme != "basic") frame.in_clear += " Your log-in itself is protected.";
        frame.secure_at = foresight.secure_address();
    }
    if (unit.running() == Running::restarting) frame.away_to = foresight.address_after_restart();
    if (auto const state = unit.trial().current()) frame.trial = question(unit, *state, foresight);
    add_chains(unit, page, frame);
    for (auto const& form : page.forms) {
        add_known(unit, form, frame);
        if (form.action != "restart" && form.action != "shutdown") continue;
        auto pending = foresight.pending();
        if (pending.empty()) pending.emplace_back("Nothing waits for a restart.");
        frame.notes.emplace(form.id, std::move(pending));
    }
}

}  // namespace countersign::device
