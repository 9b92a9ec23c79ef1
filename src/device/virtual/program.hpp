#pragma once

/// The program countersign-device, but for its command line.

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace countersign::device {

struct ProgramOptions {
    std::filesystem::path data;
    std::string families;  ///< folder; empty: those compiled in
    std::uint16_t port_offset = 0;
    unsigned threads = 0;  ///< event loops; 0: one per core
    std::string dns;       ///< preset on systems that have none
    std::string ntp;
    std::string key_type = "ec:p256";  ///< of factory keys
    std::chrono::milliseconds downtime{300};
    bool fsync = false;
    /// The serial console: "none", "pty" (a pseudo terminal for each system, two descriptors), or the device of a real line, for one
    /// system. Empty: a pseudo terminal for one system, none for an estate.
    std::string serial_console;
    bool reset_broken_state = false;  ///< Environment::reset_broken_state
    std::string user;                 ///< go on as this user when started as root
    std::string hooks;                ///< file; empty: data/hooks.toml. Of one system only

    /// One listener per port for all systems, instead of one for each: when the limit on open files is too low, always, never.
    enum class Share { when_needed, always, never };
    Share share = Share::when_needed;

    // Where the systems come from: one of the three.
    std::string estate_file;
    std::size_t count = 0;
    std::string mix;  ///< "family=weight,..."; empty: every family alike
    std::string base_address = "127.20.1.1";
    std::string domain = "estate.test";
    std::string family;  ///< one system
    std::string address = "127.0.0.1";
    std::string serial;  ///< empty: made at the first start and kept
    std::string name;

    std::string activation_code_of;  ///< a feature: write its code for the one system to standard output and end

    enum class Print { no, toml, json };
    Print print = Print::no;  ///< write the list to standard output and end
};

/// Runs until SIGTERM or SIGINT; SIGHUP reads hooks.toml again. One line "ready: N systems" goes to standard output when all ports
/// are open, and a service manager is told so too. Takes over sockets of systemd's socket activation. An estate (a list, not one
/// system) listens for commands at data/control.sock.
Result<void> run_program(ProgramOptions const& options);

}  // namespace countersign::device
