#pragma once

/// Names to addresses through configured name servers (c-ares; REQ CLI-4), and time from configured NTP servers (SNTP, RFC 4330).

#include "net/address.hpp"
#include "net/task.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace countersign::net {

/// Asks the given name servers; with none, those of the machine (/etc/resolv.conf and /etc/hosts).
class Resolver {
public:
    struct Settings {
        std::vector<Endpoint> servers;  ///< port 53 unless the estate's ports are shifted
        std::string domain;             ///< appended to names without a dot
        Milliseconds timeout{2000};     ///< per try
        int tries = 2;
        std::string bind_address;  ///< source address of the questions; empty: any
    };
    Resolver();
    explicit Resolver(Settings settings);
    ~Resolver();
    Resolver(Resolver&&) noexcept;
    Resolver& operator=(Resolver&&) noexcept;

    /// An IP address is returned as it stands. A names' addresses otherwise, IPv4 first. NET-005 unknown, NET-006 no answer.
    /// May be called from any loop; answers are cached for their time to live, at most 60 s, names that do not exist for 1 s.
    Task<Result<std::vector<std::string>>> resolve(std::string name);
    [[nodiscard]] Settings const& settings() const;
    void forget();  ///< empties the cache

private:
    struct State;
    std::shared_ptr<State> state_;
};

struct NtpAnswer {
    std::chrono::milliseconds offset;  ///< server's time minus ours
    std::chrono::milliseconds delay;   ///< round trip
    int stratum;
};

/// One SNTP question. NET-015 when there is no usable answer (silent, kiss of death, unsynchronised, stratum 0 or 16).
Task<Result<NtpAnswer>> query_ntp(Endpoint server, std::string bind_address, Milliseconds timeout);

}  // namespace countersign::net
