#include "device/services/terminal_session.hpp"

#include "device/safety.hpp"
#include "device/services/challenge.hpp"
#include "device/services/dataport.hpp"
#include "device/services/outbox.hpp"
#include "device/services/recovery.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_read_size = 4096;

class Session {
public:
    Session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, std::shared_ptr<TerminalCodec> codec,
            TerminalLimits limits)
        : unit_(std::move(unit)),
          actor_{std::move(service), {}, stream->peer().address},
          stream_(std::move(stream)),
          out_(std::make_shared<Outbox>(unit_->executor(), stream_)),
          codec_(std::move(codec)),
          limits_(limits) {}

    net::Task<bool> run(LoginKind login) {
        if (co_await log_in(login)) co_await talk();
        co_return co_await out_->flushed();
    }

private:
    using Line = TerminalCodec::Line;

    void say(std::string_view text) { out_->push(codec_->encode_text(text)); }

    /// The next line, or nothing when the peer has gone, was silent for too long, or said that it is done.
    net::Task<std::optional<Line>> next_line(net::Milliseconds deadline) {
        while (lines_.empty() && !ended_) {
            auto bytes = co_await stream_->read_some(k_read_size, deadline);
            if (!bytes || bytes->empty()) co_return std::nullopt;
            auto input = codec_->feed(*bytes);
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

    net::Task<std::optional<Line>> ask(std::string prompt) {
        say(prompt);
        auto const left = login_end_ - std::chrono::steady_clock::now();
        if (left <= left.zero()) co_return std::nullopt;
        co_return co_await next_line(std::chrono::ceil<net::Milliseconds>(left));
    }

    net::Task<bool> log_in(LoginKind kind) {
        for (int attempt = 0; attempt < limits_.attempts; ++attempt) {
            actor_.user = unit_->family().login.user;
            auto const& rules = unit_->family().login;
            if (!rules.any_user || rules.terminal_user || may_recover()) {
                out_->push(codec_->show_typing());
                auto typed = co_await ask("login: ");
                if (!typed) co_return false;
                actor_.user = std::move(typed->text);
                if (may_recover() && actor_.user == rules.recovery_user) {
                    co_await recover();
                    co_return false;
                }
            }
            auto const allowed = kind == LoginKind::password ? co_await check_password() : co_await check_response();
            if (!allowed) co_return false;
            if (*allowed) {
                out_->push(codec_->edit_here());
                co_return true;
            }
            if (allowed->error().id() == errors::acc::locked_out) {
                say(allowed->error().message() + "\n");
                co_return false;
            }
            say("Login incorrect\n");
        }
        co_return false;
    }

    /// The console of a family that has a user for it: who stands before the system and switched it on just now is its owner.
    [[nodiscard]] bool may_recover() const { return actor_.door == k_serial_door && !unit_->family().login.recovery_user.empty(); }

    net::Task<> recover() {
        Recovery recovery(unit_, actor_);
        say(recovery.welcome());
        while (!recovery.ended()) {
            auto typed = co_await ask(std::string(Recovery::k_prompt));
            if (!typed) co_return;
            say(recovery.answer(typed->text));
        }
    }

    net::Task<std::optional<Result<void>>> check_password() {
        out_->push(codec_->hide_typing());
        auto typed = co_await ask("Password: ");
        say("\n");
        if (!typed) co_return std::nullopt;
        SecretText const password(std::move(typed->text));
        co_return unit_->authenticate(actor_.user, password, actor_);
    }

    net::Task<std::optional<Result<void>>> check_response() {
        auto const challenge = make_challenge();
        auto const typed = co_await ask("Challenge: " + challenge + "\nResponse: ");
        if (!typed) co_return std::nullopt;
        if (auto allowed = unit_->check_not_locked(actor_.peer, actor_.user); !allowed) co_return allowed;
        auto const& rules = unit_->family().login;
        auto const password = unit_->password_for(actor_.user);
        bool const named = !rules.terminal_user || actor_.user == rules.user || unit_->family().find_account(actor_.user) != nullptr;
        bool const right = named && password && answers_challenge(challenge, *password, typed->text);
        unit_->note_login(actor_, right);
        if (right) co_return Result<void>();
        co_return Result<void>(fail(errors::dev::login_wrong));
    }

    net::Task<> talk() {
        Dataport dataport(unit_, actor_);
        dataport.on_push([out = std::weak_ptr(out_), codec = codec_](std::string_view text) {
            if (auto const alive = out.lock()) alive->push(codec->encode_text(text));
        });
        codec_->complete_with([&dataport](std::string_view line) { return dataport.complete(line); });
        say(dataport.welcome());
        co_await take_lines(dataport);
        codec_->complete_with({});
    }

    net::Task<> take_lines(Dataport& dataport) {
        while (!dataport.ended()) {
            auto line = co_await next_line(limits_.idle);
            if (!line) co_return;
            if (line->too_long) {
                say("\nERROR: the line is longer than 4096 bytes\n");
                continue;
            }
            say(co_await dataport.handle(std::move(line->text)));
            codec_->echo(dataport.echo());
            if (!co_await out_->flushed()) co_return;
        }
    }

    std::shared_ptr<Unit> unit_;
    Actor actor_;
    std::shared_ptr<net::Stream> stream_;
    std::shared_ptr<Outbox> out_;
    std::shared_ptr<TerminalCodec> codec_;
    TerminalLimits limits_;
    std::chrono::steady_clock::time_point login_end_ = std::chrono::steady_clock::now() + limits_.login;
    std::deque<Line> lines_;
    bool ended_ = false;
};

}  // namespace

net::Task<bool> run_terminal_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream,
                                     std::shared_ptr<TerminalCodec> codec, LoginKind login, TerminalLimits limits) {
    Session session(std::move(unit), std::move(service), std::move(stream), std::move(codec), limits);
    co_return co_await session.run(login);
}

}  // namespace countersign::device
