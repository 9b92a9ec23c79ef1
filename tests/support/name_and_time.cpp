#include "support/name_and_time.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace countersign::testing {

namespace {

std::string user_name() {
    auto const* entry = getpwuid(getuid());
    return entry != nullptr ? entry->pw_name : "root";
}

/// One datagram there and one back within 100 ms.
bool answers(std::string const& address, std::uint16_t port, std::string const& question) {
    int const descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &where.sin_addr);
    timeval const limit{.tv_sec = 0, .tv_usec = 100000};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char answer[512];
    bool const came = connect(descriptor, reinterpret_cast<sockaddr const*>(&where), sizeof where) == 0 &&
                      send(descriptor, question.data(), question.size(), 0) > 0 && recv(descriptor, answer, sizeof answer, 0) > 0;
    close(descriptor);
    return came;
}

std::vector<std::string> dnsmasq(std::string const& domain, NameServer::Names const& names, std::string const& address,
                                 std::uint16_t port) {
    std::vector<std::string> arguments{"/usr/sbin/dnsmasq",
                                       "--keep-in-foreground",
                                       "--conf-file=/dev/null",
                                       "--no-resolv",
                                       "--no-hosts",
                                       "--pid-file=",
                                       "--bind-interfaces",
                                       "--except-interface=lo",
                                       "--log-queries",
                                       "--log-facility=-",
                                       "--user=" + user_name(),
                                       "--listen-address=" + address,
                                       "--port=" + std::to_string(port),
                                       "--local=/" + domain + "/",
                                       "--local-ttl=30"};
    for (auto const& [name, where] : names) arguments.push_back("--host-record=" + name + "," + where);
    return arguments;
}

/// A query for the A record of "ready.": any answer will do.
std::string dns_question() {
    return std::string("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12) + std::string("\x05ready\x00\x00\x01\x00\x01", 11);
}

std::string ntp_question() { return '\x23' + std::string(47, '\0'); }

}  // namespace

NameServer::NameServer(std::string const& domain, Names const& names, std::string address, std::uint16_t port)
    : address_(std::move(address)), port_(port != 0 ? port : free_port(address_)), process_(dnsmasq(domain, names, address_, port_)) {
    process_.wait_until([this] { return answers(address_, port_, dns_question()); });
}

TimeServer::TimeServer(std::string address, std::uint16_t port)
    : address_(std::move(address)),
      port_(port != 0 ? port : free_port(address_)),
      process_(
          {"/usr/sbin/chronyd", "-x", "-U", "-d", "-u", user_name(), "-f",
           folder_.file("chrony.conf", "port " + std::to_string(port_) + "\nbindaddress " + address_ + "\nallow all\nlocal stratum 3\n" +
                                           "cmdport 0\nbindcmdaddress /\npidfile " + (folder_.path() / "pid").string() + "\n")}) {
    process_.wait_until([this] { return answers(address_, port_, ntp_question()); });
}

}  // namespace countersign::testing
