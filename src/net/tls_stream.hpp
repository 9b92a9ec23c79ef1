#pragma once

/// A TLS connection to a server that is no HTTP: syslog (RFC 5425), which is written to and otherwise left alone, and SIP. As everywhere:
/// no payload leaves before the peer passed its check, and there is no way to the same port without TLS.

#include "net/address.hpp"
#include "net/task.hpp"
#include "net/tls/tls.hpp"

#include <memory>
#include <optional>
#include <string>

namespace countersign::net {

class TlsStream {
public:
    virtual ~TlsStream() = default;
    /// All of it. NET-002, NET-003, NET-007. NET-003 also when the peer had closed before: nothing was sent then.
    /// What came before and was not read is thrown away.
    virtual Task<Result<void>> write(std::string data, Milliseconds deadline) = 0;
    /// At most `limit` bytes; an empty text is the end. NET-002, NET-003, NET-007: with TLS 1.3 the peer refuses our certificate here.
    virtual Task<Result<std::string>> read_some(std::size_t limit, Milliseconds deadline) = 0;
    virtual void close() = 0;
};

struct TlsTarget {
    Endpoint where;
    std::string name;  ///< that was called: SNI and the name to match
    std::string bind_address;
    tls::PeerPolicy policy;
    std::optional<tls::ClientIdentity> identity;
    std::string profile = "intermediate";
    UtcTime at{};                 ///< of the verification
    Milliseconds deadline{5000};  ///< of connecting and the handshake together
};

struct TlsOpened {
    Result<std::shared_ptr<TlsStream>> stream;  ///< NET-001, NET-002, NET-004, NET-007, NET-017, TRU-001, TRU-002
    std::optional<tls::HandshakeReport> handshake;
};
Task<TlsOpened> connect_tls(TlsTarget target);

}  // namespace countersign::net
