#include "net/ssh_client.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace countersign::net {

namespace {

// In this order; nothing with SHA-1 and no DSA.
constexpr std::array k_host_key_kinds{"ssh-ed25519", "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
                                      "rsa-sha2-512,rsa-sha2-256"};
constexpr std::size_t k_piece = 16UL * 1024;

struct SessionEnd {
    void operator()(ssh_session session) const { ssh_free(session); }
};
using SessionPtr = std::unique_ptr<std::remove_pointer_t<ssh_session>, SessionEnd>;
struct KeyEnd {
    void operator()(ssh_key key) const { ssh_key_free(key); }
};
using KeyPtr = std::unique_ptr<std::remove_pointer_t<ssh_key>, KeyEnd>;
struct ChannelEnd {
    void operator()(ssh_channel channel) const { ssh_channel_free(channel); }
};
using ChannelPtr = std::unique_ptr<std::remove_pointer_t<ssh_channel>, ChannelEnd>;
struct SftpEnd {
    void operator()(sftp_session sftp) const { sftp_free(sftp); }
};
using SftpPtr = std::unique_ptr<std::remove_pointer_t<sftp_session>, SftpEnd>;

class AddressList {
public:
    AddressList(std::string const& address, std::uint16_t port) {
        addrinfo hints{};
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
        hints.ai_socktype = SOCK_STREAM;
        if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &list_) != 0) list_ = nullptr;
    }
    ~AddressList() {
        if (list_ != nullptr) ::freeaddrinfo(list_);
    }
    AddressList(AddressList const&) = delete;
    AddressList& operator=(AddressList const&) = delete;
    [[nodiscard]] addrinfo const* get() const { return list_; }

private:
    addrinfo* list_ = nullptr;
};

Error connect_error(SshPeer const& peer, int why) {
    auto const name = to_string(peer.where);
    if (why == ECONNREFUSED) return Error(errors::net::connection_refused, {{"peer", name}});
    return Error(errors::net::unreachable, {{"peer", name}, {"detail", std::strerror(why)}});
}

Error timed_out(SshPeer const& peer, std::string_view step, Milliseconds limit) {
    return Error(errors::net::timed_out,
                 {{"peer", to_string(peer.where)}, {"limit", std::to_string(limit.count() / 1000) + " s"}, {"step", step}});
}

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&&) = delete;
    [[nodiscard]] int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

Result<Descriptor> open_connection(SshPeer const& peer) {
    AddressList const there(peer.where.address, peer.where.port);
    if (there.get() == nullptr) return fail(connect_error(peer, EINVAL));
    Descriptor socket(::socket(there.get()->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0) return fail(connect_error(peer, errno));
    if (!peer.bind_address.empty()) {
        AddressList const here(peer.bind_address, 0);
        if (here.get() == nullptr || ::bind(socket.get(), here.get()->ai_addr, here.get()->ai_addrlen) != 0)
            return fail(connect_error(peer, here.get() == nullptr ? EINVAL : errno));
    }
    int const yes = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(socket.get(), there.get()->ai_addr, there.get()->ai_addrlen) != 0 && errno != EINPROGRESS)
        return fail(connect_error(peer, errno));
    pollfd watched{socket.get(), POLLOUT, 0};
    if (::poll(&watched, 1, static_cast<int>(peer.connect.count())) <= 0) return fail(timed_out(peer, "connect", peer.connect));
    int why = 0;
    socklen_t size = sizeof why;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &why, &size);
    if (why != 0) return fail(connect_error(peer, why));
    ::fcntl(socket.get(), F_SETFL, 0);
    return socket;
}

}  // namespace

/// What the conversation and the one who waits for it share: the connection can be cut from outside.
struct SshCaller::Line {
    std::mutex mutex;
    int socket = -1;
    bool cut = false;

    /// False when the time is over already.
    bool take(int descriptor) {
        std::lock_guard const lock(mutex);
        if (cut) return false;
        socket = descriptor;
        return true;
    }
    /// Before the descriptor is closed: from then on it may be somebody else's number.
    void forget() {
        std::lock_guard const lock(mutex);
        socket = -1;
    }
    void end() {
        std::lock_guard const lock(mutex);
        cut = true;
        if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
    }
    [[nodiscard]] bool is_cut() {
        std::lock_guard const lock(mutex);
        return cut;
    }
};

namespace {

/// One connection, up to its exchanged keys.
template <class Line>
class Session {
public:
    Session(SshPeer const& peer, Line& line) : peer_(peer), line_(line) {}
    ~Session() {
        line_.forget();
        if (session_) ssh_disconnect(session_.get());
    }
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;

    Result<void> open(char const* host_key_kinds) {
        CS_TRY(auto socket, open_connection(peer_));
        session_.reset(ssh_new());
        if (!session_ || !line_.take(socket.get())) return fail(timed_out(peer_, "connect", peer_.connect));
        int const descriptor = socket.get();
        bool const no_configuration = false;
        long const seconds = std::max<long>(1, static_cast<long>(peer_.connect.count() / 1000));
        auto const set = [this](ssh_options_e option, void const* value) {
            return ssh_options_set(session_.get(), option, value) == SSH_OK;
        };
        bool taken = set(SSH_OPTIONS_PROCESS_CONFIG, &no_configuration);
        taken = taken && set(SSH_OPTIONS_HOST, peer_.where.address.c_str());
        taken = taken && set(SSH_OPTIONS_TIMEOUT, &seconds) && set(SSH_OPTIONS_FD, &descriptor);
        if (host_key_kinds != nullptr) taken = taken && set(SSH_OPTIONS_HOSTKEYS, host_key_kinds);
        if (!taken) return fail(errors::net::connection_lost, {{"peer", name()}, {"detail", ssh_get_error(session_.get())}});
        socket_.emplace(std::move(socket));
        if (ssh_connect(session_.get()) != SSH_OK) return fail(lost("key exchange"));
        return {};
    }

    Result<std::string> host_key() {
        ssh_key raw = nullptr;
        if (ssh_get_server_publickey(session_.get(), &raw) != SSH_OK) return fail(lost("host key"));
        KeyPtr const key(raw);
        unsigned char* hash = nullptr;
        std::size_t size = 0;
        if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != 0) return fail(lost("host key"));
        std::unique_ptr<unsigned char, decltype(&ssh_clean_pubkey_hash_of)> const owner(hash, &ssh_clean_pubkey_hash_of);
        char* text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
        if (text == nullptr) return fail(lost("host key"));
        std::string fingerprint(text);
        ssh_string_free_char(text);
        return fingerprint;
    }

    /// NET-002 when the time was over, else NET-003 with the library's words.
    Error lost(std::string_view step) {
        if (line_.is_cut()) return timed_out(peer_, step, peer_.connect);
        return Error(errors::net::connection_lost,
                     {{"peer", name()}, {"detail", std::string(step) + ": " + ssh_get_error(session_.get())}});
    }
    [[nodiscard]] ssh_session get() const { return session_.get(); }
    [[nodiscard]] std::string name() const { return to_string(peer_.where); }

private:
    static void ssh_clean_pubkey_hash_of(unsigned char* hash) { ssh_clean_pubkey_hash(&hash); }

    SshPeer const& peer_;
    Line& line_;
    std::optional<Descriptor> socket_;  ///< the library does not close what it did not open: behind the session
    SessionPtr session_;
};

/// Opens connections until one shows an accepted host key, at most one for each kind of key: a peer shows one of its keys only.
template <class Line>
Result<std::unique_ptr<Session<Line>>> open_session(SshPeer const& peer, Line& line, std::string& shown) {
    std::string first;
    std::array<char const*, k_host_key_kinds.size() + 1> kinds{};
    std::ranges::copy(k_host_key_kinds, kinds.begin() + 1);
    for (auto const* kind : kinds) {
        auto session = std::make_unique<Session<Line>>(peer, line);
        if (auto opened = session->open(kind); !opened) {
            // The peer has no key of that kind.
            if (kind != nullptr && !line.is_cut()) continue;
            return fail(std::move(opened).error());
        }
        CS_TRY(shown, session->host_key());
        bool const accepted = std::ranges::find(peer.host_keys, shown) != peer.host_keys.end();
        if (accepted || peer.host_keys.empty()) return session;
        if (first.empty()) first = shown;
    }
    shown = first;
    return std::unique_ptr<Session<Line>>();
}

/// Answers one question without echo with the password; anything else is none of ours.
int answer_questions(ssh_session session, std::string const& password) {
    int state = ssh_userauth_kbdint(session, nullptr, nullptr);
    bool answered = false;
    for (int round = 0; state == SSH_AUTH_INFO && round < 5; ++round) {
        int const questions = ssh_userauth_kbdint_getnprompts(session);
        for (int i = 0; i < questions; ++i) {
            char echo = 1;
            (void)ssh_userauth_kbdint_getprompt(session, static_cast<unsigned>(i), &echo);
            bool const asks_password = questions == 1 && echo == 0 && !answered;
            answered = answered || asks_password;
            if (ssh_userauth_kbdint_setanswer(session, static_cast<unsigned>(i), asks_password ? password.c_str() : "") != 0)
                return SSH_AUTH_ERROR;
        }
        state = ssh_userauth_kbdint(session, nullptr, nullptr);
    }
    return state;
}

template <class Line>
Result<SshOpenedBy> log_in(Session<Line>& session, SshLogin const& login) {
    auto* const raw = session.get();
    if (ssh_options_set(raw, SSH_OPTIONS_USER, login.user.c_str()) != SSH_OK) return fail(session.lost("log-in"));
    int state = ssh_userauth_none(raw, login.user.c_str());
    if (state == SSH_AUTH_SUCCESS) return SshOpenedBy::password;
    if (state == SSH_AUTH_ERROR) return fail(session.lost("log-in"));
    auto const methods = ssh_userauth_list(raw, login.user.c_str());
    if (login.key && (methods & SSH_AUTH_METHOD_PUBLICKEY) != 0) {
        ssh_key parsed = nullptr;
        if (ssh_pki_import_privkey_base64(login.key->reveal().c_str(), nullptr, nullptr, nullptr, &parsed) != SSH_OK)
            return fail(errors::gen::invalid_input, {{"field", "SSH key"}, {"detail", "it is no private key of OpenSSH"}});
        KeyPtr const key(parsed);
        state = ssh_userauth_publickey(raw, login.user.c_str(), key.get());
        if (state == SSH_AUTH_SUCCESS) return SshOpenedBy::key;
        if (state == SSH_AUTH_ERROR) return fail(session.lost("log-in"));
    }
    if (login.password && (methods & SSH_AUTH_METHOD_PASSWORD) != 0)
        state = ssh_userauth_password(raw, login.user.c_str(), login.password->reveal().c_str());
    else if (login.password && (methods & SSH_AUTH_METHOD_INTERACTIVE) != 0)
        state = answer_questions(raw, login.password->reveal());
    if (state == SSH_AUTH_SUCCESS) return SshOpenedBy::password;
    if (state == SSH_AUTH_ERROR) return fail(session.lost("log-in"));
    return fail(errors::net::login_refused, {{"peer", session.name()}});
}

using SteadyTime = std::chrono::steady_clock::time_point;

template <class Line>
Result<SshAnswer> run_command(Session<Line>& session, SshTask const& task) {
    auto const end = std::chrono::steady_clock::now() + task.limit;
    auto const too_late = [&] {
        return fail(errors::net::timed_out,
                    {{"peer", session.name()}, {"limit", std::to_string(task.limit.count() / 1000) + " s"}, {"step", task.command}});
    };
    ChannelPtr const channel(ssh_channel_new(session.get()));
    if (!channel || ssh_channel_open_session(channel.get()) != SSH_OK) return fail(session.lost("session"));
    if (ssh_channel_request_exec(channel.get(), task.command.c_str()) != SSH_OK) return fail(session.lost(task.command));
    auto const& input = task.input.reveal();
    for (std::size_t at = 0; at < input.size();) {
        auto const size = static_cast<std::uint32_t>(std::min(k_piece, input.size() - at));
        int const written = ssh_channel_write(channel.get(), input.data() + at, size);
        if (written <= 0) break;  // a command need not read all that it is given; its answer says whether it liked it
        at += static_cast<std::size_t>(written);
    }
    ssh_channel_send_eof(channel.get());
    std::array<std::string, 2> texts;
    std::array<char, k_piece> piece{};
    while (ssh_channel_is_eof(channel.get()) == 0 && ssh_channel_is_open(channel.get()) != 0) {
        for (int stream = 0; stream < 2; ++stream) {
            if (std::chrono::steady_clock::now() >= end) return too_late();
            int const got = ssh_channel_read_timeout(channel.get(), piece.data(), piece.size(), stream, stream == 0 ? 50 : 0);
            if (got == SSH_ERROR) return fail(session.lost(task.command));
            auto& text = texts.at(static_cast<std::size_t>(stream));
            if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
            if (text.size() > k_ssh_output)
                return fail(errors::mgr::answer_too_long,
                            {{"system", session.name()}, {"request", task.command}, {"limit", std::to_string(k_ssh_output)}});
        }
    }
    SshAnswer answer;
    answer.exit_status = ssh_channel_get_exit_status(channel.get());
    answer.output = std::move(texts[0]);
    if (!texts[1].empty() && !answer.output.empty() && !answer.output.ends_with('\n')) answer.output += '\n';
    answer.output += texts[1];
    return answer;
}

template <class Line>
Result<void> write_file(Session<Line>& session, SshTask const& task) {
    SftpPtr const sftp(sftp_new(session.get()));
    auto const refuse = [&](std::string_view what) {
        int const code = sftp ? sftp_get_error(sftp.get()) : 0;
        std::string why = code == SSH_FX_PERMISSION_DENIED ? "permission denied"
                          : code == SSH_FX_NO_SUCH_FILE    ? "no such folder"
                                                           : "SFTP error " + std::to_string(code);
        return fail(errors::mgr::file_not_written,
                    {{"system", session.name()}, {"file", task.file}, {"detail", std::string(what) + ", " + why}});
    };
    if (!sftp || sftp_init(sftp.get()) != SSH_OK) return refuse("SFTP is not offered");
    // Made by us or not at all: a name that somebody else prepared, or a link, is not written through.
    auto const fresh = task.file + ".countersign-new";
    sftp_unlink(sftp.get(), fresh.c_str());
    sftp_file file = sftp_open(sftp.get(), fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL, task.mode);
    if (file == nullptr) return refuse("it cannot be made");
    auto const& content = task.input.reveal();
    bool written = true;
    for (std::size_t at = 0; written && at < content.size();) {
        auto const put = sftp_write(file, content.data() + at, std::min(k_piece, content.size() - at));
        written = put > 0;
        if (written) at += static_cast<std::size_t>(put);
    }
    written = sftp_close(file) == SSH_OK && written;
    // The server's umask may have taken bits away.
    written = written && sftp_chmod(sftp.get(), fresh.c_str(), task.mode) == SSH_OK;
    bool renamed = written && sftp_rename(sftp.get(), fresh.c_str(), task.file.c_str()) == SSH_OK;
    if (written && !renamed) {
        // A server without posix-rename does not rename over a file.
        sftp_unlink(sftp.get(), task.file.c_str());
        renamed = sftp_rename(sftp.get(), fresh.c_str(), task.file.c_str()) == SSH_OK;
    }
    if (renamed) return {};
    auto problem = refuse(written ? "it cannot be renamed" : "it cannot be written");
    sftp_unlink(sftp.get(), fresh.c_str());
    return problem;
}

/// Cuts the line when the time is over.
class Watch {
public:
    template <class Line>
    Watch(Executor const& executor, std::shared_ptr<Line> line, Milliseconds limit) : timer_(executor, limit) {
        timer_.async_wait([line = std::move(line)](boost::system::error_code stopped) {
            if (!stopped) line->end();
        });
    }

private:
    asio::steady_timer timer_;
};

Milliseconds limit_of(SshPeer const& peer, std::vector<SshTask> const& tasks) {
    auto all = peer.connect * 6;  // one connection for each kind of key, and the log-in
    for (auto const& task : tasks) all += task.limit;
    return all;
}

}  // namespace

SshCaller::SshCaller(unsigned conversations) : pool_(conversations) {}
SshCaller::~SshCaller() { pool_.join(); }

Task<Result<std::string>> SshCaller::look_at(SshPeer peer) {
    auto const line = std::make_shared<Line>();
    Watch const watch(co_await asio::this_coro::executor, line, limit_of(peer, {}));
    co_return co_await offload(pool_, [line, peer = std::move(peer)]() -> Result<std::string> {
        std::string shown;
        CS_TRY(auto const session, open_session(peer, *line, shown));
        return shown;
    });
}

Task<Result<SshCaller::Talk>> SshCaller::talk(SshPeer peer, SshLogin login, std::vector<SshTask> tasks,
                                              std::function<bool(std::size_t, SshAnswer const&)> goes_on) {
    auto const line = std::make_shared<Line>();
    Watch const watch(co_await asio::this_coro::executor, line, limit_of(peer, tasks));
    co_return co_await offload(
        pool_,
        [line, peer = std::move(peer), login = std::move(login), tasks = std::move(tasks), goes_on = std::move(goes_on)]() -> Result<Talk> {
            std::string shown;
            auto const name = to_string(peer.where);
            // Without a host key that is accepted nothing is to be said.
            if (peer.host_keys.empty())
                return fail(errors::mgr::ssh_host_key_unknown, {{"system", name}, {"fingerprint", "(not asked for)"}});
            CS_TRY(auto const session, open_session(peer, *line, shown));
            if (!session)
                return fail(errors::mgr::ssh_host_key_changed,
                            {{"system", name}, {"fingerprint", shown}, {"pinned", join(peer.host_keys, ", ")}});
            Talk talk;
            CS_TRY(talk.opened_by, log_in(*session, login));
            for (std::size_t i = 0; i < tasks.size(); ++i) {
                SshAnswer answer;
                if (tasks[i].file.empty()) {
                    CS_TRY(answer, run_command(*session, tasks[i]));
                } else {
                    CS_CHECK(write_file(*session, tasks[i]));
                }
                talk.answers.push_back(std::move(answer));
                if (!goes_on(i, talk.answers.back())) break;
            }
            return talk;
        });
}

Result<std::string> ssh_public_key(SecretText const& private_key, std::string_view comment) {
    ssh_key parsed = nullptr;
    char* text = nullptr;
    bool const read = ssh_pki_import_privkey_base64(private_key.reveal().c_str(), nullptr, nullptr, nullptr, &parsed) == SSH_OK;
    KeyPtr const key(parsed);
    if (!read || ssh_pki_export_pubkey_base64(key.get(), &text) != SSH_OK)
        return fail(errors::gen::invalid_input, {{"field", "SSH key"}, {"detail", "it is no private key of OpenSSH"}});
    std::string out = std::string(ssh_key_type_to_char(ssh_key_type(key.get()))) + " " + text + " " + std::string(comment);
    ssh_string_free_char(text);
    return out;
}

bool is_ssh_fingerprint(std::string_view text) {
    constexpr std::string_view k_begin = "SHA256:";
    constexpr std::size_t k_digits = 43;
    if (!text.starts_with(k_begin) || text.size() != k_begin.size() + k_digits) return false;
    return std::ranges::all_of(text.substr(k_begin.size()), [](char c) {
        return c == '+' || c == '/' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

}  // namespace countersign::net
