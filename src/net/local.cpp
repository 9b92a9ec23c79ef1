#include "net/local.hpp"

#include "countersign/errors/net.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace countersign::net {
namespace {

namespace fs = std::filesystem;
using Protocol = asio::local::stream_protocol;
using Answer = std::function<Task<std::string>(std::string)>;

Error cannot_listen(fs::path const& file, std::string_view detail) {
    return {errors::net::cannot_listen, {{"address", file.string()}, {"detail", detail}}};
}

/// Closes the socket when the time is over.
std::shared_ptr<asio::steady_timer> close_after(std::shared_ptr<Protocol::socket> const& socket, Milliseconds time) {
    auto timer = std::make_shared<asio::steady_timer>(socket->get_executor(), time);
    timer->async_wait([held = std::weak_ptr(socket)](boost::system::error_code cancelled) {
        boost::system::error_code ignored;
        if (auto const late = held.lock(); late && !cancelled) late->close(ignored);
    });
    return timer;
}

Task<> serve(std::shared_ptr<Protocol::socket> socket, std::shared_ptr<Answer> answer) {
    std::string line;
    boost::system::error_code failed;
    auto timer = close_after(socket, k_local_deadline);
    auto const end = co_await asio::async_read_until(*socket, asio::dynamic_buffer(line, k_local_line + 1), '\n',
                                                     asio::redirect_error(asio::use_awaitable, failed));
    timer->cancel();
    if (failed) co_return;
    line.resize(end - 1);
    auto const text = co_await (*answer)(std::move(line));
    timer = close_after(socket, k_local_deadline);
    co_await asio::async_write(*socket, asio::buffer(text), asio::redirect_error(asio::use_awaitable, failed));
    timer->cancel();
}

/// Everything happens on the executor.
struct Core : std::enable_shared_from_this<Core> {
    Core(Executor const& executor, Answer how) : acceptor(executor), answer(std::make_shared<Answer>(std::move(how))) {}

    static Task<> accept_all(std::shared_ptr<Core> self) {
        while (self->acceptor.is_open()) {
            boost::system::error_code failed;
            auto socket = std::make_shared<Protocol::socket>(self->acceptor.get_executor());
            co_await self->acceptor.async_accept(*socket, asio::redirect_error(asio::use_awaitable, failed));
            if (failed == asio::error::operation_aborted) co_return;
            if (failed)
                co_await sleep_for(Milliseconds(100));
            else
                spawn(self->acceptor.get_executor(), [socket, answer = self->answer] { return serve(socket, answer); }, "local");
        }
    }
    Protocol::acceptor acceptor;
    std::shared_ptr<Answer> answer;
};

class Listener final : public LocalListener {
public:
    Listener(std::shared_ptr<Core> core, fs::path file) : core_(std::move(core)), file_(std::move(file)) {}
    ~Listener() override {
        ::unlink(file_.c_str());
        asio::post(core_->acceptor.get_executor(), [core = core_] {
            boost::system::error_code ignored;
            core->acceptor.close(ignored);
        });
    }

private:
    std::shared_ptr<Core> core_;
    fs::path file_;
};

}  // namespace

Result<std::unique_ptr<LocalListener>> listen_local(Executor executor, fs::path file, Answer answer) {
    if (file.native().size() >= sizeof sockaddr_un{}.sun_path) return fail(cannot_listen(file, "the path is too long for a socket"));
    if (ask_local(file, "")) return fail(cannot_listen(file, "another program listens there"));
    ::unlink(file.c_str());
    auto core = std::make_shared<Core>(executor, std::move(answer));
    boost::system::error_code failed;
    auto& acceptor = core->acceptor;
    acceptor.open(Protocol(), failed);
    if (!failed) acceptor.bind(Protocol::endpoint(file.string()), failed);
    // Nobody can connect before it listens, so the mode is right in time.
    if (!failed && ::chmod(file.c_str(), 0600) != 0) return fail(cannot_listen(file, std::strerror(errno)));
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) return fail(cannot_listen(file, failed.message()));
    spawn(executor, [core] { return Core::accept_all(core); }, "local");
    return std::unique_ptr<LocalListener>(std::make_unique<Listener>(std::move(core), std::move(file)));
}

Result<std::string> ask_local(fs::path const& file, std::string const& line) {
    auto nobody = [&file] { return fail(errors::net::connection_refused, {{"peer", file.string()}}); };
    asio::io_context context;
    Protocol::socket socket(context);
    boost::system::error_code failed;
    if (file.native().size() >= sizeof sockaddr_un{}.sun_path) return nobody();
    socket.connect(Protocol::endpoint(file.string()), failed);
    if (failed) return nobody();
    timeval const limit{k_local_deadline.count() / 1000, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    auto const sent = line.substr(0, k_local_line) + '\n';
    if (::send(socket.native_handle(), sent.data(), sent.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(sent.size())) return nobody();
    std::string text;
    std::array<char, 16384> part{};
    for (;;) {
        auto const got = ::recv(socket.native_handle(), part.data(), part.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(errors::net::timed_out,
                        {{"peer", file.string()}, {"limit", std::to_string(k_local_deadline.count()) + " ms"}, {"step", "answer"}});
        if (got == 0 || text.size() > k_local_answer) return text;
        text.append(part.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace countersign::net
