#pragma once

/// c-ares channels and the one thread that they all live on. Internal to this room.
///
/// A program may have a thousand resolvers (each virtual system has its own name servers and source address), so a
/// thread for each would be too much; and c-ares wants each channel used by one thread.

#include "net/resolver.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace countersign::net {

/// Runs forever; never destroyed, so that resolvers may be, whenever they like.
asio::io_context& dns_loop();

struct DnsAnswer {
    bool found = false;
    bool unknown = false;  ///< the servers say that there is no such name; else they did not answer
    std::string detail;
    std::vector<std::string> addresses;  ///< IPv4 first
    std::chrono::seconds life{0};
};

/// All members on the loop's thread, the destructor too.
class DnsChannel : public std::enable_shared_from_this<DnsChannel> {
public:
    /// Null with `detail` when c-ares refuses the settings.
    static std::shared_ptr<DnsChannel> open(Resolver::Settings const& settings, std::string& detail);
    virtual ~DnsChannel() = default;
    virtual void ask(std::string const& name, std::function<void(DnsAnswer)> done) = 0;
};

}  // namespace countersign::net
