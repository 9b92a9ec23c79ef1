#include "manager/assess/own_level.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

std::string counted(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

ProtocolLevel https(OwnDoors const& doors) {
    ProtocolLevel row{.id = "https", .name = "HTTPS: people, systems and programs", .open = true};
    row.evidence = "port " + std::to_string(doors.https_port) + " is open";
    if (doors.https_not_proven.empty()) {
        row.level = 4;
        row.evidence += "; a conversation with itself is verified by the estate's roots";
    } else {
        row.level = 3;
        row.evidence += "; not verified: " + doors.https_not_proven;
        row.raise_by = "Give the manager a certificate for its name that the estate's roots verify: countersign readiness";
    }
    return row;
}

ProtocolLevel http(OwnDoors const& doors) {
    ProtocolLevel row{.id = "http", .name = "HTTP: calls of systems", .open = doors.http_open};
    auto const port = "port " + std::to_string(doors.http_port);
    if (!row.open) {
        row.evidence = port + " refuses every call" + (doors.http_redirects ? ", and shows browsers the way to HTTPS" : "") +
                       "; what it gives is public and signed (revocation)";
        return row;
    }
    row.level = 2;
    row.evidence = port + " takes calls of systems";
    row.raise_by = doors.mode == SecureOnly::off ? "Switch Secure-Only on first, then restrict the manager to HTTPS"
                                                 : "Restrict the manager to HTTPS: countersign network set --plain-http forbidden";
    return row;
}

ProtocolLevel interaction(OwnDoors const& doors) {
    ProtocolLevel row{.id = "systems", .name = "Conversation with systems", .client = true, .open = doors.systems > 0};
    if (!row.open) {
        row.evidence = "there are no systems";
        return row;
    }
    row.evidence = "Secure-Only is " + std::string(to_string(doors.mode));
    auto const outside = doors.not_capable + doors.excepted;
    if (doors.mode == SecureOnly::off) {
        row.level = 2;
        row.raise_by = "Switch Secure-Only on: countersign secure-only set on";
    } else if (outside > 0) {
        row.level = 2;
        row.evidence += "; outside it: " + counted(doors.not_capable, "system") + " not capable, " + counted(doors.excepted, "exception");
        row.raise_by = "Bring these systems to software that is capable, and end the exceptions";
    } else if (doors.mode == SecureOnly::on) {
        row.level = 3;
        row.raise_by = "Verify certificates: countersign secure-only set verify";
    } else {
        row.level = 4;
    }
    return row;
}

ProtocolLevel snmp(OwnDoors const& doors) {
    bool const outside = doors.mode == SecureOnly::off || doors.not_capable + doors.excepted > 0;
    ProtocolLevel row{.id = "snmp", .name = "SNMP: scans, and systems outside Secure-Only", .client = true};
    row.open = doors.speaks_snmp && doors.http_open;
    if (!row.open) {
        row.evidence = "the manager sends none";
        return row;
    }
    row.level = 1;
    // A scan is begun by a person, who may leave it.
    row.counts = outside;
    row.evidence = outside ? "the manager asks with community public, in clear" : "scans, which a person begins, ask with community public";
    row.raise_by = "Stop it: countersign network set --scan-snmp no";
    return row;
}

ProtocolLevel database(OwnDoors const& doors) {
    ProtocolLevel row{.id = "database", .name = "Database", .client = true, .open = true, .level = 4};
    row.evidence = doors.database.empty() ? "a file that only the manager can read; secrets in it are sealed"
                                          : doors.database + " over TLS, its certificate and name verified; secrets in it are sealed";
    return row;
}

ProtocolLevel notifications(OwnDoors const& doors) {
    ProtocolLevel row{.id = "notifications", .name = "Notifications", .client = true, .open = !doors.channels.empty()};
    row.level = row.open ? 4 : 0;
    row.evidence = row.open ? "over TLS, verified: " + join(doors.channels, ", ") : "there are no channels";
    return row;
}

}  // namespace

OwnLevel assess_manager(OwnDoors const& doors) {
    OwnLevel out;
    out.protocols = {https(doors), http(doors), interaction(doors), snmp(doors), database(doors), notifications(doors)};
    std::vector<std::string> holding;
    for (auto const& row : out.protocols)
        if (row.open && row.counts) out.level = std::min(out.level, row.level);
    for (auto const& row : out.protocols)
        if (row.open && row.counts && row.level == out.level && out.level < 4) holding.push_back(row.name);
    out.why = holding.empty() ? "Everything that is open is at Level 4."
                              : "Held at Level " + std::to_string(out.level) + " by " + join(holding, "; ") + ".";
    return out;
}

}  // namespace countersign::manager
