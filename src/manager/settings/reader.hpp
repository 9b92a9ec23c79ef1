#pragma once

/// Reads what somebody set: the settings file and the options of the command line, which override it. Every problem at once, each with
/// its place. Values are of the right type and in range then; whether they fit together is checked by program_settings.hpp.

#include "base/error.hpp"
#include "manager/settings/table.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace countersign::manager {

/// By the name of the setting: the words that stood behind its option. A flag: "true" or "false".
using GivenOptions = std::map<std::string, std::vector<std::string>>;

struct SettingsRead {
    struct One {
        SettingValue value;
        std::string origin;  ///< "default", "option --data", "/etc/countersign/settings.manager.toml line 3"
        bool given = false;  ///< by somebody; else it is the default
    };
    std::map<std::string, One, std::less<>> values;  ///< every setting of the table
    std::vector<Error> problems;                     ///< SET-001 to SET-004
};

/// A settings file may have so many bytes.
inline constexpr std::size_t k_settings_file_limit = 1024 * 1024;

/// `file` empty: options alone. Relative paths of the file are taken from the file's folder.
SettingsRead read_settings(std::filesystem::path const& file, GivenOptions const& options);

/// As a settings file, each line with a comment that says where the value is from. No setting holds a secret: those stand in files of their
/// own.
std::string print_settings(SettingsRead const& read);

}  // namespace countersign::manager
