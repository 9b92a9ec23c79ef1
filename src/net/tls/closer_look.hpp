#pragma once

/// What a survey asks of a full handshake beyond what every connection asks: ALPN, a stapled OCSP response, a choice between the
/// certificates a server has, and whether it wants one from its client.

#include "base/text.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct ssl_st;

namespace countersign::net::tls {

struct CloserLook {
    std::vector<std::string> alpn;     ///< in the order of preference; empty: the extension is not sent
    std::string signature_algorithms;  ///< "RSA-PSS+SHA256:..."; empty: all
};

/// What the server said to it. Filled while the handshake runs, so that it tells of failed ones too.
struct CloserAnswer {
    std::string alpn;
    Bytes stapled;  ///< OCSP response, DER; empty: none
    bool asks_for_certificate = false;
    std::vector<std::string> accepted_authorities;  ///< subjects it named, at most 100
    std::string signature;                          ///< "RSA-PSS with SHA256": how the server proved that it has the key
    bool secure_renegotiation = false;
};

/// For PeerCheck::prepare. `answer` is kept by what it returns.
std::function<void(ssl_st*)> look_closer(CloserLook look, std::shared_ptr<CloserAnswer> answer);
/// After the handshake: reads what OpenSSL knows then.
void finish_look(ssl_st const* ssl, CloserAnswer& answer);

}  // namespace countersign::net::tls
