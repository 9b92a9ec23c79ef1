#include "net/terminal.hpp"

#include "countersign/errors/net.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace countersign::net {
namespace {

using asio::posix::stream_descriptor;

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;
    [[nodiscard]] int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

/// What reads and writes wait for, outside the stream: an operation may outlive it.
struct Line {
    Line(Executor const& executor, int number, Descriptor kept) : descriptor(executor, number), other_end(std::move(kept)) {}
    stream_descriptor descriptor;
    Descriptor other_end;  ///< of a pseudo terminal: open, so that a read does not fail while nobody has it open

    void close() {
        boost::system::error_code ignored;
        descriptor.close(ignored);
    }
};

/// True when the line is ready before the deadline.
Task<bool> wait_until_ready(std::shared_ptr<Line> line, stream_descriptor::wait_type what, Milliseconds deadline) {
    asio::steady_timer timer(line->descriptor.get_executor(), deadline);
    auto const waiting = std::make_shared<bool>(true);
    // Only this wait is given up; one in the other direction goes on: it finds the line not ready and waits again.
    auto const late = std::make_shared<bool>(false);
    timer.async_wait([line, waiting, late](boost::system::error_code cancelled) {
        if (cancelled || !*waiting) return;
        *late = true;
        boost::system::error_code ignored;
        line->descriptor.cancel(ignored);
    });
    boost::system::error_code failed;
    do {
        failed = {};
        co_await line->descriptor.async_wait(what, asio::redirect_error(asio::use_awaitable, failed));
    } while (failed == asio::error::operation_aborted && !*late && line->descriptor.is_open());
    *waiting = false;
    co_return !failed && line->descriptor.is_open();
}

class TerminalStream final : public Stream {
public:
    explicit TerminalStream(std::shared_ptr<Line> line) : line_(std::move(line)) {}
    ~TerminalStream() override { line_->close(); }

    Task<Result<std::string>> read_some(std::size_t limit, Milliseconds deadline) override {
        auto const line = line_;
        auto const end = std::chrono::steady_clock::now() + deadline;
        std::string data(limit, '\0');
        while (true) {
            auto const left = std::chrono::ceil<Milliseconds>(end - std::chrono::steady_clock::now());
            if (left <= left.zero() || !co_await wait_until_ready(line, stream_descriptor::wait_read, left))
                co_return fail(errors::net::timed_out,
                               {{"peer", "serial"}, {"limit", std::to_string(deadline.count()) + " ms"}, {"step", "read"}});
            auto const got = ::read(line->descriptor.native_handle(), data.data(), data.size());
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            data.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
            co_return data;
        }
    }
    Task<Result<void>> write(std::string data, Milliseconds deadline) override {
        auto const line = line_;
        auto const end = std::chrono::steady_clock::now() + deadline;
        std::string_view rest = data;
        while (!rest.empty()) {
            auto const left = std::chrono::ceil<Milliseconds>(end - std::chrono::steady_clock::now());
            if (left <= left.zero() || !co_await wait_until_ready(line, stream_descriptor::wait_write, left))
                co_return fail(errors::net::timed_out,
                               {{"peer", "serial"}, {"limit", std::to_string(deadline.count()) + " ms"}, {"step", "write"}});
            auto const put = ::write(line->descriptor.native_handle(), rest.data(), rest.size());
            if (put < 0 && errno != EAGAIN && errno != EINTR)
                co_return fail(errors::net::unreachable, {{"peer", "serial"}, {"detail", std::strerror(errno)}});
            if (put > 0) rest.remove_prefix(static_cast<std::size_t>(put));
        }
        co_return Result<void>();
    }
    void close() override { line_->close(); }
    void finish() override { line_->close(); }
    [[nodiscard]] Endpoint peer() const override { return {"serial", 0}; }
    [[nodiscard]] Endpoint local() const override { return {"serial", 0}; }

private:
    std::shared_ptr<Line> line_;
};

Failure cannot_open(std::string const& device) {
    return fail(errors::net::cannot_listen, {{"address", device}, {"detail", std::strerror(errno)}});
}

bool make_raw(int terminal) {
    termios mode{};
    if (::tcgetattr(terminal, &mode) != 0) return false;
    ::cfmakeraw(&mode);
    mode.c_cflag |= CLOCAL | CREAD;
    ::cfsetspeed(&mode, B115200);
    return ::tcsetattr(terminal, TCSANOW, &mode) == 0;
}

}  // namespace

Result<Terminal> open_pseudo_terminal(Executor executor) {
    Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 128> name{};
    if (master.get() < 0 || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), name.data(), name.size()) != 0)
        return cannot_open("pseudo terminal");
    std::string device(name.data());
    Descriptor other(::open(device.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (other.get() < 0 || !make_raw(other.get()) || ::fchmod(other.get(), S_IRUSR | S_IWUSR) != 0) return cannot_open(device);
    auto line = std::make_shared<Line>(executor, master.release(), std::move(other));
    return Terminal{std::make_shared<TerminalStream>(std::move(line)), std::move(device)};
}

Result<Terminal> open_serial_line(Executor executor, std::string const& device) {
    Descriptor terminal(::open(device.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (terminal.get() < 0 || !make_raw(terminal.get())) return cannot_open(device);
    auto line = std::make_shared<Line>(executor, terminal.release(), Descriptor(-1));
    return Terminal{std::make_shared<TerminalStream>(std::move(line)), device};
}

}  // namespace countersign::net
