#pragma once

/// Real units with real ports for the tests of this room: an estate of its own on loopback addresses of its own, ports shifted by
/// 20000, names and time from dnsmasq and chronyd where a test wants them.

#include "device/repository/factory.hpp"
#include "device/unit.hpp"
#include "net/http/server.hpp"
#include "support/identities.hpp"
#include "support/name_and_time.hpp"
#include "support/temporary_folder.hpp"

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace countersign::testing {

inline constexpr std::uint16_t k_offset = 20000;

/// What happened to a unit, for tests that wait for it.
class EventLog {
public:
    explicit EventLog(std::shared_ptr<device::Unit> unit);
    ~EventLog();
    using Wanted = std::function<bool(device::Event const&)>;
    /// The first event that is wanted, also one that happened before; nothing after 20 seconds.
    std::optional<device::Event> wait_for(Wanted const& wanted);
    std::optional<device::Event> wait_for(std::string_view id);
    std::size_t count(std::string_view id);

private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<device::Event> events;
    };
    std::shared_ptr<device::Unit> unit_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::unique_ptr<device::Unit::Subscription> subscription_;
};

class Estate {
public:
    Estate();
    ~Estate();
    Estate(Estate const&) = delete;
    Estate& operator=(Estate const&) = delete;

    /// An address that no other test uses now; `number` is below 250.
    [[nodiscard]] std::string address(int number) const;
    /// A unit at address(number) that has booted. `change` edits its spec.
    std::shared_ptr<device::Unit> boot(std::string const& family, int number, std::function<void(device::UnitSpec&)> const& change = {});
    /// Runs on the units' loop and returns what it returned.
    template <class Function>
    auto on_loop(Function function) {
        std::promise<decltype(function())> promise;
        auto future = promise.get_future();
        net::asio::post(runtime_.executor(0), [&function, &promise] {
            if constexpr (std::is_void_v<decltype(function())>) {
                function();
                promise.set_value();
            } else {
                promise.set_value(function());
            }
        });
        return future.get();
    }
    template <class T>
    T run(net::Task<T> task) {
        return net::run(runtime_, std::move(task));
    }
    net::Runtime& runtime() { return runtime_; }
    device::Environment& environment() { return *environment_; }

    /// Changes settings as an administrator; fails the test when they are refused.
    void apply(std::shared_ptr<device::Unit> const& unit, std::vector<device::Change> changes);
    void trust(std::shared_ptr<device::Unit> const& unit, pki::Certificate const& root);
    /// Effective and stored values by path, and facts.
    std::string effective(std::shared_ptr<device::Unit> const& unit, std::string_view canonical);
    std::string stored(std::shared_ptr<device::Unit> const& unit, std::string_view canonical);
    std::string fact(std::shared_ptr<device::Unit> const& unit, std::string_view name);

private:
    TemporaryFolder folder_;
    net::Runtime runtime_{1};
    std::shared_ptr<device::Environment> environment_ = std::make_shared<device::Environment>();
    std::vector<std::shared_ptr<device::Unit>> units_;
};

/// An HTTP(S) server that records what it gets.
class RecordingServer {
public:
    struct Answer {
        int status = 200;
        std::string body;
    };
    /// Plain HTTP without an identity.
    RecordingServer(net::Endpoint where, std::optional<TestIdentity> const& identity,
                    std::function<Answer(net::http::Request const&)> answer);
    ~RecordingServer();
    RecordingServer(RecordingServer const&) = delete;
    RecordingServer& operator=(RecordingServer const&) = delete;

    /// Waits until it has `count` requests; what it has after 20 seconds otherwise.
    std::vector<net::http::Request> wait_for(std::size_t count);
    /// The first request that is wanted; nothing after 20 seconds.
    std::optional<net::http::Request> wait_for(std::function<bool(net::http::Request const&)> const& wanted);

private:
    struct Recorder;
    net::Runtime runtime_{1};
    std::shared_ptr<Recorder> recorder_;
    std::unique_ptr<net::http::Server> server_;
};

/// Somebody else's TLS server (openssl s_server) that shows every byte which reaches it decrypted, and answers nothing.
class TlsRecorder {
public:
    TlsRecorder(net::Endpoint const& where, TestIdentity const& identity);
    /// What came so far. What a handshake brings is not part of it.
    [[nodiscard]] std::string received() const { return process_->output(); }
    [[nodiscard]] ChildProcess const& process() const { return *process_; }
    void stop() { process_->kill(); }

private:
    TemporaryFolder folder_;
    std::unique_ptr<ChildProcess> process_;
};

/// A line-based client over a plain socket, as a person with `telnet` or `nc` would be.
class RawClient {
public:
    RawClient(std::string const& address, std::uint16_t port);
    ~RawClient();
    RawClient(RawClient const&) = delete;
    RawClient& operator=(RawClient const&) = delete;

    void send(std::string_view bytes);
    /// Everything up to and with `text`; what came so far when it does not come within 10 seconds or the server closes.
    std::string read_until(std::string_view text);
    /// True when the server closes within 10 seconds.
    bool is_closed();

private:
    bool read_more();
    int descriptor_ = -1;
    std::string buffer_;
};

}  // namespace countersign::testing
