#include "manager/campaign/decide.hpp"

#include "manager/plan/goal.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

using Settled = Decision::Settled;

class Decider {
public:
    explicit Decider(Situation const& situation) : in_(situation), counts_(situation.counts), canaries_failed_(situation.canaries_failed) {}

    Decision make() {
        for (auto const& view : in_.members) settle(view);
        switch (in_.campaign.state) {
            case CampaignState::running: go_on(); break;
            case CampaignState::cancelled: take_back(); break;
            case CampaignState::paused:
            case CampaignState::done: break;
        }
        return std::move(out_);
    }

private:
    [[nodiscard]] Campaign const& campaign() const { return in_.campaign; }
    [[nodiscard]] CampaignSettings const& settings() const { return in_.campaign.settings; }
    [[nodiscard]] std::size_t count(MemberState state) const {
        auto const found = counts_.find(state);
        return found == counts_.end() ? 0 : static_cast<std::size_t>(found->second);
    }
    [[nodiscard]] std::size_t failures() const {
        return count(MemberState::failed) + count(MemberState::undone) + count(MemberState::rollback_failed);
    }
    [[nodiscard]] std::size_t total() const {
        std::size_t sum = 0;
        for (auto const& [state, number] : counts_) sum += static_cast<std::size_t>(number);
        return sum;
    }
    /// The state that a member has once what was decided so far is done.
    [[nodiscard]] MemberState state_of(MemberView const& view) const {
        auto const found = std::ranges::find(out_.settled, view.member.system, &Settled::system);
        return found == out_.settled.end() ? view.member.state : found->to;
    }

    // --- what came to an end ---

    Settled& settle_as(MemberView const& view, MemberState to) {
        --counts_[view.member.state];
        ++counts_[to];
        if (view.member.wave == 0 && is_failure(to)) ++canaries_failed_;
        Settled settled{.system = view.member.system, .from = view.member.state, .to = to, .level = view.level};
        if (to == MemberState::below_goal) settled.note = view.why;
        out_.settled.push_back(std::move(settled));
        return out_.settled.back();
    }

    void settle_as_failed(MemberView const& view, MemberState to) {
        auto& settled = settle_as(view, to);
        settled.error_code = view.job->error_code;
        settled.error_text = view.job->error_text;
    }

    void settle(MemberView const& view) {
        auto const state = view.member.state;
        if (!view.exists && !is_final(state)) {
            settle_as(view, MemberState::removed);
            return;
        }
        if (state == MemberState::proven && view.member.confirm_by) {
            if (in_.now >= *view.member.confirm_by)
                settle_as(view, MemberState::undone);
            else
                look_again_at(*view.member.confirm_by);
        }
        if (!is_under_way(state) || !view.job) return;
        bool const succeeded = view.job->state == JobState::succeeded;
        if (!succeeded && view.job->state != JobState::failed) return;
        if (state == MemberState::started)
            succeeded ? settle_started(view) : settle_as_failed(view, MemberState::failed);
        else if (state == MemberState::confirming)
            succeeded ? settle_at_end(view) : settle_unconfirmed(view);
        else
            succeeded ? (void)settle_as(view, MemberState::rolled_back) : settle_as_failed(view, MemberState::rollback_failed);
    }

    void settle_at_end(MemberView const& view) {
        bool const reached = view.level >= goal_level(settings().mode);
        settle_as(view, reached ? MemberState::done : MemberState::below_goal);
    }

    void settle_started(MemberView const& view) {
        if (!view.capable && view.job->steps == 0) {
            settle_as(view, MemberState::left_alone).note = view.why;
            return;
        }
        // What was there before needs nobody's confirmation.
        if (settings().confirm == Confirm::each || view.job->steps == 0) {
            settle_at_end(view);
            return;
        }
        auto& settled = settle_as(view, MemberState::proven);
        if (!view.on_trial || !view.member.confirm_by) return;
        settled.confirm_by = view.member.confirm_by;
        look_again_at(*settled.confirm_by);
    }

    void settle_unconfirmed(MemberView const& view) {
        bool const over = view.job->error_code == Error(errors::mgr::trial_over).entry().code;
        settle_as_failed(view, over ? MemberState::undone : MemberState::failed);
    }

    // --- what comes next ---

    void go_on() {
        if (auto reason = why_pause(); reason != PauseReason::none) {
            out_.pause = reason;
            return;
        }
        bool const may_start = is_time();
        if (may_start) start_more();
        end_wave(may_start);
    }

    [[nodiscard]] PauseReason why_pause() const {
        auto const accepted = static_cast<std::size_t>(campaign().accepted_failures);
        if (failures() <= accepted) return PauseReason::none;
        if (std::ranges::any_of(out_.settled, [](Settled const& settled) { return settled.to == MemberState::undone; }))
            return PauseReason::not_confirmed;
        if (campaign().wave == 0 && canaries_failed_ > 0) return PauseReason::canary_failed;
        if (failures() - accepted >= failure_limit(settings(), total())) return PauseReason::too_many_failures;
        return PauseReason::none;
    }

    bool is_time() {
        if (settings().start_at && in_.now < *settings().start_at) {
            look_again_at(*settings().start_at);
            return false;
        }
        if (is_open(settings().windows, in_.now)) return true;
        if (auto const opens = next_open(settings().windows, in_.now)) look_again_at(*opens);
        return false;
    }

    void start_more() {
        auto under_way = count(MemberState::started) + count(MemberState::confirming) + count(MemberState::rolling_back);
        auto const most = static_cast<std::size_t>(std::max(settings().at_once, 1));
        for (auto const& view : in_.members) {
            if (under_way >= most) return;
            if (view.member.wave != campaign().wave || state_of(view) != MemberState::pending) continue;
            out_.start.push_back(view.member.system);
            ++under_way;
        }
    }

    /// A wave is over when each of its systems was proven from outside and stays, or failed, or went back.
    void end_wave(bool may_start) {
        bool waiting = !out_.start.empty();
        bool under_way = waiting;
        std::vector<SystemId> proven;
        for (auto const& view : in_.members) {
            auto const state = state_of(view);
            if (is_under_way(state)) under_way = true;
            if (view.member.wave != campaign().wave) continue;
            if (state == MemberState::pending) waiting = true;
            if (state == MemberState::proven) proven.push_back(view.member.system);
        }
        if (under_way) return;
        if (!proven.empty()) {
            // At the end of a window the rest of the wave comes a day later: what is proven is not left on trial until then.
            if (settings().confirm == Confirm::by_wave && (!waiting || !may_start)) out_.confirm = std::move(proven);
            return;
        }
        if (waiting) return;
        if (campaign().wave + 1 < campaign().waves)
            out_.next_wave = campaign().wave + 1;
        else
            out_.finish = true;
    }

    void take_back() {
        for (auto const& view : in_.members)
            if (state_of(view) == MemberState::proven) out_.roll_back.push_back(view.member.system);
    }

    void look_again_at(UtcTime time) { out_.look_again = out_.look_again ? std::min(*out_.look_again, time) : time; }

    Situation const& in_;
    MemberCounts counts_;
    int canaries_failed_;
    Decision out_;
};

}  // namespace

std::size_t failure_limit(CampaignSettings const& settings, std::size_t members) { return settings.stop_on.of(members); }

Decision decide(Situation const& situation) { return Decider(situation).make(); }

}  // namespace countersign::manager
