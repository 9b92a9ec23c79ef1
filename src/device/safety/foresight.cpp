#include "device/safety/foresight.hpp"

#include "base/text.hpp"
#include "device/services/web_address.hpp"
#include "device/unit_state.hpp"
#include "pki/verify.hpp"

#include <algorithm>

namespace countersign::device {
namespace {

constexpr std::string_view k_at_once = "at once";
constexpr std::string_view k_at_restart = "at the next restart";

bool has_pages(family::Service const& service) {
    return std::ranges::find(service.dialects, "pages") != service.dialects.end() && (service.door == "http" || service.door == "https");
}

std::string shown(family::Setting const& setting, std::string const& value) {
    if (setting.space.kind == family::ValueKind::password) return value.empty() ? "empty" : "(not shown)";
    return value.empty() ? "empty" : value;
}

}  // namespace

/// One question; it has the inside of the unit that Foresight alone may see.
struct Foresight::Work {
    Foresight const& asked;
    Unit::State const& state;
    Told told = {};

    explicit Work(Foresight const& foresight) : asked(foresight), state(*foresight.unit_.state_) {}

    [[nodiscard]] Prospect now() const { return state.prospect(state.tree.effective_values()); }
    [[nodiscard]] Prospect later() const { return state.prospect(state.tree.stored_values()); }

    /// Where the pages are then: over the same service when it is still there, else over the most secure one.
    [[nodiscard]] std::string address(Prospect const& at, bool secure_only = false) const {
        family::Service const* best = nullptr;
        auto const doors = state.wanted_doors(at);
        for (auto const& service : state.family->services) {
            if (!has_pages(service) || !doors.contains(service.id) || at.redirects(service) || (secure_only && !service.secure)) continue;
            if (&service == &asked.service_) return url(service, at);
            if (best == nullptr || (service.secure && !best->secure)) best = &service;
        }
        return best == nullptr ? std::string() : url(*best, at);
    }
    [[nodiscard]] std::string url(family::Service const& service, Prospect const& at) const {
        return url_of(asked.unit_, asked.host_, service, at.port(service));
    }

    void tell(std::string effect) { told.effects.push_back(std::move(effect)); }

    /// What becomes of the service in use. True: it was told that it is no more what it was.
    bool compare(Prospect const& before, Prospect const& after, std::string_view when) {
        auto const& service = asked.service_;
        auto const was = state.wanted_doors(before);
        auto const will = state.wanted_doors(after);
        if (!was.contains(service.id)) return false;
        auto const moment = std::string(when);
        if (!will.contains(service.id)) {
            tell(service.title + ", which you are using, closes " + moment + ".");
            return true;
        }
        if (auto const from = before.port(service), to = after.port(service); from != to) {
            tell(service.title + ", which you are using, moves " + moment + " from port " + std::to_string(from) + " to port " +
                 std::to_string(to) + ".");
            return true;
        }
        if (after.redirects(service) && !before.redirects(service)) {
            tell(service.title + ", which you are using, answers " + moment + " with nothing but the way to HTTPS.");
            return true;
        }
        if (after.verifies_callers(service) && !before.verifies_callers(service)) {
            tell(service.title + ", which you are using, lets nobody in " + moment +
                 " who does not show a certificate that this system trusts. Is there one in your browser?");
            return true;
        }
        auto const offered = [&service](Prospect const& at) {
            return service.tls_profile.empty() ? at.canonical("tls.profile") : at.canonical(service.tls_profile);
        };
        if (service.secure && offered(before) != offered(after)) {
            tell(service.title + ", which you are using, offers other versions of TLS " + moment + ". Your browser must know one of them.");
            return true;
        }
        return false;
    }

    [[nodiscard]] bool pair_in_use(HeldIdentity const& held) const {
        return asked.service_.secure && &state.identity_of(asked.service_) == &held;
    }
};

Foresight::Told Foresight::settings(std::vector<Change> const& changes) const {
    Work work(*this);
    auto proposed = work.state.propose(unit_, changes);
    auto const after_now = work.state.prospect(proposed.effective);
    auto const after = work.state.prospect(proposed.stored);
    if (!work.compare(work.now(), after_now, k_at_once)) work.compare(work.later(), after, k_at_restart);
    for (auto const& [setting, from, to] : proposed.changed)
        if (setting->canonical == "network.ipv4.address" && !to.empty())
            work.tell("The address of this system becomes " + to +
                      (setting->effect == family::Effect::restart ? " at the next restart" : "") +
                      ". If you called it by its address, call it by the new one.");
    if (proposed.password) work.tell("The password changes: you log in again.");
    work.told.problems = std::move(proposed.problems);
    if (!work.told.effects.empty()) {
        auto const soon = work.address(after_now);
        work.told.go_on_at = soon == url_of(unit_, host_, service_, work.now().port(service_)) ? work.address(after) : soon;
    }
    return std::move(work.told);
}

Foresight::Told Foresight::pair(std::vector<pki::Certificate> const& chain, std::string_view identity) const {
    Work work(*this);
    auto const* held = work.state.find_identity(identity);
    if (held == nullptr || !work.pair_in_use(*held)) return {};
    bool const soon =
        held->what->effect_in(work.state.spec.software, work.state.family->certificate.effect) == family::CertificateEffect::now;
    auto const when = std::string(soon ? k_at_once : k_at_restart);
    if (chain.empty()) {
        work.tell(service_.title + ", which you are using, shows another certificate " + when + ". Your browser may warn of it.");
    } else if (!(chain.front() == held->leaf()) || held->restart_pending()) {
        auto const& leaf = chain.front();
        auto const name = leaf.common_name().empty() ? leaf.subject() : leaf.common_name();
        work.tell(service_.title + ", which you are using, shows the certificate of " + name + " " + when +
                  ". Your browser goes on without a warning if it trusts the issuer, " + leaf.issuer() + ".");
        // An address of version 6 is in brackets in a URL, and in a certificate it is not.
        auto const bare = host_.starts_with('[') && host_.ends_with(']') ? host_.substr(1, host_.size() - 2) : host_;
        if (!pki::matches_name(leaf, bare))
            work.tell("This certificate is not for " + host_ + ", by which you called this system: your browser will warn of it.");
    }
    if (!work.told.effects.empty()) work.told.go_on_at = work.address(work.now());
    return std::move(work.told);
}

Foresight::Told Foresight::trust() const {
    Work work(*this);
    if (!work.now().verifies_callers(service_)) return {};
    work.tell(service_.title +
              ", which you are using, lets in only who shows a certificate that this system trusts. Check that yours is still "
              "among what it trusts then.");
    work.told.go_on_at = work.address(work.now());
    return std::move(work.told);
}

Foresight::Told Foresight::restart() const {
    Work work(*this);
    work.tell("The system goes away for a while and comes back by itself. Every connection to it ends, yours too, and you log in again.");
    work.compare(work.now(), work.later(), k_at_restart);
    auto const& held = work.state.identity_of(service_);
    if (service_.secure && held.restart_pending())
        work.tell(service_.title +
                  ", which you are using, shows the certificate that was installed. Your browser goes on without a warning if it "
                  "trusts the issuer, " +
                  held.leaf().issuer() + ".");
    work.told.go_on_at = work.address(work.later());
    return std::move(work.told);
}

Foresight::Told Foresight::shutdown() const {
    Work work(*this);
    work.tell("The system ends its calls and its services. Its pages stay, so that you can restart it.");
    work.told.go_on_at = work.address(work.now());
    return std::move(work.told);
}

Foresight::Told Foresight::restore() const {
    Work work(*this);
    work.tell("The system restarts with the settings and the password of the factory. What you set is gone.");
    auto const factory = work.state.prospect({});
    work.compare(work.now(), factory, k_at_restart);
    work.told.go_on_at = work.address(factory);
    return std::move(work.told);
}

std::vector<std::string> Foresight::pending() const {
    Work const work(*this);
    std::vector<std::string> out;
    for (auto const& setting : work.state.family->settings) {
        if (!work.state.exists(setting)) continue;
        auto const from = work.state.tree.effective(setting);
        auto const to = work.state.tree.stored(setting);
        if (from != to) out.push_back(setting.path + ": " + shown(setting, from) + " becomes " + shown(setting, to));
    }
    for (auto const& held : work.state.identities)
        if (work.state.running != Running::off && held.restart_pending())
            out.push_back(held.what->title + ": the certificate " + held.leaf().subject() + " comes into use");
    return out;
}

Foresight::Proof Foresight::proof() const {
    Work const work(*this);
    if (unit_.restart_pending())
        return {
            .not_here = "What was changed waits for a restart, and has not shown yet that it works. Restart the system, then confirm it.",
            .go_on_at = {}};
    auto const after = work.later();
    bool const open = work.state.doors.contains(service_.id) && work.state.wanted_doors(after).contains(service_.id);
    if (open && !after.redirects(service_)) return {};
    auto const why = open ? "answers with nothing but the way to HTTPS after the change." : "is not open after the change.";
    return {.not_here = service_.title + ", which you are using, " + why, .go_on_at = work.address(after)};
}

std::string Foresight::secure_address() const {
    Work const work(*this);
    return work.address(work.now(), true);
}

std::string Foresight::address_after_restart() const {
    Work const work(*this);
    return work.address(work.later());
}

}  // namespace countersign::device
