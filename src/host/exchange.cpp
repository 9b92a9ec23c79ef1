#include "host/exchange.hpp"

#include "countersign/errors/fil.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace countersign::host {

namespace {

using Clock = std::chrono::steady_clock;

/// The two ends of a pipe; what is not released is closed.
class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
    }
    ~Pipe() {
        close_reader();
        close_writer();
    }
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;
    [[nodiscard]] bool good() const { return ends_[0] >= 0; }
    [[nodiscard]] int reader() const { return ends_[0]; }
    [[nodiscard]] int writer() const { return ends_[1]; }
    void close_reader() { close_end(0); }
    void close_writer() { close_end(1); }

private:
    void close_end(std::size_t which) {
        if (ends_.at(which) >= 0) ::close(ends_.at(which));
        ends_.at(which) = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

class Actions {
public:
    Actions(Pipe const& input, Pipe const& output, Pipe const& complaint) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_adddup2(&actions_, input.reader(), STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, output.writer(), STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, complaint.writer(), STDERR_FILENO);
        posix_spawn_file_actions_addchdir_np(&actions_, "/");
        // Whatever a library opened without closing it on exec is none of its business.
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        posix_spawnattr_init(&attributes_);
        sigset_t none{};
        sigset_t usual{};
        sigemptyset(&none);
        sigemptyset(&usual);
        sigaddset(&usual, SIGPIPE);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &usual);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~Actions() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    Actions(Actions const&) = delete;
    Actions& operator=(Actions const&) = delete;
    [[nodiscard]] posix_spawn_file_actions_t const* files() const { return &actions_; }
    [[nodiscard]] posix_spawnattr_t const* attributes() const { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// All that can be read now. False at the end.
bool drain(int from, std::string& into, std::size_t limit, bool& over) {
    std::array<char, 16384> part{};
    for (;;) {
        auto const got = ::read(from, part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno == EAGAIN;
        if (got == 0) return false;
        auto const room = limit - std::min(limit, into.size());
        over = over || static_cast<std::size_t>(got) > room;
        into.append(part.data(), std::min(static_cast<std::size_t>(got), room));
        if (over) return true;
    }
}

/// A program that does not read what it is given must not end this one.
class NoPipeSignal {
public:
    NoPipeSignal() {
        sigset_t pipe{};
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, &before_);
    }
    ~NoPipeSignal() {
        sigset_t pipe{};
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        timespec const now{};
        // One that is pending would arrive as soon as it may.
        while (sigtimedwait(&pipe, nullptr, &now) > 0) {
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoPipeSignal(NoPipeSignal const&) = delete;
    NoPipeSignal& operator=(NoPipeSignal const&) = delete;

private:
    sigset_t before_{};
};

/// Gives, takes, and waits until the child has ended (its exit is left to be collected), the time is over or it says too much.
void talk(pid_t child, Pipe& input, Pipe& output, Pipe& complaint, std::string const& text, ExchangeLimits const& limits,
          ExchangeEnd& end) {
    auto const deadline = Clock::now() + limits.time;
    int const process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    for (int const one : {input.writer(), output.reader(), complaint.reader()}) ::fcntl(one, F_SETFL, O_NONBLOCK);
    std::size_t given = 0;
    bool hears = true;
    bool speaks = true;
    bool complains = true;
    bool ended = false;
    bool flooded = false;
    NoPipeSignal const quiet;
    while (!ended && !flooded && Clock::now() < deadline) {
        if (hears && given == text.size()) {
            input.close_writer();
            hears = false;
        }
        std::array<pollfd, 4> watched{pollfd{hears ? input.writer() : -1, POLLOUT, 0}, pollfd{speaks ? output.reader() : -1, POLLIN, 0},
                                      pollfd{complains ? complaint.reader() : -1, POLLIN, 0}, pollfd{process, POLLIN, 0}};
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        // Without pidfd (Linux before 5.3) the child is looked for again and again.
        if (process < 0) left = std::min(left, std::chrono::milliseconds(20));
        ::poll(watched.data(), watched.size(), static_cast<int>(std::max<long long>(left.count(), 0)));
        siginfo_t about{};
        ended = ::waitid(P_PID, static_cast<id_t>(child), &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid == child;
        if (hears && watched[0].revents != 0) {
            auto const put = ::write(input.writer(), text.data() + given, text.size() - given);
            if (put > 0) given += static_cast<std::size_t>(put);
            // It did not want it all; its answer says whether it needed it.
            if (put < 0 && errno != EAGAIN && errno != EINTR) given = text.size();
        }
        if (speaks) speaks = drain(output.reader(), end.output, limits.output, flooded);
        bool more = false;
        if (complains) complains = drain(complaint.reader(), end.complaint, limits.complaint, more);
    }
    if (process >= 0) ::close(process);
    if (flooded)
        end.how = ExchangeEnd::How::flooded;
    else if (!ended)
        end.how = ExchangeEnd::How::timed_out;
}

bool is_ours(struct stat const& about) { return about.st_uid == 0 || about.st_uid == ::geteuid(); }
bool others_write(struct stat const& about) { return (about.st_mode & (S_IWGRP | S_IWOTH)) != 0; }

}  // namespace

Result<ExchangeEnd> exchange_with(std::filesystem::path const& program, SecretText const& input, ExchangeLimits const& limits) {
    auto const cannot = [&](int why) {
        return fail(errors::fil::cannot_read, {{"file", program.string()}, {"detail", std::strerror(why)}});
    };
    Pipe to_child;
    Pipe from_child;
    Pipe complaint;
    if (!to_child.good() || !from_child.good() || !complaint.good()) return cannot(EMFILE);
    std::string name = program.string();
    std::array<char*, 2> arguments{name.data(), nullptr};
    std::vector<std::string> variables = limits.environment;
    std::vector<char*> environment;
    environment.reserve(variables.size() + 1);
    for (auto& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    Actions const actions(to_child, from_child, complaint);
    pid_t child = 0;
    if (int const failed = ::posix_spawn(&child, name.c_str(), actions.files(), actions.attributes(), arguments.data(), environment.data());
        failed != 0)
        return cannot(failed);
    to_child.close_reader();
    from_child.close_writer();
    complaint.close_writer();
    ExchangeEnd end;
    talk(child, to_child, from_child, complaint, input.reveal(), limits, end);
    // Not collected yet, so that the group's number is still its own.
    ::kill(-child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return end;
}

std::string why_not_trusted(std::filesystem::path const& program) {
    struct stat about{};
    if (::lstat(program.c_str(), &about) != 0) return std::strerror(errno);
    if (!S_ISREG(about.st_mode)) return "it is no regular file";
    if (!is_ours(about)) return "it belongs to somebody else than root or the user of this program";
    if (others_write(about)) return "its group or others can write it";
    if (::access(program.c_str(), X_OK) != 0) return "it cannot be executed";
    bool nearest = true;
    std::error_code code;
    auto const whole = std::filesystem::canonical(program.parent_path(), code);
    if (code) return code.message();
    for (auto folder = whole;; folder = folder.parent_path()) {
        if (::stat(folder.c_str(), &about) != 0) return folder.string() + ": " + std::strerror(errno);
        if (!is_ours(about)) return "the folder " + folder.string() + " belongs to somebody else than root or the user of this program";
        bool const shared = !nearest && (about.st_mode & S_ISVTX) != 0;
        if (others_write(about) && !shared) return "the group of the folder " + folder.string() + ", or others, can write there";
        nearest = false;
        if (folder == folder.root_path()) return {};
    }
}

}  // namespace countersign::host
