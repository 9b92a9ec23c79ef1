#include "host/service_manager.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace countersign::host {
namespace {

constexpr int k_first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int k_most_sockets = 1024;

/// The value, which is taken out of the environment.
std::string take(char const* name) {
    char const* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before threads start
    std::string out = value != nullptr ? value : "";
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): as above
    return out;
}

bool for_this_process(std::string const& pid) { return parse_number<long>(pid) == static_cast<long>(::getpid()); }

std::vector<ServiceManager::Socket> take_sockets() {
    auto const pid = take("LISTEN_PID");
    auto const count = parse_number<int>(take("LISTEN_FDS"));
    auto const names = take("LISTEN_FDNAMES");
    std::vector<ServiceManager::Socket> out;
    if (!for_this_process(pid) || !count || *count < 1) return out;
    auto const named = split(names, ':');
    for (int i = 0; i < std::min(*count, k_most_sockets); ++i) {
        int const descriptor = k_first_descriptor + i;
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        auto name = static_cast<std::size_t>(i) < named.size() ? std::string(named[static_cast<std::size_t>(i)]) : std::string();
        // What sd_listen_fds(3) says of sockets that nobody named.
        if (name == "unknown" || name == "stored") name.clear();
        out.push_back({descriptor, std::move(name)});
    }
    return out;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    manager.address_ = take("NOTIFY_SOCKET");
    if (!manager.address_.empty() && manager.address_.front() == '@')
        manager.address_.front() = '\0';
    else if (!manager.address_.empty() && manager.address_.front() != '/')
        manager.address_.clear();
    auto const microseconds = parse_number<long long>(take("WATCHDOG_USEC"));
    auto const watched = take("WATCHDOG_PID");
    if (microseconds && *microseconds > 0 && (watched.empty() || for_this_process(watched)))
        manager.watchdog_ = std::chrono::microseconds(*microseconds);
    manager.sockets_ = take_sockets();
    return manager;
}

void ServiceManager::notify(std::string_view lines) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (address_.empty() || address_.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, address_.data(), address_.size());
    int const descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return;
    auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of sockets
    ::sendto(descriptor, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr const*>(&address), size);
    ::close(descriptor);
}

void ServiceManager::ready(std::string_view status) const { notify("READY=1\nSTATUS=" + std::string(status)); }

void ServiceManager::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    auto const microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void ServiceManager::stopping() const { notify("STOPPING=1\nSTATUS=stopping"); }

void ServiceManager::alive() const { notify("WATCHDOG=1"); }

}  // namespace countersign::host
