#pragma once

/// What a campaign does next, given how everything stands and what time it is. Pure: no I/O, no clock. Deciding twice on the same
/// situation decides the same; the store carries a decision out in one transaction, and only as far as nothing changed meanwhile.

#include "manager/campaign/campaign.hpp"

#include <optional>
#include <vector>

namespace countersign::manager {

/// A member together with what is known of its job and of the system now.
struct MemberView {
    Member member;
    struct JobView {
        JobState state{};
        int steps = 0;  ///< of its plan; 0: there was nothing to do
        std::string error_code;
        std::string error_text;
    };
    std::optional<JobView> job;  ///< nothing: none yet, or it is gone with its system
    bool exists = true;          ///< the system is in the estate
    bool capable = true;         ///< of Secure-Only (REQ MGR-2)
    int level = 0;
    std::string why;        ///< what holds it at its level
    bool on_trial = false;  ///< a change of ours is on trial at the system
};

struct Situation {
    Campaign campaign;
    std::vector<MemberView> members;  ///< at least those of the wave under way, and all that are not pending and not final
    MemberCounts counts;              ///< of all members
    int canaries_failed = 0;
    UtcTime now;
};

struct Decision {
    struct Settled {
        SystemId system = 0;
        MemberState from{};  ///< it is settled only if it is still in this state
        MemberState to{};
        int level = 0;
        std::optional<UtcTime> confirm_by;
        std::string error_code;
        std::string error_text;
        std::string note;
    };
    std::vector<Settled> settled;
    std::vector<SystemId> start;
    std::vector<SystemId> confirm;
    std::vector<SystemId> roll_back;  ///< proven members of a cancelled campaign
    PauseReason pause = PauseReason::none;
    std::optional<int> next_wave;
    bool finish = false;
    std::optional<UtcTime> look_again;  ///< when time alone changes something; nothing: only events do

    [[nodiscard]] bool empty() const {
        return settled.empty() && start.empty() && confirm.empty() && roll_back.empty() && pause == PauseReason::none && !next_wave &&
               !finish;
    }
};

Decision decide(Situation const& situation);

/// Failures at which a campaign of this size pauses.
std::size_t failure_limit(CampaignSettings const& settings, std::size_t members);

}  // namespace countersign::manager
