#pragma once

/// Who goes when: canaries, then waves. Pure; the same members give the same waves.

#include "manager/campaign/campaign.hpp"

#include <vector>

namespace countersign::manager {

struct Candidate {
    SystemId system = 0;
    std::string family;
    bool has_work = true;  ///< its plan has steps and nothing is in the way; a canary without work would show nothing
};

/// The wave of each candidate, in their order: 0 for canaries (none when there are no canaries: then waves begin with 1).
/// Explicit canaries that are no candidates are ignored. A number of canaries below the number of families is raised to it.
std::vector<int> make_waves(std::vector<Candidate> const& candidates, CampaignSettings const& settings);

}  // namespace countersign::manager
