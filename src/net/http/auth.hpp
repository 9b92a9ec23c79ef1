#pragma once

/// HTTP authentication on both sides: basic (RFC 7617), digest with SHA-256 and MD5, qop auth (RFC 7616). Pure functions;
/// the server's nonces are stateless (time and a keyed hash) with a life of 5 minutes and a check that each nonce count
/// is used once.

#include "net/http/message.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace countersign::net::http {

struct Credentials {
    std::string user;
    SecretText password;
    [[nodiscard]] Credentials duplicate() const { return {user, password.duplicate()}; }
};

/// What a server asks for and accepts.
class Authenticator {
public:
    struct Settings {
        std::string realm;
        bool digest = true;
        bool basic_over_tls = true;  ///< basic is never offered or taken without TLS
        bool any_user = false;       ///< the user name is not looked at (C-series, MXP; REQ DPT-3)
    };
    /// `password_of(user)`: the password, or nothing for an unknown user. With `any_user` it is asked with an empty name.
    using PasswordOf = std::function<std::optional<SecretText>(std::string const& user)>;
    Authenticator(Settings settings, PasswordOf password_of);
    ~Authenticator();

    /// The user's name, or the 401 answer with fresh challenges.
    [[nodiscard]] std::variant<std::string, Response> check(Request const& request);

private:
    struct State;
    std::unique_ptr<State> state_;
};

enum class AuthScheme { none, basic, digest };

/// The Authorization header for the best challenge of a 401 answer: digest SHA-256, digest MD5, then basic when `secure`.
/// NET-012 when only basic is asked for and the connection is not secure; NET-010 when nothing usable is asked for.
Result<std::string> answer_challenge(Response const& unauthorized, Request const& request, Credentials const& credentials, bool secure);

}  // namespace countersign::net::http
