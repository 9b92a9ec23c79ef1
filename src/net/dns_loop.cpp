#include "net/dns_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <ares.h>
#include <arpa/inet.h>
#include <map>
#include <netdb.h>
#include <sys/time.h>
#include <thread>

namespace countersign::net {

asio::io_context& dns_loop() {
    // On purpose never deleted: see the header.
    static auto* const loop = [] {
        ares_library_init(ARES_LIB_INIT_ALL);
        // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the thread below uses it until the program ends
        auto* context = new asio::io_context(1);
        std::thread([context] {
            auto work = asio::make_work_guard(*context);
            context->run();
        }).detach();
        return context;
    }();
    return *loop;
}

namespace {

using Descriptor = asio::posix::stream_descriptor;

class Channel final : public DnsChannel {
public:
    ~Channel() override {
        // Questions under way hear that it is over; their sockets are released by watch() before c-ares closes them.
        if (channel_ != nullptr) ares_destroy(channel_);
    }
    Channel() : timer_(dns_loop()) {}
    Channel(Channel const&) = delete;
    Channel& operator=(Channel const&) = delete;

    int start(Resolver::Settings const& settings) {
        ares_options options{};
        int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
        options.sock_state_cb = on_socket;
        options.sock_state_cb_data = this;
        options.timeout = static_cast<int>(settings.timeout.count());
        options.tries = settings.tries;
        std::string only_dns = "b";
        if (!settings.servers.empty()) {
            // Nothing of this machine's resolv.conf or hosts file.
            options.lookups = only_dns.data();
            options.ndomains = 0;
            mask |= ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS;
        }
        if (auto failed = ares_init_options(&channel_, &options, mask); failed != ARES_SUCCESS) return failed;
        if (!settings.servers.empty()) {
            std::string list;
            for (auto const& server : settings.servers) list += (list.empty() ? "" : ",") + to_string(server);
            if (auto failed = ares_set_servers_ports_csv(channel_, list.c_str()); failed != ARES_SUCCESS) return failed;
        }
        return bind(settings.bind_address);
    }

    void ask(std::string const& name, std::function<void(DnsAnswer)> done) override {
        ares_addrinfo_hints hints{};
        hints.ai_flags = ARES_AI_NOSORT;
        hints.ai_family = AF_UNSPEC;
        auto owned = std::make_unique<std::function<void(DnsAnswer)>>(std::move(done));
        ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_answer, owned.release());
        arm();
    }

private:
    struct Watched {
        explicit Watched(int socket) : descriptor(dns_loop(), socket) {}
        Descriptor descriptor;
        bool wants_read = false, wants_write = false;
        bool reading = false, writing = false;
    };

    int bind(std::string const& address) {
        if (address.empty()) return ARES_SUCCESS;
        in_addr v4{};
        in6_addr v6{};
        if (inet_pton(AF_INET, address.c_str(), &v4) == 1) {
            ares_set_local_ip4(channel_, ntohl(v4.s_addr));
        } else if (inet_pton(AF_INET6, address.c_str(), &v6) == 1) {
            ares_set_local_ip6(channel_, v6.s6_addr);
        } else {
            return ARES_EBADSTR;
        }
        return ARES_SUCCESS;
    }

    static void on_socket(void* self, ares_socket_t socket, int readable, int writable) {
        static_cast<Channel*>(self)->watch(socket, readable != 0, writable != 0);
    }

    void watch(int socket, bool readable, bool writable) {
        auto found = sockets_.find(socket);
        if (!readable && !writable) {
            if (found == sockets_.end()) return;
            found->second->descriptor.release();  // c-ares closes it itself
            sockets_.erase(found);
            return;
        }
        if (found == sockets_.end()) found = sockets_.emplace(socket, std::make_shared<Watched>(socket)).first;
        found->second->wants_read = readable;
        found->second->wants_write = writable;
        wait(socket, found->second);
    }

    void wait(int socket, std::shared_ptr<Watched> const& watched) {
        if (watched->wants_read && !watched->reading) {
            watched->reading = true;
            watched->descriptor.async_wait(Descriptor::wait_read, on_ready(socket, watched, true));
        }
        if (watched->wants_write && !watched->writing) {
            watched->writing = true;
            watched->descriptor.async_wait(Descriptor::wait_write, on_ready(socket, watched, false));
        }
    }

    std::function<void(boost::system::error_code)> on_ready(int socket, std::shared_ptr<Watched> watched, bool read) {
        return [weak = weak_from_this(), socket, watched = std::move(watched), read](boost::system::error_code failed) {
            (read ? watched->reading : watched->writing) = false;
            auto self = std::static_pointer_cast<Channel>(weak.lock());
            // Released meanwhile: the number may already belong to another socket.
            if (failed || !self || !watched->descriptor.is_open()) return;
            ares_process_fd(self->channel_, read ? socket : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : socket);
            if (watched->descriptor.is_open()) self->wait(socket, watched);
            self->arm();
        };
    }

    void arm() {
        timeval left{};
        if (ares_timeout(channel_, nullptr, &left) == nullptr) {
            timer_.cancel();
            return;
        }
        timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code failed) {
            auto self = std::static_pointer_cast<Channel>(weak.lock());
            if (failed || !self) return;
            ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            self->arm();
        });
    }

    static void on_answer(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
        std::unique_ptr<std::function<void(DnsAnswer)>> const done(static_cast<std::function<void(DnsAnswer)>*>(argument));
        std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> const owned(info, ares_freeaddrinfo);
        DnsAnswer answer;
        if (status == ARES_SUCCESS && info != nullptr) collect(*info, answer);
        answer.found = !answer.addresses.empty();
        answer.unknown = status == ARES_ENOTFOUND || status == ARES_ENODATA || (status == ARES_SUCCESS && !answer.found);
        if (!answer.found) answer.detail = ares_strerror(status);
        (*done)(std::move(answer));
    }

    static void collect(ares_addrinfo const& info, DnsAnswer& answer) {
        constexpr int k_longest_life = 60;
        int life = k_longest_life;
        for (int family : {AF_INET, AF_INET6}) {
            for (auto const* node = info.nodes; node != nullptr; node = node->ai_next) {
                if (node->ai_family != family) continue;
                char text[INET6_ADDRSTRLEN] = {};
                void const* address = family == AF_INET
                                          ? static_cast<void const*>(&reinterpret_cast<sockaddr_in const*>(node->ai_addr)->sin_addr)
                                          : &reinterpret_cast<sockaddr_in6 const*>(node->ai_addr)->sin6_addr;
                if (inet_ntop(family, address, text, sizeof text) == nullptr) continue;
                if (std::ranges::find(answer.addresses, text) == answer.addresses.end()) answer.addresses.emplace_back(text);
                life = std::min(life, node->ai_ttl);
            }
        }
        answer.life = std::chrono::seconds(std::max(life, 0));
    }

    ares_channel channel_ = nullptr;
    std::map<int, std::shared_ptr<Watched>> sockets_;
    asio::steady_timer timer_;
};

}  // namespace

std::shared_ptr<DnsChannel> DnsChannel::open(Resolver::Settings const& settings, std::string& detail) {
    auto channel = std::make_shared<Channel>();
    if (auto failed = channel->start(settings); failed != ARES_SUCCESS) {
        detail = ares_strerror(failed);
        return nullptr;
    }
    return channel;
}

}  // namespace countersign::net
