#pragma once

/// What the contexts and the sessions of TLS share. Internal to this folder.

#include "net/tls/tls.hpp"

struct ssl_st;

namespace countersign::net::tls {

/// How a server checks the certificates of its callers.
struct ClientRule {
    pki::Anchors anchors;
    RevocationCheck revocation;
    bool refuses = true;  ///< those that do not verify
};
/// Null when the server asks for none.
ClientRule const* client_rule(ssl_st* ssl);

/// The ex_data slot of an SSL that holds its Session.
int session_index();

}  // namespace countersign::net::tls
