#pragma once

/// The level of the manager itself, by the table that systems are judged by (REQ LVL-4; seed 004, "Device Interaction"). Pure.

#include "manager/assess/assess.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace countersign::manager {

/// What the manager offers and uses, as it is now.
struct OwnDoors {
    std::uint16_t https_port = 443;
    std::uint16_t http_port = 80;
    bool http_open = true;         ///< calls of systems are taken over HTTP
    bool http_redirects = false;   ///< closed, but for showing browsers the way
    std::string https_not_proven;  ///< why a conversation with ourselves could not be verified; empty: it was
    SecureOnly mode{};             ///< of the estate
    std::size_t systems = 0;
    std::size_t not_capable = 0;        ///< of these: not capable of Secure-Only
    std::size_t excepted = 0;           ///< exceptions from the mode that count now and say less
    bool speaks_snmp = true;            ///< scans, and systems outside Secure-Only
    std::string database;               ///< empty: a file of the manager's own; else the server, spoken to over verified TLS only
    std::vector<std::string> channels;  ///< names of what notifications go to: verified TLS only
};

struct OwnLevel {
    int level = 4;    ///< lowest level of what is open or in use and counts
    std::string why;  ///< one sentence
    std::vector<ProtocolLevel> protocols;
};

OwnLevel assess_manager(OwnDoors const& doors);

}  // namespace countersign::manager
