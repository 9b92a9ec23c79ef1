#pragma once

/// The rules that a change of settings must keep, judged on the whole state that it would lead to (REQ SVC-6, TRU-4, MCU-3). Pure: a
/// Prospect says what would be, and these functions say what is wrong with it.

#include "base/error.hpp"
#include "family/family.hpp"

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// A state of a unit's settings: the one there is, or the one that a change would make.
struct Prospect {
    family::Family const* family = nullptr;
    std::function<std::string(family::Setting const&)> value;  ///< family spelling
    std::span<std::string const> feature_keys;
    std::function<bool(family::Service const&)> has_door;            ///< this program can open it
    std::function<bool(family::Service const&)> certificate_usable;  ///< there is a pair for it, and it is within its dates
    std::function<bool(family::Service const&)> custom_certificate;
    /// It could not be opened at this port; it is no way in, whatever its switch says. Nothing: all could.
    std::function<bool(family::Service const&, std::uint16_t port)> cannot_open;
    bool has_roots = false;  ///< there is a trusted certificate, so that callers can show one of its authority

    /// Canonical value; empty when the family has no such setting.
    [[nodiscard]] std::string canonical(std::string_view name) const;
    /// Its switch is on (or it has none) and its feature key is installed.
    [[nodiscard]] bool service_on(family::Service const& service) const;
    [[nodiscard]] std::uint16_t port(family::Service const& service) const;
    [[nodiscard]] bool verifying() const;
    /// It is on and asks its callers for a certificate (REQ TRU-5).
    [[nodiscard]] bool verifies_callers(family::Service const& service) const;
    /// This client's connections: by its own switch where it has one. For no client of the family: as all.
    [[nodiscard]] bool verifying(std::string_view client) const;
    /// Any client does.
    [[nodiscard]] bool verifying_anywhere() const;
    /// It answers nothing but where else to go (REQ SVC-4).
    [[nodiscard]] bool redirects(family::Service const& service) const;
};

/// The host of a URL, of "host:port" or of a bare address; empty for empty.
std::string host_of(std::string_view address);
/// What verification would refuse: an IP address that is not the family's word for "none".
bool is_unverifiable_host(std::string_view address, std::string_view disabled_value);

/// Everything that is wrong with `after`: DEV-005, DEV-006, DEV-011, DEV-021. `changed` are the settings that were asked for. What was
/// wrong before and is not touched is no reason to refuse.
std::vector<Error> judge(Prospect const& before, Prospect const& after, std::set<family::Setting const*> const& changed);

/// Those that are set, in the order in which they are asked: `time.ntp.address`, then `.2` and `.3` where the family has them.
std::vector<std::string> ntp_servers(Prospect const& prospect);

/// Facts beside the settings that verification depends on.
struct VerifyFacts {
    bool time_is_synchronised = false;
    bool has_roots = false;
    std::vector<std::string> server_urls;  ///< registered addresses of what the switch in question covers
};
/// What verification still needs, in plain words; empty: it can work (REQ TRU-4).
std::vector<std::string> missing_for_verification(Prospect const& prospect, VerifyFacts const& facts);

}  // namespace countersign::device
