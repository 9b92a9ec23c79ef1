#include "base/text.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

Result<std::string> in_family_words(family::Setting const& setting, std::string_view value) {
    auto checked = setting.space.check(setting.path, value);
    if (checked) return checked;
    if (auto translated = setting.from_canonical(value)) return translated;
    return checked;
}

Error one_of(std::vector<Error> problems) {
    if (problems.size() == 1) return std::move(problems.front());
    Error several(errors::gen::several_problems);
    for (auto& problem : problems) several.because(std::move(problem));
    return several;
}

/// What a change asks for, by setting; a later value for the same setting replaces the earlier one.
struct Asked {
    std::vector<std::pair<family::Setting const*, std::string>> values;
    std::vector<Error> problems;
    std::optional<SecretText> password;  ///< of the setting that stands for the system's password
    void take(family::Setting const* setting, std::string value) {
        auto same = std::ranges::find(values, setting, &std::pair<family::Setting const*, std::string>::first);
        if (same == values.end())
            values.emplace_back(setting, std::move(value));
        else
            same->second = std::move(value);
    }
};

/// Not kept as a setting: it is the password itself (docs/families.md, "Log-in").
constexpr std::string_view k_password_setting = "login.password";

/// Settings that verification depends on: a change of one of them is the time to say what is missing.
bool matters_for_verification(family::Setting const& setting) {
    return setting.check == "verification_preconditions" || setting.canonical.starts_with("time.ntp.") ||
           setting.canonical.starts_with("name.dns.");
}

/// Ways in that will ask for a certificate and did not: whoever has none is shut out.
std::vector<family::Service const*> asking_callers_anew(Prospect const& before, Prospect const& after) {
    std::vector<family::Service const*> out;
    for (auto const& service : after.family->services)
        if (service.management && after.verifies_callers(service) && !before.verifies_callers(service)) out.push_back(&service);
    return out;
}

std::string shown(family::Setting const& setting, std::string const& value) {
    if (setting.space.kind != family::ValueKind::password) return value;
    return value.empty() ? "" : "***";
}

}  // namespace

bool Unit::State::exists(family::Setting const& setting) const { return family::has_feature_key(setting.needs_feature_key, feature_keys); }

Prospect Unit::State::prospect(SettingTree::Values const& values) const {
    return {.family = family.get(),
            .value = [this, values](family::Setting const& setting) { return tree.value(values, setting); },
            .feature_keys = feature_keys,
            .has_door = [this](family::Service const& service) { return environment->doors.contains(service.door); },
            .certificate_usable = [this](family::Service const& service) { return identity_of(service).usable(clock->now()); },
            .custom_certificate = [this](family::Service const& service) { return !identity_of(service).factory; },
            .cannot_open =
                [this](family::Service const& service, std::uint16_t port) {
                    auto const closed = unopened.find(service.id);
                    return closed != unopened.end() && closed->second.what.where.port == port + environment->port_offset;
                },
            .has_roots = !trust.empty()};
}

Result<void> Unit::State::check_without_roots() const {
    for (auto const* values : {&tree.stored_values(), &tree.effective_values()}) {
        auto after = prospect(*values);
        after.has_roots = false;
        if (auto problems = judge(prospect(*values), after, {}); !problems.empty()) return fail(std::move(problems.front()));
    }
    return {};
}

Result<void> Unit::State::check_callers_kept(HeldIdentity const* identity, std::string_view what, Actor const& actor) const {
    if (trial.current() || actor.door == k_serial_door) return {};
    for (auto const* values : {&tree.stored_values(), &tree.effective_values()}) {
        auto const held = prospect(*values);
        for (auto const& service : family->services)
            if (service.management && held.verifies_callers(service) && (identity == nullptr || &identity_of(service) == identity))
                return fail(errors::dev::callers_on_trial, {{"service", service.title}, {"what", what}});
    }
    return {};
}

Result<void> Unit::State::check_pair_after(HeldIdentity const& identity, bool custom, bool usable) const {
    for (auto const* values : {&tree.stored_values(), &tree.effective_values()}) {
        auto after = prospect(*values);
        auto instead = [this, &identity](bool value, auto otherwise) {
            return [this, &identity, value, otherwise](family::Service const& service) {
                return &identity_of(service) == &identity ? value : otherwise(service);
            };
        };
        after.custom_certificate = instead(custom, after.custom_certificate);
        after.certificate_usable = instead(usable, after.certificate_usable);
        if (auto problems = judge(prospect(*values), after, {}); !problems.empty()) return fail(std::move(problems.front()));
    }
    return {};
}

VerifyFacts Unit::State::verify_facts() const {
    VerifyFacts facts{
        .time_is_synchronised = time.state() == TimeSync::State::synchronised, .has_roots = !trust.empty(), .server_urls = {}};
    if (prospect(tree.effective_values()).verifying("feedback"))
        for (auto const& slot : feedback) facts.server_urls.push_back(slot.url);
    return facts;
}

Result<family::Setting const*> Unit::find_setting(std::string_view path) const {
    auto const* setting = state_->family->find_setting(path);
    if (setting == nullptr) setting = state_->family->find_canonical(path);
    if (setting == nullptr) return fail(errors::dev::unknown_setting, {{"path", path}});
    if (!state_->exists(*setting)) return fail(errors::dev::feature_key_needed, {{"key", join(setting->needs_feature_key, " or ")}});
    return setting;
}

std::string Unit::stored(family::Setting const& setting) const {
    if (setting.canonical == k_password_setting) return password_for(state_->family->login.user).value_or(SecretText()).reveal();
    return state_->tree.stored(setting);
}
std::string Unit::effective(family::Setting const& setting) const {
    return setting.canonical == k_password_setting ? stored(setting) : state_->tree.effective(setting);
}

std::string Unit::stored_canonical(std::string_view canonical) const {
    return state_->prospect(state_->tree.stored_values()).canonical(canonical);
}

std::string Unit::effective_canonical(std::string_view canonical) const {
    return state_->prospect(state_->tree.effective_values()).canonical(canonical);
}

std::vector<dialect::xapi::PathValue> Unit::configuration() const {
    std::vector<dialect::xapi::PathValue> values;
    for (auto const& setting : state_->family->settings)
        if (state_->exists(setting)) values.push_back({setting.path, shown(setting, stored(setting))});
    return values;
}

bool Unit::restart_pending() const {
    if (state_->running == Running::off) return false;
    return state_->tree.pending() || std::ranges::any_of(state_->identities, &HeldIdentity::restart_pending);
}

VerifyState Unit::verify_state(std::string_view client) const {
    auto now = state_->prospect(state_->tree.effective_values());
    VerifyState state{.asked = client.empty() ? now.verifying_anywhere() : now.verifying(client), .missing = {}};
    if (state.asked) state.missing = missing_for_verification(now, state_->verify_facts());
    return state;
}

Result<Outcome> Unit::apply(std::vector<Change> changes, Actor actor) {
    auto outcome = apply_checked(std::move(changes), actor);
    if (!outcome) {
        std::vector<std::string> ids;
        for (auto const& cause : outcome.error().causes()) ids.emplace_back(cause.entry().code);
        if (ids.empty()) ids.emplace_back(outcome.error().entry().code);
        report("change.refused", {{"reason", join(ids, " ")}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    }
    return outcome;
}

Unit::State::Proposed Unit::State::propose(Unit const& unit, std::vector<Change> const& changes) const {
    Asked asked;
    for (auto const& change : changes) {
        auto setting = unit.find_setting(change.path);
        if (!setting) {
            asked.problems.push_back(std::move(setting).error().at(change.path));
            continue;
        }
        auto value = in_family_words(**setting, change.value);
        if (!value) {
            asked.problems.push_back(std::move(value).error().at((*setting)->path));
        } else if ((*setting)->canonical == k_password_setting) {
            if (auto fits = check_password(*value, family->login.user); !fits)
                asked.problems.push_back(std::move(fits).error().at((*setting)->path));
            asked.password = SecretText(*std::move(value));
        } else {
            asked.take(*setting, *std::move(value));
        }
    }
    Proposed out;
    out.stored = tree.stored_values();
    out.effective = tree.effective_values();
    for (auto const& [setting, value] : asked.values) {
        auto before = tree.stored(*setting);
        tree.set(out.stored, *setting, value);
        if (setting->effect == family::Effect::now) tree.set(out.effective, *setting, value);
        out.touched.insert(setting);
        if (before != value) out.changed.push_back({setting, before, value});
    }

    // What would hold at once, and what would hold after the next restart: neither may break a rule.
    auto const before = prospect(tree.stored_values());
    auto const before_now = prospect(tree.effective_values());
    auto const after = prospect(out.stored);
    auto const after_now = prospect(out.effective);
    for (auto const& [from, to] : {std::pair(&before, &after), std::pair(&before_now, &after_now)})
        for (auto& problem : judge(*from, *to, out.touched))
            if (std::ranges::find(asked.problems, problem) == asked.problems.end()) asked.problems.push_back(std::move(problem));
    if (!trial.current())
        for (auto const* service : asking_callers_anew(before, after))
            asked.problems.push_back(Error(errors::dev::trial_needed, {{"service", service->title}}));
    out.password = std::move(asked.password);
    out.problems = std::move(asked.problems);
    return out;
}

Result<Outcome> Unit::apply_checked(std::vector<Change> changes, Actor const& actor) {
    CS_CHECK(check_may_change(actor));
    if (state_->environment->before_change) CS_CHECK(state_->environment->before_change(*this));
    auto proposed = state_->propose(*this, changes);
    if (!proposed.problems.empty()) return fail(one_of(std::move(proposed.problems)));
    auto& tree = state_->tree;
    auto const after = state_->prospect(proposed.stored);
    auto const after_now = state_->prospect(proposed.effective);
    Outcome outcome;
    outcome.changed = std::move(proposed.changed);

    // New doors first: a port that cannot be opened refuses the whole change.
    bool up = state_->running != Running::off && state_->running != Running::restarting;
    auto wanted = state_->wanted_doors(after_now);
    std::map<std::string, State::OpenDoor> opened;
    if (up) {
        CS_TRY(opened, state_->open_missing(*this, wanted));
    }
    auto old_password = state_->password ? std::optional(state_->password->duplicate()) : std::nullopt;
    if (proposed.password) state_->password = proposed.password->duplicate();
    auto old_stored = tree.stored_values();
    auto old_effective = tree.effective_values();
    tree.commit(std::move(proposed.stored), std::move(proposed.effective));
    if (!outcome.changed.empty() || proposed.password) {
        if (auto saved = state_->save(); !saved) {
            state_->password = std::move(old_password);
            tree.commit(std::move(old_stored), std::move(old_effective));
            return fail(std::move(saved).error());
        }
    }
    if (up) state_->adopt(std::move(opened), wanted);
    for (auto const& [setting, from, to] : outcome.changed) {
        report("setting.changed", {{"path", setting->path},
                                   {"from", shown(*setting, from)},
                                   {"to", shown(*setting, to)},
                                   {"door", actor.door},
                                   {"user", actor.user},
                                   {"peer", actor.peer}});
        if (setting->effect == family::Effect::restart) outcome.restart_needed = true;
    }
    if (proposed.password)
        report("password.changed",
               {{"account", state_->family->login.user}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    state_->settings_took_effect(*this);
    if (after.verifying_anywhere() &&
        std::ranges::any_of(proposed.touched, [](auto const* setting) { return matters_for_verification(*setting); })) {
        auto missing = missing_for_verification(after, state_->verify_facts());
        if (!missing.empty())
            outcome.warnings.push_back(Error(errors::dev::verification_preconditions_missing, {{"missing", join(missing, ", ")}}));
    }
    return outcome;
}

Result<void> Unit::set_feedback(FeedbackSlot slot, Actor actor) {
    CS_CHECK(check_may_change(actor));
    bool removed = slot.url.empty();
    if (!removed) {
        CS_TRY(auto url, net::Url::parse(slot.url));
        if (verify_state("feedback").asked && is_ip_address(url.host))
            return fail(errors::dev::host_name_needed, {{"path", "feedback URL"}, {"value", slot.url}});
    }
    auto const* client = state_->family->find_client("feedback");
    if (client != nullptr && client->most_expressions > 0) {
        auto count = slot.expressions.size();
        for (auto const& held : state_->feedback)
            if (held.slot != slot.slot) count += held.expressions.size();
        if (count > static_cast<std::size_t>(client->most_expressions))
            return fail(errors::dev::too_many_registered_expressions,
                        {{"count", std::to_string(count)}, {"limit", std::to_string(client->most_expressions)}});
    }
    auto before = state_->feedback;
    std::erase_if(state_->feedback, [&slot](auto const& held) { return held.slot == slot.slot; });
    if (!removed) state_->feedback.push_back(slot);
    std::ranges::sort(state_->feedback, {}, &FeedbackSlot::slot);
    if (auto saved = state_->save(); !saved) {
        state_->feedback = std::move(before);
        return saved;
    }
    report(removed ? "feedback.removed" : "feedback.registered",
           {{"slot", std::to_string(slot.slot)}, {"url", slot.url}, {"door", actor.door}, {"peer", actor.peer}});
    return {};
}

std::vector<FeedbackSlot> const& Unit::feedback() const { return state_->feedback; }

std::shared_ptr<net::Resolver> Unit::resolver() const { return state_->name_servers(); }

std::shared_ptr<net::Resolver> Unit::State::name_servers() const {
    if (resolver) return resolver;
    net::Resolver::Settings settings;
    for (auto const& setting : family->settings) {
        if (!setting.canonical.starts_with("name.dns.server.") || !exists(setting)) continue;
        if (auto address = tree.effective(setting); !address.empty())
            settings.servers.push_back({address, static_cast<std::uint16_t>(53 + environment->port_offset)});
    }
    if (settings.servers.empty()) return nullptr;
    settings.domain = prospect(tree.effective_values()).canonical("name.dns.domain");
    settings.bind_address = spec.address;
    resolver = std::make_shared<net::Resolver>(std::move(settings));
    return resolver;
}

Result<net::http::Client::Settings> Unit::client_settings(net::Url const& url, std::string_view client) const {
    net::http::Client::Settings settings;
    settings.origin = url;
    settings.clock = state_->clock;
    settings.bind_address = state_->spec.address;
    settings.user_agent = state_->spec.product_id + "/" + state_->spec.software;
    settings.profile = state_->tls_profile();
    auto const* caller = state_->family->find_client(client);
    auto* identity = state_->find_identity(caller == nullptr ? std::string_view() : std::string_view(caller->identity));
    bool named = !is_ip_address(url.host);
    if (url.scheme == net::Scheme::https) {
        auto verify = verify_state(client);
        if (verify.asked && !named) return fail(errors::dev::host_name_needed, {{"path", "URL"}, {"value", url.to_string()}});
        if (!verify.missing.empty())
            return fail(errors::dev::verification_preconditions_missing, {{"missing", join(verify.missing, ", ")}});
        if (verify.asked)
            settings.policy = net::tls::VerifyChain{
                .anchors = state_->trust, .expected_name = {}, .ignore_name = false, .revocation = state_->revocation_check(*identity)};
        else
            settings.policy = net::tls::AcceptAny{.report_against = state_->trust};
        auto const* shown = identity;
        // The factory's pair says nothing to anybody: while there is nothing better, that of the other identity is shown.
        if (identity->factory && !identity->what->falls_back_to.empty()) shown = state_->find_identity(identity->what->falls_back_to);
        if (shown->served && shown->served->chain.front().allows_client_auth())
            settings.identity = net::tls::ClientIdentity{shown->served->chain, shown->served->key};
    }
    settings.resolver = resolver();
    // Without name servers of its own a system knows no names: those of the machine it runs on are not its business.
    if (named && !settings.resolver)
        return fail(errors::net::dns_failed, {{"servers", "none configured"}, {"name", url.host}, {"detail", "no DNS server is set"}});
    return settings;
}

}  // namespace countersign::device
