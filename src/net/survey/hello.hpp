#pragma once

/// The first messages of TLS, made and read by hand: a client's hello of any version and with any cipher suite, also of those
/// that OpenSSL refuses to speak, and what a server answers to it (RFC 8446 section 4, RFC 5246 section 7.4, RFC 6101 for SSL 3).
/// No keys are agreed and nothing is encrypted: up to TLS 1.2 a server shows its certificate in clear, in TLS 1.3 only its choice.
///
/// A codec without sockets. Bytes from outside are untrusted: k_flight_limit bounds what is kept.

#include "net/survey/ciphers.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net::survey {

struct Hello {
    Version version = Version::tls1_3;   ///< the newest one that is offered
    bool older_too = false;              ///< with TLS 1.3: every version down to TLS 1.0 may be chosen
    std::vector<std::uint16_t> ciphers;  ///< at most 300
    std::vector<std::uint16_t> groups;   ///< at most 100
    std::string server_name;             ///< SNI; empty: none is sent
    bool offer_compression = false;      ///< DEFLATE (RFC 3749); TLS 1.2 and older
    bool key_share = false;              ///< TLS 1.3: an x25519 key; without it a server names the group that it wants
};
/// A record with the hello. `random` is 64 bytes: client random and session id, and the key share reuses them; nothing secret hangs on it.
std::string encode(Hello const& hello, std::string_view random);
/// user_canceled and close_notify, so that the server's log says why the connection ended (RFC 8446 section 6.1).
std::string encode_goodbye(Version version);

/// What a server said up to ServerHelloDone, up to ServerHello in TLS 1.3.
struct Flight {
    bool chosen = false;  ///< there was a ServerHello; what follows is valid
    std::uint16_t version = 0;
    std::uint16_t cipher = 0;
    bool compression = false;
    bool secure_renegotiation = false;      ///< RFC 5746; always true in TLS 1.3
    bool extended_master_secret = false;    ///< RFC 7627; always true in TLS 1.3
    std::uint16_t group = 0;                ///< 0: none was named
    int dh_bits = 0;                        ///< of the prime in a DHE key exchange
    std::vector<std::string> certificates;  ///< DER, in the order in which they were sent
    bool asks_for_certificate = false;
    std::optional<int> alert;  ///< description of the alert that ended it
};

/// Largest flight that is read, in bytes.
inline constexpr std::size_t k_flight_limit = 512 * 1024;

class FlightReader {
public:
    enum class State {
        more,      ///< read on
        done,      ///< the flight, or an alert, is complete
        not_tls,   ///< the first bytes are none of a TLS record
        malformed  ///< begins as TLS and breaks its rules, or is longer than the limit
    };
    State feed(std::string_view bytes);
    [[nodiscard]] Flight const& flight() const { return flight_; }
    [[nodiscard]] State state() const { return state_; }
    /// The first bytes as they came, at most 256.
    [[nodiscard]] std::string const& first_bytes() const { return first_; }

private:
    State read_records();
    State read_messages();
    State read_message(int type, std::string_view body);

    State state_ = State::more;
    Flight flight_;
    std::string first_;
    std::size_t total_ = 0;
    std::string records_;   ///< not yet taken apart
    std::string messages_;  ///< of handshake records, not yet whole
};

}  // namespace countersign::net::survey
