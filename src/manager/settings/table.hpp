#pragma once

/// What can be set about the manager: catalogue/settings.manager.toml, compiled in. Settings file, options of the command line, --check and
/// --print-config know no other list.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::manager {

enum class SettingType { text, list, number, boolean, choice, file, folder, output };

/// text, choice, file, folder and output are strings.
using SettingValue = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

struct SettingRow {
    std::string name;    ///< "observe_seconds", "directory.url"
    std::string option;  ///< "observe-seconds", "directory-url": without the dashes before it
    SettingType type = SettingType::text;
    std::string unit;  ///< of a number, or empty
    std::string help;
    SettingValue fallback;  ///< of a required one: an empty text
    SettingValue example;   ///< never the fallback
    std::int64_t minimum = 0, maximum = 0;
    std::vector<std::string> choices;
    bool required = false;
    bool reload = false;  ///< SIGHUP is enough
};

/// In the order of the file. Aborts when what was compiled in is broken: a test reads it.
std::vector<SettingRow> const& setting_table();
SettingRow const* find_setting(std::string_view name);
/// The known name that looks most like it, or empty when none does.
std::string_view nearest_setting(std::string_view name);

bool is_path(SettingType type);
/// As it stands in a settings file.
std::string to_toml(SettingValue const& value);

}  // namespace countersign::manager
