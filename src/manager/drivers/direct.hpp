#pragma once

/// What the drivers need that do not talk HTTP themselves: how the manager calls over SSH and runs hooks, and whom exactly they talk to.

#include "manager/estate/model.hpp"
#include "net/ssh_client.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace countersign::manager {

/// Constant while the program runs.
struct DirectWays {
    std::shared_ptr<net::SshCaller> ssh;
    std::shared_ptr<SecretText const> ssh_key;    ///< the manager's own, for systems that let it in by public key
    std::string ssh_public_key;                   ///< one line for authorized_keys
    std::filesystem::path hooks;                  ///< the folder that programs are run from; empty: none is run
    std::shared_ptr<net::BlockingPool> programs;  ///< where they are waited for
};

/// The very peer that was judged when the channel was opened.
struct DirectPeer {
    std::shared_ptr<DirectWays const> ways;
    System system;            ///< as it is known
    net::SshPeer ssh;         ///< with the one host key that was accepted; none: nothing is said over SSH
    std::string address;      ///< where it was found
    std::string service;      ///< id of the service that was judged
    std::uint16_t port = 0;   ///< of that service
    std::string certificate;  ///< SHA-256 of what it presents; empty with SSH
};

/// The pins of a system that are SSH host keys.
std::vector<std::string> ssh_pins(System const& system);

}  // namespace countersign::manager
