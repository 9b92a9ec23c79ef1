#pragma once

/// The settings that a system reports, beside what the plan makes of them and what is kept for it. Pure (MGR-11, MGR-15).

#include "family/family.hpp"
#include "manager/plan/plan.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

struct ReportedSetting {
    std::string name{};  ///< canonical, "service.https"; empty: the family's own matter
    std::string path{};  ///< in the words of the family
    /// As stored in the system. Canonical where it has a name, else in the family's spelling. Nothing: it did not say.
    std::optional<std::string> value{};
    std::optional<std::string> wanted{};  ///< what the plan leaves it at, when that is another value
    std::string why{};                    ///< the plan's reason
    std::optional<std::string> kept{};    ///< the value that the system gets again whenever it lost it
    bool operator==(ReportedSetting const&) const = default;
};

struct ReportedSettings {
    SystemId system = 0;
    UtcTime at{};
    ChannelTrust channel = ChannelTrust::none;  ///< over which the system said so
    bool restart_pending = false;
    std::vector<ReportedSetting> settings;
};

/// In the order of the family file; what only the plan or the person names comes last, by name. Passwords are never read, so none is
/// in it.
std::vector<ReportedSetting> reported_settings(family::Family const& family, Account const& account, Plan const& plan,
                                               std::map<std::string, std::string> const& kept);

}  // namespace countersign::manager
