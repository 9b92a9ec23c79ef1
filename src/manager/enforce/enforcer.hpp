#pragma once

/// Carrying a plan out (REQ GDE-2, MGR-4): each step on a channel that is good enough for it, proven from outside, recorded; the
/// old door stays open until the new one was used. Whatever moment the program dies at, the next run observes again and
/// goes on where it was: passwords and certificates are stored before they are sent and reused afterwards.

#include "manager/campaign/campaign.hpp"
#include "manager/enforce/contact_board.hpp"
#include "manager/observe/survey.hpp"
#include "manager/plan/plan.hpp"

#include <map>
#include <mutex>

namespace countersign::manager {

/// How an enforcement ended.
struct Enforcement {
    std::optional<Error> error;  ///< nothing: the system is as the policy wants it
    bool unreachable = false;    ///< nothing was tried: it waits until it can be reached
    bool not_let_in = false;     ///< there is no account to work with; the tickets of the observation say why
    int steps = 0;               ///< carried out
};

class Enforcer {
public:
    struct Settings {
        net::Milliseconds contact_timeout{20000};
        net::Milliseconds restart_timeout{120000};
        net::Milliseconds proof_timeout{10000};  ///< how long a change may take to show on the wire
        std::string external_manager_path;
        std::function<bool()> stopping;  ///< asked between two steps: the program is to end
        /// Where keys for requests are made; null: on the loop of the enforcement.
        net::BlockingPool* pool = nullptr;
    };
    Enforcer(Store& store, InternalCa& authority, Observer& observer, Surveyor& surveyor, ContactBoard& contacts,
             std::shared_ptr<Clock const> clock, Announce announce, Settings settings);

    /// Observes, plans, carries out, observes again; as many rounds as the plan still has steps, at most a few.
    net::Task<Result<Enforcement>> run(Job job);
    /// The plan for a system as it was just seen.
    [[nodiscard]] Plan plan(Survey const& survey) const;

private:
    struct Work;
    using WorkPtr = std::shared_ptr<Work>;

    net::Task<Result<Enforcement>> enforce(WorkPtr work);
    net::Task<Result<Enforcement>> leave_to_its_call(WorkPtr work);
    net::Task<Result<Enforcement>> end(WorkPtr work, std::optional<Error> error);
    net::Task<Result<void>> carry_out(WorkPtr work, Step step);
    net::Task<Result<void>> run_steps(WorkPtr work);

    // steps.cpp: one function for each kind of step
    net::Task<Result<void>> apply_settings(WorkPtr work, Step step);
    net::Task<Result<void>> undo_settings(WorkPtr work, std::vector<SettingChange> changes);
    net::Task<Result<void>> restart(WorkPtr work, Step step);
    net::Task<Result<void>> prove_channel(WorkPtr work, Step step);
    net::Task<Result<void>> set_password(WorkPtr work, Step step);
    net::Task<Result<void>> install_trust(WorkPtr work, Step step);
    net::Task<Result<void>> install_certificate(WorkPtr work, Step step);
    net::Task<Result<void>> prove_certificate(WorkPtr work, Step step);
    net::Task<Result<void>> track_by_host_name(WorkPtr work, Step step);
    net::Task<Result<void>> prove_closed(WorkPtr work, Step step);
    net::Task<Result<void>> await_contact(WorkPtr work, Step step);

    // client_side.cpp: the certificate for the system's calls
    net::Task<Result<void>> install_client_certificate(WorkPtr work, Step step);
    net::Task<Result<void>> prove_client_certificate(WorkPtr work, Step step);
    net::Task<Result<void>> remove_client_certificate(WorkPtr work, Step step);
    net::Task<Result<void>> forget_former(WorkPtr work, std::string former);

    // trial.cpp: commit-confirm
    net::Task<Result<void>> begin_trial(WorkPtr work, Step step);
    net::Task<Result<void>> confirm_trial(WorkPtr work, Step step);
    /// After a step failed: the system goes back at once. Where it cannot be reached it does so by itself, in time.
    net::Task<Result<void>> cancel_trial(WorkPtr work);
    net::Task<Result<void>> remember_trial(WorkPtr work, std::string id);

    // by_hand.cpp: certificates of an authority that people ask
    net::Task<Result<void>> request_certificate(WorkPtr work, Step step);
    /// Nothing is left to do but to wait: says so at the job, and by a ticket. Or nothing is waited for: then the ticket closes.
    net::Task<Result<void>> settle_waiting(WorkPtr work);
    /// What is installed now, whoever issued it.
    struct Outgoing {
        std::vector<pki::Certificate> chain;  ///< leaf first, without the root
        std::optional<pki::PrivateKey> key;   ///< nothing: the system made it, and keeps it
    };
    net::Task<Result<Outgoing>> outgoing(WorkPtr work);
    /// SHA-256 of the certificate that is to be proven in place; empty: whichever verifies.
    net::Task<Result<std::string>> wanted_certificate(WorkPtr work);
    net::Task<Result<void>> settle_certificate(WorkPtr work);

    // system_keys.cpp: keys that systems make themselves
    struct Asked {
        std::optional<pki::CertificateRequest> request;
        std::string why_not;  ///< why the manager makes the key of a system that makes keys; empty: it makes none, or here is its request
    };
    /// Over a channel that is at least pinned. Errors of the system and its channel are no reason to make the key here.
    net::Task<Result<Asked>> ask_for_request(WorkPtr work);
    /// For a key of the system where it makes one; recorded and pending.
    net::Task<Result<PendingCertificate>> issue_certificate(WorkPtr work);
    /// The system has the key that this was issued for; also where nobody can ask it.
    net::Task<Result<bool>> holds_key(WorkPtr work, pki::Certificate certificate);
    net::Task<Result<void>> hand_over(WorkPtr work, Outgoing next);
    /// What the system has taken: another certificate than `next`, when it had lost its key. MGR-195 for one that people had to ask for.
    net::Task<Result<pki::Certificate>> deliver(WorkPtr work, Outgoing next);
    /// A request by hand whose key the system has not any more is superseded. Whether one was.
    net::Task<Result<bool>> give_up_lost_request(WorkPtr work);
    net::Task<Result<void>> forget_former_server(WorkPtr work);
    /// Once a day for each system.
    bool may_guess_lost_key(SystemId id);
    /// What HTTPS of the system showed when it was looked at last.
    static std::optional<pki::Certificate> shown_now(WorkPtr const& work);

    // roll_back.cpp: what campaigns ask for besides
    net::Task<Result<Enforcement>> confirm(WorkPtr work);
    net::Task<Result<Enforcement>> roll_back(WorkPtr work);
    net::Task<Result<Enforcement>> without_account(WorkPtr work);
    net::Task<Result<void>> end_own_trial(WorkPtr work);
    /// What could not be written back, in words.
    net::Task<Result<std::vector<std::string>>> write_back(WorkPtr work, std::vector<MemberChange> changes);
    /// For a later roll-back, before it is done; nothing without a campaign.
    net::Task<Result<void>> note_change(WorkPtr work, std::string_view mark, std::string old_value = {});
    net::Task<Result<void>> note_settings(WorkPtr work, std::vector<SettingChange> settings);

    // channel.cpp: reaching the system between the steps
    net::Task<Result<void>> ensure_channel(WorkPtr work, ChannelTrust least);
    net::Task<Result<void>> reconnect(WorkPtr work);
    net::Task<Result<void>> note_https_proven(WorkPtr work);
    net::Task<Result<PendingCertificate>> pending_certificate(WorkPtr work);
    /// One that was made before a crash is used, unless it does not fit any more: the name was changed, it lay too long, or the policy
    /// wants other usages.
    bool is_usable(WorkPtr const& work, pki::Certificate const& pending, pki::Profile profile) const;
    /// What is installed for the server side of the system, by the policy and the family.
    static pki::Profile server_profile(WorkPtr const& work);
    net::Task<Result<ServiceObservation>> wait_for_https(WorkPtr work, std::function<bool(ServiceObservation const&)> wanted,
                                                         std::string step);
    net::Task<Result<void>> wait_until_down(std::shared_ptr<net::Stream> watch, net::Endpoint where);
    net::Task<Result<void>> wait_until_up(WorkPtr work);

    Store& store_;
    InternalCa& authority_;
    Observer& observer_;
    Surveyor& surveyor_;
    ContactBoard& contacts_;
    std::shared_ptr<Clock const> clock_;
    Announce announce_;
    Settings settings_;
    std::mutex mutex_;
    std::map<SystemId, UtcTime> guessed_lost_;  ///< when a system was last believed to have lost a key that it cannot be asked for
};

}  // namespace countersign::manager
