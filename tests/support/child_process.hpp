#pragma once

/// Somebody else's program that runs beside a test: a name server, a time server, openssl s_server. It ends with this
/// object, and with the test program however that ends.

#include "support/temporary_folder.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace countersign::testing {

class ChildProcess {
public:
    /// Starts `arguments` (the first is the program). Its output goes to a file. Throws when it cannot be started.
    explicit ChildProcess(std::vector<std::string> arguments);
    ~ChildProcess();
    ChildProcess(ChildProcess const&) = delete;
    ChildProcess& operator=(ChildProcess const&) = delete;

    [[nodiscard]] pid_t id() const { return id_; }
    [[nodiscard]] bool is_running() const;
    /// Standard output alone, so far.
    [[nodiscard]] std::string output() const { return folder_.read("out"); }
    /// Standard error, so far.
    [[nodiscard]] std::string errors() const { return folder_.read("err"); }
    /// Asks `ready` again and again until it is true; throws with the output after 20 seconds or when the program ended.
    void wait_until(std::function<bool()> const& ready) const;
    /// SIGKILL, and waits for the end.
    void kill();

private:
    TemporaryFolder folder_;
    mutable pid_t id_ = -1;
};

/// A port on `address` that is free for TCP and UDP. No other test that asks here gets it while this process lives, and no
/// connection: it lies below the ports that the system hands out.
std::uint16_t free_port(std::string const& address);
/// Does a connection to it succeed?
bool accepts_connections(std::string const& address, std::uint16_t port);

}  // namespace countersign::testing
