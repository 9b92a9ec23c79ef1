#pragma once

/// What a system's settings say, by canonical name, for assessment and plan. Nothing is known without an account.

#include "family/family.hpp"
#include "manager/estate/model.hpp"
#include "manager/observe/observation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager {

enum class Switch { on, off, unknown };

class Configured {
public:
    Configured(family::Family const& family, Observation const& observation) : family_(family), observation_(observation) {}

    /// The stored value; nothing when the setting does not exist or was not read.
    [[nodiscard]] std::optional<std::string> find(std::string_view canonical) const;
    /// The stored value or empty.
    [[nodiscard]] std::string value(std::string_view canonical) const { return find(canonical).value_or(std::string()); }
    /// A mode: "off" is off, every other value on.
    [[nodiscard]] Switch mode(std::string_view canonical) const;
    /// On when this value of that switch opens the service.
    [[nodiscard]] Switch mode(family::Service const& service, std::string_view canonical) const;

    /// The switches of a service: its own, and those of its further ports ("service.ftp.mode.b").
    [[nodiscard]] std::vector<std::string> modes_of(family::Service const& service) const;
    /// Some switch of the service is on. `unknown` when none is known to be on and one is not known.
    [[nodiscard]] Switch any_mode(family::Service const& service) const;

    /// The port that its settings give the service, when it is another one than the family's; nothing when it is not, or not known. Of
    /// HTTPS the port in the connection settings counts, whatever the unit calls it: then there is no other one.
    [[nodiscard]] std::optional<std::uint16_t> other_port(family::Service const& service, System const& system) const;

    /// The client has a server to call and is not switched off.
    [[nodiscard]] bool in_use(family::Client const& client) const;
    /// Where the setting that names the scheme is, the client speaks https. URLs are asked first.
    [[nodiscard]] bool speaks_https(family::Client const& client) const;
    /// Canonical name of the client's URL: its own setting, or that of its registration; empty when it has none.
    [[nodiscard]] static std::string url_setting(family::Client const& client);
    /// "https://manager.example.test/path" gives "manager.example.test".
    [[nodiscard]] static std::string host_of(std::string_view url);

private:
    family::Family const& family_;
    Observation const& observation_;
};

/// Nothing may be concluded from the settings while a change waits for a restart.
bool restart_pending(Observation const& observation);

}  // namespace countersign::manager
