#include "support/child_process.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace countersign::testing {

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
    // Everything that allocates is done before fork(): the child may only call async-signal-safe functions.
    std::vector<char*> list;
    for (auto& argument : arguments) list.push_back(argument.data());
    list.push_back(nullptr);
    auto const out = (folder_.path() / "out").string();
    auto const err = (folder_.path() / "err").string();
    auto const parent = getpid();
    id_ = fork();
    if (id_ < 0) throw std::runtime_error("cannot fork");
    if (id_ > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    dup2(open("/dev/null", O_RDONLY), 0);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 1);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
    execvp(list[0], list.data());
    _exit(127);
}

ChildProcess::~ChildProcess() { kill(); }

bool ChildProcess::is_running() const {
    if (id_ < 0) return false;
    if (waitpid(id_, nullptr, WNOHANG) == 0) return true;
    id_ = -1;
    return false;
}

void ChildProcess::wait_until(std::function<bool()> const& ready) const {
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!ready()) {
        if (!is_running()) throw std::runtime_error("the program ended: " + output() + errors());
        if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the program is not ready: " + output() + errors());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void ChildProcess::kill() {
    if (id_ < 0) return;
    ::kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = -1;
}

namespace {

sockaddr_in socket_address(std::string const& address, std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &where.sin_addr);
    return where;
}

class RawSocket {
public:
    explicit RawSocket(int type) : descriptor(socket(AF_INET, type | SOCK_CLOEXEC, 0)) {}
    ~RawSocket() { close(descriptor); }
    RawSocket(RawSocket const&) = delete;
    RawSocket& operator=(RawSocket const&) = delete;
    [[nodiscard]] bool bind_to(sockaddr_in const& where) const {
        return bind(descriptor, reinterpret_cast<sockaddr const*>(&where), sizeof where) == 0;
    }
    int const descriptor;
};

}  // namespace

namespace {

/// Takes `port` for this process until it ends, among all tests of this machine that ask the same way.
bool claim(std::uint16_t port) {
    auto const name = "countersign-test-port-" + std::to_string(port);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    // A name that begins with a zero byte is no file: it goes with the process.
    std::ranges::copy(name, where.sun_path + 1);
    int const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    auto const length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (bind(descriptor, reinterpret_cast<sockaddr const*>(&where), length) == 0) return true;  // stays open on purpose
    close(descriptor);
    return false;
}

}  // namespace

std::uint16_t free_port(std::string const& address) {
    // Below the ports that the system hands out to connections (32768 and above on Linux), so that no connection of another
    // test takes it before the program that it is for.
    constexpr std::uint16_t first = 28'000;
    constexpr std::uint16_t count = 4'700;
    static std::uint16_t next = static_cast<std::uint16_t>(getpid() * 37 % count);
    for (int i = 0; i < count; ++i) {
        auto const port = static_cast<std::uint16_t>(first + next);
        next = static_cast<std::uint16_t>((next + 1) % count);
        RawSocket const tcp(SOCK_STREAM);
        RawSocket const udp(SOCK_DGRAM);
        auto const where = socket_address(address, port);
        if (claim(port) && tcp.bind_to(where) && udp.bind_to(where)) return port;
    }
    throw std::runtime_error("there is no free port on " + address);
}

bool accepts_connections(std::string const& address, std::uint16_t port) {
    RawSocket const tcp(SOCK_STREAM);
    auto const where = socket_address(address, port);
    return connect(tcp.descriptor, reinterpret_cast<sockaddr const*>(&where), sizeof where) == 0;
}

}  // namespace countersign::testing
