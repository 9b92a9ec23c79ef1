#include "net/ssh.hpp"

#include "base/log.hpp"
#include "net/acceptor.hpp"
#include "net/ssh_session.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <libssh/server.h>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace countersign::net {
namespace {

constexpr int k_sessions_of_process = 64;

// What OpenSSH 7.4 and newer speak; nothing with SHA-1, CBC or small groups.
constexpr char const* k_host_keys = "ssh-ed25519";
constexpr char const* k_key_exchange = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384";
constexpr char const* k_ciphers = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes128-ctr";
constexpr char const* k_macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";

struct KeyDeleter {
    void operator()(ssh_key key) const { ssh_key_free(key); }
};
using KeyPtr = std::unique_ptr<std::remove_pointer_t<ssh_key>, KeyDeleter>;
struct BindDeleter {
    void operator()(ssh_bind bind) const { ssh_bind_free(bind); }
};
using BindPtr = std::unique_ptr<std::remove_pointer_t<ssh_bind>, BindDeleter>;

Result<KeyPtr> parse_host_key(SecretText const& text) {
    ssh_key key = nullptr;
    bool const read = ssh_pki_import_privkey_base64(text.reveal().c_str(), nullptr, nullptr, nullptr, &key) == SSH_OK;
    KeyPtr owned(key);
    if (!read || ssh_key_type(owned.get()) != SSH_KEYTYPE_ED25519)
        return fail(errors::gen::invalid_input, {{"field", "SSH host key"}, {"detail", "it is no Ed25519 key of OpenSSH"}});
    return owned;
}

/// The listener's settings, which each session takes over. Null when one of them is not taken.
BindPtr make_bind(KeyPtr key) {
    BindPtr bind(ssh_bind_new());
    if (!bind) return nullptr;
    bool const no_files = false;
    bool taken = ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_files) == SSH_OK;
    std::pair<ssh_bind_options_e, char const*> const algorithms[]{{SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, k_host_keys},
                                                                  {SSH_BIND_OPTIONS_KEY_EXCHANGE, k_key_exchange},
                                                                  {SSH_BIND_OPTIONS_CIPHERS_C_S, k_ciphers},
                                                                  {SSH_BIND_OPTIONS_CIPHERS_S_C, k_ciphers},
                                                                  {SSH_BIND_OPTIONS_HMAC_C_S, k_macs},
                                                                  {SSH_BIND_OPTIONS_HMAC_S_C, k_macs}};
    for (auto const& [option, value] : algorithms) taken = taken && ssh_bind_options_set(bind.get(), option, value) == SSH_OK;
    // From here on the key belongs to the bind.
    taken = taken && ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_IMPORT_KEY, key.get()) == SSH_OK;
    if (!taken) return nullptr;
    [[maybe_unused]] auto* const owned_by_bind = key.release();
    return bind;
}

std::atomic<int>& open_sessions() {
    static std::atomic<int> count{0};
    return count;
}

/// One of the process's sessions, for as long as it lives.
class Place {
public:
    static std::unique_ptr<Place> take() {
        if (++open_sessions() <= k_sessions_of_process) return std::unique_ptr<Place>(new Place);
        --open_sessions();
        return nullptr;
    }
    ~Place() { --open_sessions(); }
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;

private:
    Place() = default;
};

/// The sessions of a listener and their threads.
class Sessions {
public:
    Sessions(Executor executor, BindPtr bind, std::shared_ptr<SshService> service, SshLimits limits)
        : executor_(std::move(executor)), bind_(std::move(bind)), service_(std::move(service)), limits_(limits) {}
    ~Sessions() { close(); }
    Sessions(Sessions const&) = delete;
    Sessions& operator=(Sessions const&) = delete;

    void take(Acceptor::Socket socket) {
        std::lock_guard const lock(mutex_);
        if (closed_ || finishing_) return;
        reap();
        auto place = open_.size() < limits_.sessions ? Place::take() : nullptr;
        if (!place) {
            log::warning("net.too_many_connections", {{"limit", limits_.sessions}});
            return;
        }
        boost::system::error_code failed;
        auto const peer = from_tcp(socket.remote_endpoint(failed));
        if (failed) return;
        int const descriptor = socket.release(failed);
        if (failed) return;
        auto control = std::make_shared<SshControl>(descriptor);
        auto session = SshSession::accept(bind_.get(), control, {executor_, service_, limits_, peer.address});
        if (session) start(std::move(session), std::move(control), std::move(place));
    }

    /// No further sessions; those there are end by themselves.
    void finish() {
        std::lock_guard const lock(mutex_);
        finishing_ = true;
        for (auto const& running : open_) running.control->finish();
    }

    [[nodiscard]] bool all_ended() const {
        std::lock_guard const lock(mutex_);
        return std::ranges::all_of(open_, [](Running const& running) { return running.control->ended(); });
    }

    void close() {
        std::list<Running> ending;
        {
            std::lock_guard const lock(mutex_);
            closed_ = true;
            ending.swap(open_);
        }
        for (auto const& running : ending) running.control->stop();
        for (auto& running : ending) running.thread.join();
    }

private:
    struct Running {
        std::shared_ptr<SshControl> control;
        std::thread thread;
    };

    void start(std::unique_ptr<SshSession> session, std::shared_ptr<SshControl> control, std::unique_ptr<Place> place) {
        try {
            std::thread thread([session = std::move(session), place = std::move(place), control]() mutable {
                session->run();
                session.reset();
                place.reset();
                control->note_end();
            });
            open_.push_back({std::move(control), std::move(thread)});
        } catch (std::system_error const& error) {
            log::warning("net.cannot_accept", {{"detail", error.what()}});
        }
    }
    void reap() {
        for (auto running = open_.begin(); running != open_.end();) {
            if (!running->control->ended()) {
                ++running;
                continue;
            }
            running->thread.join();
            running = open_.erase(running);
        }
    }

    Executor executor_;
    BindPtr bind_;
    std::shared_ptr<SshService> service_;
    SshLimits limits_;
    mutable std::mutex mutex_;
    bool closed_ = false;
    bool finishing_ = false;
    std::list<Running> open_;
};

class SessionsListener final : public SshListener {
public:
    SessionsListener(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<Sessions> sessions)
        : acceptor_(std::move(acceptor)), sessions_(std::move(sessions)) {}
    ~SessionsListener() override { SessionsListener::close(); }
    [[nodiscard]] Endpoint local() const override { return acceptor_->local(); }
    void close() override {
        acceptor_->close();
        sessions_->close();
    }
    Task<> finish(Milliseconds grace) override {
        acceptor_->close();
        sessions_->finish();
        auto const end = std::chrono::steady_clock::now() + grace;
        // Sessions end on threads of their own, which have nobody to tell.
        while (!sessions_->all_ended() && std::chrono::steady_clock::now() < end) co_await sleep_for(k_look_again);
        sessions_->close();
    }

private:
    static constexpr Milliseconds k_look_again{10};

    std::shared_ptr<Acceptor> acceptor_;
    std::shared_ptr<Sessions> sessions_;
};

}  // namespace

Result<SecretText> make_ssh_host_key() {
    ssh_key key = nullptr;
    if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK) return fail(errors::gen::internal);
    KeyPtr const owned(key);
    char* text = nullptr;
    if (ssh_pki_export_privkey_base64(owned.get(), nullptr, nullptr, nullptr, &text) != SSH_OK) return fail(errors::gen::internal);
    SecretText secret{std::string(text)};
    wipe(text, secret.reveal().size());
    ssh_string_free_char(text);
    return secret;
}

Result<std::string> ssh_fingerprint(SecretText const& host_key) {
    CS_TRY(auto key, parse_host_key(host_key));
    unsigned char* hash = nullptr;
    std::size_t length = 0;
    if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &length) != SSH_OK) return fail(errors::gen::internal);
    std::unique_ptr<char, decltype(&ssh_string_free_char)> const text(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length),
                                                                      &ssh_string_free_char);
    ssh_clean_pubkey_hash(&hash);
    if (!text) return fail(errors::gen::internal);
    return std::string(text.get());
}

Result<std::unique_ptr<SshListener>> listen_ssh(Executor executor, Endpoint where, SecretText const& host_key,
                                                std::shared_ptr<SshService> service, SshLimits limits) {
    CS_TRY(auto key, parse_host_key(host_key));
    auto bind = make_bind(std::move(key));
    if (!bind) return fail(errors::gen::internal);
    CS_TRY(auto acceptor, Acceptor::open({executor}, std::move(where)));
    auto sessions = std::make_shared<Sessions>(std::move(executor), std::move(bind), std::move(service), limits);
    acceptor->start([sessions](Acceptor::Socket socket) { sessions->take(std::move(socket)); });
    return std::unique_ptr<SshListener>(std::make_unique<SessionsListener>(std::move(acceptor), std::move(sessions)));
}

}  // namespace countersign::net
