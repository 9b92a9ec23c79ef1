#include "device/safety/flag_file.hpp"

#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace countersign::device {
namespace {

constexpr std::size_t k_file_limit = 256 * 1024;

auto refuse(std::string_view name, std::string_view detail) {
    return fail(errors::dev::flag_not_allowed, {{"name", name.substr(0, FlagFile::k_longest_name)}, {"detail", detail}});
}

bool is_flag_name(std::string_view name) {
    return !name.empty() && name.size() <= FlagFile::k_longest_name &&
           std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

bool is_flag_value(std::string_view value) {
    return value.size() <= FlagFile::k_longest_value && is_utf8(value) &&
           std::ranges::none_of(value, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string note_of(family::Setting const& setting, std::string_view value) {
    for (auto const& choice : setting.space.choices)
        if (choice.text == value && !choice.note.empty()) return choice.text + ": " + choice.note;
    return {};
}

}  // namespace

FlagFile::FlagFile(Unit& unit, fs::path file) : unit_(unit), file_(std::move(file)) {}

Result<void> FlagFile::load() {
    stored_.clear();
    std::error_code ignored;
    if (!fs::exists(file_, ignored)) return {};
    CS_TRY(auto text, host::read_file(file_, k_file_limit));
    if (find_fatal_toml(text))
        return fail(errors::gen::invalid_input, {{"field", file_.string()}, {"detail", "a character that TOML does not allow"}});
    try {
        auto document = toml::parse(text, file_.string());
        if (auto const* flags = document["flag"].as_array())
            for (auto const& item : *flags)
                if (auto const* table = item.as_table())
                    stored_.push_back({(*table)["section"].value_or(std::string()), (*table)["name"].value_or(std::string()),
                                       (*table)["value"].value_or(std::string())});
    } catch (toml::parse_error const& error) {
        return fail(errors::gen::invalid_input, {{"field", file_.string()}, {"detail", error.description()}});
    }
    return {};
}

void FlagFile::make_effective() { effective_ = stored_; }

Result<void> FlagFile::take(List next) {
    toml::array flags;
    for (auto const& flag : next) flags.push_back(toml::table{{"section", flag.section}, {"name", flag.name}, {"value", flag.value}});
    std::ostringstream out;
    out << toml::table{{"flag", std::move(flags)}} << '\n';
    CS_CHECK(host::write_file(file_, out.str(), host::Privacy::owner_only, unit_.environment().durability));
    stored_ = std::move(next);
    return {};
}

family::Setting const* FlagFile::known(std::string_view name) const {
    for (auto const& setting : unit_.family().settings)
        if (!setting.section.empty() && iequals(setting.path, name)) return &setting;
    return nullptr;
}

FlagState FlagFile::state_of(family::Setting const& setting) const {
    auto stored = unit_.stored(setting);
    auto note = note_of(setting, stored);
    return {.section = setting.section,
            .name = setting.path,
            .value = std::move(stored),
            .effective = unit_.effective(setting),
            .created = false,
            .note = std::move(note)};
}

FlagState FlagFile::state_of(Created const& flag) const {
    auto held = std::ranges::find(effective_, flag.name, &Created::name);
    return {.section = flag.section,
            .name = flag.name,
            .value = flag.value,
            .effective = held == effective_.end() ? std::string() : held->value,
            .created = true,
            .note = "created by hand: kept, without effect on this software"};
}

std::vector<FlagState> FlagFile::list() const {
    std::vector<FlagState> out;
    for (auto const& setting : unit_.family().settings)
        if (!setting.section.empty() && family::has_feature_key(setting.needs_feature_key, unit_.feature_keys()))
            out.push_back(state_of(setting));
    for (auto const& flag : stored_) out.push_back(state_of(flag));
    return out;
}

Result<FlagState> FlagFile::set(std::string_view section, std::string_view name, std::string_view value, Actor actor) {
    auto const& rules = unit_.family().flags;
    if (rules.sections.empty()) return refuse(name, "this system has no flags");
    if (auto const* setting = known(name)) {
        if (!section.empty() && section != setting->section) return refuse(name, "it stands in section " + setting->section);
        CS_TRY(auto outcome, unit_.apply({{setting->path, std::string(value)}}, std::move(actor)));
        check_alarm();
        return state_of(*setting);
    }
    CS_CHECK(unit_.check_may_change(actor));
    auto const& home = section.empty() ? rules.sections.front() : std::string(section);
    if (std::ranges::find(rules.sections, home) == rules.sections.end())
        return refuse(name, "there is no section of that name; there are " + join(rules.sections, ", "));
    if (!is_flag_name(name)) return refuse(name, "a name is 1 to 64 letters, digits and underscores");
    if (!is_flag_value(value)) return refuse(name, "a value is one line of at most 200 bytes");
    auto next = stored_;
    auto held = std::ranges::find_if(next, [&](auto const& flag) { return iequals(flag.name, name); });
    if (held == next.end()) {
        if (!rules.may_create) return refuse(name, "there is no such flag, and none can be created");
        if (next.size() >= k_created) return refuse(name, "there are " + std::to_string(k_created) + " created flags already");
        next.push_back({home, std::string(name), std::string(value)});
        held = next.end() - 1;
    } else {
        if (held->section != home) return refuse(name, "it stands in section " + held->section);
        held->value = value;
    }
    auto changed = *held;
    CS_CHECK(take(std::move(next)));
    unit_.report("flag.changed", {{"section", changed.section},
                                  {"name", changed.name},
                                  {"to", changed.value},
                                  {"door", actor.door},
                                  {"user", actor.user},
                                  {"peer", actor.peer}});
    check_alarm();
    return state_of(changed);
}

Result<void> FlagFile::remove(std::string_view section, std::string_view name, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    if (known(name) != nullptr) return refuse(name, "it belongs to the system and cannot be deleted");
    auto next = stored_;
    auto removed =
        std::erase_if(next, [&](auto const& flag) { return iequals(flag.name, name) && (section.empty() || flag.section == section); });
    if (removed == 0) return fail(errors::gen::not_found, {{"what", "flag"}, {"name", name.substr(0, k_longest_name)}});
    CS_CHECK(take(std::move(next)));
    unit_.report("flag.deleted", {{"name", std::string(name)}, {"door", actor.door}, {"user", actor.user}, {"peer", actor.peer}});
    check_alarm();
    return {};
}

void FlagFile::check_alarm() {
    auto const& family = unit_.family();
    bool wait = pending() || std::ranges::any_of(family.settings, [this](auto const& setting) {
                    return !setting.section.empty() && unit_.stored(setting) != unit_.effective(setting);
                });
    if (wait)
        unit_.alarms().raise({.id = "flags.restart", .subject = {}, .text = {}, .level = "system", .since = {}, .days_left = {}});
    else
        unit_.alarms().clear("flags.restart", "");
}

}  // namespace countersign::device
