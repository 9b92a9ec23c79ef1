#pragma once

/// SSH for a service that talks in lines (RFC 4251..4254): host key, log-in by password or keyboard-interactive, then a shell with
/// or without a terminal, or one command (exec). A service may also have programs that talk in bytes: a subsystem ("sftp"), or what a
/// command line begins ("scp"). Forwarding and public keys are refused.
///
/// The library behind it blocks, so each connection has a thread of its own; there are at most SshLimits::sessions per listener and
/// 64 in the process. What decides anything (SshService, SshShell, SshProgram) is called on the listener's executor and nowhere else.

#include "base/secret.hpp"
#include "net/stream.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net {

/// What a logged-in peer talks with. Destroyed on the executor.
class SshShell {
public:
    struct Reply {
        std::string text;      ///< LF line ends; a terminal gets CR LF
        bool ended = false;    ///< the last word: the connection is closed behind it
        bool echo = true;      ///< whether a terminal is shown what it types from here on
        bool refused = false;  ///< the line was answered with an error: without a terminal the exit status is 1 then
    };
    virtual ~SshShell() = default;
    /// What a shell is greeted with. A command of exec is not.
    [[nodiscard]] virtual std::string welcome() const = 0;
    /// One line. The next is given when this one is done.
    virtual Task<Reply> handle(std::string line) = 0;
    /// Words that may stand where the line ends, for the tab key of a terminal.
    [[nodiscard]] virtual std::vector<std::string> complete(std::string_view) const { return {}; }
    /// Text that nobody asked for at that moment. `push` may be called on the executor as long as the shell lives.
    virtual void on_push(std::function<void(std::string)> push) = 0;
};

/// What a logged-in peer talks with in bytes instead of lines. Destroyed on the executor; what the peer began and did not end is over then.
class SshProgram {
public:
    struct Reply {
        std::string bytes;    ///< as they go to the peer
        bool more = false;    ///< of what it was given something is left: it wants to be called again, with nothing, when `bytes` are gone
        bool ended = false;   ///< the last word
        int exit_status = 0;  ///< with `ended`
    };
    virtual ~SshProgram() = default;
    /// Called once with nothing at the beginning, then with what came. Must not take long.
    virtual Reply handle(std::string_view bytes) = 0;
    /// The peer will send nothing more.
    virtual Reply finish() = 0;
};

/// What a peer asks for beside a shell: a subsystem by name, or a command line.
struct SshRequest {
    std::string user;
    std::string peer;  ///< address, without port
    std::string subsystem;
    std::string command;
};

class SshService {
public:
    enum class Login { granted, refused, locked_out };
    virtual ~SshService() = default;
    /// `peer` is the address, without port. After `locked_out` the connection is closed.
    virtual Login authenticate(std::string const& user, SecretText const& password, std::string const& peer) = 0;
    /// Null when there is nothing to talk to any more.
    virtual std::shared_ptr<SshShell> open(std::string const& user, std::string const& peer) = 0;
    /// Null when there is no such program: a subsystem is refused then, and a command line goes to a shell.
    virtual std::shared_ptr<SshProgram> start(SshRequest const&) { return nullptr; }
};

struct SshLimits {
    std::size_t sessions = 8;                 ///< further connections are closed at once
    Milliseconds handshake{15'000};           ///< until keys are exchanged
    Milliseconds login{60'000};               ///< from the connection to a shell or command
    Milliseconds idle{10 * 60'000};           ///< without input
    Milliseconds answer{120'000};             ///< for one line
    Milliseconds unread{30'000};              ///< a peer that does not read what is sent
    int attempts = 3;                         ///< passwords
    std::size_t line = 4096;                  ///< bytes
    std::size_t unhandled = 4 * 1024 * 1024;  ///< bytes for a program that does not read its own answers
    std::size_t block = 0;                    ///< bytes of a block that a program announces by a line "{N}" (SshLines); 0: there are none
};

/// A new Ed25519 host key as OpenSSH private key (PEM). GEN-004.
Result<SecretText> make_ssh_host_key();
/// "SHA256:..." of the key's public half, as ssh-keygen -l prints it. GEN-001 when it is no Ed25519 key.
Result<std::string> ssh_fingerprint(SecretText const& host_key);

class SshListener : public Listener {
public:
    /// Refuses new connections at once. Sessions end once the line in hand is answered and the answer is out; after `grace` whatever is
    /// left is cut off. Keep the object until the task is done.
    virtual Task<> finish(Milliseconds grace) = 0;
};

/// NET-014 when the port cannot be opened, GEN-001 for a host key that is none. Closing ends all sessions and waits for their threads:
/// that takes moments, and is safe on the executor.
Result<std::unique_ptr<SshListener>> listen_ssh(Executor executor, Endpoint where, SecretText const& host_key,
                                                std::shared_ptr<SshService> service, SshLimits limits = {});

}  // namespace countersign::net
