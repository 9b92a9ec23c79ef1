#include "device/services/ftp_session.hpp"

#include "base/text.hpp"
#include "device/files/unit_files.hpp"
#include "device/services/ftp_codec.hpp"
#include "device/services/listener_door.hpp"
#include "device/services/telnet_codec.hpp"
#include "net/sync.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_read_size = 4096;
constexpr net::Milliseconds k_write_limit{30'000};

/// The second connection of a transfer. Shared by the control session and the listener's session, as either may end first.
struct DataChannel {
    std::string peer;  ///< only the address of the control connection is served
    std::shared_ptr<net::Stream> stream;
    net::Signal arrived;
    net::Signal done;
};

net::Task<> run_data_connection(std::shared_ptr<DataChannel> channel, std::shared_ptr<net::Stream> stream, net::Milliseconds limit) {
    if (channel->stream || stream->peer().address != channel->peer) {
        stream->close();
        co_return;
    }
    channel->stream = stream;
    channel->arrived.raise();
    (void)co_await channel->done.wait_beyond(0, limit);
    stream->close();
}

class Session {
public:
    Session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, FtpLimits limits)
        : unit_(std::move(unit)), actor_{std::move(service), {}, stream->peer().address}, stream_(std::move(stream)), limits_(limits) {}

    ~Session() { close_data(); }

    net::Task<> run() {
        auto greeting = ftp::reply(220, unit_->family().product_type + " FTP server ready");
        bool going = (co_await stream_->write(std::move(greeting), k_write_limit)).has_value();
        while (going && !ended_) {
            auto const line = co_await next_line();
            if (!line) break;
            auto answer = co_await handle(*line);
            going = (co_await stream_->write(std::move(answer), k_write_limit)).has_value();
        }
        if (going) stream_->finish();
    }

private:
    net::Task<std::optional<TelnetCodec::Line>> next_line() {
        while (lines_.empty()) {
            auto deadline = limits_.idle;
            if (!logged_in_) {
                auto const left = login_end_ - std::chrono::steady_clock::now();
                if (left <= left.zero()) co_return std::nullopt;
                deadline = std::min(deadline, std::chrono::ceil<net::Milliseconds>(left));
            }
            auto bytes = co_await stream_->read_some(k_read_size, deadline);
            if (!bytes || bytes->empty()) co_return std::nullopt;
            // The control connection speaks the Telnet protocol (RFC 959 section 2.3).
            auto input = codec_.feed(*bytes);
            wipe(bytes->data(), bytes->size());
            std::ranges::move(input.lines, std::back_inserter(lines_));
        }
        auto line = std::move(lines_.front());
        lines_.pop_front();
        co_return line;
    }

    net::Task<std::string> handle(TelnetCodec::Line line) {
        auto const command = line.too_long ? std::nullopt : ftp::parse_command(line.text);
        if (!command) co_return ftp::reply(500, "The line cannot be read as a command");
        auto const& verb = command->verb;
        if (verb == "QUIT") {
            ended_ = true;
            co_return ftp::reply(221, "Goodbye");
        }
        if (verb == "USER") co_return take_user(command->argument);
        if (verb == "PASS") co_return take_password(SecretText(command->argument));
        if (verb == "FEAT") co_return ftp::features_reply();
        if (verb == "NOOP") co_return ftp::reply(200, "OK");
        if (!logged_in_) co_return ftp::reply(530, "Log in first");
        if (verb == "LIST" || verb == "NLST" || verb == "RETR") co_return co_await transfer(*command);
        co_return answer(*command);
    }

    std::string take_user(std::string_view user) {
        actor_.user = user;
        logged_in_ = false;
        return ftp::reply(331, "Password, please");
    }

    std::string take_password(SecretText const& password) {
        if (logged_in_) return ftp::reply(230, "Logged in already");
        auto const allowed = unit_->authenticate(actor_.user, password, actor_);
        if (allowed) {
            logged_in_ = true;
            files_ = std::make_unique<UnitFiles>(unit_, actor_);
            return ftp::reply(230, "Logged in");
        }
        bool const locked = allowed.error().id() == errors::acc::locked_out;
        ended_ = locked || ++failures_ >= limits_.attempts;
        return ftp::reply(ended_ ? 421 : 530, allowed.error().message());
    }

    /// Commands that neither wait nor transfer.
    std::string answer(ftp::Command const& command) {
        auto const& [verb, argument] = command;
        if (verb == "SYST") return ftp::reply(215, "UNIX Type: L8");
        if (verb == "PWD" || verb == "XPWD") return ftp::reply(257, "\"" + folder_ + "\"");
        if (verb == "CWD" || verb == "CDUP") {
            auto path = absolute_path(folder_, verb == "CDUP" ? ".." : argument);
            auto const entry = find(path);
            if (!entry || !entry->folder) return ftp::reply(550, "There is no such folder");
            folder_ = entry->path;
            return ftp::reply(250, "OK");
        }
        if (verb == "TYPE") {
            auto const type = to_upper(argument);
            if (type != "I" && type != "L 8" && type != "A" && type != "A N") return ftp::reply(504, "Only A and I");
            ascii_ = type.starts_with('A');
            return ftp::reply(200, ascii_ ? "ASCII" : "Binary");
        }
        if (verb == "MODE") return iequals(argument, "S") ? ftp::reply(200, "OK") : ftp::reply(504, "Only S");
        if (verb == "STRU") return iequals(argument, "F") ? ftp::reply(200, "OK") : ftp::reply(504, "Only F");
        if (verb == "OPTS") return iequals(argument, "UTF8 ON") ? ftp::reply(200, "OK") : ftp::reply(501, "Only UTF8 ON");
        if (verb == "SIZE") {
            auto const entry = find(absolute_path(folder_, argument));
            if (!entry || entry->folder) return ftp::reply(550, "There is no such file");
            return ftp::reply(213, std::to_string(entry->size));
        }
        if (verb == "PASV")
            return open_data()
                .and_then([](net::Endpoint const& where) {
                    auto out = ftp::passive_reply(where.address, where.port);
                    return out ? out : std::optional(ftp::reply(522, "Use EPSV on this address"));
                })
                .value_or(ftp::reply(425, "No data connection can be opened"));
        if (verb == "EPSV") {
            if (!argument.empty() && argument != "1" && argument != "2")
                return ftp::reply(522, "Network protocol not supported, use (1,2)");
            return open_data()
                .transform([](net::Endpoint const& where) { return ftp::extended_passive_reply(where.port); })
                .value_or(ftp::reply(425, "No data connection can be opened"));
        }
        return ftp::reply(502, "Not offered here");
    }

    std::optional<net::Endpoint> open_data() {
        close_data();
        auto channel = std::make_shared<DataChannel>();
        channel->peer = stream_->peer().address;
        auto opened = net::listen_tcp(unit_->executor(), {stream_->local().address, 0},
                                      [channel, limit = limits_.transfer](std::shared_ptr<net::Stream> stream) {
                                          return run_data_connection(channel, std::move(stream), limit);
                                      },
                                      {2});
        if (!opened) return std::nullopt;
        listener_ = *std::move(opened);
        channel_ = std::move(channel);
        return listener_->local();
    }

    void close_data() {
        if (channel_) channel_->done.raise();
        channel_.reset();
        listener_.reset();
    }

    [[nodiscard]] std::optional<FileEntry> find(std::optional<std::string> const& path) const {
        if (!path || !files_) return std::nullopt;
        auto entry = files_->find(*path);
        return entry ? std::optional(*std::move(entry)) : std::nullopt;
    }

    /// What goes over the data connection; nothing when there is no such file or folder.
    std::optional<std::string> data_for(ftp::Command const& command) {
        // Clients add options of ls ("LIST -a"); they change nothing here.
        bool const listing = command.verb != "RETR";
        auto const argument = listing && command.argument.starts_with('-') ? std::string() : command.argument;
        auto const entry = find(absolute_path(folder_, argument));
        if (!entry || (!listing && entry->folder)) return std::nullopt;
        if (!listing) {
            auto content = files_->read(entry->path);
            if (!content) return std::nullopt;
            return ascii_ ? ftp::to_ascii(*content) : *std::move(content);
        }
        auto const inside = entry->folder ? files_->list(entry->path) : std::vector<FileEntry>{*entry};
        if (!inside) return std::nullopt;
        std::string out;
        for (auto const& one : *inside) out += (command.verb == "LIST" ? listing_line(one) : one.name()) + "\r\n";
        return out;
    }

    net::Task<std::string> transfer(ftp::Command command) {
        auto data = data_for(command);
        if (!data) co_return ftp::reply(550, "There is no such file");
        if (!channel_) co_return ftp::reply(425, "Say PASV or EPSV first");

        if (!co_await stream_->write(ftp::reply(150, "Here it comes"), k_write_limit)) co_return std::string();
        auto const channel = channel_;
        if (!channel->stream) (void)co_await channel->arrived.wait_beyond(0, limits_.data_connection);
        if (!channel->stream) {
            close_data();
            co_return ftp::reply(425, "Nobody came for the data");
        }
        auto const sent = co_await channel->stream->write(*std::move(data), limits_.transfer);
        // Clients send nothing on this connection: closing it does not cut what is still on its way.
        channel->stream->close();
        close_data();
        co_return sent ? ftp::reply(226, "Done") : ftp::reply(426, "The data connection broke");
    }

    std::shared_ptr<Unit> unit_;
    Actor actor_;
    std::unique_ptr<UnitFiles> files_;  ///< from log-in on
    std::string folder_ = "/";
    std::shared_ptr<net::Stream> stream_;
    FtpLimits limits_;
    std::chrono::steady_clock::time_point login_end_ = std::chrono::steady_clock::now() + limits_.login;
    TelnetCodec codec_;
    std::deque<TelnetCodec::Line> lines_;
    bool logged_in_ = false;
    bool ended_ = false;
    bool ascii_ = true;  ///< RFC 959 section 3.1.1: until TYPE says otherwise
    int failures_ = 0;
    std::unique_ptr<net::Listener> listener_;
    std::shared_ptr<DataChannel> channel_;
};

}  // namespace

net::Task<> run_ftp_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, FtpLimits limits) {
    if (!unit) {
        stream->close();
        co_return;
    }
    Session session(std::move(unit), std::move(service), std::move(stream), limits);
    co_await session.run();
}

Result<std::unique_ptr<Door>> open_ftp_door(Unit& unit, family::Service const& service, net::Endpoint where) {
    FtpLimits const limits;
    // No coroutine itself: a session may outlive the listener and with it this lambda.
    auto session = [weak = unit.weak_from_this(), id = service.id, limits](std::shared_ptr<net::Stream> stream) {
        return run_ftp_session(weak.lock(), id, std::move(stream), limits);
    };
    CS_TRY(auto listener, net::listen_tcp(unit.executor(), std::move(where), std::move(session), {limits.connections}));
    return std::make_unique<ListenerDoor>(std::move(listener));
}

}  // namespace countersign::device
