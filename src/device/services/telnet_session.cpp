#include "device/services/telnet_session.hpp"

#include "device/services/dataport.hpp"
#include "device/services/listener_door.hpp"
#include "device/services/outbox.hpp"
#include "device/services/telnet_codec.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_read_size = 4096;

class Session {
public:
    Session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, TelnetLimits limits)
        : unit_(std::move(unit)),
          actor_{std::move(service), {}, stream->peer().address},
          stream_(std::move(stream)),
          out_(std::make_shared<Outbox>(unit_->executor(), stream_)),
          limits_(limits) {}

    net::Task<> run() {
        if (co_await log_in()) co_await talk();
        if (co_await out_->flushed()) stream_->finish();
    }

private:
    void say(std::string_view text) { out_->push(TelnetCodec::encode(text)); }

    /// The next line, or nothing when the peer has gone, was silent for too long, or said that it is done.
    net::Task<std::optional<TelnetCodec::Line>> next_line(net::Milliseconds deadline) {
        while (lines_.empty() && !ended_) {
            auto bytes = co_await stream_->read_some(k_read_size, deadline);
            if (!bytes || bytes->empty()) co_return std::nullopt;
            auto input = codec_.feed(*bytes);
            wipe(bytes->data(), bytes->size());  // it may have been a password
            out_->push(input.reply);
            std::ranges::move(input.lines, std::back_inserter(lines_));
            ended_ = input.ended;
        }
        if (lines_.empty()) co_return std::nullopt;
        auto line = std::move(lines_.front());
        lines_.pop_front();
        co_return line;
    }

    net::Task<std::optional<TelnetCodec::Line>> ask(std::string prompt) {
        say(prompt);
        auto const left = login_end_ - std::chrono::steady_clock::now();
        if (left <= left.zero()) co_return std::nullopt;
        co_return co_await next_line(std::chrono::ceil<net::Milliseconds>(left));
    }

    net::Task<bool> log_in() {
        for (int attempt = 0; attempt < limits_.attempts; ++attempt) {
            auto user = unit_->family().login.user;
            if (!unit_->family().login.any_user || unit_->family().login.terminal_user) {
                auto typed = co_await ask("login: ");
                if (!typed) co_return false;
                user = std::move(typed->text);
            }
            out_->push(codec_.hide_typing());
            auto typed = co_await ask("Password: ");
            out_->push(codec_.show_typing());
            say("\n");
            if (!typed) co_return false;

            actor_.user = user;
            SecretText const password(std::move(typed->text));
            auto const allowed = unit_->authenticate(user, password, actor_);
            if (allowed) co_return true;
            if (allowed.error().id() == errors::acc::locked_out) {
                say(allowed.error().message() + "\n");
                co_return false;
            }
            say("Login incorrect\n");
        }
        co_return false;
    }

    net::Task<> talk() {
        Dataport dataport(unit_, actor_);
        dataport.on_push([out = std::weak_ptr(out_)](std::string_view text) {
            if (auto const alive = out.lock()) alive->push(TelnetCodec::encode(text));
        });
        say(dataport.welcome());
        while (!dataport.ended()) {
            auto line = co_await next_line(limits_.idle);
            if (!line) co_return;
            if (line->too_long) {
                say("\nERROR: the line is longer than 4096 bytes\n");
                continue;
            }
            say(co_await dataport.handle(std::move(line->text)));
            if (!co_await out_->flushed()) co_return;
        }
    }

    std::shared_ptr<Unit> unit_;
    Actor actor_;
    std::shared_ptr<net::Stream> stream_;
    std::shared_ptr<Outbox> out_;
    TelnetLimits limits_;
    std::chrono::steady_clock::time_point login_end_ = std::chrono::steady_clock::now() + limits_.login;
    TelnetCodec codec_;
    std::deque<TelnetCodec::Line> lines_;
    bool ended_ = false;
};

}  // namespace

net::Task<> run_telnet_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, TelnetLimits limits) {
    if (!unit) {
        stream->close();
        co_return;
    }
    Session session(std::move(unit), std::move(service), std::move(stream), limits);
    co_await session.run();
}

Result<std::unique_ptr<Door>> open_telnet_door(Unit& unit, family::Service const& service, net::Endpoint where) {
    TelnetLimits const limits;
    // No coroutine itself: a session may outlive the listener and with it this lambda.
    auto session = [weak = unit.weak_from_this(), id = service.id, limits](std::shared_ptr<net::Stream> stream) {
        return run_telnet_session(weak.lock(), id, std::move(stream), limits);
    };
    CS_TRY(auto listener, net::listen_tcp(unit.executor(), std::move(where), std::move(session), {limits.connections}));
    return std::make_unique<ListenerDoor>(std::move(listener));
}

}  // namespace countersign::device
