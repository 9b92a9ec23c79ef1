#include "host/program.hpp"

#include "countersign/errors/fil.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
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

Result<ProgramEnd> run_program(std::vector<std::string> const& arguments) {
    auto cannot = [&](int why) { return fail(errors::fil::cannot_read, {{"file", arguments.front()}, {"detail", std::strerror(why)}}); };
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot(errno);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (auto const& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn does not write there
    argv.push_back(nullptr);
    pid_t child = 0;
    Redirection const redirection(ends[1]);
    int const failed = ::posix_spawnp(&child, argv.front(), redirection.get(), nullptr, argv.data(), environ);
    ::close(ends[1]);
    ProgramEnd end;
    if (failed == 0) end.text = read_all(ends[0]);
    ::close(ends[0]);
    if (failed != 0) return cannot(failed);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return end;
}

}  // namespace countersign::host
