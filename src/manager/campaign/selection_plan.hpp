#pragma once

/// The plan for many systems, before it is run (REQ GDE-2): what would be done at each, in which wave, what is in the way, and a digest
/// by which a start can say which plan was seen. Pure.

#include "manager/campaign/campaign.hpp"
#include "manager/plan/plan.hpp"

#include <map>
#include <string>
#include <vector>

namespace countersign::manager {

/// How a system stands before a campaign.
enum class Outlook {
    at_goal,     ///< nothing to do
    has_steps,   ///< can be taken to the goal
    blocked,     ///< something is in the way
    below_goal,  ///< nothing more can be done, and its level is lower: see its plan's notes
    left_alone   ///< not capable of Secure-Only
};
std::string_view to_string(Outlook outlook);

struct PlannedSystem {
    System system;
    Plan plan;
    int wave = 0;
    Outlook outlook{};
    std::string digest;  ///< of its plan: what is done, not when or why
};

struct SelectionPlan {
    CampaignSettings settings;
    std::vector<PlannedSystem> systems;
    std::string digest;  ///< of all of it, and of the settings except for the name
};

Outlook outlook_of(Plan const& plan, SecureOnly mode, bool capable);
/// Kinds of steps and the settings they write, and whether something is in the way: two plans with one digest do the same.
std::string digest_of(Plan const& plan);
/// Fills in outlooks, waves and digests.
void complete(SelectionPlan& plan);

struct PlanSummary {
    std::map<Outlook, int> outlooks;
    std::map<std::string, int> steps;                         ///< kind -> how many
    std::map<std::string, std::vector<std::string>> blocked;  ///< error code -> names of systems
    std::vector<std::string> left_alone;                      ///< names of those that are not capable
    std::map<int, int> waves;                                 ///< wave -> systems
    int without_trial = 0;                                    ///< have steps, and nothing goes back by itself there
    int new_passwords = 0;                                    ///< get a new password, which no roll-back takes back
};
PlanSummary summarise(SelectionPlan const& plan);

/// Names of systems whose plans differ between two plans of one selection, or which are in one of them only; at most `most`.
std::vector<std::string> changed_systems(std::map<std::string, std::string> const& before, SelectionPlan const& now, std::size_t most);
/// Name -> digest, for changed_systems later.
std::map<std::string, std::string> digests_of(SelectionPlan const& plan);

/// What a roll-back of one system would do, and what it would leave.
struct RollbackOutlook {
    SystemId system = 0;
    std::string name;
    MemberState state{};
    bool cancels_trial = false;
    std::vector<std::string> undone;  ///< sentences
    std::vector<std::string> stays;
};
RollbackOutlook rollback_outlook(Member const& member, std::vector<MemberChange> const& changes, bool on_trial);

/// Settings that a roll-back writes back; marks and what opens HTTPS are not among them.
std::vector<MemberChange> settings_to_write_back(std::vector<MemberChange> const& changes);

}  // namespace countersign::manager
