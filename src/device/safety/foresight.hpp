#pragma once

/// What a change would do to the connection of whoever asks for it, told before it is made, in words. Nothing is changed by asking. The
/// rules are those by which the change itself is judged and carried out; only the words are made here.
///
/// It cannot foresee what other people change meanwhile, nor whether a new port can be opened.

#include "device/unit.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

class Foresight {
public:
    /// `service`: the web service of the connection; `host`: the name or address that the browser called, without its port.
    Foresight(Unit const& unit, family::Service const& service, std::string host)
        : unit_(unit), service_(service), host_(std::move(host)) {}

    struct Told {
        std::vector<Error> problems;       ///< why it would be refused
        std::vector<std::string> effects;  ///< sentences about this connection; empty: it goes on as it is
        std::string go_on_at;              ///< URL of the system afterwards; empty: there is no web page then
    };
    [[nodiscard]] Told settings(std::vector<Change> const& changes) const;
    /// Another pair for the identity: leaf first; empty: one that is not looked at here (the factory's, the previous one).
    [[nodiscard]] Told pair(std::vector<pki::Certificate> const& chain, std::string_view identity) const;
    [[nodiscard]] Told trust() const;
    [[nodiscard]] Told restart() const;
    [[nodiscard]] Told shutdown() const;
    [[nodiscard]] Told restore() const;

    /// What waits for the restart: "HTTPS Mode: Off becomes On".
    [[nodiscard]] std::vector<std::string> pending() const;
    /// Why a trial cannot be confirmed over this connection, and where it can be; both empty: it can, here.
    struct Proof {
        std::string not_here;
        std::string go_on_at;
    };
    [[nodiscard]] Proof proof() const;
    /// Of the system as it is now, over TLS; empty: no web service with TLS is open.
    [[nodiscard]] std::string secure_address() const;
    /// After the next restart.
    [[nodiscard]] std::string address_after_restart() const;

private:
    struct Work;
    Unit const& unit_;
    family::Service const& service_;
    std::string host_;
};

}  // namespace countersign::device
