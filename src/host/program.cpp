#include "host/program.hpp"

#include "countersign/errors/fil.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace countersign::host {

namespace {

constexpr std::size_t k_text_limit = 64 * 1024;

/// What the child gets as its descriptors 0, 1 and 2.
class Redirection {
public:
    explicit Redirection(int output) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    }
    ~Redirection() { posix_spawn_file_actions_destroy(&actions_); }
    Redirection(Redirection const&) = delete;
    Redirection& operator=(Redirection const&) = delete;
    [[nodiscard]] posix_spawn_file_actions_t const* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

using Clock = std::chrono::steady_clock;

/// No signal is blocked or ignored in the child, whatever this program does with its own.
class Attributes {
public:
    explicit Attributes(bool own_group) {
        posix_spawnattr_init(&attributes_);
        sigset_t none{};
        sigset_t ignored{};
        sigemptyset(&none);
        sigemptyset(&ignored);
        sigaddset(&ignored, SIGPIPE);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &ignored);
        int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        if (own_group) flags |= POSIX_SPAWN_SETPGROUP;
        posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
    }
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    Attributes(Attributes const&) = delete;
    Attributes& operator=(Attributes const&) = delete;
    [[nodiscard]] posix_spawnattr_t const* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

/// Until the child `process` has ended or the time is over; false then. What it says is kept as far as it may be.
bool read_until(int from, pid_t child, Clock::time_point deadline, std::string& text) {
    int const process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    ::fcntl(from, F_SETFL, O_NONBLOCK);
    std::array<char, 4096> part{};
    bool ended = false;
    for (bool open = true; !ended && Clock::now() < deadline;) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        std::array<pollfd, 2> watched{pollfd{open ? from : -1, POLLIN, 0}, pollfd{process, POLLIN, 0}};
        // Without pidfd (Linux before 5.3) the child is looked for again and again.
        auto const pause = process >= 0 ? left : std::min(left, std::chrono::milliseconds(20));
        ::poll(watched.data(), watched.size(), static_cast<int>(std::max<long long>(pause.count(), 0)));
        siginfo_t about{};
        ended = ::waitid(P_PID, static_cast<id_t>(child), &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid == child;
        for (;;) {
            auto const got = ::read(from, part.data(), part.size());
            if (got > 0)
                text.append(part.data(), std::min(static_cast<std::size_t>(got), k_text_limit - text.size()));
            else if (got < 0 && errno == EINTR)
                continue;
            else {
                open = got != 0;
                break;
            }
        }
    }
    if (process >= 0) ::close(process);
    return ended;
}

/// To the end; what is over the limit is read and left out, so that the child never waits for us.
std::string read_all(int from) {
    std::string text;
    std::array<char, 4096> part{};
    for (;;) {
        auto const got = ::read(from, part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(part.data(), std::min(static_cast<std::size_t>(got), k_text_limit - text.size()));
    }
}

}  // namespace

Result<ProgramEnd> run_program(std::vector<std::string> const& arguments, ProgramLimits const& limits) {
    auto cannot = [&](int why) { return fail(errors::fil::cannot_read, {{"file", arguments.front()}, {"detail", std::strerror(why)}}); };
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot(errno);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (auto const& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn does not write there
    argv.push_back(nullptr);
    std::vector<char*> own;
    for (auto const& variable : limits.environment) own.push_back(const_cast<char*>(variable.c_str()));
    own.push_back(nullptr);
    bool const limited = limits.time.count() > 0;
    Attributes const attributes(limited);
    pid_t child = 0;
    Redirection const redirection(ends[1]);
    int const failed = ::posix_spawnp(&child, argv.front(), redirection.get(), attributes.get(), argv.data(),
                                      limits.environment.empty() ? environ : own.data());
    ::close(ends[1]);
    ProgramEnd end;
    if (failed == 0 && limited) {
        end.timed_out = !read_until(ends[0], child, Clock::now() + limits.time, end.text);
        if (end.timed_out) ::kill(-child, SIGKILL);
    } else if (failed == 0) {
        end.text = read_all(ends[0]);
    }
    ::close(ends[0]);
    if (failed != 0) return cannot(failed);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return end;
}

}  // namespace countersign::host
