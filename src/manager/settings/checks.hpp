#pragma once

/// What holds between settings, and between them and the machine. Pure but for looking whether files and folders are there.

#include "manager/settings/program_settings.hpp"

namespace countersign::manager {

/// Adds what is wrong to `problems`, each at the place where the setting was made: SET-003.
void check_settings(ProgramSettings const& settings, SettingsRead const& read, std::vector<Error>& problems);

/// The only one, or GEN-006 with all as its causes. `problems` is not empty.
Error all_problems(std::vector<Error> problems);

}  // namespace countersign::manager
