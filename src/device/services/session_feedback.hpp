#pragma once

/// What a session with feedback hears: changes of settings, of status and events that touch the expressions it registered
/// (protocols 1.3, 2.2). One for each session, on the unit's executor; no door knows more than "here is what to say".

#include "device/services/status_watch.hpp"
#include "device/unit.hpp"
#include "dialect/xapi_writer.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// Something to say to a session that asked for it.
struct Notification {
    dialect::xapi::Root root = dialect::xapi::Root::configuration;
    std::vector<dialect::xapi::PathValue> values;
    std::vector<std::string> removed;  ///< list items of status that are gone: "Call 2"
    bool operator==(Notification const&) const = default;
};

/// Events of a unit that sessions may hear as /Event/..., with their leaves: "Certificate Installed" {"Fingerprint"}.
struct EventKind {
    std::string_view unit_event;  ///< Event::id
    std::string_view path;
    std::vector<std::pair<std::string_view, std::string_view>> leaves;  ///< name in the xAPI, field of the unit's event
};
std::vector<EventKind> const& event_kinds();

class SessionFeedback {
public:
    static constexpr std::size_t k_most = 38;          ///< expressions of a session (protocols 1.3)
    static constexpr std::size_t k_most_classic = 15;  ///< (protocols 2.2)

    explicit SessionFeedback(Unit& unit) : unit_(unit) {}

    /// DEV-001 for what is no expression, DEV-032 when there are too many. Registering one again changes nothing.
    Result<void> add(std::string_view expression);
    /// By its text, or by its number in the list (1 ..; 0 is all of them). DEV-001.
    Result<void> remove(std::string_view expression);
    void clear() { expressions_.clear(); }
    [[nodiscard]] std::vector<std::string> list() const;
    [[nodiscard]] bool empty() const { return expressions_.empty(); }

    /// Some expression is about status: news of it are wanted.
    [[nodiscard]] bool listens_to_status() const;

    /// What the event is for this session, and what news of the status are; nothing when they do not concern it.
    [[nodiscard]] std::vector<Notification> hear(Event const& event) const;
    [[nodiscard]] std::optional<Notification> hear(StatusNews const& news) const;

private:
    struct Expression {
        std::string text;
        dialect::xapi::Location location;
    };
    [[nodiscard]] bool wants(std::string_view root, std::string_view path) const;

    Unit& unit_;
    std::vector<Expression> expressions_;
};

}  // namespace countersign::device
