#include "unit/device/running_unit.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace countersign::testing {

using namespace std::chrono_literals;

namespace {

constexpr auto k_patience = 20s;

device::Actor administrator() { return {"test", "admin", "127.0.0.1"}; }

}  // namespace

// --- EventLog ---

EventLog::EventLog(std::shared_ptr<device::Unit> unit) : unit_(std::move(unit)) {
    std::promise<void> done;
    net::asio::post(unit_->executor(), [this, &done] {
        subscription_ = unit_->subscribe([state = state_](device::Event const& event) {
            std::lock_guard const lock(state->mutex);
            state->events.push_back(event);
            state->changed.notify_all();
        });
        done.set_value();
    });
    done.get_future().wait();
}

EventLog::~EventLog() {
    std::promise<void> done;
    net::asio::post(unit_->executor(), [this, &done] {
        subscription_.reset();
        done.set_value();
    });
    done.get_future().wait();
}

std::optional<device::Event> EventLog::wait_for(Wanted const& wanted) {
    std::unique_lock lock(state_->mutex);
    std::optional<device::Event> found;
    state_->changed.wait_for(lock, k_patience, [this, &wanted, &found] {
        auto const at = std::ranges::find_if(state_->events, wanted);
        if (at != state_->events.end()) found = *at;
        return found.has_value();
    });
    return found;
}

std::optional<device::Event> EventLog::wait_for(std::string_view id) {
    return wait_for([id](device::Event const& event) { return event.id == id; });
}

std::size_t EventLog::count(std::string_view id) {
    std::lock_guard const lock(state_->mutex);
    return static_cast<std::size_t>(std::ranges::count(state_->events, id, &device::Event::id));
}

// --- Estate ---

Estate::Estate() {
    environment_->runtime = &runtime_;
    environment_->data = folder_.path();
    environment_->port_offset = k_offset;
    environment_->durability = host::Durability::none;
    environment_->downtime = net::Milliseconds(50);
    environment_->restart_delay = net::Milliseconds(50);
    environment_->ntp_interval = 16s;
    environment_->clock = std::make_shared<SystemClock>();
    environment_->sealer = std::make_shared<host::Sealer const>(host::Sealer::load_or_create(folder_.path() / "sealing.key").value());
    environment_->factory =
        std::make_shared<device::FactoryAuthorities>(folder_.path() / "factory-ca", pki::KeyType::ec_p256, environment_->sealer);
    device::register_everything(*environment_);
    runtime_.start();
}

Estate::~Estate() {
    for (auto const& unit : units_) net::run(runtime_, unit->power_off());
    // Units end on their loop, before it does.
    on_loop([this] { units_.clear(); });
    runtime_.stop();
}

std::string Estate::address(int number) const {
    auto const id = getpid();
    return "127." + std::to_string(100 + id / 250 % 100) + "." + std::to_string(1 + id % 250) + "." + std::to_string(number + 1);
}

std::shared_ptr<device::Unit> Estate::boot(std::string const& family, int number, std::function<void(device::UnitSpec&)> const& change) {
    device::UnitSpec spec;
    spec.family = family;
    spec.name = "unit" + std::to_string(number);
    spec.host_name = spec.name + ".example.test";
    spec.address = address(number);
    spec.serial = "TEST" + std::to_string(number);
    if (change) change(spec);
    auto const families = family::Families::load_embedded().value();
    auto unit = run(device::Unit::create(environment_, families.get(family).value(), spec, runtime_.executor(0))).value();
    auto const booted = run(unit->boot());
    if (!booted) throw std::runtime_error(booted.error().explanation());
    units_.push_back(unit);
    return unit;
}

void Estate::apply(std::shared_ptr<device::Unit> const& unit, std::vector<device::Change> changes) {
    auto const outcome = on_loop([&unit, &changes] { return unit->apply(changes, administrator()); });
    EXPECT_TRUE(outcome) << outcome.error().explanation();
}

void Estate::trust(std::shared_ptr<device::Unit> const& unit, pki::Certificate const& root) {
    auto const outcome = on_loop([&unit, &root] {
        device::Upload upload;
        upload.trust_store = root.to_pem();
        return unit->install(std::move(upload), administrator());
    });
    EXPECT_TRUE(outcome) << outcome.error().explanation();
}

std::string Estate::effective(std::shared_ptr<device::Unit> const& unit, std::string_view canonical) {
    return on_loop([&unit, canonical] { return unit->effective_canonical(canonical); });
}
std::string Estate::stored(std::shared_ptr<device::Unit> const& unit, std::string_view canonical) {
    return on_loop([&unit, canonical] { return unit->stored_canonical(canonical); });
}
std::string Estate::fact(std::shared_ptr<device::Unit> const& unit, std::string_view name) {
    return on_loop([&unit, name] { return unit->fact(name).value_or("(none)"); });
}

// --- RecordingServer ---

struct RecordingServer::Recorder final : net::http::Service {
    std::function<Answer(net::http::Request const&)> answer;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<net::http::Request> requests;

    [[nodiscard]] std::size_t body_limit(net::http::Request const&) const override { return 1024 * 1024; }
    net::Task<net::http::Response> handle(net::http::Request request) override {
        auto const said = answer(request);
        std::lock_guard const lock(mutex);
        requests.push_back(std::move(request));
        changed.notify_all();
        co_return net::http::Response::xml(said.status, said.body);
    }
};

RecordingServer::RecordingServer(net::Endpoint where, std::optional<TestIdentity> const& identity,
                                 std::function<Answer(net::http::Request const&)> answer)
    : recorder_(std::make_shared<Recorder>()) {
    recorder_->answer = std::move(answer);
    runtime_.start();
    net::http::Server::Settings settings;
    settings.where = std::move(where);
    if (identity) settings.tls = server_context(*identity);
    server_ = net::http::Server::listen({runtime_.executor(0)}, std::move(settings), recorder_).value();
}

RecordingServer::~RecordingServer() {
    net::run(runtime_, server_->close(net::Milliseconds(0)));
    server_.reset();
    runtime_.stop();
}

std::vector<net::http::Request> RecordingServer::wait_for(std::size_t count) {
    std::unique_lock lock(recorder_->mutex);
    recorder_->changed.wait_for(lock, k_patience, [this, count] { return recorder_->requests.size() >= count; });
    return recorder_->requests;
}

std::optional<net::http::Request> RecordingServer::wait_for(std::function<bool(net::http::Request const&)> const& wanted) {
    std::unique_lock lock(recorder_->mutex);
    std::optional<net::http::Request> found;
    recorder_->changed.wait_for(lock, k_patience, [this, &wanted, &found] {
        auto const at = std::ranges::find_if(recorder_->requests, wanted);
        if (at != recorder_->requests.end()) found = *at;
        return found.has_value();
    });
    return found;
}

// --- TlsRecorder ---

TlsRecorder::TlsRecorder(net::Endpoint const& where, TestIdentity const& identity) {
    // s_server ends a connection when its own input ends: a pipe that is open at both ends never does.
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"sh", "-c", R"(mkfifo "$0" && exec openssl s_server "$@" 0<>"$0")", (folder_.path() / "input").string(),
                                 "-quiet", "-accept", net::to_string(where), "-cert", folder_.file("cert.pem", pki::to_pem(identity.chain)),
                                 "-key", folder_.file("key.pem", identity.key.to_pem().reveal())});
    process_->wait_until([&where] { return accepts_connections(where.address, where.port); });
}

// --- RawClient ---

RawClient::RawClient(std::string const& address, std::uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &where.sin_addr);
    if (connect(descriptor_, reinterpret_cast<sockaddr const*>(&where), sizeof where) != 0)
        throw std::runtime_error("cannot connect to " + address + ":" + std::to_string(port));
}

RawClient::~RawClient() { close(descriptor_); }

void RawClient::send(std::string_view bytes) { (void)::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

bool RawClient::read_more() {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (poll(&waiting, 1, 10'000) <= 0) return false;
    char bytes[4096];
    auto const got = recv(descriptor_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
}

std::string RawClient::read_until(std::string_view text) {
    auto at = buffer_.find(text);
    while (at == std::string::npos && read_more()) at = buffer_.find(text);
    auto const end = at == std::string::npos ? buffer_.size() : at + text.size();
    auto out = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return out;
}

bool RawClient::is_closed() {
    pollfd waiting{descriptor_, POLLIN, 0};
    while (poll(&waiting, 1, 10'000) > 0) {
        char bytes[4096];
        if (recv(descriptor_, bytes, sizeof bytes, 0) <= 0) return true;
    }
    return false;
}

}  // namespace countersign::testing
