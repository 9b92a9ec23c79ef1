/// What a unit remembers, read and written (tree/unit_file.hpp): the file, its copy, and what happens when one of them is broken.

#include "base/log.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"

#include <system_error>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_sealed = "sealed:";
constexpr std::string_view k_file = "state.toml";
constexpr std::string_view k_copy = "state.copy.toml";
constexpr std::string_view k_broken = "state.toml.broken";
constexpr std::string_view k_from_copy = "state.from_copy";
constexpr std::string_view k_reset = "state.reset";

bool is_there(fs::path const& file) {
    std::error_code ignored;
    return fs::exists(file, ignored);
}

}  // namespace

/// All of it is read before any of it is taken: another file may be tried after a broken one.
Result<void> Unit::State::take_state(UnitFile file) {
    std::optional<SecretText> opened_password;
    if (!file.sealed_password.empty()) {
        CS_TRY(opened_password, environment->sealer->open(file.sealed_password, "password of " + spec.serial));
    }
    std::map<std::string, SecretText, std::less<>> opened_accounts;
    for (auto const& [user, sealed] : file.sealed_accounts) {
        CS_TRY(auto opened, environment->sealer->open(sealed, "password of " + spec.serial + " " + user));
        opened_accounts.emplace(user, std::move(opened));
    }
    std::vector<std::pair<family::Setting const*, std::string>> values;
    for (auto const& [path, value] : file.settings) {
        auto const* setting = family->find_setting(path);
        if (setting == nullptr) {
            // An older version of the family file knew it.
            log::warning("state.unknown_setting", {{"unit", spec.serial}, {"path", path}});
            continue;
        }
        std::string text = value;
        if (text.starts_with(k_sealed)) {
            CS_TRY(auto opened, environment->sealer->open(std::string_view(text).substr(k_sealed.size()), spec.serial + " " + path));
            text = opened.reveal();
        }
        if (!setting->space.check(setting->path, text)) {
            // What an older version took, though it could never work: a name server called "banana".
            log::warning("state.illegal_value", {{"unit", spec.serial}, {"path", path}});
            continue;
        }
        values.emplace_back(setting, std::move(text));
    }
    boots = file.boots;
    feedback = std::move(file.feedback);
    if (file.feature_keys) {
        feature_keys = *std::move(file.feature_keys);
        keys_installed = true;
        tree.set_feature_keys(feature_keys);
    }
    password = std::move(opened_password);
    account_passwords = std::move(opened_accounts);
    SettingTree::Values stored;
    for (auto const& [setting, text] : values) tree.set(stored, *setting, text);
    tree.commit(stored, stored);
    return {};
}

Result<void> Unit::State::load_state() {
    auto const load = [this](std::string_view name) -> Result<void> {
        CS_TRY(auto file, UnitFile::load(folder() / name));
        return take_state(std::move(file));
    };
    // A first start has neither. A file that is gone and left a copy is as bad as a broken one.
    bool const lost = !is_there(folder() / k_file) && is_there(folder() / k_copy);
    auto taken = lost ? UnitFile::missing(folder() / k_file) : load(k_file);
    if (taken) {
        alarms.clear(k_from_copy, "");
        alarms.clear(k_reset, "");
        if (auto same = save_copy(); !same) log::warning("state.no_copy", {{"unit", spec.serial}, {"detail", same.error().message()}});
        return {};
    }
    auto broken = std::move(taken).error();
    bool const from_copy = is_there(folder() / k_copy) && load(k_copy).has_value();
    if (!from_copy && !environment->reset_broken_state)
        return fail(Error(errors::dev::state_broken, {{"file", (folder() / k_file).string()}, {"detail", broken.message()}}));
    if (!from_copy) CS_CHECK(take_state(UnitFile{}));
    std::error_code failed;
    if (!lost) fs::rename(folder() / k_file, folder() / k_broken, failed);
    CS_CHECK(save());
    auto const& alarm = from_copy ? k_from_copy : k_reset;
    log::error(std::string(alarm), broken, {{"unit", spec.serial}});
    journal.append(clock->now(), std::string(alarm), {{"file", std::string(k_file)}, {"detail", broken.message()}});
    alarms.clear(from_copy ? k_reset : k_from_copy, "");
    alarms.raise({.id = std::string(alarm), .subject = {}, .text = {}, .level = "major", .since = {}, .days_left = {}});
    return {};
}

UnitFile Unit::State::to_file() const {
    UnitFile file{.boots = boots, .sealed_password = {}, .sealed_accounts = {}, .settings = {}, .feedback = feedback, .feature_keys = {}};
    if (keys_installed) file.feature_keys = feature_keys;
    for (auto const& [user, text] : account_passwords)
        file.sealed_accounts.emplace(user, environment->sealer->seal(text, "password of " + spec.serial + " " + user));
    if (password) file.sealed_password = environment->sealer->seal(*password, "password of " + spec.serial);
    for (auto const& [index, value] : tree.stored_values()) {
        auto const& setting = family->settings[index];
        bool secret = setting.space.kind == family::ValueKind::password;
        file.settings.emplace(
            setting.path,
            secret ? std::string(k_sealed) + environment->sealer->seal(SecretText(value), spec.serial + " " + setting.path) : value);
    }
    return file;
}

Result<void> Unit::State::save() const {
    auto const file = to_file();
    CS_CHECK(file.save(folder() / k_file, environment->durability));
    // The change is kept already: without room for the copy it is less safe, not refused.
    if (auto copied = file.save(folder() / k_copy, environment->durability); !copied)
        log::warning("state.no_copy", {{"unit", spec.serial}, {"detail", copied.error().message()}});
    return {};
}

/// After a kill between the two files, factory defaults, or the end of a trial, the copy is of before.
Result<void> Unit::State::save_copy() const {
    std::error_code ignored;
    if (!is_there(folder() / k_file)) return {};
    auto const size = fs::file_size(folder() / k_file, ignored);
    auto const held = host::read_file(folder() / k_copy, size + 1);
    CS_TRY(auto text, host::read_file(folder() / k_file, size));
    if (held && *held == text) return {};
    return host::write_file(folder() / k_copy, text, host::Privacy::owner_only, environment->durability);
}

}  // namespace countersign::device
