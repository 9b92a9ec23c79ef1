#include "device/safety/trial_keeper.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_file_limit = 8 * 1024 * 1024;
constexpr net::Milliseconds k_look{500};

/// Files that a trial neither remembers nor touches.
bool stays(fs::path const& relative) {
    auto const first = relative.begin()->string();
    for (std::string_view prefix : {"journal.", "alarms.", "trial", "restore.", "ssh-host-key", "feedback-queue"})
        if (first.starts_with(prefix)) return true;
    auto const name = relative.filename().string();
    return name.starts_with("factory") || name.contains(".new.");
}

/// Every file below `folder`, relative to it, that a trial is about.
Result<std::set<fs::path>> files_of(fs::path const& folder) {
    std::set<fs::path> out;
    std::error_code code;
    for (fs::recursive_directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
        auto relative = at->path().lexically_relative(folder);
        if (stays(relative)) {
            if (at->is_directory(code)) at.disable_recursion_pending();
            continue;
        }
        if (at->is_regular_file(code)) out.insert(std::move(relative));
    }
    if (code) return fail(errors::fil::cannot_read, {{"file", folder.string()}, {"detail", code.message()}});
    return out;
}

Result<void> remove_folder(fs::path const& folder) {
    std::error_code code;
    fs::remove_all(folder, code);
    if (code) return fail(errors::fil::cannot_write, {{"file", folder.string()}, {"detail", code.message()}});
    return {};
}

}  // namespace

TrialKeeper::TrialKeeper(Unit& unit, fs::path folder) : unit_(unit), folder_(std::move(folder)) {}
TrialKeeper::~TrialKeeper() { stop(); }

/// Not the unit's own clock: a time server that is set in a trial must not end it.
UtcTime TrialKeeper::machine_time() const { return unit_.environment().clock->now(); }

bool TrialKeeper::due() const {
    return record_ && (machine_time() >= record_->state.deadline || std::chrono::steady_clock::now() >= latest_);
}

Result<void> TrialKeeper::copy_away() const {
    auto const fresh = folder_ / "trial-before.new.1";
    CS_CHECK(remove_folder(before()));
    CS_CHECK(remove_folder(fresh));
    CS_CHECK(host::ensure_folder(fresh));
    CS_TRY(auto files, files_of(folder_));
    for (auto const& file : files) {
        CS_TRY(auto content, host::read_file(folder_ / file, k_file_limit));
        CS_CHECK(host::ensure_folder((fresh / file).parent_path()));
        CS_CHECK(host::write_file(fresh / file, content, host::Privacy::owner_only, unit_.environment().durability));
    }
    std::error_code code;
    fs::rename(fresh, before(), code);
    if (code) return fail(errors::fil::cannot_write, {{"file", before().string()}, {"detail", code.message()}});
    return {};
}

Result<void> TrialKeeper::copy_back() const {
    auto const durability = unit_.environment().durability;
    CS_TRY(auto wanted, files_of(before()));
    for (auto const& file : wanted) {
        CS_TRY(auto content, host::read_file(before() / file, k_file_limit));
        if (file == "state.toml") {
            CS_TRY(auto old, UnitFile::parse(content, (before() / file).string()));
            CS_TRY(auto now, UnitFile::load(folder_ / file));
            now.settings = std::move(old.settings);
            CS_CHECK(now.save(folder_ / file, durability));
            continue;
        }
        CS_CHECK(host::ensure_folder((folder_ / file).parent_path()));
        CS_CHECK(host::write_file(folder_ / file, content, host::Privacy::owner_only, durability));
    }
    CS_TRY(auto held, files_of(folder_));
    for (auto const& file : held)
        if (!wanted.contains(file) && file != "state.toml") CS_CHECK(host::remove_file(folder_ / file));
    return {};
}

Result<void> TrialKeeper::save(Record const& record) const {
    toml::table document{{"id", record.state.id},           {"deadline", countersign::to_string(record.state.deadline)},
                         {"actor", record.state.actor},     {"door", record.state.door},
                         {"within", record.within.count()}, {"boots", static_cast<std::int64_t>(record.boots)},
                         {"undoing", record.undoing}};
    std::ostringstream out;
    out << document << '\n';
    return host::write_file(file(), out.str(), host::Privacy::owner_only, unit_.environment().durability);
}

Result<Trial::State> TrialKeeper::begin(std::chrono::seconds within, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    if (within < k_shortest || within > k_longest)
        return fail(errors::dev::illegal_value,
                    {{"path", "time of the trial"}, {"value", std::to_string(within.count())}, {"allowed", "10 to 3600 seconds"}});
    if (record_)
        return fail(errors::dev::trial_under_way, {{"until", countersign::to_string(record_->state.deadline)},
                                                   {"who", record_->state.actor + " over " + record_->state.door},
                                                   {"detail", "only one at a time"}});
    CS_CHECK(copy_away());
    // A number that a person can copy from one page to another.
    Record record{.state = {.id = host::random_password(8), .deadline = machine_time() + within, .actor = actor.user, .door = actor.door},
                  .within = within,
                  .boots = unit_.boots(),
                  .undoing = false};
    CS_CHECK(save(record));
    record_ = std::move(record);
    latest_ = std::chrono::steady_clock::now() + within;
    start();
    unit_.report(
        "trial.begun",
        {{"until", countersign::to_string(record_->state.deadline)}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    return record_->state;
}

std::optional<Trial::State> TrialKeeper::current() const { return record_ ? std::optional(record_->state) : std::nullopt; }

Result<void> TrialKeeper::confirm(std::string_view id, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    if (!record_ || record_->undoing) return fail(errors::dev::no_trial);
    if (!constant_time_equal(id, record_->state.id)) return fail(errors::dev::wrong_trial);
    if (unit_.restart_pending())
        return fail(errors::dev::trial_not_proven, {{"detail", "a change waits for a restart, and has not shown yet that it works"}});
    auto const& state = *unit_.state_;
    auto const after = state.prospect(state.tree.stored_values());
    bool const open = state.doors.contains(actor.door) && state.wanted_doors(after).contains(actor.door);
    if (!open && actor.door != k_serial_door)
        return fail(errors::dev::trial_not_proven, {{"detail", actor.door + " is not open after the change; use a service that is"}});
    if (open && after.redirects(*state.doors.at(actor.door).what.service))
        return fail(errors::dev::trial_not_proven,
                    {{"detail", actor.door + " answers with nothing but the way to another service after the change; use that one"}});
    CS_CHECK(host::remove_file(file()));
    record_.reset();
    stop();
    if (auto swept = remove_folder(before()); !swept) log::warning("trial.left_over", {{"detail", swept.error().message()}});
    unit_.report("trial.confirmed", {{"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    return {};
}

Result<void> TrialKeeper::cancel(Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    if (!record_) return fail(errors::dev::no_trial);
    return undo("cancelled", actor);
}

Result<void> TrialKeeper::put_files_back() {
    record_->undoing = true;
    CS_CHECK(save(*record_));
    CS_CHECK(copy_back());
    CS_CHECK(host::remove_file(file()));
    if (auto swept = remove_folder(before()); !swept) log::warning("trial.left_over", {{"detail", swept.error().message()}});
    return {};
}

Result<void> TrialKeeper::undo(std::string_view reason, Actor const& actor) {
    if (auto back = put_files_back(); !back) {
        // The disk may be full: asked again in a moment, and at the next boot.
        log::error("trial.not_undone", back.error(), {{"unit", unit_.spec().serial}});
        return back;
    }
    auto const booted_since = record_->boots != unit_.boots();
    record_.reset();
    stop();
    bool const in_effect = unit_.state_->take_restored_files(unit_);
    unit_.report("trial.undone", {{"reason", std::string(reason)}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    if (!in_effect || (booted_since && unit_.restart_pending())) unit_.request_restart({"trial", {}, {}});
    return {};
}

Result<void> TrialKeeper::recover() {
    std::error_code ignored;
    if (!fs::exists(file(), ignored)) {
        (void)remove_folder(before());
        return remove_folder(folder_ / "trial-before.new.1");
    }
    CS_TRY(auto text, host::read_file(file(), k_file_limit));
    if (find_fatal_toml(text))
        return fail(errors::gen::invalid_input, {{"field", file().string()}, {"detail", "a character that TOML does not allow"}});
    Record record;
    try {
        auto document = toml::parse(text, file().string());
        record.state.id = document["id"].value_or(std::string());
        record.state.deadline = parse_utc_time(document["deadline"].value_or(std::string())).value_or(UtcTime{});
        record.state.actor = document["actor"].value_or(std::string());
        record.state.door = document["door"].value_or(std::string());
        record.within = std::chrono::seconds(document["within"].value_or(std::int64_t{0}));
        record.boots = document["boots"].value_or(std::uint64_t{0});
        record.undoing = document["undoing"].value_or(false);
    } catch (toml::parse_error const& error) {
        return fail(errors::gen::invalid_input, {{"field", file().string()}, {"detail", error.description()}});
    }
    record_ = std::move(record);
    if (!record_->undoing) return {};
    CS_CHECK(put_files_back());
    record_.reset();
    unit_.state_->journal.append(unit_.now(), "trial.undone", {{"reason", "finished after a restart"}});
    return {};
}

void TrialKeeper::start() {
    stop();
    if (!record_) return;
    auto const now = machine_time();
    if (record_->boots != unit_.boots()) {
        // Not longer than was asked for, whatever the clock says now.
        auto const longest = std::max(record_->within, k_after_boot);
        record_->state.deadline = std::clamp(record_->state.deadline, now + k_after_boot, now + longest);
    }
    latest_ = std::chrono::steady_clock::now() + (record_->state.deadline - now);
    stopping_ = std::make_shared<net::Signal>();
    net::spawn(unit_.executor(), [unit = unit_.weak_from_this(), stopping = stopping_] { return run(unit, stopping); }, "trial");
}

net::Task<> TrialKeeper::run(std::weak_ptr<Unit> unit, std::shared_ptr<net::Signal> stopping) {
    while (!co_await stopping->wait_beyond(0, k_look)) {
        auto alive = unit.lock();
        if (!alive || stopping->count() > 0) co_return;
        auto& keeper = static_cast<TrialKeeper&>(alive->trial());
        if (keeper.due()) (void)keeper.undo("not confirmed in time", {"trial", {}, {}});
    }
}

void TrialKeeper::stop() {
    if (stopping_) stopping_->raise();
    stopping_.reset();
}

bool TrialKeeper::give_up(std::string_view reason) {
    if (!record_) return false;
    if (auto back = put_files_back(); !back) {
        log::error("trial.not_undone", back.error(), {{"unit", unit_.spec().serial}});
        return false;
    }
    record_.reset();
    stop();
    (void)unit_.state_->take_restored_files(unit_);
    unit_.report("trial.undone", {{"reason", std::string(reason)}});
    return true;
}

void TrialKeeper::forget() {
    record_.reset();
    stop();
}

}  // namespace countersign::device
