#pragma once

/// Real servers for names (dnsmasq) and time (chronyd), on high ports and loopback addresses. Neither needs root, and
/// chronyd leaves the machine's clock alone.

#include "support/child_process.hpp"

#include <map>
#include <string>

namespace countersign::testing {

/// dnsmasq with a zone of its own and no other source of names.
class NameServer {
public:
    using Names = std::map<std::string, std::string>;  ///< host name to address
    /// Answers for `domain` and everything below: names that are not listed do not exist.
    /// Port 0: any that is free.
    NameServer(std::string const& domain, Names const& names, std::string address = "127.0.0.1", std::uint16_t port = 0);

    [[nodiscard]] std::string const& address() const { return address_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// What it was asked, one line a question ("query[A] a.example.test from 127.0.0.1").
    [[nodiscard]] std::string questions() const { return process_.errors(); }
    ChildProcess& process() { return process_; }

private:
    std::string address_;
    std::uint16_t port_;
    ChildProcess process_;
};

/// chronyd -x: serves the machine's time as stratum 3.
class TimeServer {
public:
    explicit TimeServer(std::string address = "127.0.0.1", std::uint16_t port = 0);
    [[nodiscard]] std::string const& address() const { return address_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    ChildProcess& process() { return process_; }

private:
    TemporaryFolder folder_;
    std::string address_;
    std::uint16_t port_;
    ChildProcess process_;
};

}  // namespace countersign::testing
