#pragma once

/// What keeps an owner informed and never locked out: alarms, changes on trial, factory defaults, and flags of a configuration
/// file. Threads: as Unit.

#include "base/result.hpp"
#include "device/unit.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// The door that needs somebody who stands before the system: a session of the serial console.
inline constexpr std::string_view k_serial_door = "serial";

/// Something that is wrong until it is put right. Kept over restarts; raised once, cleared once; each is an event
/// ("alarm.raised", "alarm.cleared" with id, subject, text), so that feedback and traps tell it.
struct Alarm {
    std::string id;       ///< "certificate.expires", "certificate.expired", "responder.unreachable", "flags.restart" ...
    std::string subject;  ///< what it is about: an identity, an address; id and subject together are unique
    std::string text;     ///< in the family's words: message "alarm.<id>" with {places}, or ours
    std::string level;    ///< "major", "system"
    UtcTime since;
    std::optional<int> days_left;
};

class Alarms {
public:
    virtual ~Alarms() = default;
    [[nodiscard]] virtual std::vector<Alarm> active() const = 0;
    /// Those that were, newest first, at most 100.
    [[nodiscard]] virtual std::vector<Alarm> history() const = 0;
    virtual void raise(Alarm alarm) = 0;  ///< raising the same again only changes its text and days
    virtual void clear(std::string_view id, std::string_view subject) = 0;
    /// Looks at all certificates now (REQ RMX-5); done at start, at every change of certificates or clock, and daily.
    virtual void check_certificates() = 0;
};

/// Commit-confirm (design section 6): changes made in a trial are undone unless confirmed in time. Everything that can cut the
/// manager off belongs to it: settings, certificates, trust, verification. One trial at a time; it survives a kill and a
/// restart: what is not confirmed by its deadline after the boot is undone and the unit restarts if that is needed.
class Trial {
public:
    struct State {
        std::string id;
        UtcTime deadline;
        std::string actor;
        std::string door;  ///< that it was begun through
    };
    virtual ~Trial() = default;
    /// From now on every change is remembered with what was before. DEV error while another is under way, or for a time outside
    /// 10 s .. 1 h (DEV-017, DEV-002, DEV-023, ACC-008, FIL-*).
    virtual Result<State> begin(std::chrono::seconds within, Actor actor) = 0;
    [[nodiscard]] virtual std::optional<State> current() const = 0;
    /// Keeps what was changed. The id proves that the caller means this trial and not a later one. Refused while a change waits for a
    /// restart, and over a door that is not open after the change: it would prove nothing (DEV-018, DEV-019, DEV-020).
    virtual Result<void> confirm(std::string_view id, Actor actor) = 0;
    /// Undoes it now. DEV-018.
    virtual Result<void> cancel(Actor actor) = 0;
};

enum class Restore { standard, comprehensive };  ///< REQ RMX-8: standard keeps certificates

/// One flag of the family's configuration file (REQ RMX-6).
struct FlagState {
    std::string section;
    std::string name;
    std::string value;      ///< stored
    std::string effective;  ///< in effect; differs until the restart
    bool created = false;   ///< by hand: not in the family's list
    std::string note;       ///< how an old value is understood: "TLSV1_SSLV3: TLS 1.2 and 1.3 are used"
};

class Flags {
public:
    virtual ~Flags() = default;
    [[nodiscard]] virtual std::vector<FlagState> list() const = 0;
    /// Changes or creates; an empty section is the one it stands in, or the first. DEV-022 and what Unit::apply says. Raises the alarm that
    /// asks for a restart.
    virtual Result<FlagState> set(std::string_view section, std::string_view name, std::string_view value, Actor actor) = 0;
    /// Of created flags. DEV-022, GEN-003.
    virtual Result<void> remove(std::string_view section, std::string_view name, Actor actor) = 0;
};

}  // namespace countersign::device
