#include "manager/campaign/waves.hpp"

#include <algorithm>
#include <map>

namespace countersign::manager {

namespace {

constexpr int k_none = -1;

/// Round after round one of each family, those with work first, until there are enough and every family had its turn.
void choose_canaries(std::vector<Candidate> const& candidates, std::size_t count, std::vector<int>& waves) {
    std::map<std::string, std::vector<std::size_t>> families;
    for (bool const with_work : {true, false})
        for (std::size_t i = 0; i < candidates.size(); ++i)
            if (candidates[i].has_work == with_work) families[candidates[i].family].push_back(i);
    auto const wanted = std::min(std::max(count, families.size()), candidates.size());
    std::size_t chosen = 0;
    for (std::size_t round = 0; chosen < wanted; ++round)
        for (auto const& [family, members] : families) {
            if (round >= members.size() || chosen == wanted) continue;
            waves[members[round]] = 0;
            ++chosen;
        }
}

}  // namespace

std::vector<int> make_waves(std::vector<Candidate> const& candidates, CampaignSettings const& settings) {
    std::vector<int> waves(candidates.size(), k_none);
    for (auto const id : settings.canaries)
        for (std::size_t i = 0; i < candidates.size(); ++i)
            if (candidates[i].system == id) waves[i] = 0;
    if (settings.canary_count > 0 && settings.canaries.empty())
        choose_canaries(candidates, static_cast<std::size_t>(settings.canary_count), waves);
    auto const sizes = settings.waves.empty() ? std::vector{Amount{100, true}} : settings.waves;
    std::size_t number = 0;
    std::size_t left = sizes.front().of(candidates.size());
    for (auto& wave : waves) {
        if (wave == 0) continue;
        if (left == 0) {
            ++number;
            left = sizes[std::min(number, sizes.size() - 1)].of(candidates.size());
        }
        wave = static_cast<int>(number) + 1;
        --left;
    }
    return waves;
}

}  // namespace countersign::manager
