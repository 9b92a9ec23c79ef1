#pragma once

/// Units for tests: real sockets on loopback addresses of their own, state in a temporary folder, a clock that tests set.

#include "device/repository/factory.hpp"
#include "device/unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

namespace countersign::device::testing {

class TestClock final : public Clock {
public:
    [[nodiscard]] UtcTime now() const override { return UtcTime(std::chrono::seconds(seconds_.load())); }
    void advance(std::chrono::seconds by) { seconds_ += by.count(); }

private:
    std::atomic<std::int64_t> seconds_{
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()).time_since_epoch().count()};
};

/// Removed with everything in it.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (fs::temp_directory_path() / "cs-device-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    TemporaryFolder(TemporaryFolder const&) = delete;
    TemporaryFolder& operator=(TemporaryFolder const&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] fs::path const& path() const { return path_; }

private:
    fs::path path_;
};

inline family::Families const& families() {
    static auto const loaded = family::Families::load_embedded().value();
    return loaded;
}

inline std::shared_ptr<Environment> make_environment(net::Runtime& runtime, fs::path const& data, std::shared_ptr<Clock const> clock) {
    auto environment = std::make_shared<Environment>();
    environment->runtime = &runtime;
    environment->data = data;
    environment->port_offset = 21000;
    environment->durability = host::Durability::none;
    environment->downtime = net::Milliseconds(50);
    environment->restart_delay = net::Milliseconds(30);
    environment->door_grace = net::Milliseconds(200);
    environment->clock = std::move(clock);
    environment->sealer = std::make_shared<host::Sealer const>(host::Sealer::load_or_create(data / "sealing.key").value());
    environment->factory = std::make_shared<FactoryAuthorities>(data / "factory-ca", pki::KeyType::ec_p256, environment->sealer);
    register_everything(*environment);
    return environment;
}

/// An address that no other test of this machine uses at the moment, as far as the process number can say.
inline std::string fresh_address() {
    static std::atomic<unsigned> counter{0};
    auto number = counter++;
    auto process = static_cast<unsigned>(::getpid());
    return "127." + std::to_string(40 + process / 250 % 100) + "." + std::to_string(process % 250) + "." + std::to_string(1 + number % 250);
}

class UnitTest : public ::testing::Test {
protected:
    /// Runs a coroutine function of the unit on its executor.
    template <class Function>
    auto on_unit(Unit& unit, Function function) -> typename std::invoke_result_t<Function, std::shared_ptr<Unit>>::value_type {
        auto held = unit.shared_from_this();
        return net::run(runtime_, function(held));
    }
    /// Calls a plain function on the unit's executor and returns what it returned.
    template <class Function>
    auto call(std::shared_ptr<Unit> const& unit, Function function) {
        return net::run(runtime_, call_on(unit, std::move(function)));
    }
    template <class Function>
    static auto call_on(std::shared_ptr<Unit> unit, Function function) -> net::Task<decltype(function(*unit))> {
        co_return function(*unit);
    }

    UnitTest() { runtime_.start(); }
    ~UnitTest() override {
        for (auto& unit : units_) on_unit(*unit, [](auto held) { return held->power_off(); });
        runtime_.stop();
    }

    std::shared_ptr<Unit> make(std::string const& family, UnitSpec spec = {}) {
        if (spec.serial.empty()) spec.serial = "T" + std::to_string(units_.size() + 1);
        if (spec.address == "127.0.0.1") spec.address = fresh_address();
        spec.family = family;
        auto made = net::run(runtime_, Unit::create(environment_, families().get(family).value(), std::move(spec), runtime_.executor(0)));
        if (!made) throw std::runtime_error(made.error().explanation());
        units_.push_back(*made);
        return *made;
    }
    std::shared_ptr<Unit> boot(std::string const& family, UnitSpec spec = {}) {
        auto unit = make(family, std::move(spec));
        auto booted = on_unit(*unit, [](auto held) { return held->boot(); });
        if (!booted) throw std::runtime_error(booted.error().explanation());
        return unit;
    }
    net::http::Client client(Unit const& unit, net::Scheme scheme = net::Scheme::http, std::string const& user = "admin",
                             std::string const& password = "TANDBERG") {
        net::http::Client::Settings settings;
        settings.origin = {scheme, unit.address(), static_cast<std::uint16_t>((scheme == net::Scheme::https ? 443 : 80) + 21000), "/"};
        if (scheme == net::Scheme::https) settings.policy = net::tls::AcceptAny{};
        settings.credentials = net::http::Credentials{user, SecretText(password)};
        return net::http::Client(std::move(settings));
    }
    net::http::Response send(net::http::Client& client, net::http::Request request) {
        auto response = net::run(runtime_, client.send(std::move(request)));
        if (!response) throw std::runtime_error(response.error().explanation());
        return *response;
    }
    net::http::Response get(net::http::Client& client, std::string const& target) {
        return send(client, {.method = "GET", .target = target, .fields = {}, .body = {}});
    }
    net::http::Response post(net::http::Client& client, std::string const& target, std::string const& type, std::string const& body) {
        return send(client, {.method = "POST", .target = target, .fields = {{"Content-Type", type}}, .body = body});
    }
    /// Something that will be reported; begin to wait before it can happen.
    class Awaited {
    public:
        /// False when it did not happen within 20 seconds.
        [[nodiscard]] bool happened() { return future_.wait_for(std::chrono::seconds(20)) == std::future_status::ready; }

    private:
        friend class UnitTest;
        std::future<void> future_;
        std::shared_ptr<Unit::Subscription> subscription_;
    };
    Awaited await_event(std::shared_ptr<Unit> const& unit, std::string id) {
        auto promise = std::make_shared<std::promise<void>>();
        Awaited awaited;
        awaited.future_ = promise->get_future();
        auto done = std::make_shared<bool>(false);
        awaited.subscription_ = call(unit, [promise, done, id](Unit& held) {
            return std::shared_ptr<Unit::Subscription>(held.subscribe([promise, done, id](Event const& event) {
                if (event.id == id && !std::exchange(*done, true)) promise->set_value();
            }));
        });
        return awaited;
    }
    std::string journal(Unit const& unit) { return host::read_file(folder_.path() / unit.spec().serial / "journal.log").value_or(""); }

    TemporaryFolder folder_;
    net::Runtime runtime_{1};
    std::shared_ptr<TestClock> clock_ = std::make_shared<TestClock>();
    std::shared_ptr<Environment> environment_ = make_environment(runtime_, folder_.path(), clock_);
    std::vector<std::shared_ptr<Unit>> units_;
};

}  // namespace countersign::device::testing
