#pragma once

/// Challenges of a WWW-Authenticate header and answers to them (RFC 7235, RFC 7616, RFC 7617). Internal to this folder.

#include "net/http/auth.hpp"
#include "net/tls/digest.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net::http {

/// One scheme with its parameters: from a challenge, or from an Authorization header.
struct AuthValue {
    std::string scheme;                             ///< lower case
    std::string token;                              ///< what stands instead of parameters (basic)
    std::map<std::string, std::string> parameters;  ///< names in lower case
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] bool has(std::string const& name) const { return parameters.contains(name); }
};
/// A header may hold several challenges. What cannot be read is left out.
std::vector<AuthValue> parse_auth(std::string_view header);

/// The best thing a server asked for.
struct Challenge {
    AuthScheme scheme = AuthScheme::none;
    tls::Hash hash = tls::Hash::md5;
    std::string algorithm;  ///< as the server wrote it; may be empty
    bool session = false;   ///< "-sess"
    bool qop = false;       ///< qop=auth is offered; else the form of RFC 2069
    bool stale = false;
    std::string realm;
    std::string nonce;
    std::string opaque;
};
/// NET-012, NET-010 as answer_challenge() says.
Result<Challenge> choose_challenge(Response const& unauthorized, bool secure);
/// The Authorization header. `count` is the number of requests with this nonce, this one included.
std::string authorize(Challenge const& challenge, Request const& request, Credentials const& credentials, std::uint32_t count);

struct DigestInput {
    tls::Hash hash;
    bool session = false;
    std::string_view user, realm, password, method, uri, nonce, cnonce, count, qop;
};
/// The response value of RFC 7616 section 3.4.1; that of RFC 2069 when qop is empty.
SecretText digest_response(DigestInput const& input);

std::string quote(std::string_view text);

}  // namespace countersign::net::http
