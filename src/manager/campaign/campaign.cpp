#include "manager/campaign/campaign.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace countersign::manager {
namespace {

constexpr int k_largest_amount = 100000;

/// Names of an enum's values; the API and the database use the same.
template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Confirm, 3> k_confirm{{{Confirm::by_hand, "hand"}, {Confirm::by_wave, "wave"}, {Confirm::each, "each"}}};
constexpr Names<CampaignState, 4> k_states{{{CampaignState::running, "running"},
                                            {CampaignState::paused, "paused"},
                                            {CampaignState::cancelled, "cancelled"},
                                            {CampaignState::done, "done"}}};
constexpr Names<PauseReason, 6> k_reasons{{{PauseReason::none, ""},
                                           {PauseReason::by_hand, "by_hand"},
                                           {PauseReason::canary_failed, "canary_failed"},
                                           {PauseReason::too_many_failures, "too_many_failures"},
                                           {PauseReason::not_confirmed, "not_confirmed"},
                                           {PauseReason::rolled_back, "rolled_back"}}};
constexpr Names<MemberState, 14> k_members{{{MemberState::pending, "pending"},
                                            {MemberState::started, "started"},
                                            {MemberState::proven, "proven"},
                                            {MemberState::confirming, "confirming"},
                                            {MemberState::done, "done"},
                                            {MemberState::below_goal, "below_goal"},
                                            {MemberState::left_alone, "left_alone"},
                                            {MemberState::failed, "failed"},
                                            {MemberState::undone, "undone"},
                                            {MemberState::rolling_back, "rolling_back"},
                                            {MemberState::rolled_back, "rolled_back"},
                                            {MemberState::rollback_failed, "rollback_failed"},
                                            {MemberState::skipped, "skipped"},
                                            {MemberState::removed, "removed"}}};

template <class Enum, std::size_t N>
std::string_view name_of(Names<Enum, N> const& names, Enum value) {
    auto const found = std::ranges::find(names, value, &std::pair<Enum, std::string_view>::first);
    return found == names.end() ? std::string_view() : found->second;
}

template <class Enum, std::size_t N>
std::optional<Enum> find(Names<Enum, N> const& names, std::string_view text) {
    auto const found = std::ranges::find(names, text, &std::pair<Enum, std::string_view>::second);
    return found == names.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace

std::size_t Amount::of(std::size_t total) const {
    auto const number = static_cast<std::size_t>(std::max(value, 1));
    auto const wanted = percent ? (total * number + 99) / 100 : number;
    return std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(total, 1));
}

std::string to_string(Amount amount) { return std::to_string(amount.value) + (amount.percent ? "%" : ""); }

std::optional<Amount> parse_amount(std::string_view text) {
    bool const percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    auto const value = parse_number<int>(text);
    if (!value || *value < 1 || *value > (percent ? 100 : k_largest_amount)) return std::nullopt;
    return Amount{*value, percent};
}

bool is_under_way(MemberState state) {
    return state == MemberState::started || state == MemberState::confirming || state == MemberState::rolling_back;
}

bool is_final(MemberState state) { return state != MemberState::pending && state != MemberState::proven && !is_under_way(state); }

bool is_failure(MemberState state) {
    return state == MemberState::failed || state == MemberState::undone || state == MemberState::rollback_failed;
}

std::string_view to_string(Confirm value) { return name_of(k_confirm, value); }
std::string_view to_string(CampaignState value) { return name_of(k_states, value); }
std::string_view to_string(PauseReason value) { return name_of(k_reasons, value); }
std::string_view to_string(MemberState value) { return name_of(k_members, value); }
std::optional<Confirm> parse_confirm(std::string_view text) { return find(k_confirm, text); }
std::optional<CampaignState> parse_campaign_state(std::string_view text) { return find(k_states, text); }
std::optional<PauseReason> parse_pause_reason(std::string_view text) { return find(k_reasons, text); }
std::optional<MemberState> parse_member_state(std::string_view text) { return find(k_members, text); }

}  // namespace countersign::manager
