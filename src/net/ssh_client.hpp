#pragma once

/// SSH as a client (RFC 4251..4254): the host key first, then log-in, then commands and files, one after the other over one connection.
///
/// Nothing but the key exchange happens with a peer whose host key is not among those that are accepted: no user name, no password, no
/// signature. The library behind it blocks; each conversation has a thread of the caller's pool for as long as it takes, and its
/// connection is cut when its time is over, whatever the peer does.

#include "base/secret.hpp"
#include "net/stream.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::net {

struct SshPeer {
    Endpoint where;
    std::string bind_address = {};
    /// "SHA256:..." as ssh-keygen -l prints it. Where the peer has several keys, one of these is asked for.
    std::vector<std::string> host_keys = {};
    Milliseconds connect{10'000};  ///< connection, key exchange and log-in, each
};

/// What is tried, in this order. Keys and passwords are sent to nobody before the host key was accepted.
struct SshLogin {
    std::string user;
    std::shared_ptr<SecretText const> key = nullptr;  ///< OpenSSH private key (PEM), Ed25519
    std::optional<SecretText> password = {};          ///< by the method password, else keyboard-interactive with one question
};

/// A command, or a file when `file` is set.
struct SshTask {
    std::string command = {};
    SecretText input{std::string()};  ///< for the command; what is in the file
    std::string file = {};            ///< written beside it and renamed over it
    unsigned mode = 0600;
    Milliseconds limit{30'000};
};

struct SshAnswer {
    std::string output;  ///< standard output, then what came on standard error; at most k_ssh_output bytes each
    int exit_status = 0;
};
inline constexpr std::size_t k_ssh_output = 256UL * 1024;

/// Which way in was taken.
enum class SshOpenedBy { key, password };

class SshCaller {
public:
    /// At most so many conversations at once; more wait for their turn.
    explicit SshCaller(unsigned conversations = 16);
    ~SshCaller();
    SshCaller(SshCaller const&) = delete;
    SshCaller& operator=(SshCaller const&) = delete;

    /// The host key that the peer shows: one of `host_keys` if it has one, else whatever it prefers. NET-001..005, NET-012.
    Task<Result<std::string>> look_at(SshPeer peer);

    struct Talk {
        std::vector<SshAnswer> answers;
        SshOpenedBy opened_by = SshOpenedBy::password;
    };
    /// Carries the tasks out in order, and stops behind one whose answer `goes_on` does not like: it is the last answer then. `goes_on` is
    /// called on another thread. MGR-100 when the host key is none of `host_keys`, NET-010 when the peer lets us in in no way,
    /// MGR-104 for a file that cannot be written, MGR-105 for an answer that is too long, and the errors of look_at.
    Task<Result<Talk>> talk(SshPeer peer, SshLogin login, std::vector<SshTask> tasks,
                            std::function<bool(std::size_t, SshAnswer const&)> goes_on);

private:
    struct Line;
    asio::thread_pool pool_;
};

/// "ssh-ed25519 AAAA... comment": what a system must know to let the owner of this private key in. GEN-001.
Result<std::string> ssh_public_key(SecretText const& private_key, std::string_view comment);
/// "SHA256:..." with 43 characters of Base64 behind it.
bool is_ssh_fingerprint(std::string_view text);

}  // namespace countersign::net
