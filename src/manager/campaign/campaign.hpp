#pragma once

/// The words of campaigns: many systems are taken to a goal in waves, canaries first, with a limit on failures, within maintenance
/// windows, and reversible until confirmed (REQ GDE-2, MGR-4). Plain values; decide.hpp says what comes next, the store keeps
/// them, nothing here does anything.

#include "manager/campaign/windows.hpp"
#include "manager/estate/model.hpp"

#include <map>

namespace countersign::manager {

using CampaignId = std::int64_t;

/// "10" or "25%": of how many is said where it is used.
struct Amount {
    int value = 0;
    bool percent = false;
    bool operator==(Amount const&) const = default;
    /// At least one, at most `total`.
    [[nodiscard]] std::size_t of(std::size_t total) const;
};
std::string to_string(Amount amount);
/// 1 to 100,000, or 1% to 100%.
std::optional<Amount> parse_amount(std::string_view text);

/// When what a campaign changed stays. Until then it is on trial at systems that have trials (commit-confirm): not confirmed in time,
/// it goes back by itself.
enum class Confirm {
    by_hand,  ///< a person confirms each wave; the default, because nothing stays that nobody looked at
    by_wave,  ///< when each system of the wave was proven or has failed, and failures are within the limit
    each      ///< every system as soon as it was proven
};

struct CampaignSettings {
    std::string name;
    std::string selection;           ///< what was selected, in words
    SecureOnly mode{};               ///< the goal; the policy's at the start unless another was given
    std::vector<SystemId> canaries;  ///< go first; explicit
    int canary_count = 0;            ///< or so many, and at least one of each family
    std::vector<Amount> waves;       ///< sizes of the waves after the canaries; the last one repeats. Percent of the selection
    Amount stop_on{5, true};         ///< the campaign pauses at the n-th failure; percent of the selection. A canary's always pauses it
    int at_once = 50;                ///< systems under way together
    int attempts = 3;                ///< of one system before it counts as failed
    Confirm confirm = Confirm::by_hand;
    int trial_seconds = 3600;  ///< for by_hand and by_wave: how long systems wait for it, at most an hour
    std::vector<Window> windows;
    std::optional<UtcTime> start_at;
};

enum class CampaignState { running, paused, cancelled, done };
/// Why a campaign is paused.
enum class PauseReason { none, by_hand, canary_failed, too_many_failures, not_confirmed, rolled_back };

enum class MemberState {
    pending,     ///< its wave has not come, or there is no place yet
    started,     ///< a job brings it to the goal
    proven,      ///< at the goal, proven from outside, and waits for confirmation
    confirming,  ///< a job confirms it
    done,        ///< at the goal, proven from outside; it stays
    below_goal,  ///< everything of its plan is done and proven, and its level is still lower
    left_alone,  ///< not capable of Secure-Only
    failed,
    undone,        ///< was not confirmed in time and went back by itself
    rolling_back,  ///< a job takes it back
    rolled_back,
    rollback_failed,
    skipped,  ///< the campaign was cancelled before its turn
    removed   ///< the system is not in the estate any more
};

/// One system in a campaign.
struct Member {
    SystemId system = 0;
    std::string name;  ///< kept, should the system be removed
    std::string family;
    int wave = 0;  ///< 0: canaries
    MemberState state = MemberState::pending;
    JobId job = 0;       ///< the newest one; 0: none yet
    int from_level = 0;  ///< when it was started
    int level = 0;       ///< when its newest job ended
    std::optional<UtcTime> started;
    std::optional<UtcTime> finished;
    std::optional<UtcTime> confirm_by;  ///< when its trial ends and it goes back by itself; nothing: it has none
    std::string error_code;
    std::string error_text;
    std::string note;  ///< what holds it below the goal; what was not rolled back
};

struct Campaign {
    CampaignId id = 0;
    CampaignSettings settings;
    CampaignState state = CampaignState::running;
    PauseReason reason = PauseReason::none;
    int wave = 0;               ///< the one under way
    int waves = 0;              ///< how many there are, canaries included
    int accepted_failures = 0;  ///< those that a person has seen when the campaign was resumed
    std::string digest;         ///< of the plan that was shown
    UtcTime created{};
    std::string created_by;
    std::optional<UtcTime> finished;
};

/// How many members are in which state.
using MemberCounts = std::map<MemberState, int>;

/// What a system is to be taken to, other than the policy says. Set when a campaign takes it in hand, ended by a roll-back, by
/// cancelling, or by a change of the mode of the whole estate.
struct SystemGoal {
    SecureOnly mode{};
    bool hold = false;      ///< rolled back: left alone until a person enforces it again
    int trial_seconds = 0;  ///< 0: as the policy says
    CampaignId campaign = 0;
};

/// What a campaign did to a system, for taking it back: settings by canonical name with the first value that was found, or one of
/// the marks below.
struct MemberChange {
    std::string canonical;
    std::string old_value;
    bool operator==(MemberChange const&) const = default;
};
inline constexpr std::string_view k_changed_password = "@password";
inline constexpr std::string_view k_changed_certificate = "@certificate";
inline constexpr std::string_view k_changed_client_certificate = "@client_certificate";
inline constexpr std::string_view k_changed_trust = "@trust";
inline constexpr std::string_view k_changed_tracking = "@track_by";

/// Something is under way or can still come.
[[nodiscard]] bool is_final(MemberState state);
/// Counts for the limit of failures.
[[nodiscard]] bool is_failure(MemberState state);
/// A job works on it.
[[nodiscard]] bool is_under_way(MemberState state);
[[nodiscard]] inline bool has_ended(CampaignState state) { return state == CampaignState::cancelled || state == CampaignState::done; }

std::string_view to_string(Confirm value);  ///< "hand", "wave", "each"
std::string_view to_string(CampaignState value);
std::string_view to_string(PauseReason value);
std::string_view to_string(MemberState value);
std::optional<Confirm> parse_confirm(std::string_view text);
std::optional<CampaignState> parse_campaign_state(std::string_view text);
std::optional<PauseReason> parse_pause_reason(std::string_view text);
std::optional<MemberState> parse_member_state(std::string_view text);

}  // namespace countersign::manager
