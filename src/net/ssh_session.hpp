#pragma once

/// One connection of SSH on a thread of its own. Internal to this room; the only files beside ssh.cpp that know the library.

#include "net/ssh.hpp"

#include <condition_variable>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace countersign::net {

/// What others tell the thread of a session, from whatever thread they are on.
class SshControl {
public:
    explicit SshControl(int socket);
    ~SshControl();
    SshControl(SshControl const&) = delete;
    SshControl& operator=(SshControl const&) = delete;

    /// Ends the session: whatever its thread waits for is over.
    void stop();
    /// Asks the session to end by itself when nobody waits for an answer any more.
    void finish();
    /// The thread has nothing left to do but return.
    void note_end();
    [[nodiscard]] bool ended() const;

    // --- for the session ---
    [[nodiscard]] bool stopped() const;
    [[nodiscard]] bool finishing() const;
    [[nodiscard]] int socket() const { return socket_; }
    /// The socket is about to be closed: from here on it may be somebody else's number.
    void forget_socket();
    /// Text for the peer. A peer that leaves more than a megabyte unread is cut off.
    void push(std::string text);
    [[nodiscard]] std::string take_pushed();
    /// Readable when there is something to look at: pushed text, or the end.
    [[nodiscard]] int signal() const { return signal_; }
    void clear_signal() const;
    /// Stores what an answer came to, and wakes the thread.
    template <class T>
    void answer(std::optional<T>& place, T value) {
        std::lock_guard const lock(mutex_);
        place = std::move(value);
        changed_.notify_all();
    }
    /// False when the session was stopped or `limit` passed before.
    template <class T>
    bool await(std::optional<T> const& place, Milliseconds limit) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, limit, [this, &place] { return place.has_value() || stopped_; });
        return place.has_value() && !stopped_;
    }

private:
    void raise() const;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    int socket_;
    int signal_;
    bool stopped_ = false;
    bool finishing_ = false;
    bool ended_ = false;
    std::string pushed_;
};

class SshSession {
public:
    struct Settings {
        Executor executor;
        std::shared_ptr<SshService> service;
        SshLimits limits;
        std::string peer;  ///< address
    };
    /// Takes the connection over; null when the library cannot. Does not block.
    static std::unique_ptr<SshSession> accept(ssh_bind bind, std::shared_ptr<SshControl> control, Settings settings);
    virtual ~SshSession() = default;
    /// From the handshake to the end. Blocks: call it on a thread of its own.
    virtual void run() = 0;
};

}  // namespace countersign::net
