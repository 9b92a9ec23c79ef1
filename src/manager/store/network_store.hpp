#pragma once

/// How the manager's own doors and names are set (REQ MGR-7, MGR-8), and what is kept for a system beside its connection
/// settings: how it can be reached, and settings that it gets again after each boot. A part of Store.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <map>
#include <string>
#include <vector>

namespace countersign::manager {

/// What the HTTP port answers.
enum class PlainDoor {
    open,       ///< the calls of systems and the public roots; browsers are shown the way to HTTPS
    forbidden,  ///< 403 for everything
    redirect    ///< 403 for calls; browsers are shown the way to HTTPS
};

struct NetworkSettings {
    PlainDoor plain_http = PlainDoor::open;
    /// Systems are told the manager's address in place of its name. Secure-Only wants No.
    bool override_dns = false;
    /// The name that systems on the public network call; empty: the same as inside. Secure-Only wants one name.
    std::string public_host_name;
    bool scan_snmp = true;  ///< scans may ask over SNMP, and systems outside Secure-Only are watched over SNMP
    /// Nor is SNMP spoken to anybody where the manager's HTTP port is restricted (REQ MGR-8, limitations of the restriction).
    [[nodiscard]] bool speaks_snmp() const { return scan_snmp && plain_http == PlainDoor::open; }
    bool operator==(NetworkSettings const&) const = default;
};

/// How a system can be reached (REQ MGR-1).
enum class Connectivity { lan, public_internet, behind_firewall };

struct ConnectionSettings {
    Connectivity connectivity = Connectivity::lan;
    /// Canonical setting to value; put back when the system has others, as after a boot with factory settings.
    std::map<std::string, std::string> persistent;
    bool operator==(ConnectionSettings const&) const = default;
};

std::string_view to_string(PlainDoor value);
std::string_view to_string(Connectivity value);  ///< "lan", "public", "behind_firewall"
std::optional<PlainDoor> parse_plain_door(std::string_view text);
std::optional<Connectivity> parse_connectivity(std::string_view text);

class NetworkStore {
public:
    virtual ~NetworkStore() = default;
    virtual net::Task<Result<NetworkSettings>> get_network() = 0;
    virtual net::Task<Result<void>> set_network(NetworkSettings settings, std::string actor) = 0;
    /// The defaults when nothing was said of the system.
    virtual net::Task<Result<ConnectionSettings>> get_connection(SystemId id) = 0;
    /// The same, and whether a phone book is for the system: all that a look at it needs, in one step.
    struct Link {
        ConnectionSettings connection;
        bool phonebook = false;
    };
    virtual net::Task<Result<Link>> get_link(SystemId id) = 0;                                                        ///< GEN-003
    virtual net::Task<Result<void>> set_connection(SystemId id, ConnectionSettings settings, std::string actor) = 0;  ///< GEN-003
};

}  // namespace countersign::manager
