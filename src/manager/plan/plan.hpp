#pragma once

/// From policy and observation to ordered steps (REQ GDE-2, MGR-3, MGR-11). Pure. A plan can be shown before it is run; each
/// step says what it does, why, how it is undone and what must be true before and after. Old doors are closed only after
/// the new one has been used. A plan made again from a newer observation leaves out what is already true, so that a plan
/// that was cut off anywhere goes on where it was.

#include "manager/assess/assess.hpp"
#include "manager/plan/by_hand.hpp"

#include <map>
#include <string>
#include <vector>

namespace countersign::manager {

enum class StepKind {
    apply_settings,  ///< `settings` are written
    restart,         ///< and wait until it answers again
    prove_channel,   ///< HTTPS answers, and its identity is verified, pinned or the factory's
    set_password,
    install_trust,               ///< the estate's roots into the trust list
    install_certificate,         ///< new key and certificate, over a channel that is at least `channel`
    prove_certificate,           ///< the new certificate is served and verifies with the host name
    track_by_host_name,          ///< in our own connection settings
    prove_closed,                ///< the listed services refuse connections; HTTPS still verifies
    await_contact,               ///< the system calls us over HTTPS (as its new settings say)
    begin_trial,                 ///< what follows goes back by itself unless it is confirmed in time
    confirm_trial,               ///< what was changed stays
    request_certificate,         ///< a key and a request for an authority that is asked by hand
    install_client_certificate,  ///< new key and certificate for the system's calls alone
    prove_client_certificate,    ///< the system called, and showed it
    remove_client_certificate    ///< the system shows its server's certificate when it calls
};
std::string_view to_string(StepKind kind);
/// It changes what the system has stored, but for its password.
bool changes_the_system(StepKind kind);

struct SettingChange {
    std::string canonical;
    std::string value;      ///< canonical value
    std::string old_value;  ///< as observed; for undo
    bool operator==(SettingChange const&) const = default;
};

struct Step {
    StepKind kind{};
    std::string what;    ///< "Switch HTTPS on"
    std::string why;     ///< which finding or policy asks for it
    std::string undo;    ///< how it is undone; "nothing to undo" for proofs
    std::string before;  ///< what must be true before
    std::string after;   ///< what must be true after
    /// The least trust a channel must have to carry this step. none: HTTP with digest is allowed (first contact only).
    ChannelTrust channel = ChannelTrust::none;
    std::vector<SettingChange> settings;
    std::vector<std::string> services;  ///< for prove_closed
};

struct Plan {
    SystemId system = 0;
    int from_level = 0;
    int goal_level = 0;
    std::vector<Step> steps;         ///< empty with no blockers: nothing to do
    std::vector<Error> blockers;     ///< why nothing can be done: MGR-005, MGR-006, not reachable ...
    std::vector<std::string> notes;  ///< "not capable of secure-only: left as it is"
    /// What it waits for besides, in words: the answer of an authority. Everything else of it can be done. Empty: nothing.
    std::string waits{};
};

struct PlanInput {
    family::Family const& family;
    System const& system;
    Observation const& observation;
    Assessment const& assessment;
    Policy const& policy;
    std::vector<pki::Certificate> estate_roots;
    std::string external_manager_path;  ///< our path for the system's calls
    UtcTime now;
    std::map<std::string, std::string> persistent = {};  ///< settings that the system gets again when it lost them
    bool phonebook = false;                              ///< a phone book of ours is assigned to it
    /// SHA-256 of roots that the estate trusted once; a system that has one forgets it.
    std::vector<std::string> withdrawn_roots = {};
    ByHand by_hand = {};  ///< counts when the policy's issuer is by_hand
    ClientSide client = {};
};

Plan make_plan(PlanInput const& input);

}  // namespace countersign::manager
