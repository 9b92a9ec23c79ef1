#pragma once

/// Which broken versions of TLS a server still takes (RFC 8996), by the first messages of one short conversation for each: a hello that
/// offers nothing newer, and the server's answer to it. No keys are agreed, so that nothing can be said over it, secret or not.

#include "net/address.hpp"
#include "net/survey/ciphers.hpp"
#include "net/task.hpp"

#include <optional>
#include <string>
#include <vector>

namespace countersign::net::survey {

struct OldVersionsRequest {
    Endpoint where;
    std::string server_name;      ///< SNI; empty or an address: none is sent
    Milliseconds deadline{5000};  ///< for each conversation
    std::string bind_address;
};

/// Those that it takes, the oldest first: SSL 3 (only where it answers TLS 1.1 with it), TLS 1.0, TLS 1.1. Empty: it refuses them, or
/// says nothing to them. Nothing: it could not be reached.
Task<std::optional<std::vector<Version>>> find_old_versions(OldVersionsRequest request);

}  // namespace countersign::net::survey
