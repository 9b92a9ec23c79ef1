/// Factory defaults (REQ RMX-8). The marker file restore.toml is written first; what it asks for is done at the next boot, from
/// the beginning if it was killed, and only then is the marker removed.

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"

#include <system_error>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_comprehensive = "comprehensive";
constexpr std::size_t k_marker_limit = 1024;

/// The pairs of the factory are what the unit is; the journal says who asked for this.
bool survives_everything(fs::path const& relative) {
    auto const first = relative.begin()->string();
    return relative.filename().string().starts_with("factory") || first.starts_with("journal.") || first == "restore.toml";
}

Result<void> remove_whole(fs::path const& path) {
    std::error_code code;
    fs::remove_all(path, code);
    if (code) return fail(errors::fil::cannot_write, {{"file", path.string()}, {"detail", code.message()}});
    return {};
}

}  // namespace

Result<void> Unit::restore_factory(Restore kind, Actor actor) {
    CS_CHECK(check_may_change(actor));
    if (auto trial = state_->trial.current(); trial && actor.door != k_serial_door)
        return fail(errors::dev::trial_under_way, {{"until", countersign::to_string(trial->deadline)},
                                                   {"who", trial->actor + " over " + trial->door},
                                                   {"detail", "factory defaults cannot be tried"}});
    if (state_->restore_pending()) return fail(errors::dev::restore_under_way);
    CS_CHECK(host::write_file(state_->folder() / "restore.toml", kind == Restore::comprehensive ? k_comprehensive : "standard",
                              host::Privacy::owner_only, state_->environment->durability));
    report("factory.restore_requested", {{"kind", kind == Restore::comprehensive ? "comprehensive" : "standard"},
                                         {"door", actor.door},
                                         {"user", actor.user},
                                         {"peer", actor.peer}});
    request_restart(std::move(actor));
    return {};
}

bool Unit::State::restore_pending() const {
    std::error_code ignored;
    return fs::exists(folder() / "restore.toml", ignored);
}

Result<void> Unit::State::finish_restore() {
    CS_TRY(auto asked, host::read_file(folder() / "restore.toml", k_marker_limit));
    bool const comprehensive = trim(asked) == k_comprehensive;
    // A damaged state file must not be in the way of the one cure for it.
    auto held = UnitFile::load(folder() / "state.toml");
    if (!held) held = UnitFile::load(folder() / "state.copy.toml");
    UnitFile kept{.boots = held ? held->boots : boots,
                  .sealed_password = {},
                  .sealed_accounts = {},
                  .settings = {},
                  .feedback = {},
                  .feature_keys = held ? held->feature_keys : std::nullopt};
    std::error_code code;
    if (comprehensive) {
        std::vector<fs::path> gone;
        for (fs::recursive_directory_iterator at(folder(), code), end; !code && at != end; at.increment(code))
            if (!at->is_directory(code) && !survives_everything(at->path().lexically_relative(folder()))) gone.push_back(at->path());
        if (code) return fail(errors::fil::cannot_read, {{"file", folder().string()}, {"detail", code.message()}});
        for (auto const& file : gone) CS_CHECK(host::remove_file(file));
    } else {
        if (held) {
            kept.sealed_password = held->sealed_password;
            kept.sealed_accounts = held->sealed_accounts;
        }
        for (std::string_view name : {"flags.toml", "alarms.toml", "trial.toml", "trial-before"}) CS_CHECK(remove_whole(folder() / name));
    }
    CS_CHECK(kept.save(folder() / "state.toml", environment->durability));
    CS_CHECK(host::remove_file(folder() / "restore.toml"));
    journal.append(clock->now(), "factory.restored", {{"kind", comprehensive ? "comprehensive" : "standard"}});
    return {};
}

/// True when everything works as the files say, apart from what waits for a restart.
bool Unit::State::take_restored_files(Unit& unit) {
    auto const effective = tree.effective_values();
    if (auto loaded = load(); !loaded) {
        log::error("state.unreadable", loaded.error(), {{"unit", spec.serial}});
        return false;
    }
    if (running == Running::off || running == Running::restarting) return true;
    auto const stored = tree.stored_values();
    auto next = effective;
    for (auto const& setting : family->settings)
        if (setting.effect == family::Effect::now) tree.set(next, setting, tree.value(stored, setting));
    tree.commit(stored, std::move(next));
    for (auto& identity : identities)
        if (identity.what->effect_in(spec.software, family->certificate.effect) == family::CertificateEffect::now)
            serve_installed(identity);
    renew_contexts();
    auto wanted = wanted_doors(prospect(tree.effective_values()));
    auto opened = open_missing(unit, wanted);
    if (!opened) {
        log::error("unit.door_not_opened", opened.error(), {{"unit", spec.serial}});
        return false;
    }
    adopt(*std::move(opened), wanted);
    settings_took_effect(unit);
    return true;
}

}  // namespace countersign::device
