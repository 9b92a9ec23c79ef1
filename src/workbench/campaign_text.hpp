#pragma once

/// Campaigns in words, for people. The values are those of the API.

#include "workbench/commands.hpp"

namespace countersign::workbench {

/// Plans of systems with equal steps together, then the summary and the digest.
void print_campaign_plan(Output& output, json::value const& plan, bool summary_only);
void print_campaign(Output& output, json::value const& campaign);
/// What became of it, and of each system that needs a person: why, and what to do.
void print_campaign_report(Output& output, json::value const& report);
void print_roll_back(Output& output, json::value const& outlook);
/// "running, wave 2 of 4: 120 done, 3 failed, 20 under way, 157 to come" and what it waits for.
std::string campaign_line(json::value const& campaign);
/// What a person has to do now; empty: nothing.
std::string campaign_advice(json::value const& campaign);
/// Systems in one of these states.
std::int64_t in_states(json::value const& campaign, std::initializer_list<std::string_view> states);

}  // namespace countersign::workbench
