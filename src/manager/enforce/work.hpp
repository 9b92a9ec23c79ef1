#pragma once

/// The state of one enforcement while it runs. Used by the parts of Enforcer only.

#include "manager/enforce/enforcer.hpp"
#include "manager/plan/renewal.hpp"

namespace countersign::manager {

struct Enforcer::Work {
    JobId job = 0;
    JobPurpose purpose = JobPurpose::enforce;
    CampaignId campaign = 0;  ///< that asked for it; 0: none
    PlanLimits limits;
    Survey survey;  ///< system, policy, newest observation, and the channel that is in use
    Plan plan;
    std::string address;                              ///< where the system was found
    std::uint64_t contact_mark = 0;                   ///< calls after this one came after the newest restart or change of settings
    std::string former_client;                        ///< SHA-256 of what the system had for its calls before a new one was installed
    std::string issued;                               ///< SHA-256 of what this run had issued for the server side
    std::optional<pki::Certificate> former_server{};  ///< what the system had for its server side before a new one was installed
    bool restart_asked = false;                       ///< a change of this run waits for a restart
    int steps_done = 0;

    /// For a system as it was just seen, within limits.
    static Plan planned(Enforcer const& by, Survey const& survey, PlanLimits limits);
    System& system() { return survey.system; }
    Driver* driver() const { return survey.sighting.driver.get(); }
    Observation& seen() { return survey.sighting.observation; }
    /// Never null between the steps: a run starts only with an account.
    Account* account() { return seen().account ? &*seen().account : nullptr; }
};

/// Polls without wasting time or packets: 50 ms at first, 400 ms later.
class Poll {
public:
    explicit Poll(net::Milliseconds limit) : end_(std::chrono::steady_clock::now() + limit) {}
    [[nodiscard]] bool expired() const { return std::chrono::steady_clock::now() >= end_; }
    net::Task<> pause() {
        co_await net::sleep_for(next_);
        next_ = std::min(next_ * 3 / 2, net::Milliseconds(400));
    }

private:
    std::chrono::steady_clock::time_point end_;
    net::Milliseconds next_{50};
};

}  // namespace countersign::manager
