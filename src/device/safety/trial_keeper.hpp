#pragma once

/// Commit-confirm for one unit (design section 6). When a trial begins, every file of the unit's state is copied to
/// trial-before/, and then trial.toml says that there is a trial: from there on a kill at any moment leaves either a trial
/// that goes on or none. Undoing is copying back, marked first and repeated after a kill until it is complete.
///
/// Passwords, feedback registrations, the journal and alarms are not undone: a password that was replaced shall not come back
/// unasked, and the others lock nobody out.

#include "device/safety.hpp"
#include "net/sync.hpp"

#include <memory>

namespace countersign::device {

class TrialKeeper final : public Trial {
public:
    static constexpr std::chrono::seconds k_shortest{10};
    static constexpr std::chrono::seconds k_longest{3600};
    /// After a boot there is at least this time, so that the new way can be used.
    static constexpr std::chrono::seconds k_after_boot{60};

    TrialKeeper(Unit& unit, fs::path folder);
    ~TrialKeeper() override;
    TrialKeeper(TrialKeeper const&) = delete;
    TrialKeeper& operator=(TrialKeeper const&) = delete;

    Result<State> begin(std::chrono::seconds within, Actor actor) override;
    [[nodiscard]] std::optional<State> current() const override;
    Result<void> confirm(std::string_view id, Actor actor) override;
    Result<void> cancel(Actor actor) override;

    /// Before anything else of the unit is read: finishes an undoing that was killed, finds the trial that goes on, sweeps up.
    Result<void> recover();
    /// After the doors are open: the deadline goes on.
    void start();
    void stop();
    /// The doors cannot be opened with what is on trial: files and memory go back at once. False without a trial.
    bool give_up(std::string_view reason);
    /// Ends it without undoing (factory defaults).
    void forget();

private:
    struct Record {
        State state;
        std::chrono::seconds within{0};
        std::uint64_t boots = 0;  ///< when it began
        bool undoing = false;
    };
    [[nodiscard]] fs::path file() const { return folder_ / "trial.toml"; }
    [[nodiscard]] fs::path before() const { return folder_ / "trial-before"; }
    [[nodiscard]] UtcTime machine_time() const;
    [[nodiscard]] bool due() const;
    Result<void> copy_away() const;
    Result<void> copy_back() const;
    Result<void> save(Record const& record) const;
    Result<void> put_files_back();
    Result<void> undo(std::string_view reason, Actor const& actor);
    static net::Task<> run(std::weak_ptr<Unit> unit, std::shared_ptr<net::Signal> stopping);

    Unit& unit_;
    fs::path folder_;
    std::optional<Record> record_;
    std::chrono::steady_clock::time_point latest_{};  ///< a machine's clock that is set back must not make it longer
    std::shared_ptr<net::Signal> stopping_;
};

}  // namespace countersign::device
