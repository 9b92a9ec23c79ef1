#include "manager/plan/plan.hpp"

#include "base/text.hpp"
#include "family/generic.hpp"
#include "manager/assess/readiness.hpp"
#include "manager/observe/wire.hpp"
#include "manager/plan/client_steps.hpp"
#include "manager/plan/goal.hpp"
#include "manager/plan/renewal.hpp"
#include "manager/renew/decide.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <map>

namespace countersign::manager {
namespace {

constexpr std::string_view k_nothing_to_undo = "Nothing to undo.";

std::string list_of(std::vector<std::string> const& texts) { return join(texts, ", "); }

class Planner {
public:
    Planner(PlanInput const& input, PlanLimits limits)
        : in_(input),
          limits_(limits),
          settings_(input.family, input.observation),
          mode_(input.policy.secure_only),
          renewal_(input, limits) {}

    Plan make() {
        plan_.system = in_.system.id;
        plan_.from_level = in_.assessment.level;
        plan_.goal_level = goal_level(mode_);
        for (auto const& exception : in_.policy.exceptions) plan_.notes.push_back(describe(exception) + ".");
        if (auto note = why_left_alone(in_); !note.empty()) {
            plan_.goal_level = plan_.from_level;
            plan_.notes.push_back(std::move(note));
            if (in_.observation.account && !limits_.certificates_only) keep_persistent(ChannelTrust::none);
            return std::move(plan_);
        }
        // What is on trial is the campaign's, and goes back with what would be installed meanwhile.
        bool const on_trial = in_.observation.account && !in_.observation.account->trial.empty();
        if (limits_.certificates_only && (on_trial || !renewal_.is_due())) return std::move(plan_);
        plan_.blockers = find_blockers(in_, settings_);
        if (!plan_.blockers.empty()) return std::move(plan_);
        if (limits_.certificates_only)
            replace_certificates_only();
        else if (mode_ == SecureOnly::off)
            turn_back();
        else
            secure();
        return std::move(plan_);
    }

private:
    // --- the order of things: the new door is opened and used before an old one is closed ---

    void secure() {
        open_https();
        replace_factory_password();
        auto const before_trial = plan_.steps.size();
        // Whatever else may fail: a certificate that ends is replaced first, where nothing is missing for it.
        if (renewal_.comes_first()) replace_certificates();
        auto const after_renewal = plan_.steps.size();
        give_basics();
        keep_persistent(work_channel());
        if (mode_ == SecureOnly::verify) trust_roots();
        if (!renewal_.comes_first() && (mode_ == SecureOnly::verify || renewal_.is_due())) {
            install_client_certificate();
            install_certificate();
        }
        // Verification comes first, so that the first call over HTTPS is verified and proves it. But a system that still calls
        // an address refuses verification (REQ TRU-4): it has to learn the host name before.
        if (calls_an_address()) point_clients();
        set_verification();
        if (!calls_an_address()) point_clients();
        restart_if_needed(work_channel(), "The certificate or settings that were stored work after a restart.");
        prove_certificate();
        remove_client_certificate();
        if (mode_ == SecureOnly::verify && in_.system.track_by != TrackBy::host_name && !is_unverified_for_now()) track_by_host_name();
        note_open_doors();
        close_doors();
        prove_client_certificate();
        await_contact();
        // What was proven stays when something that comes after it goes back.
        bool const apart = after_renewal > before_trial && !limits_.one_trial && in_.observation.account->trial.empty();
        if (apart) put_on_trial(after_renewal, plan_.steps.size());
        put_on_trial(before_trial, apart ? after_renewal : plan_.steps.size());
        if (plan_.blockers.empty()) ask_authority();
    }

    void replace_certificates_only() {
        replace_certificates();
        put_on_trial(0, plan_.steps.size());
        if (plan_.blockers.empty()) ask_authority();
    }

    /// Both sides, as far as they are to be replaced, up to their proof.
    void replace_certificates() {
        install_client_certificate();
        install_certificate();
        if (!certificate_replaced_ && !client_replaced_) return;
        restart_if_needed(work_channel(), "The certificate that was stored works after a restart.");
        prove_certificate();
        if (client_replaced_) prove_client_certificate();
        client_proven_ = client_replaced_;
        certificate_replaced_ = client_replaced_ = false;
    }

    /// Commit-confirm: what comes after HTTPS was proven goes back by itself unless the manager gets as far as to confirm it.
    void put_on_trial(std::size_t begin, std::size_t end) {
        auto const& trial = in_.observation.account->trial;
        bool const is_ours = in_.system.is_our_trial(trial);
        if (!trial.empty() && !is_ours) {
            if (plan_.steps.empty()) return;
            plan_.steps.clear();
            plan_.blockers.push_back(Error(errors::mgr::trial_of_somebody, {{"system", in_.system.name}}));
            return;
        }
        auto const changes = [](Step const& step) { return changes_the_system(step.kind); };
        auto const at = [this](std::size_t index) { return plan_.steps.begin() + static_cast<std::ptrdiff_t>(index); };
        bool const wanted = in_.policy.trial_seconds > 0 && std::any_of(at(begin), at(end), changes);
        if (!is_ours && !wanted) return;
        if (!is_ours && !has_trials()) {
            std::string note = "Systems of this family have no trials: a step that fails is undone by the manager, not by the system.";
            if (std::ranges::find(plan_.notes, note) == plan_.notes.end()) plan_.notes.push_back(std::move(note));
            return;
        }
        auto confirm = make(StepKind::confirm_trial, "Confirm the changes", "Everything was proven; the changes stay");
        confirm.before = "Every step before was proven from outside.";
        confirm.after = "No change is on trial.";
        confirm.channel = secure_channel();
        plan_.steps.insert(at(end), std::move(confirm));
        if (!is_ours) {
            auto step = make(StepKind::begin_trial, "Put the changes on trial",
                             "Whatever goes wrong from here on, the system goes back by itself (commit-confirm)");
            step.before = "HTTPS was used successfully.";
            step.after =
                "The system undoes what follows unless it is confirmed within " + std::to_string(in_.policy.trial_seconds) + " seconds.";
            plan_.steps.insert(at(begin), std::move(step));
        }
    }

    /// REQ MGR-11: back to HTTP towards the manager. No door is closed or opened.
    void turn_back() {
        plan_.notes.emplace_back(
            "Secure-Only is off: the system calls the manager over HTTP, on purpose. Its own doors are left as they are.");
        apply("Set name servers", "It calls the manager by its name", wanted_to_find_manager(in_, settings_));
        clients_changed_ =
            apply("Let the system call the manager over HTTP", "Secure-Only is off (REQ MGR-3, MGR-11)", wanted_clients(in_, settings_));
        // Afterwards, so that no call over HTTPS goes unverified in between.
        if (!is_verification(in_, settings_, "off"))
            apply("Switch certificate verification off", "Secure-Only is off (REQ MGR-3)", wanted_verification(in_, settings_, "off"));
        keep_persistent(work_channel());
        await_contact();
        turn_back_on_trial();
    }

    /// The way back is on trial, too: a system that does not find its way over HTTP stays as it was.
    void turn_back_on_trial() {
        if (in_.observation.account_channel >= ChannelTrust::pinned)
            put_on_trial(0, plan_.steps.size());
        else if (!plan_.steps.empty() && in_.system.https_proven)
            plan_.notes.emplace_back("There is no verified or pinned channel to the system: its changes are not put on trial.");
    }

    /// What a person wants the system to have whatever happens to it, as after a boot with factory settings.
    void keep_persistent(ChannelTrust channel) {
        std::vector<Wanted> wanted;
        for (auto const& [canonical, value] : in_.persistent) wanted.push_back({canonical, value});
        auto* step = apply("Put persistent settings back", "They are kept for this system, and it has others", wanted);
        if (step) step->channel = channel;
    }

    // --- steps ---

    Step make(StepKind kind, std::string_view what, std::string_view why) const {
        Step step;
        step.kind = kind;
        step.what = what;
        step.why = why;
        step.undo = k_nothing_to_undo;
        step.channel = work_channel();
        return step;
    }

    Step& add(StepKind kind, std::string_view what, std::string_view why) {
        plan_.steps.push_back(make(kind, what, why));
        return plan_.steps.back();
    }

    ChannelTrust work_channel() const { return mode_ == SecureOnly::off ? ChannelTrust::none : ChannelTrust::pinned; }

    /// The drivers know the manager's registration at the system under a name that is no setting of the family.
    bool can_set(std::string_view canonical) const {
        if (in_.family.find_canonical(canonical)) return in_.family.can_write(canonical);
        return in_.family.can(family::Action::register_feedback) &&
               std::ranges::any_of(in_.family.clients, [canonical](family::Client const& client) {
                   return !client.register_command.empty() && Configured::url_setting(client) == canonical;
               });
    }

    bool has_trials() const {
        bool const generic = in_.family.ssh || in_.family.hook;
        return generic ? in_.family.can(family::Action::begin_trial) : in_.family.find_behaviour("trial_begin") != nullptr;
    }

    /// What the family file does not describe is not planned, and said so.
    void leave_out(std::string const& what) {
        auto note = "Left out, the family file of " + in_.family.name + " does not say how it is done: " + what + ".";
        if (std::ranges::find(plan_.notes, note) == plan_.notes.end()) plan_.notes.push_back(std::move(note));
    }
    bool described(family::Action action, std::string_view what) {
        if (in_.family.can(action)) return true;
        leave_out(std::string(what));
        return false;
    }

    /// The value that a setting has once the steps so far are done.
    std::string will_be(std::string const& canonical) const {
        auto const planned = planned_.find(canonical);
        return planned == planned_.end() ? settings_.value(canonical) : planned->second;
    }

    /// Adds a step that writes what differs; none when all is as wanted.
    Step* apply(std::string_view what, std::string_view why, std::vector<Wanted> const& wanted) {
        std::vector<SettingChange> changes;
        std::vector<std::string> old_values;
        std::vector<std::string> new_values;
        for (auto const& [canonical, value] : wanted) {
            auto stored = will_be(canonical);
            if (stored == value) continue;
            if (!can_set(canonical)) {
                if (in_.family.find_canonical(canonical)) leave_out("that " + canonical + " becomes " + value);
                continue;
            }
            planned_[canonical] = value;
            changes.push_back({canonical, value, stored});
            old_values.push_back(canonical + " = " + (stored.empty() ? "(empty)" : stored));
            new_values.push_back(canonical + " = " + value);
            auto const* setting = in_.family.find_canonical(canonical);
            restart_needed_ = restart_needed_ || (setting && setting->effect == family::Effect::restart);
        }
        if (changes.empty()) return nullptr;
        auto& step = add(StepKind::apply_settings, what, why);
        step.undo = "Write the old values back: " + list_of(old_values) + ".";
        step.before = "The system can be logged in to.";
        step.after = "The system has stored " + list_of(new_values) + ".";
        step.settings = std::move(changes);
        return &step;
    }

    void restart_if_needed(ChannelTrust channel, std::string_view why) {
        if (!restart_needed_ && (restart_planned_ || !restart_pending(in_.observation))) return;
        if (!described(family::Action::restart, "the restart that changes wait for")) return;
        auto& step = add(StepKind::restart, "Restart the system", why);
        step.before = "All that waits for the restart is stored.";
        step.after = "The system answers again.";
        step.channel = channel;
        restart_needed_ = false;
        restart_planned_ = true;
    }

    void open_https() {
        if (in_.observation.open("https")) return;
        auto const* https = in_.family.find_service("https");
        if (!https) return;
        auto const& mode = https->mode_setting;
        std::vector<Wanted> wanted{{mode, in_.family.switched(*https, mode, settings_.value(mode), true)}};
        auto const elsewhere = settings_.other_port(*https, in_.system);
        if (elsewhere) wanted.push_back({https->port_setting, std::to_string(https->port)});
        auto const why = elsewhere ? "HTTPS has port " + std::to_string(*elsewhere) +
                                         "; the manager calls systems of this family at port " + std::to_string(https->port)
                                   : std::string("HTTPS is off: nothing said to the system is encrypted");
        auto* step = apply("Switch HTTPS on", why, wanted);
        if (managed_over_ssh(in_.family)) {
            // Nothing is said to it over HTTPS: who answers there is proven with its certificate.
            if (step) restart_if_needed(work_channel(), "HTTPS opens at the restart.");
            return;
        }
        if (step) {
            step->before = "The factory password still holds; it is no secret and may answer a digest challenge over HTTP.";
            step->channel = ChannelTrust::none;
        }
        restart_if_needed(ChannelTrust::none, "HTTPS opens at the restart.");
        auto& proof = add(StepKind::prove_channel, "Use HTTPS and check who answers",
                          "Nothing secret is sent before the system has identified itself");
        proof.before = "HTTPS is open.";
        proof.after = "A log-in over HTTPS succeeded; the peer showed its factory identity, a pinned or a verified certificate.";
    }

    void replace_factory_password() {
        if (!in_.observation.factory_password) return;
        if (!in_.policy.change_factory_passwords) {
            plan_.goal_level = std::min(plan_.goal_level, 2);
            plan_.notes.emplace_back("The policy keeps factory passwords; that caps the system at Level 2 (REQ DPT-3).");
            return;
        }
        if (!described(family::Action::set_password, "that the factory password is replaced; it caps the system at Level 2")) return;
        auto& step = add(StepKind::set_password, "Replace the factory password",
                         "The factory password opens the system and caps it at Level 2 (REQ DPT-3)");
        step.undo = "Not undone: the new password is kept, sealed, and every later step uses it.";
        step.before = "The new password is stored by the manager before it is sent.";
        step.after = "The new password opens the system; the factory password does not.";
    }

    void give_basics() {
        apply("Set name servers and time",
              "Host names and the dates of certificates can only be checked with DNS and the right time (REQ TRU-4)",
              wanted_basics(in_, settings_));
    }

    void trust_roots() {
        auto const& trusted = in_.observation.account->trust_fingerprints;
        std::vector<std::string> missing;
        for (auto const& root : in_.estate_roots)
            if (std::ranges::find(trusted, root.fingerprint()) == trusted.end()) missing.push_back(root.subject());
        std::vector<std::string> withdrawn;
        for (auto const& root : in_.withdrawn_roots)
            if (std::ranges::find(trusted, root) != trusted.end()) withdrawn.push_back(root);
        if (missing.empty() && withdrawn.empty()) return;
        if (!described(family::Action::install_trust, "that the system gets the estate's trusted roots")) return;
        auto why = missing.empty() ? std::string() : "Missing in its trust list: " + list_of(missing);
        if (!withdrawn.empty())
            why += std::string(why.empty() ? "" : ". ") + "The estate does not trust any more: SHA-256 " + list_of(withdrawn);
        auto& step = add(StepKind::install_trust, "Give the system the estate's trusted roots", why);
        step.undo = in_.family.certificate.append_roots
                        ? "Take the roots out of, or put them back into, the list at the system."
                        : "Upload the former list at the system; the new one trusts only the estate's own roots.";
        step.before = "The channel is verified, pinned or the factory's.";
        step.after = "Its trust list holds every root of the estate and none that the estate gave up.";
    }

    /// Why the served certificate must be replaced; empty: it is good.
    std::string certificate_fault() const {
        if (!https_verified(in_.system, in_.observation)) {
            auto const* https = served_https(in_.observation);
            if (!https) return "No certificate for " + in_.system.host_name + " is served";
            return "The certificate that is served does not verify for " + in_.system.host_name +
                   (https->findings.empty() ? std::string() : " (" + std::string(pki::to_string(https->findings.front().kind)) + ")");
        }
        auto const& leaf = served_https(in_.observation)->presented.front();
        auto days = days_until(leaf.not_after(), in_.now);
        // Nobody is to be disturbed before the hours of renewals begin.
        bool const hours = in_.policy.renew_days_before > 0;
        if (is_by_hand() && hours) {
            if (has_answer() && in_.by_hand.answer != leaf)
                return "The authority's answer to certificate request " + request_name() + " is here";
            if (leaf.not_after() - in_.now < request_early(leaf.not_before(), leaf.not_after(), in_.by_hand.days_before))
                return "The certificate ends in " + std::to_string(days) + " days, and an authority that is asked by hand needs time";
        }
        if (in_.policy.renew_days_before == k_replace_now)
            return "Its renewal is due, or it is to be replaced by a new key (countersign inventory show " +
                   leaf.fingerprint().substr(0, 16) + ")";
        if (leaf.not_after() - in_.now >= latest_renewal(leaf.not_before(), leaf.not_after(), in_.policy.renew_days_before))
            return is_by_hand() ? std::string() : usage_fault(in_.client, leaf, wants_two(in_));
        return "The certificate ends in " + std::to_string(days) + " days";
    }

    bool is_by_hand() const { return in_.policy.issuer == Issuer::by_hand; }
    bool has_answer() const { return in_.by_hand.answer.has_value(); }
    std::string request_name() const { return std::to_string(in_.by_hand.request); }

    /// The answer is served and was not noted as proven: somebody ended the program between the two.
    bool is_answer_served() const {
        auto const* https = served_https(in_.observation);
        return is_by_hand() && has_answer() && https && https->presented.front() == *in_.by_hand.answer;
    }

    /// What needs a verified certificate waits with it; what the system shows until then stays good enough for everything else.
    bool is_unverified_for_now() const { return awaits_answer_ && !https_verified(in_.system, in_.observation); }

    /// Last of all, so that nothing waits for it: neither the other steps nor a trial.
    void ask_authority() {
        if (!awaits_answer_) return;
        plan_.waits = "Waits for the answer of the authority";
        if (in_.by_hand.request != 0) {
            plan_.waits += " to certificate request " + request_name() + ", made " + to_string(in_.by_hand.made);
        } else {
            auto& step = add(StepKind::request_certificate, "Make a key and a certificate request for " + in_.system.host_name,
                             why_asked_ + "; the folder has its certificates from an authority that is asked by hand");
            step.undo = "Discard the request: countersign by-hand discard.";
            step.before = "No request of the system that fits is open.";
            step.after = "The request can be downloaded; its key is kept, sealed.";
            step.channel = ChannelTrust::none;
        }
        plan_.notes.push_back(plan_.waits + ". What the system shows now stays until then; nothing else waits for it.");
    }

    void install_certificate() {
        if (renewal_.only_what_is_due() && !renewal_.server_is_due()) return;
        if (is_answer_served()) {
            certificate_replaced_ = https_verified(in_.system, in_.observation);
            if (certificate_replaced_) return;
        }
        auto fault = certificate_fault();
        // A request that is open is waited for, also outside of the hours of renewals: its ticket does not come and go with them.
        bool const is_open = is_by_hand() && in_.by_hand.request != 0 && !has_answer();
        if (fault.empty() && !is_open) return;
        if (!described(family::Action::install_certificate, "that the system gets a certificate")) return;
        if (is_by_hand() && !has_answer()) {
            awaits_answer_ = true;
            why_asked_ = std::move(fault);
            return;
        }
        auto const what = is_by_hand() ? "Install the certificate of the authority for " : "Install a new key and certificate for ";
        auto& step = add(StepKind::install_certificate, what + in_.system.host_name, fault);
        step.undo = "Delete the certificate and key at the system: it goes back to its factory pair.";
        step.before = "The channel is verified, pinned or the factory's; the certificate is recorded as pending.";
        step.after = "The system has stored the new pair.";
        restart_needed_ = restart_needed_ || in_.family.certificate.effect != family::CertificateEffect::now;
        certificate_replaced_ = true;
    }

    // --- the certificate for the system's calls (plan/client_steps.hpp) ---

    /// Before the server's: while both are new, the system has one to call with at any moment.
    void install_client_certificate() {
        if (auto note = why_one_certificate(in_); !note.empty()) plan_.notes.push_back(std::move(note));
        if (renewal_.only_what_is_due() && !renewal_.client_is_due()) return;
        auto step = step_to_install_client(in_);
        if (!step) return;
        restart_needed_ = restart_needed_ || client_effect(in_) != family::CertificateEffect::now;
        client_replaced_ = true;
        add_made(*std::move(step));
    }
    void prove_client_certificate() {
        if (client_proven_) return;
        if (auto step = step_to_prove_client(in_, client_replaced_)) add_made(*std::move(step), secure_channel());
    }
    void remove_client_certificate() {
        auto step = step_to_remove_client(in_);
        if (!step) return;
        clients_changed_ = true;
        add_made(*std::move(step), secure_channel());
    }
    void add_made(Step step, std::optional<ChannelTrust> channel = std::nullopt) {
        step.channel = channel.value_or(work_channel());
        plan_.steps.push_back(std::move(step));
    }

    void point_clients() {
        auto* step = apply("Let the system call the manager over HTTPS", "Its calls to the manager must be encrypted (REQ MGR-3, MGR-4)",
                           wanted_clients(in_, settings_));
        clients_changed_ = clients_changed_ || step;
    }

    bool calls_an_address() const {
        return std::ranges::any_of(in_.family.clients, [this](family::Client const& client) {
            auto url = Configured::url_setting(client);
            return is_ip_address(url.empty() ? settings_.value(client.address) : Configured::host_of(settings_.value(url)));
        });
    }

    void set_verification() {
        bool wanted = mode_ == SecureOnly::verify;
        if (is_verification(in_, settings_, wanted ? "on" : "off")) return;
        auto* step = wanted ? apply("Switch certificate verification on", "Level 4: the system checks whom it calls (REQ MGR-3, TRU-3)",
                                    wanted_verification(in_, settings_, "on"))
                            : apply("Switch certificate verification off", "Secure-Only is on without verification (REQ MGR-3)",
                                    wanted_verification(in_, settings_, "off"));
        if (!step) return;
        if (wanted) step->before = "DNS, time, trusted roots and host names are in place (REQ TRU-4).";
        clients_changed_ = true;
    }

    void prove_certificate() {
        if (!certificate_replaced_) return;
        auto& step = add(StepKind::prove_certificate, "Check the new certificate from outside",
                         "A certificate counts when it is served, not when it is stored");
        step.before = "The system answers over HTTPS.";
        step.after = "The new certificate is served and verifies for " + in_.system.host_name + " against the estate's roots.";
    }

    void track_by_host_name() {
        auto& step = add(StepKind::track_by_host_name, "Track the system by its host name",
                         "A certificate is checked against the name that is called (REQ MGR-7)");
        step.undo = "Set tracking back to the address in the connection settings.";
        step.before = in_.system.host_name + " resolves to " + in_.observation.resolved_address + ".";
        step.after = "The manager calls the system as " + in_.system.host_name + ".";
        step.channel = ChannelTrust::none;
    }

    /// Below the goal as assessed, or a door that the policy does not want open at Level 4 (REQ LVL-5).
    bool must_close(family::Service const& service, ProtocolLevel const& row) const {
        if (!row.open || !row.counts || service.id == "https" || in_.policy.keeps(service.door)) return false;
        if (&service == in_.family.management_service()) return false;  // the way in
        if (service.door == "ssh" && mode_ == SecureOnly::verify) return !in_.policy.keep_ssh;
        return row.level < goal_level(mode_);
    }

    void note_open_doors() {
        for (auto const& row : in_.assessment.protocols) {
            auto const* service = row.client ? nullptr : in_.family.find_service(row.id);
            if (!service || !row.open || !row.counts || row.level >= goal_level(mode_)) continue;
            if (row.tls_versions.size() > 1)
                plan_.notes.push_back(service->title + " takes " + row.tls_versions[1] + " and stays at Level " +
                                      std::to_string(row.level) + ". " + row.raise_by + ".");
            if (service->id == "https") continue;
            if (service->mode_setting.empty())
                plan_.notes.push_back(service->title + " cannot be switched off and holds the system at Level " +
                                      std::to_string(row.level) + ".");
            else if (in_.policy.keeps(service->door))
                plan_.notes.push_back("An exception keeps " + service->title + ": the system stays at Level " + std::to_string(row.level) +
                                      ".");
            else if (!must_close(*service, row))
                plan_.notes.push_back("The policy keeps " + service->title + ": the system stays at Level " + std::to_string(row.level) +
                                      " until its host key is pinned (REQ LVL-5).");
        }
    }

    void close_doors() {
        std::vector<Wanted> changes;
        std::vector<std::string> names;
        std::vector<std::string> listeners;
        for (auto const& row : in_.assessment.protocols) {
            auto const* service = row.client ? nullptr : in_.family.find_service(row.id);
            if (!service || service->mode_setting.empty() || !must_close(*service, row)) continue;
            if (!in_.family.can_write(service->mode_setting)) {
                leave_out("that " + service->title + " is closed, which holds the system at Level " + std::to_string(row.level));
                continue;
            }
            names.push_back(service->title);
            if (service->door != "none") listeners.push_back(service->id);
            for (auto const& mode : settings_.modes_of(*service)) {
                auto known = std::ranges::find(changes, mode, &Wanted::canonical);
                auto const current = known == changes.end() ? will_be(mode) : known->value;
                if (!service->is_on(current)) continue;
                auto wanted = in_.family.switched(*service, mode, current, false);
                if (known == changes.end())
                    changes.push_back({mode, std::move(wanted)});
                else
                    known->value = std::move(wanted);
            }
        }
        if (names.empty()) {
            restart_if_needed(secure_channel(), "Changes wait for it.");
            return;
        }
        if (auto* step = apply(
                "Close insecure services: " + list_of(names),
                "They are below Level " + std::to_string(goal_level(mode_)) + ", or not kept by the policy (REQ LVL-3, LVL-5)", changes)) {
            step->before = "HTTPS was used successfully.";
            step->channel = secure_channel();
        }
        restart_if_needed(secure_channel(), "The services close at the restart.");
        auto& proof =
            add(StepKind::prove_closed, "Check from outside that they are closed", "A service counts as closed when its port refuses");
        proof.before = "The services are switched off.";
        proof.after = "Refused: " + list_of(names) + ". HTTPS still answers as before.";
        proof.channel = secure_channel();
        proof.services = std::move(listeners);
    }

    /// Once the new certificate is proven, nothing less will do.
    ChannelTrust secure_channel() const {
        return mode_ == SecureOnly::verify && !is_unverified_for_now() ? ChannelTrust::verified : work_channel();
    }

    bool contact_is_as_wanted() const {
        auto const& contact = in_.observation.contact;
        // Without Secure-Only a system that never called is nothing to wait for.
        if (mode_ == SecureOnly::off) return !contact.at || !contact.https;
        if (!contact.at) return false;
        return contact.https && (mode_ != SecureOnly::verify || contact.verified_us);
    }

    /// The last proof: the system itself finds its way to the manager with its new settings.
    void await_contact() {
        auto const* client = in_.family.find_client("external_manager");
        if (!client || in_.policy.manager_host_name.empty()) return;
        if (!clients_changed_ && contact_is_as_wanted()) return;
        auto scheme = std::string(mode_ == SecureOnly::off ? "HTTP" : "HTTPS");
        auto& step = add(StepKind::await_contact, "Wait for the system to call the manager over " + scheme,
                         "The way from the system to the manager counts when it was used");
        step.before = "The system knows the manager as " + in_.policy.manager_host_name + ".";
        step.after = mode_ == SecureOnly::verify ? "The system called over HTTPS and accepted the manager's certificate."
                                                 : "The system called over " + scheme + ".";
    }

    PlanInput const& in_;
    PlanLimits limits_;
    Configured settings_;
    SecureOnly mode_;
    Renewal renewal_;
    Plan plan_;
    std::map<std::string, std::string> planned_;  ///< canonical -> value of the steps so far
    bool restart_needed_ = false;                 ///< something that was planned takes effect at a restart
    bool restart_planned_ = false;                ///< what waited before the plan is covered
    bool certificate_replaced_ = false;
    bool awaits_answer_ = false;  ///< of an authority that is asked by hand
    std::string why_asked_;
    bool client_replaced_ = false;
    bool client_proven_ = false;  ///< a step before proves it
    bool clients_changed_ = false;
};

}  // namespace

Plan make_plan(PlanInput const& input) { return make_plan(input, {}); }
Plan make_plan(PlanInput const& input, PlanLimits limits) { return Planner(input, limits).make(); }

}  // namespace countersign::manager
