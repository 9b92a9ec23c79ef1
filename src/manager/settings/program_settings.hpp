#pragma once

/// The settings of one run of the manager: what was read, put where the program looks for it, and checked as a whole.

#include "manager/access/people_certificates.hpp"
#include "manager/access/people_directory.hpp"
#include "manager/manager.hpp"
#include "manager/settings/reader.hpp"

#include <span>

namespace countersign::manager {

struct ProgramSettings {
    ManagerSettings manager;
    bool http = true;
    unsigned threads = 0;
    std::filesystem::path families;          ///< empty: those compiled in
    std::filesystem::path further_families;  ///< beside those compiled in
    std::filesystem::path token_file;        ///< empty: none is written
    std::string log_level;
    std::string log_format;
    DirectorySettings directory;
    PeopleCertificates people;

    [[nodiscard]] Pace pace() const {
        return {
            .concurrency = manager.concurrency, .observe_interval = manager.observe_interval, .enforce_interval = manager.enforce_interval};
    }
};

/// Where each setting of the table goes. A test holds that none is missing and that none is put in vain.
struct SettingPlace {
    std::string_view name;
    void (*put)(ProgramSettings& settings, SettingValue const& value);
    SettingValue (*get)(ProgramSettings const& settings);
};
std::span<SettingPlace const> setting_places();

/// Every problem at once: those of reading; values that do not fit together; files and folders that are not there. SET-*, FIL-*; several:
/// GEN-006.
Result<ProgramSettings> make_program_settings(SettingsRead const& read);

/// Names of the settings that differ, by whether SIGHUP is enough for them.
struct SettingsChange {
    std::vector<std::string> reloaded;
    std::vector<std::string> need_restart;
};
SettingsChange compare(SettingsRead const& before, SettingsRead const& now);

}  // namespace countersign::manager
