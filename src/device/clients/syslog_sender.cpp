#include "device/clients/syslog_sender.hpp"

#include "base/text.hpp"
#include "device/clients/back_off.hpp"
#include "device/clients/server_call.hpp"
#include "dialect/syslog.hpp"
#include "net/stream.hpp"
#include "net/sync.hpp"
#include "net/tls_stream.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

namespace countersign::device {
namespace {

namespace syslog = dialect::syslog;

constexpr std::string_view k_client = "syslog";
constexpr std::uint16_t k_udp_port = 514;
constexpr std::uint16_t k_tls_port = 6514;
constexpr net::Milliseconds k_idle{std::chrono::hours(24)};
constexpr net::Milliseconds k_write{10'000};
constexpr net::Milliseconds k_first_wait{1000};
constexpr net::Milliseconds k_longest_wait{60'000};

struct Server {
    std::string host;  ///< empty: nobody listens
    std::uint16_t port = 0;
    bool tls = false;
    bool operator==(Server const&) const = default;
    [[nodiscard]] std::string name() const { return host + ":" + std::to_string(port); }
};

Server server_of(Unit const& unit) {
    Server server;
    if (unit.effective_canonical("log.syslog.mode") == "off") return server;
    server.host = unit.effective_canonical("log.syslog.address");
    server.tls = unit.effective_canonical("log.syslog.protocol") == "tls";
    auto port = parse_number<std::uint16_t>(unit.effective_canonical("log.syslog.port")).value_or(0);
    if (port == 0) port = server.tls ? k_tls_port : k_udp_port;
    server.port = static_cast<std::uint16_t>(port + unit.environment().port_offset);
    return server;
}

/// Shared with what is being sent; the companion may go at any moment.
struct Sender {
    explicit Sender(std::shared_ptr<Unit> const& of) : unit(of), chance(std::random_device{}()) {}

    std::weak_ptr<Unit> unit;
    bool stopped = false;
    net::Signal wake;
    std::deque<std::string> queue;
    std::string in_hand;  ///< out of the queue, and not sent yet
    std::size_t dropped = 0;
    Server server;
    std::shared_ptr<net::TlsStream> stream;
    BackOff back_off{k_first_wait, k_longest_wait};
    std::minstd_rand chance;
    std::string trouble;  ///< the last that was reported

    void add(std::string message) {
        queue.push_back(std::move(message));
        if (queue.size() <= k_syslog_queue) return;
        queue.pop_front();
        ++dropped;
    }
    /// Once for each new trouble: a report is a message itself.
    void tell(Unit& of, std::string now) {
        if (std::exchange(trouble, now) == now) return;
        if (now.empty())
            of.report("syslog.sent", {{"server", server.name()}});
        else
            of.report("syslog.failed", {{"server", server.name()}, {"detail", std::move(now)}});
    }
};

syslog::Severity severity_of(std::string_view id) {
    if (id == "alarm.raised") return syslog::Severity::error;
    bool const wrong = id.ends_with(".failed") || id.ends_with(".refused") || id.ends_with(".locked") || id.ends_with("_damaged");
    return wrong ? syslog::Severity::warning : syslog::Severity::notice;
}

std::string message_of(Unit const& unit, Event const& event) {
    syslog::Message message;
    message.severity = severity_of(event.id);
    message.at = event.at;
    message.host = unit.spec().host_name.empty() ? unit.name() : unit.spec().host_name;
    message.application = unit.spec().product_id;
    message.id = event.id;
    for (auto const& field : event.fields)
        if (field.first != "syslog") message.fields.push_back(field);
    message.text = event.id;
    for (std::string_view const name : {"syslog", "text", "detail"}) {
        if (event.field(name).empty()) continue;
        message.text = event.field(name);
        break;
    }
    return syslog::write(message);
}

net::Task<Result<std::vector<std::string>>> addresses_of(std::string host, std::shared_ptr<net::Resolver> resolver) {
    if (is_ip_address(host)) co_return std::vector{host};
    if (!resolver) co_return fail(errors::dev::syslog_unreachable, {{"server", host}, {"detail", "no DNS server is set"}});
    co_return co_await resolver->resolve(host);
}

/// As for every other server of the system, but always verified.
Result<net::TlsTarget> tls_target(Unit const& unit, Server const& server) {
    net::Url url;
    url.scheme = net::Scheme::https;
    url.host = server.host;
    url.port = server.port;
    url.target = "/";
    CS_TRY(auto settings, unit.client_settings(url, k_client));
    net::TlsTarget target;
    target.name = server.host;
    target.bind_address = settings.bind_address;
    target.profile = settings.profile;
    target.identity = std::move(settings.identity);
    target.at = unit.now();
    target.policy = net::tls::VerifyChain{
        .anchors = pki::Anchors(unit.trust()), .expected_name = {}, .ignore_name = false, .revocation = unit.revocation_check({})};
    return target;
}

net::Task<Result<void>> open_stream(std::shared_ptr<Sender> sender, std::vector<std::string> addresses) {
    auto unit = sender->unit.lock();
    if (!unit) co_return fail(errors::dev::syslog_unreachable);
    CS_CO_TRY(auto target, tls_target(*unit, sender->server));
    auto const server = sender->server;
    unit.reset();
    Result<void> last = fail(errors::dev::syslog_unreachable, {{"server", server.name()}, {"detail", "it has no address"}});
    for (auto const& address : addresses) {
        target.where = {address, server.port};
        auto opened = co_await net::connect_tls(target);
        if (opened.stream) {
            sender->stream = *std::move(opened.stream);
            co_return Result<void>();
        }
        unit = sender->unit.lock();
        bool const refused = opened.handshake && !opened.handshake->accepted && !opened.handshake->presented.empty();
        auto error = std::move(opened.stream).error();
        // Each attempt would tell the same again, and what is told is to be sent.
        if (unit && refused && error.message() != sender->trouble)
            report_tls_failure(*unit, k_client, server.name(), opened.handshake->verdict);
        unit.reset();
        last = fail(std::move(error));
        if (refused) break;
    }
    co_return last;
}

/// One message, the oldest.
net::Task<Result<void>> send_one(std::shared_ptr<Sender> sender) {
    auto unit = sender->unit.lock();
    if (!unit) co_return Result<void>();
    auto resolver = unit->resolver();
    auto const executor = unit->executor();
    auto const bind_address = unit->address();
    unit.reset();
    auto message = sender->in_hand;
    auto const server = sender->server;
    if (server.tls && sender->stream) co_return co_await sender->stream->write(syslog::frame(message), k_write);
    CS_CO_TRY(auto addresses, co_await addresses_of(server.host, std::move(resolver)));
    if (!(sender->server == server) || sender->stopped) co_return Result<void>();
    if (server.tls) {
        CS_CO_CHECK(co_await open_stream(sender, std::move(addresses)));
        if (!sender->stream) co_return Result<void>();
        co_return co_await sender->stream->write(syslog::frame(message), k_write);
    }
    if (addresses.empty()) co_return fail(errors::dev::syslog_unreachable, {{"server", server.name()}, {"detail", "it has no address"}});
    co_return net::send_udp(executor, {addresses.front(), server.port}, message, bind_address);
}

/// Of what had to go while nobody took it.
void confess(Sender& sender, Unit& unit) {
    auto const count = std::exchange(sender.dropped, 0);
    if (count > 0) unit.report("syslog.dropped", {{"count", std::to_string(count)}});
}

net::Task<> keep_sending(std::shared_ptr<Sender> sender) {
    while (!sender->stopped) {
        auto const seen = sender->wake.count();
        auto wait = k_idle;
        auto unit = sender->unit.lock();
        if (!unit) co_return;
        if (auto now = server_of(*unit); !(now == sender->server)) {
            sender->server = std::move(now);
            sender->stream.reset();
            sender->trouble.clear();
            sender->back_off.succeeded();
        }
        bool const nobody = sender->server.host.empty();
        if (nobody) {
            sender->queue.clear();
            sender->in_hand.clear();
        }
        if (sender->in_hand.empty() && !sender->queue.empty()) {
            sender->in_hand = std::move(sender->queue.front());
            sender->queue.pop_front();
        }
        unit.reset();
        if (!sender->in_hand.empty()) {
            auto const server = sender->server;
            bool const had_stream = sender->stream != nullptr;
            auto const sent = co_await send_one(sender);
            unit = sender->unit.lock();
            if (sender->stopped || !unit) co_return;
            if (sent) {
                sender->in_hand.clear();
                sender->back_off.succeeded();
                if (!sender->trouble.empty()) sender->tell(*unit, {});
                confess(*sender, *unit);
                continue;
            }
            sender->stream.reset();
            // A connection that was kept may be gone for good reasons: the next is tried at once.
            if (had_stream) continue;
            sender->tell(*unit, sent.error().message());
            wait = sender->back_off.failed(std::uniform_real_distribution<double>(0, 1)(sender->chance));
            unit.reset();
            // What is new does not make a server answer sooner; other settings may.
            auto const until = std::chrono::steady_clock::now() + wait;
            auto waiting = seen;
            while (!sender->stopped && sender->server == server) {
                auto const left = std::chrono::ceil<net::Milliseconds>(until - std::chrono::steady_clock::now());
                if (left <= left.zero() || !co_await sender->wake.wait_beyond(waiting, left)) break;
                waiting = sender->wake.count();
                auto const alive = sender->unit.lock();
                if (!alive || !(server_of(*alive) == server)) break;
            }
            continue;
        }
        unit.reset();
        (void)co_await sender->wake.wait_beyond(seen, wait);
    }
}

class SyslogSender final : public Companion {
public:
    explicit SyslogSender(std::shared_ptr<Unit> const& unit) : sender_(std::make_shared<Sender>(unit)) {
        subscription_ = unit->subscribe([sender = sender_](Event const& event) {
            auto const alive = sender->unit.lock();
            if (!alive || sender->stopped) return;
            if (!server_of(*alive).host.empty()) sender->add(message_of(*alive, event));
            sender->wake.raise();
        });
        net::spawn(unit->executor(), [sender = sender_] { return keep_sending(sender); }, "syslog");
    }
    ~SyslogSender() override {
        sender_->stopped = true;
        if (sender_->stream) sender_->stream->close();
        sender_->wake.raise();
    }
    SyslogSender(SyslogSender const&) = delete;
    SyslogSender& operator=(SyslogSender const&) = delete;

private:
    std::shared_ptr<Sender> sender_;
    std::unique_ptr<Unit::Subscription> subscription_;
};

}  // namespace

std::unique_ptr<Companion> make_syslog_sender(std::shared_ptr<Unit> unit) {
    if (unit->family().find_canonical("log.syslog.address") == nullptr) return nullptr;
    return std::make_unique<SyslogSender>(unit);
}

}  // namespace countersign::device
