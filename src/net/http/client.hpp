#pragma once

/// HTTP/1.1 client that keeps its connection to one origin. Told HTTPS it never speaks HTTP; told how to check the peer
/// it sends no payload before the peer passed. Redirects are not followed: the caller decides.

#include "net/http/auth.hpp"
#include "net/http/message.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"
#include "net/tls/tls.hpp"

#include <memory>
#include <optional>

namespace countersign::net::http {

class Client {
public:
    struct Settings {
        Url origin;                             ///< scheme, host, port; the target is not used
        std::optional<std::string> address;     ///< connect here instead of resolving the host
        std::shared_ptr<Resolver> resolver;     ///< null: the machine's
        std::optional<tls::PeerPolicy> policy;  ///< required for https
        std::optional<tls::ClientIdentity> identity;
        std::string profile = "intermediate";
        std::shared_ptr<Clock const> clock;      ///< for verification; null: the machine's
        std::optional<Credentials> credentials;  ///< sent only as an answer to a challenge
        std::string bind_address;
        std::string user_agent = "Countersign";
        Milliseconds connect{5000};    ///< resolve, connect and handshake
        Milliseconds exchange{20000};  ///< one request and its answer
        std::size_t body_limit = 4 * 1024 * 1024;
    };
    explicit Client(Settings settings);
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// One exchange; answers one 401 challenge when there are credentials. A kept connection that turns out to be
    /// closed is opened anew once, when no byte of an answer had come and the request may be repeated (a POST may not, unless
    /// the end was seen before it was sent). Errors: NET-001..012, TRU-001, TRU-002.
    Task<Result<Response>> send(Request request);
    Task<Result<Response>> get(std::string target);
    Task<Result<Response>> post(std::string target, std::string content_type, std::string body);

    /// Of the newest handshake, also of one that was refused.
    [[nodiscard]] std::optional<tls::HandshakeReport> const& handshake() const;
    /// Replaces what is used for log-in from now on.
    void set_credentials(std::optional<Credentials> credentials);
    void close();
    /// The first request goes over a connection whose peer the caller has judged already, by what the handshake reported and no less
    /// strictly than the settings say. It is from the loop that the client is used on. Further connections, and one in place of
    /// this if it has ended meanwhile, are checked by the settings.
    void adopt(KeptConnection connection);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace countersign::net::http
