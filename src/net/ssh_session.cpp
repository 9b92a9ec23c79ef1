#include "net/ssh_session.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/ssh_lines.hpp"

#include <algorithm>
#include <deque>
#include <libssh/callbacks.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace countersign::net {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t k_max_unread = 1024 * 1024;
constexpr std::size_t k_max_queued_lines = 4096;
constexpr Milliseconds k_login_answer{10'000};  ///< for a password, and for opening a shell
constexpr Milliseconds k_goodbye{2'000};        ///< for the peer to close first

struct SessionDeleter {
    void operator()(ssh_session session) const { ssh_free(session); }
};
struct EventDeleter {
    void operator()(ssh_event event) const { ssh_event_free(event); }
};

struct Opened {
    std::shared_ptr<SshShell> shell;
    std::string welcome;
};

// Coroutines: parameters by value; they outlive the thread that asked.

template <class T>
Task<> answer_into(std::shared_ptr<SshControl> control, std::shared_ptr<std::optional<T>> place, std::function<Task<T>()> question) {
    auto value = co_await question();
    control->answer(*place, std::move(value));
}

Task<SshService::Login> check_password(std::shared_ptr<SshService> service, std::string user, std::shared_ptr<SecretText const> password,
                                       std::string peer) {
    co_return service->authenticate(user, *password, peer);
}

Task<Opened> open_shell(std::shared_ptr<SshService> service, std::weak_ptr<SshControl> control, std::string user, std::string peer) {
    Opened opened;
    opened.shell = service->open(user, peer);
    if (!opened.shell) co_return opened;
    opened.shell->on_push([control](std::string text) {
        if (auto const alive = control.lock()) alive->push(std::move(text));
    });
    opened.welcome = opened.shell->welcome();
    co_return opened;
}

Task<std::shared_ptr<SshProgram>> start_program(std::shared_ptr<SshService> service, SshRequest request) {
    co_return service->start(request);
}

Task<SshProgram::Reply> give_bytes(std::shared_ptr<SshProgram> program, std::shared_ptr<SecretText const> bytes) {
    co_return program->handle(bytes->reveal());
}

Task<SshProgram::Reply> end_bytes(std::shared_ptr<SshProgram> program) { co_return program->finish(); }

Task<std::vector<std::string>> complete_word(std::shared_ptr<SshShell> shell, std::string before) { co_return shell->complete(before); }

class Session final : public SshSession {
public:
    Session(std::unique_ptr<std::remove_pointer_t<ssh_session>, SessionDeleter> session, std::shared_ptr<SshControl> control,
            Settings settings)
        : session_(std::move(session)),
          control_(std::move(control)),
          settings_(std::move(settings)),
          lines_(settings_.limits.line, settings_.limits.block) {}

    ~Session() override {
        event_.reset();
        control_->forget_socket();
        session_.reset();
        // They belong to the executor, as everything that they refer to.
        if (shell_) asio::post(settings_.executor, [shell = std::exchange(shell_, nullptr)] {});
        if (program_) asio::post(settings_.executor, [program = std::exchange(program_, nullptr)] {});
        wipe(input_.data(), input_.size());
    }

    void run() override {
        // Before the handshake: its last packet may bring the first request with it.
        install_callbacks();
        if (!shake_hands()) return;
        event_.reset(ssh_event_new());
        if (!event_ || ssh_event_add_session(event_.get(), session_.get()) != SSH_OK ||
            ssh_event_add_fd(event_.get(), control_->signal(), POLLIN, on_signal, control_.get()) != SSH_OK)
            return;
        converse();
        say_goodbye();
        ssh_event_remove_fd(event_.get(), control_->signal());
        ssh_event_remove_session(event_.get(), session_.get());
    }

private:
    using Login = SshService::Login;

    // --- phases ---

    bool shake_hands() {
        auto const end = begun_ + settings_.limits.handshake;
        ssh_set_auth_methods(session_.get(), SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE);
        if (ssh_handle_key_exchange(session_.get()) != SSH_OK) {
            log::debug("net.ssh_handshake", {{"peer", settings_.peer}, {"detail", ssh_get_error(session_.get())}});
            return false;
        }
        ssh_set_blocking(session_.get(), 0);
        return Clock::now() < end && !control_->stopped();
    }

    void converse() {
        while (!over()) {
            send_pending();
            if (over()) return;
            if (!busy_sending() && control_->finishing()) return;
            if (!busy_sending() && shell_ && !queue_.empty()) {
                handle_line();
                continue;
            }
            if (!busy_sending() && program_ && !last_word_said_ && (more_ || !input_.empty() || input_ended_)) {
                work();
                continue;
            }
            if (!busy_sending() && (last_word_said_ || (shell_ && input_ended_ && queue_.empty()))) return;
            if (!pump(deadline())) return;
        }
    }

    /// The orderly end: what was said is out, so the peer hears the status and closes first.
    void say_goodbye() {
        if (control_->stopped() || !is_connected()) return;
        if (channel_ != nullptr && (shell_ || program_) && ssh_channel_is_open(channel_) != 0) {
            ssh_channel_request_send_exit_status(channel_, refused_ && !lines_.terminal() ? 1 : exit_status_);
            ssh_channel_send_eof(channel_);
            ssh_channel_close(channel_);
            auto const end = Clock::now() + k_goodbye;
            while (is_connected() && !control_->stopped() && !channel_closed_ && pump(end)) {
            }
        }
        if (!control_->stopped() && is_connected()) ssh_disconnect(session_.get());
    }

    // --- state ---

    [[nodiscard]] bool is_connected() const {
        return ssh_is_connected(session_.get()) != 0 && (ssh_get_status(session_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0;
    }
    [[nodiscard]] bool over() const { return failed_ || channel_closed_ || control_->stopped() || !is_connected(); }
    [[nodiscard]] bool busy_sending() const { return !pending_.empty() || (ssh_get_status(session_.get()) & SSH_WRITE_PENDING) != 0; }
    [[nodiscard]] Clock::time_point deadline() const {
        if (busy_sending()) return progress_ + settings_.limits.unread;
        if (!shell_ && !program_) return begun_ + settings_.limits.login;
        return last_input_ + settings_.limits.idle;
    }

    /// Waits for the wire or a signal. False when `until` has passed or the connection is lost.
    bool pump(Clock::time_point until) {
        auto const left = std::chrono::ceil<Milliseconds>(until - Clock::now());
        if (left <= left.zero()) return false;
        auto const most = std::min(left, Milliseconds(60'000));
        return ssh_event_dopoll(event_.get(), static_cast<int>(most.count())) != SSH_ERROR;
    }

    // --- the executor's side ---

    /// Asks on the executor and waits. Nothing when the session was stopped or nobody answered in time.
    template <class T>
    std::optional<T> ask(std::function<Task<T>()> question, Milliseconds limit) {
        auto place = std::make_shared<std::optional<T>>();
        spawn(
            settings_.executor,
            [control = control_, place, question = std::move(question)] { return answer_into<T>(control, place, question); }, "ssh");
        if (control_->await(*place, limit)) return std::move(*place);
        failed_ = true;
        // A late answer is destroyed where it belongs.
        asio::post(settings_.executor, [place = std::move(place)] {});
        return std::nullopt;
    }

    Login check(std::string user, std::shared_ptr<SecretText const> password) {
        if (failed_ || Clock::now() > begun_ + settings_.limits.login) return Login::locked_out;
        auto const login = ask<Login>(
            [service = settings_.service, user, password, peer = settings_.peer] { return check_password(service, user, password, peer); },
            k_login_answer);
        if (login == Login::granted) {
            user_ = std::move(user);
            return Login::granted;
        }
        if (login != Login::refused || ++failures_ >= settings_.limits.attempts) failed_ = true;
        return login.value_or(Login::locked_out);
    }

    bool open(bool greet) {
        if (shell_ || program_ || failed_ || !user_) return false;
        auto opened = ask<Opened>([service = settings_.service, control = std::weak_ptr(control_), user = *user_,
                                   peer = settings_.peer] { return open_shell(service, control, user, peer); },
                                  k_login_answer);
        if (!opened || !opened->shell) return false;
        shell_ = std::move(opened->shell);
        lines_.complete_with([this](std::string_view before) { return complete(std::string(before)); });
        last_input_ = Clock::now();
        if (greet) print(opened->welcome);
        return true;
    }

    bool start(std::string subsystem, std::string command) {
        if (shell_ || program_ || failed_ || !user_) return false;
        SshRequest request{.user = *user_, .peer = settings_.peer, .subsystem = std::move(subsystem), .command = std::move(command)};
        auto started = ask<std::shared_ptr<SshProgram>>(
            [service = settings_.service, request = std::move(request)] { return start_program(service, request); }, k_login_answer);
        if (!started || !*started) return false;
        program_ = *std::move(started);
        last_input_ = Clock::now();
        more_ = true;  // it has the first word
        return true;
    }

    /// Gives the program what came, or the end of it.
    void work() {
        bool const ends = !more_ && input_.empty();
        auto bytes = std::make_shared<SecretText const>(std::exchange(input_, {}));
        auto reply = ask<SshProgram::Reply>(
            [program = program_, bytes = std::move(bytes), ends] { return ends ? end_bytes(program) : give_bytes(program, bytes); },
            settings_.limits.answer);
        if (!reply) return;
        queue_output(reply->bytes);
        more_ = reply->more;
        last_word_said_ = reply->ended;
        exit_status_ = reply->exit_status;
    }

    std::vector<std::string> complete(std::string before) {
        using Words = std::vector<std::string>;
        auto words = ask<Words>([shell = shell_, before = std::move(before)] { return complete_word(shell, before); }, k_login_answer);
        return words.value_or(Words());
    }

    void handle_line() {
        auto line = std::move(queue_.front());
        queue_.pop_front();
        refused_ = refused_ || line.too_long;
        if (line.too_long) return print("\nERROR: the line is longer than " + std::to_string(settings_.limits.line) + " bytes\n");
        auto reply =
            ask<SshShell::Reply>([shell = shell_, text = std::move(line.text)] { return shell->handle(text); }, settings_.limits.answer);
        if (!reply) return;
        print(reply->text);
        refused_ = refused_ || reply->refused;
        lines_.show_typing(reply->echo);
        if (reply->ended) last_word_said_ = true;
        last_input_ = Clock::now();
    }

    // --- text ---

    void print(std::string_view text) {
        queue_output(lines_.terminal() ? replace_all(std::string(text), "\n", "\r\n") : std::string(text));
    }

    void queue_output(std::string_view bytes) {
        if (bytes.empty()) return;
        if (!busy_sending()) progress_ = Clock::now();
        pending_ += bytes;
    }

    void send_pending() {
        if (shell_) print(control_->take_pushed());
        if (channel_ == nullptr || pending_.empty()) return;
        auto const room = std::min<std::size_t>(ssh_channel_window_size(channel_), pending_.size());
        if (room == 0 || (ssh_get_status(session_.get()) & SSH_WRITE_PENDING) != 0) return;
        int const sent = ssh_channel_write(channel_, pending_.data(), static_cast<std::uint32_t>(room));
        if (sent < 0) {
            failed_ = true;
            return;
        }
        if (sent > 0) progress_ = Clock::now();
        pending_.erase(0, static_cast<std::size_t>(sent));
    }

    void take(SshLines::Input input) {
        queue_output(input.echo);
        std::ranges::move(input.lines, std::back_inserter(queue_));
        input_ended_ = input_ended_ || input.ended;
        if (queue_.size() > k_max_queued_lines) failed_ = true;
    }

    bool run_command(std::string_view command) {
        SshLines lines(settings_.limits.line);
        auto input = lines.feed(command);
        std::ranges::move(lines.finish().lines, std::back_inserter(input.lines));
        if (!open(false)) return false;
        take(std::move(input));
        executing_ = true;
        input_ended_ = true;
        return true;
    }

    // --- what the library calls, on this thread ---

    static Session& self(void* data) { return *static_cast<Session*>(data); }

    void install_callbacks() {
        server_.size = sizeof server_;
        server_.userdata = this;
        server_.auth_password_function = on_password;
        server_.channel_open_request_session_function = on_channel;
        ssh_set_server_callbacks(session_.get(), &server_);
        ssh_set_message_callback(session_.get(), on_message, this);
        events_.size = sizeof events_;
        events_.userdata = this;
        events_.channel_data_function = on_data;
        events_.channel_eof_function = on_eof;
        events_.channel_close_function = on_close;
        events_.channel_pty_request_function = on_terminal;
        events_.channel_shell_request_function = on_shell;
        events_.channel_exec_request_function = on_command;
        events_.channel_subsystem_request_function = on_subsystem;
    }

    static int on_signal(socket_t, int, void* data) {
        static_cast<SshControl*>(data)->clear_signal();
        return 0;
    }
    static int on_password(ssh_session, char const* user, char const* password, void* data) {
        auto const login = self(data).check(user, std::make_shared<SecretText const>(std::string(password)));
        return login == Login::granted ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
    }
    /// Everything that has no callback of its own; the answer 1 refuses.
    static int on_message(ssh_session, ssh_message message, void* data) {
        if (ssh_message_type(message) != SSH_REQUEST_AUTH || ssh_message_subtype(message) != SSH_AUTH_METHOD_INTERACTIVE) return 1;
        return self(data).take_interactive(message);
    }
    /// RFC 4256: one prompt, that for the password.
    int take_interactive(ssh_message message) {
        if (failed_) return 1;
        if (ssh_message_auth_kbdint_is_response(message) == 0) {
            if (auto const* user = ssh_message_auth_user(message)) asked_ = user;
            char const* prompts[] = {"Password: "};
            char echo[] = {0};
            return ssh_message_auth_interactive_request(message, "", "", 1, prompts, echo) == SSH_OK ? 0 : 1;
        }
        if (ssh_userauth_kbdint_getnanswers(session_.get()) != 1) return 1;
        auto const* typed = ssh_userauth_kbdint_getanswer(session_.get(), 0);
        if (typed == nullptr || check(asked_, std::make_shared<SecretText const>(std::string(typed))) != Login::granted) return 1;
        ssh_message_auth_reply_success(message, 0);
        return 0;
    }
    static ssh_channel on_channel(ssh_session session, void* data) {
        auto& me = self(data);
        if (me.channel_ != nullptr || !me.user_) return nullptr;
        me.channel_ = ssh_channel_new(session);
        if (me.channel_ != nullptr) ssh_set_channel_callbacks(me.channel_, &me.events_);
        return me.channel_;
    }
    static int on_terminal(ssh_session, ssh_channel, char const*, int, int, int, int, void* data) {
        if (self(data).shell_ || self(data).program_) return -1;
        self(data).lines_.use_terminal();
        return 0;
    }
    static int on_shell(ssh_session, ssh_channel, void* data) { return self(data).open(true) ? 0 : 1; }
    static int on_command(ssh_session, ssh_channel, char const* command, void* data) {
        return self(data).start({}, command) || self(data).run_command(command) ? 0 : 1;
    }
    static int on_subsystem(ssh_session, ssh_channel, char const* name, void* data) { return self(data).start(name, {}) ? 0 : 1; }
    static int on_data(ssh_session, ssh_channel, void* bytes, std::uint32_t length, int, void* data) {
        auto& me = self(data);
        me.last_input_ = Clock::now();
        if (me.program_) {
            me.input_.append(static_cast<char const*>(bytes), length);
            if (me.input_.size() > me.settings_.limits.unhandled) me.failed_ = true;
            return static_cast<int>(length);
        }
        if (!me.executing_) me.take(me.lines_.feed({static_cast<char const*>(bytes), length}));
        return static_cast<int>(length);
    }
    static void on_eof(ssh_session, ssh_channel, void* data) {
        auto& me = self(data);
        if (!me.executing_ && !me.program_) me.take(me.lines_.finish());
        me.input_ended_ = true;
    }
    static void on_close(ssh_session, ssh_channel, void* data) { self(data).channel_closed_ = true; }

    std::unique_ptr<std::remove_pointer_t<ssh_session>, SessionDeleter> session_;
    std::shared_ptr<SshControl> control_;
    Settings settings_;
    std::unique_ptr<std::remove_pointer_t<ssh_event>, EventDeleter> event_;
    ssh_server_callbacks_struct server_{};
    ssh_channel_callbacks_struct events_{};
    ssh_channel channel_ = nullptr;  ///< belongs to session_

    Clock::time_point begun_ = Clock::now();
    Clock::time_point last_input_ = begun_;
    Clock::time_point progress_ = begun_;
    std::string asked_;                ///< whose password keyboard-interactive asks for
    std::optional<std::string> user_;  ///< logged in
    int failures_ = 0;
    bool failed_ = false;
    bool executing_ = false;
    bool refused_ = false;  ///< one of the lines was answered with an error
    bool input_ended_ = false;
    bool last_word_said_ = false;
    bool channel_closed_ = false;
    int exit_status_ = 0;  ///< of the program
    bool more_ = false;    ///< it wants to be called again
    std::string input_;    ///< for it
    std::shared_ptr<SshProgram> program_;
    std::shared_ptr<SshShell> shell_;
    SshLines lines_;
    std::deque<SshLines::Line> queue_;
    std::string pending_;
};

}  // namespace

// --- SshControl ---

SshControl::SshControl(int socket) : socket_(socket), signal_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

SshControl::~SshControl() {
    if (signal_ >= 0) ::close(signal_);
}

void SshControl::stop() {
    std::lock_guard const lock(mutex_);
    stopped_ = true;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    raise();
    changed_.notify_all();
}

void SshControl::finish() {
    std::lock_guard const lock(mutex_);
    finishing_ = true;
    raise();
}

bool SshControl::finishing() const {
    std::lock_guard const lock(mutex_);
    return finishing_;
}

void SshControl::note_end() {
    std::lock_guard const lock(mutex_);
    ended_ = true;
}

bool SshControl::ended() const {
    std::lock_guard const lock(mutex_);
    return ended_;
}

bool SshControl::stopped() const {
    std::lock_guard const lock(mutex_);
    return stopped_;
}

void SshControl::forget_socket() {
    std::lock_guard const lock(mutex_);
    socket_ = -1;
}

void SshControl::push(std::string text) {
    std::lock_guard const lock(mutex_);
    if (stopped_) return;
    if (pushed_.size() + text.size() > k_max_unread) {
        stopped_ = true;
        pushed_.clear();
        if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    } else {
        pushed_ += text;
    }
    raise();
}

std::string SshControl::take_pushed() {
    std::lock_guard const lock(mutex_);
    return std::exchange(pushed_, {});
}

void SshControl::raise() const { (void)::eventfd_write(signal_, 1); }

void SshControl::clear_signal() const {
    eventfd_t ignored = 0;
    (void)::eventfd_read(signal_, &ignored);
}

// --- SshSession ---

std::unique_ptr<SshSession> SshSession::accept(ssh_bind bind, std::shared_ptr<SshControl> control, Settings settings) {
    std::unique_ptr<std::remove_pointer_t<ssh_session>, SessionDeleter> session(ssh_new());
    if (!session || control->signal() < 0) return nullptr;
    bool const no_files = false;
    auto const limit = std::chrono::duration_cast<std::chrono::microseconds>(settings.limits.handshake);
    long const seconds = static_cast<long>(limit.count() / 1'000'000);
    long const rest = static_cast<long>(limit.count() % 1'000'000);
    ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &no_files);
    ssh_options_set(session.get(), SSH_OPTIONS_TIMEOUT, &seconds);
    ssh_options_set(session.get(), SSH_OPTIONS_TIMEOUT_USEC, &rest);
    ssh_options_set(session.get(), SSH_OPTIONS_COMPRESSION, "no");
    int const descriptor = control->socket();
    if (ssh_bind_accept_fd(bind, session.get(), descriptor) != SSH_OK) {
        log::warning("net.cannot_accept", {{"detail", ssh_get_error(bind)}});
        control->forget_socket();
        return nullptr;
    }
    return std::make_unique<Session>(std::move(session), std::move(control), std::move(settings));
}

}  // namespace countersign::net
